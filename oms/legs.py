"""What a venue's report says of an order with replacements: which leg it names, and what follows for the order.

Fills apart, which are truth under any name (`replacing.note_fill`).
"""

from core.events import OrderReport, ReportType
from oms.chain import Chain, Pending
from oms.codes import (
    ANOMALY_NONE,
    EVENT_ACCEPTED,
    EVENT_CANCEL_REJECTED,
    EVENT_CANCELLED,
    EVENT_EXPIRED,
    EVENT_NEVER_ARRIVED,
    EVENT_OUTCOME_UNKNOWN,
    EVENT_REJECTED,
    NEXT,
    STATE_PENDING_CANCEL,
)
from oms.moves import Exposure, Totals, status_order
from oms.order import Order
from oms.replacing import Moved, adopt, chain_of, doubt, drop_pending, finish, resize
from oms.reports import STATUS_CODES

_ENDS = (EVENT_CANCELLED, EVENT_EXPIRED)
_DENIALS = (EVENT_REJECTED, EVENT_NEVER_ARRIVED)


def report_of_chain(
    order: Order, exposure: Exposure, totals: Totals, report: OrderReport, revision: int, learnt: bool, now_ns: int
) -> Moved | None:
    """Apply what a venue said of one leg, fills apart; None where it says nothing new."""
    chain = chain_of(order)
    pending = chain.pending
    if pending is not None and not pending.sent:
        return _report_of_cancel(order, chain, exposure, totals, report, revision, learnt, now_ns)
    if report.type is ReportType.REPLACED:
        return _replaced(order, chain, exposure, totals, report, revision, now_ns)
    if report.type is ReportType.REPLACE_REJECTED:
        return _refused(order, chain, exposure, totals, report, now_ns)
    if pending is None:
        return _report_of_leg(order, chain, exposure, totals, report, revision, learnt, now_ns)
    if revision == pending.revision:
        return _report_of_new_leg(order, chain, pending, exposure, totals, report, now_ns)
    return _report_of_old_leg(order, chain, pending, exposure, totals, report, revision, learnt, now_ns)


def _report_of_leg(
    order: Order,
    chain: Chain,
    exposure: Exposure,
    totals: Totals,
    report: OrderReport,
    revision: int,
    learnt: bool,
    now_ns: int,
) -> Moved | None:
    """Apply what a venue said while nothing is being replaced."""
    if revision < chain.leg:
        return None  # the end of a leg that was replaced, told once more
    if revision == chain.leg:
        return _status(order, exposure, totals, report, learnt, now_ns)
    if STATUS_CODES[report.type] != EVENT_ACCEPTED:
        return None  # of a leg that never was: a cancel is sent to every name that the order may have
    why = f"the venue works revision {revision} of it, whose replacement had failed"
    return doubt(order, exposure, totals, why, now_ns)


def _report_of_old_leg(
    order: Order,
    chain: Chain,
    pending: Pending,
    exposure: Exposure,
    totals: Totals,
    report: OrderReport,
    revision: int,
    learnt: bool,
    now_ns: int,
) -> Moved | None:
    """Apply what a venue said of the leg that is being replaced."""
    event = STATUS_CODES[report.type]
    if revision < chain.leg or (event == EVENT_CANCEL_REJECTED and chain.ended):
        return None
    if event in _ENDS:
        chain.ended = True  # as part of the replacement, whose own answer follows
        resize(order, chain, exposure)
        order.updated_ns = now_ns
        return None
    if event == EVENT_OUTCOME_UNKNOWN:
        return _doubt_replacement(order, chain, pending, exposure, totals, now_ns)
    if event == EVENT_ACCEPTED and chain.doubted:
        return None  # that the old leg was alive says nothing of the replacement
    return _status(order, exposure, totals, report, learnt, now_ns)


