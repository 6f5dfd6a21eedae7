"""What a person changed about what may be traded: latches, limits, positions that shall be closed."""

import msgspec


class LatchChanged(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A scope (`core.scopes`) was stopped, or its latch was taken off: `level` as in `oms.latches.Level`, 0 for off."""

    scope: str
    level: int
    since_ns: int
    source: str
    reason: str


class LimitChanged(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A limit was changed while running, values as text, "none" for no limit: by whom and why.

    `due_ns` above 0: it allows more, and waits until then or until somebody else approves it. `dropped`: what waited
    was withdrawn.
    """

    scope: str
    name: str
    before: str
    value: str
    since_ns: int
    due_ns: int
    source: str
    approved_by: str
    reason: str
    dropped: bool = False


class FlattenChanged(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """The positions of a scope are being closed for the operator (`working`), or no more, and `reason` says why."""

    scope: str
    working: bool
    collar_ppm: int
    reason: str = ""
