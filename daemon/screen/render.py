"""One frame of the screen: `render(status, history, width, height)`, a pure function of what it shows."""

import textwrap
from collections.abc import Sequence

from rich.cells import chop_cells
from rich.console import RenderableType
from rich.text import Text

from daemon.screen import colours, panels, trading, words
from daemon.screen.history import History
from daemon.screen.layout import Block, Style, allot, beside, box, framed
from daemon.screen.lines import status_line, working_orders
from daemon.screen.needs import Need, alert_style, needs_of
from daemon.screen.table import Part, cell, exact, spread
from daemon.status import LiveStatus, PositionStatus, Status

BOXED_WIDTH, BOXED_HEIGHT = 100, 30
LEAST_WIDTH, LEAST_HEIGHT = 40, 8
ORDERS_WIDTH = 27
BALANCES_WIDTH, BALANCES_WIDE, BALANCES_WIDE_FROM = 36, 56, 118
NEEDS_LEAST, VENUES_LEAST = 6, 2
TITLE = "tickerd"


def render(status: Status, history: History, width: int, height: int) -> RenderableType:
    """Return a frame for a terminal of `width` x `height`. It keeps off the last line, where the cursor waits."""
    return Text("\n", no_wrap=True, overflow="crop", end="").join(frame(status, history, width, max(1, height - 1)))


def frame(status: Status, history: History, width: int, height: int) -> list[Text]:
    """Return the frame's lines: at most `height`, at most `width` wide."""
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return _tiny(status, width, height)
    style = Style(boxed=width >= BOXED_WIDTH and height >= BOXED_HEIGHT)
    head = _head(status, history, style, width)
    foot = _foot(status, style, width)
    blocks = _blocks(status, style, width)
    rows = allot(blocks, height - len(head) - 1)
    lines = list(head)
    for block, count in zip(blocks, rows, strict=True):
        if count:
            lines += block.draw(count, width)
    return [*lines, foot]


def _tiny(status: Status, width: int, height: int) -> list[Text]:
    """Where nothing fits, the plain line, folded."""
    return [exact(Text(part), width) for part in chop_cells(words.clean(status_line(status)), width)][:height]


def _head(status: Status, history: History, style: Style, width: int) -> list[Text]:
    """Return the lines at the top."""
    if not style.boxed:
        return panels.vitals(status, history, width)
    lines = panels.vitals(status, history, width - 4)
    time = words.moment_text(status.time_ns)
    framed = box(TITLE, lines, width, words.clipped(cell(status.session).plain, width - 12))
    top = framed[0]
    top.truncate(width - len(time) - 4)
    top.append_text(Text.assemble(" ", (time, colours.QUIET), (" ─╮", colours.BORDER)))
    return framed


def _foot(status: Status, style: Style, width: int) -> Text:
    """Return the last line: what the keys do. Never full width, so that what is typed does not scroll the screen."""
    ending = {"DRAINING": "draining: cancelling orders, then sealing; Ctrl-C again ends at once", "STOPPED": "sealed"}
    text = ending.get(status.state, "Ctrl-C drains and seals")
    counted = f"{words.count_text(status.inputs)} inputs, {words.count_text(status.effects)} effects"
    session = [] if style.boxed else [Part(1, cell(status.session.rpartition("/")[2], colours.QUIET))]
    left, right = Part(0, cell(text, colours.QUIET)), Part(2, cell(counted, colours.QUIET))
    line = spread([left, *session], [right], max(1, width - 2), 2)
    line.rstrip()
    return line


def _blocks(status: Status, style: Style, width: int) -> list[Block]:
    """Return the parts below the head, in the order in which they stand."""
    needs = needs_of(status)
    blocks = [_needs(needs, style, width)] if needs else []
    blocks.append(_market(status, style))
    if status.live is not None:
        blocks.append(_venues(status.live, style, width))
    blocks.append(_positions(status, style))
    if style.boxed:
        blocks.append(_orders_and_strategies(status, style, width))
    else:
        blocks += [_orders(status), _balances(status), _strategies(status, style)]
    blocks += [_fills(status, style), _refusals(status, style)]
    if any(alert.message.strip() for alert in status.alerts):
        blocks.append(_alerts(status, needs, style, width))
    return blocks


