"""What a venue says of an execution after the fact: that it never was (F14), or what it cost (F15).

A bust takes back exactly what its execution booked: quantity, cost, realised profit, cash and fee. What an execution
moved depends on the position that it met, so that is what is remembered of it (`oms.order.Booked`) and subtracted.
Where later executions have used it up (bought, sold again, and the purchase is busted), nothing is left to subtract
from: then the position moves as by the opposite execution at the same price. Cost less realised profit, hence the
account's profit, is exact either way.
"""

from core.effects import Alert, Effect, OrderBusted, Severity
from core.events import OrderReport
from oms.booking import Bookkeeper
from oms.codes import (
    ANOMALY_RADIX,
    EVENT_CANCELLED,
    NEXT,
    STATE_ACCEPTED,
    STATE_CANCELLED,
    STATE_FILLED,
    STATE_PARTIALLY_FILLED,
    STATES,
)
from oms.holding import Holding
from oms.moves import Totals, advance_order
from oms.order import Booked, Order
from oms.replacing import take_back_of_leg
from oms.reports import fee_amount
from oms.updates import order_updated, report_alert

_BUSTED_FIRST: Booked = (0, -1, 0, "", 0, 0)  # taken back before it was told: when it is, it is not booked


def is_busted(booked: Booked) -> bool:
    """Whether an execution was taken back, before or after it was told."""
    return booked[0] < 0 or booked[1] < 0


def is_fee_alone(report: OrderReport) -> bool:
    """Whether a report tells what an execution cost and nothing else of it."""
    return report.quantity == 0 and report.price == 0 and report.exec_id != "" and report.fee != "0"


def keep_fee(order: Order, report: OrderReport) -> None:
    """Remember a fee that came before its execution."""
    order.exec_ids[report.exec_id] = (0, 0, fee_amount(report) or 0, report.fee_currency, 0, 0)
    order.written = b""


def repeat(
    order: Order, holding: Holding, books: Bookkeeper, seen: Booked, report: OrderReport, effects: list[Effect]
) -> None:
    """Take an execution that was told before: silently, but for a fee that it lacked or numbers that differ."""
    if is_busted(seen):
        return
    if seen[:2] == (report.quantity, report.price):
        join_fee(order, holding, books, seen, report, effects)
        return
    why = f"execution {report.exec_id} was booked as {seen[0]} at {seen[1]} units; corrections are by hand"
    effects.append(report_alert(Severity.ERROR, "FILL_DIFFERS", report, order.instrument, why))


def join_fee(
    order: Order, holding: Holding, books: Bookkeeper, booked: Booked, report: OrderReport, effects: list[Effect]
) -> None:
    """Book the fee of an execution that was booked without one; a second one that differs is an alert."""
    quantity, price, known, currency, own_realised, realised = booked
    fee, fee_currency = fee_amount(report) or 0, report.fee_currency or holding.terms.currency
    if fee == 0 or (fee, fee_currency) == (known, currency):
        return
    if known:
        why = f"its fee was booked as {known} {currency}, and is told as {fee} {fee_currency}; compare with the venue"
        effects.append(report_alert(Severity.WARNING, "FEE_DIFFERS", report, order.instrument, why))
        return
    order.exec_ids[report.exec_id] = (quantity, price, fee, fee_currency, own_realised, realised)
    order.written = b""
    books.join_fee(order, holding, fee, fee_currency, price, report.exec_id, effects)


def bust(
    order: Order,
    holding: Holding,
    books: Bookkeeper,
    totals: Totals,
    report: OrderReport,
    now_ns: int,
    effects: list[Effect],
) -> int:
    """Take back an execution and return the state that its order was in; repeats change nothing.

    An order that had ended by being filled is CANCELLED then: what was taken back does not stand at the venue again.
    """
    previous, booked = order.state_code, order.exec_ids.get(report.exec_id)
    if booked is None or booked[:2] == (0, 0):
        why = "it takes back an execution that was never told; should that come, it is not booked"
        effects.append(report_alert(Severity.ERROR, "BUST_BEFORE_FILL", report, order.instrument, why))
        order.exec_ids[report.exec_id] = _BUSTED_FIRST
        return previous
    if is_busted(booked):
        return previous
    quantity, price = booked[:2]
    order.exec_ids[report.exec_id] = (-quantity, *booked[1:])
    moved: list[Effect] = []
    back = books.take_back(order, holding, report.exec_id, booked, now_ns, moved)
    effects.append(_busted(order, report.exec_id, booked, back * holding.terms.value_factor))
    effects.extend(moved)
    order.notional -= quantity * price
    filled = order.filled - quantity
    target = previous
    if previous == STATE_FILLED:
        target = STATE_CANCELLED
    elif previous == STATE_PARTIALLY_FILLED and filled == 0:
        target = STATE_ACCEPTED
    stay = (target * ANOMALY_RADIX,) * len(NEXT)
    advance_order(order, holding.exposure, totals, stay, EVENT_CANCELLED, filled, now_ns)
    if order.chain is not None:
        take_back_of_leg(order, order.chain, holding.exposure, report, quantity)
    effects.append(order_updated(order, STATES[previous], report.reason or f"execution {report.exec_id} busted"))
    effects.append(_alert(order, report))
    return previous


def _busted(order: Order, exec_id: str, booked: Booked, realised: int) -> OrderBusted:
    """Return the effect that says so; `realised` is by how much the strategy's realised profit moves, money."""
    return OrderBusted(
        client_order_id=order.client_order_id,
        strategy_id=order.strategy_id,
        instrument=order.instrument,
        side=order.intent.side,
        exec_id=exec_id,
        price=booked[1],
        quantity=booked[0],
        fee=str(booked[2]),
        fee_currency=booked[3],
        realised=str(realised),
    )


def _alert(order: Order, report: OrderReport) -> Alert:
    """Return the alert of a bust."""
    return Alert(
        severity=Severity.WARNING,
        code="BUSTED",
        message=(
            f"order {order.client_order_id} of {order.strategy_id}: the venue took back execution {report.exec_id}; "
            "position, cash and fee are as without it: check that the strategy's next orders allow for it"
        ),
        instrument=order.instrument,
    )
