"""What the tests of histories share: instruments, small files, histories of them."""

import gzip
from collections.abc import Iterable
from pathlib import Path

from core.instruments import AssetClass, Instrument
from core.records import Event, Kind
from research.history.head import Origin
from research.history.reader import open_history
from research.history.writing import HistoryWriter

SECOND = 1_000_000_000
MINUTE = 60 * SECOND


def instrument(symbol: str = "GBPUSD", venue: str = "FXCM", price: int = 5, size: int = 2) -> Instrument:
    return Instrument(
        symbol=symbol,
        venue=venue,
        asset_class=AssetClass.FX,
        base=symbol[:3],
        quote="USD",
        price_precision=price,
        size_precision=size,
        tick=1,
        lot=1,
    )


SPY = instrument("SPY", "ARCA", price=4, size=0)


def write_gz(path: Path, lines: Iterable[str]) -> Path:
    path.write_bytes(gzip.compress("\n".join((*lines, "")).encode()))
    return path


def quotes(count: int, start_ns: int = SECOND) -> list[Event]:
    return [(int(Kind.QUOTE), 0, 0, start_ns + n, 0, 100 + n % 7, 10, 110 + n % 7, 10, n) for n in range(count)]


def write_history(out: Path, events: Iterable[Event], segment_bytes: int = 1 << 20) -> Path:
    with HistoryWriter(out, Origin(kind="test"), segment_bytes=segment_bytes) as history:
        history.begin((instrument(),), SECOND)
        history.extend(events)
    return out


def read(folder: Path, *kinds: Kind) -> list[Event]:
    """Return the events of these kinds, of all where none is named."""
    with open_history(folder) as history:
        return [event for event in history.events() if not kinds or event[0] in kinds]
