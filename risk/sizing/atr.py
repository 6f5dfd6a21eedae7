"""The average true range, and the size that loses so much of the equity when a stop some ATRs away is hit.

True range = max(high - low, |high - close before|, |low - close before|). The average starts as the mean of the first
`period` of them; then average = (average * (period - 1) + range) / period. Source: J. W. Wilder, "New Concepts in
Technical Trading Systems" (1978), section III. quantity = equity * risk / (distance of the stop * value of a unit's
move), as the Turtles sized by (C. Faith, "Way of the Turtle", 2007).
"""

from core.money import money_text
from risk.controls.worth import Worth
from risk.sizing.bound import Bound, floor_of, text_of

RULE = "risk"


class Wilder:
    """The average true range of one market's bars, in price units; 0.0 until so many were seen."""

    __slots__ = ("_close", "_count", "_period", "_sum", "value")

    def __init__(self, period: int) -> None:
        """Have seen nothing."""
        self._period = period
        self._count = 0  # of true ranges
        self._sum = 0  # of the first ones
        self._close = 0  # of the bar before; 0 where there is none to be believed
        self.value = 0.0

    def take(self, high: int, low: int, close: int, *, complete: bool) -> None:
        """Take a bar; one that missed trades is left out, and the next is not measured against a close before it."""
        before, self._close = self._close, close if complete else 0
        if not complete or not before:
            return
        span = max(high - low, abs(high - before), abs(low - before))
        self._count += 1
        if self._count < self._period:
            self._sum += span
        elif self._count == self._period:
            self.value = (self._sum + span) / self._period
        else:
            self._count = self._period + 1  # counts no further
            self.value = (self.value * (self._period - 1) + span) / self._period

    def state(self) -> list[object]:
        """Return everything that a digest must cover."""
        return [self._count, self._sum, self._close, self.value]


def by_risk(equity: int, risk: float, distance: float, price: int, worth: Worth) -> Bound:
    """Return what loses `risk` of the equity over a distance in price units; `worth` is of a unit at `price`."""
    loss = worth.numerator / worth.denominator * (distance / price)
    figures = {"equity": money_text(equity, 2), "stop_distance": text_of(distance)}
    return Bound(RULE, floor_of(equity / loss * risk), figures)
