"""Every error that `engine` raises. All of them are broken invariants: the process stops with the facts.

EngineError
├── UndefinedInstrument   an event names an instrument index that no INSTRUMENT record defined
└── NotCanonical          a state that cannot be digested: a strategy saved something other than plain values
"""

from core.errors import InvariantError


class EngineError(InvariantError):
    """Root of this package's errors."""


class UndefinedInstrument(EngineError):
    """An event came before the definition of its instrument."""


class NotCanonical(EngineError):
    """A value in the state has no canonical text."""
