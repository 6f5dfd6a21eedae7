"""Bars in CSV to a history: one file, or a file of bids and one of asks as FX brokers give them.

A bar is known when it is closed: `recv_ns` is its closing time, `venue_ns` its opening time, the flags its interval's
place in `core.bars.VENUE_INTERVALS`.

A pair of bid and ask files also gives a QUOTE at each close: bid and ask are the two closes, so the market stands half
the real spread on either side of their middle when the bar is told (the quote comes first, at the same time). The BAR
is that of one side, bids unless `bars_of` says asks: as FX charts are drawn, and exact, where a mean of two highs would
be no price that ever was. Bars tell no sizes, so each quote offers `quote_quantity`, which is an assumption.
"""

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Literal

import msgspec

from connectors.binance.parse import Units
from core.bars import VENUE_INTERVALS, VENUE_STEPS_NS, venue_interval
from core.decimals import plain
from core.errors import PrecisionError
from core.instruments import Instrument
from core.records import Event, Kind
from journal.progress import Progress
from research.history.errors import BadInput
from research.history.rows import Rows
from research.history.times import time_ns
from research.history.writing import HistoryWriter

_BAR = int(Kind.BAR)
_QUOTE = int(Kind.QUOTE)
_TELL_EVERY = 4096
_PRICES = ("open", "high", "low", "close")
_TIME_NAMES = ("timestamp", "time", "date", "datetime", "open_time")


class BarsSource(msgspec.Struct, frozen=True, kw_only=True, tag="bars"):
    """A CSV file (plain, .gz or .zip) with a header: timestamp, open, high, low, close and perhaps volume.

    With `ask_file`, `file` holds bids; minutes that only one of them has are left out. `interval` is one of
    `core.bars.VENUE_INTERVALS`; `stamps` says whether a line's timestamp is its bar's opening or closing time. A
    volume finer than the instrument's units is refused, unless `volume` is "rounded" (half to even): vendors write sums
    of floats. Prices are exact always.
    """

    file: str
    instrument: Instrument
    interval: str = "1m"
    ask_file: str = ""
    stamps: Literal["open", "close"] = "open"
    bars_of: Literal["bid", "ask"] = "bid"
    quote_quantity: str = "1000000"
    volume: Literal["exact", "rounded"] = "exact"

    @property
    def files(self) -> tuple[str, ...]:
        """The files read."""
        return (self.file, self.ask_file) if self.ask_file else (self.file,)


class _Bar(msgspec.Struct, gc=False):
    """One line: prices and volume in the instrument's units."""

    line: int
    open_ns: int
    open: int
    high: int
    low: int
    close: int
    volume: int


def import_bars(source: BarsSource, history: HistoryWriter, progress: Progress | None = None) -> None:
    """Write the bars. Raises BadInput, JournalError."""
    if source.interval not in VENUE_INTERVALS[1:]:
        raise BadInput(
            source.file, 0, expected=f"an interval of {', '.join(VENUE_INTERVALS[1:])}", found=source.interval
        )
    step_ns = VENUE_STEPS_NS[VENUE_INTERVALS.index(source.interval)]
    bars = _BarFile(Path(source.file), source, step_ns)
    events = bars.events() if not source.ask_file else _paired(bars, source, step_ns, history)
    first = next(events, None)
    if first is None:
        return
    history.begin((source.instrument,), first[3])
    history.add(first)
    history.extend(_told(events, bars.rows, progress))
    if progress is not None:
        progress(bars.rows.size, bars.rows.size)


def _told(events: Iterator[Event], rows: Rows, progress: Progress | None) -> Iterator[Event]:
    """Yield the events, telling how far the file was read."""
    for number, event in enumerate(events):
        yield event
        if progress is not None and number % _TELL_EVERY == 0:
            progress(rows.done, rows.size)


