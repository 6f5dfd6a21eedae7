"""`tickerd audit reconcile STATEMENT.csv`: a day's executions held against what the venue says of them."""

import argparse
from decimal import Decimal, InvalidOperation
from pathlib import Path

from config.progress import progress_bar
from daemon.audit.reconcile import Break, BreakKind, Reconciliation, our_trades, reconcile
from daemon.audit.statement import Trade, read_mapping, read_statement
from daemon.audit.walk import day_of
from daemon.commands.printing import Column, utc_text, write_json, write_line, write_table
from daemon.commands.run import duration_s
from daemon.commands.sessions import add_root
from daemon.errors import ExitCode, UsageError

SUMMARY = "hold a day's executions against a venue's statement of trades"
JSON_HELP = "one JSON object"

EPILOG = """examples:
  tickerd audit reconcile export.csv --day 2026-11-21
  tickerd audit reconcile fills.csv --mapping broker.toml --venue NYSE --day yesterday --json

Binance's exports of spot and USD-M trade history are known by their first line; --mapping FILE says of others which
column is what (docs/audit.md). Days are UTC, by the venue's clock. Prices, quantities and fees must be equal unless
--tolerance says otherwise; times may differ by --time-tolerance, for statements tell whole seconds.

exit codes: 0 every trade is on both sides and equal, 2 the statement does not read, 3 breaks, 4 damaged
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the action."""
    parser.epilog = EPILOG
    parser.add_argument("statement", type=Path, metavar="STATEMENT", help="the venue's trades, CSV")
    parser.add_argument("--day", required=True, metavar="DATE", help="2026-11-21, today or yesterday, UTC")
    parser.add_argument("--venue", default="", metavar="VENUE", help="whose statement it is, where several were traded")
    parser.add_argument("--mapping", type=Path, metavar="FILE", help="TOML that says which column is what")
    parser.add_argument("--mode", default="live", choices=("live", "paper"), help="which sessions (default live)")
    parser.add_argument(
        "--tolerance", type=_amount, default=Decimal(0), metavar="N", help="how far numbers may differ (default 0)"
    )
    parser.add_argument(
        "--time-tolerance", type=duration_s, default=2.0, metavar="TIME", help="how far times may differ (default 2s)"
    )
    add_root(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    day = day_of(options.day)
    form = None if options.mapping is None else read_mapping(options.mapping)
    statement = read_statement(options.statement, form)
    with progress_bar(f"reading {day.text}", quiet=options.json) as progress:
        found = our_trades(options.root, day, options.mode, lambda _: progress)
    if not found.sessions:
        hint = f"; there are {' and '.join(found.other_modes)} sessions: --mode" if found.other_modes else ""
        raise UsageError(f"no {options.mode} session of {day.text} or later under {options.root}{hint}")
    venue = options.venue.upper() or _only(sorted(found.by_venue))
    result = reconcile(
        day,
        venue,
        found.by_venue.get(venue, []),
        statement,
        tolerance=options.tolerance,
        time_tolerance_ns=int(options.time_tolerance * 1e9),
    )
    if options.json:
        write_json(result)
    else:
        _tell(result)
    return ExitCode.VERIFICATION_FAILED if result.breaks else ExitCode.OK


def _only(venues: list[str]) -> str:
    """Return the one venue that was traded, "" for none. Raises UsageError."""
    if len(venues) > 1:
        raise UsageError(f"trades of {', '.join(venues)} that day: say by --venue whose statement it is")
    return venues[0] if venues else ""


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount, 0 or more")
    return amount


def _tell(result: Reconciliation) -> None:
    """Write it as a person reads it."""
    where = f" at {result.venue}" if result.venue else ""
    write_line(
        f"{result.day} UTC{where}: {result.ours} trades with us, {result.theirs} in the statement, "
        f"{result.matched} equal"
    )
    if result.outside:
        write_line(f"{result.outside} lines of the statement are of other days")
    if not result.breaks:
        write_line("no breaks")
        return
    names = ("time (UTC)", "symbol", "side", "break", "with us", "in the statement", "where")
    write_table([Column(name) for name in names], [_row(each) for each in result.breaks])
    write_line(
        f"{len(result.breaks)} break{'' if len(result.breaks) == 1 else 's'}: ask the venue, and book what is missing"
    )


def _row(found: Break) -> tuple[str, ...]:
    either, ours, theirs = found.either, found.ours, found.theirs
    what = found.kind.value if found.kind is not BreakKind.DIFFERS else " ".join(found.fields)
    places = ", ".join(each.place for each in (theirs, ours) if each is not None)
    time = utc_text(either.time_ns)[11:19]
    return (time, either.symbol, either.side, what, _told(ours), _told(theirs), places)


def _told(trade: Trade | None) -> str:
    if trade is None:
        return "-"
    fee = "" if trade.fee is None else f" fee {trade.fee:f} {trade.fee_currency}"
    return f"{trade.quantity:f} @ {trade.price:f}{fee}"
