"""A parent order outlives the process: it goes on from what the journal says, and never exceeds what was asked."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.effects import Alert, StrategyChanged
from core.events import FeedChanged, FeedState, LifecycleState
from core.records import Kind
from engine import build_engine
from engine.workers import ENDED_MAX, forget_ended
from oms.errors import BadState
from oms.manager import OrderManager
from oms.memories import Memories
from strategies import Strategy, StrategyError
from strategies.algos import Chase, Iceberg, Pov, Twap, Vwap
from tests.engine.scenario import Stage, only
from tests.strategies.algos.lasting_place import LastingPlace
from tests.strategies.algos.market_place import LOT, SECOND
from tests.strategies.algos.test_algos_any_order import PARENTS, STEPS, one_step


def finish(place: LastingPlace) -> None:
    """Tell all, let time pass."""
    for _ in range(4):
        place.obey()
        place.tell()
        for name in list(place.leaves):
            place.execute(name, place.leaves[name])
        place.run(30, fill=True)
    place.obey()
    place.tell()


def check(place: LastingPlace) -> None:
    assert place.executed + sum(place.leaves.values()) <= 10 * LOT


@pytest.mark.parametrize(("algorithm", "params"), PARENTS, ids=[each.algorithm for each, _ in PARENTS])  # type: ignore[attr-defined]
@settings(max_examples=8, deadline=None)
@given(
    st.lists(
        st.tuples(STEPS, st.integers(0, 8), st.integers(0, 15), st.integers(0, 3), st.booleans(), st.integers(0, 9)),
        min_size=1,
        max_size=3,
    )
)
def test_wherever_it_dies_it_goes_on_and_never_comes_to_more_than_its_parent(algorithm, params, lives):
    place = LastingPlace(algorithm, quantity="0.10", **params)
    place.quote(99_99, 100_01)
    for steps, torn, arrived, unheard, tells_first, dead_s in lives:
        for step in steps:
            one_step(place, *step)
            check(place)
        if not torn:
            assert place.folded() == place.engine.durable_state()
        place = place.died(torn=torn, arrived=arrived)
        place.now_ns += dead_s * SECOND
        place.execute_unheard(unheard * LOT)
        if tells_first:
            place.tell()
        place.ready()
        check(place)
        place.quote(99_99, 100_01)
    finish(place)
    check(place)
    assert place.algo.filled == place.executed
    assert place.algo.working == sum(place.leaves.values())
    if algorithm in {Twap, Chase, Iceberg}:
        assert place.algo.has_ended
        assert place.states()[-1] in {"filled", "expired"}
        assert not place.leaves
    assert replayed(place) == place.engine.digest()


def replayed(place: LastingPlace) -> bytes:
    """The digest after the session's own inputs in another engine."""
    engine = build_engine(place.settings)
    for event in place.fed:
        engine.step(event)
    return engine.digest()


def test_a_twap_catches_up_with_the_time_that_passed_while_it_was_dead():
    place = LastingPlace(Twap, quantity="0.10", duration_s=100, intervals=10, style="take")
    place.quote(99_99, 100_01)
    place.obey(fill=True)
    assert place.executed == LOT
    place = place.died()
    place.now_ns += 45 * SECOND
    place.ready()
    place.quote(99_99, 100_01)
    assert [intent.quantity for _, intent in place.submitted] == [4 * LOT]
    place.obey(fill=True)
    place.run(60, fill=True)
    assert place.executed == 10 * LOT
    assert [each.state for each in place.progress][-1] == "filled"
    assert place.progress[0].reason == "goes on after a restart"


def test_a_parent_whose_time_is_over_ends_with_what_it_has_and_cancels_what_it_left():
    place = LastingPlace(Twap, quantity="0.10", duration_s=10, intervals=2)
    place.quote(99_99, 100_01)
    place.obey()
    place.execute(next(iter(place.leaves)), LOT)
    place = place.died()
    place.now_ns += 60 * SECOND
    place.ready()
    place.obey()
    assert (place.algo.filled, place.leaves, place.states()[-1]) == (LOT, {}, "expired")


def test_a_parent_of_the_settings_that_has_ended_does_not_begin_again_unless_the_request_changed():
    place = LastingPlace(Twap, quantity="0.10", duration_s=10, intervals=1, style="take")
    place.quote(99_99, 100_01)
    place.obey(fill=True)
    assert place.states() == ["started", "working", "filled"]
    again = place.died()
    again.ready()
    again.run(5, fill=True)
    assert again.states() == ["filled"]
    other = again.died(quantity="0.20")
    other.ready()
    other.run(5, fill=True)
    assert other.executed == 30 * LOT


def test_a_sale_by_volume_counts_no_volume_that_nobody_saw():
    place = LastingPlace(Pov, quantity="0.10", rate=0.5, clip="0.01", style="take")
    place.quote(99_99, 100_01)
    place.trade(100_00, 4 * LOT)
    place.obey(fill=True)
    place = place.died()
    place.ready()
    place.quote(99_99, 100_01)
    assert place.inbox == type(place.inbox)()
    place.trade(100_00, 2 * LOT)
    assert [intent.quantity for _, intent in place.submitted] == [LOT]


class Asking(Strategy):
    """Asks for one parent by name whenever it starts."""

    def on_start(self):
        self.known = dict(self.parents)
        self.name = self.work(
            Twap, self.markets[0], name="entry", quantity="0.10", duration_s=100, intervals=10, style="take"
        )


