"""What each part of the screen says: from a status to columns and lines, no layout."""

from collections.abc import Sequence
from decimal import Decimal

from rich.text import Text

from daemon.screen import colours, trading, words
from daemon.screen.history import History, profits_of
from daemon.screen.lines import working_orders
from daemon.screen.table import Column, Part, cell, spread
from daemon.status import FeedStatus, FillStatus, PositionStatus, RefusalStatus, Status, StrategyStatus

SILENCE_NS = 2 * words.SECOND_NS
LAG_NS = 20_000_000


# -- the head ----------------------------------------------------------------------------------------------------------


def vitals(status: Status, history: History, width: int) -> list[Text]:
    """Return the three lines at the top: what it is, how fast it is, what it earns and needs."""
    return [_identity(status, history, width), _speed(status, history, width), _means(status, history, width)]


def _identity(status: Status, history: History, width: int) -> Text:
    """State, mode and labels; how long it runs and when it ends."""
    real = status.mode == "live" and not status.labels  # on a synthetic market nobody's money is at stake
    left = [
        Part(0, cell(f"● {status.state}", colours.LIFECYCLE.get(status.state, colours.ALARM))),
        Part(0, _chip(status.mode.upper(), colours.ALARM if real else colours.CALM)),
        *(Part(rank, _chip(label.upper(), colours.LABEL)) for rank, label in enumerate(status.labels)),
    ]
    if history.silent_ns >= SILENCE_NS:
        left.append(Part(0, _chip(f"NO NEWS FOR {words.latency_text(history.silent_ns)}", colours.ALARM)))
    right = [Part(9, named("up", words.duration_text(status.uptime_ns)))]
    if history.run_for_ns is not None and status.state not in {"DRAINING", "STOPPED"}:
        left_ns = max(0, history.run_for_ns - status.uptime_ns)
        right.append(Part(8, named("ends in", words.duration_text(left_ns + words.SECOND_NS - 1))))
    return spread(left, right, width)


def _speed(status: Status, history: History, width: int) -> Text:
    """Events per second with their history; latency from tick to order."""
    rate = Text.assemble((words.count_text(status.events_per_s).rjust(7), colours.FIGURE), (" events/s", colours.QUIET))
    right = []
    if status.tick_to_order_count:
        right = [
            Part(0, named("tick-to-order p50", words.latency_text(status.tick_to_order_p50_ns).rjust(6))),
            Part(0, named("p99", words.latency_text(status.tick_to_order_p99_ns).rjust(6))),
            Part(2, Text(f"of {words.count_text(status.tick_to_order_count)}", style=colours.QUIET)),
        ]
    room = width - rate.cell_len - sum(part.text.cell_len + 3 for part in right) - 3
    bars = Text(words.sparkline(history.rates, min(room, 60)), style="cyan")
    return spread([Part(0, rate), Part(3, bars)], right, width)


def _means(status: Status, history: History, width: int) -> Text:
    """Profit with its history; journal, memory and whatever went wrong."""
    left = [Part(0, Text.assemble(("    P&L ", colours.QUIET), _profit(status)))]
    if (worth := trading.equity(status.account)) is not None:
        left.append(Part(2, worth))
    malformed, cuts = sum(status.malformed.values()), status.reconnects
    right = [
        Part(4, named("journal", words.bytes_text(status.journal_bytes))),
        Part(5, named("memory", words.bytes_text(status.rss_bytes).rjust(7))),
        Part(6, named("lag", words.latency_text(status.loop_lag_ns).rjust(6), _alarming(status.loop_lag_ns >= LAG_NS))),
        Part(3 if cuts else 7, named("reconnects", f"{cuts:,}", _alarming(cuts))),
        Part(1 if malformed else 8, named("malformed", f"{malformed:,}", _alarming(malformed))),
    ]
    used = sum(part.text.cell_len + 3 for part in (*left, *right))
    if len(history.profits) > 1 and width - used > 3:
        bars = words.sparkline(history.profits, min(width - used, 30), from_zero=False)
        left.append(Part(9, Text(bars, style=colours.of_amount(Decimal(str(history.profits[-1]))))))
    return spread(left, right, width)


def _profit(status: Status) -> Text:
    """Net profit by currency, coloured."""
    amounts = []
    for profit in profits_of(status.positions)[:3]:
        decimals = words.money_decimals([profit.net])
        text = words.money_text(profit.net, decimals, signed=True)
        amounts.append(cell(f"{text} {profit.currency}", f"bold {colours.of_amount(profit.net, decimals)}"))
    return Text("  ").join(amounts) if amounts else Text("0.00", style=colours.QUIET)


