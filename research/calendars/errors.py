"""Every error that making tables of sessions raises.

CalendarError
├── CalendarsMissing   the library of calendars is not installed
└── UnknownCalendar    it has no sessions of that name between these dates
"""


class CalendarError(Exception):
    """Root of this package's errors."""


class CalendarsMissing(CalendarError):
    """The library that knows the sessions is not installed."""


class UnknownCalendar(CalendarError):
    """The library knows no such calendar, or not these dates of it."""
