"""How a session went, told at its end: a card on a terminal, plain lines elsewhere, JSON for programs.

The struct itself is the JSON. Card and lines have the same rows, and both end with the command that replays
the session.
"""

import sys
import textwrap
from typing import TYPE_CHECKING, TextIO

import msgspec

from daemon.screen import words
from daemon.screen.history import Profit, profits_of
from daemon.status import PositionStatus

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDTH_MIN, WIDTH_MAX = 30, 100
NAME_WIDTH = 11


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Everything worth telling of a session that has ended; money and prices are decimal text."""

    session: str
    state: str  # "ended", "crashed"
    reason: str
    duration_ns: int
    inputs: int
    effects: int
    orders: dict[str, int]  # by the state in which they ended
    fills: int
    refusals: dict[str, int]  # by code
    malformed: dict[str, int]  # by reason
    positions: list[PositionStatus]
    tick_to_order_p50_ns: int
    tick_to_order_p99_ns: int
    digest: str
    replay: str  # the command that replays the session
    labels: list[str] = []  # such as "synthetic market"
    carried_from: str = ""  # live: the session before this one, whose orders, positions and profit are counted in
    carried_orders: int = 0


class Row(msgspec.Struct, frozen=True):
    """One line of the summary: a name, what is to be said, and whether that is good (1), bad (-1) or neither (0)."""

    name: str
    text: str
    tone: int = 0


def summary_rows(summary: Summary) -> list[Row]:
    """Return what there is to say, in the order in which it is said."""
    rows = [
        Row("session", summary.session),
        Row("ran", f"{words.duration_text(summary.duration_ns)}  {summary.reason}", 0 if _well(summary) else -1),
        Row("journal", f"{summary.inputs:,} inputs  {summary.effects:,} effects"),
    ]
    if summary.tick_to_order_p99_ns:
        p50, p99 = words.latency_text(summary.tick_to_order_p50_ns), words.latency_text(summary.tick_to_order_p99_ns)
        rows.append(Row("latency", f"tick-to-order p50 {p50}  p99 {p99}"))
    rows.append(Row("orders", _counts(summary.orders), -1 if summary.orders.get("unknown") else 0))
    if summary.carried_from:
        before = f"{summary.carried_orders:,} orders, positions and P&L of before, from {summary.carried_from}"
        rows.append(Row("carried", f"counted in: {before}"))
    rows.append(Row("fills", f"{summary.fills:,}{' in this session' if summary.carried_from else ''}"))
    rows += [_profit(profit) for profit in profits_of(summary.positions)]
    rows += [_position(position) for position in summary.positions if words.number(position.quantity)]
    rows.append(Row("refused", _counts(summary.refusals)))
    if any(summary.malformed.values()):
        rows.append(Row("malformed", _counts(summary.malformed), -1))
    if summary.digest:
        rows.append(Row("digest", summary.digest))
    return [msgspec.structs.replace(row, text=_clean(row.text)) for row in rows]


def summary_text(summary: Summary) -> str:
    """Return the summary as plain lines, each a name and what is to be said, for logs and for grep."""
    rows = [Row("state", _title(summary)), *summary_rows(summary), Row("replay", summary.replay)]
    return "".join(f"{row.name:<{NAME_WIDTH}}{row.text}\n" for row in rows)


def render_summary(summary: Summary, width: int) -> "RenderableType":
    """Return the summary as a card for a terminal of `width` columns; the command stands below it, to be copied."""
    from rich.text import Text

    from daemon.screen import colours
    from daemon.screen.layout import box
    from daemon.screen.table import exact

    if width < WIDTH_MIN:
        return Text(summary_text(summary))
    inner = min(width, WIDTH_MAX) - 4
    lines = []
    for row in summary_rows(summary):
        style = {1: f"bold {colours.GOOD}", -1: f"bold {colours.BAD}"}.get(row.tone, "")
        for number, part in enumerate(_folded(row.text, inner - NAME_WIDTH)):
            name = (row.name if not number else "").ljust(NAME_WIDTH)
            lines.append(exact(Text.assemble((name, colours.QUIET), (part, style)), inner))
    title = words.clipped(f"session {_title(summary)}", inner - 1)
    framed = box(title, lines, inner + 4, title_style=f"bold {colours.GOOD if _well(summary) else colours.BAD}")
    return Text("\n", no_wrap=True, overflow="crop", end="").join(framed)


def print_summary(summary: Summary, out: TextIO | None = None) -> None:
    """Print the card on a terminal, plain lines elsewhere."""
    out = out or sys.stdout
    if not out.isatty():
        out.write(summary_text(summary))
        out.flush()
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=out, highlight=False)
    console.print(render_summary(summary, console.width))
    console.print()
    console.print(Text("Replay it, and prove it bit for bit:", style="grey58"))
    # The terminal may fold the command, we must not: it is there to be copied.
    console.print(Text(f"  {summary.replay}", style="bold cyan"), soft_wrap=True)


def _well(summary: Summary) -> bool:
    """Whether the session was drained and sealed as it should be."""
    return summary.state == "ended"


def _title(summary: Summary) -> str:
    """Return how it ended, and what must not be forgotten when reading the figures."""
    return ", ".join(words.clean(text) for text in (summary.state, *(label.upper() for label in summary.labels)))


def _counts(counts: dict[str, int]) -> str:
    """Return `12 filled  40 cancelled`, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return "  ".join(f"{count:,} {name}" for name, count in ordered if count) or "none"


def _profit(profit: Profit) -> Row:
    """Profit and fees in one currency."""
    decimals = words.money_decimals([profit.realised, profit.unrealised, profit.fees])

    def money(amount: object) -> str:
        return words.money_text(words.number(str(amount)), decimals, signed=True)

    text = (
        f"{money(profit.net)} {profit.currency}  realised {money(profit.realised)}  "
        f"unrealised {money(profit.unrealised)}  fees {words.money_text(profit.fees, decimals)}"
    )
    net = words.rounded(profit.net, decimals)
    return Row("P&L", text, (net > 0) - (net < 0))


def _position(position: PositionStatus) -> Row:
    """A position that is still open."""
    decimals = words.decimals_of([position.average_price, position.mark_price])
    average, mark = (words.price_text(text, decimals) for text in (position.average_price, position.mark_price))
    return Row("position", f"{position.quantity} {position.instrument} at {average}, now {mark}")


def _clean(text: str) -> str:
    """Return text without what would command a terminal, its gaps kept."""
    return "  ".join(words.clean(part) for part in text.split("  ") if part)


def _folded(text: str, width: int) -> list[str]:
    """Return text in lines of at most `width`, broken between words where possible."""
    return textwrap.wrap(text, width, drop_whitespace=True, break_on_hyphens=False) or [""]
