"""What a venue's report means for an order: pure readings of a report beside what is known of the order."""

from core.events import OrderReport, ReportType
from oms.order import Order
from oms.transitions import OrderEvent

_EVENTS = {
    ReportType.ACCEPTED: OrderEvent.ACCEPTED,
    ReportType.REJECTED: OrderEvent.REJECTED,
    ReportType.CANCELLED: OrderEvent.CANCELLED,
    ReportType.CANCEL_REJECTED: OrderEvent.CANCEL_REJECTED,
    ReportType.EXPIRED: OrderEvent.EXPIRED,
    ReportType.OUTCOME_UNKNOWN: OrderEvent.OUTCOME_UNKNOWN,
    ReportType.NEVER_ARRIVED: OrderEvent.NEVER_ARRIVED,
}


def status_event(order: Order, kind: ReportType) -> OrderEvent:
    """Return the event that a report other than FILLED is; a denial of an acknowledged order is a contradiction."""
    event = _EVENTS[kind]
    if order.acknowledged and event in (OrderEvent.REJECTED, OrderEvent.NEVER_ARRIVED):
        return OrderEvent.DENIED
    return event


def fill_event(filled: int, quantity: int) -> OrderEvent:
    """Return the event of an execution after which `filled` of `quantity` is done."""
    if filled < quantity:
        return OrderEvent.PARTIAL_FILL
    return OrderEvent.FINAL_FILL if filled == quantity else OrderEvent.OVER_FILL


def fill_defect(report: OrderReport) -> str:
    """Return what makes an execution impossible to book, empty where nothing does."""
    if not report.exec_id:
        return "it has no execution id, so a repeat could not be told from a new fill"
    if report.quantity <= 0:
        return f"its quantity is {report.quantity}"
    if report.price <= 0:
        return f"its price is {report.price}"
    return ""


def fee_amount(report: OrderReport) -> int | None:
    """Return the fee as money, None where its text is no integer."""
    try:
        return int(report.fee)
    except ValueError:
        return None
