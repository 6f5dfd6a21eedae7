"""`tickerd positions`, `orders`, `fills`, `pnl` and `why`: look at the daemon that runs here; nothing changes by it."""

import argparse
import textwrap
from collections.abc import Callable
from typing import TypeVar

import msgspec

from daemon.commands.operate import add_daemon
from daemon.commands.printing import WIDTH, Column, utc_text, write_line, write_table
from daemon.errors import ExitCode, UsageError
from daemon.operator.client import ask, find, request
from daemon.operator.messages import Request
from daemon.views.holdings import PnlRow, PnlView, PositionsView
from daemon.views.orders import FillsView, OrderRow, OrdersView
from daemon.views.why import WhyView

SCOPES = "all, venue:BINANCE, symbol:BTCUSDT.BINANCE or strategy:ema"
T = TypeVar("T", bound=msgspec.Struct)

EXAMPLES = {
    "positions": "tickerd positions\n  tickerd positions strategy:ema --flat --json",
    "orders": "tickerd orders\n  tickerd orders symbol:BTCUSDT.BINANCE --last 50",
    "fills": "tickerd fills\n  tickerd fills strategy:quoter --last 100 --json",
    "pnl": "tickerd pnl\n  tickerd pnl --json",
    "why": "tickerd why\n  tickerd why ema --json",
}

TOLD = {
    "positions": "Shows each position, the account's net and each strategy's own; fees count what holding cost, too.",
    "orders": "Shows parents at work, what works at the venue, what tickerd keeps, and what ended last.",
    "fills": "Shows the newest fills that this daemon has seen; `tickerd store` has older ones.",
    "pnl": "Shows what was earned by instrument, strategy and currency, and in the base currency, with the rates.",
    "why": "Tells what keeps each strategy from trading, what it waits for, and what it was refused.",
}


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word."""
    word = parser.prog.rpartition(" ")[2]
    parser.epilog = (
        f"{TOLD[word]}\n\nexamples:\n  {EXAMPLES[word]}\n\n"
        "exit codes: 0 shown, 2 no such scope or strategy, or no daemon answers\n"
    )
    if word in {"positions", "orders", "fills"}:
        parser.add_argument("scope", nargs="?", default="all", metavar="SCOPE", help=f"{SCOPES} (default all)")
    if word in {"orders", "fills"}:
        parser.add_argument("--last", default="20", metavar="N", help="so many of the newest (default 20)")
    if word == "positions":
        parser.add_argument("--flat", action="store_true", help="those that are closed, too")
    if word == "why":
        parser.add_argument("strategy", nargs="?", default="", metavar="STRATEGY", help="only this one")
    add_daemon(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    args = {name: str(getattr(options, name)) for name in ("last",) if hasattr(options, name)}
    if getattr(options, "flat", False):
        args["flat"] = "yes"
    scope, strategy = getattr(options, "scope", ""), getattr(options, "strategy", "")
    wanted = request(options.word, scope=scope, strategy=strategy, **args)
    match options.word:
        case "positions":
            show(options, wanted, PositionsView, _positions)
        case "orders":
            show(options, wanted, OrdersView, _orders)
        case "fills":
            show(options, wanted, FillsView, _fills)
        case "pnl":
            show(options, wanted, PnlView, _pnl)
        case _:
            show(options, wanted, WhyView, _why)
    return ExitCode.OK


def show(options: argparse.Namespace, wanted: Request, view: type[T], tell: Callable[[T], None]) -> None:
    """Ask, and show the answer: as one JSON object, or by `tell`. Raises UsageError where there is none."""
    reply = ask(options.socket or find(options.folder), wanted)
    if not reply.ok:
        raise UsageError(reply.error)
    if options.json:
        write_line(bytes(reply.result).decode())
    else:
        tell(msgspec.json.decode(bytes(reply.result), type=view))


def _positions(view: PositionsView) -> None:
    """Show positions; a strategy's stand below the account's."""
    if not view.rows:
        write_line("no position")
        return
    columns = [
        Column("instrument"),
        Column("of"),
        Column("quantity", right=True, whole=True),
        Column("at", right=True, whole=True),
        Column("mark", right=True, whole=True),
        Column("open", right=True, whole=True),
        Column("realised", right=True, whole=True),
        Column("fees", right=True, wide=True),
        Column("currency", wide=True),
        Column("fills", right=True, wide=True),
    ]
    rows = [
        (
            each.instrument,
            " ".join(part for part in (each.strategy or "account", each.hedge) if part),
            each.quantity,
            each.average_price,
            each.mark_price or "?",
            short(each.unrealised) or "?",
            short(each.realised),
            short(each.fees),
            each.currency,
            str(each.fills),
        )
        for each in view.rows
    ]
    write_table(columns, rows)


def _orders(view: OrdersView) -> None:
    """Show orders in their groups, an empty one not at all but for what works."""
    for parent in view.parents:
        write_line(
            f"parent {parent.id}: {parent.algorithm} {parent.side} {parent.filled} of {parent.quantity} "
            f"{parent.instrument}, {parent.state}, {parent.children} children"
        )
    write_line(f"working: {len(view.working) or 'none'}")
    _order_table(view.working)
    if view.kept:
        write_line(f"kept by tickerd: {len(view.kept)}")
        _order_table(view.kept)
    if view.closed:
        write_line("ended last, the newest first")
        _order_table(view.closed)


def _order_table(orders: list[OrderRow]) -> None:
    """Show some orders."""
    if not orders:
        return
    columns = [
        Column("order", whole=True, wide=True),
        Column("strategy"),
        Column("instrument", whole=True),
        Column("what", whole=True),
        Column("filled", right=True, whole=True),
        Column("state", whole=not any(map(_remark, orders))),
        Column("type", wide=True),
        Column("venue's id", wide=True),
        Column("submitted", wide=True),
    ]
    rows = [
        (
            each.id,
            each.strategy,
            each.instrument,
            _what(each),
            each.filled,
            _state(each),
            each.type,
            each.venue_id,
            utc_text(each.submitted_ns)[11:23] if each.submitted_ns else "",
        )
        for each in orders
    ]
    write_table(columns, rows)


def _state(order: OrderRow) -> str:
    """Return where an order is, what it waits for, and whose child it is."""
    return order.state + _remark(order)


def _remark(order: OrderRow) -> str:
    """Return what is told behind an order's state."""
    return (f": {order.note}" if order.note else "") + (f", of {order.parent}" if order.parent else "")


