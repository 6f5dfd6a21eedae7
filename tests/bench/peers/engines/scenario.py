"""What every engine is given and what it must say: the strategies' parameters, the data's units, the line of JSON.

The same numbers for all engines, ours included. Runs in every peer's environment, so nothing but the standard library.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Self

# Quotes and bars: whole cents and thousandths of a coin.
PRICE_UNITS = 100
QUANTITY_UNITS = 1_000
# Depth and trade events: ticks of 0.1 and lots of 0.001.
TICK = 0.1
LOT = 0.001

CASH = 1_000_000
FEE = 0.0005  # of the money that changes hands, maker and taker alike

# An order at every crossing: buy when the fast average rises above the slow one, sell when it falls below; no shorts.
# alpha = 2 / (span + 1), the first value starts both averages, no order before `slow` values have been seen.
QUANTITY = 0.01
QUOTES_FAST, QUOTES_SLOW = 180, 740  # of the mid of every quote: about 3,300 orders in 2 million
BARS_FAST, BARS_SLOW = 21, 110  # of the close of every bar: about 3,500 orders in 250,000
EVENTS_FAST, EVENTS_SLOW = 20, 96  # of the mid every STEP_NS: about 3,900 orders in 3 million

# Market making: every STEP_NS both quotes are cancelled and put anew at the touch, one tick behind it for every
# MAKER_SKEW_LOTS of position that the side would add to, MAKER_SKEW_TICKS at most; post-only.
STEP_NS = 10_000_000
MAKER_LOTS = 10
MAKER_SKEW_LOTS = 10
MAKER_SKEW_TICKS = 40

FEED_LATENCY_NS = 500_000
ENTRY_LATENCY_NS = 1_000_000
RESPONSE_LATENCY_NS = 1_000_000

# The sweep: every pair of a fast and a slow span of bars, `pairs(count)` of them.
SWEEP_FAST = range(5, 30)
SWEEP_SLOW = range(40, 200, 4)

DEPTH, TRADE = 1, 2


def pairs(count: int) -> list[tuple[int, int]]:
    """Return the first `count` pairs of spans, the fast one changing slowest; 1,000 at most."""
    return [(fast, slow) for fast in SWEEP_FAST for slow in SWEEP_SLOW][:count]


def arguments() -> tuple[str, Path]:
    """Return the scenario's name and the folder with its data, as the command line gives them."""
    return sys.argv[1], Path(sys.argv[2])


class Timed:
    """The wall clock and this process's share of a core while the block runs; much more of the one: a busy machine."""

    def __enter__(self) -> Self:
        self.seconds, self.cpu_seconds = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.seconds, self.cpu_seconds = time.perf_counter() - self.seconds, time.process_time() - self.cpu_seconds


def peak_rss_kb() -> int:
    """Return the most memory that this program held; `ru_maxrss` also counts what its parent held when it forked."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    [line] = [line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1])


def report(*, events: int, orders: int, took: Timed, version: str, **more: float | str) -> None:
    """Print the one line that the runner reads; `took` is the engine's run alone, memory the process's peak."""
    peak = peak_rss_kb()
    line = {
        "events": events,
        "orders": orders,
        "seconds": took.seconds,
        "cpu_seconds": took.cpu_seconds,
        "peak_rss_mb": peak / (1_048_576 if sys.platform == "darwin" else 1_024),
        "version": version,
    }
    sys.stdout.write("\n" + json.dumps(line | more) + "\n")
