"""US equity trades in CSV (plain, .gz or .zip) to a history.

A line is `ms since midnight New York, price x 10,000, size, exchange, sale conditions (hex), suspicious`, no header:
the layout of QuantConnect's Lean. Trades that set no price (`sale_conditions`) and suspicious ones are kept, flagged
NOT_MARKET: recorded, never traded on. The file has no ids: a trade's id is its line.

The tape does not say who took. The tick test does: a trade above the last different price was a buyer's, one below it a
seller's (C. Lee and M. Ready, "Inferring Trade Direction from Intraday Data", Journal of Finance 46, 1991, section II).
"""

import datetime as dt
import re
import zoneinfo
from collections.abc import Iterator
from pathlib import Path

import msgspec

from core.instruments import Instrument
from core.records import NOT_MARKET, SELL_AGGRESSOR, Event, Kind
from journal.progress import Progress
from research.history.errors import BadInput
from research.history.rows import Rows
from research.history.sale_conditions import CONDITIONS_MAX, sets_price
from research.history.writing import HistoryWriter

EXCHANGES = {
    "A": "NYSE American",
    "B": "Nasdaq BX",
    "C": "NYSE National",
    "D": "FINRA ADF and TRF (off exchange)",
    "E": "market independent",
    "H": "MIAX",
    "I": "Nasdaq ISE",
    "J": "Cboe EDGA",
    "K": "Cboe EDGX",
    "L": "LTSE",
    "M": "NYSE Chicago",
    "N": "NYSE",
    "P": "NYSE Arca",
    "Q": "Nasdaq",
    "S": "CTS itself",
    "T": "Nasdaq (tapes A and B)",
    "U": "MEMX",
    "V": "IEX",
    "W": "CBOE",
    "X": "Nasdaq PSX",
    "Y": "Cboe BYX",
    "Z": "Cboe BZX",
}
"""The participants' letters on the consolidated tapes."""

_TRADE = int(Kind.TRADE)
_NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
_DAY_MS = 24 * 3_600_000
_FILE_DECIMALS = 4
_DATE = re.compile(r"(?<!\d)(\d{4})(\d{2})(\d{2})(?!\d)")
_TELL_EVERY = 4096


class TradesSource(msgspec.Struct, frozen=True, kw_only=True, tag="trades"):
    """One file of one day's trades.

    `date` (YYYY-MM-DD) is that in the file's name where it is empty. `exchanges`: letters of EXCHANGES whose trades are
    taken, all where it is empty. `extended_hours`: count Form T trades as trades of the market.
    """

    file: str
    instrument: Instrument
    date: str = ""
    exchanges: tuple[str, ...] = ()
    extended_hours: bool = False

    @property
    def files(self) -> tuple[str, ...]:
        """The files read."""
        return (self.file,)


def import_trades(source: TradesSource, history: HistoryWriter, progress: Progress | None = None) -> None:
    """Write the trades. Raises BadInput, JournalError."""
    if source.instrument.price_precision < _FILE_DECIMALS:
        found = f"{source.instrument.id} with {source.instrument.price_precision}"
        raise BadInput(source.file, 0, expected=f"an instrument of at least {_FILE_DECIMALS} decimals", found=found)
    rows = Rows(Path(source.file))
    events = _Reader(source, rows, history).events()
    first = next(events, None)
    if first is None:
        return
    history.begin((source.instrument,), first[3])
    history.add(first)
    history.extend(_told(events, rows, progress))
    if progress is not None:
        progress(rows.size, rows.size)


def _told(events: Iterator[Event], rows: Rows, progress: Progress | None) -> Iterator[Event]:
    """Yield the events, telling how far the file was read."""
    for number, event in enumerate(events):
        yield event
        if progress is not None and number % _TELL_EVERY == 0:
            progress(rows.done, rows.size)


class _Reader:
    """Lines to TRADE events, with the tick test's memory."""

    def __init__(self, source: TradesSource, rows: Rows, history: HistoryWriter) -> None:
        self._rows = rows
        self._left_out = history.left_out
        self._exchanges = frozenset(source.exchanges or EXCHANGES)
        unknown = sorted(self._exchanges - EXCHANGES.keys())
        if unknown:
            raise self._bad(0, f"exchanges among {''.join(EXCHANGES)}", "".join(unknown))
        self._extended_hours = source.extended_hours
        self._price_factor = 10 ** (source.instrument.price_precision - _FILE_DECIMALS)
        self._size_factor = int(10**source.instrument.size_precision)
        self._midnight_ns = self._midnight(source.date)
        self._last_price = 0
        self._aggressor = 0

    def events(self) -> Iterator[Event]:
        """Yield the TRADE of each line that is taken."""
        last_ms = 0
        for line, fields in self._rows:
            try:
                ms, price, size = int(fields[0]), int(fields[1]), int(fields[2])
                _, _, _, exchange, conditions_text, suspicious = fields
                conditions = int(conditions_text, 16)
            except ValueError as error:
                expected = "ms, price, size, exchange, conditions, suspicious"
                raise self._bad(line, expected, ",".join(fields)[:80]) from error
            if not last_ms <= ms < _DAY_MS:
                raise self._bad(line, f"ms of the day, not before {last_ms}", fields[0])
            if price <= 0 or size <= 0:
                raise self._bad(line, "a price and a size above zero", f"{price}, {size}")
            if exchange not in EXCHANGES:
                raise self._bad(line, f"an exchange of {''.join(EXCHANGES)}", repr(exchange))
            if not 0 <= conditions <= CONDITIONS_MAX or suspicious not in {"0", "1"}:
                raise self._bad(line, "32 bits of conditions, suspicious 0 or 1", f"{conditions_text}, {suspicious}")
            last_ms = ms
            if exchange not in self._exchanges:
                self._left_out[f"trades on {EXCHANGES[exchange]}"] += 1
                continue
            is_market = suspicious == "0" and sets_price(conditions, extended_hours=self._extended_hours)
            yield self._event(line, ms, price, size, is_market=is_market)

    def _event(self, line: int, ms: int, price: int, size: int, *, is_market: bool) -> Event:
        """Return one trade; only those of the market move the tick test."""
        flags = self._aggressor
        if not is_market:
            flags |= NOT_MARKET
        elif price != self._last_price:
            if self._last_price:
                flags = self._aggressor = SELL_AGGRESSOR if price < self._last_price else 0
            self._last_price = price
        at_ns = self._midnight_ns + ms * 1_000_000
        return (_TRADE, flags, 0, at_ns, at_ns, price * self._price_factor, size * self._size_factor, line, 0, 0)

    def _midnight(self, text: str) -> int:
        """Return the day's midnight on the clock that its trading hours have.

        New York changes its clock on Sundays at 02:00, when no US equity trades, so noon's offset is the day's.
        """
        named = _DATE.search(self._rows.member) or _DATE.search(self._rows.path.name)
        try:
            day = dt.date.fromisoformat(text or ("-".join(named.groups()) if named else ""))
        except ValueError as error:
            found = repr(text) if text else f"none in {self._rows.member}"
            raise self._bad(0, "a date (YYYY-MM-DD, or YYYYMMDD in the file's name)", found) from error
        noon = dt.datetime.combine(day, dt.time(12), _NEW_YORK)
        return (int(noon.timestamp()) - 12 * 3_600) * 1_000_000_000

    def _bad(self, line: int, expected: str, found: str) -> BadInput:
        return BadInput(self._rows.path, line, expected=expected, found=found)
