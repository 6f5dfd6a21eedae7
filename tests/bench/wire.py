"""Tick to wire, and how soon a cancel is on the wire behind 200 ticks, with a bare websocket echo in the same run.

The daemon trades live on the embedded exchange. A process between them (`wire_venue`) sends ticks and sees orders pass:
from the tick leaving it to the order coming in, the way there and back included, which is what an echo costs.
"""

import asyncio
import contextlib
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import uvloop
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from config.secrets import Secret
from core.events import CANCEL_ALL, CommandReceived
from daemon.app import Daemon
from tests.bench.figures import Figure
from tests.bench.venue import KEY, LAST_CORE, SECRET, Listening, embedded_venue, live_toml

CYCLES = 400
ECHO_BYTES = 300  # about what an order takes
ECHO_EVERY_S = 0.011
NAUTILUS_CANCEL_US = 680.0  # its live stress harness here, p50; its p99 is 900 to 1,400
STRATEGY = f"""
[[strategies]]
id = "orderer"
use = "{Path(__file__).with_name("orderer.py")}:Orderer"
instruments = ["BTCUSDT.BINANCE"]
"""


def measure(folder: Path, scale: float) -> list[Figure]:
    """Return percentiles of tick to wire, of the bare echo, and of cancels behind 200 ticks."""
    cycles = max(20, int(CYCLES * scale))
    with embedded_venue("--synthetic", "--limit-scale", "1000") as venue, _between(venue, cycles) as (ports, said):
        echoes = uvloop.run(_trade(venue, ports, folder / "wire"))
        tick_ns, burst_ns, told_ns, placed_ns, cancelled_ns = json.loads(said())
    orders = _first_after(tick_ns, placed_ns)
    cancels = _first_after(burst_ns, cancelled_ns)
    told = _first_after(told_ns, cancelled_ns)
    echo_us = [each / 1000 for each in echoes]
    echo_p50 = _percentile(echo_us, 0.5)
    figures = []
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        goal = _percentile(echo_us, share) + 60
        detail = f"order on the wire, goal: the echo of this run + 60, {name} of {len(orders)}"
        figures.append(Figure("tick_to_wire_us", detail, _percentile(orders, share), "us", goal))
        figures.append(
            Figure("echo_us", f"bare websocket echo, {name} of {len(echo_us)}", _percentile(echo_us, share), "us")
        )
    for name, share, goal in (("p50", 0.5, NAUTILUS_CANCEL_US / 5), ("p99", 0.99, 900 / 5)):
        for who, waits in (("operator", told), ("strategy, at the last of them", cancels)):
            detail = f"200 ticks ahead, by the {who}, less the echo's p50, {name} of {len(waits)}"
            figures.append(Figure("cancel_us", detail, _percentile(waits, share) - echo_p50, "us", goal))
    return figures


def _first_after(sent_ns: list[int], seen_ns: list[int]) -> list[float]:
    """Return, in us, how long after each sending something was first seen; nothing where none was before the next."""
    waits = []
    for begin, end in itertools.pairwise([*sent_ns, sent_ns[-1] + 10**9]):
        seen = next((each for each in seen_ns if begin <= each < end), None)
        if seen is not None:
            waits.append((seen - begin) / 1000)
    assert len(waits) > len(sent_ns) * 0.9, f"only {len(waits)} of {len(sent_ns)} were answered"
    return waits


def _percentile(values: list[float], share: float) -> float:
    """Return a percentile."""
    return statistics.quantiles(values, n=1000, method="inclusive")[round(share * 1000) - 1]


@contextlib.contextmanager
def _between(venue: Listening, cycles: int) -> Iterator[tuple[list[int], Callable[[], str]]]:
    """Run the process between daemon and exchange on the last core; give its ports, and how to read what it saw."""
    address = urlsplit(venue.rest_url)
    words = [sys.executable, "-m", "tests.bench.wire_venue", str(cycles), str(address.hostname), str(address.port)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    os.sched_setaffinity(process.pid, {LAST_CORE})
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield json.loads(process.stdout.readline()), process.stdout.readline
    finally:
        process.stdin.close()
        process.kill()
        process.wait()
        process.stdout.close()


async def _trade(venue: Listening, ports: list[int], root: Path) -> list[int]:
    """Run the daemon through every cycle, echoing frames beside it; return the echoes' round trips."""
    from tests.bench.live import live_daemon

    feed, order_entry = ports
    text = live_toml(
        Listening(venue.rest_url, f"ws://127.0.0.1:{feed}"),
        root,
        strategy=STRATEGY,
        ws_api_url=f"ws://127.0.0.1:{order_entry}/ws-api/v3",
    )
    keys = {"demo-api-key": Secret(KEY), "demo-api-secret": Secret(SECRET)}
    daemon = live_daemon(text, keys.__getitem__)
    loop = asyncio.get_running_loop()
    task = loop.create_task(daemon.run(None))
    echoes: list[int] = []
    door = loop.create_task(_operate(daemon, f"ws://127.0.0.1:{feed}/operator"))
    async with connect(f"ws://127.0.0.1:{feed}/echo", compression=None) as echo:
        frame = "x" * ECHO_BYTES
        with contextlib.suppress(ConnectionClosed):  # how the other side says that the last cycle is over
            while not task.done():
                await asyncio.sleep(ECHO_EVERY_S)
                sent_ns = time.perf_counter_ns()
                await echo.send(frame)
                await echo.recv()
                echoes.append(time.perf_counter_ns() - sent_ns)
    await door
    daemon.stop("the benchmark is over", "bench")
    await task
    return echoes


async def _operate(daemon: Daemon, url: str) -> None:
    """Let a cancel in whenever the operator says so."""
    async with connect(url, compression=None) as operator:
        async for _ in operator:
            daemon.command(CommandReceived(name=CANCEL_ALL, strategy_id="orderer", source="bench"))
