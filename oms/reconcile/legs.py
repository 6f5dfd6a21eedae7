"""The names under which a venue may know one order of ours, and what is known to be filled under each."""

from core.ids import parse_revision_id, revision_id
from oms.order import Order

INFERRED = "INFERRED-"
"""How the id of an execution begins that no venue told: it stands in for one that must have been."""


def names_of(order: Order) -> list[str]:
    """Return the names to ask for: the leg that works, and the one that is to replace it."""
    chain = order.chain
    if chain is None:
        return [order.client_order_id]
    names = [revision_id(order.client_order_id, chain.leg)]
    if chain.pending is not None and chain.pending.sent:
        names.append(revision_id(order.client_order_id, chain.pending.revision))
    return names


def filled_of(order: Order, name: str) -> int:
    """Return what we know to be filled of an order under one of its names."""
    return order.filled if order.chain is None else order.chain.fills.get(revision_of(name), 0)


def revision_of(name: str) -> int:
    """Return the revision that a name stands for."""
    parsed = parse_revision_id(name)
    return 0 if parsed is None else parsed[1]


def is_replaced(order: Order) -> bool:
    """Whether a replacement of an order waits for the venue's answer."""
    return order.chain is not None and order.chain.pending is not None


def is_over(order: Order, name: str) -> bool:
    """Whether a leg is known to have ended, though its order has not: a replacement follows it."""
    chain = order.chain
    return chain is not None and is_replaced(order) and chain.ended and revision_of(name) == chain.leg


def is_next(order: Order, name: str) -> bool:
    """Whether a name is that of the leg that is to replace another, which nobody has told of yet."""
    pending = None if order.chain is None else order.chain.pending
    return order.is_open and pending is not None and pending.sent and revision_of(name) == pending.revision
