"""What an arriving request does: refuse or accept, trade what can be traded, let the rest stay or expire, cancel.

Hot functions on the venue's records; `orders` is its table of orders and `row` a place in it (`orders.py`), `out` takes
the answers (`answers.py`).
"""

from collections.abc import Sequence

from connectors.sim.answers import AnswerSink, end, fill, move_to, note_activity, refuse, tell
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
from connectors.sim.impact import slippage_ticks, worsened
from connectors.sim.ladder import join_ladder, left_at, take_at
from connectors.sim.listing import Listing, VenueNumbers
from connectors.sim.matching import NO_LIMIT_BUY, NO_LIMIT_SELL, crosses
from connectors.sim.orders import Order, Request
from connectors.sim.place import join
from connectors.sim.rules import filter_failure
from connectors.sim.view import UNLIMITED, levels_behind, touch_met
from core.market import MarketNumbers


def refusal(listing: Listing, order: Order, request: Request, bid: int, ask: int) -> int:
    """Say why the venue does not take the order; `order` is its row's record, `bid` and `ask` the touch."""
    opposite = ask if request.sign > 0 else bid
    reason = filter_failure(listing, request, opposite)
    if reason != NO_REASON:
        return reason
    if order.working:
        return DUPLICATE_ORDER
    if bid == 0 and ask == 0:
        return NO_MARKET
    if request.post_only and crosses(request.sign, request.price, opposite):
        return WOULD_TAKE
    if request.reduce_only and -request.sign * listing.position < request.quantity:
        return NOT_REDUCING
    return NO_REASON


def accept(venue: VenueNumbers, order: Order, request: Request) -> None:
    """Make a row's record the order that was asked for."""
    venue.orders += 1
    limit = request.price
    if request.is_market:
        limit = NO_LIMIT_BUY if request.sign > 0 else NO_LIMIT_SELL
    order.number = venue.orders
    order.instrument = request.instrument
    order.sign = request.sign
    order.limit = limit
    order.leaves = request.quantity
    order.rank = -request.sign * limit
    order.working = False
    order.resting = False
    order.reduce_only = request.reduce_only
    order.fee_accrued = 0
    order.fee_charged = 0


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
    """Walk the other side's levels within the limit, one fill a level; `touch` and `quantity` are that side's."""
    order = orders[row]
    sign = order.sign
    ladder = listing.asks if sign > 0 else listing.bids
    levels = market.book.asks if sign > 0 else market.book.bids
    price, displayed, place = touch, quantity, -1
    slippage = 0
    if crosses(sign, order.limit, touch):
        slippage = listing.tick * slippage_ticks(listing.impact, listing.tick, touch, order.leaves, quantity)
    while order.leaves > 0 and crosses(sign, order.limit, price):
        got = min(order.leaves, left_at(ladder, price, displayed, venue.match_ns))
        if got > 0:
            if displayed < UNLIMITED:
                take_at(ladder, price, got, venue.match_ns)
            fill(venue, listing, orders, row, worsened(sign, price, slippage, order.limit), got, True, out)
        if place < 0:
            place = levels_behind(market, levels, touch)
        if place == 0:
            break
        place -= 1
        price, displayed = levels.sign * levels.ranks[place], levels.quantities[place]


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
    own, own_quantity, opposite, opposite_quantity = bid, bid_quantity, ask, ask_quantity
    if order.sign < 0:
        own, own_quantity, opposite, opposite_quantity = ask, ask_quantity, bid, bid_quantity
    is_fok = request.time_in_force == FOK
    if is_fok and obtainable(listing, order, market, opposite, opposite_quantity, venue.match_ns) < order.leaves:
        tell(venue, order, row, EXPIRED, KILLED, out)
        return
    order.working = True
    take(venue, listing, orders, row, market, opposite, opposite_quantity, out)
    if order.leaves > 0:
        if request.is_market:
            end(venue, listing, order, row, EXPIRED, BOOK_IS_EMPTY, out)
        elif request.time_in_force != GTC:
            end(venue, listing, order, row, EXPIRED, NO_MORE_WITHIN_LIMIT, out)
        else:
            join(order, market, own, own_quantity, venue.match_ns)
            join_ladder(listing.bids if order.sign > 0 else listing.asks, order, row)
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
    return now_ns + next_delay(venue.entry, now_ns) + next_delay(venue.feed, now_ns)


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
    `(request_head + request_count) % len(requests)`. `listings` and `markets` stand by instrument index.
    """
    while venue.request_count > 0 and requests[venue.request_head].arrival_ns <= now_ns:
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


HOT = (
    refusal,
    accept,
    obtainable,
    take,
    receive_submit,
    receive_cancel,
    next_arrival,
    advance,
)
