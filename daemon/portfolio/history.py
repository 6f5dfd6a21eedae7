"""Bars of every factor's price, collected from snapshots, kept in a file over restarts, seeded from CSV.

The close of a bar is the last price seen within it. The bar under way is no bar yet. What was not priced in a bar has
none there: nothing is carried forward.
"""

import csv
import gzip
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import msgspec
import numpy as np

from daemon.errors import UsageError
from risk.portfolio.returns import Prices

_TIMES = ("time_ns", "timestamp", "time", "open_time", "date", "datetime")
_KLINE_OPEN_TIME, _KLINE_CLOSE = 0, 4  # Binance's public kline files, which have no header
_UNITS = ((10**17, 1), (10**14, 1_000), (10**11, 1_000_000), (0, 1_000_000_000))  # ns, us, ms, s by magnitude


class Kept(msgspec.Struct, frozen=True):
    """One line of the file: a bar's number (its start over the bar's length) and what closed in it."""

    bar: int
    bar_ns: int
    closes: dict[str, float]


class History:
    """Closes by factor and bar; at most `window` + 1 bars each, for so many closes make `window` returns."""

    def __init__(self, bar_ns: int, window: int, file: Path | None = None) -> None:
        """Read what `file` has of bars of this length; a line that cannot be read (a torn last one) is passed over."""
        self.bar_ns = bar_ns
        self.skipped = 0
        self._most = window + 1
        self._closes: dict[str, dict[int, float]] = {}
        self._now: tuple[int, dict[str, float]] | None = None
        self._file = file
        if file is not None and file.exists():
            self._read(file)

    def add(self, time_ns: int, prices: Mapping[str, float]) -> None:
        """Take the prices of one time; a bar that this time ends is kept. Raises OSError."""
        bar = time_ns // self.bar_ns
        if self._now is not None and bar > self._now[0]:
            self._end()
        if self._now is None:
            self._now = (bar, {})
        self._now[1].update({name: price for name, price in prices.items() if price > 0.0})

    def seed(self, name: str, path: Path) -> int:
        """Take bars of one factor from a CSV file, where there are none yet; return how many. Raises UsageError."""
        taken = 0
        closes = self._closes.setdefault(name, {})
        known = dict(closes)
        for time_ns, close in read_bars(path):
            bar = time_ns // self.bar_ns
            if bar not in known and close > 0.0:
                closes[bar] = close
                taken += 1
        self._closes[name] = dict(sorted(closes.items()))
        self._trim(name)
        return taken

    def prices(self) -> dict[str, Prices]:
        """Return every factor's history; a bar's time is its end."""
        return {
            name: Prices(
                (np.fromiter(closes, np.int64, len(closes)) + 1) * self.bar_ns,
                np.fromiter(closes.values(), np.float64, len(closes)),
            )
            for name, closes in self._closes.items()
            if closes
        }

    def _end(self) -> None:
        """Keep the bar under way."""
        assert self._now is not None
        bar, closes = self._now
        self._now = None
        self._take(bar, closes)
        if self._file is not None and closes:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("ab") as out:
                out.write(msgspec.json.encode(Kept(bar, self.bar_ns, closes)) + b"\n")

    def _take(self, bar: int, closes: Mapping[str, float]) -> None:
        for name, close in closes.items():
            own = self._closes.setdefault(name, {})
            if not own or bar > next(reversed(own)):
                own[bar] = close
                self._trim(name)

    def _trim(self, name: str) -> None:
        own = self._closes[name]
        for bar in list(own)[: max(0, len(own) - self._most)]:
            del own[bar]

    def _read(self, file: Path) -> None:
        """Take the bars of the file; written anew where most of it is too old to be kept. Raises OSError."""
        lines = file.read_bytes().splitlines()
        kept = []
        for line in lines:
            try:
                each = msgspec.json.decode(line, type=Kept)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                self.skipped += 1
                continue
            if each.bar_ns == self.bar_ns:
                self._take(each.bar, each.closes)
                kept.append(line)
        torn = bool(lines) and not file.read_bytes().endswith(b"\n")
        if len(lines) > 2 * self._most or self.skipped or torn:
            aside = file.with_name(file.name + ".new")
            aside.write_bytes(b"".join(line + b"\n" for line in kept[-self._most :]))
            aside.replace(file)


def read_bars(path: Path) -> Iterator[tuple[int, float]]:
    """Yield (opening time in ns, close) of a CSV file of bars, plain or gzip. Raises UsageError.

    With a header: a column of time (a number in s, ms, us or ns, or ISO text in UTC) and one called close. Without:
    the venue's kline files, opening time first and close fifth.
    """
    try:
        with _opened(path) as text:
            rows = csv.reader(text)
            first = next(rows, None)
            if first is None:
                return
            names = [name.strip().lower() for name in first]
            at, close = _KLINE_OPEN_TIME, _KLINE_CLOSE
            if "close" in names:
                at = next((names.index(name) for name in _TIMES if name in names), 0)
                close = names.index("close")
            else:
                yield _time_ns(first[at]), float(first[close])
            for row in rows:
                yield _time_ns(row[at]), float(row[close])
    except (OSError, ValueError, IndexError, UnicodeDecodeError, csv.Error, EOFError) as error:
        raise UsageError(
            f"[portfolio.seed_files] {path}: {error}; a CSV of bars is needed, with the columns timestamp and close"
        ) from error


def _opened(path: Path) -> IO[str]:
    """Return the file's text."""
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _time_ns(text: str) -> int:
    """Return a time as ns; a number says its unit by its size."""
    if text.strip().isdigit():
        number = int(text)
        return number * next(scale for least, scale in _UNITS if number >= least)
    moment = datetime.fromisoformat(text.strip())
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000