def test_a_parent_with_a_name_goes_on_by_itself_and_is_asked_for_once():
    place = LastingPlace(Asking)
    place.quote(99_99, 100_01)
    place.obey(fill=True)
    assert place.algo.known == {}
    place = place.died()
    place.ready()
    known = place.algo.known["entry"]
    assert (place.algo.name, known.algorithm, known.filled, known.has_ended) == ("s#entry", "twap", LOT, False)
    assert len(place.engine.desk.actors) == 2
    place.run(120, fill=True)
    assert place.executed == 10 * LOT
    ended = place.died()
    ended.ready()
    ended.run(120, fill=True)
    assert ended.algo.known["entry"].state == "filled"
    assert (ended.executed, len(ended.engine.desk.actors)) == (10 * LOT, 1)


class Diary(Strategy):
    """Remembers how often it was started."""

    def on_start(self):
        self.found = self.remembered
        self.remember(self.found + b"|")
        self.remember(self.found + b"+")


def test_a_strategy_finds_what_it_remembered_last():
    place = LastingPlace(Diary)
    assert [kind for kind, *_ in place.records].count(Kind.REMEMBERED) == 1
    assert place.engine.desk.memories.by_name == {"s": b"+"}
    again = place.died()
    assert again.engine.desk.memories.by_name == {"s": b"+"}
    again.ready()
    assert again.algo.found == b"+"
    assert again.algo.remembered == b"++"


class Verbose(Strategy):
    """Remembers too much."""

    def on_start(self):
        self.remember(bytes(70_000))


def test_too_much_to_remember_pauses_the_strategy_and_says_what_to_do():
    stage = Stage(Verbose)
    changed = only(stage.open(), StrategyChanged)[-1]
    assert "keep what cannot be worked" in changed.traceback
    assert not stage.lifecycle(LifecycleState.READY)


def test_memories_of_another_version_are_refused():
    with pytest.raises(BadState, match="use the one that wrote them"):
        Memories().restore(9, b"", {})


class Mine(Twap):
    """An algorithm of one's own."""

    algorithm = "mine"


class Unnamed(Strategy):
    """Asks for it without saying where it is found again."""

    def on_start(self):
        if not self.parents:
            self.work(Mine, self.markets[0], name="own", quantity="0.10", duration_s=10, intervals=2, style="take")


class Named(Unnamed):
    """Says so."""

    algorithms = (Mine,)


@pytest.mark.parametrize(("strategy", "executed"), [(Unnamed, 5), (Named, 10)])
def test_an_algorithm_of_ones_own_is_found_again_by_its_name_or_a_person_is_told(strategy, executed):
    place = LastingPlace(strategy)
    place.quote(99_99, 100_01)
    place.obey(fill=True)
    place = place.died()
    place.payload(Kind.FEED, FeedChanged(venue="BINANCE", state=FeedState.CONNECTED), 0)
    effects = place.lifecycle(LifecycleState.READY)
    lost = [each.message for each in only(effects, Alert) if each.code == "PARENT_LOST"]
    assert [("`algorithms`" in each) for each in lost] == [True] * (strategy is Unnamed)
    place.run(20, fill=True)
    assert place.executed == executed * LOT


def test_a_child_of_which_only_the_name_is_known_counts_as_done(monkeypatch):
    place = LastingPlace(Twap, quantity="0.10", duration_s=10, intervals=2)
    place.quote(99_99, 100_01)
    place.obey()
    place = place.died()
    monkeypatch.setattr(OrderManager, "order", lambda _self, _name: None)
    monkeypatch.setattr(OrderManager, "knows", lambda _self, _name: True)
    place.ready()
    assert place.algo.filled == 5 * LOT
    assert place.algo.working == 0


def test_of_the_parents_that_ended_long_ago_only_the_newest_stay_known():
    place = LastingPlace(Diary)
    memories, [owner] = place.engine.desk.memories, place.engine.desk.actors
    for number in range(ENDED_MAX + 2):
        memories.take(f"s#p{number}", b"ended", [])
    memories.take("s#at-work", b"working", [])
    memories.take("t#p1", b"another's", [])
    assert forget_ended(owner, memories, {"s#at-work": owner}) == ["s#p0", "s#p1"]


@pytest.mark.parametrize("name", ["", "a#b", "7", "x" * 33, "a b"])
def test_a_parent_is_named_in_plain_letters(name):
    place = LastingPlace(Diary)
    me = place.algo
    if not name:
        assert me.work(Twap, me.markets[0]) == "s#1"
        return
    with pytest.raises(StrategyError, match="cannot name a parent order"):
        me.work(Twap, me.markets[0], name=name)


def test_parameters_too_long_to_be_remembered_cannot_have_a_name():
    me = LastingPlace(Diary).algo
    with pytest.raises(StrategyError, match="fewer"):
        me.work(Vwap, me.markets[0], name="long", weights=(1.5,) * 5_000)


def test_a_parent_that_was_counted_in_other_units_asks_for_nothing_and_says_so(monkeypatch):
    place = LastingPlace(Twap, quantity="0.10", duration_s=10, intervals=2)
    place.quote(99_99, 100_01)
    place.obey()
    [left] = place.leaves
    place = place.died()
    monkeypatch.setattr("strategies.algos.lasting.counted_in", lambda _instruments: ("BTCUSDT.BINANCE:3:8",))
    place.payload(Kind.FEED, FeedChanged(venue="BINANCE", state=FeedState.CONNECTED), 0)
    effects = place.lifecycle(LifecycleState.READY)
    assert [each.message for each in only(effects, Alert) if "it does not go on" in each.message]
    place.run(30)
    assert (place.submitted, place.leaves) == ([], {})
    assert left in place.intents
