"""`python -m research.calendars`: print the sessions of an exchange as settings."""

import sys

from research.calendars.errors import CalendarError
from research.calendars.tables import sessions_of, toml_of

_USAGE = "usage: python -m research.calendars CALENDAR FIRST LAST   (XNYS 2024-01-01 2024-12-31)"


def main(arguments: list[str]) -> int:
    """Print the sessions of an exchange; return the exit code."""
    if len(arguments) != 3:
        sys.stderr.write(f"{_USAGE}\n")
        return 2
    calendar, first, last = arguments
    try:
        spans = sessions_of(calendar, first, last)
    except CalendarError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(toml_of(calendar, spans))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
