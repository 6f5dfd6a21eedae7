"""A made-up market for benchmarks: a slow wave with noise, so that averages cross about as often as asked for."""

import gzip
import math
from pathlib import Path

from core.instruments import AssetClass, Instrument
from core.records import Event, Kind
from core.rng import Rng

BTC = Instrument(
    symbol="BTCUSDT",
    venue="BINANCE",
    asset_class=AssetClass.CRYPTO_SPOT,
    base="BTC",
    quote="USDT",
    price_precision=2,
    size_precision=8,
    tick=1,
    lot=1000,
)
START_NS = 1_750_000_000_000_000_000
STEP_NS = 1_000_000


def prices(count: int, waves: int) -> list[int]:
    """Return `count` bid prices in cents whose trend turns 2 x `waves` times."""
    rng, turn = Rng(1), 2 * math.pi * waves / count
    return [6_000_000 + int(50_000 * math.sin(number * turn)) + rng.below(7) for number in range(count)]


def quotes(count: int, waves: int) -> list[Event]:
    """Return quote events a millisecond apart."""
    return [
        (Kind.QUOTE, 0, 0, START_NS + number * STEP_NS, 0, price, 10**8, price + 1, 10**8, number + 1)
        for number, price in enumerate(prices(count, waves), start=1)
    ]


def write_frames(path: Path, count: int, step_ns: int) -> None:
    """Write bookTicker frames as a recording, for the embedded venue to serve."""
    with gzip.open(path, "wt", compresslevel=1) as file:
        for number, price in enumerate(prices(count, 100), start=1):
            bid, ask = f"{price / 100:.2f}000000", f"{(price + 1) / 100:.2f}000000"
            file.write(
                f'{START_NS + number * step_ns} {{"stream":"btcusdt@bookTicker","data":{{"u":{number},"s":"BTCUSDT",'
                f'"b":"{bid}","B":"3.78826000","a":"{ask}","A":"1.54698000"}}}}\n'
            )
