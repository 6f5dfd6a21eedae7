"""Lines of cells in columns that always fit: what matters least is left out first, then the flexible ones are cut.

Rich's own tables wrap cells and so change height; a live screen must know the height of everything beforehand.
"""

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text

from daemon.screen import words

GAP = 2
GAP_WIDE = 3


class Column(NamedTuple):
    """One column. `rank` 0 always stays, the highest goes first; a `flexible` one may be cut to `least`.

    `steady` is a width for figures that grow and shrink, so that the columns beside them do not jump about.
    """

    title: str
    cells: Sequence[Text]
    right: bool = False
    rank: int = 0
    flexible: bool = False
    steady: int = 0
    least: int = 8

    @property
    def width(self) -> int:
        """The width of its widest cell."""
        return max(cell_len(self.title), self.steady, *(cell.cell_len for cell in self.cells))


class Part(NamedTuple):
    """A piece of one line; `rank` as for columns."""

    rank: int
    text: Text


def cell(text: str, style: str = "") -> Text:
    """Return one cell of clean text."""
    return Text(words.clean(text), style=style)


def table(columns: Sequence[Column], width: int, *, first: str, heading: str) -> list[Text]:
    """Return the heading line and one line a row, each exactly `width` wide; `first` styles the first heading.

    Columns of figures spread over the whole width; where the last column is text, it takes what is left.
    """
    columns = _chosen(columns, width)
    widths = _widths(columns, width)
    gap = (width - sum(widths)) // (len(columns) - 1) if len(columns) > 1 else 0
    if columns[-1].right:
        widths[0] += width - sum(widths) - gap * (len(columns) - 1)
    else:
        gap = min(gap, GAP_WIDE)
    titles = [Text(column.title, style="" if number else first) for number, column in enumerate(columns)]
    lines = [_line(titles, columns, widths, gap, width, heading)]
    rows = zip(*(column.cells for column in columns), strict=True)
    return [*lines, *(_line(row, columns, widths, gap, width, "") for row in rows)]


def spread(left: Sequence[Part], right: Sequence[Part], width: int, gap: int = 3) -> Text:
    """Return one line, some parts to the left and some to the right; the highest ranks go until the rest fits."""
    left, right = list(left), list(right)
    while _length(left, gap) + _length(right, gap) + gap > width and len(left) + len(right) > 1:
        worst = max((*left, *right), key=lambda part: part.rank)
        (left if worst in left else right).remove(worst)
    line = _joined(left, gap)
    if right:
        line.append(" " * max(gap if left else 0, width - line.cell_len - _length(right, gap)))
        line.append_text(_joined(right, gap))
    return exact(line, width)


def exact(line: Text, width: int) -> Text:
    """Return a line cut or filled to exactly `width` cells."""
    line = line.copy()
    line.truncate(width, overflow="ellipsis", pad=True)
    return line


def _chosen(columns: Sequence[Column], width: int) -> list[Column]:
    """Return the columns that there is room for, the flexible ones cut as far as may be."""
    kept = list(columns)
    while True:
        least = sum(min(c.width, c.least) if c.flexible else c.width for c in kept) + GAP * (len(kept) - 1)
        worst = max(kept, key=lambda column: column.rank)
        if least <= width or not worst.rank:
            return kept
        kept.remove(worst)


def _widths(columns: Sequence[Column], width: int) -> list[int]:
    """Return the widths that fit: flexible columns give way first, then the widest, down to nothing."""
    widths = [column.width for column in columns]
    excess = sum(widths) + GAP * (len(columns) - 1) - width
    for floors in ([c.least if c.flexible else c.width for c in columns], [0] * len(columns)):
        while excess > 0:
            index = max(range(len(columns)), key=lambda i: widths[i] if widths[i] > floors[i] else -1)
            if widths[index] <= floors[index]:
                break
            widths[index] -= 1
            excess -= 1
    return widths


def _line(
    cells: Sequence[Text], columns: Sequence[Column], widths: Sequence[int], gap: int, width: int, style: str
) -> Text:
    """Return one row of the table."""
    line = Text(style=style)
    for number, (text, column, room) in enumerate(zip(cells, columns, widths, strict=True)):
        text = exact(text, room) if text.cell_len > room else text.copy()  # noqa: PLW2901
        text.align("right" if column.right else "left", room)
        if number:
            line.append(" " * gap)
        line.append_text(text)
    return exact(line, width)


def _length(parts: Sequence[Part], gap: int) -> int:
    """Return how wide the joined parts are."""
    return sum(part.text.cell_len for part in parts) + gap * max(0, len(parts) - 1)


def _joined(parts: Sequence[Part], gap: int) -> Text:
    """Return the parts with gaps between."""
    return Text(" " * gap).join(part.text for part in parts)
