"""Market by order as a history of depth by price and trades, so that backtests run on it.

One event of the matching engine becomes its trades, then one depth message of all levels that it changed: the order in
which CME publishes them. The history begins with the book as continuous trading begins; auctions are left out.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from core.events import FeedState
from core.instruments import Instrument
from core.records import ASK, EMPTY, FIRST, LAST, SELL_AGGRESSOR, SNAPSHOT, Kind
from core.records import Event as Record
from research.history.head import Origin, build, source_file
from research.history.writing import HistoryWriter, ImportReport, feed
from research.l3.book import OrderBook, Outcome
from research.l3.continuous import continuous
from research.l3.errors import RecordingUnreadable
from research.l3.records import Event, read_events

_DBN_DECIMALS = 9
_BOOK, _TRADE = int(Kind.BOOK), int(Kind.TRADE)
_Shown = tuple[int, int, int]  # side, DBN price, quantity


def write_depth(path: Path, out: Path, instrument: Instrument) -> ImportReport:
    """Write the history of a DBN file to `out`; all its events are held in memory.

    Raises RecordingUnreadable, BookBroken, StudyImpossible (no continuous trading), HistoryError.
    """
    events = list(read_events(path))
    origin = Origin(kind="l3-depth", files=(source_file(path),), importer=build().source_digest)
    with HistoryWriter(out, origin) as history:
        records = depth_records(events, instrument, 0)
        first = next(records)
        history.begin((instrument,), first[3])
        history.add(first)
        history.extend(records)
    return history.report


def depth_records(events: Sequence[Event], instrument: Instrument, index: int) -> Iterator[Record]:
    """Yield BOOK and TRADE records of instrument number `index`; update ids count events, trade ids trades."""
    places = continuous(events)
    book = OrderBook()
    unit = 10 ** (_DBN_DECIMALS - instrument.price_precision)
    for event in events[: places.start]:
        book.apply(event)
    start = events[places.start - 1][-1]
    whole = [(half.sign, price, level.total) for half in (book.bids, book.asks) for price, level in half.levels.items()]
    yield from _message(whole, SNAPSHOT, index, start.recv_ns, start.venue_ns, 1, 0, unit)
    yield feed(instrument.venue, index, start.recv_ns, FeedState.SYNCED, "book")
    trade_id = 0
    for update_id, place in enumerate(places, 2):
        event = events[place]
        outcome = book.apply(event)
        now_ns, venue_ns = event[-1].recv_ns, event[-1].venue_ns
        for price, quantity, aggressor in outcome.trades:
            trade_id += 1
            flags = SELL_AGGRESSOR if aggressor < 0 else 0
            yield (_TRADE, flags, index, now_ns, venue_ns, _in_units(price, unit), quantity, trade_id, 0, 0)
        yield from _message(_shown(book, outcome), 0, index, now_ns, venue_ns, update_id, update_id - 1, unit)


def _shown(book: OrderBook, outcome: Outcome) -> list[_Shown]:
    """Return the levels that an event touched, as they are shown after it."""
    return [(side, price, book.half(side).total(price)) for side, price in outcome.before]


def _message(
    levels: Sequence[_Shown], kind: int, index: int, now_ns: int, venue_ns: int, update_id: int, before: int, unit: int
) -> Iterator[Record]:
    """Yield one depth message level by level; one without levels is marked EMPTY."""
    if not levels:
        flags = kind | FIRST | LAST | EMPTY
        yield (_BOOK, flags, index, now_ns, venue_ns, 0, 0, update_id, update_id, before)
    last = len(levels) - 1
    for place, (side, price, quantity) in enumerate(levels):
        flags = kind | (ASK if side < 0 else 0) | (0 if place else FIRST) | (LAST if place == last else 0)
        yield (_BOOK, flags, index, now_ns, venue_ns, _in_units(price, unit), quantity, update_id, update_id, before)


def _in_units(price: int, unit: int) -> int:
    """Return a DBN price in the instrument's units. Raises RecordingUnreadable where it is finer."""
    units, rest = divmod(price, unit)
    if rest:
        raise RecordingUnreadable(f"the price {price}e-9 is finer than the instrument's: raise its price_precision")
    return units
