"""Sliding windows that never subtract: sums, extremes and moments of the last `period` samples.

A running sum that adds the newest and takes away the oldest sample drifts, and after one outlier its variance may come
out wrong or below zero. These windows add only. Samples come in blocks of `period`; the window always is the end of the
block before (the *tail*) and the start of this block (the *head*):

    samples      ...  [ a  b  c  d  e ] [ f  g        period 5: the window is c d e f g,
                              |-tail-|   |-head-|     its tail c d e, its head f g

The head is built up sample by sample. When a block is complete, one backward pass turns it into what every possible
tail amounts to. So an update is O(1) on average: each `period`-th one makes the pass, all others do one merge. Rounding
errors come from at most `period` additions, whatever came before: after any number of samples a sum of positive numbers
is within `period` * 2**-53 (1.2e-13 at CAPACITY) of the exact one, relatively; a window of equal samples has variance
exactly 0.0; and an infinite or NaN sample is forgotten once it has left.

`values` before `place` holds the samples of this block; from `place` on it holds the tails. Sources: M. van
Herk, "A fast algorithm for local minimum and maximum filters" (1992), for the blocks; T. Chan, G. Golub, R. LeVeque,
"Updating formulae and a pairwise algorithm for computing sample variances" (1979), for merging moments; B. Welford
(1962) for adding one sample to them.
"""

from dataclasses import dataclass

from core.hot import Floats, floats
from strategies.base import StrategyError

CAPACITY = 1024
"""The longest window, in samples. Compiled records have arrays of fixed length, so there has to be one."""


@dataclass(slots=True)
class RollingSum:
    """The sum of the last `period` samples, in their unit. Source: the module's; pandas `rolling(period).sum()`.

    Warm-up: `period` samples; before that `value` is the sum of all there were.
    """

    period: int
    value: float = 0.0
    ready: bool = False
    place: int = 0
    head: float = 0.0
    values: Floats = floats(CAPACITY)


@dataclass(slots=True)
class Extremes:
    """The highest high and the lowest low of the last `period` samples, in their unit. Source: the module's.

    As TA-Lib MAX and MIN. Warm-up: `period` samples; before that they are those of all there were.
    """

    period: int
    highest: float = 0.0
    lowest: float = 0.0
    ready: bool = False
    place: int = 0
    head_high: float = 0.0
    head_low: float = 0.0
    highs: Floats = floats(CAPACITY)
    lows: Floats = floats(CAPACITY)


@dataclass(slots=True)
class Moments:
    """Mean and variance of the last `period` samples, in their unit and its square.

    `variance` divides by `period` (ddof 0); times period / (period - 1) it is pandas' default. Source: the module's;
    TA-Lib VAR. Warm-up: `period` samples; before that both are 0.0.
    """

    period: int
    mean: float = 0.0
    variance: float = 0.0
    ready: bool = False
    place: int = 0
    head_mean: float = 0.0
    head_squares: float = 0.0
    values: Floats = floats(CAPACITY)
    squares: Floats = floats(CAPACITY)


def checked(name: str, what: str, value: int, lowest: int = 1) -> int:
    """Return a number of samples of an indicator that keeps no window. Raises StrategyError."""
    if type(value) is not int or value < lowest:
        raise StrategyError(f"{name}: {what} must be a whole number of at least {lowest} samples, found {value!r}")
    return value


def checked_window(name: str, what: str, value: int, lowest: int = 1) -> int:
    """Return a number of samples of an indicator that keeps them. Raises StrategyError."""
    if checked(name, what, value, lowest) > CAPACITY:
        raise StrategyError(
            f"{name}: {what} is {value} samples, a window holds at most {CAPACITY}; feed it longer bars "
            "(one in every k samples), or use an indicator without a window, such as ema"
        )
    return value


def checked_positive(name: str, what: str, value: float) -> float:
    """Return a finite number above 0 as a float. Raises StrategyError."""
    if not 0.0 < value < float("inf"):
        raise StrategyError(f"{name}: {what} must be a finite number above 0, found {value!r}")
    return float(value)


