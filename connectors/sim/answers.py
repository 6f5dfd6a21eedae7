"""What the venue answers, in numbers: fills, ends and refusals, each due when it has travelled back to us."""

from collections.abc import Sequence
from typing import Protocol

from connectors.sim.codes import EXPIRED, FILLED, MAKER, POSITION_IS_LESS, TAKER
from connectors.sim.delays import next_delay
from connectors.sim.fees import fill_fee, roll_days, traded_volume
from connectors.sim.ladder import Ladder, leave_ladder
from connectors.sim.listing import QUIET_HIGH, QUIET_LOW, Listing, VenueNumbers
from connectors.sim.orders import Order

Answer = tuple[int, int, int, int, int, int, int, int, int, int, int, int]
"""(due_ns, instrument, kind, row, order number, execution number, price, quantity, leaves, fee, liquidity, reason)

Kind, liquidity and reason are codes of `codes.py`; `leaves` is what is left after a fill; the fee is in fee units. Of a
refused order price and quantity are what it asked for. Numbers are 0 where they do not belong.
"""


class AnswerSink(Protocol):
    """What takes answers live; the compiled form is a ring of rows with the same fields."""

    def append(self, answer: Answer, /) -> None:
        """Take one."""


def put_report(  # noqa: PLR0913, PLR0917 - a row of numbers, and compiled code takes them one by one
    out: AnswerSink,
    due_ns: int,
    instrument: int,
    kind: int,
    row: int,
    number: int,
    execution: int,
    price: int,
    quantity: int,
    leaves: int,
    fee: int,
    liquidity: int,
    reason: int,
) -> None:
    """Hand over one answer. A primitive: compiled code has a body of its own for it, which writes into a ring."""
    out.append((due_ns, instrument, kind, row, number, execution, price, quantity, leaves, fee, liquidity, reason))


def move_to(venue: VenueNumbers, now_ns: int) -> None:
    """Set the time of what is matched next; it never runs backwards, whatever the caller's clock does."""
    if now_ns > venue.match_ns:  # noqa: PLR1730 - live, `max` takes three times as long
        venue.match_ns = now_ns


def next_due(venue: VenueNumbers) -> int:
    """Return when an answer made now reaches us: no answer overtakes an earlier one."""
    if venue.back_ns >= 0:
        return venue.match_ns + venue.back_ns
    travel_ns = next_delay(venue.response, venue.match_ns) - next_delay(venue.feed, venue.match_ns)
    venue.last_due_ns = max(venue.last_due_ns, venue.match_ns + max(travel_ns, 0))
    return venue.last_due_ns


def refuse(
    venue: VenueNumbers, instrument: int, kind: int, row: int, price: int, quantity: int, reason: int, out: AnswerSink
) -> None:
    """Say that an order never entered the book, or that there is nothing to cancel."""
    put_report(out, next_due(venue), instrument, kind, row, 0, 0, price, quantity, 0, 0, 0, reason)


def tell(venue: VenueNumbers, order: Order, row: int, kind: int, reason: int, out: AnswerSink) -> None:
    """Say that an order was accepted, cancelled or expired."""
    put_report(out, next_due(venue), order.instrument, kind, row, order.number, 0, 0, 0, order.leaves, 0, 0, reason)


def charge(venue: VenueNumbers, listing: Listing, order: Order, price: int, quantity: int, is_taker: bool) -> int:
    """Return what a fill costs in fee units, under the day's tier and the order's minimum."""
    table = listing.fees
    if venue.volume.tier_count > 1:
        roll_days(venue.volume, venue.match_ns)
        venue.volume.today += traded_volume(table, price, quantity)
    fee = fill_fee(table, venue.volume.tier, order.sign > 0, is_taker, price, quantity)
    if table.minimum == 0:
        return fee
    order.fee_accrued += fee
    fee = max(order.fee_accrued, table.minimum) - order.fee_charged
    order.fee_charged += fee
    return fee


def fill(
    venue: VenueNumbers,
    listing: Listing,
    orders: Sequence[Order],
    row: int,
    price: int,
    quantity: int,
    is_taker: bool,
    out: AnswerSink,
) -> None:
    """Book one execution; end the order where it was the last."""
    order = orders[row]
    venue.executions += 1
    if venue.volume.tier_count == 1 and listing.fees.minimum == 0:
        fee = fill_fee(listing.fees, 0, order.sign > 0, is_taker, price, quantity)
    else:
        fee = charge(venue, listing, order, price, quantity, is_taker)
    order.leaves -= quantity
    put_report(
        out,
        next_due(venue),
        order.instrument,
        FILLED,
        row,
        order.number,
        venue.executions,
        price,
        quantity,
        order.leaves,
        fee,
        TAKER if is_taker else MAKER,
        0,
    )
    listing.position += order.sign * quantity
    if order.leaves == 0:
        remove(listing, order, row)
    if listing.bids.reducing > 0:
        expire_reducing(venue, listing, listing.bids, orders, out)
    if listing.asks.reducing > 0:
        expire_reducing(venue, listing, listing.asks, orders, out)


def expire_reducing(
    venue: VenueNumbers, listing: Listing, ladder: Ladder, orders: Sequence[Order], out: AnswerSink
) -> None:
    """End resting reduce-only orders that, after a fill, would do more than reduce the position."""
    place = 0
    while place < ladder.count:
        row = ladder.rows[place]
        order = orders[row]
        if order.reduce_only and -order.sign * listing.position < order.leaves:
            end(venue, listing, order, row, EXPIRED, POSITION_IS_LESS, out)
        else:
            place += 1


def end(venue: VenueNumbers, listing: Listing, order: Order, row: int, kind: int, reason: int, out: AnswerSink) -> None:
    """End an order that still had something to fill."""
    tell(venue, order, row, kind, reason, out)
    order.leaves = 0
    remove(listing, order, row)


def remove(listing: Listing, order: Order, row: int) -> None:
    """Forget an ended order; its record is as a fresh one's where the next order does not set it."""
    order.working = False
    if order.fee_charged != 0:
        order.fee_accrued = 0
        order.fee_charged = 0
    if order.waits:
        order.waits = False
        listing.waiting -= 1
    if order.resting:
        leave_ladder(listing.bids if order.sign > 0 else listing.asks, order, row)


def note_activity(listing: Listing) -> None:
    """Keep `active` true only while a market event can change something, and say which quotes cannot.

    A quote strictly inside of `quiet_low` and `quiet_high` is one that none of our orders and no level that we took of
    can meet: it leaves all of them behind the touch.
    """
    bids, asks = listing.bids, listing.asks
    listing.active = listing.watched or bids.count + asks.count + bids.taken_count + asks.taken_count > 0
    if not listing.active:
        listing.quiet_low = QUIET_LOW
        listing.quiet_high = QUIET_HIGH
        return
    low = -bids.ranks[0] if bids.count > 0 else QUIET_LOW
    high = asks.ranks[0] if asks.count > 0 else QUIET_HIGH
    for place in range(bids.taken_count):
        low = max(low, bids.taken_prices[place])
    for place in range(asks.taken_count):
        high = min(high, asks.taken_prices[place])
    if listing.watched:
        low = QUIET_HIGH
    listing.quiet_low = low
    listing.quiet_high = high


HOT = (move_to, next_due, refuse, tell, charge, remove, end, expire_reducing, fill, note_activity)
