"""Times of sessions from the library of calendars, and as settings of the simulated venue."""

from collections.abc import Iterable

from config import calendars
from core.sessions import Sessions
from research.calendars.errors import UnknownCalendar


def sessions_of(calendar: str, first: str, last: str) -> Sessions:
    """Return (open, close) in ns of every session of an exchange from one date to a later one. Raises UnknownCalendar.

    See `config.calendars`, which settings use as well: `calendar = "XNYS"` in `[hours]` says the same in three lines.
    """
    try:
        return calendars.sessions_of(calendar, first, last)
    except ValueError as error:
        raise UnknownCalendar(str(error)) from error


def toml_of(calendar: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return the spans as settings of the simulated venue."""
    rows = "".join(f"  [{open_ns}, {close_ns}],\n" for open_ns, close_ns in spans)
    return f'[paper.sim.hours.sessions]\n"{calendar}" = [\n{rows}]\n'
