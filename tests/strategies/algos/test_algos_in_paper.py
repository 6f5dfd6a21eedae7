"""Execution algorithms over the simulated venue: orders rest, are replaced by cancel and submit, fill and expire."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sim.paper import PaperExecution
from connectors.sim.settings import SimSettings
from core.effects import Effect, OrderFilled, OrderUpdated, ParentProgress
from core.events import FeedChanged, FeedState, InstrumentDefined, LifecycleChanged, LifecycleState
from core.orders import ApprovedReplace, ApprovedSubmit, OrderState
from core.records import NO_INSTRUMENT, Event, Kind
from engine.build import EngineSettings, build_engine
from engine.spec import StrategySpec
from engine.virtual import VirtualRun
from strategies.algos import ALGORITHMS
from tests.engine.scenario import BTC, LOT
from tests.strategies.algos.market_place import SECOND, WIDE

SETTINGS: dict[str, dict[str, Any]] = {
    "twap": {"duration_s": 20, "intervals": 4},
    "vwap": {"duration_s": 20, "weights": (1.0, 3.0, 2.0)},
    "implementation-shortfall": {"duration_s": 20, "intervals": 4, "risk_aversion": 0.1},
    "pov": {"rate": 0.4, "style": "join"},
    "iceberg": {"display": "0.03"},
    "chase": {"patience_ms": 9_000},
}


def ran(use: str, events: list[Event], seen: list[Effect]) -> VirtualRun:
    algorithm = ALGORITHMS[use]
    params = algorithm.Params(quantity="0.10", **SETTINGS[use])
    spec = StrategySpec(id=use, strategy=algorithm, params=params, instruments=("BTCUSDT.BINANCE",))
    engine = build_engine(EngineSettings(epoch=1, seed=1, limits=WIDE, strategies=(spec,)))
    venue = PaperExecution(SimSettings(entry_latency_ns=300_000_000, response_latency_ns=200_000_000), engine.markets)
    run = VirtualRun(engine, venue, watch=lambda _, effects: seen.extend(effects))
    connected = FeedChanged(venue="BINANCE", state=FeedState.CONNECTED)
    run.feed((Kind.INSTRUMENT, 0, 0, SECOND, 0, InstrumentDefined(BTC), 0, 0, 0, 0))
    run.feed((Kind.FEED, 0, NO_INSTRUMENT, SECOND, 0, connected, 0, 0, 0, 0))
    run.feed((Kind.LIFECYCLE, 0, NO_INSTRUMENT, SECOND, 0, LifecycleChanged(LifecycleState.READY), 0, 0, 0, 0))
    run.feed_run(events)
    run.catch_up(run.engine.now_ns + 60 * SECOND)
    return run


def market(moves: list[int]) -> list[Event]:
    """A quote and a trade every second; the bid moves by so many ticks."""
    events: list[Event] = []
    bid = 100_00
    for number, move in enumerate(moves, start=1):
        now_ns = SECOND * (number + 1)
        bid += move
        events.append((Kind.QUOTE, 0, 0, now_ns, 0, bid, 2 * LOT, bid + 2, 2 * LOT, number))
        events.append((Kind.TRADE, number % 2, 0, now_ns + 1, 0, bid + number % 3, LOT, number, 0, 0))
    return events


@settings(max_examples=5, deadline=None)
@given(st.sampled_from(sorted(ALGORITHMS)), st.lists(st.integers(-3, 3), min_size=25, max_size=40))
def test_a_parent_is_never_exceeded_at_a_simulated_venue(use, moves):
    seen: list[Effect] = []
    run = ran(use, market(moves), seen)
    filled = sum(effect.quantity for effect in seen if isinstance(effect, OrderFilled))
    told = [effect for effect in seen if isinstance(effect, ParentProgress)]
    assert filled <= 10 * LOT
    assert told[0].state == "started"
    assert run.engine.manager.position(0).quantity == filled
    if told[-1].state in {"filled", "expired"}:
        assert told[-1].filled == filled
        assert not run.engine.manager.open_orders()


def test_a_chase_at_a_simulated_venue_is_one_order_that_is_replaced():
    seen: list[Effect] = []
    ran("chase", market([1] * 12), seen)
    assert len({effect.client_order_id for effect in seen if isinstance(effect, OrderUpdated)}) == 1
    assert all(not effect.native for effect in seen if isinstance(effect, ApprovedReplace))
    assert sum(isinstance(effect, ApprovedSubmit) for effect in seen) > 3
    last = [effect for effect in seen if isinstance(effect, OrderUpdated)][-1]
    assert last.state in {OrderState.PARTIALLY_FILLED, OrderState.FILLED}
