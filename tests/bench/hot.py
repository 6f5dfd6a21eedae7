"""Tick to order with caches warm: frame bytes through session, journal, engine, gate and flush, back to back.

The same objects as live, without a socket between the frames: what the code costs. `live.tick_to_order` adds what the
machine costs when it has been doing something else in the meantime.
"""

import asyncio
from pathlib import Path

from connectors.binance.requests import lines
from connectors.binance.session import MarketSession
from connectors.binance.settings import BinanceSettings
from core.events import FeedChanged, FeedState, LifecycleChanged, LifecycleState
from core.records import NO_INSTRUMENT, Event, Kind
from daemon.feeds import definition
from daemon.stats import Latency
from tests.bench.figures import Figure
from tests.bench.market import BTC, prices
from tests.bench.venue import Listening, toml

FRAMES = 20_000


def tick_to_order(folder: Path, scale: float, pinger: str) -> list[Figure]:
    """Return percentiles of the time from frame bytes to order bytes ready to send, frames back to back."""
    nowhere = Listening("http://127.0.0.1:1", "ws://127.0.0.1:1")
    latency = asyncio.run(_run(toml(nowhere, folder / "sessions", strategy=pinger), int(FRAMES * scale)))
    figures = []
    for share, goal in ((0.50, 60), (0.99, 200), (0.999, 0)):
        [value_ns] = latency.percentiles(share)
        detail = f"os, frames back to back, no socket, p{share * 100:g} of {latency.count}"
        figures.append(Figure("tick_to_order_us", detail, value_ns / 1000, "us", goal))
    return figures


async def _run(text: str, count: int) -> Latency:
    """Feed the frames and return what the orders took."""
    from tests.bench.live import live_daemon

    daemon = live_daemon(text)
    settings = BinanceSettings(instruments=("BTCUSDT",), channels=("quotes",))
    session = MarketSession(settings, lines(settings, ("BTCUSDT",))[0].streams, {0: BTC})
    now_ns = daemon.clock.now_ns()
    session.on_open(now_ns)
    daemon.pipeline.feed(_opening(now_ns))
    for number, price in enumerate(prices(count, 100), start=1):
        frame = (
            f'{{"stream":"btcusdt@bookTicker","data":{{"u":{number},"s":"BTCUSDT","b":"{price / 100:.2f}000000",'
            f'"B":"3.78826000","a":"{(price + 1) / 100:.2f}000000","A":"1.54698000"}}}}'
        ).encode()
        now_ns = daemon.clock.now_ns()
        if daemon.execution.refresh() <= now_ns:
            daemon.pipeline.feed(daemon.execution.poll(now_ns))
        now_ns = daemon.clock.now_ns()
        daemon.pipeline.feed(session.receive([frame], now_ns))
    daemon.journal.close()
    return daemon.stats.tick_to_order


def _opening(now_ns: int) -> list[Event]:
    """Return what makes the engine ready."""
    connected = FeedChanged(venue="BINANCE", state=FeedState.CONNECTED)
    ready = LifecycleChanged(LifecycleState.READY)
    return [
        definition(0, BTC, now_ns),
        (Kind.FEED, 0, NO_INSTRUMENT, now_ns, 0, connected, 0, 0, 0, 0),
        (Kind.LIFECYCLE, 0, NO_INSTRUMENT, now_ns, 0, ready, 0, 0, 0, 0),
    ]
