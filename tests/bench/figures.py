"""One measured figure beside its goal."""

import statistics
from collections.abc import Callable

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """A value in `unit`; `goal` is 0 where none was set."""

    name: str
    detail: str
    value: float
    unit: str
    goal: float = 0.0
    higher: bool = False

    @property
    def reached(self) -> bool | None:
        """Whether the goal was reached, None without one."""
        if not self.goal:
            return None
        return self.value >= self.goal if self.higher else self.value <= self.goal


def median_of(measure: Callable[[], float], runs: int) -> float:
    """Return the median of several runs."""
    return statistics.median(measure() for _ in range(runs))
