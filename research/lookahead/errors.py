"""Every error that the checks raise, each with the exit code that the command line gives it (daemon/errors.py).

CheckError
├── NothingToCheck    2  the strategies decided nothing, or the data is too short to be cut
└── CheckNotPossible  2  the settings ask for what the checks cannot do
"""


class CheckError(Exception):
    """Root of this package's errors; the text says what to do next."""

    exit_code = 2


class NothingToCheck(CheckError):
    """There is nothing to compare."""


class CheckNotPossible(CheckError):
    """What was asked for cannot be checked."""
