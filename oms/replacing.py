"""How replacements move an order, in numbers: sent, in force, failed, in doubt; and fills that come under any name.

`legs.py` decides which of these a venue's report is. `chain.py` has what is remembered. Nothing here is on the way of
an order that was never replaced. State, counts and reservations move by `moves.advance_order` alone, as everywhere.
"""

from typing import NamedTuple

from core.events import OrderReport
from core.ids import parse_revision_id
from core.orders import ApprovedReplace
from oms.chain import Chain, Pending
from oms.codes import (
    ANOMALY_LATE_FILL,
    ANOMALY_NONE,
    ANOMALY_OVERFILL,
    ANOMALY_RADIX,
    ANOMALY_REOPENED,
    EVENT_ACCEPTED,
    EVENT_CANCELLED,
    EVENT_OUTCOME_UNKNOWN,
    NEXT,
    STATE_CANCELLED,
    STATE_EXPIRED,
    STATE_FILLED,
    STATE_PARTIALLY_FILLED,
    STATE_PENDING_CANCEL,
    STATE_SUBMITTED,
    STATE_UNKNOWN,
    fill_event,
)
from oms.moves import Exposure, Totals, advance_order, learn_name, reserve, status_order
from oms.order import Order, leaves_of

_ENDED = (STATE_FILLED, STATE_CANCELLED, STATE_EXPIRED)
_TO_UNKNOWN = (STATE_UNKNOWN * ANOMALY_RADIX,) * len(NEXT)
_TO_SUBMITTED = (STATE_SUBMITTED * ANOMALY_RADIX,) * len(NEXT)
_TO_PARTIAL = (STATE_PARTIALLY_FILLED * ANOMALY_RADIX,) * len(NEXT)


class Moved(NamedTuple):
    """What became of an order: where it was, by which event, with which anomaly, and why."""

    previous: int
    event: int
    anomaly: int
    changed: bool
    reason: str


def chain_of(order: Order) -> Chain:
    """Return an order's chain, begun where there is none."""
    chain = order.chain
    if chain is None:
        chain = order.chain = Chain(wanted=order.quantity, total=order.quantity)
        if order.filled:
            chain.fills[0] = order.filled
        if order.venue_order_id:
            chain.venue_ids[0] = order.venue_order_id
    return chain


def send_replacement(order: Order, exposure: Exposure, command: ApprovedReplace, now_ns: int) -> Moved:
    """Note that a replacement is under way, and reserve the greater of what both may do (F13)."""
    chain = chain_of(order)
    chain.newest = command.revision
    chain.trims += command.quantity == chain.wanted < chain.total
    chain.pending = Pending(command.revision, command.price, command.quantity, order.filled, command.native)
    resize(order, chain, exposure)
    order.updated_ns = now_ns
    how = "sent" if command.native else "begun by a cancel"
    return Moved(order.state_code, EVENT_ACCEPTED, ANOMALY_NONE, True, f"replacement {command.revision} {how}")


def send_rest(order: Order, exposure: Exposure, totals: Totals, quantity: int, now_ns: int) -> Moved:
    """Note that the rest of an order whose old leg has ended leaves as a new leg."""
    chain = chain_of(order)
    pending = chain.pending
    assert pending is not None
    assert not pending.sent
    pending.sent = True
    pending.filled = pending.quantity - quantity
    resize(order, chain, exposure)
    table = _TO_PARTIAL if order.filled else _TO_SUBMITTED
    previous, _ = advance_order(order, exposure, totals, table, EVENT_ACCEPTED, order.filled, now_ns)
    order.updated_ns = now_ns
    return Moved(previous, EVENT_ACCEPTED, ANOMALY_NONE, True, f"replacement {pending.revision} submitted")


def end_chain(order: Order, exposure: Exposure, totals: Totals, reason: str, now_ns: int) -> Moved:
    """End an order whose old leg is gone and whose new one will not be."""
    return drop_pending(order, chain_of(order), exposure, totals, reason, now_ns)


def drop_replacement(order: Order, exposure: Exposure, now_ns: int) -> None:
    """Forget what was to follow on a cancel that is under way already: somebody cancels the order itself."""
    chain = chain_of(order)
    pending = chain.pending
    if pending is not None and not pending.sent and order.state_code >= STATE_PENDING_CANCEL:
        chain.pending = None
        order.updated_ns = now_ns
        resize(order, chain, exposure)


