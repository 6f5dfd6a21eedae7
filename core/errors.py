"""Every error that `core` raises.

CoreError
├── InvariantError      a broken invariant: the process must stop, with the facts
├── PrecisionError      a number that the instrument's integer units cannot hold exactly
├── UnknownInstrument   a name that no instrument carries
├── CodecError          bytes that do not decode as the record they claim to be
└── ScopeError          a text that is no scope of a command
"""


class CoreError(Exception):
    """Root of this package's errors."""


class InvariantError(CoreError):
    """Something that must always hold does not: stop, and say with which facts."""


class PrecisionError(CoreError, ValueError):
    """A decimal number that cannot be written exactly in the integer units asked for."""


class UnknownInstrument(CoreError):
    """No instrument of this name is defined in the session."""


class CodecError(CoreError, ValueError):
    """A record whose payload does not decode; the journal is damaged or was written by another schema."""


class ScopeError(CoreError, ValueError):
    """A text that names neither everything nor a venue, an instrument or a strategy."""
