"""How words are answered: JSON for programs, tables that fit 80 columns for people."""

import datetime as dt
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from rich.console import Console

_NS_PER_S = 1_000_000_000
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_LARGE = 1_000_000


class Column(msgspec.Struct, frozen=True):
    """One column of a table. A `wide` one is left out where the terminal has less than 120 columns.

    A `whole` one is not folded, as names are that somebody will copy.
    """

    title: str
    right: bool = False
    wide: bool = False
    whole: bool = False


WIDTH = 80
"""Of what is folded wherever it goes."""
WIDE_COLUMNS = 120


def write_line(text: str) -> None:
    """Write one line of the answer."""
    sys.stdout.write(text + "\n")


def write_text(text: str, indent: str = "  ") -> None:
    """Write a sentence: on a terminal folded between words, behind `indent`; elsewhere as one line."""
    width = _console().width
    if not sys.stdout.isatty() or len(text) <= width:
        write_line(text)
        return
    for line in textwrap.wrap(text, width, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False):
        write_line(line)


def write_json(answer: object) -> None:
    """Write one JSON object on a line of its own."""
    write_line(msgspec.json.encode(answer).decode())


def is_wide() -> bool:
    """Whether `write_table` shows wide columns."""
    return _console().width >= WIDE_COLUMNS


def write_table(columns: Sequence[Column], rows: Iterable[Sequence[str]], *, indent: int = 0) -> None:
    """Write a table as wide as the terminal, or 80 columns where there is none; colours only on a terminal."""
    from rich.padding import Padding
    from rich.table import Table

    console = _console()
    shown = [at for at, column in enumerate(columns) if not column.wide or console.width >= WIDE_COLUMNS]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in (columns[at] for at in shown):
        table.add_column(
            column.title, justify="right" if column.right else "left", overflow="fold", no_wrap=column.whole
        )
    for row in rows:
        table.add_row(*(row[at] for at in shown))
    with console.capture() as capture:
        console.print(Padding(table, (0, 0, 0, indent)))
    sys.stdout.write("".join(line.rstrip() + "\n" for line in capture.get().splitlines()))


def _console() -> "Console":
    """Return a console that shows text as it is: a name in brackets is no markup."""
    from rich.console import Console

    return Console(file=sys.stdout, markup=False, emoji=False, highlight=False)


def count_text(count: int) -> str:
    """Return a count of at most six characters: `999999`, `1.23M`, `45.6M`."""
    if count < _LARGE:
        return str(count)
    millions = count / _LARGE
    return f"{millions:.2f}M" if millions < 10 else f"{millions:.1f}M" if millions < 1000 else f"{millions / 1000:.1f}G"


def size_text(size_bytes: int) -> str:
    """Return a size as a person says it: `512 B`, `12.3 MiB`."""
    size, unit = float(size_bytes), 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.0f} {_UNITS[unit]}" if unit == 0 or size >= 100 else f"{size:.1f} {_UNITS[unit]}"


def duration_text(duration_ns: int) -> str:
    """Return a duration as a person says it: `850 ms`, `59.3 s`, `5m 12s`, `3h 07m`, `2d 04h`."""
    seconds = duration_ns / _NS_PER_S
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, s = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes}m {s:02}s"
    hours, m = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h {m:02}m"
    days, h = divmod(hours, 24)
    return f"{days}d {h:02}h"


def utc_text(time_ns: int) -> str:
    """Return a time since 1970 as `2026-11-21 10:15:00.123456789`, UTC; nothing is rounded away."""
    seconds, ns = divmod(time_ns, _NS_PER_S)
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%d %H:%M:%S}.{ns:09}"
