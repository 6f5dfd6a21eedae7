"""Every path is walked once before READY: the first real tick must not pay for imports, caches or specialisation.

A scratch session in a temporary folder sees two hundred quotes, trades and book levels while a strategy of our own
trades on them, through the same pipeline, gate, order manager, simulated venue and journal as the real one.
"""

import tempfile
from pathlib import Path

from config.head import build, python
from connectors.sim.paper import PaperExecution
from connectors.sim.settings import SimSettings
from core.effects import Effect
from core.events import FeedChanged, FeedState, LifecycleChanged, LifecycleState
from core.instruments import AssetClass, Instrument
from core.market import Quote
from core.money import MONEY_UNIT
from core.orders import Side, TriggerBy
from core.records import FIRST, LAST, NO_INSTRUMENT, SNAPSHOT, Event, Kind
from daemon.feeds import definition
from daemon.pipeline import Pipeline
from daemon.stats import Stats
from engine.build import EngineSettings, build_engine
from engine.spec import StrategySpec
from journal.head import FlushPolicy, SealState, SessionHead
from journal.writer import JournalWriter
from risk.limits import RiskLimits
from strategies.base import Strategy

ROUNDS = 200
STEP_NS = 50_000_000


class _Warmer(Strategy):
    """Buys, sells, rests, guards and cancels by turns."""

    def on_start(self) -> None:
        """Follow everything."""
        self._turn = 0
        for subscribe in (self.subscribe_quotes, self.subscribe_trades, self.subscribe_book):
            subscribe(self.markets[0])
        self.subscribe_bars(self.markets[0], "1s")

    def on_quote(self, quote: Quote) -> None:
        """Do the next of six things."""
        self._turn += 1
        market = self.markets[0]
        lot, turn = market.instrument.lot, self._turn % 6
        if turn == 0:
            self.buy(market, lot)
        elif turn == 1:
            self.sell(market, lot)
        elif turn == 2:
            self.buy(market, lot, quote.bid_price - 10)
        elif turn == 3:
            self.stop(market, Side.SELL, lot, quote.bid_price - 2, by=TriggerBy.TOUCH)
            self.trail(market, Side.BUY, lot, distance=2, by=TriggerBy.MID)
        elif turn == 4:
            self.bracket(market, Side.BUY, lot, profit=quote.ask_price + 2, stop=quote.bid_price - 2)
        else:
            self.cancel_all()
            self.set_timer("warm", STEP_NS)


def warm_up() -> None:
    """Walk every path once, leaving nothing behind."""
    instrument = Instrument(
        symbol="WARM",
        venue="NOWHERE",
        asset_class=AssetClass.CRYPTO_SPOT,
        base="WARM",
        quote="USDT",
        price_precision=2,
        size_precision=8,
        tick=1,
        lot=1000,
    )
    spec = StrategySpec(id="warmer", strategy=_Warmer, params=_Warmer.Params(), instruments=(instrument.id,))
    limits = RiskLimits(max_orders_per_second=1_000, max_orders_per_minute=10_000)
    settings = EngineSettings(epoch=0, seed=0, limits=limits, strategies=(spec,), balances={"USDT": MONEY_UNIT})
    engine = build_engine(settings)
    with tempfile.TemporaryDirectory(prefix="tickerd-warm-") as folder:
        journal = JournalWriter.create(Path(folder) / "warm", _head())
        now_ns = 0

        def clock() -> int:
            return now_ns

        paper = PaperExecution(SimSettings(), engine.markets)
        pipeline = Pipeline(
            engine, journal, Stats(0), clock, durable=False, digest_every=100, watch=_ignore, execution=paper
        )
        pipeline.feed(_opening(instrument))
        for number in range(1, ROUNDS + 1):
            now_ns = number * STEP_NS
            pipeline.feed(_round(number, now_ns))
            pipeline.feed(paper.poll(now_ns))
        digest = pipeline.record_digest()
        journal.seal(SealState.ENDED, "warm", digest=digest, inputs=0, effects=0, ended_ns=now_ns)


def _opening(instrument: Instrument) -> list[Event]:
    """Return what makes an engine ready to trade one instrument."""
    connected = FeedChanged(venue=instrument.venue, state=FeedState.CONNECTED)
    ready = LifecycleChanged(LifecycleState.READY)
    return [
        definition(0, instrument, 0),
        (Kind.FEED, 0, NO_INSTRUMENT, 0, 0, connected, 0, 0, 0, 0),
        (Kind.BOOK, FIRST | LAST | SNAPSHOT, 0, 0, 0, 99_990, 10**8, 1, 1, 0),
        (Kind.LIFECYCLE, 0, NO_INSTRUMENT, 0, 0, ready, 0, 0, 0, 0),
    ]


def _round(number: int, now_ns: int) -> list[Event]:
    """Return a quote, a trade and a book level around a price that moves."""
    price = 100_000 + number % 7
    return [
        (Kind.QUOTE, 0, 0, now_ns, 0, price, 10**8, price + 1, 10**8, number),
        (Kind.TRADE, number % 2, 0, now_ns, 0, price + number % 2, 10**6, number, 0, 0),
        (Kind.BOOK, FIRST | LAST, 0, now_ns, 0, 99_980 - number % 9, 10**7, number + 1, number + 1, number),
    ]


def _head() -> SessionHead:
    """Return the head of the scratch session."""
    return SessionHead(
        session_id="warm",
        started_ns=0,
        mode="paper",
        seed=0,
        build=build(),
        config_digest="",
        config={},
        libraries={},
        python=python(),
        flush_policy=FlushPolicy.OS,
    )


def _ignore(_now_ns: int, _effect: Effect) -> None:
    """Watch nothing."""
