"""One breaker: a row of the settings in one scope, its figure, and how far it has gone."""

from typing import NamedTuple

from core.controls import BreakerChanged
from risk.breaker_settings import AfterArm, Row
from risk.breakers.ladder import Ladder, Step
from risk.breakers.watch import Watch


class Unvalued(NamedTuple):
    """What happens where a figure cannot be valued for so long: fail closed, by a step that the settings choose."""

    step: Step
    after_ns: int


class Asked(NamedTuple):
    """A step that a breaker asks for, with the figure and the limit as text."""

    step: Step
    figure: str
    limit: str
    reason: str


class Breaker:
    """Measures, and says when a step is due. Steps from REDUCE on are never taken back but by `arm`."""

    __slots__ = (
        "_figure",
        "_row",
        "_told",
        "_unvalued",
        "kind",
        "ladder",
        "missing_ns",
        "scope",
        "since_ns",
        "step",
        "watch",
    )

    def __init__(self, kind: str, scope: str, row: Row, watch: Watch, hysteresis_ppm: int, unvalued: Unvalued) -> None:
        """Begin calm."""
        self.kind = kind
        self.scope = scope
        self.watch = watch
        self.ladder = Ladder(row, watch.unit, hysteresis_ppm)
        self.step = Step.CALM
        self.since_ns = 0
        self.missing_ns = 0
        """Since when the figure cannot be valued, 0 where it can."""
        self._row = row
        self._unvalued = unvalued
        self._figure: int | None = None
        self._told = watch.memory

    @property
    def figure_text(self) -> str:
        """The figure when it was last looked at, "" where there was none."""
        return "" if self._figure is None else self.watch.text(self._figure)

    def change(self, row: Row, hysteresis_ppm: int, unvalued: Unvalued) -> None:
        """Have the steps and windows of a row from now on; what was reached, and what was counted, stays."""
        self._row = row
        self._unvalued = unvalued
        self.watch.change(row)
        self.ladder = Ladder(row, self.watch.unit, hysteresis_ppm)

    def restore(self, told: BreakerChanged) -> None:
        """Go on from what was told last."""
        self.step, self.since_ns = Step(told.step), told.since_ns
        self.watch.memory = self._told = {key: int(number) for key, number in sorted(told.memory.items())}

    def look(self, now_ns: int) -> Asked | None:
        """Measure; return the step that is due, one above the present one, or CALM where a warning is over."""
        figure = self._figure = self.watch.figure(now_ns)
        asked = self._asked(figure, now_ns)
        if asked is not None and asked.step > self.step:
            return asked
        over = asked is None and figure is not None and self.ladder.is_calm(figure)
        if self.step is Step.WARN and (over or (figure is not None and not self.ladder.rungs)):
            return Asked(Step.CALM, self.figure_text, "", f"is {self.figure_text} again")
        return None

    def _asked(self, figure: int | None, now_ns: int) -> Asked | None:
        """Return the strictest step that anything asks for, whatever has been taken."""
        asked = self._missing(now_ns) if figure is None else self._reached(figure)
        demand = self.watch.demands()
        if demand is not None and (asked is None or asked.step < demand[0]):
            return Asked(Step(demand[0]), self.figure_text, "no difference", demand[1])
        return asked

    def _reached(self, figure: int) -> Asked | None:
        """Return the strictest rung that the figure has reached."""
        self.missing_ns = 0
        rung = self.ladder.reached(figure)
        if rung is None:
            return None
        why = f"is {self.figure_text}, {rung.step.name.lower()} at {rung.text}"
        return Asked(rung.step, self.figure_text, rung.text, why)

    def _missing(self, now_ns: int) -> Asked | None:
        """Return what is due where a figure has not been valued for too long."""
        if not self.watch.problem:
            self.missing_ns = 0
            return None
        self.missing_ns = self.missing_ns or now_ns
        if now_ns - self.missing_ns < self._unvalued.after_ns:
            return None
        why = f"cannot be valued: {self.watch.problem}"
        return Asked(self._unvalued.step, "", "", why)

    def arm(self, now_ns: int) -> None:
        """Be calm again, by a person; count anew, or on, as the settings say."""
        self.step, self.missing_ns = Step.CALM, 0
        if self._row.after_arm is AfterArm.ANEW:
            self.watch.anew(now_ns)

    def is_news(self) -> bool:
        """Whether what is counted from is not as it was told last."""
        return self._told is not self.watch.memory and self._told != self.watch.memory

    def told(self, asked: Asked | None, reason: str, version: int) -> BreakerChanged:
        """Return the whole breaker as it is to be told; `asked`: the step that was just taken."""
        self._told = self.watch.memory
        return BreakerChanged(
            breaker=self.kind,
            scope=self.scope,
            step=int(self.step),
            since_ns=self.since_ns,
            figure=self.figure_text if asked is None else asked.figure,
            limit="" if asked is None else asked.limit,
            memory={key: str(number) for key, number in sorted(self.watch.memory.items())},
            reason=reason,
            version=version,
        )

    def state(self) -> list[object]:
        """Return what a digest must cover and the kept state does not."""
        return [self.kind, self.scope, int(self.step), self.missing_ns, self.watch.state()]
