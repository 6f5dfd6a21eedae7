"""What orders of one group do to each other: how much of one may go out, and what ends it.

OTO (a parent): a child may go out in proportion to what its parent has filled, and ends with a parent that filled
nothing. OUO: what fills of one is taken off its siblings. OCO: the first fill of one ends its siblings, but one whose
trigger has been pulled goes on with what the fills in flight have left of it.
"""

from collections.abc import Iterable, Sequence

from core.orders import Contingency
from oms.held.order import HeldOrder


def siblings_of(order: HeldOrder, family: Iterable[HeldOrder]) -> list[HeldOrder]:
    """Return the other orders of an order's group, ended ones included: their late fills count."""
    if not order.exclusive:
        return []
    group = order.terms.group
    return [each for each in family if each is not order and each.exclusive and each.terms.group == group]


def armed_by(parent: HeldOrder, order: HeldOrder) -> int:
    """Return what a parent's fills have released of a child, in whole lots until the parent is filled."""
    if parent.filled >= parent.intent.quantity:
        return order.quantity
    return order.quantity * parent.filled // parent.intent.quantity // order.lot * order.lot


def wanted(order: HeldOrder, siblings: Sequence[HeldOrder]) -> int:
    """Return how much of an order may be filled in all as things stand: what is armed less what siblings took."""
    return min(order.quantity, order.armed) - sum(each.filled for each in siblings)


def ended_by_siblings(order: HeldOrder, siblings: Sequence[HeldOrder]) -> str:
    """Return in words why siblings end an order, an empty text where they do not."""
    if order.terms.contingency is not Contingency.OCO or order.fired:
        return ""
    filled = next((each for each in siblings if each.filled > 0), None)
    return f"one cancels the other: {filled.client_order_id} was filled" if filled else ""


def is_complete(order: HeldOrder, want: int, parent: HeldOrder | None) -> bool:
    """Whether nothing more can come of an order: all it may have is filled, and its parent can release no more."""
    if order.is_open_at_venue or order.filled < want:
        return False
    return parent is None or parent.ended or order.armed >= order.quantity


def slice_quantity(room: int, display: int, least: int) -> int:
    """Return how much goes out at once of `room`: all of it, or for an iceberg what it shows.

    No rest smaller than `least`, which the venue would not take, is left behind where that can be avoided.
    """
    if not display or room <= display:
        return room
    rest = room - display
    if 0 < rest < least:
        return display - (least - rest) if display - (least - rest) >= least else room
    return display
