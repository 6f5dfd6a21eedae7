"""Which market the simulated venue matches on: the quote stream at the touch, the book behind it.

Binance pushes bookTicker at each change of the best bid or ask and spot depth every 100 ms, so four in ten tickers
seem to cross the book: two views of different age, not an error. The ticker is the touch; of the book only levels
strictly behind it count. Without quotes the book is all there is, without a book the touch.
"""

from bisect import bisect_left
from collections.abc import Iterator

from core.book import LIVE, quantity_at
from core.market import Market
from core.market import touch_of as top_of
from core.orders import Side

Touch = tuple[int, int, int, int]
"""(bid_price, bid_quantity, ask_price, ask_quantity); a price of 0 where nobody is."""

NO_TOUCH: Touch = (0, 0, 0, 0)


def touch_of(market: Market) -> Touch:
    """Return the touch that orders meet, `NO_TOUCH` where nothing is known."""
    return top_of(market)[:4]


def levels_of(market: Market, side: Side) -> Iterator[tuple[int, int]]:
    """Yield (price, displayed quantity) of the resting `side`, best first."""
    bid, bid_quantity, ask, ask_quantity = touch_of(market)
    price, quantity = (bid, bid_quantity) if side is Side.BUY else (ask, ask_quantity)
    if not price:
        return
    yield price, quantity
    book = market.book
    if book.state != LIVE:
        return
    levels = book.bids if side is Side.BUY else book.asks
    for place in range(bisect_left(levels.ranks, levels.sign * price, 0, levels.count) - 1, -1, -1):
        yield levels.sign * levels.ranks[place], levels.quantities[place]


def displayed_in_book(market: Market, side: Side, price: int) -> int | None:
    """Return what the book shows at `price`; None where it cannot say, being not live or not that deep."""
    book = market.book
    if book.state != LIVE:
        return None
    levels = book.bids if side is Side.BUY else book.asks
    if not levels.count or levels.sign * price < levels.ranks[0]:
        return None
    return quantity_at(levels, price)
