"""Limits by name: what each is now, what it would become, and whether that is stricter.

A limit is named by its scope and its key as in the settings: (`all`, `max_order_notional`) is `[risk]` itself,
(`symbol:BTCUSDT.BINANCE`, `max_position`) is `[risk.instruments."BTCUSDT.BINANCE"]`, and what neither of them has
is in `[risk.controls.limits.SCOPE]`. Users' rules and the lists of `[risk.controls]` are named likewise (`rule_words`),
and breakers: `day_loss`, `day_loss.halt_at`, `reject_rate.window_s` of the row's scope (`breaker_words`).
"""

import enum
from collections.abc import Iterator
from typing import TypeVar

import msgspec

from core.decimals import INT64_MAX, plain, whole
from core.scopes import ALL
from risk.breaker_settings import Row
from risk.breaker_stricter import breaker_is_stricter
from risk.breaker_words import (
    breaker_names,
    breaker_scopes,
    breaker_value,
    is_breaker,
    is_part,
    read_breaker,
    row_text,
    rows_that_differ,
    with_breaker,
)
from risk.control_settings import ScopeLimits, check_scope
from risk.errors import LimitsError
from risk.limits import InstrumentRisk, Number, RiskLimits
from risk.rule_settings import Rule
from risk.rule_words import (
    SCOPES,
    Value,
    is_stricter_in,
    names_in,
    read_value_in,
    text_of,
    value_in,
    with_value_in,
)

T = TypeVar("T", bound=msgspec.Struct)
_NOT_SET = frozenset(("instruments", "controls", "raise_delay_s", "breakers", "rules"))
_GENERAL = tuple(name for name in RiskLimits.__struct_fields__ if name not in _NOT_SET)
_SCOPED = tuple(name for name in ScopeLimits.__struct_fields__ if name not in {"instruments", "order_types"})
_MAY_BE_ABSENT = frozenset(("max_order_quantity", "max_position"))
_STRICTER_ABOVE = frozenset(("min_cash", "duplicate_window_ms"))
_SYMBOL = "symbol:"


def names_of(limits: RiskLimits, scope: str) -> tuple[str, ...]:
    """Return the names of the limits that a scope can have."""
    own: tuple[str, ...] = ()
    if scope in SCOPES:
        return names_in(limits, scope)
    if scope == ALL:
        own = _GENERAL
    elif scope.startswith(_SYMBOL):
        own = InstrumentRisk.__struct_fields__
    own = (*own, *breaker_names(limits, scope))
    return own if limits.controls is None else (*own, *(name for name in _SCOPED if name not in own))


def value_of(limits: RiskLimits, scope: str, name: str) -> Value:
    """Return a limit, None where there is none: also where only a wider scope has one."""
    if scope in SCOPES:
        return value_in(limits, scope, name)
    if is_breaker(name):
        return breaker_value(limits, scope, name)
    if scope == ALL and name in _GENERAL:
        return getattr(limits, name)  # type: ignore[no-any-return]
    if scope.startswith(_SYMBOL) and name in InstrumentRisk.__struct_fields__:
        return getattr(limits.instruments.get(scope.removeprefix(_SYMBOL), InstrumentRisk()), name)  # type: ignore[no-any-return]
    controls = limits.controls
    return None if controls is None else getattr(controls.limits.get(scope, ScopeLimits()), name)


def with_value(limits: RiskLimits, scope: str, name: str, value: Value) -> RiskLimits:
    """Return the limits with one of them set. Raises LimitsError where it cannot be."""
    if scope in SCOPES:
        return with_value_in(limits, scope, name, value)
    if is_breaker(name):
        return with_breaker(limits, scope, name, value)
    if name not in names_of(limits, scope):
        known = ", ".join(names_of(limits, scope)) or "none here; [risk.controls] is not in the settings"
        raise LimitsError(name, f"a limit of {scope}: {known}", name)
    if scope == ALL and name in _GENERAL:
        if value is None and name not in _MAY_BE_ABSENT:
            raise LimitsError(name, "a value: this limit cannot be left out", "none")
        return _replaced(limits, name, value)
    if scope.startswith(_SYMBOL) and name in InstrumentRisk.__struct_fields__:
        instrument = scope.removeprefix(_SYMBOL)
        own = _replaced(limits.instruments.get(instrument, InstrumentRisk()), name, value)
        return msgspec.structs.replace(limits, instruments=_with(limits.instruments, instrument, own, InstrumentRisk()))
    controls = limits.controls
    assert controls is not None
    check_scope(scope)
    there = _replaced(controls.limits.get(scope, ScopeLimits()), name, value)
    scopes = _with(controls.limits, scope, there, ScopeLimits())
    return msgspec.structs.replace(limits, controls=msgspec.structs.replace(controls, limits=scopes))


