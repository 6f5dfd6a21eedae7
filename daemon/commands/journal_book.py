"""`tickerd journal book`: the order book as the engine had it after one record."""

import argparse
from collections.abc import Callable

import msgspec

from config.errors import did_you_mean
from config.progress import progress_bar
from core.book import BookState
from core.codec import decode_payload
from core.market import Market
from core.records import EVENT, Kind
from daemon.commands.printing import Column, utc_text, write_json, write_line, write_table
from daemon.commands.sessions import add_session, find_session, whole_number
from daemon.errors import ExitCode, UsageError
from engine.build import EngineSettings, build_engine
from journal.chunks import PayloadRecord, PlainRun
from journal.reader import SessionReader, open_session
from risk.limits import RiskLimits

SUMMARY = "rebuild the order book as it was after a record"
JSON_HELP = "one JSON object a line, one for each instrument, with all levels unless --depth says how many"
DEPTH = 10

EPILOG = """examples:
  tickerd journal book latest
  tickerd journal book latest --instrument BTCUSDT.BINANCE --at 120000 --depth 20
  tickerd journal book latest --json

states: LIVE; EMPTY before the first snapshot, LOADING inside one; INVALID after a gap or a cross, until the next
snapshot. Only a LIVE book is traded on. Prices and quantities are exact.

exit codes: 0 ok, 2 no such session or instrument, 4 the journal is damaged
"""

Level = tuple[str, str]


class BookImage(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument's book after record `at_seq`; levels are (price, quantity) as decimal text, best first."""

    instrument: str
    at_seq: int
    state: str
    connected: bool
    last_update_id: int
    updated_ns: int
    bids: list[Level]
    asks: list[Level]


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the action."""
    parser.epilog = EPILOG
    add_session(parser)
    parser.add_argument("--instrument", metavar="I", help="this one alone, such as BTCUSDT.BINANCE")
    parser.add_argument("--at", type=whole_number, metavar="SEQ", help="after this record (default: at the end)")
    parser.add_argument("--depth", type=whole_number, metavar="N", help=f"levels of each side (default: {DEPTH})")


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    folder = find_session(options.session, options.root)
    with open_session(folder) as reader, progress_bar("reading", quiet=options.json) as progress:
        until_seq = reader.end_seq if options.at is None else min(options.at + 1, reader.end_seq)
        markets = rebuild(reader, until_seq, progress)
    known = [market.instrument.id for market in markets]
    if options.instrument is not None and options.instrument not in known:
        hint = did_you_mean(options.instrument, known) or "none is defined"
        raise UsageError(f"no instrument {options.instrument!r} before record {until_seq}; {hint}")
    chosen = [market for market in markets if options.instrument in {None, market.instrument.id}]
    for market in chosen:
        if options.json:
            write_json(image(market, until_seq - 1, options.depth))
        else:
            _tell(image(market, until_seq - 1, DEPTH if options.depth is None else options.depth))
    return ExitCode.OK


def rebuild(reader: SessionReader, until_seq: int, progress: Callable[[int, int], None] | None = None) -> list[Market]:
    """Return every market as the records before `until_seq` leave it. Raises JournalDamaged.

    The engine itself applies them, without strategies: what invalidates a book there does so here.
    """
    engine = build_engine(EngineSettings(epoch=0, seed=0, limits=RiskLimits()))
    for chunk in reader.chunks(until_seq=until_seq):
        if isinstance(chunk, PlainRun):
            for event in EVENT.iter_unpack(chunk.slots):
                if event[0] in {Kind.BOOK, Kind.MBO}:
                    engine.step(event)
            if progress is not None:
                progress(chunk.first_seq, until_seq)
        elif isinstance(chunk, PayloadRecord) and chunk.kind in {Kind.INSTRUMENT, Kind.FEED}:
            struct = decode_payload(chunk.kind, chunk.payload)
            engine.step((chunk.kind, chunk.flags, chunk.instrument, chunk.recv_ns, chunk.venue_ns, struct, 0, 0, 0, 0))
    return engine.markets


def image(market: Market, at_seq: int, depth: int | None) -> BookImage:
    """Return a market's book with `depth` levels of each side, all of them for None."""
    book, rules = market.book, market.instrument
    levels = max(len(book.bids), len(book.asks)) if depth is None else depth

    def texts(side: list[tuple[int, int]]) -> list[Level]:
        return [(rules.price_text(price), rules.quantity_text(quantity)) for price, quantity in side]

    return BookImage(
        instrument=rules.id,
        at_seq=at_seq,
        state=BookState(book.state).name,
        connected=market.connected,
        last_update_id=book.last_update_id,
        updated_ns=market.book_ns,
        bids=texts(book.bid_levels(levels)),
        asks=texts(book.ask_levels(levels)),
    )


def _tell(book: BookImage) -> None:
    """Write a book side by side, best levels first."""
    when = f", last changed {utc_text(book.updated_ns)} UTC" if book.updated_ns else ""
    write_line(f"{book.instrument} after record {book.at_seq}: {book.state}, update {book.last_update_id}{when}")
    columns = [Column(title, right=True) for title in ("bid quantity", "bid", "ask", "ask quantity")]
    rows = []
    for at in range(max(len(book.bids), len(book.asks))):
        bid_price, bid_quantity = book.bids[at] if at < len(book.bids) else ("", "")
        ask_price, ask_quantity = book.asks[at] if at < len(book.asks) else ("", "")
        rows.append((bid_quantity, bid_price, ask_price, ask_quantity))
    if rows:
        write_table(columns, rows, indent=2)
