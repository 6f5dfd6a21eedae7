"""One frame of `tickerd top`: the daemon's screen, working orders, breakers, limits in use, what the keys do. Pure."""

from typing import NamedTuple

from rich.text import Text

from daemon.limits_view import NEAR, LimitRow, share_of
from daemon.screen import colours, words
from daemon.screen.history import History
from daemon.screen.layout import Style
from daemon.screen.render import BOXED_HEIGHT, BOXED_WIDTH, frame
from daemon.screen.table import Column, cell, exact
from daemon.status import Status
from daemon.top import breakers
from daemon.top.keys import WORDS, Prompt
from daemon.views.orders import OrderRow

ORDERS_MAX, LIMITS_MAX, BREAKERS_MAX = 8, 5, 4
TALL = 24
HELP = "  ".join([*(f"{key} {word}" for key, word in WORDS.items()), "q quit"])


class Looked(NamedTuple):
    """What one look at the daemon brought."""

    status: Status
    orders: list[OrderRow]
    limits: list[LimitRow]


def picture(
    looked: Looked, history: History, prompt: Prompt | None, notice: str, width: int, height: int
) -> list[Text]:
    """Return the frame's lines: at most `height`, at most `width` wide."""
    foot = _foot(prompt, notice, width)
    room = max(1, height - len(foot))
    extra = min(len(looked.orders), ORDERS_MAX) if room > TALL + 4 else 0  # below that their counts must do
    stopped = breakers.worst(looked.status.breakers)[: BREAKERS_MAX if room > TALL else 2] if room >= TALL - 4 else []
    small = 1 if stopped else 2
    limits = in_use(looked.limits)[: LIMITS_MAX if room > TALL else small] if room >= TALL - 4 else []
    overhead = 1 if width < BOXED_WIDTH else 3
    blocks = [rows + overhead for rows in (extra, len(stopped), len(limits)) if rows]
    above = room - sum(blocks) + 1  # the frame's own last line tells other keys: it is left out
    boxed = width >= BOXED_WIDTH and above >= BOXED_HEIGHT
    if blocks and width >= BOXED_WIDTH and not boxed:
        above += 2 * len(blocks)
    style = Style(boxed=boxed)
    lines = frame(looked.status, history, width, above)[:-1] if above > 1 else []
    if extra:
        lines += _orders(looked.orders, style, width, extra)
    if stopped:
        columns = breakers.columns(stopped, "breaker" if boxed else "BREAKERS")
        lines += style.part("breakers", columns, width, len(stopped))
    if limits:
        lines += style.part("limits in use", _limits(limits, "limit" if boxed else "LIMITS"), width, len(limits))
    return [*lines[:room], *foot]


def in_use(limits: list[LimitRow]) -> list[LimitRow]:
    """Return the limits of which something is used, the fullest first."""
    used = [(share, row) for row in limits if (share := share_of(row))]
    return [row for _, row in sorted(used, key=lambda each: -each[0])]


def _orders(orders: list[OrderRow], style: Style, width: int, rows: int) -> list[Text]:
    """Working orders, the newest first."""
    more = f"… {len(orders) - rows + 1:,} more: `tickerd orders`" if len(orders) > rows else ""
    shown = orders[::-1][: rows - 1 if more else rows]
    columns = [
        Column("order" if style.boxed else "ORDERS", [cell(each.id, colours.QUIET) for each in shown]),
        Column("side", [cell(each.side, f"bold {colours.SIDE.get(each.side, colours.CAUTION)}") for each in shown]),
        Column("filled", [cell(f"{each.filled}/{each.quantity}") for each in shown], right=True),
        Column("price", [cell(each.price or "market") for each in shown], right=True),
        Column("instrument", [cell(each.instrument) for each in shown], flexible=True),
        Column("state", [cell(each.state, colours.ORDER.get(each.state, "")) for each in shown]),
        Column("strategy", [cell(each.strategy, colours.QUIET) for each in shown], rank=1, flexible=True),
    ]
    return style.part("working orders", columns, width, rows, more=more)


def _limits(rows: list[LimitRow], title: str) -> list[Column]:
    """Columns of limits."""
    shares = [share_of(row) or 0 for row in rows]
    tones = [colours.BAD if share >= 1 else colours.CAUTION if share >= NEAR else "" for share in shares]
    return [
        Column(title, [cell(row.name) for row in rows], flexible=True),
        Column("scope", [cell(row.scope, colours.QUIET) for row in rows], flexible=True),
        Column("used", [cell(row.used) for row in rows], right=True),
        Column("of", [cell(row.value) for row in rows], right=True),
        Column("", [cell(f"{share:.0%}", tone) for share, tone in zip(shares, tones, strict=True)], right=True),
    ]


def _foot(prompt: Prompt | None, notice: str, width: int) -> list[Text]:
    """What was answered last, and what is asked or what the keys do; never full width, or the screen would scroll."""
    inner = max(1, width - 1)
    lines = [exact(Text(words.clean(notice), style=colours.CAUTION), inner)] if notice else []
    if prompt is None:
        return [*lines, exact(Text(HELP, style=colours.QUIET), inner)]
    if prompt.wrong:
        lines = [exact(Text(prompt.wrong, style=f"bold {colours.BAD}"), inner)]
    asked = Text.assemble((words.clean(prompt.question), f"bold {colours.CAUTION}"))
    if prompt.scope is None or prompt.reason is None:
        room = max(1, inner - asked.cell_len - 3)
        asked.append(f": {words.clean(prompt.typed)[-room:]}█")
    return [*lines, exact(asked, inner), exact(Text("Enter goes on, Esc leaves it", style=colours.QUIET), inner)]
