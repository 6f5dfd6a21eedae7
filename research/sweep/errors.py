"""Every error that a sweep raises, each with the exit code that the command line gives it (daemon/errors.py).

SweepError
├── VaryProblem    2  what is to be varied cannot be read, or the strategy has no such parameter
├── NothingToRun   2  not one combination can be run
└── WorkerProblem  1  a process that ran trials was ended from outside
"""


class SweepError(Exception):
    """Root of this package's errors; the text says what to do next."""

    exit_code = 2


class VaryProblem(SweepError):
    """What is to be varied cannot be read, or the strategy has no such parameter."""


class NothingToRun(SweepError):
    """Not one combination can be run."""


class WorkerProblem(SweepError):
    """A process that ran trials was ended from outside."""

    exit_code = 1
