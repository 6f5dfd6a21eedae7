"""Sessions for the replay benchmarks: written by the real pipeline in virtual time, orders trading on the simulator."""

from pathlib import Path

from config.compose import engine_settings, session_head
from config.load import parse
from config.strategies import load_strategies
from connectors.sim.paper import PaperExecution
from core.events import FeedChanged, FeedState, LifecycleChanged, LifecycleState
from core.records import NO_INSTRUMENT, Event, Kind
from daemon.feeds import definition
from daemon.pipeline import Pipeline
from daemon.stats import Stats
from engine.build import build_engine
from journal.head import SealState
from journal.writer import JournalWriter
from tests.bench.market import BTC, START_NS

SETTINGS = """
[venues.binance]
connector = "binance-spot"
instruments = ["BTCUSDT"]
channels = ["quotes"]
[risk]
max_orders_per_second = 100000
max_orders_per_minute = 1000000
max_order_notional = 1000000
max_position_notional = 10000000
[paper.balances]
USDT = "1000000"
"""
EMA = """
[[strategies]]
id = "ema"
use = "ema-cross"
instruments = ["BTCUSDT.BINANCE"]
params = { fast = %d, slow = %d, quantity = "0.01" }
"""


def write_session(folder: Path, market: list[Event], strategy: str = "") -> int:
    """Write a session that saw `market`; return how many orders it sent."""
    config = parse(SETTINGS + strategy)
    loaded = load_strategies(config)
    engine = build_engine(engine_settings(config.settings, loaded, START_NS))
    journal = JournalWriter.create(folder, session_head(config.settings, loaded, START_NS, folder.name, ()))
    paper = PaperExecution(config.settings.paper.sim, engine.markets)
    now_ns = START_NS
    stats = Stats(now_ns)
    pipeline = Pipeline(
        engine,
        journal,
        stats,
        lambda: now_ns,
        durable=False,
        digest_every=config.settings.session.digest_every,
        watch=lambda _now_ns, _effect: None,
        execution=paper,
    )
    connected = FeedChanged(venue="BINANCE", state=FeedState.CONNECTED)
    ready = LifecycleChanged(LifecycleState.READY)
    pipeline.feed(
        [
            definition(0, BTC, now_ns),
            (Kind.FEED, 0, NO_INSTRUMENT, now_ns, 0, connected, 0, 0, 0, 0),
            (Kind.LIFECYCLE, 0, NO_INSTRUMENT, now_ns, 0, ready, 0, 0, 0, 0),
        ]
    )
    for event in market:
        now_ns = event[3]
        if paper.refresh() <= now_ns:
            pipeline.feed(paper.poll(now_ns))
        pipeline.feed((event,))
    digest = pipeline.record_digest()
    journal.seal(
        SealState.ENDED,
        "written for a benchmark",
        digest=digest,
        inputs=stats.total_inputs,
        effects=stats.total_effects,
        ended_ns=now_ns,
    )
    return stats.inputs[Kind.REPORT] and stats.effects[Kind.SUBMIT]
