"""Orders whose last request has no certain answer: each is asked for by itself until there is one."""

from collections.abc import Iterable

from core.effects import Alert, Effect, Severity
from core.orders import OrderState
from oms.order import Order
from oms.reconcile.legs import names_of
from oms.reconcile.line import Doubt, Line
from oms.reconcile.questions import Questions
from oms.reconcile.settings import ReconcileSettings

_DOUBTED = (OrderState.SUBMITTED, OrderState.PENDING_CANCEL, OrderState.UNKNOWN)


def look_at_doubts(
    line: Line,
    orders: Iterable[Order],
    questions: Questions,
    settings: ReconcileSettings,
    now_ns: int,
    effects: list[Effect],
) -> None:
    """Ask for every open order whose last request stays without a certain answer, at 1, 2, 4, ... s."""
    kept: dict[str, Doubt] = {}
    for order in orders:
        if order.state not in _DOUBTED:
            continue
        since_ns = max(order.updated_ns, order.cancel_sent_ns)
        doubt = line.doubts.get(order.client_order_id)
        if doubt is None or (doubt.since_ns != since_ns and order.state is not OrderState.UNKNOWN):
            doubt = Doubt(since_ns + settings.patience_ns, settings.patience_ns, since_ns)
        kept[order.client_order_id] = doubt
        if now_ns >= doubt.next_ns:
            doubt.step_ns = min(2 * doubt.step_ns, settings.ask_max_ns)
            doubt.next_ns = now_ns + doubt.step_ns
            for name in names_of(order):
                questions.ask_for_order(line, order, name, now_ns, effects, staged=False)
        if order.state is OrderState.UNKNOWN and not doubt.paged and now_ns - doubt.since_ns >= settings.page_ns:
            doubt.paged = True
            why = (
                f"order {order.client_order_id} is UNKNOWN since {(now_ns - doubt.since_ns) // 10**9} s, its "
                f"{order.leaves} open units stay reserved: look for it on {line.venue}'s own pages"
            )
            alert = Alert(severity=Severity.ERROR, code="ORDER_UNKNOWN", message=why, instrument=order.instrument)
            effects.append(alert)
    line.doubts = kept
