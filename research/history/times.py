"""Times in text to nanoseconds since 1970, exactly; a time without an offset is UTC."""

import datetime as dt
from typing import Final

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND: Final = dt.timedelta(microseconds=1)
# Whole numbers say their unit by their length; each is good for the years 2001 to 2286.
_NS_BY_DIGITS: Final = {10: 1_000_000_000, 13: 1_000_000, 16: 1_000, 19: 1}


def time_ns(text: str) -> int:
    """Return the time that `text` says, to the microsecond. Raises ValueError.

    ISO 8601 (`2021-12-31 23:01:00.000000`, `2012-02-01T00:00:00+00:00`, `...Z`), or a whole number of seconds,
    milliseconds, microseconds or nanoseconds since 1970.
    """
    if text.isascii() and text.isdigit() and len(text) in _NS_BY_DIGITS:
        return int(text) * _NS_BY_DIGITS[len(text)]
    when = dt.datetime.fromisoformat(text)
    if when.tzinfo is None:
        when = when.replace(tzinfo=dt.UTC)
    return (when - _EPOCH) // _MICROSECOND * 1_000
