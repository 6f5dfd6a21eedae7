"""Algorithms that follow a clock: so much of the parent by the end of each interval.

At the beginning of an interval what the schedule wants by its end is asked for, passively at our own side of the touch;
what is left of it at the interval's end is brought across the spread by a replacement. `style = "take"` crosses at
once. What an interval missed (a reject, a limit out of reach) the next one catches up with, since targets are in all.
"""

from typing import ClassVar, Literal

import msgspec

from strategies.algos.parent import SECOND_NS, TIME_OVER, ParentParams, ParentStrategy
from strategies.algos.schedules import almgren_chriss, even, weighted
from strategies.base import StrategyParams

SLICE = "slice"
_INTERVALS = 10


class ScheduledParams(ParentParams, frozen=True):
    """`duration_s` is cut into `intervals` of the same length."""

    duration_s: int = 600
    intervals: int = _INTERVALS
    style: Literal["join", "take"] = "join"

    def __post_init__(self) -> None:
        """Refuse what makes no sense. Raises ValueError."""
        if self.duration_s < 1 or not 1 <= self.intervals <= 10_000:
            raise ValueError("duration_s must be 1 or more, intervals 1 to 10000")


class ScheduledStrategy(ParentStrategy):
    """Base of the algorithms that follow a schedule."""

    Params: ClassVar[type[StrategyParams]] = ScheduledParams
    params: ScheduledParams

    def schedule(self) -> list[int]:
        """Return the cumulative quantity at the end of each interval."""
        raise NotImplementedError

    def on_start(self) -> None:
        """Work out the schedule and begin."""
        self.targets: list[int] = []
        self.interval = 0  # the one under way, from 1
        self._until_ns = 0  # its end
        self._crosses = False  # whether an interval ended while nobody looked
        self.begin()

    def arrived(self) -> None:
        """Begin the first interval."""
        self._plan()
        self._next()

    def place_now(self) -> list[int]:
        """Return the interval under way and its end."""
        return [self.interval, self._until_ns]

    def resumed(self, place: list[int]) -> None:
        """Go on in the interval in which it would be now: what those that passed have missed, it catches up with."""
        self._plan()
        self.interval, self._until_ns = place
        while self._until_ns <= self.now_ns:
            if self.interval > len(self.targets):
                self.end("expired", TIME_OVER)
                return
            self.interval += 1
            self._until_ns += self._slice_ns
            self._crosses = True
        self.set_timer(SLICE, self._until_ns - self.now_ns)

    def due(self, name: str) -> None:
        """End an interval: bring across what is left of it, and begin the next one."""
        if name != SLICE:
            return
        if self.interval > len(self.targets):
            self.end("expired", TIME_OVER)
            return
        self._cross()
        self._next()

    def move(self) -> None:
        """Ask for what is missing to the target of the interval."""
        if not self.targets:
            return
        if self._crosses:
            self._crosses = False
            self._cross()
        target = self.targets[min(self.interval, len(self.targets)) - 1]
        missing = target - self.filled - self.working
        if missing >= self.lot:
            taking = self.params.style == "take" or self.interval > len(self.targets)
            self.place(missing, self.far if taking else self.near, taking=taking)

    def _next(self) -> None:
        """Begin the next interval; after the last there is one more, to end what crosses."""
        self.interval += 1
        self._until_ns = self.now_ns + self._slice_ns
        self.set_timer(SLICE, self._slice_ns)
        self.move()

    def _plan(self) -> None:
        """Work out the schedule."""
        self.targets = self.schedule()
        self._slice_ns = max(self.params.duration_s * SECOND_NS // len(self.targets), 1)

    def _cross(self) -> None:
        """Bring across what is left of an interval."""
        for child in self.children:
            self.replace(child, price=self.within(self.far))


class Twap(ScheduledStrategy):
    """Does the same in every interval: the time-weighted average price."""

    algorithm = "twap"

    def schedule(self) -> list[int]:
        """Return equal parts."""
        return even(self.quantity, self.params.intervals, self.lot)


class Vwap(ScheduledStrategy):
    """Follows a curve of volume, one weight for each interval: the volume-weighted average price."""

    algorithm = "vwap"

    class Params(ScheduledParams, frozen=True):
        """`weights` in any unit, one for each interval: they say how many there are; none: all the same.

        Give `intervals` or `weights`.
        """

        weights: tuple[float, ...] = ()

        def __post_init__(self) -> None:
            """Refuse what makes no sense. Raises ValueError."""
            super().__post_init__()
            count = len(self.weights)
            if count and self.intervals not in (count, _INTERVALS):  # a session's head keeps defaults, too
                raise ValueError(f"{count} weights make {count} intervals, not {self.intervals}: leave `intervals` out")
            if count:
                msgspec.structs.force_setattr(self, "intervals", count)

    params: Params

    def schedule(self) -> list[int]:
        """Return the parts of the curve."""
        return weighted(self.quantity, self.params.weights or (1.0,) * self.params.intervals, self.lot)


class ImplementationShortfall(ScheduledStrategy):
    """Does more at first, the more so the more risk is shunned: Almgren and Chriss's schedule."""

    algorithm = "implementation-shortfall"

    class Params(ScheduledParams, frozen=True):
        """In price of the quote currency and whole units of the base; see `schedules.almgren_chriss`."""

        risk_aversion: float = 1e-6
        volatility: float = 1.0  # price per square root of a second
        temporary_impact: float = 1.0  # price per unit per second
        permanent_impact: float = 0.0  # price per unit

    params: Params

    def schedule(self) -> list[int]:
        """Return the schedule."""
        params = self.params
        return almgren_chriss(
            self.quantity,
            params.intervals,
            self.lot,
            interval_s=params.duration_s / params.intervals,
            risk_aversion=params.risk_aversion,
            volatility=params.volatility,
            temporary_impact=params.temporary_impact,
            permanent_impact=params.permanent_impact,
        )
