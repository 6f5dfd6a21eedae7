"""The engine's door for kept orders: what they ask for passes the gate, what becomes of them comes back as effects.

Triggers are looked at when an event has moved the market and before any strategy hears of that event: what protects
a position comes first, and a strategy that is called next already knows that its stop went out.
"""

from collections.abc import Callable, Sequence

import msgspec

from core.clock import EventClock
from core.effects import Alert, Effect, HeldChanged, OrderUpdated, Severity
from core.market import Market
from core.orders import (
    ApprovedSubmit,
    CancelIntent,
    OrderIntent,
    OrderState,
    Refusal,
    ReplaceIntent,
    TriggerBy,
)
from engine.intake import Intake
from engine.native import NO_TERMS, changed, first_trigger, keeps_alone, native_group, plain_of, whole_price
from engine.sight import Sight
from engine.timers import Timers
from oms.held.expiry import life_of
from oms.held.keeper import HeldOrders
from oms.held.order import HeldOrder, Stage
from oms.manager import OrderManager
from risk.gate import Gate
from risk.holding import check_conditional, refusal
from risk.revisions import makes_place
from strategies.context import OrderCounter

KEPT = "kept:"  # owner of the timers of a kept order: "kept:" + its client order id
EXPIRES, AGAIN, OPENS = "expires", "again", "opens"
ORDER_RATE = "ORDER_RATE"
RETRY_NS = 1_000_000_000  # a cancel that the venue refused is asked for again after this


