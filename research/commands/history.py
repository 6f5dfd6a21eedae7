"""`tickerd history`: import market data once, list what was imported, show where it came from."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import msgspec

if TYPE_CHECKING:
    from core.instruments import Instrument
    from research.history.sources import Source
    from research.history.tables import Table

EPILOG = """examples:
  tickerd history import frames recordings/btcusdt.gz
  tickerd history import bars bid.csv.gz --ask ask.csv.gz --instrument GBPUSD.FXCM --asset-class fx --tick 0.00001
  tickerd history import trades spy.zip --instrument SPY.ARCA --asset-class etf --tick 0.01 --price-precision 4
  tickerd history import tables quotes=q.parquet trades=t.parquet --instrument my/instrument.toml
  tickerd history import mbo esh4.mbo.dbn.zst --instrument ESH4.CME --asset-class future --tick 0.25
  tickerd history import session var/sessions/latest
  tickerd history ls
  tickerd history show var/histories/frames-...

A history is a journal that holds market data alone: `tickerd journal show|export|verify` read it, `tickerd backtest
--data` feeds it. Without --out it is kept under var/histories by the digest of its source, and made once.

exit codes: 0 ok, 2 usage or a source that cannot be read, 4 damaged, 6 could not be written
"""

OK = 0
_NS_PER_S = 1_000_000_000


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    """One history as it is listed and shown."""

    folder: str
    kind: str
    files: tuple[str, ...]
    instruments: tuple[str, ...]
    channels: tuple[str, ...]
    inputs: int
    first: str
    last: str
    size_bytes: int
    digest: str
    settings: dict[str, object]
    problem: str = ""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word."""
    parser.epilog = EPILOG
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_import(actions.add_parser("import", help="make a history of recorded or downloaded data"))
    listing = actions.add_parser("ls", help="list the histories under a root")
    _add_root(listing)
    listing.add_argument("--json", action="store_true", help="one JSON object a line")
    show = actions.add_parser("show", help="show what a history holds and where it came from")
    show.add_argument("folder", type=Path, metavar="FOLDER")
    show.add_argument("--json", action="store_true", help="one JSON object")


def run(options: argparse.Namespace) -> int:
    """Carry it out. Raises HistoryError, JournalError."""
    if options.action == "import":
        return _import(options)
    if options.action == "ls":
        return _ls(options)
    return _show(options)


def source_of(options: argparse.Namespace) -> "Source":
    """Return the source that the options of `import` name. Raises HistoryError."""
    from research.history.bars import BarsSource
    from research.history.frames import FramesSource
    from research.history.mbo import MboSource
    from research.history.sessions import SessionSource
    from research.history.tables import TablesSource
    from research.history.trades import TradesSource

    match options.kind:
        case "frames":
            return FramesSource(
                files=tuple(map(str, options.files)),
                exchange_info=tuple(map(str, options.exchange_info)),
                market=options.market,
            )
        case "bars":
            return BarsSource(
                file=str(options.file),
                instrument=_instrument(options),
                interval=options.interval,
                ask_file=str(options.ask or ""),
                stamps=options.stamps,
                bars_of=options.bars_of,
                quote_quantity=options.quote_quantity,
                volume=options.volume,
            )
        case "trades":
            return TradesSource(
                file=str(options.file),
                instrument=_instrument(options),
                date=options.date,
                exchanges=tuple(options.exchanges),
                extended_hours=options.extended_hours,
            )
        case "mbo":
            return MboSource(file=str(options.file), instrument=_instrument(options), book=options.book)
        case "tables":
            return TablesSource(instruments=(_instrument(options),), tables=tuple(_tables(options)))
    return SessionSource(folder=str(options.folder))


def _tables(options: argparse.Namespace) -> "list[Table]":
    """Return the tables that KIND=FILE words name. Raises BadInput."""
    from research.history.errors import BadInput
    from research.history.tables import Table, TableKind

    known = get_args(TableKind)
    tables: list[Table] = []
    for word in options.tables:
        kind, _, file = word.partition("=")
        if kind not in known or not file:
            raise BadInput(word, 0, expected=f"KIND=FILE, KIND one of {', '.join(known)}", found=word)
        tables.append(Table(kind=kind, file=file, interval=options.interval if kind == "bars" else ""))
    return tables


