"""An order as the venue keeps it while it works, and a request on its way to the venue: records of hot functions.

Both refer to an order by its *row* in the venue's table of orders. A row belongs to one client order id as long as
anything of it is under way or works; whoever sends gives out the rows (live `clients.py`).
"""

from dataclasses import dataclass, field

from connectors.sim.queues import Queue


@dataclass(slots=True)
class Order:
    """An order that trades or rests; prices and quantities in the instrument's units, sign 1 for a buy."""

    number: int = 0  # the venue's order number, from 1
    instrument: int = 0
    sign: int = 0
    limit: int = 0  # the worst price it may trade at
    leaves: int = 0  # 0 once the order has ended, however it did
    quantity: int = 0  # in all, filled included
    rank: int = 0  # ascending: the best price first
    working: bool = False
    resting: bool = False  # it stands in a ladder
    post_only: bool = False
    reduce_only: bool = False
    waits: bool = False  # for the next bar to open
    expiry: int = 0  # why a remainder ends then, 0 where it rests
    joined_ns: int = 0
    joined_update_id: int = 0
    joined_venue_ns: int = 0
    fee_accrued: int = 0  # by the rates alone, in fee units
    fee_charged: int = 0  # with the order's minimum
    queue: Queue = field(default_factory=Queue)


@dataclass(slots=True)
class Request:
    """A submit, a cancel or a replacement under way. A cancel has no more than arrival, row and instrument."""

    arrival_ns: int = 0
    is_cancel: bool = False
    row: int = 0
    instrument: int = 0
    sign: int = 0
    is_market: bool = False
    time_in_force: int = 0  # a code of `codes.py`
    quantity: int = 0
    price: int = 0
    post_only: bool = False
    reduce_only: bool = False
    verdict: int = 0  # why the account does not allow the order, a code of `codes.py`, 0 where it does


def order_state(order: Order, client_order_id: str, venue_order_id: str) -> tuple[object, ...]:
    """Return what a digest covers of a resting order."""
    return (
        client_order_id,
        venue_order_id,
        order.sign,
        order.limit,
        order.leaves,
        order.reduce_only,
        order.queue.ahead,
        order.queue.unprinted,
        order.queue.dropped_ns,
        order.joined_update_id,
        order.joined_venue_ns,
        order.quantity,
    )
