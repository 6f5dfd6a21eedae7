"""What breakers know follows from the journal, survives a restart, and is lowered by nobody but a person."""

import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st

from core.codec import decode_payload
from core.controls import BreakerChanged
from core.events import (
    FeedState,
    LifecycleState,
    LoopLagged,
    ReportType,
    StateCarried,
)
from core.orders import Side
from core.records import Kind
from engine import build_engine
from oms.fold import Fold
from oms.latches import Level
from oms.state import state_hash
from risk.breaker_settings import (
    CountRow,
    DrawdownRow,
    LossRow,
    RejectRow,
    RepeatRow,
    StreakRow,
)
from risk.limits import RiskLimits
from tests.engine.breaker_floor import Floor, Idle, board, limits, mid, stage
from tests.engine.scenario import SECOND, Stage, only
from tests.engine.test_fold import Journal, Restless, carry_out, steps

# -- what survives ---------------------------------------------------------------------------------------------------

EVERYTHING = {
    "loss": (LossRow(scope="strategy:*", warn_at=1, reduce_at=40),),
    "day_loss": (LossRow(warn_at="0.5", flatten_at=30),),
    "drawdown": (DrawdownRow(warn_at=1, halt_at=20),),
    "loss_streak": (StreakRow(scope="symbol:*", warn_at=1, reduce_at=3),),
    "reject_rate": (RejectRow(halt_at="0.9", least=3),),
    "repeats": (RepeatRow(scope="strategy:*", warn_at=2),),
    "second_count": (CountRow(halt_at=100_000),),
}


@settings(max_examples=50)
@given(st.lists(steps, max_size=40), st.integers(1, 1000))
def test_folding_a_journal_gives_the_breakers_that_the_engine_had(script, seed):
    made = Stage(Restless, seed=seed, limits=limits(**EVERYTHING))
    made.open()
    journal = Journal(made)
    journal.keep_inputs()
    for what in script:
        carry_out(journal, what)
    scratch = build_engine(made.settings)
    fold = Fold(scratch.manager, scratch.parts())
    first = made.engine.breakers_kept
    for told in journal_of_opening(made):
        fold.record(Kind.BREAKER, 0xFFFF, 0, told)
    for kind, index, now_ns, payload in journal.records:
        fold.record(kind, index, now_ns, decode_payload(kind, payload))
    assert scratch.breakers_kept.told == first.told
    assert not first.told["second_count", "all"].step  # the books agree with the executions, whatever was told
    assert fold.durable_state() == made.engine.durable_state()


def journal_of_opening(made):
    """What the breakers told at READY, before the journal of the test began."""
    again = Stage(Restless, seed=made.settings.seed, limits=made.settings.limits)
    return only(again.open(), BreakerChanged)


moves = st.one_of(
    st.tuples(st.just("price"), st.integers(80_00, 120_00)),
    st.tuples(st.just("trade"), st.sampled_from(Side)),
    st.just(("wait", 3)),
    st.just(("arm", 0)),
)


@settings(max_examples=60)
@given(st.lists(moves, max_size=30))
def test_nothing_lowers_a_step_that_was_reached_but_a_person(script):
    floor = stage(
        day_loss=(LossRow(warn_at=1, reduce_at=3, halt_at=6, flatten_at=9),),
        drawdown=(DrawdownRow(reduce_at=2, halt_at=5),),
        loss_streak=(StreakRow(warn_at=1, halt_at=2),),
    )
    reached: dict[str, int] = {}
    for what, how in script:
        if what == "arm":
            if not floor.engine.manager.open_orders():
                reached = {} if floor.latch() else reached
            else:
                reached = {} if floor.latch() and floor.latch() < Level.KILL else reached
            floor.arm()
        elif what == "price":
            floor.tick(*mid(how))
        elif what == "wait":
            floor.tick(seconds=how)
        elif not floor.latch():
            floor.trade(Side(how), floor.touch[1])
        for breaker in board(floor).breakers.values():
            assert breaker.step >= reached.get(breaker.kind, 0)
            if breaker.step > 1:
                reached[breaker.kind] = int(breaker.step)
                assert floor.latch() >= min(breaker.step - 1, 3)


