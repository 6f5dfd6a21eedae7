"""Every error that making tables of sessions raises.

CalendarError
└── UnknownCalendar    there are no sessions of that name between these dates, or no library that knows them
"""


class CalendarError(Exception):
    """Root of this package's errors."""


class UnknownCalendar(CalendarError):
    """The library knows no such calendar, or not these dates of it, or is not there."""
