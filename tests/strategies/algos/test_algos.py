"""Execution algorithms on the engine they run in."""

from typing import Any

import pytest

from core.effects import Alert, StrategyChanged, StrategyState
from core.events import ReportType
from core.orders import ApprovedCancel, ApprovedSubmit, Side, TimeInForce
from strategies import BUILTIN, Strategy, StrategyError
from strategies.algos import ALGORITHMS, Chase, Iceberg, ImplementationShortfall, Pov, Twap, Vwap
from tests.engine.scenario import only
from tests.strategies.algos.market_place import LOT, SECOND, Place


def by_interval(place: Place, length: int) -> list[int]:
    """What was asked for in each interval after the first quote, in lots."""
    start = place.submitted[0][0]
    found: dict[int, int] = {}
    for at, intent in place.submitted:
        number = (at - start) // (length * SECOND)
        found[number] = found.get(number, 0) + intent.quantity // LOT
    return [found.get(number, 0) for number in range(max(found) + 1)]


def test_the_algorithms_are_strategies_of_the_settings():
    assert BUILTIN.keys() >= ALGORITHMS.keys() == {
        "twap", "vwap", "implementation-shortfall", "pov", "iceberg", "chase",
    }  # fmt: skip


def test_twap_does_the_same_in_every_interval():
    place = Place(Twap, quantity="0.10", duration_s=50, intervals=5, style="take")
    place.run(60, fill=True)
    assert by_interval(place, 10) == [2, 2, 2, 2, 2]
    assert place.executed == 10 * LOT
    assert place.states()[-1] == "filled"


def test_vwap_follows_the_curve():
    place = Place(Vwap, quantity="0.20", duration_s=40, weights=(1.0, 2.0, 6.0, 1.0), style="take")
    place.run(60, fill=True)
    assert by_interval(place, 10) == [2, 4, 12, 2]


def test_vwap_without_a_curve_does_the_same_in_each_of_its_intervals():
    place = Place(Vwap, quantity="0.20", duration_s=40, intervals=4, style="take")
    place.run(60, fill=True)
    assert by_interval(place, 10) == [5, 5, 5, 5]
    assert place.states()[-1] == "filled"


def test_vwap_takes_a_curve_or_a_number_of_intervals_not_both():
    with pytest.raises(ValueError, match=r"3 weights make 3 intervals, not 5: leave `intervals` out"):
        Vwap.Params(weights=(1.0, 2.0, 1.0), intervals=5)
    assert Vwap.Params(weights=(1.0, 2.0, 1.0)).intervals == 3, "and what is shown is what is used"
    assert Vwap.Params(weights=(1.0, 2.0, 1.0), intervals=10).intervals == 3, "a recorded default"


def test_implementation_shortfall_does_more_at_first():
    settings = {"risk_aversion": 1.0, "volatility": 1.0, "temporary_impact": 50.0}
    place = Place(ImplementationShortfall, quantity="1", duration_s=40, intervals=4, style="take", **settings)
    place.run(60, fill=True)
    done = by_interval(place, 10)
    assert done == sorted(done, reverse=True)
    assert done[0] > 30
    assert place.executed == 100 * LOT


def test_what_an_interval_leaves_is_brought_across_the_spread_at_its_end():
    place = Place(Twap, quantity="0.10", duration_s=20, intervals=2)
    place.run(9)
    [(_, first)] = place.submitted
    assert (first.price, first.quantity, first.time_in_force) == (99_99, 5 * LOT, TimeInForce.GTC)
    place.execute(first.client_order_id, 2 * LOT)
    place.run(4)
    rest, second = place.submitted[1][1], place.submitted[2][1]
    assert {(rest.price, rest.quantity), (second.price, second.quantity)} == {(100_01, 3 * LOT), (99_99, 5 * LOT)}


def test_what_is_left_when_the_time_is_over_is_given_up():
    place = Place(Twap, quantity="0.10", duration_s=10, intervals=2, limit="99.50")
    place.run(30)
    assert place.states()[-1] == "expired"
    assert place.leaves == {}
    assert all(intent.price == 99_50 for _, intent in place.submitted)


def test_pov_keeps_to_its_share_of_the_volume():
    place = Place(Pov, quantity="1", rate=0.25, clip="0.01")
    place.run(1)
    volume = 0
    for lots in (4, 10, 1, 1, 40, 3):
        place.trade(100_00, lots * LOT)
        volume += lots * LOT
        place.obey(fill=True)
        assert place.executed == volume // 4 // 1000 * 1000 or place.executed <= volume / 4
        assert place.executed > volume / 4 - LOT
    assert place.progress[-1].participation_ppm <= 250_000


def test_pov_that_joins_follows_the_touch():
    place = Place(Pov, quantity="1", rate=0.5, clip="0.01", style="join")
    place.run(1)
    place.trade(100_00, 4 * LOT)
    place.obey()
    place.run(3, bid=99_95, ask=99_97)
    assert [place.intents[name].price for name in place.leaves] == [99_95]


