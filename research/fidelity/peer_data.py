"""The events of a view as hftbacktest takes them: rows of depth changes and trades.

Three forms:

- *depth*: book and trades, as its Binance converter writes them, but on the reception clock: exchange and local time
  are the reception time. Both engines then meet the same market at the same time.
- *touch*: the same with the ticker merged in, as our venue sees it: the touch is the ticker's at once, levels behind
  it are the book's at the next depth message, levels before it are gone.
- *venue time*: book and trades as the converter writes them: the exchange's time where it happened, our time of
  reception corrected by the least feed delay (`correct_local_timestamp`), both orders kept (`correct_event_order`).

Columns beyond hftbacktest's own (`update_id`, `venue_ns`, `message`) are for `replica.py`.
"""

import numpy as np
import numpy.typing as npt

from core.book import L2Book, quantity_at
from core.instruments import Instrument
from core.records import ASK, EMPTY, FIRST, LAST, NOT_MARKET, PENDING, SELL_AGGRESSOR, SNAPSHOT, Event, Kind

DEPTH, TRADE, CLEAR = 1, 2, 3  # hftbacktest's numbers
BUY, SELL = 1 << 29, 1 << 28
EXCHANGE, LOCAL = 1 << 31, 1 << 30

ROW_DTYPE = np.dtype(
    [
        ("ns", "i8"),
        ("kind", "i8"),
        ("side", "i8"),  # of a depth level 1 for bids, of a trade 1 where a buyer came
        ("price", "i8"),
        ("quantity", "i8"),
        ("update_id", "i8"),  # of a depth message, 0 for a ticker's level
        ("venue_ns", "i8"),
        ("message", "i8"),  # rows of one event have the same number
    ]
)
EVENT_DTYPE = np.dtype(
    [
        ("ev", "u8"), ("exch_ts", "i8"), ("local_ts", "i8"), ("px", "f8"), ("qty", "f8"), ("order_id", "u8"),
        ("ival", "i8"), ("fval", "f8"),
    ],
    align=True,
)  # fmt: skip
Rows = npt.NDArray[np.void]
_Row = tuple[int, int, int, int, int, int, int, int]
_QUOTE, _TRADE, _BOOK = int(Kind.QUOTE), int(Kind.TRADE), int(Kind.BOOK)


