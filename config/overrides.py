"""Environment variables over the file: `TICKERD__RISK__MAX_ORDER_NOTIONAL=25000`.

Two underscores part the keys; case does not matter, and what a variable's name cannot hold (dots, dashes) is written
as one underscore: `TICKERD__RISK__INSTRUMENTS__BTCUSDT_BINANCE__...` is `[risk.instruments."BTCUSDT.BINANCE"]`. List
entries go by index, `TICKERD__STRATEGIES__0__PARAMS__FAST=10`. A value is read as TOML where it is a TOML value
and the key does not take text, else as text.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import get_args

import msgspec
from msgspec import inspect

from config.checks import names_a_secret, secret_refused
from config.errors import ConfigError, SyntaxMistake, WrongValue
from config.explain import container, field_types, mistake, unknown_key
from config.origin import Origin, Path
from config.words import expected_text

PREFIX = "TICKERD__"
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")

Document = dict[str, object]


def apply_overrides(
    document: Document, wanted: type[msgspec.Struct], environ: Mapping[str, str], origin: Origin
) -> list[ConfigError]:
    """Set every override into `document` and note its variable in `origin`; return those that fit no key."""
    refused: list[ConfigError] = []
    for variable in sorted(name for name in environ if name.upper().startswith(PREFIX)):
        here = Origin(f"environment variable {variable}")
        parts = variable[len(PREFIX) :].split("__")
        if names_a_secret(parts[-1]):
            refused.append(secret_refused(here, tuple(part.lower() for part in parts)))
            continue
        try:
            path, kind = _resolve(document, wanted, parts, here)
            _put(document, path, _value(environ[variable], kind, _get(document, path), path, here), here)
        except ConfigError as error:
            refused.append(error)
        else:
            origin.variables[path] = variable
    return refused


def _resolve(document: Document, wanted: object, parts: list[str], here: Origin) -> tuple[Path, object]:
    """Return the path that the parts of a variable's name mean, and the type there. Raises ConfigError."""
    path: Path = ()
    kind = wanted
    for part in parts:
        node = _get(document, path)
        bare = container(kind)
        match inspect.type_info(bare):
            case inspect.StructType(cls=struct):
                fields = field_types(struct)
                key = _match(part, fields)
                if not key:
                    raise unknown_key((*path, part.lower()), struct, here)
                path, kind = (*path, key), fields[key]
            case inspect.DictType():
                key_type, kind = get_args(bare)
                path = (*path, _table_key(node, part, key_type, document))
            case inspect.VarTupleType() | inspect.ListType():
                path, kind = (*path, _index(node, part, path, here)), get_args(bare)[0]
            case inspect.AnyType() | inspect.CustomType():  # inside a strategy's parameters
                path = (
                    *path,
                    _index(node, part, path, here) if isinstance(node, list) else _table_key(node, part, str, {}),
                )
            case _:
                raise mistake(WrongValue, here, path, expected=f"{expected_text(kind)} and no key below it", found=part)
    return path, kind


def _match(part: str, keys: Iterable[str]) -> str:
    """Return the key that a part of a variable's name means, "" if none."""
    folded = _NOT_IN_NAMES.sub("_", part.lower())
    return next((key for key in keys if _NOT_IN_NAMES.sub("_", key.lower()) == folded), "")


def _table_key(node: object, part: str, key_type: object, document: Document) -> str:
    """Return the key of a table whose keys the user chooses: one that is there, an instrument, else the part itself."""
    there = [str(key) for key in node] if isinstance(node, dict) else []
    known = _match(part, [*there, *instrument_names(document)])
    if known:
        return known
    try:
        msgspec.convert(part.lower(), key_type)
    except msgspec.ValidationError:
        return part.upper()
    return part.lower()


def instrument_names(document: Document) -> list[str]:
    """Return the full names of the instruments that an unchecked document asks for."""
    venues = document.get("venues")
    names: list[str] = []
    for venue, table in venues.items() if isinstance(venues, dict) else ():
        symbols = table.get("instruments") if isinstance(table, dict) else None
        names += [f"{symbol}.{venue.upper()}" for symbol in symbols] if isinstance(symbols, list) else []
    return names


def _index(node: object, part: str, path: Path, here: Origin) -> int:
    """Return a list's index, one past the end to append. Raises ConfigError."""
    count = len(node) if isinstance(node, list) else 0
    if not (part.isascii() and part.isdecimal()) or int(part) > count:
        raise mistake(WrongValue, here, path, expected=f"an index from 0 to {count}", found=part)
    return int(part)


def _value(text: str, kind: object, previous: object, path: Path, here: Origin) -> object:
    """Return a variable's text as the value that its key takes. Raises ConfigError."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise mistake(SyntaxMistake, here, path, expected="UTF-8 text", found=ascii(text)) from None
    if _takes_text(kind) or isinstance(previous, str):
        return text
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):  # ValueError: not TOML, or int() on thousands of digits
        return text
    return parsed["value"] if len(parsed) == 1 else text


def _takes_text(kind: object) -> bool:
    """Whether a string is what the key takes, so that `0.01` must stay as it is written."""
    info = inspect.type_info(kind)
    while isinstance(info, inspect.Metadata):
        info = info.type
    return isinstance(info, inspect.StrType | inspect.EnumType | inspect.DecimalType)


def _get(document: Document, path: Path) -> object:
    """Return what stands at a path, None where nothing does."""
    node: object = document
    for key in path:
        if isinstance(node, dict):
            node = node.get(key)
        elif isinstance(node, list) and isinstance(key, int) and key < len(node):
            node = node[key]
        else:
            return None
    return node


def _put(document: Document, path: Path, value: object, here: Origin) -> None:
    """Set the value at a path, making tables and lists on the way. Raises ConfigError where a value is in the way."""
    node: object = document
    for depth, key in enumerate(path):
        last = depth == len(path) - 1
        made: object = value if last else ([] if isinstance(path[depth + 1], int) else {})
        if isinstance(node, dict):
            if last or key not in node:
                node[key] = made
            node = node[key]
        elif isinstance(node, list) and isinstance(key, int):
            if last or key == len(node):
                node[key : key + 1] = [made]
            node = node[key]
        else:
            raise mistake(WrongValue, here, path[:depth], expected="a table or a list", found=node)
