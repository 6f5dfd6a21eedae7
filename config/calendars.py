"""Sessions of exchanges by the names of their calendars: holidays, early closes and midday breaks, from the library.

exchange-calendars keeps them for some fifty exchanges by their ISO 10383 codes. It is imported where settings name a
calendar, and nowhere else: what comes of it is a table, part of the settings and of the instrument's definition.
"""

import functools
import importlib
import warnings
from collections.abc import Iterable
from typing import Any

from config.errors import did_you_mean
from core.sessions import Sessions

_TOLD_MAX = 240  # the library names every date that it disagrees with


@functools.lru_cache(maxsize=64)
def sessions_of(calendar: str, first: str, last: str) -> Sessions:
    """Return (open, close) in ns of every session of an exchange from one date to a later one.

    A day with a break is two sessions; sessions without time between them are one. Raises ValueError.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # between the library and its pandas, none of ours
        try:
            library: Any = importlib.import_module("exchange_calendars")
        except ImportError as error:
            raise ValueError(
                f"calendar {calendar!r} needs exchange-calendars, which is missing: pip install exchange-calendars"
            ) from error
        names = library.get_calendar_names(include_aliases=True)
        if calendar not in names:
            raise ValueError(f"there is no calendar {calendar!r}: {did_you_mean(calendar, names)}")
        try:
            found = library.get_calendar(calendar, start=first, end=last)
        except (library.errors.CalendarError, ValueError) as error:
            raise ValueError(f"no sessions of {calendar} from {first} to {last}: {str(error)[:_TOLD_MAX]}") from error
    return spans_of(
        zip(
            found.opens_nanos.tolist(),
            found.break_starts_nanos.tolist(),
            found.break_ends_nanos.tolist(),
            found.closes_nanos.tolist(),
            strict=True,
        )
    )


def spans_of(days: Iterable[tuple[int, int, int, int]]) -> Sessions:
    """Return the spans of days of (open, break's start, break's end, close); no break has times below 0."""
    spans: list[tuple[int, int]] = []
    for open_ns, break_ns, again_ns, close_ns in days:
        day = [(open_ns, break_ns), (again_ns, close_ns)] if break_ns > 0 else [(open_ns, close_ns)]
        if spans and spans[-1][1] == day[0][0]:  # 24/7, and futures that trade through midnight
            day[0] = (spans.pop()[0], day[0][1])
        spans += day
    return tuple(spans)
