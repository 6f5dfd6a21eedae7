"""What a venue's report means: pure readings of a report, before anything is known of its order."""

from core.events import OrderReport, ReportType
from oms.codes import (
    EVENT_ACCEPTED,
    EVENT_CANCEL_REJECTED,
    EVENT_CANCELLED,
    EVENT_EXPIRED,
    EVENT_NEVER_ARRIVED,
    EVENT_OUTCOME_UNKNOWN,
    EVENT_REJECTED,
)

STATUS_CODES = {
    ReportType.ACCEPTED: EVENT_ACCEPTED,
    ReportType.REJECTED: EVENT_REJECTED,
    ReportType.CANCELLED: EVENT_CANCELLED,
    ReportType.CANCEL_REJECTED: EVENT_CANCEL_REJECTED,
    ReportType.EXPIRED: EVENT_EXPIRED,
    ReportType.OUTCOME_UNKNOWN: EVENT_OUTCOME_UNKNOWN,
    ReportType.NEVER_ARRIVED: EVENT_NEVER_ARRIVED,
    ReportType.TRIGGERED: EVENT_ACCEPTED,
}
"""The event code of each report that is no fill, for `moves.status_order`."""


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