def carried(floor: Floor, after: Stage) -> None:
    state = floor.engine.durable_state()
    after.payload(Kind.INSTRUMENT, floor.fed[0][5], 0)
    after.payload(Kind.CARRIED, StateCarried(session="s", seq=1, state=state, digest=state_hash(state)))
    after.now_ns = floor.now_ns + SECOND
    after.feed(FeedState.CONNECTED)
    after.quote(*floor.touch)


def ready(after: Stage):
    return after.lifecycle(LifecycleState.READY)


def test_a_restart_goes_on_with_the_day_the_peak_and_the_streak_and_a_session_begins_anew():
    rows = {
        "day_loss": (LossRow(halt_at=5),),
        "session_loss": (LossRow(halt_at=5),),
        "loss_streak": (StreakRow(halt_at=3),),
        "drawdown": (DrawdownRow(halt_at=5),),
    }
    floor = stage(**rows)
    floor.trade(Side.BUY, 100_00)
    floor.trade(Side.SELL, 98_00)
    floor.trade(Side.BUY, 98_00)
    floor.tick(*mid(96_00))
    assert floor.latch() == 0
    after = Floor(**rows)
    after.settings = of_epoch(after, 2)
    after.engine = build_engine(after.settings)
    carried(floor, after)
    ready(after)
    figures = {kind: each.figure_text for (kind, _), each in board(after).breakers.items()}
    assert figures == {
        "day_loss": "4",
        "session_loss": "0",
        "loss_streak": "1",
        "drawdown": "4",
    }
    after.tick(*mid(95_00))
    assert after.latch() == Level.HALT
    told = after.engine.breakers_kept.told
    assert sorted(kind for (kind, _), each in told.items() if each.step) == ["day_loss", "drawdown"]


def of_epoch(made: Stage, epoch: int):
    return dataclasses.replace(made.settings, epoch=epoch)


def test_a_latch_of_a_breaker_survives_and_a_session_without_breakers_still_carries_it():
    floor = stage(day_loss=(LossRow(halt_at=5),))
    floor.trade(Side.BUY, 100_00)
    floor.tick(*mid(95_00))
    without = Stage(Idle)
    carried(floor, without)
    ready(without)
    assert without.engine.gate.freezes.latches.held["all"].source == "breaker:day_loss"
    assert without.engine.breakers_kept.told == floor.engine.breakers_kept.told
    other = Floor(drawdown=(DrawdownRow(halt_at=5),))
    carried(floor, other)
    assert not other.engine.breakers_kept.told  # the settings have no such breaker any more; the latch stays
    assert other.latch() == Level.HALT


def test_a_latch_that_was_taken_off_in_a_session_without_breakers_has_armed_them():
    floor = stage(day_loss=(LossRow(halt_at=5),))
    floor.trade(Side.BUY, 100_00)
    floor.tick(*mid(95_00))
    without = Floor()
    without.settings = dataclasses.replace(without.settings, limits=RiskLimits())
    without.engine = build_engine(without.settings)
    carried(floor, without)
    ready(without)
    without.arm()
    again = Floor(day_loss=(LossRow(halt_at=5),))
    carried(without, again)
    ready(again)
    assert again.latch() == 0
    again.tick(*mid(90_01))
    assert again.latch() == 0
    again.tick(*mid(90_00))
    assert again.latch() == Level.HALT


def test_without_breakers_nothing_is_told_and_no_digest_knows_of_them():
    plain = Stage(Idle)
    plain.open()
    plain.payload(Kind.LAG, LoopLagged(lag_ns=10**9))
    assert plain.engine.breaking is None
    assert not [entry for entry in plain.engine.timers.state() if entry[2] == "breakers:"]
    with_none = Floor(day_loss=(LossRow(warn_at=1),))
    with_none.open()
    assert with_none.engine.digest() != plain.engine.digest()


def test_the_same_inputs_give_the_same_breakers_again():
    made = Stage(Restless, limits=limits(**EVERYTHING))
    made.open()
    journal = Journal(made)
    for price in (100_00, 99_00, 95_00, 90_00):
        made.quote(*mid(price))
        for number in range(1, 4):
            carry_out(journal, ("report", ReportType.FILLED, number, price, 0.4))
        carry_out(journal, ("time", 1.0))
    assert made.engine.breakers_kept.told
    again = build_engine(made.settings)
    for event in made.fed:
        again.step(event)
    assert again.digest() == made.engine.digest()
    assert again.durable_state() == made.engine.durable_state()
