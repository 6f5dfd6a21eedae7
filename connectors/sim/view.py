"""Which market the simulated venue matches on: the quote stream at the touch, the book behind it.

Binance pushes bookTicker at each change of the best bid or ask and spot depth every 100 ms, so four in ten tickers
seem to cross the book: two views of different age, not an error. The ticker is the touch; of the book only levels
strictly behind it count. Without quotes the book is all there is, without a book the touch. Where there are neither,
but bars, the touch is the open of the bar that is forming or the close of the last, half a spread to either side, and
nobody knows how much is there.
"""

from bisect import bisect_left

from connectors.sim.matching import UNKNOWN_QUEUE
from core.book import LIVE, BookState, Levels, quantity_at
from core.market import MarketNumbers, touch_of

UNLIMITED = 1 << 62  # what is displayed at a bar's price: nothing tells
_PPM = 1_000_000
_NEVER_LOADED = int(BookState.EMPTY)  # a book that is withheld for now does not make a market of bars

Touch = tuple[int, int, int, int]
"""(bid_price, bid_quantity, ask_price, ask_quantity); a price of 0 where nobody is."""


def has_only_bars(market: MarketNumbers) -> bool:
    """Whether neither quotes nor a book have ever come."""
    return market.quote_ns == 0 and market.book.state == _NEVER_LOADED


def touch_met(
    market: MarketNumbers, bar_open: int, bar_open_ns: int, half_spread_ppm: int, tick: int
) -> tuple[int, int, int, int]:
    """Return the touch that orders meet, all 0 where nothing is known.

    `bar_open` is the open of the bar that formed at `bar_open_ns`; where no driver tells opens, the last close counts.
    Half a spread is rounded outward to whole ticks; bounds: prices below 2**40.
    """
    if market.quote_ns != 0:
        return market.bid_price, market.bid_quantity, market.ask_price, market.ask_quantity
    if market.book.state == LIVE:
        bid, bid_quantity, ask, ask_quantity, _ = touch_of(market)
        return bid, bid_quantity, ask, ask_quantity
    if not has_only_bars(market):
        return 0, 0, 0, 0
    price = market.bar_price
    if bar_open_ns > 0:
        price = bar_open
    if price <= 0:
        return 0, 0, 0, 0
    half = price * half_spread_ppm
    bid = (price * _PPM - half) // (_PPM * tick) * tick
    ask = -(-(price * _PPM + half) // (_PPM * tick)) * tick
    return bid, UNLIMITED, ask, UNLIMITED


def levels_behind(market: MarketNumbers, levels: Levels, price: int) -> int:
    """Return how many of a side's levels lie strictly behind `price`; the nearest is the last of them."""
    if market.book.state != LIVE:
        return 0
    return bisect_left(levels.ranks, levels.sign * price, 0, levels.count)


def displayed_behind(market: MarketNumbers, levels: Levels, price: int) -> int:
    """Return what the book shows at `price`; UNKNOWN_QUEUE where it cannot say, being not live or not that deep."""
    if market.book.state != LIVE or levels.count == 0 or levels.sign * price < levels.ranks[0]:
        return UNKNOWN_QUEUE
    return quantity_at(levels, price)


HOT = (has_only_bars, touch_met, levels_behind, displayed_behind)
