"""What is asked of both engines: recordings, models, strategies, single orders. Everything here is the same for both.

Times are ns on the reception clock of the recording, prices in ticks, quantities in the instrument's units.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from connectors.sim import QueueModel

MS = 1_000_000
SECOND = 1_000 * MS

ENTRY_NS, RESPONSE_NS = 6 * MS, 2 * MS  # our defaults, on the reception clock
FEED_NS = 2 * MS  # of which this much is the feed, where the clocks are told apart: either way is 4 ms then
PRINT_LAG_NS = 150 * MS  # our default: how long a print may follow the display that has shown it
MAKER_FEE_PPM = TAKER_FEE_PPM = 1_000

LEAD_NS = 5 * SECOND  # before the first decision: the books are synchronised
TAIL_NS = 1 * SECOND  # after the last one: cancels arrive


@dataclass(frozen=True)
class Recording:
    """One recorded file; quantities as decimals of the base."""

    name: str
    file: str
    quantity: str
    large: str  # of a part of the single orders: more than what is mostly displayed at the touch


RECORDINGS = (
    Recording("spot-btcusdt", "spot-btcusdt_20240808.gz", "0.001", "2"),
    Recording("spot-ethusdt", "spot-ethusdt_20240808.gz", "0.01", "20"),
    Recording("usdm-btcusdt", "usdm-btcusdt_20240808.gz", "0.002", "4"),
)


@dataclass(frozen=True)
class Queue:
    """A queue model under both names: ours with its exponent, hftbacktest's with its parameter (0: none)."""

    name: str
    ours: QueueModel
    shape: int
    theirs: str
    parameter: float


RISK = Queue("risk-averse", QueueModel.RISK_AVERSE, 1, "risk", 0.0)
POWER = Queue("power 2", QueueModel.POWER, 2, "power", 2.0)
QUEUES = (RISK, POWER)

# -- strategies: looked at every STEP_NS of the data's time ---------------------------------------------------------

STEP_NS = 100 * MS
MAKER_TICKS_BEHIND = 0  # the touch
MAKER_LIMIT = 5  # orders' worth of position
TAKER_FAST, TAKER_SLOW = 20, 96  # steps


@dataclass(frozen=True)
class Steps:
    """When strategies act: at `first_ns` and every STEP_NS from there, `count` times; the last one cancels."""

    first_ns: int
    count: int


def steps_of(first_ns: int, last_ns: int) -> Steps:
    """Return the steps between the first and the last event of a recording."""
    start_ns = first_ns + LEAD_NS + 1  # no reception time: they end in hundreds
    return Steps(start_ns, (last_ns - TAIL_NS - start_ns) // STEP_NS)


# -- single orders --------------------------------------------------------------------------------------------------

ORDERS = 2_000
SEED = 1
LIVES_NS = (500 * MS, 2 * SECOND, 10 * SECOND)
# Ticks behind the touch that the ticker shows at the decision, and their shares. -1 crosses a spread of one tick.
BEHIND, SHARES = (-1, 0, 1, 10, 100), (0.05, 0.5, 0.15, 0.15, 0.15)
LARGE_SHARE = 0.2

SCRIPT_DTYPE = np.dtype(
    [
        ("submit_ns", "i8"),
        ("cancel_ns", "i8"),
        ("side", "i8"),
        ("tick", "i8"),
        ("quantity", "i8"),
        ("post_only", "i8"),
        ("behind", "i8"),
    ]
)
Script = npt.NDArray[np.void]


def script_of(touches: npt.NDArray[np.int64], last_ns: int, quantity: int, large: int) -> Script:
    """Draw single orders. `touches` are rows of (time, bid tick, ask tick, ...), ascending; sizes are in units.

    Orders cross the spread as plain limit orders, all others are post-only.
    """
    rng = np.random.default_rng(SEED)
    script = np.zeros(ORDERS, SCRIPT_DTYPE)
    first_ns = int(touches[0, 0]) + LEAD_NS
    until_ns = last_ns - TAIL_NS - max(LIVES_NS)
    script["submit_ns"] = np.sort(rng.integers(first_ns, until_ns, ORDERS))
    script["cancel_ns"] = script["submit_ns"] + rng.choice(LIVES_NS, ORDERS)
    script["side"] = rng.choice((1, -1), ORDERS)
    script["behind"] = rng.choice(BEHIND, ORDERS, p=SHARES)
    script["post_only"] = script["behind"] >= 0
    script["quantity"] = np.where(rng.random(ORDERS) < LARGE_SHARE, large, quantity)
    seen = touches[np.searchsorted(touches[:, 0], script["submit_ns"], side="right") - 1]
    touch = np.where(script["side"] > 0, seen[:, 1], seen[:, 2])
    script["tick"] = touch - script["side"] * script["behind"]
    return script


def source_of(folder: Path, recording: Recording) -> Path:
    """Return where a recording's file is."""
    return folder / "binance" / recording.file
