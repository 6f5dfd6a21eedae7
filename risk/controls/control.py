"""What the gate asks beside its own checks: every scope of an order, one after the other.

`follow` keeps up with what happened before a question is answered: the effects of this event so far are read where the
desk collects them, so a fill that lets another order go counts before that other order.
"""

from collections.abc import Sequence

from core.effects import Effect, OrderBusted, OrderFilled, OrderUpdated, PositionChanged
from core.instruments import Instrument
from core.market import Market
from core.orders import ApprovedCancel, ApprovedGroup, ApprovedReplace, ApprovedSubmit, OrderIntent
from core.records import Kind
from oms.manager import OrderManager
from oms.order import Order
from risk.control_settings import ControlSettings
from risk.controls.asked import Asked
from risk.controls.cells import ACCOUNT, NOTHING, Cells, Values, reach_of, values_of
from risk.controls.checks import CHECKS
from risk.controls.day import Day
from risk.controls.found import Found
from risk.controls.lists import Lists
from risk.controls.scope import SECOND_NS, Scope
from risk.controls.sums import Sums
from risk.controls.worth import Worth, worth_of
from risk.facts import Why

LOOK_EVERY_NS = SECOND_NS
_COUNTED: dict[type, Kind] = {
    ApprovedSubmit: Kind.SUBMIT,
    ApprovedGroup: Kind.SUBMIT_GROUP,
    ApprovedReplace: Kind.REPLACE,
    OrderFilled: Kind.FILL,
    OrderBusted: Kind.BUST,
}
_MOVES = frozenset((OrderUpdated, OrderFilled, OrderBusted, PositionChanged, ApprovedReplace))


