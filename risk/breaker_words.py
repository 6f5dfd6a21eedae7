"""The steps of breakers by name, as limits that can be changed while running: `day_loss.halt_at` of a row's scope.

A row itself, its windows and what happens where a figure cannot be valued are read when a daemon starts.
"""

from typing import TypeVar

import msgspec

from core.decimals import plain
from risk.breaker_settings import KINDS, STEPS, Number, Row
from risk.errors import LimitsError
from risk.limits import RiskLimits

T = TypeVar("T", bound=msgspec.Struct)
_BELOW = "_below"


def is_step(name: str) -> bool:
    """Whether a limit's name is that of a breaker's step."""
    return name.partition(".")[0] in KINDS and "." in name


def step_names(limits: RiskLimits, scope: str) -> tuple[str, ...]:
    """Return the names of the steps that the breakers of a scope can have."""
    found = [(kind, _row(limits, scope, kind)) for kind in KINDS]
    return tuple(f"{kind}.{step}{row.ending()}" for kind, row in found if row is not None for step in STEPS)


def step_scopes(limits: RiskLimits) -> list[str]:
    """Return the scopes of all rows, as they are written: `strategy:*` is one."""
    breakers = limits.breakers
    return [] if breakers is None else [row.scope for kind in KINDS for row in breakers.rows(kind)]


def step_value(limits: RiskLimits, scope: str, name: str) -> Number | None:
    """Return the figure of a step, None where there is none."""
    kind, _, key = name.partition(".")
    return getattr(_row(limits, scope, kind), key, None)


def with_step(limits: RiskLimits, scope: str, name: str, value: object) -> RiskLimits:
    """Return the limits with one step set, None: taken off. Raises LimitsError where it cannot be."""
    kind, _, key = name.partition(".")
    row, breakers = _row(limits, scope, kind), limits.breakers
    if row is None or breakers is None or name not in step_names(limits, scope):
        known = ", ".join(step_names(limits, scope)) or "none there; a breaker is added by the settings"
        raise LimitsError(name, f"a step of a breaker of {scope}: {known}", name)
    changed = tuple(_with(each, key, value) if each is row else each for each in breakers.rows(kind))
    return _with(limits, "breakers", _with(breakers, kind, changed))


def step_is_stricter(name: str, value: Number | None, before: Number | None) -> bool:
    """Whether a step that becomes `value` is taken no later than at `before`."""
    if value is None or before is None:
        return before is None
    one, other = _comparable(value), _comparable(before)
    return one >= other if name.endswith(_BELOW) else one <= other


def windows_differ(limits: RiskLimits, wanted: RiskLimits) -> bool:
    """Whether breakers differ in more than the figures of their steps."""
    return _without_steps(limits) != _without_steps(wanted)


def _without_steps(limits: RiskLimits) -> object:
    breakers = limits.breakers
    if breakers is None:
        return None
    rows = [(kind, [_bare(row) for row in breakers.rows(kind)]) for kind in KINDS]
    return rows, [getattr(breakers, name) for name in breakers.__struct_fields__ if name not in KINDS]


def _bare(row: Row) -> Row:
    for step in STEPS:
        row = _with(row, f"{step}{row.ending()}", None)
    return row


def _row(limits: RiskLimits, scope: str, kind: str) -> Row | None:
    """Return the row of a kind and a scope."""
    if limits.breakers is None or kind not in KINDS:
        return None
    return next((row for row in limits.breakers.rows(kind) if row.scope == scope), None)


def _with(struct: T, name: str, value: object) -> T:
    """Return a struct with one field changed, its own checks made again."""
    fields = {each: getattr(struct, each) for each in struct.__struct_fields__}
    return type(struct)(**(fields | {name: value}))


def _comparable(value: Number) -> tuple[int, int]:
    """Return whole part and 18 decimals of a plain number."""
    whole, _, fraction = plain(value).partition(".")
    return int(whole), int(fraction[:30].ljust(30, "0"))