def _paired(bids: "_BarFile", source: BarsSource, step_ns: int, history: HistoryWriter) -> Iterator[Event]:
    """Yield a quote and a bar for each minute that both files have."""
    asks = _BarFile(Path(source.ask_file), source, step_ns)
    quantity = source.instrument.quantity(source.quote_quantity)
    of_bids, of_asks = iter(bids), iter(asks)
    bid, ask = next(of_bids, None), next(of_asks, None)
    number, spread = 0, source.instrument.tick
    while bid is not None and ask is not None:
        if bid.open_ns != ask.open_ns:
            history.left_out["bars of one side only"] += 1
            if bid.open_ns < ask.open_ns:
                bid = next(of_bids, None)
            else:
                ask = next(of_asks, None)
            continue
        number += 1
        close_ns = bid.open_ns + step_ns
        if ask.close > bid.close:
            below, spread = bid.close, ask.close - bid.close
        else:
            history.left_out["spreads of closes that cross"] += 1
            below = (bid.close + ask.close - spread) // 2
        yield (_QUOTE, 0, 0, close_ns, close_ns, below, quantity, below + spread, quantity, number)
        yield _event(bid if source.bars_of == "bid" else ask, step_ns)
        bid, ask = next(of_bids, None), next(of_asks, None)
    rest = sum(1 for _ in of_bids) + sum(1 for _ in of_asks) + (bid is not None) + (ask is not None)
    if rest:
        history.left_out["bars of one side only"] += rest


def _event(bar: _Bar, step_ns: int) -> Event:
    """Return the BAR of a line."""
    closes_ns = bar.open_ns + step_ns
    return (
        _BAR, venue_interval(step_ns), 0, closes_ns, bar.open_ns, bar.open, bar.high, bar.low, bar.close, bar.volume,
    )  # fmt: skip


class _BarFile:
    """The bars of one file, each checked: `low <= open, close <= high`, opening times in order, none overlapping."""

    def __init__(self, path: Path, source: BarsSource, step_ns: int) -> None:
        self.rows = Rows(path)
        self._step_ns = step_ns
        self._shift_ns = step_ns if source.stamps == "close" else 0
        self._prices = Units(source.instrument.price_precision, 1)
        self._quantities = Units(source.instrument.size_precision, 0)
        self._rounded_to = source.instrument.size_precision if source.volume == "rounded" else -1

    def events(self) -> Iterator[Event]:
        """Yield the BAR of each line."""
        return (_event(bar, self._step_ns) for bar in self)

    def __iter__(self) -> Iterator[_Bar]:
        with closing(iter(self.rows)) as lines:  # a line that is refused leaves no file open
            line, header = next(lines, (0, []))
            columns = self._columns(line, header)
            last_ns = -self._step_ns
            for line, fields in lines:
                bar = self._bar(line, fields, columns)
                if bar.open_ns < last_ns + self._step_ns:
                    raise self._bad(line, "a bar after the one before it", f"{fields[columns[0]]}, which overlaps it")
                last_ns = bar.open_ns
                yield bar

    def _columns(self, line: int, header: list[str]) -> list[int]:
        """Return where time, four prices and perhaps volume stand."""
        names = [name.strip().lower() for name in header]
        time_name = next((name for name in _TIME_NAMES if name in names), "")
        wanted = [time_name, *_PRICES]
        if not all(name in names for name in wanted):
            raise self._bad(
                line or 1, f"a header naming timestamp, {', '.join(_PRICES)}", ",".join(header)[:80] or "none"
            )
        return [names.index(name) for name in wanted] + ([names.index("volume")] if "volume" in names else [])

    def _bar(self, line: int, fields: list[str], columns: list[int]) -> _Bar:
        """Return one line's bar."""
        if len(fields) <= max(columns):
            raise self._bad(line, f"at least {max(columns) + 1} fields", f"{len(fields)}")
        text = [fields[column] for column in columns]
        prices = self._prices
        try:
            opened, high, low, close = prices[text[1]], prices[text[2]], prices[text[3]], prices[text[4]]
            volume = self._volume(text[5]) if len(text) > 5 else 0
            open_ns = time_ns(text[0]) - self._shift_ns
        except PrecisionError as error:
            expected = "numbers that the instrument's units hold (a volume can be rounded)"
            raise self._bad(line, expected, str(error)) from error
        except ValueError as error:
            raise self._bad(line, "a time such as 2012-02-01 00:00:00+00:00", repr(text[0])) from error
        if not low <= min(opened, close) <= max(opened, close) <= high:
            raise self._bad(line, "low <= open, close <= high", ",".join(text[1:5]))
        return _Bar(line, open_ns, opened, high, low, close, volume)

    def _volume(self, text: str) -> int:
        """Return a volume in units. Raises PrecisionError."""
        if self._rounded_to >= 0:
            text = f"{Decimal(plain(text)):.{self._rounded_to}f}"
        return self._quantities[text]

    def _bad(self, line: int, expected: str, found: str) -> BadInput:
        return BadInput(self.rows.path, line, expected=expected, found=found)