def named(name: str, value: str, style: str = colours.FIGURE) -> Text:
    """Return `name value`, the name quiet."""
    return Text.assemble((f"{name} ", colours.QUIET), (value, style))


def _chip(text: str, style: str) -> Text:
    """Return text on a coloured ground, with air on both sides."""
    return Text(f" {words.clipped(text, 30)} ", style=style)


def _alarming(bad: object) -> str:
    """Return the style of a figure that should be nought."""
    return f"bold {colours.CAUTION}" if bad else colours.FIGURE


# -- tables ------------------------------------------------------------------------------------------------------------


def market(feeds: Sequence[FeedStatus], title: str) -> list[Column]:
    """Columns of the instruments' markets."""
    decimals = [words.decimals_of([f.bid_price, f.ask_price, f.last_price]) for f in feeds]
    bids = [cell(words.price_text(f.bid_price, d)) for f, d in zip(feeds, decimals, strict=True)]
    asks = [cell(words.price_text(f.ask_price, d)) for f, d in zip(feeds, decimals, strict=True)]
    lasts = [cell(words.price_text(f.last_price, d)) for f, d in zip(feeds, decimals, strict=True)]
    return [
        Column(title, [cell(f.instrument, colours.FIGURE) for f in feeds], flexible=True),
        Column("feed", [_feed_state(f) for f in feeds], steady=7),
        Column("age", [cell(words.latency_text(f.age_ns), _age_style(f)) for f in feeds], right=True, steady=7),
        Column("bid", bids, right=True),
        Column("ask", asks, right=True),
        Column("spread", [cell(_spread_text(f), colours.QUIET) for f in feeds], right=True, rank=2, steady=8),
        Column("last", lasts, right=True, rank=1),
    ]


def feed_is_well(feed: FeedStatus) -> bool:
    """Whether nothing keeps strategies from trading on this market."""
    return feed.connected and not feed.stale and feed.book in {"live", "empty"}


def _feed_state(feed: FeedStatus) -> Text:
    """The one word that matters most: down, stale, or the state of the book."""
    if not feed.connected:
        return cell("● down", f"bold {colours.BAD}")
    if feed.stale:
        return cell(f"● stale {', '.join(feed.stale)}", f"bold {colours.CAUTION}")
    if feed.book == "empty" and feed.age_ns >= 0:
        return cell("● no book", colours.GOOD)
    return cell(f"● {feed.book}", colours.BOOK.get(feed.book, colours.CAUTION))


def _age_style(feed: FeedStatus) -> str:
    """Old news stands out."""
    return colours.CAUTION if feed.age_ns >= 5 * words.SECOND_NS else ""


def _spread_text(feed: FeedStatus) -> str:
    """The spread in basis points of the middle; negative for a crossed market."""
    bid, ask = words.number(feed.bid_price), words.number(feed.ask_price)
    if not bid or not ask or bid + ask <= 0:
        return words.NOTHING
    return f"{(ask - bid) * 20_000 / (bid + ask):,.2f} bp"


def positions(rows: Sequence[PositionStatus], title: str) -> list[Column]:
    """Columns of the positions, profit and fees coloured."""
    marks = [words.decimals_of([p.average_price, p.mark_price]) for p in rows]
    averages = [cell(words.price_text(p.average_price, d)) for p, d in zip(rows, marks, strict=True)]
    prices = [cell(words.price_text(p.mark_price, d)) for p, d in zip(rows, marks, strict=True)]
    unrealised, realised = [words.number(p.unrealised) for p in rows], [words.number(p.realised) for p in rows]
    fees = [words.number(p.fees) for p in rows]
    decimals = _decimals([*unrealised, *realised, *fees])
    costs = [cell(words.money_text(fee, decimals), colours.COST if fee else colours.QUIET) for fee in fees]
    columns = [
        Column(title, [cell(p.instrument, colours.FIGURE) for p in rows], flexible=True),
        Column("quantity", [cell(p.quantity, _quantity_style(p)) for p in rows], right=True),
        Column("average", averages, right=True, rank=3),
        Column("mark", prices, right=True, rank=2),
        Column("unrealised", [_profit_cell(amount, decimals) for amount in unrealised], right=True),
        Column("realised", [_profit_cell(amount, decimals) for amount in realised], right=True),
        Column("fees", costs, right=True, rank=1, steady=6),
    ]
    if len({p.currency for p in rows}) > 1:
        columns.append(Column("in", [cell(p.currency, colours.QUIET) for p in rows], right=True, rank=4))
    return columns


def _decimals(amounts: Sequence[Decimal | None]) -> int:
    """Return how many decimals a table of profits shows, the same in all its columns."""
    largest = max((abs(amount) for amount in amounts if amount is not None), default=Decimal(0))
    if largest >= 1000:
        return 2
    return 4 if largest >= Decimal("0.01") or not largest else 8


