"""The way of an order: generate, check, send, record.

Intents leave an actor's outbox, pass the gate, become commands, and come back as reports; each consequence is an
effect, and effects about an actor's own orders are told to it. `settle` runs until nothing is left to do.
"""

from collections.abc import Callable
from itertools import islice
from typing import ParamSpec

from core.clock import EventClock
from core.effects import (
    Alert,
    Effect,
    ExitChanged,
    OrderBusted,
    OrderFilled,
    OrderUpdated,
    ParentProgress,
    RouteDecided,
    Severity,
    Sized,
    StrategyState,
    TimerSet,
)
from core.market import Market
from core.orders import ApprovedCancel, ApprovedSubmit, CancelIntent, OrderIntent, Refusal, ReplaceIntent
from engine.actors import Actor, failure_text
from engine.bus import Bus
from engine.keeper import Keeper
from engine.native import is_plain
from engine.replacer import Replacer
from engine.timers import Timers
from engine.workers import call_back, dismiss, forget_ended, start_worker
from oms.manager import OrderManager
from oms.memories import Memories
from risk.gate import Gate
from strategies.context import (
    AlertIntent,
    GroupIntent,
    OrderCounter,
    RememberIntent,
    RetireIntent,
    Subscription,
    TimerIntent,
    Wish,
    WorkIntent,
)

P = ParamSpec("P")
Told = OrderUpdated | OrderFilled | OrderBusted | ExitChanged | Refusal

_CALLBACKS: dict[type, str] = {
    OrderUpdated: "on_order",
    OrderFilled: "on_fill",
    OrderBusted: "on_bust",
    ExitChanged: "on_exit",
    Refusal: "on_refusal",
}
_TOLD = frozenset(_CALLBACKS)  # effects that are about a strategy's own orders

MAX_INTENTS_PER_EVENT = 1_000  # a strategy that asks for more while handling one event is running away


