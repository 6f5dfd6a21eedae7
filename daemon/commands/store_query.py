"""`tickerd store query WHAT`: rows of the store as a table that fits, or as JSON."""

import argparse
import datetime as dt
from typing import TYPE_CHECKING

from config.errors import did_you_mean
from daemon.commands.printing import Column, is_wide, utc_text, write_json, write_line, write_table
from daemon.commands.sessions import whole_number
from daemon.commands.store_file import add_file, file_of, with_store
from daemon.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import aiosqlite

    from daemon.store.queries import Answer, Filters, View

SUMMARY = "show orders, fills, positions, balances, equity, refusals and more"
JSON_HELP = "one JSON object a line, with every column"
SHOWN = 40
LATEST = "latest"

# Per table: the columns shown, "!" before those that only a wide terminal has room for, ">" before numbers.
LAYOUTS: dict[str, str] = {
    "orders": "updated_ns strategy_id instrument side >quantity >price >!filled state !type !client_order_id !reason",
    "events": "recv_ns what client_order_id state !previous !strategy_id !instrument !exec_id !reason",
    "fills": "recv_ns strategy_id instrument side >quantity >price >!fee !fee_currency >!realised !client_order_id",
    "positions": "instrument >quantity >average_price >realised >fees currency >!cost !recv_ns",
    "position-changes": "recv_ns instrument >quantity >average_price >realised >!fees !currency",
    "balances": "currency >balance !recv_ns",
    "balance-changes": "recv_ns currency >delta >balance reason",
    "equity": "time_ns currency >equity >!balance >!positions >realised >!unrealised >fees",
    "refusals": "recv_ns strategy_id instrument code >figure >limit_value !message",
    "lots": "updated_ns strategy_id instrument side >open_quantity >price >!quantity >!realised !method !lot_id",
    "alerts": "recv_ns severity code message",
    "freezes": "recv_ns instrument frozen reason",
    "reconciliations": "recv_ns venue state reason",
    "links": "recv_ns venue state !until_ns reason",
    "evidence": "recv_ns venue subject failure !complete !absent summary",
    "parents": "updated_ns strategy_id algorithm !instrument side >filled >!quantity state >!average_price "
    ">!arrival_price >!interval_vwap >arrival_slippage_ppm >!vwap_slippage_ppm >!mid_slippage_ppm",
}

EPILOG = f"""examples:
  tickerd store query fills --session latest
  tickerd store query orders --strategy ema-btc --instrument BTCUSDT.BINANCE
  tickerd store query equity --from 2026-11-21T10:00 --until 2026-11-21T12:00 --json

what: {", ".join(LAYOUTS)}

Times are UTC unless they say another zone, or nanoseconds since 1970; --from is included, --until is not. Rows come
oldest first, the newest {SHOWN} of them unless --limit says otherwise. A wide terminal shows more columns, --json all.

exit codes: 0 ok, 1 the file cannot be read, 2 no store, no such session, or a filter that does not fit
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the action."""
    parser.epilog = EPILOG
    parser.add_argument("what", type=_what, metavar="WHAT", help="which rows; see below")
    parser.add_argument("--session", default="", metavar="S", help="of this session: its name, or latest")
    parser.add_argument("--instrument", default="", metavar="I", help="of this instrument, such as BTCUSDT.BINANCE")
    parser.add_argument("--strategy", default="", metavar="ID", help="of this strategy")
    parser.add_argument("--from", dest="from_ns", type=time_ns, metavar="TIME", help="from this time on")
    parser.add_argument("--until", dest="until_ns", type=time_ns, metavar="TIME", help="before this time")
    parser.add_argument(
        "--limit",
        type=whole_number,
        default=SHOWN,
        metavar="N",
        help=f"the newest N rows, 0: all (default: {SHOWN})",
    )
    add_file(parser)


def time_ns(text: str) -> int:
    """Return an option's time in nanoseconds since 1970."""
    if text.isascii() and text.isdigit() and len(text) > 8:
        return int(text)
    try:
        when = dt.datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time; write 2026-11-21T10:00, or nanoseconds") from None
    if when.tzinfo is None:
        when = when.replace(tzinfo=dt.UTC)
    since = when - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    from daemon.store.queries import VIEWS, Filters

    view = VIEWS[options.what]
    for given, column, option in (
        (options.instrument, view.instrument, "--instrument"),
        (options.strategy, view.strategy, "--strategy"),
    ):
        if given and not column:
            raise UsageError(f"{options.what} are not kept by {option[2:]}; leave {option} out")
    filters = Filters(
        session=options.session,
        instrument=options.instrument,
        strategy=options.strategy,
        from_ns=options.from_ns,
        until_ns=options.until_ns,
        limit=options.limit,
    )

    async def ask(db: "aiosqlite.Connection") -> "Answer":
        return await _ask(db, view, filters)

    answer = with_store(file_of(options), ask)
    if options.json:
        for row in answer:
            write_json(row)
    elif answer:
        _tell(options.what, answer)
    else:
        write_line(f"no {options.what}" + (" that fit" if filters != Filters(limit=options.limit) else " in the store"))
    return ExitCode.OK


async def _ask(db: "aiosqlite.Connection", view: "View", filters: "Filters") -> "Answer":
    """Return the rows, the session known by its name. Raises UsageError."""
    import msgspec

    from daemon.store.queries import select, sessions

    if filters.session:
        names = [row.session for row in await sessions(db)]
        if filters.session == LATEST and names:
            filters = msgspec.structs.replace(filters, session=names[-1])
        elif filters.session not in names:
            near = did_you_mean(filters.session, [*names, LATEST]) if names else "it holds none"
            raise UsageError(f"no session {filters.session!r} in the store; {near}")
    return await select(db, view, filters)


def _what(text: str) -> str:
    """Return the rows that an option names."""
    if text not in LAYOUTS:
        raise argparse.ArgumentTypeError(f"no {text!r} in the store; {did_you_mean(text, LAYOUTS)}")
    return text


def _tell(what: str, answer: "Answer") -> None:
    """Write the table; where it is of several sessions, each has its own."""
    names = [word.lstrip(">!") for word in LAYOUTS[what].split()]
    columns = [
        Column(_title(word.lstrip(">!")), right=word.startswith(">"), wide="!" in word)
        for word in LAYOUTS[what].split()
    ]
    first = 0 if is_wide() else 5  # the year is in the session's name
    by_session: dict[str, list[tuple[str, ...]]] = {}
    for row in answer:
        shown = tuple(_text(name, row[name], first) for name in names)
        by_session.setdefault(str(row["session"]), []).append(shown)
    for session, rows in by_session.items():
        write_line(session)
        write_table(columns, rows)


def _title(column: str) -> str:
    """Return a column's heading."""
    titles = {"strategy_id": "strategy", "client_order_id": "order", "exec_id": "execution", "limit_value": "limit"}
    if column.endswith("_slippage_ppm"):
        return column.removesuffix("_slippage_ppm") + " ppm"
    return "time (UTC)" if column.endswith("_ns") else titles.get(column, column.replace("_", " "))


def _text(column: str, value: object, first: int) -> str:
    """Return one value for the eye; of a time, the characters from `first` on, to the second."""
    if column.endswith("_ns") and isinstance(value, int):
        return utc_text(value)[first:19] if value else ""
    return "" if value is None else str(value)
