"""Who gets how many rows: the parts of a frame by importance, so that any terminal shows the most that fits."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text

from daemon.screen import colours
from daemon.screen.table import Column, exact, table


class Block(NamedTuple):
    """One part of the frame. `wanted` rows show all of it, fewer than `least` are not worth showing.

    `overhead` is what it needs beside its rows; `rank` 0 is served first; `draw(rows, width)` returns its lines.
    """

    rank: int
    wanted: int
    least: int
    overhead: int
    draw: Callable[[int, int], list[Text]]


def allot(blocks: Sequence[Block], height: int) -> list[int]:
    """Return the rows of each block, 0 for those left out: first the least of each by rank, then more in turns."""
    rows = [0] * len(blocks)
    left = height
    order = sorted(range(len(blocks)), key=lambda number: blocks[number].rank)
    for number in order:
        block = blocks[number]
        if block.overhead + block.least <= left:
            rows[number] = block.least
            left -= block.overhead + block.least
    growing = True
    while left > 0 and growing:
        growing = False
        for number in order:
            if left > 0 and 0 < rows[number] < blocks[number].wanted:
                rows[number] += 1
                left -= 1
                growing = True
    return rows


class Style(NamedTuple):
    """How parts are set off: in boxes where there is room, else under bars."""

    boxed: bool

    @property
    def overhead(self) -> int:
        """Lines that a table needs beside its rows."""
        return 3 if self.boxed else 1

    def part(
        self, title: str, columns: Sequence[Column], width: int, rows: int, empty: str = "", more: str = ""
    ) -> list[Text]:
        """Return a titled table of exactly `rows` rows; `empty` says that there is nothing, `more` what is left out."""
        inner = width - 4 if self.boxed else width
        if self.boxed:
            lines = table(columns, inner, first=colours.HEADING, heading=colours.HEADING)
        else:
            lines = table(columns, inner, first=colours.TITLE, heading=colours.BAR)
        if len(lines) == 1 and empty:
            lines.append(exact(Text(empty, style=colours.QUIET), inner))
        if more:
            lines[rows:] = [exact(Text(more, style=colours.QUIET), inner)]
        blank = Text(" " * inner)
        lines = [*lines[: rows + 1], *(blank for _ in range(rows + 1 - len(lines)))]
        return box(title, lines, width) if self.boxed else lines


def box(title: str, lines: Sequence[Text], width: int, right: str = "", title_style: str = colours.TITLE) -> list[Text]:
    """Return lines of `width` - 4 in a rounded box that carries a title, and a word in its lower right corner."""
    top = Text.assemble(("╭─ ", colours.BORDER), (title, title_style), " ")
    top.append("─" * max(0, width - cell_len(title) - 5) + "╮", style=colours.BORDER)
    tail = f" {right} ─╯" if right else "╯"
    bottom = Text("╰" + "─" * max(0, width - 1 - cell_len(tail)), style=colours.BORDER)
    bottom.append(tail, style=colours.BORDER)
    return [top, *map(framed, lines), bottom]


def framed(line: Text) -> Text:
    """Return one line of a box."""
    side = Text("│", style=colours.BORDER)
    return Text.assemble(side, " ", line, " ", side)


def beside(left: Sequence[Text], right: Sequence[Text], gap: int) -> list[Text]:
    """Return two columns of lines as one."""
    return [Text.assemble(one, " " * gap, other) for one, other in zip(left, right, strict=True)]