def doubt(order: Order, exposure: Exposure, totals: Totals, reason: str, now_ns: int) -> Moved:
    """Let an open order be UNKNOWN, all of it reserved; one that has ended stays."""
    event, table = EVENT_OUTCOME_UNKNOWN, _TO_UNKNOWN if order.is_open else NEXT
    previous, anomaly = advance_order(order, exposure, totals, table, event, order.filled, now_ns)
    return Moved(previous, event, anomaly, order.state_code != previous, reason)


def note_fill(order: Order, exposure: Exposure, totals: Totals, revision: int, quantity: int, now_ns: int) -> None:
    """Make room for an execution that came under the name of `revision`, before it is applied."""
    chain = chain_of(order)
    chain.fills[revision] = chain.fills.get(revision, 0) + quantity
    filled = order.filled + quantity
    pending = chain.pending
    if pending is not None and pending.sent and revision == pending.revision:
        adopt(order, chain, pending, exposure, totals, revision, 0, 0, now_ns)  # what is executed did arrive
    elif pending is not None and not pending.sent and filled >= chain.total:
        chain.pending = None  # nothing is left to be replaced
    if chain.leg_quantity and revision < chain.leg:
        chain.total = max(chain.total, chain.earlier() + chain.leg_quantity)
    _set_quantity(order, exposure, chain.bound(filled))


def take_back_of_leg(order: Order, chain: Chain, exposure: Exposure, report: OrderReport, quantity: int) -> None:
    """Take what an execution did off the leg that it was of: by the venue's id of that leg, else by its name.

    What an earlier leg did not do is not done later: all legs together come to so much less.
    """
    told = chain.revision_at(report.venue_order_id) if report.venue_order_id else None
    if told is None:
        _, told = parse_revision_id(report.client_order_id) or ("", 0)
    enough = [revision for revision, filled in sorted(chain.fills.items()) if filled >= quantity]
    revision = told if told in enough or not enough else enough[0]
    chain.fills[revision] = chain.fills.get(revision, 0) - quantity
    if revision < chain.leg:
        chain.total = max(chain.total - quantity, chain.earlier() + chain.leg_quantity)
    resize(order, chain, exposure)


def anomaly_of_leg(order: Order, revision: int, previous: int, anomaly: int) -> int:
    """Return what a person should know of an execution under the name of `revision`, just booked.

    One of a leg before the one in force is that leg's own, whatever the order had come to by then: each leg was
    approved, less what was known to be filled. After the order's end it is late. It is too much only where the legs
    before did more than the order was ever to do.
    """
    chain = order.chain
    if chain is None or revision >= chain.leg:
        return anomaly
    if chain.earlier() > max(order.intent.quantity, chain.wanted):
        return ANOMALY_OVERFILL
    return ANOMALY_LATE_FILL if previous in _ENDED else anomaly


def stay_in_doubt(order: Order, exposure: Exposure, totals: Totals, now_ns: int) -> None:
    """Keep an order UNKNOWN after a fill that says nothing of its replacement."""
    if order.chain is not None and order.chain.doubted and order.is_open:
        advance_order(order, exposure, totals, _TO_UNKNOWN, EVENT_OUTCOME_UNKNOWN, order.filled, now_ns)


def adopt(
    order: Order,
    chain: Chain,
    pending: Pending,
    exposure: Exposure,
    totals: Totals,
    revision: int,
    price: int,
    quantity: int,
    now_ns: int,
) -> Moved:
    """Let a replacement be in force, told under the name of `revision`: its own where the venue made a new order.

    Where the venue's id says that it is the order that was, it was changed in place, whatever it is called. A new
    order is of the quantity that was asked for less what we knew to be filled. What else had been filled of the old one
    by then comes on top, whether the venue counts it in `quantity` or it is told by fills to come.
    """
    chain.revision, chain.wanted = pending.revision, pending.quantity
    chain.pending, chain.ended, chain.doubted = None, False, False
    order.price = price or pending.price
    if revision == pending.revision and chain.is_same_leg(revision):
        del chain.venue_ids[revision]
        chain.total = quantity or pending.quantity
    elif revision == pending.revision:
        chain.leg = revision
        chain.leg_quantity = pending.quantity - pending.filled
        chain.total = max(chain.earlier(), quantity - chain.leg_quantity) + chain.leg_quantity
        order.venue_order_id = chain.venue_ids.get(revision, "")
    else:
        chain.total = quantity or pending.quantity
    resize(order, chain, exposure)
    order.acknowledged, order.updated_ns = True, now_ns
    previous, event, anomaly, _ = status_order(
        order, exposure, totals, NEXT, EVENT_ACCEPTED, learnt=False, now_ns=now_ns
    )
    order.updated_ns = now_ns
    moved = Moved(previous, event, anomaly, True, f"replacement {chain.revision} in force")
    return finish(order, exposure, totals, moved, now_ns)


