"""The steps of a breaker: which figure asks for which, and when a warning is over."""

import enum
from typing import NamedTuple

from risk.breaker_settings import Row, StepName, fraction

PPM = 1_000_000


class Step(enum.IntEnum):
    """How far a breaker has gone; from REDUCE on only a person takes it back."""

    CALM = 0
    WARN = 1
    REDUCE = 2  # nothing may be opened
    HALT = 3  # nothing may be sent but cancels
    FLATTEN = 4  # as HALT, and everything is cancelled and closed


STEP_OF = {
    StepName.WARN: Step.WARN,
    StepName.REDUCE: Step.REDUCE,
    StepName.HALT: Step.HALT,
    StepName.FLATTEN: Step.FLATTEN,
}


class Rung(NamedTuple):
    """From `at` on, `step` is asked for; `key` and `text` are the setting's."""

    at: int
    step: Step
    text: str


class Ladder:
    """The rungs of one row, in whole units; of figures that fall as things get worse, both are negative."""

    __slots__ = ("_calm_below", "rungs")

    def __init__(self, row: Row, unit: int, hysteresis_ppm: int) -> None:
        """Read a row's steps, in units of which `unit` make one of what the settings say."""
        falls = row.ending() == "_below"
        found = []
        for key, value in row.rungs():
            step = STEP_OF[StepName(key.removesuffix(row.ending()))]
            # Below 3 of a whole number is 2 or fewer; what is cut off a loss makes it trip sooner.
            at = 1 - fraction(key, value, unit) if falls else fraction(key, value, unit)
            found.append(Rung(at, step, str(value)))
        self.rungs = tuple(found)
        first = self.rungs[0].at if self.rungs else 0
        self._calm_below = first if falls else first - first * hysteresis_ppm // PPM

    def reached(self, figure: int) -> Rung | None:
        """Return the strictest rung that a figure has reached, None for none."""
        best = None
        for rung in self.rungs:
            if figure >= rung.at:
                best = rung
        return best

    def next_text(self, step: Step) -> str:
        """Return the figure of the first step above `step` as the settings say it, "" where there is none."""
        return next((rung.text for rung in self.rungs if rung.step > step), "")

    def is_calm(self, figure: int) -> bool:
        """Whether a figure is so far below the first rung that a warning is over."""
        return figure < self._calm_below
