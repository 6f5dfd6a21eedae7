"""What an arriving request does: refuse or accept, trade what can be traded, let the rest stay or expire, cancel.

Hot functions on the venue's records; `orders` is its table of orders and `row` a place in it (`orders.py`), `out` takes
the answers (`answers.py`).
"""

from collections.abc import Sequence

from connectors.sim.answers import AnswerSink, end, move_to, note_activity, refuse, tell
from connectors.sim.bars import is_between_bars, note_bar, serve_bars, wait_for_bar
from connectors.sim.codes import (
    ACCEPTED,
    BOOK_IS_EMPTY,
    CANCEL_REJECTED,
    CANCELLED,
    DUPLICATE_ORDER,
    EXPIRED,
    FOK,
    GTC,
    KILLED,
    NO_MARKET,
    NO_MORE_WITHIN_LIMIT,
    NO_REASON,
    NO_SUCH_ORDER,
    NO_SUCH_SYMBOL,
    NOT_REDUCING,
    REJECTED,
    WOULD_TAKE,
)
from connectors.sim.delays import next_delay
from connectors.sim.listing import Listing, VenueNumbers
from connectors.sim.matching import NO_LIMIT_BUY, NO_LIMIT_SELL, crosses
from connectors.sim.orders import Order, Request
from connectors.sim.rules import filter_failure
from connectors.sim.taking import obtainable, settle, take
from connectors.sim.view import touch_met
from core.clock import NEVER
from core.market import MarketNumbers


def refusal(listing: Listing, order: Order, request: Request, bid: int, ask: int) -> int:
    """Say why the venue does not take the order; `order` is its row's record, `bid` and `ask` the touch."""
    opposite = ask if request.sign > 0 else bid
    reason = filter_failure(listing, request, opposite)
    if reason != NO_REASON:
        return reason
    if order.working:
        return DUPLICATE_ORDER
    if listing.barred != NO_REASON:
        return listing.barred
    if bid == 0 and ask == 0 and not listing.gathering:
        return NO_MARKET
    if request.post_only and crosses(request.sign, request.price, opposite):
        return WOULD_TAKE
    if request.reduce_only and -request.sign * listing.position < request.quantity:
        return NOT_REDUCING
    return request.verdict


def accept(venue: VenueNumbers, order: Order, request: Request) -> None:
    """Make a row's record the order that was asked for; `remove` has cleared what the order before it left."""
    venue.orders += 1
    limit = request.price
    if request.is_market:
        limit = NO_LIMIT_BUY if request.sign > 0 else NO_LIMIT_SELL
    order.number = venue.orders
    order.instrument = request.instrument
    order.sign = request.sign
    order.limit = limit
    order.leaves = order.quantity = request.quantity
    order.post_only = request.post_only
    order.rank = -request.sign * limit
    order.reduce_only = request.reduce_only


def receive_submit(
    venue: VenueNumbers,
    listing: Listing,
    orders: Sequence[Order],
    market: MarketNumbers,
    request: Request,
    out: AnswerSink,
) -> None:
    """Refuse a new order, or accept it, trade what can be traded and let the rest stay or expire."""
    row = request.row
    order = orders[row]
    bid, bid_quantity, ask, ask_quantity = touch_met(
        market, listing.bar_open, listing.bar_open_ns, listing.half_spread_ppm, listing.tick
    )
    reason = refusal(listing, order, request, bid, ask)
    if reason != NO_REASON:
        refuse(venue, request.instrument, REJECTED, row, request.price, request.quantity, reason, out)
        return
    accept(venue, order, request)
    tell(venue, order, row, ACCEPTED, NO_REASON, out)
    opposite, opposite_quantity = ask, ask_quantity
    if order.sign < 0:
        opposite, opposite_quantity = bid, bid_quantity
    is_fok = request.time_in_force == FOK
    if is_fok and (
        listing.gathering
        or obtainable(listing, order, market, opposite, opposite_quantity, venue.match_ns) < order.leaves
    ):
        tell(venue, order, row, EXPIRED, KILLED, out)
        return
    order.working = True
    expiry = NO_REASON
    if request.is_market:
        expiry = BOOK_IS_EMPTY
    elif request.time_in_force != GTC:
        expiry = NO_MORE_WITHIN_LIMIT
    work(venue, listing, orders, row, market, bid, bid_quantity, ask, ask_quantity, expiry, out)