def test_an_iceberg_shows_one_piece_at_a_time():
    place = Place(Iceberg, quantity="0.07", display="0.03", limit="99.98", side="buy")
    place.run(1)
    shown = []
    while place.leaves:
        [(name, size)] = place.leaves.items()
        shown.append(size // LOT)
        place.execute(name, size)
        place.obey()
    assert shown == [3, 3, 1]
    assert {intent.price for _, intent in place.submitted} == {99_98}
    assert place.states() == ["started", "working", "working", "working", "filled"]


@pytest.mark.parametrize(("side", "limit", "near"), [("buy", "100.05", 0), ("sell", "99.90", 1)])
def test_a_chase_follows_the_touch_and_stops_at_its_limit(side, limit, near):
    place = Place(Chase, quantity="0.05", side=side, limit=limit)
    for bid in (99_98, 100_01, 100_20, 99_50):
        place.run(3, bid=bid, ask=bid + 2)
        [name] = place.leaves
        wanted = bid + 2 * near
        worst = round(float(limit) * 100)
        assert place.intents[name].price == (min(wanted, worst) if side == "buy" else max(wanted, worst))


def test_a_chase_that_loses_patience_crosses():
    place = Place(Chase, quantity="0.05", patience_ms=5_000)
    place.run(3)
    assert [place.intents[name].price for name in place.leaves] == [99_99]
    place.run(5)
    assert [place.intents[name].price for name in place.leaves] == [100_01]


def test_what_a_parent_came_to_is_measured():
    place = Place(Iceberg, quantity="0.04", display="0.02", limit="100.00")
    place.run(1)
    arrival = 200_00
    place.trade(99_90, 6 * LOT)
    [name] = place.leaves
    place.execute(name, 2 * LOT, 99_95)
    place.obey()
    place.run(1, bid=100_09, ask=100_11)
    place.trade(100_10, 2 * LOT)
    [name] = place.leaves
    place.execute(name, 2 * LOT, 100_00)
    last = place.progress[-1]
    notional = 2 * LOT * (99_95 + 100_00)
    vwap_notional = LOT * (6 * 99_90 + 2 * 100_10)
    assert (last.state, last.filled, last.arrival_twice) == ("filled", 4 * LOT, arrival)
    assert (int(last.notional), int(last.market_notional)) == (notional, vwap_notional)
    assert last.arrival_slippage_ppm == (2 * notional - 4 * LOT * arrival) * 10**6 // (4 * LOT * arrival)
    ours, theirs = notional * 8 * LOT, 4 * LOT * vwap_notional
    assert last.vwap_slippage_ppm == (ours - theirs) * 10**6 // theirs
    mids = 2 * LOT * (arrival + 200_20)
    assert last.mid_slippage_ppm == (2 * notional - mids) * 10**6 // mids
    assert last.participation_ppm == 500_000


class Manager(Strategy):
    """Asks for algorithms when told to, and remembers what it is told."""

    def on_start(self) -> None:
        self.todo: list[Any] = []
        self.fills: list[int] = []
        self.subscribe_quotes(self.markets[0])

    def on_quote(self, _quote: Any) -> None:
        for algorithm, params in self.todo:
            self.name = self.work(algorithm, self.markets[0], **params)
        self.todo = []

    def on_fill(self, fill: Any) -> None:
        self.fills.append(fill.quantity)


def hired(algorithm: type[Strategy], **params: Any) -> Place:
    place = Place(Manager)
    place.run(1)
    place.algo.todo = [(algorithm, params)]
    return place


def test_a_strategy_lets_an_algorithm_work_for_it():
    place = hired(Iceberg, quantity="0.05", display="0.03", side="sell")
    place.run(3, fill=True)
    assert place.algo.name == "s#1"
    assert {intent.strategy_id for _, intent in place.submitted} == {"s"}
    assert place.algo.fills == [3 * LOT, 2 * LOT], "its owner is told of every fill"
    assert place.algo.position(place.algo.markets[0]) == -5 * LOT
    last = place.progress[-1]
    assert (last.parent, last.strategy_id, last.state, last.side) == ("s#1", "s", "filled", Side.SELL)
    assert [actor.id for actor in place.engine.desk.actors] == ["s"], "it has left"
    assert place.engine.desk.actors[0].workers == []


def test_an_algorithm_that_is_asked_for_wrongly_is_a_mistake_of_the_strategy():
    place = hired(Iceberg, display=3)
    place.run(1)
    assert place.engine.desk.actors[0].state is StrategyState.PAUSED
    with pytest.raises(StrategyError):
        place.algo.work(Pov, place.algo.markets[0], rate=1.5)


def test_with_its_strategy_an_algorithm_is_paused_and_its_orders_are_cancelled():
    place = hired(Iceberg, quantity="0.05", display="0.03")
    place.run(2)
    effects = place.command("pause", "s")
    assert [change.strategy_id for change in only(effects, StrategyChanged)] == ["s", "s#1"]
    assert len(only(effects, ApprovedCancel)) == 1


def test_an_algorithm_that_raises_is_paused_alone():
    place = hired(Iceberg, quantity="0.05", display="0.03")
    place.run(2)
    worker = place.engine.desk.by_id["s#1"]
    worker.strategy.bid = "nonsense"  # type: ignore[attr-defined]
    [name] = place.leaves
    place.execute(name, LOT)
    assert (worker.state, place.engine.desk.actors[0].state) == (StrategyState.PAUSED, StrategyState.ACTIVE)
    place.obey()
    assert place.leaves == {}


def test_two_algorithms_keep_their_orders_apart():
    place = hired(Iceberg, quantity="0.05", display="0.03")
    place.algo.todo.append((Iceberg, {"quantity": "0.04", "display": "0.01", "side": "sell"}))
    place.run(8, fill=True)
    done = {progress.parent: progress.filled for progress in place.progress if progress.state == "filled"}
    assert done == {"s#1": 5 * LOT, "s#2": 4 * LOT}


def test_a_rejected_child_makes_a_pause():
    place = Place(Iceberg, quantity="0.05", display="0.03", pause_ms=3_000)
    place.quote(99_99, 100_01)
    place.refuse(ReportType.REJECTED)
    effects = [*place.quote(99_99, 100_01), *place.quote(99_99, 100_01)]
    assert not only(effects, ApprovedSubmit)
    assert not only(effects, Alert)
    place.run(5)
    assert len(place.submitted) == 2