def _instrument(options: argparse.Namespace) -> "Instrument":
    """Return the instrument that the options describe. Raises BadInstrument."""
    from research.history.instruments import described, read_instrument

    path = Path(options.instrument)
    if path.suffix in {".toml", ".json"}:
        return read_instrument(path)
    return described(
        options.instrument,
        asset_class=options.asset_class,
        tick=options.tick,
        lot=options.lot,
        price_precision=options.price_precision,
        size_precision=options.size_precision,
        quote=options.quote,
    )


def _import(options: argparse.Namespace) -> int:
    """Make a history, and say what it holds."""
    from config.progress import progress_bar
    from research.history.cache import history_of
    from research.history.sources import import_history

    source = source_of(options)
    with progress_bar("importing", quiet=options.json) as progress:
        if options.out is None:
            folder, left_out = history_of(source, options.root, progress), {}
        else:
            report = import_history(source, options.out, progress)
            folder, left_out = options.out, report.left_out
    line = _line_of(folder)
    if options.json:
        _write_json(line)
        return OK
    _tell(line)
    for why, count in left_out.items():
        sys.stdout.write(f"left out     {count} {why}\n")
    return OK


def _ls(options: argparse.Namespace) -> int:
    """List the histories under a root."""
    from journal.folders import sessions

    folders = sessions(options.root)
    for folder in folders:
        line = _line_or_problem(folder)
        if options.json:
            _write_json(line)
        elif line.problem:
            sys.stdout.write(f"{folder.name}: {line.problem}\n")
        else:
            names, channels, files = map(", ".join, (line.instruments, line.channels, line.files))
            sys.stdout.write(f"{folder.name}  {line.first[:10]}  {line.inputs:>12,}  {names}: {channels}  ({files})\n")
    if not folders and not options.json:
        sys.stdout.write(f"no histories in {options.root}; `tickerd history import` makes one\n")
    return OK


def _show(options: argparse.Namespace) -> int:
    """Show one history."""
    line = _line_of(options.folder)
    if options.json:
        _write_json(line)
    else:
        _tell(line)
    return OK


def _tell(line: _Line) -> None:
    """Write a history as a person reads it."""
    rows = (
        ("history", line.folder),
        ("made from", f"{line.kind}: {', '.join(line.files)}"),
        ("instruments", ", ".join(line.instruments)),
        ("channels", ", ".join(line.channels)),
        ("inputs", f"{line.inputs:,} in {line.size_bytes / (1 << 20):,.1f} MiB"),
        ("from", line.first),
        ("to", line.last),
        ("digest", line.digest),
        ("settings", msgspec.json.encode(line.settings).decode()),
    )
    sys.stdout.write("".join(f"{title:<12} {text}\n" for title, text in rows))


def _line_or_problem(folder: Path) -> _Line:
    """Return what a list says of a folder, also of one that is no history, or not whole."""
    from journal.errors import JournalError
    from research.history.errors import HistoryError

    try:
        return _line_of(folder)
    except (JournalError, HistoryError) as error:
        return _Line(
            folder=str(folder),
            kind="",
            files=(),
            instruments=(),
            channels=(),
            inputs=0,
            first="",
            last="",
            size_bytes=0,
            digest="",
            settings={},
            problem=str(error),
        )


def _line_of(folder: Path) -> _Line:
    """Return what a history says of itself; its records are not gone through. Raises HistoryError, JournalError."""
    from research.history.reader import open_history

    with open_history(folder, verify=False) as history:
        return _Line(
            folder=str(folder),
            kind=history.origin.kind,
            files=tuple(file.name for file in history.origin.files),
            instruments=tuple(instrument.id for instrument in history.instruments),
            channels=history.channels,
            inputs=history.inputs,
            first=_utc(history.first_ns),
            last=_utc(history.last_ns),
            size_bytes=sum(path.stat().st_size for path in folder.iterdir()),
            digest=history.origin.digest,
            settings=history.origin.settings,
        )


def _utc(time_ns: int) -> str:
    """Return a time since 1970 in UTC, nothing rounded away."""
    import datetime as dt

    seconds, ns = divmod(time_ns, _NS_PER_S)
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%d %H:%M:%S}.{ns:09}"


