"""Every error that a backtest raises, each with the exit code that the command line gives it (daemon/errors.py).

BacktestError
├── DataProblem       2  data that cannot be fed: missing, of an unknown kind, empty, or without what strategies need
├── FolderTaken       2  the run folder holds something already
└── DriverProblem     2  a driver that cannot run this
"""


class BacktestError(Exception):
    """Root of this package's errors; the text says what to do next."""

    exit_code = 2


class DataProblem(BacktestError):
    """Data that cannot be fed."""


class FolderTaken(BacktestError):
    """The run folder holds something already."""


class DriverProblem(BacktestError):
    """A driver that cannot run this backtest."""
