"""An order that trades at once: how much it could get, and its walk over the other side's levels."""

from collections.abc import Sequence

from connectors.sim.answers import AnswerSink, end, fill
from connectors.sim.codes import EXPIRED, NO_REASON
from connectors.sim.impact import NO_IMPACT, slippage_ticks, worsened
from connectors.sim.ladder import join_ladder, left_at, take_at
from connectors.sim.listing import Listing, VenueNumbers
from connectors.sim.matching import crosses
from connectors.sim.orders import Order
from connectors.sim.place import join
from connectors.sim.view import UNLIMITED, levels_behind
from core.market import MarketNumbers


def obtainable(listing: Listing, order: Order, market: MarketNumbers, touch: int, quantity: int, now_ns: int) -> int:
    """Return how much of the order could trade now; `touch` and `quantity` are the other side's."""
    ladder = listing.asks if order.sign > 0 else listing.bids
    levels = market.book.asks if order.sign > 0 else market.book.bids
    price, displayed, total, place = touch, quantity, 0, -1
    while total < order.leaves and crosses(order.sign, order.limit, price):
        total += left_at(ladder, price, displayed, now_ns)
        if place < 0:
            place = levels_behind(market, levels, touch)
        if place == 0:
            break
        place -= 1
        price, displayed = levels.sign * levels.ranks[place], levels.quantities[place]
    return total


def take(
    venue: VenueNumbers,
    listing: Listing,
    orders: Sequence[Order],
    row: int,
    market: MarketNumbers,
    touch: int,
    quantity: int,
    out: AnswerSink,
) -> None:
    """Walk the other side's levels within the limit, one fill a level; `touch` and `quantity` are that side's.

    The order has something to fill and crosses the touch.
    """
    order = orders[row]
    sign = order.sign
    ladder = listing.asks if sign > 0 else listing.bids
    levels = market.book.asks if sign > 0 else market.book.bids
    price, displayed, place = touch, quantity, -1
    slippage = 0
    if listing.impact.model != NO_IMPACT:
        slippage = listing.tick * slippage_ticks(listing.impact, listing.tick, touch, order.leaves, quantity)
    while True:
        got = min(order.leaves, left_at(ladder, price, displayed, venue.match_ns))
        if got > 0:
            if displayed < UNLIMITED:
                take_at(ladder, price, got, venue.match_ns)
            paid = price if slippage == 0 else worsened(sign, price, slippage, order.limit)
            fill(venue, listing, orders, row, paid, got, True, out)
        if order.leaves == 0:
            return
        if place < 0:
            place = levels_behind(market, levels, touch)
        if place == 0:
            return
        place -= 1
        price, displayed = levels.sign * levels.ranks[place], levels.quantities[place]
        if not crosses(sign, order.limit, price):
            return


def settle(
    venue: VenueNumbers,
    listing: Listing,
    orders: Sequence[Order],
    row: int,
    market: MarketNumbers,
    touch: int,
    quantity: int,
    expiry: int,
    out: AnswerSink,
) -> None:
    """End the remainder of an order for the reason `expiry`, or let it rest where that is none.

    `touch` and `quantity` are the order's own side's.
    """
    order = orders[row]
    if expiry != NO_REASON:
        end(venue, listing, order, row, EXPIRED, expiry, out)
        return
    join(listing, order, market, touch, quantity, venue.match_ns)
    join_ladder(listing.bids if order.sign > 0 else listing.asks, order, row)


HOT = (obtainable, take, settle)
