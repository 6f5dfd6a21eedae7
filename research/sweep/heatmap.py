"""A map of two varied parameters: each cell the best of all trials with those two values. For terminals, and as SVG."""

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from research.sweep.grid import Grid
from research.sweep.result import ORDERS, Trial

if TYPE_CHECKING:
    from rich.text import Text

Colour = tuple[int, int, int]
# From worst to best: a diverging scale that the colour-blind can read too (C. Brewer's RdBu, ends and middle).
_SCALE: tuple[Colour, ...] = ((178, 24, 43), (244, 165, 130), (247, 247, 247), (146, 197, 222), (33, 102, 172))
_NONE: Colour = (128, 128, 128)
_CELL, _MARGIN = 22, 90  # of the SVG, in pixels
_WIDTH_MAX = 1_600


class HeatMap(msgspec.Struct, frozen=True):
    """`cells[row][column]` is the best value of `by`, None where no trial told one; rows are of `down`."""

    across: str
    down: str
    columns: tuple[object, ...]
    rows: tuple[object, ...]
    cells: list[list[float | None]]
    by: str

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest value: around 0 where values lie on both sides of it."""
        known = [value for row in self.cells for value in row if value is not None]
        low, high = min(known, default=0.0), max(known, default=0.0)
        if low < 0.0 < high:
            high = max(high, -low)
            low = -high
        return low, high


def heat_map(grid: Grid, trials: Sequence[Trial], by: str) -> HeatMap | None:
    """Return the map of the two parameters with the most values, None where fewer than two have several."""
    wide = sorted((name for name in grid.names if len(grid.axes[name]) > 1), key=lambda name: -len(grid.axes[name]))[:2]
    if len(wide) < 2:
        return None
    across, down = wide
    columns, rows = grid.axes[across], grid.axes[down]
    at = {name: place for place, name in enumerate(grid.names)}
    column_of = {value: place for place, value in enumerate(columns)}
    row_of = {value: place for place, value in enumerate(rows)}
    cells: list[list[float | None]] = [[None] * len(columns) for _ in rows]
    for trial in trials:
        value = ORDERS[by](trial.figures) if trial.figures is not None else None
        row, column = row_of[trial.values[at[down]]], column_of[trial.values[at[across]]]
        known = cells[row][column]
        if value is not None and (known is None or value > known):
            cells[row][column] = value
    return HeatMap(across, down, columns, rows, cells, by)


def terminal_lines(found: HeatMap, width: int) -> "list[Text]":
    """Return the map for a terminal, two rows in each line; none where it is wider than `width`."""
    from rich.text import Text

    label = max(len(str(value)) for value in (*found.rows, found.down)) + 1
    cell = 2 if label + 2 * len(found.columns) <= width else 1
    if label + cell * len(found.columns) > width:
        return []
    low, high = found.bounds
    lines = [Text(f"{found.down:>{label - 1}} down, {found.across} across, {found.by}: {_span(found)}")]
    for at in range(0, len(found.rows), 2):
        line = Text(f"{found.rows[at]!s:>{label - 1}} ")
        below = found.cells[at + 1] if at + 1 < len(found.rows) else None
        for column, value in enumerate(found.cells[at]):
            upper = _rgb(_colour(value, low, high))
            under = f" on {_rgb(_colour(below[column], low, high))}" if below is not None else ""
            line.append("▀" * cell, style=upper + under)
        lines.append(line)
    ends = f"{found.columns[0]} ... {found.columns[-1]}"
    lines.append(Text(" " * label + ends))
    return lines


def svg(found: HeatMap) -> str:
    """Return the map as an SVG picture; pointing at a cell shows its values."""
    low, high = found.bounds
    cell = max(4, min(_CELL, _WIDTH_MAX // len(found.columns)))
    width, height = _MARGIN + cell * len(found.columns) + 20, _MARGIN + cell * len(found.rows) + 20
    name = {each: html.escape(str(getattr(found, each))) for each in ("across", "down", "by")}
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            'font-family="sans-serif" font-size="11">'
        ),
        f'<rect width="{width}" height="{height}" fill="white"/>',
        (
            f'<text x="{_MARGIN}" y="20">{name["by"]} by {name["across"]} (across) and {name["down"]} (down): '
            f"{html.escape(_span(found))}</text>"
        ),
    ]
    every = -(-40 // cell)
    for at, value in enumerate(found.columns):
        if at % every == 0:
            parts.append(f'<text x="{_MARGIN + at * cell}" y="{_MARGIN - 8}">{html.escape(str(value))}</text>')
    for at, value in enumerate(found.rows):
        y = _MARGIN + at * cell
        if at % max(1, -(-14 // cell)) == 0:
            parts.append(f'<text x="{_MARGIN - 8}" y="{y + 12}" text-anchor="end">{html.escape(str(value))}</text>')
        for column, told in enumerate(found.cells[at]):
            red, green, blue = _colour(told, low, high)
            title = f"{found.down} {value}, {found.across} {found.columns[column]}: {_told(found.by, told)}"
            parts.append(
                f'<rect x="{_MARGIN + column * cell}" y="{y}" width="{cell}" height="{cell}" '
                f'fill="#{red:02x}{green:02x}{blue:02x}"><title>{html.escape(title)}</title></rect>'
            )
    return "\n".join([*parts, "</svg>\n"])


def _span(found: HeatMap) -> str:
    """Say between which values the map lies."""
    known = [value for row in found.cells for value in row if value is not None]
    if not known:
        return "nothing told"
    worst, best = _told(found.by, min(known)), _told(found.by, max(known))
    return f"{worst} (red) to {best} (blue)"


def _told(by: str, value: float | None) -> str:
    """Return a value in words; what is best small is kept negated."""
    if value is None:
        return "none"
    shown = -value if by in {"drawdown", "fees"} else value
    return f"{shown * 100:.2f} %" if by in {"return", "drawdown"} else f"{shown:,.2f}"


def _colour(value: float | None, low: float, high: float) -> Colour:
    """Return the colour of a value between two bounds."""
    if value is None:
        return _NONE
    place = (value - low) / (high - low) * (len(_SCALE) - 1) if high > low else (len(_SCALE) - 1) / 2
    at = min(int(place), len(_SCALE) - 2)
    share = place - at
    red, green, blue = (
        round(before + (after - before) * share) for before, after in zip(_SCALE[at], _SCALE[at + 1], strict=True)
    )
    return red, green, blue


def _rgb(colour: Colour) -> str:
    red, green, blue = colour
    return f"rgb({red},{green},{blue})"
