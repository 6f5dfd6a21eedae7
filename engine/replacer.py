"""Replacements on their way: asked for, sent or done by hand, and followed up.

Where the venue replaces orders itself (`Instrument.native` has "replace") the command goes out as it is, to the
simulated venue too. Elsewhere the order is cancelled, and what is left of it submitted under its revision's name once
the venue has said that the old one is no more: never both at once. `tend` looks after what waits for an answer,
whatever brought the answer.
"""

from core.clock import EventClock
from core.effects import Alert, Effect, Severity
from core.market import Market
from core.orders import (
    ApprovedReplace,
    ApprovedSubmit,
    CancelIntent,
    OrderState,
    Refusal,
    ReplaceIntent,
)
from oms.manager import OrderManager
from oms.order import Order
from risk.gate import CANCEL_RETRY_NS, Gate

TRIMS_MAX = 1  # how often an excess is taken off by a replacement before the order is cancelled
_IDLE = frozenset((OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED))


class Replacer:
    """Carries out replacements, and cancels of orders that have any."""

    __slots__ = ("_clock", "_effects", "_gate", "_manager", "_markets", "wishes")

    def __init__(
        self,
        gate: Gate,
        manager: OrderManager,
        clock: EventClock,
        markets: list[Market],
        effects: list[Effect],
    ) -> None:
        """Share what the desk has."""
        self._gate = gate
        self._manager = manager
        self._clock = clock
        self._markets = markets
        self._effects = effects
        self.wishes: dict[str, tuple[int, int]] = {}
        """By client order id: the (price, quantity) to ask for once what is under way is answered."""

    def replace(self, intent: ReplaceIntent, ready: bool) -> None:
        """Send a replacement, keep it until the one under way is answered, or say why not."""
        order = self._manager.order(intent.client_order_id)
        if order is not None and intent.strategy_id == order.strategy_id and _waits(order):
            self._keep(order, intent)
            return
        self._send(intent, ready)

    def cancel(self, intent: CancelIntent) -> None:
        """Cancel an order with replacements under every name that it may have; what waits to replace it is dropped.

        Where a cancel is under way already, to make place for a replacement, it is repeated: the order itself is meant
        now, and the journal says so.
        """
        now_ns, effects = self._clock.now_ns, self._effects
        order = self._manager.order(intent.client_order_id)
        if order is not None and intent.strategy_id in {"", order.strategy_id}:
            self.wishes.pop(order.client_order_id, None)
        verdict = self._gate.check_cancel(intent, self._manager, now_ns)
        if order is None or isinstance(verdict, str):
            effects.append(Alert(severity=Severity.INFO, code="CANCEL_NOT_SENT", message=str(verdict)))
            return
        commands = [verdict] if order.chain is None else self._gate.cancels_of(order)
        effects.extend(commands)
        for command in commands:
            self._manager.cancel_sent(command, now_ns, effects)

    def tend(self, ready: bool) -> bool:
        """Follow up the replacements that were answered; return whether anything was done."""
        before = len(self._effects)
        for order in list(self._manager.replacements.open.values()):
            self._follow(order, ready)
        for client_order_id in list(self.wishes):
            self._grant(client_order_id, ready)
        return len(self._effects) > before

    def _follow(self, order: Order, ready: bool) -> None:
        """Do what an order with replacements needs next."""
        chain = order.chain
        assert chain is not None
        if chain.pending is not None:
            if chain.ended and not chain.pending.sent:
                self._submit_rest(order, ready)
        elif order.state in _IDLE and chain.total > chain.wanted and not self._cancelled_lately(order):
            self._trim(order, ready)

    def _grant(self, client_order_id: str, ready: bool) -> None:
        """Ask for what was wished meanwhile, where nothing is under way any more."""
        order = self._manager.order(client_order_id)
        if order is not None and (_waits(order) or order.state is OrderState.UNKNOWN):
            return
        price, quantity = self.wishes.pop(client_order_id)
        strategy_id = "" if order is None else order.strategy_id
        intent = ReplaceIntent(client_order_id=client_order_id, strategy_id=strategy_id, price=price, quantity=quantity)
        self._send(intent, ready)

    def _send(self, intent: ReplaceIntent, ready: bool) -> None:
        """Check a replacement; send it, or begin it by a cancel, or say why there is nothing to send."""
        now_ns, effects = self._clock.now_ns, self._effects
        verdict = self._gate.check_replace(intent, self._market_of(intent), self._manager, ready, now_ns)
        if isinstance(verdict, str):
            effects.append(Alert(severity=Severity.INFO, code="REPLACE_NOT_SENT", message=verdict))
        elif isinstance(verdict, Refusal):
            effects.append(verdict)
        else:
            effects.append(verdict)
            self._manager.replacements.sent(verdict, now_ns, effects)
            if not verdict.native:
                self._cancel_leg(verdict)

    def _cancel_leg(self, verdict: ApprovedReplace) -> None:
        """Cancel the leg that works; the rest follows when its end is known."""
        now_ns, effects = self._clock.now_ns, self._effects
        order = self._manager.order(verdict.client_order_id)
        assert order is not None
        (command,) = self._gate.cancels_of(order)
        effects.append(command)
        self._manager.cancel_sent(command, now_ns, effects)

    def _submit_rest(self, order: Order, ready: bool) -> None:
        """Submit what is left of an order whose old leg has ended, or end the order with it."""
        now_ns, effects = self._clock.now_ns, self._effects
        verdict = self._gate.check_rest(order, self._markets[order.instrument], self._manager, ready, now_ns)
        effects.append(verdict)
        if isinstance(verdict, ApprovedSubmit):
            self._manager.replacements.rest_sent(verdict, now_ns, effects)
        else:
            self._manager.replacements.failed(order, verdict.message, now_ns, effects)

    def _cancelled_lately(self, order: Order) -> bool:
        """Whether a cancel was just refused: what the venue has left of the order is asked for first."""
        return self._clock.now_ns - order.cancel_sent_ns < CANCEL_RETRY_NS

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
            strategy_id, name = order.strategy_id, order.client_order_id
            intent = ReplaceIntent(client_order_id=name, strategy_id=strategy_id, quantity=chain.wanted)
            self._send(intent, ready)
        if chain.pending is None:
            self.cancel(CancelIntent(client_order_id=order.client_order_id, strategy_id=""))

    def _keep(self, order: Order, intent: ReplaceIntent) -> None:
        """Remember a wish in the place of the last one, which it completes."""
        price, quantity = self.wishes.get(order.client_order_id, (0, 0))
        self.wishes[order.client_order_id] = (intent.price or price, intent.quantity or quantity)

    def _market_of(self, intent: ReplaceIntent) -> Market | None:
        """Return the market of the order that is to be replaced."""
        order = self._manager.order(intent.client_order_id)
        return None if order is None else self._markets[order.instrument]


def _waits(order: Order) -> bool:
    """Whether a replacement has to wait: for the order's acknowledgement, or for the answer to the last one."""
    if order.state is OrderState.SUBMITTED:
        return True
    return order.chain is not None and order.chain.pending is not None and order.is_open
