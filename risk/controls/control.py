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
from risk.controls.cells import ACCOUNT, Cells, reach_of
from risk.controls.checks import WHY, choose, scope_breach
from risk.controls.clearance import Rooms
from risk.controls.day import Day, Traded
from risk.controls.found import Found
from risk.controls.lists import Lists
from risk.controls.observed import Observed
from risk.controls.scope import Scope
from risk.controls.sums import PPM, Sums
from risk.controls.window import SECOND_NS
from risk.controls.worth import Worth, worth_of
from risk.facts import Touch, Why
from risk.portfolio_figures import PortfolioFigures

LOOK_EVERY_NS = SECOND_NS
LATE_NS = 2 * SECOND_NS
_COUNTED: dict[type, Kind] = {
    ApprovedSubmit: Kind.SUBMIT,
    ApprovedGroup: Kind.SUBMIT_GROUP,
    ApprovedReplace: Kind.REPLACE,
    OrderFilled: Kind.FILL,
    OrderBusted: Kind.BUST,
    ApprovedCancel: Kind.CANCEL,
}
_MOVES = frozenset((OrderUpdated, OrderFilled, OrderBusted, PositionChanged, ApprovedReplace))


class Controls:
    """Every scope that has limits, and what counts in it."""

    __slots__ = (
        "_asked",
        "_base",
        "_by_pair",
        "_cells",
        "_cursor",
        "_effects",
        "_manager",
        "_observed",
        "_rooms",
        "_scopes",
        "_seen_ns",
        "_settings",
        "_stamp",
        "_sums",
        "_unvalued_day",
        "_wants_equity",
        "_watches",
        "day",
        "lists",
    )

    def __init__(
        self,
        settings: ControlSettings,
        day: Day,
        manager: OrderManager,
        effects: Sequence[Effect],
        portfolio: PortfolioFigures,
    ) -> None:
        """Read what the engine collects in `effects`; know no instrument yet."""
        self._settings = settings
        self._base = settings.base_currency
        self._asked = Asked()
        self._unvalued_day = False
        self._manager = manager
        self._effects = effects
        self._cursor = 0
        self._cells = Cells(manager, self._base)
        self._sums = Sums(self._base, manager, self._cells, portfolio)
        self._scopes = {name: Scope(name, limits) for name, limits in sorted(settings.limits.items())}
        for scope in self._scopes.values():
            choose(scope)
        self._by_pair: dict[tuple[str, int], tuple[Scope, ...]] = {}
        self._rooms = Rooms(manager, self._base, self._sums)
        self._observed: dict[int, Observed] = {}
        self._watches = any(scope.watches for scope in self._scopes.values())
        self._stamp = 0  # counts whatever changes what is left
        self._seen_ns = -LATE_NS - 1
        self._wants_equity = any(scope.wants_equity for scope in self._scopes.values())
        self.day = day
        self.lists = Lists(settings)

    def define(self, index: int, instrument: Instrument) -> None:
        """Learn an instrument and the scopes that it counts in."""
        self._cells.add(ACCOUNT, index, self._shared(instrument))
        for scope in self._scopes.values():
            if scope.strategy_id:  # it may hold some already: from before a restart, or before the limit was set
                self._cells.add(scope.strategy_id, index, (scope,))
        self._observed.setdefault(index, Observed())
        self._by_pair = {pair: scopes for pair, scopes in self._by_pair.items() if pair[1] != index}
        self._rooms.forget(index)
        self._stamp += 1
        self._seen_ns = -LATE_NS - 1

    def change(self, settings: ControlSettings) -> None:
        """Have other limits from now on; a scope that had none before counts messages from now on."""
        self._settings, self.lists = settings, Lists(settings)
        before = self._scopes
        self._scopes = {}
        for name, limits in sorted(settings.limits.items()):
            scope = self._scopes[name] = before.get(name) or Scope(name, limits)
            scope.take(limits)
            choose(scope)
        self._wants_equity = any(scope.wants_equity for scope in self._scopes.values())
        self._watches = any(scope.watches for scope in self._scopes.values())
        self.day.anew = True
        for index in self._manager.instruments():
            self.define(index, self._manager.instrument(index))

    def breach(
        self,
        intent: OrderIntent,
        instrument: Instrument,
        market: Market,
        touch: Touch,
        valued_at: int,
        replaced: Order | None,
        filled: int,
        now_ns: int,
    ) -> Found:
        """Return the code and the reason of the first limit that an order breaks, None where it passes.

        `valued_at` is the gate's price of it. Of an order that replaces another, of whose quantity `filled` units are
        done, only what it adds counts.
        """
        if replaced is None and self._cursor == len(self._effects) and not self.day.anew:
            clear = self._rooms.clear.get((intent.strategy_id, intent.instrument))
            if (
                clear is not None
                and clear.stamp == self._stamp
                and clear.lets_pass(intent, market, touch, valued_at, now_ns)
            ):
                return None
        self.follow(now_ns)
        found = self.lists.breach(intent, instrument, self._manager, replaced, filled)
        if found is not None:
            return found
        scopes = self._scopes_of(intent.strategy_id, intent.instrument)
        if not scopes:
            return None
        self._look(now_ns)
        asked, worth = self._asked, worth_of(intent.instrument, self._manager, self._base, valued_at)
        asked.intent, asked.instrument, asked.market, asked.touch = intent, instrument, market, touch
        asked.observed = self._observed[intent.instrument]
        asked.side, asked.valued_at, asked.now_ns = 1 if intent.side > 0 else -1, valued_at, now_ns
        asked.value = 0 if worth is None else worth.of(intent.quantity)
        quantity, unsure = intent.quantity - filled, worth is None or self._unsure
        if not unsure and self._is_within(scopes, quantity, worth, replaced):
            return None
        own = scopes[-1] if scopes[-1].strategy_id else None
        if own is not scopes[0]:
            self._weigh(ACCOUNT, quantity, worth, replaced)
        for scope in scopes:
            if scope is own:
                self._weigh(intent.strategy_id, quantity, worth, replaced)
            if unsure and asked.adds and (what := self._missing(scope, worth, instrument)):
                return "UNVALUED", Why("", "", f"{scope.name}: {what}: wait for its market, or subscribe to one")
            code = scope_breach(asked, scope, self._sums)
            if code:
                return code, WHY[code](asked, scope, self._sums)
        return None

    @property
    def _unsure(self) -> bool:
        """Whether something that counts cannot be valued now."""
        return self._cells.unvalued_any or self._unvalued_day or self._sums.incomplete != ""

    def _is_within(self, scopes: tuple[Scope, ...], quantity: int, worth: Worth | None, replaced: Order | None) -> bool:
        """Whether an order stays within what all its scopes leave: then none of them has to be asked on its own."""
        intent = self._asked.intent
        pair = (intent.strategy_id, intent.instrument)
        shared, own = self._rooms.room(pair, scopes, self._stamp).heads
        if shared is not None:
            self._weigh(ACCOUNT, quantity, worth, replaced)
            if not shared.holds(self._asked, self._sums):
                return False
        if own is not None:
            self._weigh(intent.strategy_id, quantity, worth, replaced)
            return own.holds(self._asked, self._sums)
        return True

    def _weigh(self, owner: str, quantity: int, worth: Worth | None, replaced: Order | None) -> None:
        """Weigh the order that is asked for against what an owner holds."""
        index = self._asked.intent.instrument
        without = None if replaced is None else reach_of(self._manager, owner, index, replaced)
        self._asked.weigh(self._cells.cell(owner, index), without, quantity, worth)

    def scope(self, name: str) -> Scope | None:
        """Return a scope with its sums as they were last looked at, None for one without limits; change nothing."""
        return self._scopes.get(name)

    def observed(self, index: int) -> Observed:
        """Return what was seen of a market in the last minute, where a limit looks at that."""
        return self._observed[index]

    @property
    def cash(self) -> int:
        """What is left of the base currency once all that is open has filled."""
        return self._sums.cash

    def today(self, strategy_id: str, index: int, now_ns: int) -> Traded:
        """Return what a strategy has traded in an instrument today."""
        self.follow(now_ns)
        return self.day.traded.get((strategy_id, index)) or Traded()

    def leverage_ppm(self, now_ns: int) -> int | None:
        """Return the gross value of all that is held and open over the equity, None where one is not known."""
        self.follow(now_ns)
        self._look(now_ns)
        if not self._wants_equity:  # no limit asked for it: a user's rule does
            self._wants_equity = True
            self._sums.look()
        equity = self._sums.equity
        if self._sums.incomplete or self._cells.unvalued_any or equity <= 0:
            return None
        return -(-sum(self._sums.gross_of(index) for index in self._manager.instruments()) * PPM // equity)

    def state(self) -> list[object]:
        """Return all that influences the next decision, for a digest."""
        observed = [[index, *each.state()] for index, each in self._observed.items()] if self._watches else []
        scopes = [each.state() for each in self._scopes.values()]
        return [self._seen_ns, self._cells.state(), scopes, self.day.state(), *observed]

    # -- keeping up ------------------------------------------------------------------------------------------------

    def follow(self, now_ns: int) -> bool:
        """Count what happened since the last question; return whether anything leaves for a venue."""
        effects, sends = self._effects, False
        if now_ns >= self.day.ends_ns:
            self.day.roll(now_ns)
        for place in range(self._cursor, len(effects)):
            effect = effects[place]
            kind = type(effect)
            if kind in _MOVES:
                self._cells.touch(effect.instrument)  # type: ignore[union-attr]
            count = _COUNTED.get(kind)
            if count is not None:
                self.day.fold(count, 0, now_ns, effect)
                sends = self._count(effect, now_ns) or sends
        if self._cursor != len(effects):
            self._cursor = len(effects)
            self._stamp += 1
        return sends

    def collected(self, now_ns: int) -> None:
        """Count the rest of an event's effects, which are taken away now; nobody waits where nothing leaves."""
        sends = self.follow(now_ns)
        self._cursor = 0
        if not sends:
            self._look(now_ns)
            self._count_ahead()

    def _count_ahead(self) -> None:
        """Count what may be sent next while nobody waits."""
        if not self._unsure:
            until_ns = min(self._seen_ns + LATE_NS, self.day.ends_ns - 1)
            self._rooms.count_ahead(self._stamp, until_ns, self._by_pair, self.lists)

    def _count(self, effect: Effect, now_ns: int) -> bool:
        """Count an effect in its scopes; return whether it leaves for a venue."""
        if isinstance(effect, OrderFilled | OrderBusted):
            self._execution(effect)
            return False
        if isinstance(effect, ApprovedCancel):
            for scope in self._scopes_of(effect.strategy_id, effect.instrument):
                scope.note_cancel(now_ns)
        elif isinstance(effect, ApprovedSubmit):
            self._order(effect.intent.strategy_id, effect.intent.instrument, effect.intent, now_ns)
        elif isinstance(effect, ApprovedReplace):
            self._order(effect.strategy_id, effect.instrument, None, now_ns)
        elif isinstance(effect, ApprovedGroup):
            for order in effect.orders:
                self._order(order.intent.strategy_id, order.intent.instrument, order.intent, now_ns)
        return True

    def _order(self, strategy_id: str, index: int, intent: OrderIntent | None, now_ns: int) -> None:
        """Count an order that leaves in its scopes."""
        self._cells.touch(index)
        self._rooms.expect((strategy_id, index))
        for scope in self._scopes_of(strategy_id, index):
            scope.day_orders += 1
            scope.note_order(intent, now_ns)

    def _execution(self, effect: OrderFilled | OrderBusted) -> None:
        """Count an execution in the day of its scopes, or its fee back where it was taken back."""
        self._rooms.expect((effect.strategy_id, effect.instrument))
        turnover, currency = self.day.value_of(effect)
        fee, busted = int(effect.fee), isinstance(effect, OrderBusted)
        value = 0 if busted else self._in_base({currency: turnover})
        fees = self._in_base({effect.fee_currency: -fee if busted else fee}) if fee else 0
        for scope in self._scopes_of(effect.strategy_id, effect.instrument):
            scope.count_day(0, 0 if busted else 1, value, fees)
            self._unvalued_day = self._unvalued_day or scope.unvalued_day

    def look(self, now_ns: int) -> None:
        """Value everything at what the markets say now: once a second, by the engine's timer."""
        self._value_all(now_ns)
        self._count_ahead()

    def _value_all(self, now_ns: int) -> None:
        self.follow(now_ns)
        self._seen_ns = now_ns
        self._stamp += 1
        self._cells.refresh(everything=True)
        if self._wants_equity:
            self._sums.look()
        if self._unvalued_day:  # a market may have a price by now: at a start none has, and the day is taken over
            self._look_at_day()
        if self._watches:
            markets = self._manager.books.rates.markets
            for index, observed in self._observed.items():
                observed.sample(now_ns, markets[index])

    def _look(self, now_ns: int) -> None:
        """Value what moved; everything where no timer came in time."""
        if now_ns - self._seen_ns > LATE_NS:
            self._value_all(now_ns)
        elif self._cells.refresh(everything=False):
            self._stamp += 1
        if self.day.anew:
            self._stamp += 1
            self._look_at_day()

    def _look_at_day(self) -> None:
        """Count today's trading in its scopes anew, at the rates of now."""
        self.day.anew = self._unvalued_day = False
        for scope in self._scopes.values():
            scope.forget_day()
        for (strategy_id, index), traded in self.day.traded.items():
            scopes = self._scopes_of(strategy_id, index)
            if not scopes:
                continue
            turnover, fees = self._in_base(traded.turnover), self._in_base(traded.fees)
            for scope in scopes:
                scope.count_day(traded.orders, traded.fills, turnover, fees)
                self._unvalued_day = self._unvalued_day or scope.unvalued_day

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
            shared = self._shared(self._manager.instrument(index))
            scopes = self._by_pair[pair] = shared if own is None else (*shared, own)
        return scopes

    def _shared(self, instrument: Instrument) -> tuple[Scope, ...]:
        """Return the scopes with limits that all orders in an instrument are in."""
        return tuple(self._scopes[name] for name in self._settings.scopes_of(instrument) if name in self._scopes)

    def _missing(self, scope: Scope, worth: Worth | None, instrument: Instrument) -> str:
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
