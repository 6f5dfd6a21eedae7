"""Values and types in the words of a message: what a key takes, what was found there."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import inspect

_MAX_SHOWN = 60


def found_text(value: object) -> str:
    """Return a value as a person would write it in TOML, cut to a readable length."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _cut(msgspec.json.encode(value).decode(), '…"')
        case Mapping():
            return _cut(f"a table with {', '.join(map(str, value))}", "…") if value else "an empty table"
        case list() | tuple():
            return f"a list of {len(value)}" if value else "an empty list"
        case None:
            return "nothing"
    return _cut(str(value), "…")


def expected_text(wanted: object) -> str:
    """Return what a type takes; the `description` in its `msgspec.Meta`, where it has one, says it best."""
    return _kind_text(inspect.type_info(wanted))


def choices(wanted: object) -> list[str]:
    """Return the strings that a type takes, where it takes only some."""
    return [value for value in _values(inspect.type_info(wanted)) if isinstance(value, str)]


def one_of(values: Sequence[object]) -> str:
    """Return alternatives as they are written in TOML: `"a", "b" or 3`."""
    shown = [found_text(value) for value in values]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"


def _cut(text: str, end: str) -> str:
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - len(end)] + end


def _kind_text(kind: inspect.Type) -> str:
    match kind:
        case inspect.Metadata():
            return str((kind.extra_json_schema or {}).get("description") or _kind_text(kind.type))
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType():
            return "a whole number" + _range_text(kind)
        case inspect.FloatType():
            return "a number" + _range_text(kind)
        case inspect.DecimalType():
            return "a decimal number"
        case inspect.StrType():
            return f"a string that matches {kind.pattern}" if kind.pattern else "a string"
        case inspect.EnumType() | inspect.LiteralType():
            return one_of(_values(kind))
        case inspect.UnionType():
            return _union_text(kind)
        case inspect.StructType() | inspect.DictType():
            return "a table"
        case inspect.VarTupleType() | inspect.ListType():
            return f"a list with at least {kind.min_length} entry" if kind.min_length else "a list"
    return "another kind of value"


def _union_text(kind: inspect.UnionType) -> str:
    members = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
    names = {type(each) for each in members}
    if names == {inspect.IntType, inspect.FloatType, inspect.StrType}:
        return "a number, plain or in quotes"
    return " or ".join(dict.fromkeys(_kind_text(each) for each in members))


def _values(kind: inspect.Type) -> list[object]:
    match kind:
        case inspect.EnumType():
            return [member.value for member in kind.cls]
        case inspect.LiteralType():
            return list(kind.values)
        case inspect.UnionType():
            return [value for each in kind.types for value in _values(each)]
        case inspect.Metadata():
            return _values(kind.type)
    return []


def _range_text(kind: inspect.IntType | inspect.FloatType) -> str:
    if kind.ge is not None and kind.le is not None:
        return f" from {kind.ge} to {kind.le}"
    bounds = ((" of at least ", kind.ge), (" above ", kind.gt), (" of at most ", kind.le), (" below ", kind.lt))
    return " and".join(f"{words}{limit}" for words, limit in bounds if limit is not None)
