"""Where a setting came from: the line of a file, or the environment variable that overrode it.

`tomllib` gives values without positions, so the lines are found here by cutting the text into statements. A statement
is complete as soon as it parses by itself; since the whole text parsed before, this is exact, not a guess.
"""

import functools
import tomllib
from collections.abc import Iterator, Mapping

Path = tuple[str | int, ...]

_MAX_DEPTH = 64


def key_text(path: Path) -> str:
    """Return a path as it is written in messages: `strategies[0].params.fast`, `risk.instruments."BTCUSDT.BINANCE"`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            bare = part.replace("-", "_").isidentifier() and part.isascii()
            text += ("." if text else "") + (part if bare else f'"{part}"')
    return text


class Origin:
    """The text a configuration was read from, and the variable of each overridden key."""

    def __init__(self, file: str, text: str = "", variables: Mapping[Path, str] | None = None) -> None:
        """Remember `file` and its `text` (valid TOML); lines are only looked up when a mistake is reported."""
        self.file = file
        self.variables = dict(variables or {})
        self._text = text

    @functools.cached_property
    def _lines(self) -> dict[Path, int]:
        return line_numbers(self._text)

    def place(self, path: Path) -> tuple[str, int]:
        """Return (file, line) or (variable, 0) of a key, or of the nearest table around it that was written down."""
        for end in range(len(path), 0, -1):
            part = path[:end]
            if part in self.variables:
                return f"environment variable {self.variables[part]}", 0
            if part in self._lines:
                return self.file, self._lines[part]
        return self.file, 0


def line_numbers(text: str) -> dict[Path, int]:
    """Return the line on which each key and table of a TOML text is written; `text` must be valid TOML."""
    lines: dict[Path, int] = {}
    arrays: dict[Path, int] = {}
    table: Path = ()
    for number, statement in _statements(text):
        head = statement.lstrip()
        value = tomllib.loads(statement)
        if head.startswith("["):
            table = _table_path(value, arrays, is_array=head.startswith("[["))
            lines.setdefault(table, number)
        else:
            _note(lines, table, value, number)
    return lines


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line number, statement) of a valid TOML text; a statement may span lines."""
    pending, start = "", 0
    for number, line in enumerate(text.split("\n"), start=1):
        if not pending:
            start = number
            if not line.strip() or line.lstrip().startswith("#"):
                continue
        pending += line + "\n"
        try:
            tomllib.loads(pending)
        except tomllib.TOMLDecodeError:
            continue  # not at its end yet: an array or a long string goes on
        yield start, pending
        pending = ""


def _table_path(header: Mapping[str, object], arrays: dict[Path, int], *, is_array: bool) -> Path:
    """Return the path that a header opens, with the index of every array of tables on the way."""
    names: list[str] = []
    inner: object = header
    while isinstance(inner, Mapping) and inner:
        name, inner = next(iter(inner.items()))
        names.append(name)
        if isinstance(inner, list):
            inner = inner[0]
    path: Path = ()
    for depth, name in enumerate(names, start=1):
        path = (*path, name)
        if depth == len(names) and is_array:
            arrays[path] = arrays.get(path, -1) + 1
            return (*path, arrays[path])
        if path in arrays:
            path = (*path, arrays[path])
    return path


def _note(lines: dict[Path, int], path: Path, value: object, number: int) -> None:
    """Note the line of everything inside one statement, down to where nothing is looked up any more."""
    if len(path) > _MAX_DEPTH:
        return
    if path:
        lines.setdefault(path, number)
    if isinstance(value, Mapping):
        for name, inner in value.items():
            _note(lines, (*path, name), inner, number)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _note(lines, (*path, index), inner, number)
