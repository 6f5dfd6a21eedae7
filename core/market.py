"""What is known of one instrument's market: last quote, last trade, book; and the views that strategies get."""

from dataclasses import dataclass, field

import msgspec

from core.book import LIVE, L2Book, best_of
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


# Channels that can fall silent, as bits of `stale`.
STALE_QUOTES, STALE_TRADES, STALE_BOOK, STALE_BARS = 1, 2, 4, 8
_STALE_BITS = {"bars": STALE_BARS, "book": STALE_BOOK, "quotes": STALE_QUOTES, "trades": STALE_TRADES}


@dataclass(slots=True)
class MarketNumbers:
    """What is known of a market as numbers, a record of hot functions: every price 0, every time 0 before the first."""

    index: int = 0
    bid_price: int = 0
    bid_quantity: int = 0
    ask_price: int = 0
    ask_quantity: int = 0
    update_id: int = 0
    last_price: int = 0
    last_quantity: int = 0
    quote_ns: int = 0
    trade_ns: int = 0
    book_ns: int = 0
    venue_ns: int = 0
    bar_price: int = 0  # the close of the venue's last bar: the touch of last resort, where there are only bars
    bar_ns: int = 0
    connected: bool = False
    stale: int = 0  # bits of the channels that have been silent too long
    book: L2Book = field(default_factory=L2Book)


def touch_of(market: MarketNumbers) -> tuple[int, int, int, int, int]:
    """Return (bid, bid quantity, ask, ask quantity, time) of the freshest top; prices 0 where nobody is.

    The quote stream, else a live book, else the close of the last bar with quantity 0; (0, 0, 0, 0, 0) without any.
    The ticker runs ahead of a conflated depth stream, so where both are known the ticker is the market and the
    book's crossed-looking top is only late.
    """
    if market.quote_ns:
        return market.bid_price, market.bid_quantity, market.ask_price, market.ask_quantity, market.quote_ns
    if market.book.state == LIVE:
        bids, asks = market.book.bids, market.book.asks
        bid_quantity = bids.quantities[bids.count - 1] if bids.count else 0
        ask_quantity = asks.quantities[asks.count - 1] if asks.count else 0
        return best_of(bids), bid_quantity, best_of(asks), ask_quantity, market.book_ns
    return market.bar_price, 0, market.bar_price, 0, market.bar_ns


HOT = (touch_of,)


class Market(MarketNumbers):
    """The market of one instrument as the events told it; one object, read by strategies, gate and simulated venue."""

    __slots__ = ("index_price", "instrument", "mark_ns", "mark_price", "volume")

    def __init__(self, index: int, instrument: Instrument) -> None:
        """Know nothing yet, and be not connected."""
        super().__init__(index)
        self.instrument = instrument
        self.mark_price = 0  # a contract's, by which the venue values positions; 0 before the first
        self.index_price = 0
        self.mark_ns = 0
        self.volume = 0  # of all trades since the session began, in quantity units

    @property
    def stale_channels(self) -> tuple[str, ...]:
        """The channels that have been silent too long, alphabetical."""
        return tuple(name for name, bit in _STALE_BITS.items() if self.stale & bit)

    def mark(self, channel: str, *, stale: bool) -> None:
        """Note that a channel fell silent, or speaks again."""
        bit = _STALE_BITS.get(channel, 0)
        self.stale = self.stale | bit if stale else self.stale & ~bit

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
        """Return (bid, ask, time) of the freshest top, see `touch_of`."""
        bid, _, ask, _, time_ns = touch_of(self)
        return bid, ask, time_ns


def mark_price_of(market: Market) -> int:
    """Return the price at which a position is shown: the middle of the touch, else the last trade, else 0."""
    bid_price, ask_price, _ = market.touch()
    return (bid_price + ask_price) // 2 if bid_price and ask_price else market.last_price