def work(
    venue: VenueNumbers,
    listing: Listing,
    orders: Sequence[Order],
    row: int,
    market: MarketNumbers,
    bid: int,
    bid_quantity: int,
    ask: int,
    ask_quantity: int,
    expiry: int,
    out: AnswerSink,
) -> None:
    """Let an order that the venue has taken trade with the touch; the rest of it rests, waits, or ends for `expiry`."""
    order = orders[row]
    own, own_quantity, opposite, opposite_quantity = bid, bid_quantity, ask, ask_quantity
    if order.sign < 0:
        own, own_quantity, opposite, opposite_quantity = ask, ask_quantity, bid, bid_quantity
    has_bars = listing.bar_open_ns > 0
    waits = listing.gathering or (has_bars and is_between_bars(listing, market, venue.match_ns))
    if waits and not order.post_only:
        wait_for_bar(listing, order, row, expiry, venue.match_ns)
    else:
        if crosses(order.sign, order.limit, opposite):
            take(venue, listing, orders, row, market, opposite, opposite_quantity, out)
        if order.leaves > 0:
            settle(venue, listing, orders, row, market, own, own_quantity, expiry, out)
    if has_bars:
        note_bar(venue, listing)
    note_activity(listing)


def receive_cancel(
    venue: VenueNumbers, listings: Sequence[Listing], orders: Sequence[Order], request: Request, out: AnswerSink
) -> None:
    """Cancel an order that still works; one that filled meanwhile is unknown, as at Binance (-2011)."""
    order = orders[request.row]
    if not order.working:
        refuse(venue, request.instrument, CANCEL_REJECTED, request.row, 0, 0, NO_SUCH_ORDER, out)
        return
    listing = listings[order.instrument]
    end(venue, listing, order, request.row, CANCELLED, NO_REASON, out)
    note_activity(listing)


def next_arrival(venue: VenueNumbers, now_ns: int) -> int:
    """Return when a request sent now reaches the matching: it meets what we shall see a feed delay later."""
    if venue.out_ns >= 0:
        return now_ns + venue.out_ns
    return now_ns + next_delay(venue.entry, now_ns) + next_delay(venue.feed, now_ns)


def receive_first(
    venue: VenueNumbers,
    listings: Sequence[Listing],
    markets: Sequence[MarketNumbers],
    orders: Sequence[Order],
    requests: Sequence[Request],
    out: AnswerSink,
) -> None:
    """Take the first request under way, at its time."""
    request = requests[venue.request_head]
    venue.request_head = (venue.request_head + 1) % len(requests)
    venue.request_count -= 1
    move_to(venue, request.arrival_ns)
    instrument = request.instrument
    if request.is_cancel:
        receive_cancel(venue, listings, orders, request, out)
    elif instrument < len(listings) and listings[instrument].listed:
        receive_submit(venue, listings[instrument], orders, markets[instrument], request, out)
    else:
        refuse(venue, instrument, REJECTED, request.row, request.price, request.quantity, NO_SUCH_SYMBOL, out)


def advance(
    venue: VenueNumbers,
    listings: Sequence[Listing],
    markets: Sequence[MarketNumbers],
    orders: Sequence[Order],
    requests: Sequence[Request],
    now_ns: int,
    out: AnswerSink,
) -> None:
    """Take the requests that have arrived by `now_ns`, first sent first, each at its time, on the market as it stands.

    `requests` is a ring whose length is fixed while requests are under way; whoever sends writes at
    `(request_head + request_count) % len(requests)`. `listings` and `markets` stand by instrument index. Bars that are
    to be served by then (`bars.py`) are, in the order of times, a request before a bar.
    """
    while True:
        arrival_ns = requests[venue.request_head].arrival_ns if venue.request_count > 0 else NEVER
        if venue.bar_due_ns < arrival_ns and venue.bar_due_ns <= now_ns:
            serve_bars(venue, listings, orders, out)
        elif arrival_ns <= now_ns and venue.request_count > 0:
            receive_first(venue, listings, markets, orders, requests, out)
        else:
            return


HOT = (
    refusal,
    accept,
    receive_submit,
    work,
    receive_cancel,
    next_arrival,
    receive_first,
    advance,
)
