"""Every error that the compiled driver raises.

CompiledError
├── NotCompilable      something that it cannot run: refused by name, never approximated
├── NotStarted         the strategies did not start, so there is nothing to run
└── CapacityExceeded   more levels, orders or larger numbers than the compiled form holds
"""


class CompiledError(Exception):
    """Root of this package's errors; the text says what to do next."""

    exit_code = 2  # of the command line: what was given cannot be run by this driver


class NotCompilable(CompiledError):
    """Something that the compiled driver cannot run."""


class NotStarted(CompiledError):
    """The strategies did not start."""


class CapacityExceeded(CompiledError):
    """More than the compiled form holds."""
