"""Exact queues, where the venue shows orders one by one: what an MBO record does to our resting orders. Hot functions.

First in, first out needs no guess: an order's *rank* is the sequence number at which it got its priority, ours is the
last one that was told when we joined (`place.py`). Who ranks before us and leaves, traded or cancelled, makes our
queue shorter. Who ranks behind us, or stands at a worse price, and is executed would have been served after us: what
he got is ours first, and no more than that. Prints tell the same trades once more, and queues do not look at them.

The other models see the same records as depth by price, a message at a time.
"""

from bisect import bisect_left
from collections.abc import Sequence

from connectors.sim.answers import AnswerSink, fill, move_to, note_activity
from connectors.sim.events import on_depth_message
from connectors.sim.ladder import Ladder
from connectors.sim.listing import Listing, VenueNumbers
from connectors.sim.orders import Order
from connectors.sim.place import join_line
from connectors.sim.queues import FIFO, leave_fifo, reaches_fifo
from core.book import LIVE
from core.market import MarketNumbers
from core.records import ASK, EXECUTED, LAST, SNAPSHOT


def on_change(own: Ladder, orders: Sequence[Order], price: int, rank: int, change: int) -> None:
    """Let the order ranked `rank` leave, shrink (`change` below 0) or join at its price: who joins now ranks behind."""
    ladder_rank = -own.sign * price
    place = bisect_left(own.ranks, ladder_rank, 0, own.count)
    while place < own.count and own.ranks[place] == ladder_rank:
        order = orders[own.rows[place]]
        if not order.waits:
            order.queue.ahead = leave_fifo(order.queue.ahead, order.joined_update_id, rank, -change)
        place += 1


def on_execution(
    venue: VenueNumbers,
    listing: Listing,
    orders: Sequence[Order],
    own: Ladder,
    price: int,
    rank: int,
    quantity: int,
    out: AnswerSink,
) -> None:
    """Give ours that stood before it what was traded with the order ranked `rank` at `price`: best first, each once."""
    left = quantity
    own.cursor = 0
    while own.cursor < own.count and left > 0:
        row = own.rows[own.cursor]
        order = orders[row]
        better = (order.limit - price) * own.sign
        if better < 0:
            return
        if better > 0 or reaches_fifo(order.joined_update_id, rank):
            got = min(order.leaves, left)
            left -= got
            fill(venue, listing, orders, row, order.limit, got, False, out)
        own.cursor += 1


def rejoin(own: Ladder, orders: Sequence[Order], market: MarketNumbers) -> None:
    """Stand last again behind all that a new snapshot shows: what happened before it was not told."""
    for place in range(own.count):
        join_line(orders[own.rows[place]], market)


def on_order_event(
    venue: VenueNumbers,
    listing: Listing,
    orders: Sequence[Order],
    market: MarketNumbers,
    flags: int,
    now_ns: int,
    price: int,
    change: int,
    rank: int,
    out: AnswerSink,
) -> None:
    """Let an MBO record that the market has taken in act on the orders; call it while the listing is active.

    While nothing is matched (`gathering`) queues still grow shorter, but nobody is filled.
    """
    is_fifo = listing.queue_model == FIFO
    if is_fifo and not market.book.skipping:
        own = listing.asks if flags & ASK else listing.bids
        if own.count > 0:
            if flags & EXECUTED and not listing.gathering:
                move_to(venue, now_ns)
                on_execution(venue, listing, orders, own, price, rank, -change, out)
            on_change(own, orders, price, rank, change)
    if flags & LAST:
        if is_fifo and flags & SNAPSHOT and market.book.state == LIVE:
            rejoin(listing.bids, orders, market)
            rejoin(listing.asks, orders, market)
        if not listing.gathering:
            on_depth_message(venue, listing, orders, market, now_ns, out)
    note_activity(listing)


HOT = (on_change, on_execution, rejoin, on_order_event)