def take_terms(
    order: Order, exposure: Exposure, totals: Totals, revision: int, price: int, quantity: int, now_ns: int
) -> Moved:
    """Let an order be as the venue shows it: `quantity` in the leg called by `revision`, at `price` (0: at its own).

    The name of a replacement that was given up says that this was made after all: its leg is the order then, open
    again where that had ended with the leg before.
    """
    chain, previous, anomaly = chain_of(order), order.state_code, ANOMALY_NONE
    if revision > chain.revision:
        if previous > STATE_UNKNOWN:
            advance_order(order, exposure, totals, _TO_UNKNOWN, EVENT_OUTCOME_UNKNOWN, order.filled, now_ns)
            anomaly = ANOMALY_REOPENED
        done = sum(filled for leg, filled in chain.fills.items() if leg < revision)
        chain.newest = max(chain.newest, revision)
        made = Pending(revision, price or order.price, done + quantity, done, sent=True)
        moved = adopt(order, chain, made, exposure, totals, revision, 0, 0, now_ns)
        return moved._replace(previous=previous, anomaly=anomaly or moved.anomaly)
    order.price, order.updated_ns = price or order.price, now_ns
    chain.wanted = chain.total = chain.earlier() + quantity
    if chain.leg_quantity:
        chain.leg_quantity = quantity
    resize(order, chain, exposure)
    moved = Moved(previous, EVENT_ACCEPTED, anomaly, True, "the venue has it on these terms")
    return finish(order, exposure, totals, moved, now_ns)


def drop_pending(order: Order, chain: Chain, exposure: Exposure, totals: Totals, reason: str, now_ns: int) -> Moved:
    """Let a replacement be none: the order stays as it was, or has ended where its old leg has."""
    pending = chain.pending
    revision = chain.newest if pending is None else pending.revision
    ended, doubted = chain.ended, chain.doubted
    chain.pending, chain.ended, chain.doubted = None, False, False
    resize(order, chain, exposure)
    previous, event, anomaly = order.state_code, EVENT_ACCEPTED, ANOMALY_NONE
    if ended or doubted:
        event = EVENT_CANCELLED if ended else EVENT_ACCEPTED
        previous, event, anomaly, _ = status_order(order, exposure, totals, NEXT, event, learnt=False, now_ns=now_ns)
    order.updated_ns = now_ns
    moved = Moved(previous, event, anomaly, True, f"replacement {revision} failed: {reason or 'no reason given'}")
    return finish(order, exposure, totals, moved, now_ns)


def finish(order: Order, exposure: Exposure, totals: Totals, moved: Moved, now_ns: int) -> Moved:
    """End an order that, at its quantity of now, has nothing left to fill."""
    if not order.is_open or order.filled < order.quantity:
        return moved
    event = fill_event(order.filled, order.quantity)
    _, anomaly = advance_order(order, exposure, totals, NEXT, event, order.filled, now_ns)
    return Moved(moved.previous, event, anomaly, True, moved.reason)


def resize(order: Order, chain: Chain, exposure: Exposure) -> None:
    """Reserve what the chain may come to."""
    _set_quantity(order, exposure, chain.bound(order.filled))


def _set_quantity(order: Order, exposure: Exposure, quantity: int) -> None:
    """Change an order's quantity and what it reserves."""
    before = leaves_of(order)
    order.quantity = quantity
    reserve(exposure, order.side, leaves_of(order) - before)


def learn_leg(order: Order, revision: int, venue_order_id: str) -> tuple[bool, str]:
    """Keep the venue's id of a leg; return whether it was news, and the id known before where it is another one."""
    chain = chain_of(order)
    known = chain.venue_ids.get(revision, "")
    if not venue_order_id or known == venue_order_id:
        return False, ""
    if known:
        return False, known
    chain.venue_ids[revision] = venue_order_id
    if revision == chain.leg:
        order.venue_order_id = venue_order_id
    return learn_name(order), ""
