"""Every error that a comparison raises, each with the exit code that the command line gives it (daemon/errors.py).

CompareError
└── NothingToCompare  2  a session without orders, or one that is a history
"""


class CompareError(Exception):
    """Root of this package's errors; the text says what to do next."""

    exit_code = 2


class NothingToCompare(CompareError):
    """A session without orders, or one that is a history."""