def _profit_cell(amount: Decimal | None, decimals: int) -> Text:
    """One profit, signed and coloured."""
    return cell(words.money_text(amount, decimals, signed=True), colours.of_amount(amount, decimals))


def _quantity_style(position: PositionStatus) -> str:
    """Long, short or flat."""
    return colours.of_amount(words.number(position.quantity))


def strategies(rows: Sequence[StrategyStatus], title: str) -> list[Column]:
    """Columns of the strategy actors."""
    return [
        Column(title, [cell(s.id, colours.FIGURE) for s in rows], flexible=True),
        Column("state", [cell(s.state, colours.STRATEGY.get(s.state, colours.ALARM)) for s in rows]),
        Column("orders", [cell(f"{s.open_orders:,}") for s in rows], right=True),
        Column("fills", [cell(words.count_text(s.fills)) for s in rows], right=True),
        Column("why", [cell(s.reason, colours.QUIET) for s in rows], rank=1, flexible=True),
    ]


def order_states(orders: dict[str, int]) -> list[tuple[str, int, str]]:
    """Return (state in words, count, style) of every state that has orders, in the order of an order's life."""
    known = [state for state in colours.ORDER if orders.get(state)]
    others = sorted(state for state in orders if state not in colours.ORDER and orders[state])
    return [(s.replace("-", " "), orders[s], colours.ORDER.get(s, colours.ALARM)) for s in (*known, *others)]


def orders_table(orders: dict[str, int], title: str) -> list[Column]:
    """Columns of the orders by state."""
    rows = order_states(orders)
    return [
        Column(title, [cell(state, style) for state, _, style in rows], flexible=True),
        Column("count", [cell(f"{n:,}", colours.FIGURE) for _, n, _ in rows], right=True),
    ]


def orders_line(orders: dict[str, int], width: int) -> Text:
    """Return the orders by state on one line, for a small screen."""
    parts = [
        Part(0, Text("ORDERS", style=colours.TITLE)),
        Part(0, Text.assemble((f"{working_orders(orders):,}", colours.FIGURE), " working")),
    ]
    for rank, (state, count, style) in enumerate(order_states(orders), start=1):
        urgent = state == "unknown"
        parts.append(Part(0 if urgent else rank, cell(f"{count:,} {state}", style)))
    return spread(parts, [], width, 2)


def fills(rows: Sequence[FillStatus], title: str) -> list[Column]:
    """Columns of the last fills."""
    decimals = {
        name: words.decimals_of(f.price for f in rows if f.instrument == name) for name in {f.instrument for f in rows}
    }
    return [
        Column(title, [cell(words.clock_text(f.time_ns), colours.QUIET) for f in rows], steady=8),
        Column("side", [cell(f.side, f"bold {colours.SIDE.get(f.side, colours.CAUTION)}") for f in rows]),
        Column("quantity", [cell(f.quantity) for f in rows], right=True, steady=9),
        Column("instrument", [cell(f.instrument) for f in rows], flexible=True),
        Column("price", [cell(words.price_text(f.price, decimals[f.instrument])) for f in rows], right=True),
        Column("strategy", [cell(f.strategy_id, colours.QUIET) for f in rows], rank=1, flexible=True),
    ]


def refusals(rows: Sequence[tuple[RefusalStatus, int]], title: str) -> list[Column]:
    """Columns of the last refusals, each with how often it came in a row."""
    return [
        Column(title, [cell(words.clock_text(r.time_ns), colours.QUIET) for r, _ in rows], steady=8),
        Column("", [cell(f"{n}x" if n > 1 else "", colours.CAUTION) for _, n in rows], right=True),
        Column("strategy", [cell(r.strategy_id) for r, _ in rows], rank=2, flexible=True),
        Column("code", [cell(r.code, f"bold {colours.CAUTION}") for r, _ in rows], flexible=True),
        Column("why", [cell(r.message) for r, _ in rows], flexible=True, least=48),
    ]


def grouped(rows: Sequence[RefusalStatus]) -> list[tuple[RefusalStatus, int]]:
    """Return the refusals, the newest first; one strategy's same refusal in a row becomes one, counted."""
    groups: list[tuple[RefusalStatus, int]] = []
    for refusal in reversed(rows):
        if groups and _same(groups[-1][0], refusal):
            groups[-1] = (groups[-1][0], groups[-1][1] + 1)
        else:
            groups.append((refusal, 1))
    return groups


def _same(one: RefusalStatus, other: RefusalStatus) -> bool:
    """Whether two refusals differ in time and figures only."""
    return (one.strategy_id, one.instrument, one.code) == (other.strategy_id, other.instrument, other.code)
