"""Every error that `engine` raises. All of them are broken invariants: the process stops with the facts.

EngineError
├── UndefinedInstrument   an event names an instrument index that no INSTRUMENT record defined
├── NotFirst              a state carried over came after what it should have come before
└── NotCanonical          a state that cannot be digested: a strategy saved something other than plain values
"""

from core.errors import InvariantError


class EngineError(InvariantError):
    """Root of this package's errors."""


class UndefinedInstrument(EngineError):
    """An event came before the definition of its instrument."""


class NotFirst(EngineError):
    """The books of an earlier session cannot be put under those that a session has begun."""


class NotCanonical(EngineError):
    """A value in the state has no canonical text."""
