"""Exits of positions: the market is held against each guard before strategies see it, and what is pulled is closed.

Closing: what the strategy works there is cancelled, then immediate-or-cancel orders that only reduce are offered inside
the collar, as flattening does, each second until nothing is left. They pass `stop-entry`, and wait where a halt, a
kill, a pause or a market that cannot be trusted holds everything back. No latch is set. The strategy is told, and may
not enter again for a while.
"""

import math
from collections.abc import Callable, Iterator, Sized
from itertools import islice
from typing import Protocol

from core.clock import NEVER, EventClock
from core.effects import Alert, Effect, ExitChanged, PositionChanged, Severity
from core.market import STALE_TRADES, Market, mark_price_of
from core.orders import Side, TriggerBy
from engine.flatten import RETRY_NS, TRIES_MAX, Flattener, Held, Matches
from engine.sight import Sight
from engine.timers import Timers
from oms.dust import is_flat
from oms.held.triggers import followed, pulled, reference_range
from oms.manager import OrderManager
from oms.positions import Position
from risk.exits.guards import Guard, Guards
from risk.exits.levels import average_of, below, beyond, in_ranges
from risk.exits.settings import PPM, ExitRules, StrategyExits, resolve_exits
from risk.gate import Gate
from risk.limits import DEVIATION_UNIT

EXITS = "exits:"  # owner of the timer
STOP, TRAIL, PROFIT, AGE = "stop loss", "trailing stop", "take profit", "holding time"


class Watched(Protocol):
    """Whether anything of an instrument waits for its market, by index."""

    def __getitem__(self, index: int, /) -> Sized:
        """Return what waits; empty where nothing does."""
        ...


class Both:
    """Kept orders or guards: asked in the place of the former alone, so that sessions without exits pay nothing."""

    __slots__ = ("_guarded", "_kept")

    def __init__(self, kept: Watched, guarded: Watched) -> None:
        """Look at both."""
        self._kept = kept
        self._guarded = guarded

    def __getitem__(self, index: int, /) -> Sized:
        """Return what waits; empty where nothing does."""
        return self._kept[index] or self._guarded[index]


