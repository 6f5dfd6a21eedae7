"""What a market event does to our resting orders and to what we took: hot functions, called once the market has it.

A whole book message counts at its last level: a level in the middle of one is not a market.
"""

from collections.abc import Sequence

from connectors.sim.answers import AnswerSink, fill, move_to, note_activity
from connectors.sim.ladder import Ladder, left_at, show_taken, show_touch, take_at
from connectors.sim.listing import Listing, VenueNumbers
from connectors.sim.matching import UNKNOWN_QUEUE, crosses, fill_on_touch, is_deeper
from connectors.sim.orders import Order
from connectors.sim.place import serve, show
from connectors.sim.view import UNLIMITED, displayed_behind, touch_met
from core.book import Levels
from core.market import MarketNumbers
from core.records import LAST, NOT_MARKET, PENDING, SELL_AGGRESSOR, Kind

_QUOTE, _TRADE, _BOOK = int(Kind.QUOTE), int(Kind.TRADE), int(Kind.BOOK)


def meet(
    venue: VenueNumbers,
    listing: Listing,
    orders: Sequence[Order],
    own: Ladder,
    touch: int,
    quantity: int,
    other: Ladder,
    opposite: int,
    displayed: int,
    out: AnswerSink,
) -> None:
    """Let one side's orders meet both touches, best first, as far back as a touch can concern them.

    `touch` and `quantity` are their own side's, `opposite` and `displayed` the other's, whose orders are `other`.
    """
    sign = own.sign
    own.cursor = 0
    while own.cursor < own.count:
        row = own.rows[own.cursor]
        order = orders[row]
        limit = order.limit
        if crosses(sign, limit, opposite):
            left = left_at(other, opposite, displayed, venue.match_ns)
            got = fill_on_touch(sign, limit, order.leaves, opposite, left)
            if got > 0:
                if displayed < UNLIMITED:
                    take_at(other, opposite, got, venue.match_ns)
                fill(venue, listing, orders, row, limit, got, False, out)
        elif is_deeper(sign, limit, touch):
            break
        if displayed < UNLIMITED and quantity < UNLIMITED:
            show(listing, order, quantity if limit == touch else 0, venue.match_ns)
        own.cursor += 1


def on_touch(
    venue: VenueNumbers, listing: Listing, orders: Sequence[Order], market: MarketNumbers, out: AnswerSink
) -> None:
    """Fill orders that the other side came to; correct the queue of those at the touch or before it."""
    bid, bid_quantity, ask, ask_quantity = touch_met(
        market, listing.bar_open, listing.bar_open_ns, listing.half_spread_ppm, listing.tick
    )
    meet_touch(venue, listing, orders, bid, bid_quantity, ask, ask_quantity, out)


def meet_touch(
    venue: VenueNumbers,
    listing: Listing,
    orders: Sequence[Order],
    bid: int,
    bid_quantity: int,
    ask: int,
    ask_quantity: int,
    out: AnswerSink,
) -> None:
    """Let both sides meet a touch, whose prices are 0 where nothing is known."""
    if bid == 0 and ask == 0:
        return
    bids, asks = listing.bids, listing.asks
    if bids.taken_count > 0:
        show_touch(bids, bid, bid_quantity)
    if asks.taken_count > 0:
        show_touch(asks, ask, ask_quantity)
    if bids.count > 0:
        meet(venue, listing, orders, bids, bid, bid_quantity, asks, ask, ask_quantity, out)
    if asks.count > 0:
        meet(venue, listing, orders, asks, ask, ask_quantity, bids, bid, bid_quantity, out)


def on_print(
    venue: VenueNumbers,
    listing: Listing,
    orders: Sequence[Order],
    own: Ladder,
    venue_ns: int,
    price: int,
    quantity: int,
    out: AnswerSink,
) -> None:
    """Serve one side's orders from a public trade: best price, then first come, never more than was traded."""
    left = quantity
    own.cursor = 0
    while own.cursor < own.count:
        row = own.rows[own.cursor]
        order = orders[row]
        if (order.limit - price) * own.sign < 0:
            break
        # Where the venue's own clock says that this trade happened before the order joined, it is none of its.
        if venue_ns <= 0 or venue_ns >= order.joined_venue_ns:
            got = serve(listing, order, price, left, venue.match_ns)
            if got > 0:
                left -= got
                fill(venue, listing, orders, row, order.limit, got, False, out)
        own.cursor += 1


def on_depth(
    venue: VenueNumbers,
    listing: Listing,
    orders: Sequence[Order],
    market: MarketNumbers,
    ladder: Ladder,
    levels: Levels,
    touch: int,
) -> None:
    """Correct one side behind its touch by a whole book message: queues, and what is left of levels."""
    for place in range(ladder.count):
        order = orders[ladder.rows[place]]
        # A book older than our joining shows a queue that others may have joined since.
        if is_deeper(ladder.sign, order.limit, touch) and market.book.last_update_id >= order.joined_update_id:
            shown = displayed_behind(market, levels, order.limit)
            if shown != UNKNOWN_QUEUE:
                show(listing, order, shown, venue.match_ns)
    place = 0
    while place < ladder.taken_count:
        price = ladder.taken_prices[place]
        gone = False
        if is_deeper(ladder.sign, price, touch):
            shown = displayed_behind(market, levels, price)
            if shown != UNKNOWN_QUEUE:
                gone = show_taken(ladder, place, shown)
        if not gone:
            place += 1


def on_depth_message(
    venue: VenueNumbers, listing: Listing, orders: Sequence[Order], market: MarketNumbers, now_ns: int, out: AnswerSink
) -> None:
    """Let a whole message of the book act on the orders: at the touch where no quotes tell it, and behind it."""
    move_to(venue, now_ns)
    bid, bid_quantity, ask, ask_quantity = touch_met(
        market, listing.bar_open, listing.bar_open_ns, listing.half_spread_ppm, listing.tick
    )
    if market.quote_ns == 0:
        meet_touch(venue, listing, orders, bid, bid_quantity, ask, ask_quantity, out)
    on_depth(venue, listing, orders, market, listing.bids, market.book.bids, bid)
    on_depth(venue, listing, orders, market, listing.asks, market.book.asks, ask)


def on_market_event(
    venue: VenueNumbers,
    listing: Listing,
    orders: Sequence[Order],
    market: MarketNumbers,
    kind: int,
    flags: int,
    now_ns: int,
    venue_ns: int,
    price: int,
    quantity: int,
    out: AnswerSink,
) -> None:
    """Let an event that the market has taken in act on the orders; `price` and `quantity` are a trade's.

    Call it while the listing is active; another event, or the event of an inactive listing, changes nothing. MBO
    records have a function of their own (`fifo.py`).
    """
    if kind == _BOOK:
        if flags & (LAST | PENDING) != LAST:
            return
        on_depth_message(venue, listing, orders, market, now_ns, out)
    elif kind == _QUOTE:
        move_to(venue, now_ns)
        on_touch(venue, listing, orders, market, out)
    elif kind == _TRADE and not flags & NOT_MARKET:
        move_to(venue, now_ns)
        own = listing.bids if flags & SELL_AGGRESSOR else listing.asks
        on_print(venue, listing, orders, own, venue_ns, price, quantity, out)
    else:
        return
    note_activity(listing)


HOT = (meet, on_touch, meet_touch, on_print, on_depth, on_depth_message, on_market_event)
