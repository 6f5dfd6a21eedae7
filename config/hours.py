"""`[hours.NAME]`: when instruments are traded, made into tables of sessions in ns before anything runs.

The core reads no clock, no time zone and no calendar; it is handed the table with the instrument. Zones and their
changes come from the machine's zone data (`zoneinfo`), here alone, and exchanges' holidays from `config.calendars`.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from config.calendars import sessions_of
from core.instruments import Instrument
from core.sessions import Sessions, check_sessions

DateText = Annotated[str, Meta(pattern=r"^(\d{4}-\d\d-\d\d)?$", description="a date such as 2024-11-28")]
HourText = Annotated[str, Meta(pattern=r"^\d\d:\d\d(:\d\d)?$", description="a local time such as 09:30")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_DAY = dt.timedelta(days=1)
_SECOND_NS = 1_000_000_000


class HoursTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sessions of one instrument (`BTCUSDT.BINANCE`) or of one calendar, an instrument's `calendar`. Raises ValueError.

    Either `sessions`, rows of (open, close) in ns, rising; or `daily` rows of local times in `time_zone`, on every one
    of `weekdays` from `first` to `last` but the `holidays`. A row that ends before it begins ends on the next day. Or
    `calendar`, an exchange's by its ISO 10383 code (`XNYS`), from `first` to `last`: what it says is put into
    `sessions`, so that settings once read, and whatever was recorded with them, need no calendar any more.
    """

    sessions: tuple[tuple[int, int], ...] = ()
    daily: tuple[tuple[HourText, HourText], ...] = ()
    time_zone: str = ""
    weekdays: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri")
    first: DateText = ""
    last: DateText = ""
    holidays: tuple[DateText, ...] = ()
    calendar: str = ""

    def __post_init__(self) -> None:
        """Look a calendar up; refuse what makes no table."""
        if self.calendar:
            if not (self.first and self.last) or self.daily or self.time_zone or self.holidays:
                raise ValueError("calendar goes with first and last, the dates that its table is made for, and no more")
            if not self.sessions:
                msgspec.structs.force_setattr(self, "sessions", sessions_of(self.calendar, self.first, self.last))
        elif bool(self.sessions) == bool(self.daily):
            raise ValueError("give sessions, rows of (open, close) in ns, or daily hours or a calendar, and not both")
        if self.daily and not (self.time_zone and self.first and self.last):
            raise ValueError("daily hours go with time_zone, and with first and last, the dates that they are made for")
        if self.sessions and not self.calendar and (self.time_zone or self.first or self.last or self.holidays):
            raise ValueError("sessions in ns stand for themselves: leave time_zone, first, last and holidays to daily")
        table = self.table()
        if wrong := check_sessions(table):
            raise ValueError(wrong)
        if not table:
            raise ValueError(f"no session from {self.first} to {self.last}: look at the dates, weekdays and holidays")

    def table(self) -> Sessions:
        """Return the sessions in ns. Raises ValueError for dates, times and zones that there are not."""
        return self.sessions or tuple(self._spans())

    def _spans(self) -> Iterator[tuple[int, int]]:
        """Yield the sessions of daily hours."""
        zone = _zone(self.time_zone)
        hours = [(dt.time.fromisoformat(begin), dt.time.fromisoformat(end)) for begin, end in self.daily]
        holidays = {dt.date.fromisoformat(each) for each in self.holidays}
        day, last = dt.date.fromisoformat(self.first), dt.date.fromisoformat(self.last)
        if (last - day).days > dt.timedelta(days=36_525).days:
            raise ValueError(f"from {self.first} to {self.last} is more than a hundred years: give the dates traded")
        while day <= last:
            if _WEEKDAYS[day.weekday()] in self.weekdays and day not in holidays:
                for begin, end in hours:
                    after = day + _DAY if end <= begin else day
                    yield _ns(day, begin, zone), _ns(after, end, zone)
            day += _DAY


def tables_of(hours: Mapping[str, HoursTable]) -> dict[str, Sessions]:
    """Return the table of sessions of each name."""
    return {name: each.table() for name, each in hours.items()}


def with_sessions(instrument: Instrument, tables: Mapping[str, Sessions]) -> Instrument:
    """Return an instrument with its table of sessions, its own or its calendar's, as it is where there is none."""
    table = tables.get(instrument.id) or tables.get(instrument.calendar)
    return instrument if table is None else msgspec.structs.replace(instrument, sessions=table)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (LookupError, OSError, ValueError) as error:
        why = "give a name such as America/New_York; where the machine has no zone data, install tzdata"
        raise ValueError(f"time_zone {name!r} is not known here: {why}") from error


def _ns(day: dt.date, time: dt.time, zone: ZoneInfo) -> int:
    """Return a local time in ns: of one that comes twice the first, of one that is left out as before the change."""
    since = dt.datetime.combine(day, time, tzinfo=zone) - _EPOCH
    return (since.days * 86_400 + since.seconds) * _SECOND_NS
