"""Times of sessions from the library of calendars, and as settings of the simulated venue."""

import importlib
import warnings
from collections.abc import Iterable
from typing import Any

from research.calendars.errors import CalendarsMissing, UnknownCalendar

Span = tuple[int, int]


def sessions_of(calendar: str, first: str, last: str) -> list[Span]:
    """Return (open, close) in ns of every session of an exchange from one date to a later one.

    A day with a break is two spans. Raises CalendarsMissing, UnknownCalendar.
    """
    try:
        library: Any = importlib.import_module("exchange_calendars")
    except ImportError as error:
        raise CalendarsMissing(
            'sessions come from exchange-calendars, which is not installed: pip install "tickerd[calendars]"'
        ) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # between the library and its pandas, none of ours
            found = library.get_calendar(calendar, start=first, end=last)
    except (library.errors.CalendarError, ValueError) as error:
        raise UnknownCalendar(f"no sessions of {calendar!r} from {first} to {last}: {error}") from error
    return spans_of(
        zip(
            found.opens_nanos.tolist(),
            found.break_starts_nanos.tolist(),
            found.break_ends_nanos.tolist(),
            found.closes_nanos.tolist(),
            strict=True,
        )
    )


def spans_of(days: Iterable[tuple[int, int, int, int]]) -> list[Span]:
    """Return the spans of days of (open, break's start, break's end, close); no break has times below 0."""
    spans: list[Span] = []
    for open_ns, break_ns, again_ns, close_ns in days:
        if break_ns > 0:
            spans += [(open_ns, break_ns), (again_ns, close_ns)]
        else:
            spans.append((open_ns, close_ns))
    return spans


def toml_of(calendar: str, spans: Iterable[Span]) -> str:
    """Return the spans as settings of the simulated venue."""
    rows = "".join(f"  [{open_ns}, {close_ns}],\n" for open_ns, close_ns in spans)
    return f'[paper.sim.hours.sessions]\n"{calendar}" = [\n{rows}]\n'