class Desk:
    """Takes intents to the venue's door and reports back to their strategies."""

    __slots__ = (
        "_asked",
        "_bus",
        "_cursor",
        "_replaced",
        "_replacer",
        "_timers",
        "_wishes",
        "actors",
        "by_id",
        "clock",
        "effects",
        "followed",
        "gate",
        "keeper",
        "manager",
        "markets",
        "memories",
        "ready",
    )

    def __init__(
        self,
        gate: Gate,
        manager: OrderManager,
        bus: Bus,
        timers: Timers,
        clock: EventClock,
        markets: list[Market],
        counter: OrderCounter,
        *,
        native_orders: bool = False,
    ) -> None:
        """Join the gate and the order manager; `effects` collects what the current event caused."""
        self.gate = gate
        self.manager = manager
        self.clock = clock
        self.markets = markets
        self.memories = Memories()
        self.actors: list[Actor] = []
        self.by_id: dict[str, Actor] = {}
        self.effects: list[Effect] = []
        self.ready = False
        self.followed: Callable[[], None] | None = None  # breakers, which look at what an event caused
        self._bus = bus
        self._timers = timers
        self._cursor = 0
        self._asked = 0
        self.keeper = Keeper(
            gate,
            manager,
            timers,
            clock,
            markets,
            counter,
            self.effects,
            lambda: self.ready,
            self._cancel_sent,
            native=native_orders,
        )
        self._replacer = Replacer(gate, manager, clock, markets, self.effects)
        self._replaced = manager.replacements.open
        self._wishes = self._replacer.wishes

    def add(self, actor: Actor) -> None:
        """Take one more strategy."""
        self.actors.append(actor)
        self.by_id[actor.id] = actor

    def drop(self, actor: Actor) -> None:
        """Forget a strategy, or one that worked for it."""
        self.actors.remove(actor)
        del self.by_id[actor.id]

    def start(self) -> None:
        """Start the strategies whose instruments are all defined; the others are paused, saying what is missing."""
        for actor in self.actors:
            if actor.state is StrategyState.LOADED:
                self.start_one(actor, "started")

    def start_one(self, actor: Actor, reason: str) -> None:
        """Start a strategy for the first time, with what was at work for it before a restart."""
        missing = actor.bind({market.instrument.id: market for market in self.markets})
        if missing:
            self.pause(actor, f"no venue defined {', '.join(missing)}")
        else:
            self.effects.append(actor.change(StrategyState.ACTIVE, reason))
            call_back(self, actor)
            self.call(actor, actor.strategy.on_start)

    def stop(self, reason: str) -> None:
        """Stop the strategies, letting each have its last word, and cancel every working order."""
        for actor in self.actors:
            if actor.active:
                self.call(actor, actor.strategy.on_stop)
        self.settle()
        for actor in self.actors:
            if actor.active:
                self._bus.unsubscribe(actor)
                self._timers.drop(actor.id)
                self.effects.append(actor.change(StrategyState.STOPPED, reason or "draining"))
        self.cancel_working()

    def call(self, actor: Actor, callback: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Run one callback; a strategy that raises is paused, the others go on."""
        try:
            callback(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever a strategy raises must not stop the others
            self.fail(actor, error)

    def resume(self, actor: Actor, reason: str) -> None:
        """Start a strategy that was paused once more, as a restart would: it sees its positions and begins anew."""
        self.effects.append(actor.change(StrategyState.ACTIVE, reason))
        self.call(actor, actor.strategy.on_start)

    def fail(self, actor: Actor, error: Exception) -> None:
        """Pause a strategy that raised, with its traceback in the journal, and cancel its working orders."""
        reason, trace = failure_text(error)
        self.pause(actor, reason, trace)

    def pause(self, actor: Actor, reason: str, trace: str = "") -> None:
        """Take a strategy off the bus, forget what it asked for, cancel its working orders."""
        self._bus.unsubscribe(actor)
        self._timers.drop(actor.id)
        actor.outbox.clear()
        self.effects.append(actor.change(StrategyState.PAUSED, reason, trace))
        for worker in actor.workers:
            if worker.active:
                self.pause(worker, f"{actor.id} is paused")
        if actor.owner is None:
            self.cancel_working(actor.id)
        else:
            self._cancel_orders_of(actor)

    def _cancel_orders_of(self, worker: Actor) -> None:
        """Cancel the open orders that a worker asked for."""
        for client_order_id in worker.orders:
            order = self.manager.order(client_order_id)
            if order is not None and order.is_open:
                self._cancel(CancelIntent(client_order_id=client_order_id, strategy_id=order.strategy_id))

    def cancel_working(self, strategy_id: str = "") -> None:
        """Cancel every working order of one strategy, or of all."""
        for order in self.manager.open_orders():
            if strategy_id in {"", order.strategy_id}:
                self._cancel_sent(CancelIntent(client_order_id=order.client_order_id, strategy_id=order.strategy_id))
        self.keeper.cancel_all(strategy_id)

    def cancel_where(self, matches: Callable[[str, int], bool]) -> int:
        """Cancel every working order whose (strategy id, instrument) match; return how many are open there."""
        concerned = [each for each in self.manager.open_orders() if matches(each.strategy_id, each.instrument)]
        for order in concerned:
            self._cancel_sent(CancelIntent(client_order_id=order.client_order_id, strategy_id=order.strategy_id))
        self.keeper.cancel_where(matches)
        return len(concerned)

    def cancel_again(self, client_order_id: str) -> None:
        """Cancel an order whose cancel was lost."""
        self._cancel(CancelIntent(client_order_id=client_order_id, strategy_id=""))

    def settle(self) -> None:
        """Tell actors what happened to their orders and take what they ask for, until nothing is left."""
        self._asked = 0
        effects, kept = self.effects, self.manager.held.orders
        while True:
            for effect in islice(effects, self._cursor, None):  # those that telling adds, too
                if type(effect) in _TOLD:
                    if kept and type(effect) is OrderUpdated:
                        self.keeper.moved(effect)
                    self._tell(effect)  # type: ignore[arg-type]
            self._cursor = len(effects)
            asked = False
            if (self._replaced or self._wishes) and self._replacer.tend(self.ready):
                asked = True
            for actor in self.actors:
                if actor.outbox:
                    asked = True
                    self._take(actor)
            if not asked and self._cursor == len(effects):
                return

    def wishes(self) -> list[object]:
        """Return what waits for answers, for a digest: nothing where nothing does."""
        return [list(self._wishes.items())] if self._wishes else []

    def collect(self) -> list[Effect]:
        """Return the effects of the event that was handled and start over."""
        if self.followed is not None:
            self.followed()
        if self.gate.controls is not None:
            self.gate.controls.collected(self.clock.now_ns)
        effects = self.effects[:]
        self.effects.clear()
        self._cursor = 0
        return effects

    def _take(self, actor: Actor) -> None:
        """Carry out what one actor asked for, in its order."""
        intents = actor.outbox[:]
        actor.outbox.clear()
        self._asked += len(intents)
        if self._asked > MAX_INTENTS_PER_EVENT:
            self.pause(actor, f"asked for more than {MAX_INTENTS_PER_EVENT} things while handling one event")
            return
        for intent in intents:
            if not isinstance(intent, RememberIntent):
                self._carry_out(actor, intent)
            elif not self._remember(actor, intent):
                return

    def _remember(self, actor: Actor, intent: RememberIntent) -> bool:
        """Write down what an actor wants to know after a restart, before its orders; return whether it could be."""
        try:
            data = intent.data if isinstance(intent.data, bytes) else intent.data()
            self.memories.take(actor.id, data, self.effects)
        except Exception as error:  # noqa: BLE001 - whatever a strategy raises must not stop the others
            self.fail(actor, error)
            return False
        return True

    def _carry_out(self, actor: Actor, intent: Wish) -> None:
        """Carry out one intent."""
        if isinstance(intent, OrderIntent):
            if actor.owner is not None:
                actor.orders[intent.client_order_id] = None
            self.submit(intent)
        elif isinstance(intent, CancelIntent):
            self._cancel(intent)
        elif isinstance(intent, GroupIntent):
            self.keeper.ask(intent.orders)
        elif isinstance(intent, ReplaceIntent):
            if not (self.manager.held.orders and self.keeper.replace(intent)):
                self._replacer.replace(intent, self.ready)
        elif isinstance(intent, Subscription):
            self._bus.subscribe(actor, intent)
        elif isinstance(intent, TimerIntent):
            self._timers.set(actor.id, intent.name, intent.due_ns)
            self.effects.append(TimerSet(strategy_id=actor.id, name=intent.name, due_ns=intent.due_ns))
        elif isinstance(intent, ParentProgress | RouteDecided | Sized):
            self.effects.append(intent)
        elif isinstance(intent, WorkIntent):
            start_worker(self, actor, intent)
        elif isinstance(intent, RetireIntent):
            self._retire(actor)
        else:
            self._alert(actor, intent)

    def _retire(self, actor: Actor) -> None:
        """Let an actor go that has done its work; one of the settings stays, stopped."""
        self._bus.unsubscribe(actor)
        self._timers.drop(actor.id)
        self.effects.append(dismiss(actor))
        if actor.owner is not None:
            self.drop(actor)
            if actor.context.remembers:
                for name in forget_ended(actor.owner, self.memories, self.by_id):
                    self.memories.take(name, b"", self.effects)

    def submit(self, intent: OrderIntent) -> None:
        """Check an order; send it, or record why not. One that asks for more than a venue's plain words is kept."""
        if not is_plain(intent):
            self.keeper.ask((intent,))
            return
        market = self.markets[intent.instrument] if 0 <= intent.instrument < len(self.markets) else None
        now_ns = self.clock.now_ns
        verdict = self.gate.check_submit(intent, market, self.manager, self.ready, now_ns)
        self.effects.append(verdict)
        if isinstance(verdict, ApprovedSubmit):
            self.manager.submit(verdict, now_ns, self.effects)

    def _cancel(self, intent: CancelIntent) -> None:
        """End an order that is kept, or cancel one that is at the venue."""
        if not (self.manager.held.orders and self.keeper.cancel(intent)):
            self._cancel_sent(intent)

    def _cancel_sent(self, intent: CancelIntent) -> None:
        """Check a cancel; send it, or say why there is nothing to send."""
        if intent.client_order_id in self._replaced or intent.client_order_id in self._wishes:
            self._replacer.cancel(intent)
            return
        verdict = self.gate.check_cancel(intent, self.manager, self.clock.now_ns)
        if isinstance(verdict, ApprovedCancel):
            self.effects.append(verdict)
            self.manager.cancel_sent(verdict, self.clock.now_ns, self.effects)
        else:
            self.effects.append(Alert(severity=Severity.INFO, code="CANCEL_NOT_SENT", message=verdict))

    def _alert(self, actor: Actor, intent: AlertIntent) -> None:
        """Pass a strategy's word on to a person."""
        message = f"{actor.id}: {intent.message}"
        self.effects.append(Alert(severity=Severity.INFO, code="STRATEGY", message=message))

    def _tell(self, effect: Told) -> None:
        """Tell the strategy whose order this is about."""
        kind = type(effect)
        if kind is ExitChanged and effect.state == "guarded":  # type: ignore[union-attr]
            return
        strategy_id = effect.intent.strategy_id if kind is Refusal else effect.strategy_id  # type: ignore[union-attr]
        actor = self.by_id.get(strategy_id)
        if actor is None:
            return
        if actor.workers:
            self._tell_workers(actor, effect)
        if not actor.active:
            return
        strategy = actor.strategy
        try:
            if kind is OrderUpdated:
                strategy.on_order(effect)  # type: ignore[arg-type]
            elif kind is OrderFilled:
                strategy.on_fill(effect)  # type: ignore[arg-type]
            else:
                getattr(strategy, _CALLBACKS[kind])(effect)
        except Exception as error:  # noqa: BLE001 - whatever a strategy raises must not stop the others
            self.fail(actor, error)

    def _tell_workers(self, owner: Actor, effect: Told) -> None:
        """Tell the algorithms that work for a strategy: its orders are theirs."""
        for worker in tuple(owner.workers):
            if worker.active:
                self.call(worker, getattr(worker.strategy, _CALLBACKS[type(effect)]), effect)
