"""Market by order (Databento DBN, schema `mbo`, one instrument a file) to a history of orders or of depth, and trades.

One event of the matching engine becomes its trades, then one message of all that it changed: the order in which CME
publishes them. As orders, each change of one order is an MBO record with the order's rank (ADR 11); the per-order
dictionary that knows the ranks is here, so that nobody needs one later. As levels, each changed level is a BOOK record:
the same market as venues show it that tell depth by price.

The history begins with the book as continuous trading begins; auctions before it are left out.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Literal

import msgspec

from core.events import FeedState
from core.instruments import Instrument
from core.records import ASK, EMPTY, EXECUTED, FIRST, LAST, SELL_AGGRESSOR, SNAPSHOT, Kind
from core.records import Event as Record
from journal.progress import Progress
from research.history.errors import BadInput, BadRecording
from research.history.writing import HistoryWriter, feed
from research.l3.book import OrderBook, Outcome, Step
from research.l3.continuous import begin_of
from research.l3.errors import L3Error
from research.l3.records import Event, read_events

_DBN_DECIMALS = 9
_TELL_EVERY = 4096
_SIGNED = 1 << 63
_BOOK, _TRADE, _MBO = int(Kind.BOOK), int(Kind.TRADE), int(Kind.MBO)
_Shown = tuple[int, int, int]  # side, DBN price, quantity


class MboSource(msgspec.Struct, frozen=True, kw_only=True, tag="mbo"):
    """A DBN file (`.dbn` or `.dbn.zst`), and whether its book is told by orders or by levels."""

    file: str
    instrument: Instrument
    book: Literal["orders", "levels"] = "orders"

    @property
    def files(self) -> tuple[str, ...]:
        """The files read."""
        return (self.file,)


def import_mbo(source: MboSource, history: HistoryWriter, progress: Progress | None = None) -> None:
    """Write the file's events in two passes: where continuous trading begins is known at the end only.

    Raises BadInput, BadRecording, JournalError.
    """
    path = Path(source.file)
    if source.instrument.price_precision > _DBN_DECIMALS:
        found = f"{source.instrument.id} with {source.instrument.price_precision}"
        raise BadInput(path, 0, expected=f"an instrument of at most {_DBN_DECIMALS} decimals", found=found)
    try:
        first, total = begin_of(read_events(path))
        records = mbo_records(_told(read_events(path), total, progress), first, source.instrument, 0, source.book)
        snapshot = next(records)
        history.begin((source.instrument,), snapshot[3])
        history.left_out["events before continuous trading"] += first
        history.extend(chain((snapshot,), records))
    except L3Error as error:
        raise BadRecording(str(error)) from error
    except OSError as error:
        raise BadInput(path, 0, expected="a readable file", found=str(error.strerror or error)) from error


def _told(events: Iterable[Event], total: int, progress: Progress | None) -> Iterator[Event]:
    """Yield the events, telling how far they were read."""
    for number, event in enumerate(events):
        yield event
        if progress is not None and number % _TELL_EVERY == 0:
            progress(number, total)
    if progress is not None:
        progress(total, total)


def mbo_records(
    events: Iterable[Event], first: int, rules: Instrument, index: int, told: Literal["orders", "levels"]
) -> Iterator[Record]:
    """Yield the records of instrument number `index`, beginning with the book before the event at place `first`.

    Raises BookBroken, RecordingUnreadable.
    """
    writer = _Orders(rules, index) if told == "orders" else _Levels(rules, index)
    book = OrderBook()
    last: Event = []
    trade_id = 0
    for place, event in enumerate(events):
        if place == first:
            yield from writer.snapshot(book, last)
            yield feed(rules.venue, index, last[-1].recv_ns, FeedState.SYNCED, "book")
        outcome = book.apply(event)
        last = event
        if place < first:
            continue
        now_ns, venue_ns = event[-1].recv_ns, event[-1].venue_ns
        for price, quantity, aggressor in outcome.trades:
            trade_id += 1
            flags = SELL_AGGRESSOR if aggressor < 0 else 0
            yield (
                _TRADE, flags, index, now_ns, venue_ns, writer.price(price), writer.quantity(quantity), trade_id, 0, 0,
            )  # fmt: skip
        yield from writer.message(book, outcome, now_ns, venue_ns)


class _Units:
    """DBN's numbers in the instrument's units."""

    def __init__(self, rules: Instrument, index: int) -> None:
        self._unit = int(10 ** (_DBN_DECIMALS - rules.price_precision))
        self._size = int(10**rules.size_precision)
        self._index = index

    def price(self, price: int) -> int:
        """Return a price in units. Raises BadRecording where it is finer."""
        units, rest = divmod(price, self._unit)
        if rest:
            raise BadRecording(f"the price {price}e-9 is finer than the instrument's: raise its price_precision")
        return units

    def quantity(self, size: int) -> int:
        """Return a quantity in units."""
        return size * self._size


class _Orders(_Units):
    """The book as MBO records. Sequence numbers and ranks are the numbers of the book's steps."""

    def snapshot(self, book: OrderBook, last: Event) -> Iterator[Record]:
        """Yield all orders as they stand, numbered up to the last step, by their ranks."""
        orders = sorted(book.orders.values(), key=lambda order: order.rank)
        number = book.next_rank - len(orders)
        steps = [
            Step(number + place, order.side, order.price, order.size, order.order_id, order.rank, executed=False)
            for place, order in enumerate(orders)
        ]
        steps = steps or [Step(book.next_rank - 1, 1, 0, 0, 0, 0, executed=False)]
        return self._records(steps, SNAPSHOT, last[-1].recv_ns, last[-1].venue_ns)

    def message(self, _book: OrderBook, outcome: Outcome, now_ns: int, venue_ns: int) -> Iterator[Record]:
        """Yield what an event changed, order by order."""
        return self._records(outcome.steps, 0, now_ns, venue_ns)

    def _records(self, steps: Sequence[Step], kind: int, now_ns: int, venue_ns: int) -> Iterator[Record]:
        last = len(steps) - 1
        for place, (number, side, price, change, order_id, rank, executed) in enumerate(steps):
            flags = kind | (ASK if side < 0 else 0) | (0 if place else FIRST) | (LAST if place == last else 0)
            flags |= EXECUTED if executed else 0
            signed_id = order_id - 2 * _SIGNED if order_id >= _SIGNED else order_id
            yield (
                _MBO, flags, self._index, now_ns, venue_ns,
                self.price(price), self.quantity(change), signed_id, number, rank,
            )  # fmt: skip


