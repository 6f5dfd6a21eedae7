"""The effects that the order manager emits, each built in one place."""

from core.effects import Alert, OrderFilled, OrderUpdated, PositionChanged, Severity
from core.events import OrderReport
from core.orders import OrderState
from oms.codes import STATES
from oms.order import Order
from oms.positions import Position
from oms.transitions import Anomaly

_SEVERITY = {
    Anomaly.LATE_FILL: Severity.WARNING,
    Anomaly.OVERFILL: Severity.ERROR,
    Anomaly.DENIED: Severity.ERROR,
    Anomaly.REOPENED: Severity.ERROR,
    Anomaly.CONTRADICTION: Severity.WARNING,
}
_ADVICE = {
    Anomaly.LATE_FILL: "it is booked; check that the strategy's next orders allow for it",
    Anomaly.OVERFILL: "it is booked in full; compare the order and the position with the venue's own pages",
    Anomaly.DENIED: "its exposure stays reserved; ask the venue for the order and its executions",
    Anomaly.REOPENED: "it counts again; ask the venue for the order and its executions",
    Anomaly.CONTRADICTION: "nothing was changed but the state shown; compare with the venue's own pages",
}


def order_updated(order: Order, previous: OrderState | None, reason: str) -> OrderUpdated:
    """Return the order as it is now."""
    return OrderUpdated(
        client_order_id=order.client_order_id,
        strategy_id=order.strategy_id,
        instrument=order.instrument,
        side=order.intent.side,
        type=order.type,
        price=order.price,
        quantity=order.quantity,
        filled=order.filled,
        previous=previous,
        state=STATES[order.state_code],
        venue_order_id=order.venue_order_id,
        reason=reason,
    )


def order_filled(order: Order, report: OrderReport, fee: int, fee_currency: str, realised: int) -> OrderFilled:
    """Return one booked execution; `fee` and `realised` (the strategy's) are money."""
    return OrderFilled(
        client_order_id=order.client_order_id,
        strategy_id=order.strategy_id,
        instrument=order.instrument,
        side=order.intent.side,
        exec_id=report.exec_id,
        price=report.price,
        quantity=report.quantity,
        fee=str(fee),
        fee_currency=fee_currency,
        liquidity=report.liquidity,
        realised=str(realised),
    )


def position_changed(position: Position) -> PositionChanged:
    """Return the account's net position as it is now."""
    return PositionChanged(
        instrument=position.instrument,
        quantity=position.quantity,
        cost=str(position.cost * position.factor),
        realised=str(position.realised * position.factor),
        fees=str(position.fees),
    )


def anomaly_alert(anomaly: Anomaly, order: Order, previous: OrderState, what: str) -> Alert:
    """Return the alert of a transition that a person should know."""
    chain = order.chain
    asked = order.quantity if chain is None or anomaly is not Anomaly.OVERFILL else chain.wanted
    return Alert(
        severity=_SEVERITY[anomaly],
        code=anomaly.value,
        message=(
            f"order {order.client_order_id} of {order.strategy_id}: the venue says {what} of an order that was "
            f"{previous.value}, filled {order.filled} of {asked} units now: {_ADVICE[anomaly]}"
        ),
        instrument=order.instrument,
    )


def report_alert(severity: Severity, code: str, report: OrderReport, instrument: int, why: str) -> Alert:
    """Return the alert of a report that was not booked."""
    return Alert(
        severity=severity,
        code=code,
        message=f"report {report.type.value} of order {report.client_order_id or '(no id)'} not booked: {why}",
        instrument=instrument,
    )
