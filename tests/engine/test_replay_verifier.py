from core.codec import KIND_OF, encode_payload
from core.effects import StrategyChanged, StrategyState
from core.records import Event, Kind
from engine.replay import Verifier
from strategies import EmaCross
from tests.engine.scenario import SECOND, Stage

History = list[tuple[Event, list[tuple[int, bytes]]]]


def recorded() -> tuple[Stage, History]:
    """Play a session and return every input with the effects that it had."""
    stage = Stage(EmaCross)
    history: History = []
    step = stage.step

    def keep(event):
        effects = step(event)
        history.append((event, [(int(KIND_OF[type(effect)]), encode_payload(effect)) for effect in effects]))
        return effects

    stage.step = keep  # type: ignore[method-assign]
    stage.open()
    for number in range(300):
        stage.quote(99_90 + number * 7 % 23, 100_10 + number * 5 % 19, after_ns=SECOND // 10)
    return stage, history


def verify(history, *, sealed: bool = True) -> Verifier:
    verifier, seq = Verifier(Stage(EmaCross).engine), 0
    for event, effects in history:
        verifier.expect_none(seq)
        verifier.expect(verifier.engine.step(event))
        seq += 1
        for kind, payload in effects:
            verifier.effect(seq, kind, payload)
            seq += 1
    verifier.finish(seq, sealed=sealed)
    return verifier


def first_with_effects(history) -> int:
    """The place of the first order that was sent."""
    return next(n for n, (_, effects) in enumerate(history) if effects and effects[0][0] == Kind.SUBMIT)


def test_a_history_replays_to_itself():
    stage, history = recorded()
    verifier = verify(history)
    assert verifier.ok
    verifier.digest(0, stage.engine.digest())
    assert verifier.ok


def test_a_changed_effect_is_named_with_both_versions():
    _, history = recorded()
    place = first_with_effects(history)
    kind, payload = history[place][1][0]
    history[place][1][0] = (kind, payload.replace(b"EmaCross", b"EmaCrosS", 1))
    difference = verify(history).first_difference
    assert difference is not None
    assert "EmaCrosS" in difference.recorded
    assert "EmaCross" in difference.recomputed


def test_a_missing_effect_is_named():
    _, history = recorded()
    history[first_with_effects(history)][1].pop()
    difference = verify(history).first_difference
    assert difference is not None
    assert (difference.recorded, difference.recomputed[:5]) == ("nothing", "ORDER")


def test_an_effect_that_nothing_caused_is_named():
    _, history = recorded()
    place = first_with_effects(history)
    history[place][1].append(history[place][1][-1])
    difference = verify(history).first_difference
    assert difference is not None
    assert difference.recomputed == "nothing"


def test_a_digest_that_differs_is_named():
    _, history = recorded()
    verifier = verify(history)
    verifier.digest(77, bytes(32))
    assert verifier.first_difference is not None
    assert (verifier.first_difference.seq, verifier.first_difference.what) == (77, "digest")


def test_effects_of_the_last_input_may_be_missing_only_where_the_process_was_killed():
    _, history = recorded()
    cut = history[: first_with_effects(history) + 1]
    cut[-1][1].clear()
    assert verify(cut, sealed=False).ok
    assert not verify(cut, sealed=True).ok


def test_the_interpreters_wording_of_a_traceback_is_not_compared():
    verifier = Verifier(Stage().engine)
    change = StrategyChanged(strategy_id="s", state=StrategyState.PAUSED, reason="r", traceback="3.11 words")
    verifier.expect([change])
    other = StrategyChanged(strategy_id="s", state=StrategyState.PAUSED, reason="r", traceback="3.13 words")
    verifier.effect(0, Kind.STRATEGY, encode_payload(other))
    assert verifier.ok
