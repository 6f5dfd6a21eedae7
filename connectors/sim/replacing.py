"""An order that is changed while it works: what the venue does with a replacement that arrives.

Python alone: kernels have no word for it. The rules are Binance's:

- spot: "The amended order keeps its time priority among existing orders at the same price" (Order Amend Keep Priority,
  for which a smaller quantity is all that may change); for anything else there is cancel-replace, where "Time priority
  is lost. The new order executes after existing orders at the same price."
- contracts: "modified orders will be reordered in the match queue" (Modify Order), whatever changes. "When the new
  quantity or price doesn't satisfy PRICE_FILTER / PERCENT_FILTER / LOT_SIZE, amendment will be rejected and the order
  will stay as it is. However the order will be cancelled by the amendment" where it is partially filled "and the new
  quantity <= executedQty", or is post-only "and the new price will cause it to be executed immediately".

One thing is kinder than Binance spot: quantities are in all, as for contracts, so that what fills while the replacement
travels counts. There cancel-replace places what was asked for less what we knew of; tickerd then takes the excess off.
"""

from collections.abc import Sequence

from connectors.sim.answers import AnswerSink, end, note_activity
from connectors.sim.bars import stop_waiting
from connectors.sim.codes import (
    EXPIRED,
    FILLED_THAT_FAR,
    GTC,
    NO_MARKET,
    NO_REASON,
    NO_SUCH_ORDER,
    NOT_REDUCING,
    WOULD_TAKE,
)
from connectors.sim.ladder import leave_ladder
from connectors.sim.listing import Listing, VenueNumbers
from connectors.sim.matcher import work
from connectors.sim.matching import crosses
from connectors.sim.orders import Order, Request
from connectors.sim.rules import filter_failure
from core.market import MarketNumbers

Touch = tuple[int, int, int, int]


def ask_for(request: Request, order: Order) -> None:
    """Complete a replacement with what stays of its order; price and quantity are the new ones, quantity in all."""
    request.sign = order.sign
    request.is_market = False
    request.time_in_force = GTC
    request.post_only = order.post_only
    request.reduce_only = order.reduce_only


def keeps_place(order: Order, request: Request, may_keep: bool) -> bool:
    """Whether an order does no more than give quantity up at its price, at a venue that lets it keep its place."""
    return may_keep and request.price == order.limit and request.quantity <= order.quantity


def why_not_changed(listing: Listing, order: Order, request: Request, touch: Touch) -> int:
    """Say why an order stays as it is, NO_REASON where it is changed or cancelled; the account has no say here."""
    if not order.working:
        return NO_SUCH_ORDER
    bid, _, ask, _ = touch
    reason = filter_failure(listing, request, ask if order.sign > 0 else bid)
    if reason != NO_REASON:
        return reason
    if listing.barred != NO_REASON:
        return listing.barred
    if bid == 0 and ask == 0 and not listing.gathering:
        return NO_MARKET
    leaves = request.quantity - order.quantity + order.leaves
    if order.reduce_only and leaves > 0 and -order.sign * listing.position < leaves:
        return NOT_REDUCING
    return NO_REASON


def why_cancelled(order: Order, request: Request, touch: Touch, keeps: bool) -> int:
    """Say why the amendment cancels the order in the place of changing it, NO_REASON where it does not."""
    if request.quantity <= order.quantity - order.leaves:
        return FILLED_THAT_FAR
    opposite = touch[2] if order.sign > 0 else touch[0]
    if order.post_only and not keeps and crosses(order.sign, request.price, opposite):
        return WOULD_TAKE
    return NO_REASON


def cancel_changed(venue: VenueNumbers, listing: Listing, order: Order, row: int, reason: int, out: AnswerSink) -> None:
    """End an order that may not be what it was asked to become."""
    end(venue, listing, order, row, EXPIRED, reason, out)
    note_activity(listing)


def change(
    venue: VenueNumbers,
    listing: Listing,
    orders: Sequence[Order],
    market: MarketNumbers,
    request: Request,
    touch: Touch,
    keeps: bool,
    out: AnswerSink,
) -> None:
    """Make an order what it shall be: smaller where it stands, or like one that has just come."""
    order = orders[request.row]
    order.leaves += request.quantity - order.quantity
    order.quantity = request.quantity
    if keeps:
        return
    ladder = listing.bids if order.sign > 0 else listing.asks
    if order.waits:
        stop_waiting(listing, ladder, order, request.row)
    else:
        leave_ladder(ladder, order, request.row)
    order.limit = request.price
    order.rank = -order.sign * request.price
    work(venue, listing, orders, request.row, market, *touch, NO_REASON, out)
