"""The router over simulated venues: of two and three, one slow, one that stops; a parent is never exceeded."""

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sim.paper import PaperExecution
from connectors.sim.settings import SimOverrides, SimSettings
from core.effects import Effect, OrderFilled, ParentProgress, RouteDecided
from core.events import FeedChanged, FeedState, InstrumentDefined, LifecycleChanged, LifecycleState
from core.records import NO_INSTRUMENT, Event, Kind
from engine.build import EngineSettings, build_engine
from engine.spec import StrategySpec
from engine.virtual import VirtualRun
from strategies.routing import SmartRouter
from tests.engine.scenario import LOT, SECOND
from tests.strategies.algos.market_place import WIDE
from tests.strategies.routing.places import at

VENUES = (at("NEAR"), at("FAR", size_precision=6, lot=10), at("SLOW"))
FEES = {"NEAR": 1_000, "FAR": 400, "SLOW": 0}
SIM = SimSettings(
    venues={
        **{name: SimOverrides(taker_fee_ppm=fee) for name, fee in FEES.items()},
        "SLOW": SimOverrides(taker_fee_ppm=0, entry_latency_ns=900_000_000, response_latency_ns=300_000_000),
    }
)


def ran(
    count: int, moves: list[tuple[int, int]], seen: list[Effect], *, stops_at: int = -1, **params: object
) -> VirtualRun:
    """Quotes of each venue every second, its bid moved by ticks; the second venue stops at a number of quotes."""
    chosen = VENUES[:count]
    router = SmartRouter.Params(quantity="0.30", taker_fees_ppm=FEES, **params) if count == 3 else None  # type: ignore[arg-type]
    if router is None:
        fees = {name: FEES[name] for name in ("NEAR", "FAR")}
        router = SmartRouter.Params(quantity="0.30", taker_fees_ppm=fees, **params)  # type: ignore[arg-type]
    spec = StrategySpec(id="r", strategy=SmartRouter, params=router, instruments=tuple(each.id for each in chosen))
    engine = build_engine(EngineSettings(epoch=1, seed=1, limits=WIDE, strategies=(spec,)))
    run = VirtualRun(engine, PaperExecution(SIM, engine.markets), watch=lambda _, effects: seen.extend(effects))
    for index, instrument in enumerate(chosen):
        connected = FeedChanged(venue=instrument.venue, state=FeedState.CONNECTED)
        run.feed((Kind.INSTRUMENT, 0, index, SECOND, 0, InstrumentDefined(instrument), 0, 0, 0, 0))
        run.feed((Kind.FEED, 0, index, SECOND, 0, connected, 0, 0, 0, 0))
    run.feed((Kind.LIFECYCLE, 0, NO_INSTRUMENT, SECOND, 0, LifecycleChanged(LifecycleState.READY), 0, 0, 0, 0))
    for number, (move, lots) in enumerate(moves, start=1):
        for index, instrument in enumerate(chosen):
            now_ns = SECOND * (number + 1) + index * 1_000_000
            if index == 1 and number == stops_at:
                stale = FeedChanged(venue=instrument.venue, state=FeedState.STALE, channel="quotes")
                run.feed((Kind.FEED, 0, index, now_ns, 0, stale, 0, 0, 0, 0))
            if index == 1 and 0 <= stops_at <= number:
                continue
            bid, size = 100_00 + move + index, lots * 10**instrument.size_precision // 100
            event: Event = (Kind.QUOTE, 0, index, now_ns, 0, bid, size, bid + 2, size, number)
            run.feed_run([event])
    run.catch_up(run.engine.now_ns + 60 * SECOND)
    return run


def bought(run: VirtualRun) -> list[int]:
    """What was bought at each venue, in units of the first."""
    markets = run.engine.markets
    scales = [10 ** (8 - market.instrument.size_precision) for market in markets]
    return [run.engine.manager.position(market.index).quantity * scales[market.index] for market in markets]


@settings(max_examples=12, deadline=None)
@given(
    st.integers(2, 3),
    st.sampled_from(["sweep", "rest"]),
    st.lists(st.tuples(st.integers(-9, 9), st.integers(1, 9)), min_size=8, max_size=25),
    st.integers(-1, 8),
)
def test_a_parent_is_never_exceeded_at_simulated_venues(count, style, moves, stops_at):
    seen: list[Effect] = []
    run = ran(count, moves, seen, stops_at=stops_at, style=style)
    told = [effect for effect in seen if isinstance(effect, ParentProgress)]
    assert sum(bought(run)) <= 30 * LOT
    assert sum(bought(run)) == told[-1].filled
    if told[-1].state == "filled":
        assert told[-1].filled == 30 * LOT
        assert not run.engine.manager.open_orders()


def test_the_slow_venue_is_measured_and_the_cheap_one_gets_most():
    seen: list[Effect] = []
    run = ran(3, [(number % 3, 5) for number in range(20)], seen, drift_ppm_s=500)
    near, far, slow = bought(run)
    assert near + far + slow == 30 * LOT
    last = [
        [effect for effect in seen if isinstance(effect, RouteDecided) and effect.instrument == n][-1] for n in range(3)
    ]
    assert last[2].latency_ns == 1_200_000_000
    assert last[0].latency_ns == last[1].latency_ns == 8_000_000
    assert (last[2].score_ppm, last[2].fill_ppm) == (666, 666_666), "600 for 1.2 s of drift, the rest for a miss"


def test_a_venue_that_goes_stale_mid_way_gets_nothing_from_then_on():
    seen: list[Effect] = []
    run = ran(2, [(number % 3, 3) for number in range(20)], seen, stops_at=3)
    near, far = bought(run)
    assert near + far == 30 * LOT
    fills = [effect for effect in seen if isinstance(effect, OrderFilled)]
    assert far == 6 * LOT == sum(fill.quantity for fill in fills if fill.instrument == 1) * 100
    assert [effect.state for effect in seen if isinstance(effect, RouteDecided) and effect.instrument == 1][
        -1
    ] == "stale"