def _needs(needs: Sequence[Need], style: Style, width: int) -> Block:
    """What needs a person and what to do next, folded: none of it may be cut off while there is room."""
    inner = width - 4 if style.boxed else width
    lines = []
    for need in needs:
        told = textwrap.wrap(cell(need.what).plain, inner, initial_indent="! ", subsequent_indent="  ")
        after = textwrap.wrap(cell(need.next).plain, inner, initial_indent="  → ", subsequent_indent="    ")
        lines += [exact(Text(text, style=f"bold {colours.BAD}"), inner) for text in told]
        lines += [exact(Text(text, style=colours.FIGURE), inner) for text in after]

    def draw(rows: int, width: int) -> list[Text]:
        shown = lines[:rows]
        return box("needs you", shown, width, title_style=f"bold {colours.BAD}") if style.boxed else shown

    return Block(0, len(lines), min(len(lines), NEEDS_LEAST), 2 if style.boxed else 0, draw)


def _venues(live: LiveStatus, style: Style, width: int) -> Block:
    """Links, books, allowances and clocks by venue; what is waited for, and the account, below."""
    inner = width - 4 if style.boxed else width
    notes = trading.footnotes(live, inner)
    wanted = len(live.venues) + len(notes)

    def draw(rows: int, width: int) -> list[Text]:
        venues, more = list(live.venues), ""
        if len(venues) > rows:
            venues.sort(key=trading.venue_is_well)
            more = f"… {len(venues) - rows + 1:,} more"
            venues = venues[: rows - 1]
        columns = trading.venues(venues, "venue" if style.boxed else "VENUES", inner)
        lines = style.part("trading", columns, width, rows, "no venue takes orders", more)
        at = len(live.venues) + (2 if style.boxed else 1)
        for note in notes[: max(0, rows - len(live.venues))]:
            lines[at] = framed(note) if style.boxed else note
            at += 1
        return lines

    return Block(1, wanted, min(wanted, len(live.venues) + 1, VENUES_LEAST), style.overhead, draw)


def _balances(status: Status) -> Block:
    """Cash on one line."""
    return Block(4, 1, 1, 0, lambda _rows, width: [trading.balances_line(status, width)])


def _market(status: Status, style: Style) -> Block:
    """Feeds; where not all fit, those with a fault first."""

    def draw(rows: int, width: int) -> list[Text]:
        feeds, more = list(status.feeds), ""
        if len(feeds) > rows:
            feeds.sort(key=panels.feed_is_well)
            hidden = feeds[rows - 1 :]
            feeds = feeds[: rows - 1]
            more = f"… {len(hidden):,} more, {sum(map(panels.feed_is_well, hidden)):,} of them well"
        columns = panels.market(feeds, "instrument" if style.boxed else "MARKET")
        return style.part("market", columns, width, rows, "no instruments yet", more)

    return Block(0, max(1, len(status.feeds)), max(1, min(2, len(status.feeds))), style.overhead, draw)


def _positions(status: Status, style: Style) -> Block:
    """Positions; where not all fit, the open ones first."""

    def draw(rows: int, width: int) -> list[Text]:
        positions, more = list(status.positions), ""
        if len(positions) > rows:
            positions.sort(key=lambda p: not words.number(p.quantity))
            more = f"… {len(positions) - rows + 1:,} more, counted in P&L"
            positions = positions[: rows - 1]
        columns = panels.positions(positions, "instrument" if style.boxed else "POSITIONS")
        return style.part(f"positions{_currencies(status.positions)}", columns, width, rows, "flat", more)

    # As many rows as there are instruments from the beginning, so that the first fills do not push the rest about.
    return Block(1, max(1, len(status.positions), min(4, len(status.feeds))), 1, style.overhead, draw)