def _write_json(answer: object) -> None:
    sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")


def _add_root(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--root",
        type=Path,
        default=Path("var/histories"),
        metavar="DIR",
        help="where histories are kept (default: var/histories)",
    )


def _add_import(parser: argparse.ArgumentParser) -> None:
    """Describe `import`, one sub-word for each kind of source."""
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
    frames = kinds.add_parser("frames", help="recorded Binance frames, spot or USDⓈ-M, merged by receive time")
    frames.add_argument("files", type=Path, nargs="+", metavar="FILE")
    frames.add_argument(
        "--exchange-info",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a saved answer of GET exchangeInfo (default: rules inferred from the frames)",
    )
    frames.add_argument("--market", choices=["spot", "usdm"], default="", help="instead of what the frames look like")
    bars = kinds.add_parser("bars", help="bars in CSV, or a file of bid bars and one of ask bars")
    _add_file(bars)
    bars.add_argument("--ask", type=Path, metavar="FILE", help="ask bars: FILE then holds bids, closes become quotes")
    bars.add_argument("--interval", default="1m", help="of the bars, such as 1m, 1h, 1d (default: 1m)")
    bars.add_argument("--stamps", choices=["open", "close"], default="open", help="what a line's time is of its bar")
    bars.add_argument("--bars-of", choices=["bid", "ask"], default="bid", help="whose bars the bars are (default: bid)")
    bars.add_argument("--quote-quantity", default="1000000", help="what each quote is assumed to offer")
    bars.add_argument("--volume", choices=["exact", "rounded"], default="exact", help="round volumes to the units?")
    trades = kinds.add_parser("trades", help="one day of US equity trades with exchanges and sale conditions")
    _add_file(trades)
    trades.add_argument("--date", default="", metavar="YYYY-MM-DD", help="of the trades (default: in the file's name)")
    trades.add_argument("--exchanges", default="", metavar="LETTERS", help="take trades of these alone, as in QPZ")
    trades.add_argument("--extended-hours", action="store_true", help="Form T trades count as the market's too")
    mbo = kinds.add_parser("mbo", help="market by order of one instrument, Databento DBN (.dbn or .dbn.zst)")
    _add_file(mbo, "plain or .zst")
    mbo.add_argument(
        "--book",
        choices=["orders", "levels"],
        default="orders",
        help="as orders, for true queues, or summed to levels, as most venues show them (default: orders)",
    )
    tables = kinds.add_parser("tables", aliases=["parquet"], help="your own parquet or .npy tables with named columns")
    tables.add_argument("tables", nargs="+", metavar="KIND=FILE", help="KIND: quotes, trades, bars or book")
    tables.add_argument("--interval", default="1m", help="of bars (default: 1m)")
    _add_instrument(tables)
    tables.set_defaults(kind="tables")
    session = kinds.add_parser("session", help="a recorded session without its orders")
    session.add_argument("folder", type=Path, metavar="FOLDER")
    for kind in (frames, bars, trades, mbo, tables, session):
        kind.add_argument("--out", type=Path, metavar="DIR", help="the folder to write (default: kept under --root)")
        kind.add_argument("--json", action="store_true", help="one JSON object")
        _add_root(kind)


def _add_file(parser: argparse.ArgumentParser, forms: str = "plain, .gz or .zip") -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help=forms)
    _add_instrument(parser)


def _add_instrument(parser: argparse.ArgumentParser) -> None:
    """Add what describes an instrument."""
    parser.add_argument(
        "--instrument", required=True, metavar="NAME", help="SYMBOL.VENUE, or a .toml or .json file with all its fields"
    )
    parser.add_argument("--asset-class", default="crypto-spot", help="crypto-spot, perpetual, future, equity, etf, fx")
    parser.add_argument("--tick", default="0.01", help="the smallest step of prices (default: 0.01)")
    parser.add_argument("--lot", default="1", help="the smallest step of quantities (default: 1)")
    parser.add_argument("--price-precision", type=int, metavar="DECIMALS", help="finer than the tick, where data is")
    parser.add_argument("--size-precision", type=int, metavar="DECIMALS", help="finer than the lot, where data is")
    parser.add_argument("--quote", default="", help="the currency of prices (default: the symbol's ending, or USD)")
