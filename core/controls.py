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


class BreakerChanged(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A breaker of `[risk.breakers]` went a step up, was armed again, or counts from something else now.

    `step`: 0 calm, 1 warn, 2 reduce, 3 halt, 4 flatten, reached at `since_ns` when `figure` met `limit` (texts in the
    breaker's unit). `memory` is what it counts from, numbers as text: a restart goes on from the last of these.
    `version` is of the limits. Calm and without a memory, it is forgotten.
    """

    breaker: str
    scope: str
    step: int
    since_ns: int
    figure: str
    limit: str
    memory: dict[str, str]
    reason: str
    version: int
