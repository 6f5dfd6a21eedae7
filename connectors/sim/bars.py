"""Markets of which only bars are known: their touch is the open of the bar that forms, half a spread to either side.

A driver tells each bar at its opening time (`open_bar`), before it takes the requests of that time. From then on
requests trade at the open: inside a bar nobody knows better. Those that arrive between bars (a market that is closed
over night) are accepted and wait for the next open. Just before the bar closes, in time for the answers to be known
with it, its low and high serve resting limit orders: a bar that traded through a limit fills it, one that only reached
it may have left it in the queue (`bar_touch_fills`). An order that joined later than `bar_join_ns` after the opening is
not served, since the extreme may have come before it. All fill whole, as makers, at their own price: bars tell nothing
of quantities, and an opening gap in our favour is not credited.

Where quotes or a book are known, bars serve nobody.
"""

from collections.abc import Sequence

from connectors.sim.answers import AnswerSink, fill, move_to, note_activity
from connectors.sim.events import on_touch
from connectors.sim.ladder import Ladder, join_ladder, leave_ladder
from connectors.sim.listing import Listing, VenueNumbers
from connectors.sim.matching import crosses
from connectors.sim.orders import Order
from connectors.sim.queues import join_queue
from connectors.sim.taking import settle, take
from connectors.sim.view import UNLIMITED, has_only_bars, touch_met
from core.clock import NEVER
from core.market import MarketNumbers


def is_between_bars(listing: Listing, market: MarketNumbers, now_ns: int) -> bool:
    """Whether there are only bars, and none is forming now."""
    return listing.bar_open_ns > 0 and now_ns >= listing.bar_close_ns and has_only_bars(market)


def wait_for_bar(listing: Listing, order: Order, row: int, expiry: int, now_ns: int) -> None:
    """Let an order wait for the next open; what it does not get there expires for `expiry`, or rests."""
    order.waits = True
    order.expiry = expiry
    order.joined_ns = now_ns
    join_queue(order.queue, UNLIMITED)
    listing.waiting += 1
    join_ladder(listing.bids if order.sign > 0 else listing.asks, order, row)


def note_bar(venue: VenueNumbers, listing: Listing) -> None:
    """Let time wake the venue for the forming bar of a listing with resting orders."""
    if listing.bids.count + listing.asks.count > 0:
        venue.bar_due_ns = min(venue.bar_due_ns, listing.bar_serve_ns)


def next_bar(venue: VenueNumbers, listings: Sequence[Listing]) -> None:
    """Look again at which bar is to be served first."""
    venue.bar_due_ns = NEVER
    for index in range(len(listings)):
        note_bar(venue, listings[index])


def stop_waiting(listing: Listing, ladder: Ladder, order: Order, row: int) -> None:
    """Take an order from among those that wait."""
    leave_ladder(ladder, order, row)
    order.waits = False
    listing.waiting -= 1


def take_waiting(
    venue: VenueNumbers,
    listing: Listing,
    orders: Sequence[Order],
    market: MarketNumbers,
    ladder: Ladder,
    own: int,
    own_quantity: int,
    opposite: int,
    opposite_quantity: int,
    out: AnswerSink,
) -> None:
    """Let one side's waiting orders trade at the touch, of which `own` and `opposite` are the prices."""
    place = 0
    while place < ladder.count and listing.waiting > 0:
        row = ladder.rows[place]
        order = orders[row]
        if order.waits:
            stop_waiting(listing, ladder, order, row)
            if crosses(order.sign, order.limit, opposite):
                take(venue, listing, orders, row, market, opposite, opposite_quantity, out)
            if order.leaves > 0:
                settle(venue, listing, orders, row, market, own, own_quantity, order.expiry, out)
            place = 0
        else:
            place += 1


def serve_side(
    venue: VenueNumbers, listing: Listing, orders: Sequence[Order], ladder: Ladder, extreme: int, out: AnswerSink
) -> None:
    """Fill one side's orders that the bar's `extreme` went through, best price first."""
    ladder.cursor = 0
    while ladder.cursor < ladder.count:
        row = ladder.rows[ladder.cursor]
        order = orders[row]
        through = (order.limit - extreme) * ladder.sign
        if through < 0:
            break
        in_time = order.joined_ns <= listing.bar_open_ns + listing.bar_join_ns
        if in_time and not order.waits and (through > 0 or listing.bar_touch_fills):
            fill(venue, listing, orders, row, order.limit, order.leaves, False, out)
        ladder.cursor += 1


def serve_bar(venue: VenueNumbers, listing: Listing, orders: Sequence[Order], out: AnswerSink) -> None:
    """Serve bids by the low, then asks by the high: which of them came first, a bar does not tell."""
    move_to(venue, listing.bar_serve_ns)
    listing.bar_serve_ns = NEVER
    if listing.bids.count + listing.asks.count == 0:
        return
    serve_side(venue, listing, orders, listing.bids, listing.bar_low, out)
    serve_side(venue, listing, orders, listing.asks, listing.bar_high, out)
    note_activity(listing)


def open_bar(
    venue: VenueNumbers,
    listing: Listing,
    orders: Sequence[Order],
    market: MarketNumbers,
    open_ns: int,
    close_ns: int,
    price: int,
    high: int,
    low: int,
    out: AnswerSink,
) -> None:
    """Take a bar at its opening time: its open `price` is the touch from now on, its extremes are for its close."""
    if listing.bar_serve_ns <= open_ns:
        serve_bar(venue, listing, orders, out)
    listing.bar_open = price
    listing.bar_open_ns = open_ns
    listing.bar_close_ns = close_ns
    listing.bar_high = high
    listing.bar_low = low
    listing.bar_serve_ns = NEVER
    if not has_only_bars(market):
        return
    listing.bar_serve_ns = max(open_ns, close_ns - venue.response.least_ns)
    if listing.bids.count + listing.asks.count == 0:
        return
    move_to(venue, open_ns)
    if listing.waiting > 0:
        bid, _, ask, _ = touch_met(market, listing.bar_open, listing.bar_open_ns, listing.half_spread_ppm, listing.tick)
        take_waiting(venue, listing, orders, market, listing.bids, bid, UNLIMITED, ask, UNLIMITED, out)
        take_waiting(venue, listing, orders, market, listing.asks, ask, UNLIMITED, bid, UNLIMITED, out)
    on_touch(venue, listing, orders, market, out)
    note_activity(listing)
    note_bar(venue, listing)


def serve_bars(venue: VenueNumbers, listings: Sequence[Listing], orders: Sequence[Order], out: AnswerSink) -> None:
    """Serve the bars that are due first."""
    due_ns = venue.bar_due_ns
    for index in range(len(listings)):
        listing = listings[index]
        if listing.bar_serve_ns <= due_ns:
            serve_bar(venue, listing, orders, out)
    next_bar(venue, listings)


HOT = (
    is_between_bars,
    wait_for_bar,
    note_bar,
    next_bar,
    stop_waiting,
    take_waiting,
    serve_side,
    serve_bar,
    open_bar,
    serve_bars,
)