class _Merger:
    """The ticker merged into the book as our venue sees it; without tickers the book itself."""

    def __init__(self) -> None:
        self.rows: list[_Row] = []
        self._book = L2Book()
        self._shown: dict[int, dict[int, int]] = {1: {}, -1: {}}
        self._open: dict[int, set[int]] = {1: set(), -1: set()}  # prices at which the book may say something else
        self._touch = {1: 0, -1: 0}
        self._message = 0

    def take(self, event: Event) -> None:
        """Add the rows of one event."""
        kind, flags, _, now_ns, venue_ns, price, quantity, other, last_id, _ = event
        assert isinstance(price, int)
        if kind == _TRADE:
            if not flags & NOT_MARKET:
                side = -1 if flags & SELL_AGGRESSOR else 1
                self._message += 1
                self.rows.append((now_ns, TRADE, side, price, quantity, 0, venue_ns, self._message))
        elif kind == _QUOTE:
            self._message += 1
            self._quote(now_ns, venue_ns, price, quantity, other, last_id)
        elif kind == _BOOK:
            self._level(event)

    def _level(self, event: Event) -> None:
        """Take one level of a message; the whole of it counts at its last."""
        _, flags, _, now_ns, venue_ns, price, quantity, _, last_id, prev_id = event
        assert isinstance(price, int)
        book, side = self._book, -1 if flags & ASK else 1
        book.apply(flags, price, quantity, last_id, prev_id)
        if flags & PENDING:
            return
        if flags & FIRST:
            self._message += 1
            if flags & SNAPSHOT:
                self._forget(now_ns, venue_ns)
        if not book.skipping and not flags & EMPTY:
            self._open[side].add(price)
        if flags & LAST and not book.skipping:
            for each in (1, -1):
                self._reconcile(each, now_ns, venue_ns, last_id)

    def _forget(self, now_ns: int, venue_ns: int) -> None:
        """Clear both sides."""
        for side in (1, -1):
            self._shown[side].clear()
            self._open[side].clear()
        self.rows.append((now_ns, CLEAR, 0, 0, 0, 0, venue_ns, self._message))

    def _reconcile(self, side: int, now_ns: int, venue_ns: int, update_id: int) -> None:
        """Show what the book says behind the touch, or everywhere without a ticker."""
        levels = self._book.bids if side > 0 else self._book.asks
        touch = self._touch[side]
        behind = sorted(price for price in self._open[side] if not touch or (touch - price) * side > 0)
        for price in behind:
            self._open[side].discard(price)
            self._show(side, price, quantity_at(levels, price), now_ns, venue_ns, update_id)

    def _quote(self, now_ns: int, venue_ns: int, bid: int, bid_quantity: int, ask: int, ask_quantity: int) -> None:
        """Show a ticker: levels before the touch are gone. The side that gives way goes first, so nothing crosses."""
        order = (1, -1) if bid < self._touch[1] else (-1, 1)
        for side in order:
            touch, quantity = (bid, bid_quantity) if side > 0 else (ask, ask_quantity)
            before = self._touch[side]
            if not before or (before - touch) * side > 0:
                for price in sorted(price for price in self._shown[side] if (price - touch) * side > 0):
                    self._open[side].add(price)
                    self._show(side, price, 0, now_ns, venue_ns, 0)
            self._touch[side] = touch
            self._open[side].add(touch)
            self._show(side, touch, quantity, now_ns, venue_ns, 0)

    def _show(self, side: int, price: int, quantity: int, now_ns: int, venue_ns: int, update_id: int) -> None:
        """Add a row where the level changes."""
        shown = self._shown[side]
        if shown.get(price, 0) == quantity:
            return
        if quantity:
            shown[price] = quantity
        else:
            del shown[price]
        self.rows.append((now_ns, DEPTH, side, price, quantity, update_id, venue_ns, self._message))


def rows_of(events: list[Event]) -> Rows:
    """Return a view's events as rows; the ticker is merged in where the view has it."""
    merger = _Merger()
    for event in events:
        merger.take(event)
    return np.array(merger.rows, ROW_DTYPE)


def peer_events(rows: Rows, instrument: Instrument) -> npt.NDArray[np.void]:
    """Return rows as hftbacktest's events, all on the reception clock."""
    events = np.zeros(len(rows), EVENT_DTYPE)
    sides = np.where(rows["side"] > 0, BUY, np.where(rows["side"] < 0, SELL, 0)).astype("u8")
    events["ev"] = rows["kind"].astype("u8") | sides | np.uint64(EXCHANGE | LOCAL)
    events["exch_ts"] = events["local_ts"] = rows["ns"]
    events["px"] = rows["price"] / 10**instrument.price_precision
    events["qty"] = rows["quantity"] / 10**instrument.size_precision
    return events


def venue_time_events(rows: Rows, instrument: Instrument) -> npt.NDArray[np.void]:
    """Return rows with the exchange's own times, as the converter leaves them before it corrects the clocks.

    The snapshot alone carries no time of the venue: it took as long as the row after it. Spot tickers carry none
    either, so `rows` are of the depth view.
    """
    events = peer_events(rows, instrument)
    times = rows["venue_ns"].copy()
    for place in range(len(times) - 2, -1, -1):
        if times[place] == 0:
            times[place] = times[place + 1] + rows["ns"][place] - rows["ns"][place + 1]
    events["exch_ts"] = times
    events["ev"] &= ~np.uint64(EXCHANGE | LOCAL)
    return events
