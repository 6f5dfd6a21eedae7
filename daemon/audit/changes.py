"""Before and after: what an effect changed, read off the effect and what was so before it."""

from collections.abc import Callable
from typing import Any

import msgspec

from core.bookings import BookedByHand
from core.controls import BreakerChanged, FlattenChanged, LatchChanged, LimitChanged
from core.effects import (
    BalanceChanged,
    FreezeChanged,
    PositionChanged,
    Reconciled,
    ReconcileState,
    StrategyChanged,
)
from core.events import LifecycleChanged, StateCarried
from core.exits import ExitChanged
from core.money import money_text
from core.orders import ApprovedCancel, ApprovedSubmit
from core.roster import RosterChanged
from core.sizes import ScaleChanged
from daemon.audit.walk import Seen
from daemon.store.carried import carried_books
from daemon.store.known import Known
from engine.roster import Roster, read_entries
from oms.latches import Latches, Level
from oms.state import saved_state
from risk.breakers.kept import Kept

_STEPS = ("calm", "warn", "reduce", "halt", "flatten")
_UNSET = "?"  # nothing before the first record told it
_AS_SET = "as set"


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that became another. `by_itself`: worth a line of its own where no command was its cause."""

    what: str
    scope: str
    before: str
    after: str
    source: str = ""
    reason: str = ""
    by_itself: bool = False


class Changes:
    """Follows a session's state as far as a change of it must say what was before."""

    def __init__(self, known: Known) -> None:
        """Know nothing yet; `known` tells names of instruments."""
        self._known = known
        self._latches: dict[str, int] = {}
        self._strategies: dict[str, str] = {}
        self._positions: dict[int, int] = {}
        self._freezes: dict[int, bool] = {}
        self._lifecycle = ""
        self._breakers: dict[tuple[str, str], int] = {}
        self._standings: dict[str, str] = {}
        self._takes: dict[type, Callable[[Any], Change | None]] = {
            LatchChanged: self._latch,
            LimitChanged: self._limit,
            StrategyChanged: self._strategy,
            FlattenChanged: self._flatten,
            FreezeChanged: self._freeze,
            BookedByHand: self._booked,
            PositionChanged: self._position,
            BalanceChanged: self._balance,
            Reconciled: self._reconciled,
            LifecycleChanged: self._lived,
            ApprovedCancel: self._cancel,
            ApprovedSubmit: self._submit,
            BreakerChanged: self._breaker,
            RosterChanged: self._roster,
            ScaleChanged: self._scale,
            ExitChanged: self._exit,
        }

    def of(self, seen: Seen) -> Change | None:
        """Return what a record changed, None for one that only tells."""
        if isinstance(seen.payload, StateCarried):
            self._carry(seen.payload)
            return None
        take = self._takes.get(type(seen.payload))
        return None if take is None else take(seen.payload)

    def _carry(self, carried: StateCarried) -> None:
        """Take over what the session before had latched, tripped, changed and held."""
        for name, version, data in saved_state(carried.state).sections:
            if name == Latches.name:
                latches = Latches()
                latches.restore(version, data, {})
                self._latches = {scope: latch.level for scope, latch in latches.held.items()}
            elif name == Kept.name:
                kept = Kept()
                kept.restore(version, data, {})
                self._breakers = {key: told.step for key, told in kept.told.items()}
            elif name == Roster.name:
                entries = read_entries(version, data)
                self._standings = {strategy_id: _standing(entry) for strategy_id, entry in entries.items()}
        indexes = {traded.instrument.id: index for index, traded in self._known.instruments.items()}
        for position in carried_books(carried.state).positions:
            self._positions[indexes[position.instrument]] = position.numbers["quantity"]

    def _latch(self, change: LatchChanged) -> Change:
        before = self._latches.get(change.scope, 0)
        self._latches[change.scope] = change.level
        return Change(
            what="latch",
            scope=change.scope,
            before=Level(before).name.lower(),
            after=Level(change.level).name.lower(),
            source=change.source,
            reason=change.reason,
            by_itself=True,
        )

    def _limit(self, change: LimitChanged) -> Change:
        after = change.value
        if change.dropped:
            after = f"{change.before} (what waited was dropped)"
        elif change.due_ns:
            after = f"{change.before} ({change.value} waits)"
        by = f"{change.source}, approved by {change.approved_by}" if change.approved_by else change.source
        return Change(
            what=f"limit {change.name}",
            scope=change.scope,
            before=change.before,
            after=after,
            source=by,
            reason=change.reason,
            by_itself=True,
        )

    def _strategy(self, change: StrategyChanged) -> Change:
        before = self._strategies.get(change.strategy_id, _UNSET)
        self._strategies[change.strategy_id] = change.state.value
        return Change(
            what="strategy",
            scope=change.strategy_id,
            before=before,
            after=change.state.value,
            reason=change.reason,
            by_itself=before != _UNSET,
        )

    def _flatten(self, change: FlattenChanged) -> Change:
        words = ("no", "yes")
        return Change(
            what="flatten",
            scope=change.scope,
            before=words[not change.working],
            after=words[change.working],
            reason=change.reason,
            by_itself=True,
        )

    def _freeze(self, change: FreezeChanged) -> Change:
        words = {None: _UNSET, False: "free", True: "frozen"}
        before = self._freezes.get(change.instrument)
        after = f"accepted {change.key} {change.figure}" if change.key else words[change.frozen]
        if not change.key:
            self._freezes[change.instrument] = change.frozen
        return Change(
            what="freeze",
            scope=self._known.name(change.instrument) or "all",
            before="free" if before is None and change.frozen else words[before],
            after=after,
            reason=change.reason,
            by_itself=True,
        )

    def _booked(self, booked: BookedByHand) -> Change:
        told = f"{money_text(int(booked.amount))} {booked.currency}".strip()
        if booked.numerator != booked.denominator:
            told = f"{booked.numerator} for {booked.denominator}"
        scope = self._known.name(booked.instrument) or booked.venue
        return Change(
            what=f"booked {booked.what}",
            scope=scope,
            before="",
            after=told,
            source=booked.source,
            reason=booked.reason,
        )

    def _position(self, change: PositionChanged) -> Change:
        before = self._positions.get(change.instrument, 0)
        self._positions[change.instrument] = change.quantity
        text = self._known.quantity
        return Change(
            what="position",
            scope=self._known.name(change.instrument),
            before=text(change.instrument, before),
            after=text(change.instrument, change.quantity),
        )

    def _balance(self, change: BalanceChanged) -> Change:
        after = int(change.balance)
        before = money_text(after - int(change.delta))
        return Change(
            what="balance", scope=change.currency, before=before, after=money_text(after), reason=change.reason
        )

    def _reconciled(self, change: Reconciled) -> Change:
        return Change(
            what="books",
            scope=change.venue,
            before="",
            after=change.state.value,
            reason=change.reason,
            by_itself=change.state is ReconcileState.BROKEN,
        )

    def _lived(self, change: LifecycleChanged) -> Change:
        before, self._lifecycle = self._lifecycle, change.state.value
        return Change(
            what="daemon", scope="", before=before, after=change.state.value, reason=change.reason, by_itself=True
        )

    def _breaker(self, change: BreakerChanged) -> Change | None:
        key = (change.breaker, change.scope)
        before, self._breakers[key] = self._breakers.get(key, 0), change.step
        if before == change.step:
            return None  # it only counts from something else now
        figure = f" ({change.figure} met {change.limit})" if change.step else ""
        return Change(
            what=f"breaker {change.breaker}",
            scope=change.scope,
            before=_STEPS[before],
            after=_STEPS[change.step] + figure,
            reason=change.reason,
            by_itself=True,
        )

    def _roster(self, change: RosterChanged) -> Change:
        before, after = self._standings.get(change.strategy_id, _AS_SET), _standing(change)
        self._standings[change.strategy_id] = after
        return Change(
            what="roster",
            scope=change.strategy_id,
            before=before,
            after=after,
            source=change.source,
            reason=change.reason,
            by_itself=True,
        )

    def _scale(self, change: ScaleChanged) -> Change:
        return Change(
            what="scale of sizes",
            scope=change.scope,
            before=f"{change.before_ppm / 10_000:g} %",
            after=f"{change.scale_ppm / 10_000:g} %",
            source=change.source,
            reason=change.reason,
            by_itself=True,
        )

    def _exit(self, change: ExitChanged) -> Change:
        scope = f"{change.strategy_id} {self._known.name(change.instrument)}"
        by_itself = change.state == "closing"  # what is guarded moves all the time
        return Change(
            what="exit", scope=scope, before="", after=change.state, reason=change.reason, by_itself=by_itself
        )

    def _cancel(self, command: ApprovedCancel) -> Change:
        return Change(what="cancel sent", scope=command.strategy_id, before="", after=command.client_order_id)

    def _submit(self, command: ApprovedSubmit) -> Change:
        intent = command.intent
        return Change(what="order sent", scope=intent.strategy_id, before="", after=intent.client_order_id)


def _standing(entry: RosterChanged) -> str:
    """Return how a strategy stands beside the settings, in words."""
    return (entry.standing or _AS_SET) + (f", parameters {entry.params}" if entry.params else "")
