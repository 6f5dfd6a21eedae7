"""The virtual-time driver: whole runs of events give what one event at a time gives, and appointments are kept."""

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sim.paper import PaperExecution
from connectors.sim.settings import SimSettings
from core.effects import Effect
from core.events import FeedChanged, FeedState, InstrumentDefined, LifecycleChanged, LifecycleState
from core.market import Quote, Trade
from core.records import NO_INSTRUMENT, Event, Kind
from engine.build import EngineSettings, build_engine
from engine.spec import StrategySpec
from engine.virtual import Agenda, VirtualRun
from risk.limits import RiskLimits
from strategies import Strategy, Timer
from tests.engine.scenario import BTC, LOT

SECOND = 1_000_000_000


class Busy(Strategy):
    """Takes, rests, cancels, sets timers and builds bars, by what it sees."""

    def on_start(self) -> None:
        self.subscribe_quotes(self.markets[0])
        self.subscribe_trades(self.markets[0])
        self.subscribe_bars(self.markets[0], "1s")

    def on_quote(self, quote: Quote) -> None:
        what = quote.update_id % 7
        if what == 1:
            self.buy(self.markets[0], LOT)
        elif what == 3:
            self.sell(self.markets[0], LOT, quote.ask_price + 1)
        elif what == 5:
            self.cancel_all()

    def on_trade(self, trade: Trade) -> None:
        if trade.trade_id % 5 == 0:
            self.set_timer(f"t{trade.trade_id}", 1 + trade.trade_id % 11 * 100_000_000)

    def on_timer(self, timer: Timer) -> None:
        self.buy(self.markets[0], LOT, self.markets[0].bid_price or 1)


def run_of(latency_ns: int, seen: list[tuple[int, Effect]], agenda: Agenda | None = None) -> VirtualRun:
    spec = StrategySpec(id="busy", strategy=Busy, params=Busy.Params(), instruments=("BTCUSDT.BINANCE",))
    limits = RiskLimits(max_order_notional=1_000_000, max_position_notional=10_000_000)
    engine = build_engine(EngineSettings(epoch=1, seed=1, limits=limits, strategies=(spec,)))
    paper = PaperExecution(
        SimSettings(entry_latency_ns=latency_ns, response_latency_ns=latency_ns // 3), engine.markets
    )
    run = VirtualRun(
        engine, paper, watch=lambda now_ns, effects: seen.extend((now_ns, each) for each in effects), agenda=agenda
    )
    connected = FeedChanged(venue="BINANCE", state=FeedState.CONNECTED)
    run.feed((Kind.INSTRUMENT, 0, 0, SECOND, 0, InstrumentDefined(BTC), 0, 0, 0, 0))
    run.feed((Kind.FEED, 0, NO_INSTRUMENT, SECOND, 0, connected, 0, 0, 0, 0))
    run.feed((Kind.LIFECYCLE, 0, NO_INSTRUMENT, SECOND, 0, LifecycleChanged(LifecycleState.READY), 0, 0, 0, 0))
    return run


def market(steps: list[tuple[int, int]]) -> list[Event]:
    """Quotes and trades: (time since the one before in ms, price move)."""
    events: list[Event] = []
    now_ns, bid = SECOND, 6_000_000
    for number, (gap_ms, move) in enumerate(steps, start=1):
        now_ns, bid = now_ns + gap_ms * 1_000_000, bid + move
        if number % 3:
            events.append((Kind.QUOTE, 0, 0, now_ns, 0, bid, 2 * LOT, bid + 2, 2 * LOT, number))
        else:
            events.append((Kind.TRADE, number % 2, 0, now_ns, 0, bid, LOT, number, 0, 0))
    return events


STEPS = st.lists(st.tuples(st.integers(0, 400), st.integers(-3, 3)), max_size=80)


@settings(max_examples=60)
@given(STEPS, st.sampled_from([0, 1_000_000, 90_000_000, 2_000_000_000]), st.integers(0, 80))
def test_a_run_of_events_gives_what_the_events_one_by_one_give(steps, latency_ns, cut):
    events = market(steps)
    whole: list[tuple[int, Effect]] = []
    single: list[tuple[int, Effect]] = []
    by_runs, by_one = run_of(latency_ns, whole), run_of(latency_ns, single)

    by_runs.feed_run(events[:cut])
    by_runs.feed_run(events[cut:])
    for event in events:
        by_one.feed(event)
    for run in (by_runs, by_one):
        run.catch_up(run.engine.now_ns + 10 * SECOND)

    assert whole == single
    assert by_runs.engine.digest() == by_one.engine.digest()


class Every(Agenda):
    """Notes what the engine's time is at every appointment."""

    def __init__(self, step_ns: int) -> None:
        self.due_ns = SECOND + step_ns
        self.step_ns = step_ns
        self.kept: list[tuple[int, int]] = []
        self.run: VirtualRun | None = None

    def keep(self) -> None:
        assert self.run is not None
        self.kept.append((self.due_ns, self.run.engine.now_ns))
        self.due_ns += self.step_ns


@settings(max_examples=40)
@given(STEPS, st.integers(1, 900))
def test_an_appointment_is_kept_when_all_events_of_its_time_are_seen_and_none_after(steps, step_ms):
    events, agenda = market(steps), Every(step_ms * 1_000_000)
    agenda.run = run_of(1_000_000, [], agenda)

    agenda.run.feed_run(events)

    times = [event[3] for event in events]
    assert all(engine_ns <= due_ns for due_ns, engine_ns in agenda.kept)
    for due_ns, engine_ns in agenda.kept:
        assert engine_ns >= max((time_ns for time_ns in times if time_ns <= due_ns), default=0)
    last_ns = max(times, default=0)
    assert [due_ns for due_ns, _ in agenda.kept] == list(range(SECOND + agenda.step_ns, last_ns, agenda.step_ns))
