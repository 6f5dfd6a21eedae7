"""How much of an instrument the market shows, as far as an order at a price would reach."""

from core.book import LIVE, Levels
from core.market import Market, touch_of


def displayed(market: Market, side: int, price: int) -> int:
    """Return the quantity that the book shows on the other side up to a price; 0 for an order that would rest."""
    bid, bid_quantity, ask, ask_quantity, _ = touch_of(market)
    if market.book.state == LIVE:
        return _up_to(market.book.asks if side > 0 else market.book.bids, side, price)
    if side > 0:
        return ask_quantity if 0 < ask <= price else 0
    return bid_quantity if bid >= price else 0


def _up_to(levels: Levels, side: int, price: int) -> int:
    """Return the quantity of the levels that an order at a price reaches; the best stands last."""
    total = 0
    for place in range(levels.count - 1, -1, -1):
        if (levels.sign * levels.ranks[place] - price) * side > 0:
            break
        total += levels.quantities[place]
    return total