def _what(order: OrderRow) -> str:
    """Return what an order wants: `buy 0.05 at 2500.1`, `sell 1 beyond 2400`."""
    price = f" at {order.price}" if order.price else ""
    trigger = f" beyond {order.trigger}" if order.trigger else ""
    return f"{order.side} {order.quantity}{trigger}{price}"


def _fills(view: FillsView) -> None:
    """Show fills, the newest last."""
    if not view.rows:
        write_line("no fill since this daemon started")
        return
    columns = [
        Column("time", whole=True),
        Column("strategy"),
        Column("instrument", whole=True),
        Column("what", whole=True),
        Column("realised", right=True, whole=True),
        Column("fee", right=True, wide=True),
        Column("order", wide=True),
        Column("execution", wide=True),
        Column("liquidity", wide=True),
    ]
    rows = [
        (
            utc_text(each.time_ns)[11:23],
            each.strategy,
            each.instrument,
            f"{each.side} {each.quantity} at {each.price}",
            short(each.realised),
            f"{short(each.fee)} {each.fee_currency}",
            each.order,
            each.id,
            each.liquidity,
        )
        for each in view.rows
    ]
    write_table(columns, rows)


def _pnl(view: PnlView) -> None:
    """Show what was earned, by and by."""
    groups = (("instrument", view.by_instrument), ("strategy", view.by_strategy), ("currency", view.by_currency))
    for title, rows in groups:
        if rows:
            _pnl_table(title, rows, view.base_currency)
    for currency, amount in view.funding.items():
        write_line(f"funding since this daemon started: {short(amount)} {currency} (in the fees above)")
    if view.base_currency:
        left = f"; without {', '.join(view.unpriced)}: no rate or price" if view.unpriced else ""
        write_line(f"total {short(view.total)} {view.base_currency}{left}")
    else:
        write_line("no total: several currencies, and no [accounting] base_currency")


def _pnl_table(title: str, rows: list[PnlRow], base: str) -> None:
    """Show one way of adding up."""
    columns = [
        Column(title),
        Column("realised", right=True),
        Column("open", right=True),
        Column("fees", right=True),
        Column("net", right=True),
        Column(""),
        Column(f"in {base}" if base else "", right=True),
        Column("rate", right=True, wide=True),
        Column("by", wide=True),
    ]
    told = [
        (
            each.name,
            short(each.realised),
            short(each.unrealised) + ("" if each.marked else " ?"),
            short(each.fees),
            short(each.net),
            each.currency,
            short(each.value),
            each.rate,
            each.path,
        )
        for each in rows
    ]
    write_table(columns, told)
    write_line("")


def _why(view: WhyView) -> None:
    """Tell each strategy's reasons in lines of at most 80 columns."""
    for each in view.rows:
        _line(f"{each.id} ({each.state}): {each.answer}", "", "    ")
        for reason in each.reasons:
            mark = "!" if reason.weight == "holds" else "-"
            _line(reason.what + (f"; {reason.next}" if reason.next else ""), f"  {mark} ", "    ")
        for refusal in each.refusals:
            limit = f", limit {refusal.limit}, figure {refusal.figure}" if refusal.limit or refusal.figure else ""
            last = utc_text(refusal.last_ns)[11:19]
            what = f"refused {refusal.count} times {refusal.code} on {refusal.instrument}, last {last} UTC{limit}"
            _line(f"{what}: {refusal.message}", "  x ", "    ")
    if not view.rows:
        write_line("no strategy: name one in [[strategies]] of the settings")


def _line(text: str, first: str, others: str) -> None:
    for line in textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=others, break_on_hyphens=False, break_long_words=False
    ):
        write_line(line)


def short(text: str) -> str:
    """Return money cut to eight decimals, for people: `--json` has every one."""
    whole, point, fraction = text.partition(".")
    kept = fraction[:8].rstrip("0")
    shown = f"{whole}{point}{kept}" if kept else whole
    return "0" if shown == "-0" else shown
