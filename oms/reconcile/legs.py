"""The names under which a venue may know one order of ours, and what is known to be filled under each."""

import msgspec

from core.evidence import EvidenceGiven, VenueOrder
from core.ids import parse_revision_id, revision_id
from oms.corrections import is_busted
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


def under_its_name(told: VenueOrder, order: Order) -> VenueOrder:
    """Return a venue's word on an order under our name, its leg's, where the venue told its own id alone."""
    if told.client_order_id:
        return told
    name = order.name_at_venue(told.venue_order_id) or order.client_order_id
    return msgspec.structs.replace(told, client_order_id=name)


def is_nameless(order: Order, told: VenueOrder) -> bool:
    """Whether a venue's own id is news: that of the leg that is in force, or of the one that is to replace it."""
    chain = order.chain
    if chain is None:
        return not order.venue_order_id
    revision = revision_of(told.client_order_id)
    return revision not in chain.venue_ids and (revision == chain.leg or is_next(order, told.client_order_id))


def has_nameless(order: Order) -> bool:
    """Whether an order, or what is to replace it, may be at the venue under an id that we do not know."""
    pending = None if order.chain is None else order.chain.pending
    if order.chain is not None and pending is not None and pending.sent:
        return not order.venue_order_id or pending.revision not in order.chain.venue_ids
    return not order.venue_order_id


def is_booked(order: Order, told: VenueOrder, given: EvidenceGiven) -> bool:
    """Whether all that a venue tells to be filled of a leg is in our books, under whichever leg it was booked."""
    if order.chain is None:
        return False
    ids = {each.exec_id: each for each in given.fills if each.client_order_id == told.client_order_id}
    booked = [order.exec_ids.get(exec_id) for exec_id in ids]
    return told.filled == sum(each[0] for each in booked if each is not None and not is_busted(each))


def name_of_inferred(exec_id: str) -> str:
    """Return the name under which an execution was inferred, "" for one that a venue told."""
    return exec_id.removeprefix(INFERRED).rpartition("-")[0] if exec_id.startswith(INFERRED) else ""
