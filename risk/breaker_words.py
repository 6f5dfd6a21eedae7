"""Breakers by name, as limits that can be changed while running.

| scope | name | value |
|---|---|---|
| a row's | `day_loss` | a row that comes, as JSON without its scope, or another in its place; "none": it goes |
| a row's | `day_loss.halt_at` | the figure of a step |
| a row's | `reject_rate.window_s` | what else the row has: windows, `least`, `after_arm`, ... |
| all | `breakers.unvalued` | what holds for all rows: `hysteresis`, `unvalued`, `unvalued_after_s` |

Whether a figure is money or a share (`share`) changes with its row alone: its steps would mean something else.
"""

import enum
from collections.abc import Iterator
from typing import TypeVar, get_args

import msgspec

from core.decimals import INT64_MAX, plain, whole
from core.scopes import ALL
from risk.breaker_settings import EVERY, KINDS, STEPS, BreakerSettings, Number, Row
from risk.errors import LimitsError
from risk.limits import RiskLimits
from risk.rule_settings import trimmed

T = TypeVar("T", bound=msgspec.Struct)
Word = Row | Number | bool | None
OF_ALL_ROWS = ("hysteresis", "unvalued", "unvalued_after_s")
_TABLE = "breakers"
_NOT_BY_ITSELF = ("scope", "share")
_FIXED = ("base_currency", "day_begins", "collar")
_ROWS: dict[str, type[Row]] = {
    field.name: get_args(field.type)[0] for field in msgspec.structs.fields(BreakerSettings) if field.name in KINDS
}


def is_breaker(name: str) -> bool:
    """Whether a limit's name is of a breaker."""
    return is_row(name) or (name.partition(".")[0] in (*KINDS, _TABLE) and "." in name)


def is_row(name: str) -> bool:
    """Whether a limit's name is that of a whole row."""
    return name in KINDS


def is_part(name: str, row: str) -> bool:
    """Whether a limit is a step, or something else, of a row."""
    return name.startswith(f"{row}.")


def breaker_names(limits: RiskLimits, scope: str) -> tuple[str, ...]:
    """Return the names of what the rows of a scope can have, but for those of the rows themselves."""
    if limits.breakers is None:
        return ()
    rows = [(kind, row) for kind in KINDS if (row := row_of(limits, scope, kind)) is not None]
    own = tuple(f"{_TABLE}.{name}" for name in OF_ALL_ROWS) if scope == ALL else ()
    return (*own, *(f"{kind}.{part}" for kind, row in rows for part in (*_steps(row), *_others(row))))


def breaker_scopes(limits: RiskLimits) -> list[str]:
    """Return the scopes of all rows, as they are written: `strategy:*` is one."""
    breakers = limits.breakers
    return [] if breakers is None else [row.scope for kind in KINDS for row in breakers.rows(kind)]


def breaker_value(limits: RiskLimits, scope: str, name: str) -> Word:
    """Return a row, or what one has; None where there is none."""
    kind, _, key = name.partition(".")
    if kind == _TABLE:
        return getattr(limits.breakers, key, None)
    row = row_of(limits, scope, kind)
    return row if not key else getattr(row, key, None)


def with_breaker(limits: RiskLimits, scope: str, name: str, value: object) -> RiskLimits:
    """Return the limits with a row or a part of one set, None: taken off. Raises LimitsError where it cannot be."""
    kind, _, key = name.partition(".")
    row, breakers = row_of(limits, scope, kind), limits.breakers
    if breakers is None or (key and name not in breaker_names(limits, scope)):
        names = [each for each in breaker_names(limits, scope) if kind == _TABLE or each.partition(".")[0] != _TABLE]
        known = ", ".join(names) or "none there; a row of the settings adds one, by `tickerd reload`"
        raise LimitsError(name, f"a part of a breaker of {scope}: {known}", name)
    if value is None and key and key not in _steps(row):
        raise LimitsError(name, "a value: it cannot be left out", "none")
    if kind == _TABLE:
        return _with(limits, _TABLE, _with(breakers, key, value))
    if row is None:
        rows = breakers.rows(kind) if value is None else (*breakers.rows(kind), value)
    else:
        changed = value if not key else _with(row, key, value)
        rows = tuple(changed if each is row else each for each in breakers.rows(kind))
    return _with(limits, _TABLE, _with(breakers, kind, tuple(each for each in rows if each is not None)))


def read_breaker(limits: RiskLimits, scope: str, name: str, text: str) -> Word:
    """Return what a person wrote for a row or a part of one. Raises LimitsError where it cannot be meant."""
    kind, _, key = name.partition(".")
    value: Word = None if text == "none" else text
    if is_row(name):
        if value is None and row_of(limits, scope, kind) is None:
            raise LimitsError(name, f"a breaker of {scope} that there is", "none")
        value = None if value is None else _read_row(kind, scope, text)
    elif value is not None and key in OF_ALL_ROWS + _others(row_of(limits, scope, kind)):
        of = BreakerSettings if kind == _TABLE else _ROWS[kind]
        value = _read(name, next(each.type for each in msgspec.structs.fields(of) if each.name == key), text)
    with_breaker(limits, scope, name, value)
    return value


