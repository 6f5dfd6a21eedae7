"""All breakers of a session: made for the scopes that there are, told what happens, looked at."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from core.controls import BreakerChanged
from core.effects import Alert, Effect, Severity
from core.events import ClockMeasured
from core.market import Market
from core.scopes import ALL
from oms.manager import OrderManager
from risk.breaker_settings import EVERY, KINDS, BreakerSettings, Row, day_begins_ns, fraction
from risk.breakers.breaker import Asked, Breaker, Unvalued
from risk.breakers.drawdown import Drawdown
from risk.breakers.kept import Kept
from risk.breakers.ladder import PPM, STEP_OF, Ladder, Step
from risk.breakers.losses import Loss, Since
from risk.breakers.machine import ClockOffset, LoopLag, Quorum
from risk.breakers.prices import Spread, Volatility
from risk.breakers.rates import CancelRatio, RejectRate
from risk.breakers.repeats import Repeats
from risk.breakers.second_count import SecondCount
from risk.breakers.slippage import Slippage
from risk.breakers.streak import Streak
from risk.breakers.watch import Desk, Watch

SECOND_NS = 1_000_000_000
# Rows of a kind all have its own type, which `BreakerSettings` sees to.
_MAKES: dict[str, Callable[[Desk, str, str, Any], Watch]] = {
    "loss": lambda desk, scope, base, _row: Loss(desk, scope, base, Since.ARMED),
    "day_loss": lambda desk, scope, base, _row: Loss(desk, scope, base, Since.DAY),
    "session_loss": lambda desk, scope, base, _row: Loss(desk, scope, base, Since.SESSION),
    "drawdown": lambda desk, scope, base, row: Drawdown(desk, scope, base, share=row.share),
    "loss_streak": lambda desk, scope, _base, _row: Streak(desk, scope),
    "reject_rate": lambda desk, scope, _base, row: RejectRate(desk, scope, row),
    "cancel_ratio": lambda desk, scope, _base, row: CancelRatio(desk, scope, row),
    "slippage": lambda desk, scope, _base, row: Slippage(desk, scope, row),
    "volatility": lambda desk, scope, _base, row: Volatility(desk, scope, row),
    "spread": lambda desk, scope, _base, row: Spread(desk, scope, row),
    "feed_quorum": lambda desk, scope, _base, row: Quorum(desk, scope, row),
    "clock_offset_ms": lambda desk, scope, _base, _row: ClockOffset(desk, scope),
    "loop_lag_ms": lambda desk, scope, _base, row: LoopLag(desk, scope, row),
    "repeats": lambda desk, scope, _base, row: Repeats(desk, scope, row),
    "second_count": SecondCount,
}


class Trip(NamedTuple):
    """What the engine shall do: stop a scope so far, for this breaker and this reason."""

    breaker: str
    scope: str
    step: Step
    reason: str


class Board:
    """Every breaker, in the order of the settings; `strategy:*` makes one for each strategy as it appears."""

    def __init__(
        self,
        settings: BreakerSettings,
        manager: OrderManager,
        markets: Sequence[Market],
        epoch: int,
        kept: Kept,
        effects: list[Effect],
        limits: Callable[[], tuple[BreakerSettings, int]],
    ) -> None:
        """Read what the engine collects in `effects`, and tell there what becomes of a breaker.

        `limits` gives the settings as they hold now, whose steps may be changed while running, and their version.
        """
        self.settings = settings
        self.breakers: dict[tuple[str, str], Breaker] = {}
        self.desk = Desk(manager, markets, epoch, day_begins_ns(settings.day_begins))
        self.kept = kept
        self._effects = effects
        self._limits = limits
        self._cursor = 0
        self._take(settings)
        self._noting: dict[type[msgspec.Struct], list[Breaker]] = {}
        self._known: tuple[int, tuple[str, ...]] | None = None  # how many markets, which strategies

    def appear(self, strategies: Sequence[str]) -> None:
        """Make the breakers of the strategies, venues and instruments that there are now, where any are new."""
        known = (len(self.desk.markets), tuple(strategies))
        if known == self._known:
            return
        self._known = known
        for kind in KINDS:
            for row in self.settings.rows(kind):
                for scope in self._scopes(row, strategies):
                    if (kind, scope) not in self.breakers:
                        self._make(kind, scope, self._row_of(kind, scope) or row)

    def _row_of(self, kind: str, scope: str) -> Row | None:
        """Return the row of a scope: its own before one of each."""
        rows = self.settings.rows(kind)
        own = next((row for row in rows if row.scope == scope), None)
        return own or next((row for row in rows if self._covers(row, scope)), None)

    @property
    def has_other_rows(self) -> bool:
        """Whether rows came or went since breakers were looked at last: one that came counts from now on, not later."""
        settings = self._limits()[0]
        has_changed = settings is not self.settings and self._known is not None
        return has_changed and _places(settings) != _places(self.settings)

    def refresh(self) -> None:
        """Have the rows that hold now: other steps and windows, new breakers; what was reached and counted stays.

        One whose row has gone is forgotten; what it has latched stays latched until a person takes that off.
        """
        settings = self._limits()[0]
        if settings is self.settings:
            return
        self._take(settings)
        for breaker in list(self.breakers.values()):
            row = self._row_of(breaker.kind, breaker.scope)
            if row is not None:
                breaker.change(row, self._hysteresis_ppm, self._unvalued)
            else:
                self._drop(breaker)
        if self._known is not None:
            strategies, self._known = self._known[1], None
            self.appear(strategies)

    def _take(self, settings: BreakerSettings) -> None:
        self.settings = settings
        self._hysteresis_ppm = fraction("hysteresis", settings.hysteresis, PPM)
        self._unvalued = Unvalued(STEP_OF[settings.unvalued], settings.unvalued_after_s * SECOND_NS)

    def _drop(self, breaker: Breaker) -> None:
        """Watch no more what has no row any more, and say so where anything was kept of it."""
        del self.breakers[breaker.kind, breaker.scope]
        for watching in self._noting.values():
            if breaker in watching:
                watching.remove(breaker)
        told = self.kept.told.get((breaker.kind, breaker.scope))
        if told is not None:
            self._forget(told, "its row was taken off")

    def _forget(self, told: BreakerChanged, reason: str) -> None:
        self._tell(msgspec.structs.replace(told, step=0, memory={}, reason=reason))

    def restored(self) -> None:
        """Go on from what the session before left; forget what the settings have no breaker for any more."""
        for told in list(self.kept.told.values()):
            breaker = self.breakers.get((told.breaker, told.scope))
            if breaker is not None:
                breaker.restore(told)
            elif not any(self._covers(row, told.scope) for row in self._rows(told.breaker)):
                self._forget(told, "not in the settings any more")

    def follow(self, now_ns: int) -> list[Trip]:
        """Count what happened since the last question; return what is due by it."""
        effects, place = self._effects, self._cursor
        dirty: dict[tuple[str, str], Breaker] = {}
        noting = self._noting
        while place < len(effects):
            effect = effects[place]
            place += 1
            for breaker in noting.get(type(effect), ()):
                if breaker.watch.note(effect, now_ns) or breaker.is_news():
                    dirty[breaker.kind, breaker.scope] = breaker
        self._cursor = place
        return self._look(dirty.values(), now_ns) if dirty else []

    def collected(self) -> None:
        """Begin anew: the effects are taken away."""
        self._cursor = 0

    def look(self, now_ns: int) -> list[Trip]:
        """Look at every breaker: once a second."""
        for breaker in self.breakers.values():
            breaker.watch.look(now_ns)
        return self._look(self.breakers.values(), now_ns)

    def tripped(self) -> list[str]:
        """Return the scopes that a breaker has stopped."""
        return list(dict.fromkeys(each.scope for each in self.breakers.values() if each.step > Step.WARN))

    def arm(self, scope: str, now_ns: int, reason: str) -> list[str]:
        """Let the breakers that stopped a scope be calm again, by a person; return their names."""
        armed = []
        for breaker in self.breakers.values():
            if breaker.scope == scope and breaker.step > Step.WARN:
                breaker.arm(now_ns)
                breaker.since_ns = now_ns
                self._tell(breaker.told(None, f"armed: {reason}", self._limits()[1]))
                armed.append(breaker.kind)
        return armed

    def measured(self, told: ClockMeasured) -> None:
        """Take a measure of a venue's clock."""
        self.desk.clocks[told.venue] = (told.offset_ns, told.jumped_ns)

    def lagged(self, lag_ns: int, now_ns: int) -> list[Trip]:
        """Take what the edge says of its loop; return what is due by it."""
        found = [each for each in self.breakers.values() if isinstance(each.watch, LoopLag)]
        for breaker in found:
            assert isinstance(breaker.watch, LoopLag)
            breaker.watch.lagged(lag_ns, now_ns)
        return self._look(found, now_ns)

    @property
    def lag_from_ns(self) -> int | None:
        """The first figure that any breaker of the loop's lag steps at, None without one."""
        rungs = [rung.at for row in self._limits()[0].loop_lag_ms for rung in Ladder(row, LoopLag.unit, 0).rungs]
        return min(rungs, default=None)

    def split(self, index: int) -> None:
        """An instrument's shares became others."""
        for breaker in self.breakers.values():
            if isinstance(breaker.watch, SecondCount):
                breaker.watch.retake(index)
                if breaker.is_news():
                    self._tell(breaker.told(None, "split", self._limits()[1]))

    def state(self) -> list[object]:
        """Return what a digest must cover beside what is kept."""
        return [sorted(self.desk.clocks.items()), [each.state() for each in self.breakers.values()]]

    # -- inside ----------------------------------------------------------------------------------------------------

    def _look(self, breakers: Iterable[Breaker], now_ns: int) -> list[Trip]:
        """Measure, tell what changed, return what the engine has to carry out."""
        trips = []
        self.refresh()
        for breaker in breakers:
            if self.breakers.get((breaker.kind, breaker.scope)) is not breaker:
                continue  # its row has just gone
            asked = breaker.look(now_ns)
            if asked is not None:
                breaker.step, breaker.since_ns = asked.step, now_ns
                self._tell(breaker.told(asked, asked.reason, self._limits()[1]))
                if asked.step > Step.WARN:
                    trips.append(Trip(breaker.kind, breaker.scope, asked.step, f"{breaker.kind} {asked.reason}"))
                else:
                    self._alert(breaker, asked)
            elif breaker.is_news():
                self._tell(breaker.told(None, "", self._limits()[1]))
        return trips

    def _tell(self, told: BreakerChanged) -> None:
        self._effects.append(told)
        self.kept.take(told)

    def _alert(self, breaker: Breaker, asked: Asked) -> None:
        """Tell a person of a warning, or of its end: from REDUCE on the latch tells."""
        severity = Severity.WARNING if asked.step is Step.WARN else Severity.INFO
        message = f"{breaker.kind} of {breaker.scope} {asked.reason}"
        self._effects.append(Alert(severity=severity, code=f"BREAKER_{asked.step.name}", message=message))

    def _make(self, kind: str, scope: str, row: Row) -> None:
        watch = _MAKES[kind](self.desk, scope, self.settings.base_currency, row)
        breaker = Breaker(kind, scope, row, watch, self._hysteresis_ppm, self._unvalued)
        self.breakers[kind, scope] = breaker
        for effect in watch.tells:
            self._noting.setdefault(effect, []).append(breaker)
        told = self.kept.told.get((kind, scope))
        if told is not None:
            breaker.restore(told)

    def _scopes(self, row: Row, strategies: Sequence[str]) -> Iterator[str]:
        """Yield the scopes of a row: its own, or one for each that there is."""
        kind, _, name = row.scope.partition(":")
        if name != EVERY:
            yield row.scope
        elif kind == "strategy":
            yield from (f"strategy:{each}" for each in strategies)
        else:
            instruments = [market.instrument for market in self.desk.markets]
            names = [each.venue if kind == "venue" else each.id for each in instruments]
            yield from (f"{kind}:{each}" for each in dict.fromkeys(names))

    def _rows(self, kind: str) -> tuple[Row, ...]:
        return self.settings.rows(kind) if kind in KINDS else ()

    def _covers(self, row: Row, scope: str) -> bool:
        """Whether a row is of a scope, or of all of its kind: one that has not appeared yet keeps its memory."""
        kind, _, name = row.scope.partition(":")
        return row.scope == scope or (kind != ALL and name == EVERY and scope.startswith(f"{kind}:"))


def _places(settings: BreakerSettings) -> list[tuple[str, str]]:
    return [(kind, row.scope) for kind in KINDS for row in settings.rows(kind)]
