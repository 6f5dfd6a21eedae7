"""An order beside its market: what the book shows as far as it reaches, what is traded, how far prices move."""

from core.book import LIVE, Levels
from core.market import Market
from risk.controls.asked import Asked
from risk.controls.scope import NONE, PPM, Scope
from risk.facts import Touch


def displayed(market: Market, touch: Touch, side: int, price: int) -> int:
    """Return the quantity that the book shows on the other side up to a price; 0 for an order that would rest."""
    if market.book.state == LIVE:
        return _up_to(market.book.asks if side > 0 else market.book.bids, side, price)
    if side > 0:
        return touch[3] if 0 < touch[2] <= price else 0
    return touch[1] if touch[0] >= price else 0


def _up_to(levels: Levels, side: int, price: int) -> int:
    """Return the quantity of the levels that an order at a price reaches; the best stands last."""
    total = 0
    for place in range(levels.count - 1, -1, -1):
        if (levels.sign * levels.ranks[place] - price) * side > 0:
            break
        total += levels.quantities[place]
    return total


def too_much_of_volume(asked: Asked, scope: Scope) -> bool:
    """Whether an order is more than a share of what was traded in the last minute; where nothing was, any is."""
    limit = scope.max_volume_share
    return limit != NONE and asked.intent.quantity * PPM > asked.observed.volume(asked.market) * limit


def too_far(asked: Asked, scope: Scope) -> bool:
    """Whether an order's price is further from the middle than so many volatilities of a minute; until known, none.

    Without a price of its own it trades at the other side's best, where the gate's own collar looks at it as well.
    """
    limit, volatility_ppm = scope.max_price_volatilities, asked.observed.volatility_ppm
    if limit == NONE or not volatility_ppm:
        return False
    bid, ask, _ = asked.market.touch()
    return abs(2 * trades_at(asked, bid, ask) - bid - ask) * PPM * PPM > (bid + ask) * limit * volatility_ppm


def trades_at(asked: Asked, bid: int, ask: int) -> int:
    """Return the price at which an order would trade: its limit, or the other side's best for a market order."""
    return asked.intent.price or (ask if asked.side > 0 else bid)
