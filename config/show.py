"""The effective settings as TOML that loads again, or as JSON: what `tickerd config show` prints.

Settings hold no secrets (`config.checks` refuses them in every place); this is no reason to print one that got in.
"""

import re
from collections.abc import Iterator, Mapping

import msgspec

from config.digest import plain_table
from config.settings import Settings

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def show_json(settings: Settings) -> str:
    """Return all settings, defaults included, as one JSON object."""
    return msgspec.json.encode(_effective(settings)).decode()


def show_toml(settings: Settings) -> str:
    """Return all settings, defaults included, as TOML; loading it gives settings of the same digest."""
    return "\n".join(_table((), _effective(settings))).strip() + "\n"


def _effective(settings: Settings) -> dict[str, object]:
    """Return all settings as plain values, with the flush policy that follows from the mode."""
    session = msgspec.structs.replace(settings.session, flush=settings.session.flush_policy)
    effective, rules = plain_table(msgspec.structs.replace(settings, session=session)), settings.risk.rules
    if rules is not None:  # those of a file stand here in full; sources are read where functions are
        written = msgspec.structs.replace(rules, file="", sources=())
        risk = msgspec.structs.replace(settings.risk, rules=written)
        effective["risk"] = plain_table(risk)
    return effective


def _table(path: tuple[str, ...], table: Mapping[str, object]) -> Iterator[str]:
    """Yield the lines of one table: its values first, then the tables in it."""
    values = {key: item for key, item in table.items() if not _is_tables(path, item)}
    if path and (values or not table):
        yield ""
        yield f"[{'.'.join(map(_key, path))}]"
    for key, item in values.items():
        yield f"{_key(key)} = {_value(item)}"
    for key, item in table.items():
        if key in values:
            continue
        if isinstance(item, Mapping):
            yield from _table((*path, key), item)
        elif isinstance(item, list):
            for each in item:
                yield ""
                yield f"[[{'.'.join(map(_key, (*path, key)))}]]"
                yield from (f"{_key(name)} = {_value(inner)}" for name, inner in each.items())


def _is_tables(path: tuple[str, ...], item: object) -> bool:
    """Whether a value is written as tables of its own; whatever is inside `[[strategies]]` stays on one line."""
    is_list = isinstance(item, list) and bool(item) and all(isinstance(each, Mapping) for each in item)
    return isinstance(item, Mapping) or (is_list and not path)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    """Return a basic string: JSON's escapes are TOML's too, but TOML also wants DEL escaped."""
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value)
        case Mapping():
            inner = ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items())
            return f"{{ {inner} }}" if inner else "{}"
        case list():
            return f"[{', '.join(map(_value, value))}]"
    return repr(value)