def _report_of_cancel(
    order: Order,
    chain: Chain,
    exposure: Exposure,
    totals: Totals,
    report: OrderReport,
    revision: int,
    learnt: bool,
    now_ns: int,
) -> Moved | None:
    """Apply what a venue said while the old leg is being cancelled to make place for the new one."""
    if revision != chain.leg or report.type not in STATUS_CODES:
        return None
    event = STATUS_CODES[report.type]
    if event in _ENDS:
        chain.ended = True  # the engine submits the rest now
        order.updated_ns = now_ns
        if chain.pending is not None and chain.pending.quantity > order.filled:
            return None
        why = "the old order was filled to the new quantity and beyond"
        return drop_pending(order, chain, exposure, totals, why, now_ns)
    if event == EVENT_CANCEL_REJECTED:
        chain.pending = None
        resize(order, chain, exposure)
        moved = _status(order, exposure, totals, report, learnt, now_ns)
        return finish(order, exposure, totals, moved, now_ns)
    moved = _status(order, exposure, totals, report, learnt, now_ns)
    if order.state_code < STATE_PENDING_CANCEL:
        chain.pending = None  # the cancel was lost, the old leg works: nothing is being replaced any more
        resize(order, chain, exposure)
    return moved


def _report_of_new_leg(
    order: Order,
    chain: Chain,
    pending: Pending,
    exposure: Exposure,
    totals: Totals,
    report: OrderReport,
    now_ns: int,
) -> Moved | None:
    """Apply what a venue said of the leg that a replacement makes, before it was known to be."""
    event = STATUS_CODES[report.type]
    if event == EVENT_OUTCOME_UNKNOWN:
        return _doubt_replacement(order, chain, pending, exposure, totals, now_ns)
    if event in _DENIALS:
        return drop_pending(order, chain, exposure, totals, report.reason, now_ns)
    if event == EVENT_CANCEL_REJECTED:
        return None
    moved = adopt(order, chain, pending, exposure, totals, pending.revision, 0, 0, now_ns)
    if event in _ENDS:
        ended = _status(order, exposure, totals, report, learnt=True, now_ns=now_ns)
        return ended._replace(previous=moved.previous)
    return moved


def _replaced(
    order: Order, chain: Chain, exposure: Exposure, totals: Totals, report: OrderReport, revision: int, now_ns: int
) -> Moved | None:
    """Let a replacement come into force; one that is in force already may be told once more, with other numbers."""
    pending = chain.pending
    if pending is not None:
        price, quantity = report.price, report.quantity
        return adopt(order, chain, pending, exposure, totals, revision, price, quantity, now_ns)
    if revision < chain.leg or not report.quantity:
        return None
    price = report.price or order.price
    if (price, report.quantity) == (order.price, chain.total):
        return None
    order.price, chain.total, order.updated_ns = price, report.quantity, now_ns
    resize(order, chain, exposure)
    moved = Moved(order.state_code, EVENT_ACCEPTED, ANOMALY_NONE, True, f"replacement {chain.revision} told anew")
    return finish(order, exposure, totals, moved, now_ns)


def _refused(
    order: Order, chain: Chain, exposure: Exposure, totals: Totals, report: OrderReport, now_ns: int
) -> Moved | None:
    """Let an order stay as it was."""
    if chain.pending is None:
        return None
    return drop_pending(order, chain, exposure, totals, report.reason, now_ns)


def _doubt_replacement(
    order: Order, chain: Chain, pending: Pending, exposure: Exposure, totals: Totals, now_ns: int
) -> Moved:
    """Keep both the old and the new terms reserved until the venue's evidence says which of them are."""
    chain.doubted = True
    return doubt(order, exposure, totals, f"the outcome of replacement {pending.revision} is not known", now_ns)


def _status(order: Order, exposure: Exposure, totals: Totals, report: OrderReport, learnt: bool, now_ns: int) -> Moved:
    """Move the order by the table."""
    status = STATUS_CODES[report.type]
    previous, event, anomaly, changed = status_order(order, exposure, totals, NEXT, status, learnt, now_ns)
    return Moved(previous, event, anomaly, changed, report.reason)
