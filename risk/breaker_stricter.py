"""Whether a breaker that was changed stops no later than before. What cannot be shown so counts as looser, and waits.

| changed | stricter where |
|---|---|
| a step | it is set, or no milder than it was |
| `least`, `for_s`, `max_age_ms`, `unvalued_after_s` | smaller: a figure is said sooner, of fewer, of younger |
| `window_s` of `repeats`, `loop_lag_ms` | longer: a count, or the worst, of more |
| other windows | never: a share of more orders, or of fewer, may be worse or better |
| `hysteresis` | greater: a warning lasts longer |
| `after_arm` | "on": what was lost before is not forgiven |
| `refusals` | true: each counts as an order, and as a rejected one |
| `on_difference`, `unvalued` | the step is no milder |
| a row that comes | no row of each (`strategy:*`) held there, or it is stricter than that in every part |
| a row that goes | never |
"""

from core.decimals import plain
from risk.breaker_settings import STEPS, AfterArm, Number, Row
from risk.breaker_words import Word, row_for_each
from risk.limits import RiskLimits

_BELOW = "_below"
_SMALLER = frozenset(("least", "for_s", "max_age_ms", "unvalued_after_s"))
_GREATER = frozenset(("breakers.hysteresis", "repeats.window_s", "loop_lag_ms.window_s"))
_LEVELS = frozenset(("unvalued", "on_difference"))


def breaker_is_stricter(name: str, value: Word, before: Word, limits: RiskLimits) -> bool:
    """Whether what becomes `value` stops no later than `before` did; `limits` that hold know of rows of each."""
    if isinstance(value, Row) or isinstance(before, Row):
        return _row_is_stricter(name, value, before, limits)
    if value is None or before is None:
        return before is None
    key = name.partition(".")[2]
    if key.partition("_")[0] in STEPS and key != "on_difference":
        one, other = _comparable(value), _comparable(before)
        return one >= other if key.endswith(_BELOW) else one <= other
    if key in _LEVELS:
        return STEPS.index(str(value)) >= STEPS.index(str(before))
    if key == "refusals":
        return bool(value) or not before
    if key == "after_arm":
        return value in {before, AfterArm.ON}
    if key in _SMALLER:
        return _comparable(value) <= _comparable(before)
    if name in _GREATER:
        return _comparable(value) >= _comparable(before)
    return value == before


def _row_is_stricter(kind: str, value: Word, before: Word, limits: RiskLimits) -> bool:
    """Whether a row is stricter than the one that held in its scope."""
    if not isinstance(value, Row):
        return False
    held = before if isinstance(before, Row) else row_for_each(limits, value.scope, kind)
    if held is None:
        return True
    parts = [name for name in value.__struct_fields__ if name not in {"scope", "share"}]
    return getattr(value, "share", None) == getattr(held, "share", None) and all(
        breaker_is_stricter(f"{kind}.{part}", getattr(value, part), getattr(held, part), limits) for part in parts
    )


def _comparable(value: Number) -> tuple[int, int]:
    """Return whole part and 30 decimals of a plain number."""
    whole, _, fraction = plain(value).partition(".")
    return int(whole), int(fraction[:30].ljust(30, "0"))
