"""Say what is wrong with a value, by its type: every mistake at once, each with its key.

msgspec decides what is valid, but stops at the first mistake and does not name the alternatives. This walks the same
types beside the value, asks msgspec about each leaf, and puts each mistake into the words of `config.errors`.
"""

import math
import types
import typing
from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec
from msgspec import inspect

from config.errors import ConfigError, MissingKey, UnknownKey, WrongType, WrongValue, did_you_mean, nearest
from config.origin import Origin, Path, key_text
from config.words import choices, expected_text, found_text
from risk.errors import LimitsError

_CONTAINERS = (inspect.StructType, inspect.DictType, inspect.VarTupleType, inspect.ListType)


def mistakes(value: object, wanted: object, origin: Origin, path: Path = ()) -> Iterator[ConfigError]:
    """Yield every way in which `value` is not a `wanted` (any type that msgspec can decode)."""
    bare = container(wanted)
    match inspect.type_info(bare):
        case inspect.StructType(cls=struct) if isinstance(value, Mapping):
            yield from _struct_mistakes(value, struct, origin, path)
        case inspect.DictType() if isinstance(value, Mapping):
            key_type, value_type = typing.get_args(bare)
            for name, item in value.items():
                yield from _leaf_mistakes(name, key_type, origin, (*path, name))
                yield from mistakes(item, value_type, origin, (*path, name))
        case inspect.VarTupleType() | inspect.ListType() if isinstance(value, list | tuple) and value:
            for index, item in enumerate(value):
                yield from mistakes(item, typing.get_args(bare)[0], origin, (*path, index))
        case inspect.AnyType() | inspect.CustomType():
            return  # a strategy's parameters: checked against its own struct once it is loaded
        case _:
            yield from _leaf_mistakes(value, wanted, origin, path)


def container(wanted: object) -> object:
    """Return the type without annotations; of a union, the member that is a table or a list, if it has one."""
    if typing.get_origin(wanted) is typing.Annotated:
        return container(typing.get_args(wanted)[0])
    if typing.get_origin(wanted) in {typing.Union, types.UnionType}:
        for member in map(container, typing.get_args(wanted)):
            kind = inspect.type_info(member)
            if isinstance(kind, _CONTAINERS):
                return member
    return wanted


def field_types(struct: type[msgspec.Struct]) -> dict[str, object]:
    """Return the type of each key of a struct."""
    return {field.encode_name: field.type for field in msgspec.structs.fields(struct)}


def unknown_key(path: Path, struct: type[msgspec.Struct], origin: Origin) -> ConfigError:
    """Return the refusal of a key, with the nearest valid one: in its own table, else of the same name further down."""
    name, known = str(path[-1]), field_types(struct)
    deeper = next(_paths_to(name, struct), None)
    if deeper and not nearest(name, known):
        hint = f"did you mean {key_text((*path[:-1], *deeper))}?"
    else:
        hint = did_you_mean(name, known)
    table = f"a key of [{key_text(path[:-1])}]" if len(path) > 1 else "a table of the settings"
    return problem(UnknownKey, origin, path, expected=table, found=key_text((name,)), hint=hint)


def mistake(
    kind: type[ConfigError], origin: Origin, path: Path, *, expected: str, found: object, hint: str = ""
) -> ConfigError:
    """Return one mistake at the place where its key is written; `found` is a value, shown as in TOML."""
    return problem(kind, origin, path, expected=expected, found=found_text(found), hint=hint)


def problem(
    kind: type[ConfigError], origin: Origin, path: Path, *, expected: str, found: str, hint: str = ""
) -> ConfigError:
    """Return one mistake at the place where its key is written; `found` is said in words."""
    file, line = origin.place(path)
    return kind(file=file, line=line, key=key_text(path), expected=expected, found=found, hint=hint)


def _struct_mistakes(
    value: Mapping[str, object], struct: type[msgspec.Struct], origin: Origin, path: Path
) -> Iterator[ConfigError]:
    """Yield unknown and missing keys, the mistakes of each field, then what the struct itself refuses."""
    wanted = field_types(struct)
    found: list[ConfigError] = []
    for name, item in value.items():
        if name in wanted:
            found += mistakes(item, wanted[name], origin, (*path, name))
        else:
            found.append(unknown_key((*path, name), struct, origin))
    for field in msgspec.structs.fields(struct):
        if field.required and field.encode_name not in value:
            file, line = origin.place(path)
            key = key_text((*path, field.encode_name))
            expected = expected_text(field.type)
            found.append(MissingKey(file=file, line=line, key=key, expected=expected, found="nothing"))
    yield from found or _own_refusal(value, struct, origin, path)


def _own_refusal(
    value: Mapping[str, object], struct: type[msgspec.Struct], origin: Origin, path: Path
) -> Iterator[ConfigError]:
    """Yield what the struct's `__post_init__` says of fields whose types are right."""
    try:
        msgspec.convert(value, struct)
    except msgspec.ValidationError as error:
        cause = error.__cause__
        if isinstance(cause, LimitsError):
            yield mistake(WrongValue, origin, (*path, *cause.path), expected=cause.expected, found=cause.found)
            return
        sentence = str(error).partition(" - at `$")[0]
        inner, found = _named(value, sentence.partition(" ")[0])
        yield mistake(
            WrongValue, origin, (*path, *inner), expected="values that go together", found=found, hint=sentence
        )


def _named(value: Mapping[str, object], subject: str) -> tuple[tuple[str, ...], object]:
    """Return the path and the value of what a refusal names (`margin.wallets.BINANCE`), as far as it is written."""
    path: tuple[str, ...] = ()
    found: object = value
    while subject and isinstance(found, Mapping):
        key = subject if subject in found else subject.partition(".")[0]
        if key not in found:
            break
        path, found = (*path, key), found[key]
        subject = subject[len(key) + 1 :]
    return path, found


def _leaf_mistakes(value: object, wanted: object, origin: Origin, path: Path) -> Iterator[ConfigError]:
    """Yield the mistake of one value by itself."""
    expected = expected_text(wanted)
    if isinstance(value, float | Decimal) and not math.isfinite(value):
        yield mistake(WrongValue, origin, path, expected=expected, found=value, hint="it must be finite")
        return
    try:
        msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        is_type = str(error).startswith("Expected") and ", got" in str(error)
        kind = WrongType if is_type else WrongValue
        yield mistake(kind, origin, path, expected=expected, found=value, hint=_leaf_hint(value, wanted))


def _leaf_hint(value: object, wanted: object) -> str:
    """Return what was probably meant."""
    if isinstance(value, str):
        near = nearest(value, choices(wanted)) or _in_capitals(value, wanted)
        return f"did you mean {found_text(near)}?" if near else ""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and expected_text(wanted).startswith("a string"):
        return f'write it in quotes: "{value}"'
    return ""


def _in_capitals(text: str, wanted: object) -> str:
    """Return the text in capitals where that is what was wanted, else ""."""
    try:
        return str(msgspec.convert(text.upper(), wanted))
    except msgspec.ValidationError:
        return ""


def _paths_to(name: str, struct: type[msgspec.Struct], depth: int = 3) -> Iterator[tuple[str, ...]]:
    """Yield the paths below a struct whose last key is `name`."""
    for key, wanted in field_types(struct).items() if depth else ():
        inner = container(wanted)
        if key == name:
            yield (key,)
        elif isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            for rest in _paths_to(name, inner, depth - 1):
                yield (key, *rest)