def read_value(limits: RiskLimits, scope: str, name: str, text: str) -> Value:
    """Return what a person wrote for a limit; "none" takes it off. Raises LimitsError where it cannot be meant."""
    if scope in SCOPES:
        return read_value_in(scope, name, text)
    if is_breaker(name):
        return read_breaker(limits, scope, name, text)
    if text == "none":
        return None
    kind = _kind_of(scope, name)
    if kind is bool:
        if text not in {"true", "false"}:
            raise LimitsError(name, "true or false", text)
        return text == "true"
    if kind is int:
        if (number := whole(text, INT64_MAX)) is None:
            raise LimitsError(name, "a whole number, 0 or more", text)
        return number
    with_value(limits, scope, name, text)
    return text


def is_stricter(name: str, value: Value, before: Value, limits: RiskLimits | None = None) -> bool:
    """Whether a limit that becomes `value` allows no more than `before` did; `limits` that hold decide about groups."""
    if isinstance(value, Rule | tuple) or isinstance(before, Rule | tuple):
        return is_stricter_in(limits or RiskLimits(), name, value, before)
    if is_breaker(name):
        return breaker_is_stricter(name, value, before, limits or RiskLimits())
    if isinstance(value, bool) or isinstance(before, bool):
        return bool(value) or not before
    if value is None or before is None:
        return before is None
    assert not isinstance(value, Row)
    assert not isinstance(before, Row)
    one, other = _comparable(value), _comparable(before)
    return one >= other if name in _STRICTER_ABOVE else one <= other


def value_text(value: Value) -> str:
    """Return a limit as a person reads and writes it."""
    if value is None:
        return "none"
    if isinstance(value, Rule | tuple):
        return text_of(value)
    if isinstance(value, Row):
        return row_text(value)
    if isinstance(value, enum.Enum):
        return str(value.value)
    return str(value).lower() if isinstance(value, bool) else plain(value)


def scopes_of(*given: RiskLimits) -> list[str]:
    """Return every scope that any of the limits speak of."""
    found = dict.fromkeys((ALL, *SCOPES))
    for limits in given:
        found |= {f"symbol:{name}": None for name in limits.instruments}
        found |= {} if limits.controls is None else dict.fromkeys(limits.controls.limits)
        found |= dict.fromkeys(breaker_scopes(limits))
    return sorted(found)


def names_that_differ(limits: RiskLimits, wanted: RiskLimits) -> Iterator[tuple[str, str]]:
    """Yield (scope, name) of each limit that is not as it is wanted; of a row that comes or goes, the row alone."""
    for scope in scopes_of(limits, wanted):
        rows = list(rows_that_differ(limits, wanted, scope))
        yield from ((scope, row) for row in rows)
        for name in dict.fromkeys((*names_of(limits, scope), *names_of(wanted, scope))):
            differs = value_text(value_of(wanted, scope, name)) != value_text(value_of(limits, scope, name))
            if differs and not any(is_part(name, row) for row in rows):
                yield scope, name


def _kind_of(scope: str, name: str) -> type:
    """Return whether a limit is a switch, a whole number or any number."""
    of = ScopeLimits
    fields = msgspec.structs.fields(RiskLimits) if scope == ALL else msgspec.structs.fields(InstrumentRisk)
    found = next((each for each in (*fields, *msgspec.structs.fields(of)) if each.name == name), None)
    if found is None:
        return str
    if found.type is bool:
        return bool
    return int if found.type in (int, int | None) else str


def _comparable(value: Number) -> tuple[int, int]:
    """Return whole part and 18 decimals of a plain number."""
    whole, _, fraction = plain(value).partition(".")
    return int(whole), int(fraction[:30].ljust(30, "0"))


def _with(table: dict[str, T], key: str, value: T, empty: T) -> dict[str, T]:
    """Return a table with one entry set, or without it where it says nothing: what was set back leaves no trace."""
    rest = {name: each for name, each in table.items() if name != key}
    return rest if value == empty else rest | {key: value}


def _replaced(struct: T, name: str, value: Value) -> T:
    """Return a struct of limits with one changed, its own checks made again."""
    fields = {each: getattr(struct, each) for each in struct.__struct_fields__}
    return type(struct)(**(fields | {name: value}))
