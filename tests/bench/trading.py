"""Orders: how many pass through gate, order manager and journal; what closed ones hold; the exchange's matching."""

import gc
import itertools
import time
from pathlib import Path

from core.clock import NEVER
from core.effects import Effect
from core.events import FeedChanged, FeedState, LifecycleChanged, LifecycleState, OrderReport, ReportType
from core.evidence import EvidenceWanted
from core.market import Quote
from core.orders import ApprovedCommand, ApprovedSubmit, Liquidity
from core.records import NO_INSTRUMENT, Event, Kind
from daemon.feeds import definition
from daemon.pipeline import Pipeline
from daemon.projection import rss_bytes
from daemon.stats import Stats
from engine.build import EngineSettings, build_engine
from engine.engine import Engine
from engine.spec import StrategySpec
from journal.writer import JournalWriter
from risk.limits import RiskLimits
from strategies.base import Strategy
from tests.bench import matching
from tests.bench.figures import Figure, median_of
from tests.bench.journaling import head_of
from tests.bench.market import BTC, START_NS, STEP_NS, prices

ORDERS = 20_000
CLOSED = 100_000


class EveryQuote(Strategy):
    """Buys and sells one lot by turns, an order for every quote."""

    def on_start(self) -> None:
        """Follow quotes."""
        self.subscribe_quotes(self.markets[0])
        self._buys = False

    def on_quote(self, quote: Quote) -> None:
        """Ask for the next order."""
        self._buys = not self._buys
        market = self.markets[0]
        if self._buys:
            self.buy(market, market.instrument.lot * 100, quote.ask_price)
        else:
            self.sell(market, market.instrument.lot * 100, quote.bid_price)


class AtOnce:
    """A venue that acknowledges and fills every order in the chunk after the one that brought it."""

    due_ns = NEVER

    def __init__(self) -> None:
        """Have nothing to tell."""
        self.reports: list[Event] = []
        self.now_ns = START_NS  # the only clock here: a minute's orders are those of a minute of the market
        self._number = 0

    def before(self, now_ns: int) -> None:
        """Nothing falls due."""

    def on_event(self, event: Event) -> None:
        """The market is not looked at."""

    def refresh(self) -> int:
        """Nothing falls due."""
        return NEVER

    def poll(self, now_ns: int) -> list[Event]:
        """Return what is to be told."""
        told, self.reports = self.reports, []
        return told

    def ask(self, wanted: EvidenceWanted, now_ns: int) -> None:
        """Nothing is asked of it."""
        raise AssertionError(wanted)

    def send(self, command: ApprovedCommand, now_ns: int) -> None:
        """Acknowledge, and fill."""
        assert isinstance(command, ApprovedSubmit)
        self._number += 1
        intent, name = command.intent, f"V{self._number}"
        accepted = OrderReport(type=ReportType.ACCEPTED, client_order_id=intent.client_order_id, venue_order_id=name)
        filled = OrderReport(
            type=ReportType.FILLED,
            client_order_id=intent.client_order_id,
            venue_order_id=name,
            exec_id=f"E{self._number}",
            price=intent.price,
            quantity=intent.quantity,
            fee="1000000000000000",
            fee_currency="USDT",
            liquidity=Liquidity.TAKER,
        )
        self.reports += [(Kind.REPORT, 0, 0, now_ns, now_ns, each, 0, 0, 0, 0) for each in (accepted, filled)]


def measure(folder: Path, runs: int, scale: float) -> list[Figure]:
    """Return orders per second of the core and of the exchange's matching, and memory per 100,000 closed orders."""
    sessions = itertools.count()

    def rate() -> float:
        return _orders_per_s(folder / f"orders-{next(sessions)}", int(ORDERS * scale))

    grown = _memory_of_closed(folder / "closed", int(CLOSED * scale))
    return [
        Figure("orders_per_s", "gate, OMS, journal: acknowledged and filled", median_of(rate, runs), "orders/s"),
        *matching.measure(runs, scale),
        Figure("closed_orders_mb", "the first 100,000 closed orders", grown[0], "MB"),
        Figure("closed_orders_mb", "the third 100,000: bounded", grown[1], "MB", 1.0),
    ]


def _orders_per_s(folder: Path, count: int) -> float:
    """Return how many orders a second pass, three events and their effects journaled for each."""
    pipeline, venue = _desk(folder)
    path = prices(count, 10)
    gc.collect()
    gc.freeze()
    started = time.perf_counter()
    _trade(pipeline, venue, path, 0)
    elapsed = time.perf_counter() - started
    gc.unfreeze()
    assert pipeline.stats.commands == count, f"{pipeline.stats.commands} of {count} orders passed"
    pipeline.journal.close()
    return count / elapsed


def _memory_of_closed(folder: Path, count: int) -> tuple[float, float]:
    """Return by how many MB the process grew over the first `count` closed orders, and over the third `count`."""
    pipeline, venue = _desk(folder)
    path = prices(3 * count, 10)
    _trade(pipeline, venue, path[:100], 0)  # what every path allocates once
    grown, before = [], rss_bytes()
    for part in (0, 1, 2):
        _trade(pipeline, venue, path[part * count : (part + 1) * count], part * count)
        gc.collect()
        now = rss_bytes()
        grown.append((now - before) / 1e6)
        before = now
    pipeline.journal.close()
    return grown[0], grown[2]


def _trade(pipeline: Pipeline, venue: AtOnce, path: list[int], first: int) -> None:
    """Feed quotes, and after each the reports of its order."""
    for number, price in enumerate(path, start=first + 1):
        venue.now_ns = now_ns = START_NS + number * STEP_NS
        pipeline.feed([(Kind.QUOTE, 0, 0, now_ns, 0, price, 10**8, price + 1, 10**8, number)])
        pipeline.feed(venue.poll(now_ns))


def _desk(folder: Path) -> tuple[Pipeline, AtOnce]:
    """Return a pipeline that trades one instrument."""
    spec = StrategySpec(id="each", strategy=EveryQuote, params=EveryQuote.Params(), instruments=(BTC.id,))
    limits = RiskLimits(max_orders_per_second=10**6, max_orders_per_minute=10**8)
    engine: Engine = build_engine(EngineSettings(epoch=1, seed=0, limits=limits, strategies=(spec,)))
    journal, venue = JournalWriter.create(folder, head_of("bench")), AtOnce()
    pipeline = Pipeline(
        engine,
        journal,
        Stats(0),
        lambda: venue.now_ns,
        durable=False,
        digest_every=1 << 30,
        watch=_ignore,
        execution=venue,
    )
    connected = FeedChanged(venue=BTC.venue, state=FeedState.CONNECTED)
    ready = LifecycleChanged(LifecycleState.READY)
    pipeline.feed(
        [
            definition(0, BTC, START_NS),
            (Kind.FEED, 0, NO_INSTRUMENT, START_NS, 0, connected, 0, 0, 0, 0),
            (Kind.LIFECYCLE, 0, NO_INSTRUMENT, START_NS, 0, ready, 0, 0, 0, 0),
        ]
    )
    return pipeline, venue


def _ignore(_now_ns: int, _effect: Effect) -> None:
    """Watch nothing."""
