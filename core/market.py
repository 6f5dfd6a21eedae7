"""What is known of one instrument's market: last quote, last trade, book; and the views that strategies get."""

import msgspec

from core.book import BookState, L2Book
from core.instruments import Instrument
from core.orders import Side


class Quote(msgspec.Struct, frozen=True, gc=False):
    """Best bid and ask, in the instrument's units. `venue_ns` is 0 where the venue sends no time."""

    instrument: int
    recv_ns: int
    venue_ns: int
    bid_price: int
    bid_quantity: int
    ask_price: int
    ask_quantity: int
    update_id: int

    @property
    def mid(self) -> float:
        """The middle of bid and ask in price units: a signal, not a price to trade at."""
        return (self.bid_price + self.ask_price) / 2


class Trade(msgspec.Struct, frozen=True, gc=False):
    """One public trade, in the instrument's units; `aggressor` is the side that crossed the spread."""

    instrument: int
    recv_ns: int
    venue_ns: int
    price: int
    quantity: int
    trade_id: int
    aggressor: Side


class Market:
    """The market of one instrument as the events told it; one object, read by strategies, gate and simulated venue."""

    __slots__ = (
        "ask_price",
        "ask_quantity",
        "bid_price",
        "bid_quantity",
        "book",
        "book_ns",
        "connected",
        "index",
        "instrument",
        "last_price",
        "last_quantity",
        "quote_ns",
        "stale_channels",
        "trade_ns",
        "update_id",
        "venue_ns",
    )

    def __init__(self, index: int, instrument: Instrument) -> None:
        """Know nothing yet: every price 0, every time 0, not connected."""
        self.index = index
        self.instrument = instrument
        self.bid_price = self.bid_quantity = self.ask_price = self.ask_quantity = self.update_id = 0
        self.last_price = self.last_quantity = 0
        self.quote_ns = self.trade_ns = self.book_ns = self.venue_ns = 0
        self.book = L2Book()
        self.connected = False
        self.stale_channels: tuple[str, ...] = ()

    def quote(self) -> Quote | None:
        """Return the last quote, None before the first."""
        if not self.quote_ns:
            return None
        return Quote(
            self.index,
            self.quote_ns,
            self.venue_ns,
            self.bid_price,
            self.bid_quantity,
            self.ask_price,
            self.ask_quantity,
            self.update_id,
        )

    def touch(self) -> tuple[int, int, int]:
        """Return (bid, ask, time) of the freshest top: the quote stream, else a live book; (0, 0, 0) without either.

        The ticker runs ahead of a conflated depth stream, so where both are known the ticker is the market and the
        book's crossed-looking top is only late.
        """
        if self.quote_ns:
            return self.bid_price, self.ask_price, self.quote_ns
        if self.book.state is BookState.LIVE:
            return self.book.best_bid, self.book.best_ask, self.book_ns
        return 0, 0, 0