def rolling_sum(period: int) -> RollingSum:
    """Return an empty window of `period` samples. Raises StrategyError."""
    return RollingSum(checked_window("rolling sum", "period", period))


def extremes(period: int) -> Extremes:
    """Return an empty window of `period` samples. Raises StrategyError."""
    return Extremes(checked_window("extremes", "period", period))


def moments(period: int) -> Moments:
    """Return an empty window of `period` samples. Raises StrategyError."""
    return Moments(checked_window("moments", "period", period))


def rolling_sum_update(window: RollingSum, x: float) -> None:
    """Take one sample in units of your choice; `value` has the same unit."""
    values = window.values
    place = window.place
    values[place] = x
    head = window.head + x
    place += 1
    if place < window.period:
        window.head = head
        window.place = place
        window.value = head + values[place]
    else:
        tail = 0.0
        for index in range(place - 1, -1, -1):
            tail += values[index]
            values[index] = tail
        window.head = 0.0
        window.place = 0
        window.value = tail
        window.ready = True


def extremes_update(window: Extremes, high: float, low: float) -> None:
    """Take one sample's high and low (the same number twice where there is one); exact, no rounding."""
    highs, lows = window.highs, window.lows
    place = window.place
    highs[place] = high
    lows[place] = low
    highest = window.head_high
    lowest = window.head_low
    if place == 0 or high > highest:
        highest = high
    if place == 0 or low < lowest:
        lowest = low
    window.head_high = highest
    window.head_low = lowest
    place += 1
    if place == window.period:
        _tails_of_extremes(window)
        window.place = 0
        window.highest = highest
        window.lowest = lowest
        window.ready = True
        return
    window.place = place
    if window.ready:
        tail = highs[place]
        if tail > highest:  # noqa: PLR1730 - a call of max would cost more than all the rest
            highest = tail
        tail = lows[place]
        if tail < lowest:  # noqa: PLR1730 - likewise
            lowest = tail
    window.highest = highest
    window.lowest = lowest


def _tails_of_extremes(window: Extremes) -> None:
    """Turn a complete block into the extremes of its ends."""
    highs, lows = window.highs, window.lows
    highest = highs[window.period - 1]
    lowest = lows[window.period - 1]
    for index in range(window.period - 2, -1, -1):
        if highs[index] > highest:
            highest = highs[index]
        else:
            highs[index] = highest
        if lows[index] < lowest:
            lowest = lows[index]
        else:
            lows[index] = lowest


def moments_update(window: Moments, x: float) -> None:
    """Take one sample in units of your choice; `mean` has the same unit, `variance` its square."""
    values, squares = window.values, window.squares
    place = window.place
    values[place] = x
    head = place + 1
    if place == 0:
        mean = x
        total = 0.0
    else:
        mean = window.head_mean
        delta = x - mean
        mean += delta / head
        total = window.head_squares + delta * (x - mean)
    window.head_mean = mean
    window.head_squares = total
    period = window.period
    if head == period:
        _tails_of_moments(window)
        window.place = 0
        window.mean = values[0]
        window.variance = squares[0] / period
        window.ready = True
        return
    window.place = head
    if window.ready:
        tail = period - head
        delta = values[head] - mean
        window.mean = mean + delta * tail / period
        window.variance = (total + squares[head] + delta * delta * head * tail / period) / period


def _tails_of_moments(window: Moments) -> None:
    """Turn a complete block into the means and the sums of squared deviations of its ends."""
    values, squares = window.values, window.squares
    last = window.period - 1
    mean = values[last]
    total = 0.0
    squares[last] = 0.0
    for index in range(last - 1, -1, -1):
        x = values[index]
        delta = x - mean
        mean += delta / (last - index + 1)
        total += delta * (x - mean)
        values[index] = mean
        squares[index] = total


HOT = (
    rolling_sum_update,
    extremes_update,
    _tails_of_extremes,
    moments_update,
    _tails_of_moments,
)