def row_text(row: Row) -> str:
    """Return a row as JSON, without its scope: the same text for the same row, however its numbers were written."""
    told = {name: getattr(row, name) for name in row.__struct_fields__ if name != "scope"}
    steps = {name: trimmed(plain(told[name])) for name, _ in row.rungs()}
    others = {name: value for name, value in told.items() if name not in _steps(row)}
    return msgspec.json.encode(others | steps, order="deterministic").decode()


def row_words(text: str) -> str:
    """Return a row's JSON as a person reads it: `halt_at 0.5, window_s 60, least 10`."""
    told = msgspec.json.decode(text, type=dict[str, object])
    steps = [name for name in told if name.partition("_")[0] in STEPS]
    shown = [name for name in (*steps, *(each for each in told if each not in steps)) if told[name] is not False]
    return ", ".join(f"{name} {str(told[name]).lower()}" for name in shown)


def rows_that_differ(limits: RiskLimits, wanted: RiskLimits, scope: str) -> Iterator[str]:
    """Yield the kinds of rows that only one of them has in a scope, or whose figures mean something else."""
    for kind in KINDS:
        one, other = row_of(limits, scope, kind), row_of(wanted, scope, kind)
        if (one is None) != (other is None) or getattr(one, "share", None) != getattr(other, "share", None):
            yield kind


def fixed_of_breakers(limits: RiskLimits, wanted: RiskLimits) -> str:
    """Return what differs of `[risk.breakers]` and cannot be changed while running, empty where nothing does."""
    if wanted.breakers is None:
        return ""
    if limits.breakers is None:
        return "[risk.breakers], which this daemon was started without,"
    differ = [each for each in _FIXED if getattr(limits.breakers, each) != getattr(wanted.breakers, each)]
    return f"risk.breakers.{differ[0]}" if differ else ""


def without_rows(limits: RiskLimits, wanted: RiskLimits) -> RiskLimits:
    """Return settings without `[risk.breakers]` as those whose table has no rows, where the limits have one."""
    if wanted.breakers is not None or limits.breakers is None:
        return wanted
    kept = {name: getattr(limits.breakers, name) for name in (*OF_ALL_ROWS, *_FIXED)}
    return _with(wanted, _TABLE, BreakerSettings(**kept))


def row_of(limits: RiskLimits, scope: str, kind: str) -> Row | None:
    """Return the row of a kind and a scope as it is written."""
    if limits.breakers is None or kind not in KINDS:
        return None
    return next((row for row in limits.breakers.rows(kind) if row.scope == scope), None)


def row_for_each(limits: RiskLimits, scope: str, kind: str) -> Row | None:
    """Return the row of each strategy, venue or symbol (`strategy:*`) that a scope is of, unless it is that itself."""
    of, _, name = scope.partition(":")
    return row_of(limits, f"{of}:{EVERY}", kind) if name not in {"", EVERY} else None


def _steps(row: Row | None) -> tuple[str, ...]:
    """Return the keys of the steps that a row can have."""
    return () if row is None else tuple(f"{step}{row.ending()}" for step in STEPS)


def _others(row: Row | None) -> tuple[str, ...]:
    """Return the keys of what else can be changed of it."""
    if row is None:
        return ()
    return tuple(name for name in row.__struct_fields__ if name not in (*_steps(row), *_NOT_BY_ITSELF))


def _read_row(kind: str, scope: str, text: str) -> Row:
    """Return a row. Raises LimitsError."""
    try:
        row = msgspec.json.decode(text.encode(), type=_ROWS[kind])
    except msgspec.MsgspecError as error:
        raise LimitsError(kind, 'a row as JSON, {"halt_at": 400}, or none', str(error)) from error
    if row.scope not in {ALL, scope}:
        raise LimitsError(kind, f"no scope in it: it is of {scope}", row.scope)
    return msgspec.structs.replace(row, scope=scope)


def _read(name: str, kind: object, text: str) -> Word:
    """Return a value of a switch, a whole number or a choice. Raises LimitsError."""
    if kind is bool:
        if text not in {"true", "false"}:
            raise LimitsError(name, "true or false", text)
        return text == "true"
    if kind is int:
        if (number := whole(text, INT64_MAX)) is None:
            raise LimitsError(name, "a whole number, 0 or more", text)
        return number
    if isinstance(kind, enum.EnumMeta):
        known = [str(each.value) for each in kind]  # type: ignore[var-annotated]
        if text not in known:
            raise LimitsError(name, ", ".join(known[:-1]) + f" or {known[-1]}", text)
        return kind(text)
    return text


def _with(struct: T, name: str, value: object) -> T:
    """Return a struct with one field changed, its own checks made again."""
    fields = {each: getattr(struct, each) for each in struct.__struct_fields__}
    return type(struct)(**(fields | {name: value}))
