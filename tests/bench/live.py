"""The live path over real sockets: how many events it takes in, how long an order takes, how fast it starts."""

import asyncio
import gc
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import uvloop

from config.compose import engine_settings, session_head
from config.load import parse
from config.secrets import read_secret
from config.strategies import load_strategies
from core.events import LifecycleState
from daemon.app import Daemon
from daemon.clock import SessionClock
from daemon.live.trading import Secrets
from daemon.projection import rss_bytes
from daemon.stats import Latency
from daemon.warmup import warm_up
from engine.build import build_engine
from journal.folders import create_session_folder
from journal.writer import JournalWriter
from tests.bench import hot
from tests.bench.figures import Figure, median_of
from tests.bench.market import write_frames
from tests.bench.venue import Listening, embedded_venue, frame_sender, toml

FRAMES = 300_000
BUSY_FRAMES = 50_000  # an order for every fifty
QUIET_FRAMES = 20_000
PACE_NS = 500_000
BUSY_GAP_NS = 200_000
QUIET_GAP_NS = 1_000_000
PINGER = f"""
[[strategies]]
id = "pinger"
use = "{Path(__file__).with_name("pinger.py")}:Pinger"
instruments = ["BTCUSDT.BINANCE"]
"""


def live_daemon(text: str, secrets: Secrets = read_secret) -> Daemon:
    """Return a daemon of these settings, warmed as `tickerd run` does it; call it inside the event loop."""
    config = parse(text)
    loaded = load_strategies(config)
    clock = SessionClock()
    now_ns = clock.now_ns()
    engine = build_engine(engine_settings(config.settings, loaded, now_ns))
    folder = create_session_folder(Path(config.settings.session.root), now_ns, "paper")
    journal = JournalWriter.create(folder, session_head(config.settings, loaded, now_ns, folder.name, ()))
    warm_up()
    gc.collect()
    gc.freeze()
    return Daemon(config.settings, engine, journal, clock, [], None, secrets)


async def until_quiet(daemon: Daemon, inputs: int) -> tuple[float, float]:
    """Run `daemon` until it took `inputs` quotes; return when the first and the last of them had been handled."""
    task = asyncio.get_running_loop().create_task(daemon.run(None))
    first = last = 0.0
    while daemon.stats.inputs[16] < inputs and not task.done():
        await asyncio.sleep(0.001)
        last = time.perf_counter()
        if not first and daemon.stats.inputs[16]:
            first = last
    daemon.stop("the benchmark is over", "bench")
    await task
    return first, last


def ingest(folder: Path, runs: int, scale: float) -> list[Figure]:
    """Return bookTicker frames per second from socket to engine, journaled, and the memory that it took."""
    frames, count = folder / "flood.gz", int(FRAMES * scale)
    write_frames(frames, count, PACE_NS)

    def rate() -> float:
        with embedded_venue("--frames", str(frames), "--speed", "max") as venue:

            async def main() -> float:
                daemon = live_daemon(toml(venue, folder / "sessions"))
                seen_first, seen_last = await until_quiet(daemon, count)
                return seen_last - seen_first

            return count / uvloop.run(main())

    return [
        Figure(
            "ingest_events_per_s",
            "bookTicker frames, socket to engine",
            median_of(rate, runs),
            "events/s",
            100_000,
            higher=True,
        ),
        Figure("rss_mb", "this process after the ingest runs", rss_bytes() / 1e6, "MB", 200),
    ]


def tick_to_order(folder: Path, scale: float) -> list[Figure]:
    """Return the time from frame bytes received to order bytes ready to send, journal included.

    A busy feed keeps code and data in the processor's caches; on a quiet one every order finds them cold.
    """
    figures = hot.tick_to_order(folder, scale, PINGER)
    cases = (
        ("os", BUSY_GAP_NS, BUSY_FRAMES, "busy feed", (60, 200, 0)),
        ("os", QUIET_GAP_NS, QUIET_FRAMES, "quiet feed", (0, 0, 0)),
        ("disk", QUIET_GAP_NS, QUIET_FRAMES, "quiet feed", (0, 0, 0)),
    )
    for flush, gap_ns, frames, feed, goals in cases:
        latencies = _latencies(folder, flush, int(frames * scale), gap_ns)
        for share, goal in zip((0.50, 0.99, 0.999), goals, strict=True):
            [value_ns] = latencies.percentiles(share)
            detail = f"{flush}, {feed} ({1e9 / gap_ns:,.0f}/s), p{share * 100:g} of {latencies.count}"
            figures.append(Figure("tick_to_order_us", detail, value_ns / 1000, "us", goal))
    return figures


def _latencies(folder: Path, flush: str, count: int, gap_ns: int) -> Latency:
    """Run a daemon on a feed of single frames `gap_ns` apart and return what its orders took."""
    with embedded_venue("--synthetic") as venue, frame_sender(count, gap_ns) as ws_url:
        text = toml(Listening(venue.rest_url, ws_url), folder / "sessions", flush=flush, strategy=PINGER)

        async def main() -> Daemon:
            daemon = live_daemon(text)
            await until_quiet(daemon, count)
            return daemon

        return uvloop.run(main()).stats.tick_to_order


def process(folder: Path, runs: int) -> list[Figure]:
    """Return how long imports take and how soon `tickerd run` is READY, files warm, and its memory."""

    def imports() -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import daemon.start, connectors.binance.transport"], check=True)
        return time.perf_counter() - started

    with embedded_venue("--synthetic", "--seed", "1") as venue:
        settings = folder / "start.toml"
        settings.write_text(toml(venue, folder / "sessions", channels=("quotes", "trades", "book")))
        memory: list[float] = []

        def ready() -> float:
            started = time.perf_counter()
            command = [sys.executable, "-m", "daemon", "run", "-c", str(settings), "--json"]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL) as child:
                assert child.stdout is not None
                took = 0.0
                for line in child.stdout:
                    told = json.loads(line)
                    if not took and told.get("state") == LifecycleState.READY.value:
                        took = time.perf_counter() - started
                        memory.append(told["rss_bytes"] / 1e6)
                        child.terminate()
            return took

        start = median_of(ready, runs)
    return [
        Figure("import_s", "a new process, files warm", median_of(imports, runs), "s"),
        Figure("start_to_ready_s", "tickerd run against the embedded venue", start, "s", 2.0),
        Figure("rss_mb", "tickerd run at READY", max(memory), "MB", 200),
    ]


def pin() -> None:
    """Stay on the first core; the venue gets the last."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
