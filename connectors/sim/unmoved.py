"""Which messages of a book change nothing for what rests, for a driver that sees every level of every message.

A message that leaves the touch as all of ours met it last, and no level of which stands at a price of ours, finds every
queue as it left it. It is passed over but for the time. Hot functions; the compiled loop alone uses them.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.sim.ladder import Ladder
from connectors.sim.listing import Listing
from connectors.sim.matching import UNKNOWN_QUEUE
from connectors.sim.orders import Order
from core.book import LIVE, L2Book, Levels
from core.market import MarketNumbers, touch_of
from core.records import ASK, SNAPSHOT


@dataclass(slots=True)
class Met:
    """The touch that all of ours met last; `known` where the next message may be compared with it."""

    known: bool = False
    bid: int = 0
    bid_quantity: int = 0
    ask: int = 0
    ask_quantity: int = 0


def is_at_ours(listing: Listing, flags: int, price: int) -> bool:
    """Whether a level of a message stands at a price of ours, or may."""
    if flags & SNAPSHOT:
        return True
    own = listing.asks if flags & ASK else listing.bids
    rank = own.sign * -price
    place = bisect_left(own.ranks, rank, 0, own.count)
    return place < own.count and own.ranks[place] == rank


def is_met(met: Met, market: MarketNumbers) -> bool:
    """Whether the touch is still the one that all of ours met."""
    bid, bid_quantity, ask, ask_quantity, _ = touch_of(market)
    return (
        bid == met.bid
        and ask == met.ask
        and bid_quantity == met.bid_quantity
        and ask_quantity == met.ask_quantity
        and market.quote_ns == 0
        and market.book.state == LIVE
    )


def all_placed(own: Ladder, levels: Levels, book: L2Book, orders: Sequence[Order]) -> bool:
    """Whether the book has told every order of one side its place, and none takes from what it took before."""
    if own.taken_count > 0:
        return False
    for place in range(own.count):
        order = orders[own.rows[place]]
        if order.queue.ahead >= UNKNOWN_QUEUE or book.last_update_id < order.joined_update_id:
            return False
        if levels.count == 0 or levels.sign * order.limit < levels.ranks[0]:
            return False
    return True


def note_met(met: Met, listing: Listing, orders: Sequence[Order], market: MarketNumbers) -> None:
    """Note the touch that all of ours have just met."""
    book = market.book
    met.bid, met.bid_quantity, met.ask, met.ask_quantity, _ = touch_of(market)
    met.known = all_placed(listing.bids, book.bids, book, orders) and all_placed(listing.asks, book.asks, book, orders)


HOT = (is_at_ours, is_met, all_placed, note_met)
