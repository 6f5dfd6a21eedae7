"""Where a resting order's place in the queue changes: at joining, when its level is shown, when a trade prints.

This is the one file that chooses between queue models. The default, risk-averse, is the exact integer arithmetic of
`matching.py`; the others are in `queues.py`. FIFO looks at neither displays nor prints: `fifo.py` moves its queues.
"""

from connectors.sim.listing import Listing
from connectors.sim.matching import UNKNOWN_QUEUE, fill_on_print, is_deeper, queue_after_display, still_unprinted
from connectors.sim.orders import Order
from connectors.sim.queues import FIFO, RISK_AVERSE, clear_queue, join_queue, print_queue, show_queue
from connectors.sim.view import displayed_behind
from core.book import LIVE, Levels, quantity_at
from core.market import MarketNumbers


def join_line(order: Order, market: MarketNumbers) -> None:
    """Stand last in the true line: behind every order at our price that has been told of by now."""
    book = market.book
    levels = book.bids if order.sign > 0 else book.asks
    order.queue.ahead = UNKNOWN_QUEUE
    if book.state == LIVE:
        order.queue.ahead = quantity_at(levels, order.limit)
    order.joined_update_id = book.last_update_id


def shown_to_joiner(market: MarketNumbers, levels: Levels, price: int) -> int:
    """Return what the book shows at a price behind the touch; UNKNOWN_QUEUE where it cannot say.

    A book older than the ticker whose best is still behind `price` has not seen the touch come past it. The ticker has,
    with others at that price a moment ago: nobody knows how many, until a newer book shows the level.
    """
    is_older = market.book.last_update_id < market.update_id
    if is_older and levels.count > 0 and levels.sign * price > levels.ranks[levels.count - 1]:
        return UNKNOWN_QUEUE
    return displayed_behind(market, levels, price)


def join(listing: Listing, order: Order, market: MarketNumbers, touch: int, quantity: int, now_ns: int) -> None:
    """Stand behind all that is displayed at the order's price; `touch` and `quantity` are its own side's."""
    ahead = 0
    if order.limit == touch:
        ahead = quantity
    elif is_deeper(order.sign, order.limit, touch):
        levels = market.book.bids if order.sign > 0 else market.book.asks
        ahead = shown_to_joiner(market, levels, order.limit)
    queue = order.queue
    if listing.queue_model == RISK_AVERSE:  # which looks at no more than these
        queue.ahead = ahead
        queue.unprinted = 0
    else:
        join_queue(queue, ahead)
        queue.printed_ns = 0
    queue.dropped_ns = 0
    order.joined_ns = now_ns
    order.joined_update_id = market.update_id
    order.joined_venue_ns = market.venue_ns
    if listing.queue_model == FIFO:
        join_line(order, market)


def show(listing: Listing, order: Order, displayed: int, now_ns: int) -> None:
    """Correct the queue by what the venue displays at the order's price."""
    queue = order.queue
    if listing.queue_model != RISK_AVERSE:
        if listing.queue_model != FIFO:
            show_queue(queue, listing.queue_model, listing.queue_shape, displayed, now_ns, listing.print_lag_ns)
    elif displayed < queue.ahead:
        unprinted = still_unprinted(queue.unprinted, queue.dropped_ns, now_ns, listing.print_lag_ns)
        queue.ahead, queue.unprinted = queue_after_display(queue.ahead, unprinted, displayed)
        queue.dropped_ns = now_ns


def serve(listing: Listing, order: Order, price: int, quantity: int, now_ns: int) -> int:
    """Advance the queue by a trade of `quantity` at `price`, at the order's price or through it; return its fill."""
    queue = order.queue
    if listing.queue_model == RISK_AVERSE:
        unprinted = still_unprinted(queue.unprinted, queue.dropped_ns, now_ns, listing.print_lag_ns)
        got, queue.ahead, queue.unprinted = fill_on_print(
            order.sign, order.limit, order.leaves, queue.ahead, unprinted, price, quantity
        )
        return got
    if listing.queue_model == FIFO:
        return 0
    if order.limit != price:
        clear_queue(queue)
        return min(order.leaves, quantity)
    return min(order.leaves, print_queue(queue, quantity, now_ns, listing.print_lag_ns))


HOT = (join_line, shown_to_joiner, join, show, serve)
