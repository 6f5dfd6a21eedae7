"""What the venue checks before an order meets the book; `codes.py` has its words."""

from connectors.sim.codes import (
    CLOSED,
    GTC,
    LOT_SIZE,
    NO_REASON,
    NOTIONAL,
    POST_ONLY_MUST_STAY,
    PRICE_FILTER,
)
from connectors.sim.listing import Listing
from connectors.sim.orders import Request


def filter_failure(listing: Listing, request: Request, reference_price: int) -> int:
    """Return why the venue's own filters refuse an order; `reference_price` values a market order."""
    if not listing.tradable:
        return CLOSED
    if request.post_only and (request.is_market or request.time_in_force != GTC):
        return POST_ONLY_MUST_STAY
    quantity = request.quantity
    if quantity <= 0 or quantity % listing.lot != 0 or quantity < listing.min_quantity:
        return LOT_SIZE
    if listing.max_quantity > 0 and quantity > listing.max_quantity:
        return LOT_SIZE
    price = request.price
    if request.is_market:
        price = reference_price
    elif price <= 0 or price % listing.tick != 0:
        return PRICE_FILTER
    # price * quantity < min_product, without the product.
    if price > 0 and listing.min_product > 0 and quantity <= (listing.min_product - 1) // price:
        return NOTIONAL
    return NO_REASON


HOT = (filter_failure,)
