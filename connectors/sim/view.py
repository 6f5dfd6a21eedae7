"""Which market the simulated venue matches on: the quote stream at the touch, the book behind it.

Binance pushes bookTicker at each change of the best bid or ask and spot depth every 100 ms, so four in ten tickers
seem to cross the book: two views of different age, not an error. The ticker is the touch; of the book only levels
strictly behind it count. Without quotes the book is all there is, without a book the touch.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from core.book import BookState
from core.market import Market
from core.orders import Side

Touch = tuple[int, int, int, int]
"""(bid_price, bid_quantity, ask_price, ask_quantity); a price of 0 where nobody is."""

NO_TOUCH: Touch = (0, 0, 0, 0)


def touch_of(market: Market) -> Touch:
    """Return the touch that orders meet, `NO_TOUCH` where nothing is known."""
    if market.quote_ns:
        return market.bid_price, market.bid_quantity, market.ask_price, market.ask_quantity
    book = market.book
    if book.state is not BookState.LIVE:
        return NO_TOUCH
    bid, ask = book.best_bid, book.best_ask
    return bid, book.bids.get(bid, 0), ask, book.asks.get(ask, 0)


def levels_of(market: Market, side: Side) -> Iterator[tuple[int, int]]:
    """Yield (price, displayed quantity) of the resting `side`, best first."""
    bid, bid_quantity, ask, ask_quantity = touch_of(market)
    price, quantity = (bid, bid_quantity) if side is Side.BUY else (ask, ask_quantity)
    if not price:
        return
    yield price, quantity
    book = market.book
    if book.state is not BookState.LIVE:
        return
    bid_prices, ask_prices = book.prices()
    if side is Side.BUY:
        for place in range(bisect_left(bid_prices, price) - 1, -1, -1):
            yield bid_prices[place], book.bids[bid_prices[place]]
    else:
        for place in range(bisect_right(ask_prices, price), len(ask_prices)):
            yield ask_prices[place], book.asks[ask_prices[place]]


def displayed_in_book(market: Market, side: Side, price: int) -> int | None:
    """Return what the book shows at `price`; None where it cannot say, being not live or not that deep."""
    book = market.book
    if book.state is not BookState.LIVE:
        return None
    bid_prices, ask_prices = book.prices()
    if side is Side.BUY:
        return book.bids.get(price, 0) if bid_prices and price >= bid_prices[0] else None
    return book.asks.get(price, 0) if ask_prices and price <= ask_prices[-1] else None