class Keeper:
    """Takes kept orders in, shows them the market, lets them out; `oms.held` decides."""

    __slots__ = (
        "_cancel",
        "_clock",
        "_counter",
        "_effects",
        "_gate",
        "_intake",
        "_is_ready",
        "_manager",
        "_markets",
        "_native",
        "_sight",
        "_timers",
        "held",
    )

    def __init__(
        self,
        gate: Gate,
        manager: OrderManager,
        timers: Timers,
        clock: EventClock,
        markets: list[Market],
        counter: OrderCounter,
        effects: list[Effect],
        is_ready: Callable[[], bool],
        cancel: Callable[[CancelIntent], None],
        *,
        native: bool,
    ) -> None:
        """Append to `effects`, the desk's own list. `native`: what a venue keeps itself goes to the venue."""
        self._gate = gate
        self._manager = manager
        self._timers = timers
        self._clock = clock
        self._markets = markets
        self._counter = counter
        self._effects = effects
        self._is_ready = is_ready
        self._cancel = cancel
        self._native = native
        self._sight = Sight(gate, manager, clock, markets, is_ready)
        self._intake = Intake(gate, manager, clock, markets, is_ready, native=native)
        self.held: HeldOrders = manager.held

    # -- taking in -------------------------------------------------------------------------------------------------

    def ask(self, intents: Sequence[OrderIntent]) -> None:
        """Take in one order, or several that belong together: all of them or none."""
        refusals = [self._intake.check(intent, intents) for intent in intents]
        if any(refusals):
            self._refuse(intents, refusals)
            return
        first = intents[0]
        instrument = self._markets[first.instrument].instrument
        if self._native and len(intents) == 1 and keeps_alone(first, instrument):
            verdict = self._conditional(first)
            self._effects.append(verdict)
            if isinstance(verdict, ApprovedSubmit):
                self._manager.submit(verdict, self._clock.now_ns, self._effects)
        elif self._native and len(intents) > 1 and native_group(intents, instrument) is not None:
            self._send_group(intents)
        else:
            self._keep(intents)

    def _refuse(self, intents: Sequence[OrderIntent], refusals: Sequence[Refusal | None]) -> None:
        """Say why: orders that belong together are refused together."""
        why = "it belongs to orders of which another was refused: put that one right and ask for all of them again"
        for intent, found in zip(intents, refusals, strict=True):
            self._effects.append(found or refusal(self._gate, "GROUP_REFUSED", why, intent))

    def _keep(self, intents: Sequence[OrderIntent]) -> None:
        """Take orders into keeping; they go out as soon as they may."""
        orders = []
        family = next((found for found in map(self._family_of, intents) if found), intents[0].client_order_id)
        for intent in intents:
            instrument = self._markets[intent.instrument].instrument
            from_ns, expire_ns = life_of(intent, self._clock.now_ns, instrument.sessions)
            order = HeldOrder(intent, family, instrument.lot, instrument.tick, expire_ns, from_ns)
            orders.append(order)
            self._set_timers(order)
        self.held.take(orders, self)

    def _set_timers(self, order: HeldOrder) -> None:
        """Have an order's time told, when it may go out and when it ends."""
        if order.stage is Stage.EARLY:
            self._timers.set(KEPT + order.client_order_id, OPENS, order.from_ns)
        if order.expire_ns:
            self._timers.set(KEPT + order.client_order_id, EXPIRES, order.expire_ns)

    def _family_of(self, intent: OrderIntent) -> str:
        """Return the family that an order joins, "" for none; a parent that is a plain order is looked after, too."""
        terms = intent.terms or NO_TERMS
        order = self._manager.order(terms.parent) if terms.parent else None
        if order is not None and not self.held.knows(terms.parent):
            instrument = self._markets[order.instrument].instrument
            parent = HeldOrder(order.intent, terms.parent, instrument.lot, instrument.tick, 0)
            self.held.adopt(parent, order.filled, order.quantity, is_open=order.is_open)
        return self.held.family_of(intent.strategy_id, terms.parent, terms.group)

    # -- what the venue keeps itself -------------------------------------------------------------------------------

    def _conditional(self, intent: OrderIntent, entry: OrderIntent | None = None) -> ApprovedSubmit | Refusal:
        """Check an order that goes to the venue as it is; `entry`: what brings the position that it reduces."""
        market = self._markets[intent.instrument]
        bid, ask, _ = market.touch()
        trigger = first_trigger(intent, bid, ask)
        plain = plain_of(intent, intent.client_order_id, intent.quantity, trigger, market.instrument.tick)
        closes = entry is not None and self._is_way_out(intent, entry)
        if entry is not None:
            plain = msgspec.structs.replace(plain, reduce_only=False)
        now_ns, ready = self._clock.now_ns, self._is_ready()
        return check_conditional(
            self._gate, intent, plain, trigger, market, self._manager, ready, now_ns, closes=closes
        )

    def _is_way_out(self, leg: OrderIntent, entry: OrderIntent) -> bool:
        """Whether a leg does no more than close what its entry opens."""
        opens = self._manager.position(entry.instrument).quantity * entry.side >= 0
        return opens and leg.side is not entry.side and leg.quantity <= entry.quantity

    def _send_group(self, intents: Sequence[OrderIntent]) -> None:
        """Send orders as one list of the venue's. Each passes on its own: of two that exclude each other one fills."""
        contingency = native_group(intents, self._markets[intents[0].instrument].instrument)
        assert contingency is not None
        verdicts = [
            self._conditional(intent, intents[0] if (intent.terms or NO_TERMS).parent else None) for intent in intents
        ]
        approved = tuple(verdict for verdict in verdicts if isinstance(verdict, ApprovedSubmit))
        if len(approved) < len(verdicts):
            self._refuse(intents, [verdict if isinstance(verdict, Refusal) else None for verdict in verdicts])
            return
        self._effects.append(self._gate.approve_group(intents[0].client_order_id, contingency, approved))
        for verdict in approved:
            self._manager.submit(verdict, self._clock.now_ns, self._effects)

    # -- what happens ----------------------------------------------------------------------------------------------

    def look(self, index: int, bar_low: int = 0, bar_high: int = 0) -> None:
        """Let the market of one instrument pull triggers; `bar_low` and `bar_high` are of a venue's bar."""
        if self._sight.begin(index, bar_low, bar_high):
            self.held.look(index, self)
            self._sight.end()

    def look_everywhere(self) -> None:
        """Go on with all that waited for the daemon to become READY, and look at every market."""
        self.held.resume(self)
        for index, watched in enumerate(self.held.watched):
            if watched:
                self.look(index)

    def moved(self, update: OrderUpdated) -> None:
        """Take what became of an order, which may be part of a kept one."""
        self.held.moved(update, self)

    def fire(self, owner: str, name: str) -> None:
        """Take a timer of a kept order that fell due."""
        client_order_id = owner.removeprefix(KEPT)
        if name == EXPIRES:
            self.held.expire(client_order_id, self)
        elif name == OPENS:
            self.held.wake(client_order_id, self)
        else:
            self.held.retry(client_order_id, self)

    def cancel(self, intent: CancelIntent) -> bool:
        """End a kept order that a strategy or the operator wants to cancel; False where the name is not of one."""
        order = self.held.get(intent.client_order_id)
        if order is None:
            return False
        if intent.strategy_id not in ("", order.strategy_id):
            why = f"order {order.client_order_id} belongs to {order.strategy_id}, not to {intent.strategy_id}"
            self._effects.append(Alert(severity=Severity.INFO, code="CANCEL_NOT_SENT", message=why))
        else:
            self.held.cancel(order, "", self)
        return True

    def replace(self, intent: ReplaceIntent) -> bool:
        """Change a kept order's price or quantity; False where it is at the venue under its own name, or not kept.

        The price is the limit of an order that has one, else the trigger.
        """
        order = self.held.get(intent.client_order_id)
        if order is None or order.bears_its_name:
            return False
        wanted = changed(order.intent, intent.price, intent.quantity)
        why = ""
        if intent.strategy_id != order.strategy_id:
            why = f"order {order.client_order_id} belongs to {order.strategy_id}, not to {intent.strategy_id}"
        elif wanted is None:
            why = f"the trigger of {order.client_order_id} follows the market: cancel it and ask for another"
        elif wanted.quantity <= order.filled or order.ending is not None:
            why = f"order {order.client_order_id} is ending, or {order.filled} units of it are filled"
        if why or wanted is None:
            self._effects.append(Alert(severity=Severity.INFO, code="REPLACE_NOT_SENT", message=why))
            return True
        refused = self._intake.check(wanted, (wanted,), known=True)
        if refused is None:
            self.held.change(order, wanted, self)
        else:
            self._effects.append(refused)
        return True

    def cancel_all(self, strategy_id: str) -> None:
        """End every kept order of one strategy, or of all."""
        self.held.cancel_all(strategy_id, "", self)

    def cancel_where(self, matches: Callable[[str, int], bool]) -> None:
        """End the kept orders whose (strategy id, instrument) match."""
        ending = [each for each in self.held.orders.values() if matches(each.intent.strategy_id, each.instrument)]
        self.held.cancel_these(ending, "", self)

    def restored(self) -> None:
        """Go on with orders that were carried over from the session before: triggers are looked at once READY."""
        self.held.align((*self._manager.closed_orders(), *self._manager.open_orders()))
        for order in self.held.orders.values():
            if not order.ended:
                self._set_timers(order)

    # -- the door (oms.held.keeper.Door) ---------------------------------------------------------------------------

    def can_release(self, order: HeldOrder) -> bool:
        """Whether the gate would look at an order with open eyes."""
        return self._sight.lets(order)

    def save(self, order: HeldOrder, data: bytes) -> None:
        """Journal what a restart needs of an order."""
        self._effects.append(
            HeldChanged(
                client_order_id=order.client_order_id,
                strategy_id=order.strategy_id,
                instrument=order.instrument,
                state=data,
            )
        )

    def release(self, order: HeldOrder, quantity: int) -> tuple[str, int] | str | None:
        """Let so much of an order through the gate, as a market or limit order."""
        intent = order.intent
        whole = quantity == intent.quantity and not order.slices and not order.terms.display_quantity
        counter = self._counter
        name = order.client_order_id if whole else counter.id_of(counter.count + 1)
        if intent.reduce_only:
            room = self._sight.reducible(order)
            quantity = min(quantity, room) if room > 0 else quantity  # nothing to reduce: for the gate to refuse
        parent = "" if whole else order.client_order_id
        plain = plain_of(intent, name, quantity, order.trigger, order.tick, parent)
        market, now_ns = self._markets[order.instrument], self._clock.now_ns
        if plain.price % market.instrument.tick:  # the tick grew while it was held: to the side of less risk
            plain = msgspec.structs.replace(plain, price=whole_price(plain.side, plain.price, market.instrument.tick))
        verdict = self._gate.check_submit(plain, market, self._manager, self._is_ready(), now_ns, whole=True)
        if isinstance(verdict, Refusal) and verdict.code == ORDER_RATE and order.told:
            return None  # many stops at once are no reason to lose one
        if not whole:
            counter.next_id()
        self._effects.append(verdict)
        if isinstance(verdict, Refusal):
            return f"{verdict.code}: {verdict.message}"
        self._manager.submit(verdict, now_ns, self._effects)
        return name, quantity

    def withdraw(self, order: HeldOrder, name: str) -> None:
        """Ask the venue to cancel a part of an order, unless that has been asked."""
        part = self._manager.order(name)
        if part is None or (part.state is OrderState.PENDING_CANCEL and not makes_place(part)):
            return
        asked_lately = part.cancel_sent_ns and self._clock.now_ns - part.cancel_sent_ns < RETRY_NS
        if part.state is OrderState.UNKNOWN and asked_lately:
            self.again(order)
        else:
            self._cancel(CancelIntent(client_order_id=name, strategy_id=""))

    def hold(self, order: HeldOrder, previous: OrderState | None) -> None:
        """Tell that an order is held, or how much of it is filled by now."""
        self._tell(order, previous, OrderState.HELD, "")

    def end(self, order: HeldOrder, state: OrderState) -> None:
        """Tell how an order ended, where the venue has not; a release that failed is for a person to know."""
        if order.expire_ns:
            self._timers.drop(KEPT + order.client_order_id)
        if not order.bears_its_name:
            self._tell(order, OrderState.HELD if order.told or order.slices else None, state, order.reason)
        if state is OrderState.REJECTED and order.told:
            what = f"{order.intent.type.value} order {order.client_order_id} of {order.strategy_id}"
            why = f"{what} was released and refused, {order.filled} units of it filled: {order.reason}"
            alert = Alert(severity=Severity.ERROR, code="HELD_ORDER_REFUSED", message=why, instrument=order.instrument)
            self._effects.append(alert)

    def again(self, order: HeldOrder) -> None:
        """Try the cancel again in a second."""
        self._timers.set(KEPT + order.client_order_id, AGAIN, self._clock.now_ns + RETRY_NS)

    def least(self, order: HeldOrder) -> int:
        """Return the smallest quantity that the venue takes, in whole lots."""
        return self._sight.least(order)

    def reference(self, order: HeldOrder, by: TriggerBy) -> tuple[int, int]:
        """Return what the market spanned since the last look, nothing where the order could not go out now."""
        return self._sight.reference(order, by)

    def _tell(self, order: HeldOrder, previous: OrderState | None, state: OrderState, reason: str) -> None:
        """Emit the order as it is now."""
        intent = order.intent
        self._effects.append(
            OrderUpdated(
                client_order_id=order.client_order_id,
                strategy_id=order.strategy_id,
                instrument=order.instrument,
                side=intent.side,
                type=intent.type,
                price=intent.price,
                quantity=intent.quantity,
                filled=order.filled,
                previous=previous,
                state=state,
                venue_order_id="",
                reason=reason,
            )
        )
