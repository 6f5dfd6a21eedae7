"""What playback shows of one symbol, as integers for the matching. No I/O."""

from collections.abc import Sequence
from typing import Protocol

from connectors.embedded.exchange.orders import DECIMALS
from connectors.embedded.tape import Print
from connectors.embedded.view import MarketView
from connectors.embedded.wire import Level
from core.decimals import to_units
from core.errors import PrecisionError

_WHOLE_BOOK = 5_000
Units = list[tuple[int, int]]


class MarketTaker(Protocol):
    """A market's engine as the feed needs it; prices and quantities in units of 10^-8."""

    def is_busy(self, symbol: str) -> bool:
        """Whether orders wait for this symbol's market, so that each event matters at once."""

    def on_market_levels(self, symbol: str, bids: Units, asks: Units, *, whole: bool) -> None:
        """Take displayed levels that changed (0 removes one), or the whole book."""

    def on_market_trade(self, symbol: str, price: int, quantity: int, *, buyer_is_maker: bool) -> None:
        """Take a trade on the tape."""


class Feed:
    """Listens to one symbol's view for an engine, from the first order on: before that nobody asks."""

    def __init__(self, view: MarketView, taker: MarketTaker) -> None:
        """Stay detached until `attach`."""
        self._view = view
        self._taker = taker
        self._symbol = view.listing.symbol
        self._attached = False

    @property
    def eager(self) -> bool:
        """Whether events are wanted as they pass, and not when somebody looks."""
        return self._taker.is_busy(self._symbol)

    def attach(self) -> None:
        """Bring the engine to where playback is."""
        if self._attached:
            self._view.catch_up()
            return
        self._attached = True
        book = self._view.depth(_WHOLE_BOOK)
        last = self._view.tape().recent
        self._view.listener = self
        self.on_book(book.bids, book.asks)
        if last:
            # A price to measure stops by; of no quantity, so that it fills nothing.
            self._taker.on_market_trade(self._symbol, last[-1].price, 0, buyer_is_maker=last[-1].buyer_is_maker)

    def on_book(self, bids: Sequence[Level], asks: Sequence[Level]) -> None:
        """Take a whole book."""
        self._taker.on_market_levels(self._symbol, _units(bids), _units(asks), whole=True)

    def on_levels(self, bids: Sequence[Level], asks: Sequence[Level]) -> None:
        """Take the levels that changed."""
        self._taker.on_market_levels(self._symbol, _units(bids), _units(asks), whole=False)

    def on_trade(self, trade: Print) -> None:
        """Take a trade."""
        self._taker.on_market_trade(self._symbol, trade.price, trade.quantity, buyer_is_maker=trade.buyer_is_maker)


def _units(levels: Sequence[Level]) -> Units:
    found: Units = []
    for price, quantity in levels:
        try:
            found.append((_number(price), _number(quantity)))
        except (PrecisionError, ValueError):
            continue  # a level that a malformed frame brought is no level
    return found


def _number(text: str) -> int:
    if text[-9:-8] == ".":  # spot writes 8 decimals, always: the digits are the number
        return int(text[:-9] + text[-8:])
    return to_units(text, DECIMALS)