class Controls:
    """Every scope that has limits, and what counts in it."""

    __slots__ = (
        "_base",
        "_by_pair",
        "_cells",
        "_cursor",
        "_effects",
        "_manager",
        "_scopes",
        "_seen_ns",
        "_settings",
        "_sums",
        "day",
        "lists",
    )

    def __init__(self, settings: ControlSettings, day: Day, manager: OrderManager, effects: Sequence[Effect]) -> None:
        """Read what the engine collects in `effects`; know no instrument yet."""
        self._settings = settings
        self._base = settings.base_currency
        self._manager = manager
        self._effects = effects
        self._cursor = 0
        self._cells = Cells(manager, self._base)
        self._sums = Sums(self._base, manager, self._cells)
        self._scopes = {name: Scope(name, limits) for name, limits in sorted(settings.limits.items())}
        self._by_pair: dict[tuple[str, int], tuple[Scope, ...]] = {}
        self._seen_ns = -LOOK_EVERY_NS
        self.day = day
        self.lists = Lists(settings)

    def define(self, index: int, instrument: Instrument) -> None:
        """Learn an instrument and the scopes that it counts in."""
        self._cells.add(ACCOUNT, index, self._shared(instrument))
        self._by_pair = {pair: scopes for pair, scopes in self._by_pair.items() if pair[1] != index}
        self._seen_ns = -LOOK_EVERY_NS

    def change(self, settings: ControlSettings) -> None:
        """Have other limits from now on; a scope that had none before counts messages from now on."""
        self._settings, self.lists = settings, Lists(settings)
        before = self._scopes
        self._scopes = {}
        for name, limits in sorted(settings.limits.items()):
            scope = self._scopes[name] = before.get(name) or Scope(name, limits)
            scope.take(limits)
        for index in self._manager.instruments():
            self.define(index, self._manager.instrument(index))

    def breach(
        self,
        intent: OrderIntent,
        instrument: Instrument,
        market: Market,
        valued_at: int,
        replaced: Order | None,
        filled: int,
        now_ns: int,
    ) -> Found:
        """Return the code and the reason of the first limit that an order breaks, None where it passes.

        `valued_at` is the gate's price of it. Of an order that replaces another, of whose quantity `filled` units are
        done, only what it adds counts.
        """
        self.follow(now_ns)
        found = self.lists.breach(intent, instrument, self._manager, replaced, filled)
        if found is not None:
            return found
        scopes = self._scopes_of(intent.strategy_id, intent.instrument)
        if not scopes:
            return None
        self._look(now_ns)
        worth = worth_of(intent.instrument, self._manager, self._base, valued_at)
        own_scope = f"strategy:{intent.strategy_id}"
        beside = (replaced, filled)
        whole: Asked | None = None
        for scope in scopes:
            if scope.name == own_scope:
                asked = self._asked(intent.strategy_id, intent, instrument, market, valued_at, worth, beside, now_ns)
            elif whole is None:
                asked = whole = self._asked(ACCOUNT, intent, instrument, market, valued_at, worth, beside, now_ns)
            else:
                asked = whole
            if asked.adds and (what := self._unvalued(scope, worth, instrument)):
                return "UNVALUED", Why("", "", f"{scope.name}: {what}: wait for its market, or subscribe to one")
            for check in CHECKS:
                found = check(asked, scope, self._sums)
                if found is not None:
                    return found
        return None

    def state(self) -> list[object]:
        """Return all that influences the next decision, for a digest."""
        return [self._seen_ns, self._cells.state(), [each.state() for each in self._scopes.values()], self.day.state()]

    # -- keeping up ------------------------------------------------------------------------------------------------

    def follow(self, now_ns: int) -> None:
        """Count what happened since the last question."""
        self.day.roll(now_ns)
        for effect in self._effects[self._cursor :]:
            kind = type(effect)
            if kind in _COUNTED:
                self.day.fold(_COUNTED[kind], 0, now_ns, effect)
            if kind in _MOVES:
                self._cells.touch(effect.instrument)  # type: ignore[union-attr]
            if isinstance(effect, ApprovedSubmit):
                self._note(effect.intent.strategy_id, effect.intent.instrument, effect.intent, now_ns)
            elif isinstance(effect, ApprovedGroup):
                for order in effect.orders:
                    self._note(order.intent.strategy_id, order.intent.instrument, order.intent, now_ns)
            elif isinstance(effect, ApprovedReplace):
                self._note(effect.strategy_id, effect.instrument, None, now_ns)
            elif isinstance(effect, ApprovedCancel):
                for scope in self._scopes_of(effect.strategy_id, effect.instrument):
                    scope.note_cancel(now_ns)
        self._cursor = len(self._effects)

    def collected(self, now_ns: int) -> None:
        """Count the rest of an event's effects, which are taken away now."""
        self.follow(now_ns)
        self._cursor = 0

    def _note(self, strategy_id: str, index: int, intent: OrderIntent | None, now_ns: int) -> None:
        """Count an order that leaves in its scopes."""
        self._cells.touch(index)
        for scope in self._scopes_of(strategy_id, index):
            scope.note_order(intent, now_ns)

    def _look(self, now_ns: int) -> None:
        """Value what moved, and everything once a second."""
        every = now_ns - self._seen_ns >= LOOK_EVERY_NS
        if every:
            self._seen_ns = now_ns
        moved = self._cells.refresh(everything=every)
        if every or moved:
            self._sums.look()
        if every or self.day.changed:
            self._look_at_day()

    def _look_at_day(self) -> None:
        """Count today's trading in its scopes, at the rates of now."""
        self.day.changed = False
        for scope in self._scopes.values():
            scope.forget_day()
        for (strategy_id, index), traded in self.day.traded.items():
            scopes = self._scopes_of(strategy_id, index)
            if not scopes:
                continue
            turnover, fees = self._in_base(traded.turnover), self._in_base(traded.fees)
            for scope in scopes:
                scope.count_day(traded.orders, traded.fills, turnover, fees)

    def _in_base(self, amounts: dict[str, int]) -> int | None:
        """Return amounts in the base currency, None where one has no rate."""
        total = 0
        for currency, amount in amounts.items():
            rate = self._manager.books.rates.find(currency, self._base)
            if rate is None:
                return None
            total += amount * rate.numerator // rate.denominator
        return total

    # -- what an order meets ---------------------------------------------------------------------------------------

    def _scopes_of(self, strategy_id: str, index: int) -> tuple[Scope, ...]:
        """Return the scopes with limits that an order is in, the widest first."""
        pair = (strategy_id, index)
        scopes = self._by_pair.get(pair)
        if scopes is None:
            own = self._scopes.get(f"strategy:{strategy_id}") if strategy_id else None
            if own is not None:
                self._cells.add(strategy_id, index, (own,))
            shared = self._shared(self._manager.instrument(index))
            scopes = self._by_pair[pair] = shared if own is None else (*shared, own)
        return scopes

    def _shared(self, instrument: Instrument) -> tuple[Scope, ...]:
        """Return the scopes with limits that all orders in an instrument are in."""
        return tuple(self._scopes[name] for name in self._settings.scopes_of(instrument) if name in self._scopes)

    def _asked(
        self,
        owner: str,
        intent: OrderIntent,
        instrument: Instrument,
        market: Market,
        valued_at: int,
        worth: Worth | None,
        beside: tuple[Order | None, int],
        now_ns: int,
    ) -> Asked:
        """Return an order with what it adds to an owner's scopes."""
        replaced, filled = beside
        index, quantity = intent.instrument, intent.quantity - filled
        now = reach_of(self._manager, owner, index)
        without = now if replaced is None else reach_of(self._manager, owner, index, without=replaced)
        reach = without.with_order(int(intent.side), quantity)
        more, value = NOTHING, 0
        if worth is not None:
            after, before = values_of(reach, worth), values_of(now, worth)
            more = Values(*(one - other for one, other in zip(after, before, strict=True)))
            value = worth.of(intent.quantity)
        return Asked(intent, instrument, market, value, now, reach, more, valued_at, now_ns)

    def _unvalued(self, scope: Scope, worth: Worth | None, instrument: Instrument) -> str:
        """Return what cannot be valued for a scope, empty where nothing is missing. Fail closed: no value, no order."""
        if worth is None:
            return f"{instrument.id} has no value in {self._base}"
        if what := self._cells.unvalued(scope):
            return what
        if scope.unvalued_day:
            return f"what was traded today has no value in {self._base}"
        if scope.wants_equity and self._sums.incomplete:
            return f"the equity is not known, {self._sums.incomplete} has no value in {self._base}"
        return ""
