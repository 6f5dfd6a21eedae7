"""The embedded venue as a process of its own on the other core, and a daemon against it."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence

import msgspec

KEY, SECRET = "demo" * 16, "open" * 16  # the embedded exchange's public demo key
LAST_CORE = max(os.sched_getaffinity(0))  # read before this process pins itself to the first


class Listening(msgspec.Struct, frozen=True):
    """What the embedded venue says when it listens."""

    rest_url: str
    ws_url: str
    ws_api_url: str = ""


@contextlib.contextmanager
def embedded_venue(*arguments: str) -> Iterator[Listening]:
    """Serve while the block runs, on the last core."""
    command = [sys.executable, "-m", "daemon", "emulate", "binance", "--port", "0", "--json", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    os.sched_setaffinity(process.pid, {LAST_CORE})
    assert process.stdout is not None
    try:
        yield msgspec.json.decode(process.stdout.readline(), type=Listening)
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@contextlib.contextmanager
def frame_sender(count: int, gap_ns: int) -> Iterator[str]:
    """Send frames one by one while the block runs, on the last core; gives the websocket's address."""
    command = [sys.executable, "-m", "tests.bench.sender", str(count), str(gap_ns)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    os.sched_setaffinity(process.pid, {LAST_CORE})
    assert process.stdout is not None
    try:
        yield f"ws://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def toml(venue: Listening, root: object, *, flush: str = "os", strategy: str = "", channels: Sequence[str] = ()) -> str:
    """Return settings of a daemon against that venue."""
    named = ", ".join(f'"{channel}"' for channel in channels or ("quotes",))
    return f"""
[session]
root = "{root}"
flush = "{flush}"
[venues.binance]
connector = "binance-spot"
rest_url = "{venue.rest_url}"
ws_url = "{venue.ws_url}"
instruments = ["BTCUSDT"]
channels = [{named}]
[risk]
max_orders_per_second = 100000
max_orders_per_minute = 1000000
max_open_orders = 1000
max_open_orders_total = 1000
max_order_notional = 1000000
max_position_notional = 100000000
[paper.balances]
USDT = "1000000"
[metrics]
port = 0
{strategy}
"""


def live_toml(
    venue: Listening, root: object, *, strategy: str = "", channels: Sequence[str] = (), ws_api_url: str = ""
) -> str:
    """Return settings of a daemon that trades live on that venue."""
    text = toml(venue, root, strategy=strategy, channels=channels)
    return text.replace("[session]\n", '[session]\nmode = "live"\n') + (
        f'[venues.binance.trading]\nkey = "demo"\nws_api_url = "{ws_api_url or venue.ws_api_url}"\n'
        f'[live]\nroot = "{root}-accounts"\n'
    )
