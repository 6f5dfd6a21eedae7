"""Replacements on their way: asked for, sent or done by hand, and followed up.

Where the venue replaces orders itself (`Instrument.native` has "replace") the command goes out as it is. Elsewhere the
order is cancelled, and what is left of it submitted under its revision's name once the venue has said that the old one
is no more: never both at once. `tend` looks after what waits for an answer, whatever brought the answer.
"""

from core.clock import EventClock
from core.effects import Alert, Effect, Severity
from core.market import Market
from core.orders import (
    ApprovedCancel,
    ApprovedReplace,
    ApprovedSubmit,
    CancelIntent,
    OrderState,
    Refusal,
    ReplaceIntent,
)
from oms.manager import OrderManager
from oms.order import Order
from risk.gate import Gate

NATIVE = "replace"
TRIMS_MAX = 1  # how often an excess is taken off by a replacement before the order is cancelled
_IDLE = frozenset((OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED))


class Replacer:
    """Carries out replacements, and cancels of orders that have any."""

    __slots__ = ("_clock", "_effects", "_gate", "_manager", "_markets")

    def __init__(
        self, gate: Gate, manager: OrderManager, clock: EventClock, markets: list[Market], effects: list[Effect]
    ) -> None:
        """Share what the desk has."""
        self._gate = gate
        self._manager = manager
        self._clock = clock
        self._markets = markets
        self._effects = effects

    def replace(self, intent: ReplaceIntent, ready: bool) -> None:
        """Send a replacement, keep it until the one under way is answered, or say why not."""
        order = self._manager.order(intent.client_order_id)
        if order is not None and intent.strategy_id == order.strategy_id and _waits(order):
            self._keep(order, intent)
            return
        self._send(intent, ready)

    def cancel(self, intent: CancelIntent) -> None:
        """Cancel an order with replacements under every name that it may have; what waits to replace it is dropped."""
        now_ns, effects = self._clock.now_ns, self._effects
        order = self._manager.order(intent.client_order_id)
        if order is not None and intent.strategy_id in {"", order.strategy_id}:
            self._manager.replacements.drop(order, now_ns)
        verdict = self._gate.check_cancel(intent, self._manager, now_ns)
        if not isinstance(verdict, ApprovedCancel) or order is None:
            effects.append(Alert(severity=Severity.INFO, code="CANCEL_NOT_SENT", message=str(verdict)))
            return
        commands = self._gate.cancels_of(order)
        effects.extend(commands)
        self._manager.cancel_sent(commands[0], now_ns, effects)

    def tend(self, ready: bool) -> bool:
        """Follow up the replacements that were answered; return whether anything was done."""
        before = len(self._effects)
        for order in list(self._manager.replacements.open.values()):
            self._follow(order, ready)
        return len(self._effects) > before

    def _follow(self, order: Order, ready: bool) -> None:
        """Do what an order with replacements needs next."""
        chain = order.chain
        assert chain is not None
        if chain.pending is not None:
            if chain.ended and not chain.pending.sent:
                self._submit_rest(order, ready)
        elif order.state in _IDLE:
            if chain.total > chain.wanted:
                self._trim(order, ready)
            elif chain.wish is not None:
                price, quantity = chain.wish
                chain.wish = None
                self._send(_intent(order, price, quantity), ready)
        elif chain.wish is not None and order.state is OrderState.PENDING_CANCEL:
            chain.wish = None

    def _send(self, intent: ReplaceIntent, ready: bool) -> None:
        """Check a replacement; send it, or begin it by a cancel, or say why there is nothing to send."""
        now_ns, effects = self._clock.now_ns, self._effects
        verdict = self._gate.check_replace(intent, self._market_of(intent), self._manager, ready, now_ns)
        if isinstance(verdict, str):
            effects.append(Alert(severity=Severity.INFO, code="REPLACE_NOT_SENT", message=verdict))
        elif isinstance(verdict, Refusal):
            effects.append(verdict)
        elif NATIVE in self._markets[verdict.instrument].instrument.native:
            effects.append(verdict)
            self._manager.replacements.sent(verdict, now_ns, effects)
        else:
            self._begin_by_cancel(verdict)

    def _begin_by_cancel(self, verdict: ApprovedReplace) -> None:
        """Cancel the leg that works; the rest follows when its end is known."""
        now_ns, effects = self._clock.now_ns, self._effects
        order = self._manager.order(verdict.client_order_id)
        assert order is not None
        self._manager.replacements.sent(verdict, now_ns, effects, native=False)
        (command,) = self._gate.cancels_of(order)
        effects.append(command)
        self._manager.cancel_sent(command, now_ns, effects)

    def _submit_rest(self, order: Order, ready: bool) -> None:
        """Submit what is left of an order whose old leg has ended, or end the order with it."""
        chain, now_ns, effects = order.chain, self._clock.now_ns, self._effects
        assert chain is not None
        assert chain.pending is not None
        if chain.pending.quantity <= order.filled:
            reason = "the old order was filled beyond the new quantity"
            self._manager.replacements.failed(order, reason, now_ns, effects)
            return
        verdict = self._gate.check_rest(order, self._markets[order.instrument], self._manager, ready, now_ns)
        effects.append(verdict)
        if isinstance(verdict, ApprovedSubmit):
            self._manager.replacements.rest_sent(verdict, now_ns, effects)
        else:
            self._manager.replacements.failed(order, verdict.message, now_ns, effects)

    def _trim(self, order: Order, ready: bool) -> None:
        """Take off what fills in flight have added to a replaced order: nobody asked for that much."""
        chain = order.chain
        assert chain is not None
        message = (
            f"order {order.client_order_id} of {order.strategy_id} may come to {chain.total} units, {chain.wanted} "
            "were asked for: executions came while it was replaced; the excess is taken off"
        )
        self._effects.append(
            Alert(severity=Severity.WARNING, code="REPLACE_EXCESS", message=message, instrument=order.instrument)
        )
        if order.filled < chain.wanted and chain.trims < TRIMS_MAX:
            chain.trims += 1
            self._send(_intent(order, order.price, chain.wanted), ready)
        if chain.pending is None:
            self.cancel(CancelIntent(client_order_id=order.client_order_id, strategy_id=""))

    def _keep(self, order: Order, intent: ReplaceIntent) -> None:
        """Remember a wish in the place of the last one, which it completes."""
        price, quantity = intent.price, intent.quantity
        chain = order.chain
        if chain is not None and chain.wish is not None:
            price, quantity = price or chain.wish[0], quantity or chain.wish[1]
        self._manager.replacements.wish(order, price, quantity)

    def _market_of(self, intent: ReplaceIntent) -> Market | None:
        """Return the market of the order that is to be replaced."""
        order = self._manager.order(intent.client_order_id)
        return None if order is None else self._markets[order.instrument]


def _waits(order: Order) -> bool:
    """Whether a replacement has to wait: for the order's acknowledgement, or for the answer to the last one."""
    if order.state is OrderState.SUBMITTED:
        return True
    return order.chain is not None and order.chain.pending is not None and order.is_open


def _intent(order: Order, price: int, quantity: int) -> ReplaceIntent:
    """Return the wish to change an order."""
    return ReplaceIntent(
        client_order_id=order.client_order_id, strategy_id=order.strategy_id, price=price, quantity=quantity
    )
