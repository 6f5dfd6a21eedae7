"""The data that all engines are given: seeded, synthetic, written once as .npy under var/peers/data.

Quotes and bars are random walks. The depth events come from a book that is really kept: orders are added and cancelled
around the touch, trades consume it, a level that empties moves the touch.
"""

from pathlib import Path

import numba
import numpy as np
from numpy.typing import NDArray

from tests.bench.peers.engines.scenario import DEPTH, TRADE

QUOTES, BARS, EVENTS = 2_000_000, 250_000, 3_000_000
EDITION = 1  # another one whenever the data would differ

START_NS = 1_750_032_000_000_000_000  # a whole minute and a whole day
SEED = 20_250_616

# Prices in cents, quantities in thousandths.
QUOTE = np.dtype([("ts_ns", "i8"), ("bid", "i8"), ("bid_quantity", "i8"), ("ask", "i8"), ("ask_quantity", "i8")])
# `ts_ns` is when the bar opens; it is known a minute later.
BAR = np.dtype([("ts_ns", "i8"), ("open", "i8"), ("high", "i8"), ("low", "i8"), ("close", "i8"), ("volume", "i8")])
# One level's new quantity, or a trade; `side` is +1 for bids and for buyers who take. In ticks and lots.
EVENT = np.dtype([("ts_ns", "i8"), ("kind", "i8"), ("side", "i8"), ("price", "i8"), ("quantity", "i8")])

PRICE = 6_000_000
MINUTE_NS = 60_000_000_000

TICKS = 600_000
GRID = 1 << 17  # prices that the book can reach, half of them above the start
LEVELS = 40  # a side at the start
FAR = 30  # levels from the touch within which orders come and go
SPREAD_MAX = 6

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def prepare(root: Path, scale: float) -> Path:
    """Return the folder with `quotes.npy`, `bars.npy` and `events.npy` of this scale, written if it is not there."""
    folder = root / f"edition-{EDITION}-scale-{scale:g}"
    made = {
        "quotes": lambda: quotes(int(QUOTES * scale)),
        "bars": lambda: bars(int(BARS * scale)),
        "events": lambda: events(int(EVENTS * scale)),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in made.items():
        path = folder / f"{name}.npy"
        if not path.exists():
            partial = folder / f"{name}.partial.npy"
            np.save(partial, make())
            partial.rename(path)
    return folder


def quotes(count: int) -> NDArray[np.void]:
    """Return `count` quotes a few milliseconds apart, the mid a random walk of a few cents a quote."""
    chance = np.random.default_rng(SEED)
    rows = np.zeros(count, QUOTE)
    rows["ts_ns"] = START_NS + np.cumsum(chance.integers(200_000, 5_000_000, count))
    rows["bid"] = PRICE + np.cumsum(chance.integers(-3, 4, count))
    rows["ask"] = rows["bid"] + chance.integers(1, 4, count)
    rows["bid_quantity"] = chance.integers(1, 5_000, count)
    rows["ask_quantity"] = chance.integers(1, 5_000, count)
    return rows


def bars(count: int) -> NDArray[np.void]:
    """Return `count` bars of a minute without a gap, each opening where the last one closed."""
    chance = np.random.default_rng(SEED + 1)
    rows = np.zeros(count, BAR)
    rows["ts_ns"] = START_NS + np.arange(count) * MINUTE_NS
    rows["close"] = PRICE + np.cumsum(chance.integers(-2_000, 2_001, count))
    rows["open"][0] = PRICE
    rows["open"][1:] = rows["close"][:-1]
    rows["high"] = np.maximum(rows["open"], rows["close"]) + chance.integers(0, 1_000, count)
    rows["low"] = np.minimum(rows["open"], rows["close"]) - chance.integers(0, 1_000, count)
    rows["volume"] = chance.integers(1_000, 50_000, count)
    return rows


def events(count: int) -> NDArray[np.void]:
    """Return `count` depth changes and trades, the first of them the book as it is at the start."""
    chance = np.random.default_rng(SEED + 2)
    columns = np.zeros((5, count), np.int64)
    _evolve(columns, chance.integers(100_000, 1_725_000, count), chance.random((count, 4)))
    rows = np.zeros(count, EVENT)
    for name, column in zip(("ts_ns", "kind", "side", "price", "quantity"), columns, strict=True):
        rows[name] = column
    return rows


@numba.njit()
def _evolve(columns: Ints, gaps_ns: Ints, draws: Floats) -> None:  # pragma: no cover - compiled
    """Fill the columns with what happens to a book of two sides over `gaps_ns`, decided by `draws` from [0, 1)."""
    times, kinds, sides, prices, quantities = columns
    book = np.zeros((2, GRID), np.int64)  # bids, asks: lots at each price
    best = np.array([GRID // 2 - 1, GRID // 2])
    count, row, step, now_ns = len(times), 0, 0, START_NS
    for level in range(LEVELS):
        for which in range(2):
            if row == count:
                return
            sign = 1 - 2 * which
            book[which, best[which] - sign * level] = 500 + 100 * level
            times[row], kinds[row], sides[row] = now_ns, DEPTH, sign
            prices[row] = TICKS - GRID // 2 + best[which] - sign * level
            quantities[row] = 500 + 100 * level
            row += 1
    while row < count:
        now_ns += gaps_ns[step]
        what, toss, where, size = draws[step]
        step += 1
        which = 0 if toss < 0.5 else 1
        sign, there, spread = 1 - 2 * which, best[which], best[1] - best[0]
        lots = 1 + np.int64(size * size * 2_000)
        if what < 0.12:  # somebody takes from this side
            lots = min(lots, book[which, there])
            times[row], kinds[row], sides[row] = now_ns, TRADE, -sign
            prices[row], quantities[row] = TICKS - GRID // 2 + there, lots
            row += 1
            if row == count:
                return
            left = book[which, there] - lots
        elif what < 0.35 and spread > 1:  # somebody improves on the touch
            there += sign
            left = lots
        else:
            there -= sign * np.int64(FAR * where * where)
            left = book[which, there]
            left = left + lots if toss < 0.24 or 0.5 <= toss < 0.74 or not left else max(0, left - 2 * lots)
            if not left and there == best[which] and spread >= SPREAD_MAX:
                left = lots
        book[which, there] = left
        if left and (there - best[which]) * sign > 0:
            best[which] = there
        while not book[which, best[which]]:
            best[which] -= sign
        times[row], kinds[row], sides[row] = now_ns, DEPTH, sign
        prices[row], quantities[row] = TICKS - GRID // 2 + there, left
        row += 1
