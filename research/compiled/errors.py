"""What can go wrong in the compiled driver."""

from core.errors import CoreError


class CompiledError(CoreError):
    """Root of this package's errors; the text says what to do next."""

    exit_code = 2  # of the command line: asked for something that cannot be done (daemon/errors.py)


class NotCompilable(CompiledError):
    """Something that the compiled driver cannot run: it is refused, never approximated."""


class CapacityExceeded(CompiledError):
    """More levels, orders or values than the compiled form holds."""
