"""What a venue's word that an order works means: whether it is there, whether its cancel was lost, on which terms.

A request is valid for a while ("timestamp" and "recvWindow"), and a lagging answer tells of a moment before it came.
So what we asked for and did not get may yet be made; what the venue then shows of an order is what it is. Price and
quantity of every working order are compared with ours, and the venue's are taken as soon as they can be no older ones.
"""

from core.effects import Alert, Effect, Severity
from core.events import OrderReport, ReportType
from core.evidence import EvidenceGiven, VenueOrder
from core.orders import OrderState, OrderType
from oms.freezes import Freezes
from oms.manager import OrderManager
from oms.order import Order
from oms.reconcile.legs import is_next, is_replaced, revision_of
from oms.reconcile.settings import ReconcileSettings

_PRICED = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED)
"""The types whose price is the one limit that they were given; that of others follows the market, or is none."""


class Working:
    """Meets orders that work. `recancel` names those whose cancel was lost."""

    def __init__(self, manager: OrderManager, settings: ReconcileSettings, freezes: Freezes) -> None:
        """Have met none."""
        self.recancel: list[str] = []
        self._manager = manager
        self._settings = settings
        self._freezes = freezes

    def meet(self, order: Order, told: VenueOrder, given: EvidenceGiven, now_ns: int, effects: list[Effect]) -> None:
        """Take a venue's word that an order works."""
        if order.is_open and is_replaced(order) and self._replacing(order, told, given, now_ns, effects):
            return
        if is_next(order, told.client_order_id) and order.state is OrderState.PENDING_CANCEL:
            # Known to be there first: what is told of its cancel then is told of it, not of the leg that it replaced.
            self._report(ReportType.ACCEPTED, order, told, now_ns, effects)
        if not is_replaced(order) and self._differs(order, told, given):
            self._take(order, told, now_ns, effects)
        if not order.is_open:
            if given.asked_ns > order.updated_ns + self._settings.visibility_ns:
                why = (
                    f"order {order.client_order_id} works at the venue and is {order.state.value} here: cancel it there"
                )
                self._freezes.freeze(order.instrument, why, effects)
        elif order.cancel_sent_ns and order.state in {OrderState.PENDING_CANCEL, OrderState.UNKNOWN}:
            if given.asked_ns >= order.cancel_sent_ns + self._settings.patience_ns:
                lost, replaced = order.state is OrderState.PENDING_CANCEL, is_replaced(order)
                kind = ReportType.CANCEL_REJECTED if lost else ReportType.ACCEPTED
                self._report(kind, order, told, now_ns, effects, reason="it still works there")
                if not replaced:  # else the cancel was to make place for a replacement, which is asked for again
                    self.recancel.append(order.client_order_id)
        elif order.state in {OrderState.SUBMITTED, OrderState.UNKNOWN} or not order.venue_order_id:
            self._report(ReportType.ACCEPTED, order, told, now_ns, effects)

    def _replacing(
        self, order: Order, told: VenueOrder, given: EvidenceGiven, now_ns: int, effects: list[Effect]
    ) -> bool:
        """Read off the numbers of a working order whether the replacement under way, sent in place, was made."""
        chain = order.chain
        pending = None if chain is None else chain.pending
        if (
            chain is None
            or pending is None
            or not pending.sent
            or revision_of(told.client_order_id) == pending.revision
        ):
            return False
        here, there = (order.price, chain.total), (told.price, told.quantity)
        if there == (pending.price, pending.quantity) != here and chain.leg == 0:  # a new order would have a new name
            kind = ReportType.REPLACED
        elif given.asked_ns >= order.updated_ns + self._settings.visibility_ns:
            kind = ReportType.REPLACE_REJECTED
        else:
            return True  # the answer may be older than the replacement
        report = OrderReport(
            type=kind,
            client_order_id=told.client_order_id,
            price=told.price if kind is ReportType.REPLACED else 0,
            quantity=told.quantity if kind is ReportType.REPLACED else 0,
            reason="found by asking",
        )
        self._manager.report(report, order.instrument, now_ns, effects)
        return True

    def _differs(self, order: Order, told: VenueOrder, given: EvidenceGiven) -> bool:
        """Whether a venue has an order on other terms than we do, and has them now.

        A leg that we had given up, and an order that we never changed, have no older terms that a lagging answer could
        be telling of; of others it may, until the last that we heard of them is past the lag.
        """
        chain, revision = order.chain, revision_of(told.client_order_id)
        if chain is not None and chain.revision < revision <= chain.newest:
            return chain.revision_at(told.venue_order_id) != chain.leg
        if not order.is_open or told.quantity <= 0 or (chain is not None and revision != chain.leg):
            return False
        priced = order.type in _PRICED and told.price > 0 and order.price > 0
        same = not priced or told.price == order.price
        if chain is None:
            return not same or told.quantity != order.quantity
        known = (chain.leg_quantity or chain.total, chain.total - chain.earlier())
        if same and told.quantity in known:
            return False
        return chain.revision == 0 or given.asked_ns >= order.updated_ns + self._settings.visibility_ns

    def _take(self, order: Order, told: VenueOrder, now_ns: int, effects: list[Effect]) -> None:
        """Take the venue's terms of an order, and tell a person."""
        here = f"{order.leaves} units open at {order.price}"
        was = order.state.value
        self._manager.replacements.found(order, told, now_ns, effects, priced=order.type in _PRICED)
        why = (
            f"order {order.client_order_id} works at the venue with {told.quantity - told.filled} units open at "
            f"{told.price}, here it was {was} with {here}: the venue's terms are taken; a change that was given up "
            "came late, or a person made one there"
        )
        alert = Alert(severity=Severity.WARNING, code="TERMS_DIFFERED", message=why, instrument=order.instrument)
        effects.append(alert)

    def _report(
        self,
        kind: ReportType,
        order: Order,
        told: VenueOrder,
        now_ns: int,
        effects: list[Effect],
        *,
        reason: str = "",
    ) -> None:
        """Report what was concluded."""
        self._manager.report(concluded(kind, order, told, reason), told.instrument, now_ns, effects)


def concluded(kind: ReportType, order: Order, told: VenueOrder, reason: str = "") -> OrderReport:
    """Return what a venue's word on an order comes to as the report that it would have told itself."""
    return OrderReport(
        type=kind,
        client_order_id=told.client_order_id or order.client_order_id,
        venue_order_id=told.venue_order_id,
        reason=reason or told.reason,
    )