class _Levels(_Units):
    """The book as BOOK records. Update ids count events."""

    def __init__(self, rules: Instrument, index: int) -> None:
        super().__init__(rules, index)
        self._update_id = 1

    def snapshot(self, book: OrderBook, last: Event) -> Iterator[Record]:
        """Yield all levels as they stand."""
        halves = (book.bids, book.asks)
        whole = [(half.sign, price, level.total) for half in halves for price, level in half.levels.items()]
        return self._records(whole, SNAPSHOT, last[-1].recv_ns, last[-1].venue_ns)

    def message(self, book: OrderBook, outcome: Outcome, now_ns: int, venue_ns: int) -> Iterator[Record]:
        """Yield the levels that an event touched, as they are shown after it."""
        self._update_id += 1
        shown = [(side, price, book.half(side).total(price)) for side, price in outcome.before]
        return self._records(shown, 0, now_ns, venue_ns)

    def _records(self, levels: Sequence[_Shown], kind: int, now_ns: int, venue_ns: int) -> Iterator[Record]:
        """Yield one depth message level by level; one without levels is marked EMPTY."""
        number = self._update_id
        before = 0 if kind else number - 1
        if not levels:
            flags = kind | FIRST | LAST | EMPTY
            yield (_BOOK, flags, self._index, now_ns, venue_ns, 0, 0, number, number, before)
        last = len(levels) - 1
        for place, (side, price, quantity) in enumerate(levels):
            flags = kind | (ASK if side < 0 else 0) | (0 if place else FIRST) | (LAST if place == last else 0)
            yield (
                _BOOK, flags, self._index, now_ns, venue_ns,
                self.price(price), self.quantity(quantity), number, number, before,
            )  # fmt: skip