def _currencies(positions: Sequence[PositionStatus]) -> str:
    """Return ` in USDT` where all are in one currency."""
    names = {position.currency for position in positions}
    return f" in {cell(names.pop()).plain}" if len(names) == 1 else ""


def _orders(status: Status) -> Block:
    """Orders on one line."""
    return Block(2, 1, 1, 0, lambda _rows, width: [panels.orders_line(status.orders, width)])


def _strategies(status: Status, style: Style) -> Block:
    """Strategy actors; where not all fit, those that do not work first."""

    def draw(rows: int, width: int) -> list[Text]:
        actors, more = list(status.strategies), ""
        if len(actors) > rows:
            actors.sort(key=lambda s: s.state == "active")
            more = f"… {len(actors) - rows + 1:,} more"
            actors = actors[: rows - 1]
        columns = panels.strategies(actors, "strategy" if style.boxed else "STRATEGIES")
        return style.part("strategies", columns, width, rows, "none", more)

    return Block(3, max(1, len(status.strategies)), max(1, min(2, len(status.strategies))), style.overhead, draw)


def _orders_and_strategies(status: Status, style: Style, width: int) -> Block:
    """Orders by state, strategies and cash beside each other."""
    strategies = _strategies(status, style)
    dust = trading.dust_text(status)
    cash = min(6, len(status.balances) + bool(dust))
    wanted = max(3, strategies.wanted, len(panels.order_states(status.orders)), cash)
    side = BALANCES_WIDTH if width < BALANCES_WIDE_FROM else BALANCES_WIDE

    def draw(rows: int, width: int) -> list[Text]:
        orders = panels.orders_table(status.orders, "state")
        working = f"orders: {working_orders(status.orders):,} working"
        cash = trading.balances(status, "asset")
        more = f"… {len(status.balances) - rows + 1:,} more" if len(status.balances) > rows else dust
        parts = (
            style.part(working, orders, ORDERS_WIDTH, rows, "none yet"),
            strategies.draw(rows, width - ORDERS_WIDTH - side),
            style.part("balances", cash, side, rows, "none", more),
        )
        return beside(beside(parts[0], parts[1], 0), parts[2], 0)

    return Block(2, min(8, wanted), 2, style.overhead, draw)


def _fills(status: Status, style: Style) -> Block:
    """The last fills, the newest first."""

    def draw(rows: int, width: int) -> list[Text]:
        columns = panels.fills(status.fills[::-1][:rows], "time" if style.boxed else "FILLS")
        return style.part("last fills", columns, width, rows, "none yet")

    return Block(4, 8, 1, style.overhead, draw)


def _refusals(status: Status, style: Style) -> Block:
    """The last refusals and why, the newest first."""
    groups = panels.grouped(status.refusals)

    def draw(rows: int, width: int) -> list[Text]:
        columns = panels.refusals(groups[:rows], "time" if style.boxed else "REFUSED")
        return style.part("last refusals", columns, width, rows, "none")

    return Block(5, min(6, max(2, len(groups))), 1, style.overhead, draw)


def _alerts(status: Status, needs: Sequence[Need], style: Style, width: int) -> Block:
    """The last alerts, the newest first, folded: what is wrong must not be cut off. What is a need is told there."""
    inner = width - 4 if style.boxed else width
    fold = textwrap.TextWrapper(inner, initial_indent="! ", subsequent_indent="  ")
    texts = [
        Text(line, style=alert_style(alert))
        for alert in reversed(status.alerts)
        if not any(alert.message in need.what for need in needs)
        for line in fold.wrap(f"{words.clock_text(alert.time_ns)} {cell(alert.message).plain}")
    ]

    def draw(rows: int, width: int) -> list[Text]:
        lines = [exact(text, inner) for text in texts[:rows]]
        return box("alerts", lines, width) if style.boxed else lines

    return Block(2, min(3, len(texts)), 1, 2 if style.boxed else 0, draw)
