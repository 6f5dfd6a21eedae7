"""How an order enters, moves and ends, in numbers: its state, what it reserves, and the session's counts.

Hot functions on three records: the order, its instrument's exposure, the session's totals. They say what moved; the
manager around them makes effects of it live, and the compiled loop writes it down.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.hot import Ints, ints
from oms.codes import (
    EVENT_ACCEPTED,
    EVENT_CANCEL_SENT,
    STATE_COUNT,
    STATE_UNKNOWN,
    fill_event,
    next_state,
    status_event,
)
from oms.order import OrderNumbers, leaves_of


@dataclass(slots=True, eq=False)
class Exposure:
    """What the open orders of one instrument may still do, UNKNOWN and unacknowledged ones in full.

    Quantities in the instrument's units, whose sum must stay below 2**63. One object per instrument, kept current; do
    not change it.
    """

    open_orders: int = 0
    open_buy_quantity: int = 0
    open_sell_quantity: int = 0


@dataclass(slots=True, eq=False)
class Totals:
    """What is counted over the whole session; one object, kept current."""

    submitted: int = 0
    open_orders: int = 0
    closings: int = 0  # how often an order closed; one that reopens closes again
    counts: Ints = ints(STATE_COUNT)  # orders by state code, dropped ones included


def reserve(exposure: Exposure, side: int, delta: int) -> None:
    """Move the reserved quantity of one side."""
    if side > 0:
        exposure.open_buy_quantity += delta
    else:
        exposure.open_sell_quantity += delta


def enter_order(order: OrderNumbers, exposure: Exposure, totals: Totals) -> None:
    """Count a new order and reserve its exposure at once, before any acknowledgement."""
    totals.submitted += 1
    totals.open_orders += 1
    totals.counts[order.state_code] += 1
    exposure.open_orders += 1
    reserve(exposure, order.side, leaves_of(order))


def advance_order(
    order: OrderNumbers,
    exposure: Exposure,
    totals: Totals,
    table: Sequence[int],
    event: int,
    filled: int,
    now_ns: int,
) -> tuple[int, int]:
    """Move an order by the table to the state after `event`, `filled` in all; return (previous state, anomaly).

    `order.acknowledged` includes the event already. A closing gets its number; `updated_ns` moves with what is seen.
    """
    previous = order.state_code
    state, anomaly = next_state(table, previous, event, order.acknowledged, filled)
    if state == previous and filled == order.filled:
        return previous, anomaly
    before = leaves_of(order)
    order.state_code = state
    order.filled = filled
    order.updated_ns = now_ns
    reserve(exposure, order.side, leaves_of(order) - before)
    if state != previous:
        totals.counts[previous] -= 1
        totals.counts[state] += 1
        if previous <= STATE_UNKNOWN < state:
            exposure.open_orders -= 1
            totals.open_orders -= 1
            totals.closings += 1
            order.closing = totals.closings
        elif state <= STATE_UNKNOWN < previous:
            exposure.open_orders += 1
            totals.open_orders += 1
    return previous, anomaly


def cancel_order(
    order: OrderNumbers, exposure: Exposure, totals: Totals, table: Sequence[int], now_ns: int
) -> tuple[int, int]:
    """Note that a cancel leaves for the venue; return (previous state, anomaly)."""
    order.cancel_sent_ns = now_ns
    return advance_order(order, exposure, totals, table, EVENT_CANCEL_SENT, order.filled, now_ns)


def learn_name(order: OrderNumbers) -> bool:
    """Note that the venue told its own id of an order; return whether that was news."""
    if order.named:
        return False
    order.named = True
    return True


def status_order(
    order: OrderNumbers,
    exposure: Exposure,
    totals: Totals,
    table: Sequence[int],
    status: int,
    learnt: bool,
    now_ns: int,
) -> tuple[int, int, int, bool]:
    """Apply what a venue said that is no fill; return (previous state, event, anomaly, whether anything changed).

    `status` is the code of the event as the venue names it; DENIED is found here. `learnt` is what `learn_name`
    returned where the report names the venue's id, else False: it counts as a change.
    """
    event = status_event(status, order.acknowledged)
    if event == EVENT_ACCEPTED:
        order.acknowledged = True
    if learnt:
        order.updated_ns = now_ns
    previous, anomaly = advance_order(order, exposure, totals, table, event, order.filled, now_ns)
    return previous, event, anomaly, learnt or order.state_code != previous


def fill_order(
    order: OrderNumbers,
    exposure: Exposure,
    totals: Totals,
    table: Sequence[int],
    quantity: int,
    price: int,
    now_ns: int,
) -> tuple[int, int, int]:
    """Apply one execution that was not seen before; return (previous state, event, anomaly)."""
    order.acknowledged = True  # what is executed did arrive
    order.notional += quantity * price
    filled = order.filled + quantity
    event = fill_event(filled, order.quantity)
    previous, anomaly = advance_order(order, exposure, totals, table, event, filled, now_ns)
    return previous, event, anomaly


HOT = (reserve, enter_order, advance_order, cancel_order, learn_name, status_order, fill_order)