class Exits:
    """Guards the positions of strategies that have exits."""

    def __init__(
        self,
        flattener: Flattener,
        sight: Sight,
        gate: Gate,
        manager: OrderManager,
        markets: list[Market],
        timers: Timers,
        clock: EventClock,
        effects: list[Effect],
        cancel_where: Callable[[Matches], object],
        atr_of: Callable[[int], float | None],
    ) -> None:
        """Guard nothing yet."""
        self.guards = Guards()
        self.rules: dict[str, StrategyExits] = {}
        self.watched: list[list[Guard]] = []
        """The guards of each instrument: the market is shown to those alone."""
        self._resolved: dict[tuple[str, int], ExitRules] = {}
        self._again_ns = 0  # when what has to be tried again is; 0 for nothing
        self._cursor = 0
        self._flattener = flattener
        self._sight = sight
        self._gate = gate
        self._freezes = gate.freezes
        self._manager = manager
        self._markets = markets
        self._timers = timers
        self._clock = clock
        self._effects = effects
        self._cancel_where = cancel_where
        self._atr_of = atr_of

    def follow_rules(self, strategy_id: str, exits: StrategyExits | None) -> None:
        """Close the positions of a strategy by these exits from now on, by none where there are none."""
        self._resolved = {key: rules for key, rules in self._resolved.items() if key[0] != strategy_id}
        self.rules.pop(strategy_id, None)
        if exits is not None:
            self.rules[strategy_id] = exits

    def define(self, index: int) -> None:
        """Learn or relearn an instrument."""
        while len(self.watched) <= index:
            self.watched.append([])
        self._resolved = {key: rules for key, rules in self._resolved.items() if key[1] != index}

    def restored(self) -> None:
        """Go on with what was guarded before a restart, and say what is being closed."""
        for guard in self.guards.held.values():
            if guard.reason:
                what = (
                    f"{self._name(guard)} was being closed before the restart ({guard.reason}): it goes on once READY"
                )
                self._say(Severity.WARNING, "EXITING", what, guard.instrument)
        self._cool(self._clock.now_ns)

    def begin(self) -> None:
        """Guard what is held, now that the daemon is READY."""
        if self.rules or self.guards.held:
            for guard in tuple(self.guards.held.values()):
                if guard.strategy_id not in self.rules:
                    self._tell(guard, "gone")
            for index in range(len(self.watched)):
                self._recheck(index)
            self._wait()

    @property
    def wants_ranges(self) -> bool:
        """Whether a distance is in average true ranges."""
        return any(
            self._rules(strategy_id, index).wants_atr
            for strategy_id in self.rules
            for index in range(len(self.watched))
        )

    def follow(self) -> bool:
        """Keep up with the positions that the effects tell of; return whether there was anything to say."""
        told = len(self._effects)
        moved = dict.fromkeys(
            effect.instrument for effect in islice(self._effects, self._cursor, None) if type(effect) is PositionChanged
        )
        self._cursor = told
        for index in moved:
            self._recheck(index)
        return len(self._effects) > told

    def collected(self) -> None:
        """Begin with the effects of the next event."""
        self._cursor = 0

    def state(self) -> list[object]:
        """Return everything that a digest must cover; nothing where nothing is guarded, nor could be."""
        if not self.rules and not self.guards.held:
            return []
        return [*self.guards.state(), *([self._again_ns] if self._again_ns else [])]

    # -- the market ------------------------------------------------------------------------------------------------

    def look(self, index: int, bar_low: int, bar_high: int) -> None:
        """Hold a market against its guards; `bar_low` and `bar_high` are of a venue's bar."""
        if not self._sight.trusts(index):
            return
        market = self._markets[index]
        for guard in tuple(self.watched[index]):
            rules = self._rules_of(guard)
            if guard.reason or rules is None:
                continue
            side, rise = (Side.SELL, False) if guard.sign > 0 else (Side.BUY, True)
            if rules.reference is TriggerBy.LAST and market.stale & STALE_TRADES:
                continue
            low, high = reference_range(market, market.mark_price, rules.reference, side, bar_low, bar_high)
            if pulled(rise, guard.stop, low, high):
                self._close(guard, rules, STOP, guard.stop)
            elif pulled(rise, guard.trail, low, high):
                self._close(guard, rules, TRAIL, guard.trail)
            elif pulled(not rise, guard.profit, low, high):
                self._close(guard, rules, PROFIT, guard.profit)
            elif any(follows := in_ranges(rules.trailing, guard.atr)):
                trail = followed(side, guard.trail, low, high, *follows, market.instrument.tick)
                if trail != guard.trail:
                    guard.trail = trail
                    self._tell(guard, "guarded")

    def fire(self, now_ns: int) -> None:
        """Close what is too old, go on with what is being closed, let who has waited enter again."""
        for guard in tuple(self.guards.held.values()):
            rules = self._rules_of(guard)
            if rules is None:
                continue
            if guard.reason:
                self._go_on(guard, rules)
                continue
            if rules.wants_atr and not guard.atr:
                self._measure(guard)
            if rules.max_holding_ns and now_ns >= guard.opened_ns + rules.max_holding_ns:
                self._close(guard, rules, AGE, 0)
        self._wait()

    # -- positions -------------------------------------------------------------------------------------------------

    def _recheck(self, index: int) -> None:
        """Guard what is held in an instrument now, and no more what is not."""
        for strategy_id in self.rules:
            rules = self._rules(strategy_id, index)
            for hedge, position in self._positions(strategy_id, index):
                guard = self.guards.held.get((strategy_id, index, hedge))
                sign = self._sign_of(index, position.quantity)
                if guard is not None and sign != guard.sign:
                    self._end(guard, rules)
                    guard = None
                if sign and guard is None:
                    guard = self._begin(strategy_id, index, hedge, sign, position, rules)
                if guard is not None and sign:
                    average = average_of(position)
                    guard.stop = below(average, sign, in_ranges(rules.stop_loss, guard.atr))
                    guard.profit = beyond(average, sign, in_ranges(rules.take_profit, guard.atr))
        self.watched[index] = [each for each in self.guards.held.values() if each.instrument == index]
        self._wait()

    def _sign_of(self, index: int, quantity: int) -> int:
        """Return 1 for long, -1 for short, 0 where no order can close what is held."""
        market = self._markets[index]
        if is_flat(index, market.instrument, quantity, mark_price_of(market)):
            return 0
        return 1 if quantity > 0 else -1

    def _begin(
        self, strategy_id: str, index: int, hedge: int, sign: int, position: Position, rules: ExitRules
    ) -> Guard:
        """Guard a position that has just been opened; its trailing stop begins at its average price."""
        atr = self._range_of(index) if rules.wants_atr else 0
        side, average, tick = (
            Side.SELL if sign > 0 else Side.BUY,
            average_of(position),
            self._markets[index].instrument.tick,
        )
        follows = in_ranges(rules.trailing, atr)
        trail = followed(side, 0, average, average, *follows, tick) if any(follows) else 0
        guard = Guard(strategy_id, index, hedge, sign, self._clock.now_ns, trail, atr=atr)
        self._tell(guard, "guarded")
        if rules.wants_atr and not atr:
            why = f"{self._name(guard)} has no exits by the average true range yet: it is not known"
            self._say(Severity.WARNING, "EXIT_WAITS", why, index)
        return self.guards.held[guard.key]

    def _measure(self, guard: Guard) -> None:
        """Let a guard have its distances, once the average true range is known."""
        guard.atr = self._range_of(guard.instrument)
        if guard.atr:
            self._tell(guard, "guarded")
            self._recheck(guard.instrument)

    def _range_of(self, index: int) -> int:
        """Return the average true range in whole price units, rounded up; 0 where it is not known."""
        average = self._atr_of(index)
        return 0 if average is None else math.ceil(average)

    def _end(self, guard: Guard, rules: ExitRules) -> None:
        """Let a guard go whose position is gone; whoever was closed by it waits."""
        now_ns = self._clock.now_ns
        if not guard.reason:
            self._tell(guard, "gone")
            return
        until_ns = now_ns + rules.cool_down_ns
        self._tell(guard, "closed", until_ns=until_ns)
        wait = f"; it may enter again in {rules.cool_down_ns / RETRY_NS:g} s" if rules.cool_down_ns else ""
        self._say(Severity.INFO, "EXITED", f"{self._name(guard)} is closed ({guard.reason}){wait}", guard.instrument)
        self._cool(now_ns)

    def _positions(self, strategy_id: str, index: int) -> Iterator[tuple[int, Position]]:
        """Yield (side in hedge mode or 0, position) of what a strategy may hold."""
        legs = self._manager.legs(index)
        if not legs:
            yield 0, self._manager.strategy_position(strategy_id, index)
        for sign, leg in sorted(legs.items()):
            if strategy_id in leg.own:
                yield sign, leg.own[strategy_id]

    # -- closing ---------------------------------------------------------------------------------------------------

    def _close(self, guard: Guard, rules: ExitRules, reason: str, trigger: int) -> None:
        """Begin to close a position, and say so; nobody enters meanwhile."""
        guard.reason, guard.tries = reason, 0
        self._tell(guard, "closing", trigger=trigger)
        instrument = self._markets[guard.instrument].instrument
        at = f" at {instrument.price_text(trigger)}" if trigger else ""
        self._say(Severity.WARNING, "EXIT", f"{self._name(guard)} is being closed: {reason}{at}", guard.instrument)
        self._cool(self._clock.now_ns)
        self._cancel_where(_only(guard))
        self._go_on(guard, rules)
        self._wait()

    def _go_on(self, guard: Guard, rules: ExitRules) -> None:
        """Offer what is left, unless an order of it is out or nothing may pass."""
        if guard.order:
            order = self._manager.order(guard.order)
            if order is not None and order.is_open:
                return
            guard.order = ""
        index = guard.instrument
        instrument = self._markets[index].instrument
        guard.tries += 1
        if guard.tries % TRIES_MAX == 0:
            why = f"{self._name(guard)} is not closed after {guard.tries} tries ({guard.reason})"
            self._say(Severity.ERROR, "NOT_EXITED", f"{why}: see the refusals and latches, or close by hand", index)
        held_back = self._freezes.breach(index, instrument, guard.strategy_id, reduces=True, now_ns=self._clock.now_ns)
        if held_back is not None or not self._sight.trusts(index):
            return
        for held in self._flattener.open_in(_only(guard)):
            if (0 if held.hedge is None else int(held.hedge)) == guard.hedge:
                left = held._replace(quantity=self._there(held))
                guard.order = self._flattener.offer(left, self._collar_ppm(index, rules)) if left.quantity else ""

    def _collar_ppm(self, index: int, rules: ExitRules) -> int:
        """Return how far from the middle closing orders may go: never so far that the gate would refuse them."""
        limits, (bid, ask, _) = self._gate.limits_of(index), self._markets[index].touch()
        assert limits is not None, "the gate knows every instrument that is held"
        unit_ppm = 2 * PPM // (bid + ask) + 1  # a price is rounded by up to one unit, outwards too
        return max(min(rules.collar_ppm, limits.max_deviation * PPM // DEVIATION_UNIT - unit_ppm), 0)

    def _there(self, held: Held) -> int:
        """Return how much of what is held can be sold, in whole lots: of spot a fee may have taken some of it."""
        terms = self._manager.terms(held.instrument)
        if not terms.holds_base or held.quantity < 0:
            return held.quantity
        balance = self._manager.books.ledger.balance(terms.base) // terms.base_factor
        quantity = max(min(held.quantity, balance), 0)
        return quantity - quantity % self._flattener.lot(held)

    def _cool(self, now_ns: int) -> None:
        """Have the gate know who may not enter."""
        cooling = {key: until_ns for key, until_ns in self.guards.cooling.items() if now_ns < until_ns}
        closing = {(each.strategy_id, each.instrument): NEVER for each in self.guards.held.values() if each.reason}
        self._freezes.cooling = cooling | closing
        self._freezes.look()

    def _wait(self) -> None:
        """Set the timer to whatever comes next; a try that is due stays due, however often positions move meanwhile."""
        now_ns, due, again = self._clock.now_ns, list[int](), False
        for guard in self.guards.held.values():
            rules = self._rules_of(guard)
            again |= bool(guard.reason) or (rules is not None and rules.wants_atr and not guard.atr)
            if rules is not None and rules.max_holding_ns and not guard.reason:
                due.append(guard.opened_ns + rules.max_holding_ns)
        if not again or self._again_ns <= now_ns:
            self._again_ns = now_ns + RETRY_NS if again else 0
        due += [self._again_ns] if again else []
        self._timers.drop(EXITS)
        self._cool(now_ns)
        due += [until_ns for until_ns in self._freezes.cooling.values() if until_ns != NEVER]
        if due:
            self._timers.set(EXITS, "look", max(min(due), now_ns + 1))

    # -- words -----------------------------------------------------------------------------------------------------

    def _rules(self, strategy_id: str, index: int) -> ExitRules:
        """Return the exits of a strategy in an instrument."""
        key = (strategy_id, index)
        if key not in self._resolved:
            self._resolved[key] = resolve_exits(self.rules[strategy_id], self._markets[index].instrument)
        return self._resolved[key]

    def _rules_of(self, guard: Guard) -> ExitRules | None:
        """Return the exits of a guard; None where the settings no more have any for its strategy."""
        return self._rules(guard.strategy_id, guard.instrument) if guard.strategy_id in self.rules else None

    def _tell(self, guard: Guard, state: str, *, trigger: int = 0, until_ns: int = 0) -> None:
        """Journal what became of a guard, and follow it."""
        told = ExitChanged(
            strategy_id=guard.strategy_id,
            instrument=guard.instrument,
            hedge=guard.hedge,
            state=state,
            sign=guard.sign,
            opened_ns=guard.opened_ns,
            trail=guard.trail,
            reason=guard.reason,
            trigger=trigger,
            until_ns=until_ns,
            atr=guard.atr,
        )
        self._effects.append(told)
        self.guards.take(told)

    def _name(self, guard: Guard) -> str:
        side = "long" if guard.sign > 0 else "short"
        return f"the {side} position of {guard.strategy_id} in {self._markets[guard.instrument].instrument.id}"

    def _say(self, severity: Severity, code: str, message: str, index: int) -> None:
        self._effects.append(Alert(severity=severity, code=code, message=message, instrument=index))


def _only(guard: Guard) -> Matches:
    """Return what matches the strategy and the instrument of a guard."""
    strategy_id, instrument = guard.strategy_id, guard.instrument
    return lambda other, index: other == strategy_id and index == instrument
