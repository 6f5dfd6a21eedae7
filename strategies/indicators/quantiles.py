"""Quantiles of a sliding window: the median, percentiles, thresholds that know no distribution."""

from bisect import bisect_left
from dataclasses import dataclass

from core.hot import Floats, floats
from strategies.base import StrategyError
from strategies.indicators.windows import CAPACITY, checked_window


@dataclass(slots=True)
class Quantile:
    """The `probability`-quantile of the last `period` samples, between two of them by linear interpolation.

    In the unit of the samples; 0.5 is the median. Source: pandas `rolling(period).quantile(probability)`, type 7 of
    R. Hyndman, Y. Fan, "Sample quantiles in statistical packages" (1996). Warm-up: `period` samples; before that 0.0.
    Cost: the window is kept sorted; an update moves the samples between the rank of the oldest and that of the newest,
    O(period) at worst. Exact: samples are moved, never added up.
    """

    period: int
    rank: int
    next_rank: int
    fraction: float
    value: float = 0.0
    ready: bool = False
    place: int = 0
    values: Floats = floats(CAPACITY)
    ordered: Floats = floats(CAPACITY)


def quantile(period: int, probability: float) -> Quantile:
    """Return a rolling quantile; `period` 1 to CAPACITY, `probability` 0 to 1. Raises StrategyError."""
    checked_window("quantile", "period", period)
    if not 0.0 <= probability <= 1.0:
        raise StrategyError(f"quantile: probability must be from 0 to 1, found {probability!r}; 0.5 is the median")
    exact = probability * (period - 1)
    rank = int(exact)
    return Quantile(period, rank, min(rank + 1, period - 1), exact - rank)


def quantile_update(quantile: Quantile, x: float) -> None:
    """Take one sample."""
    values, ordered = quantile.values, quantile.ordered
    place = quantile.place
    period = quantile.period
    if quantile.ready:
        gap = bisect_left(ordered, values[place], 0, period)
        wanted = bisect_left(ordered, x, 0, period)
    else:
        gap = place
        wanted = bisect_left(ordered, x, 0, place)
    values[place] = x
    place += 1
    if place == period:
        place = 0
        quantile.ready = True
    quantile.place = place
    while gap > wanted:
        ordered[gap] = ordered[gap - 1]
        gap -= 1
    while gap + 1 < wanted:
        ordered[gap] = ordered[gap + 1]
        gap += 1
    ordered[gap] = x
    if quantile.ready:
        low = ordered[quantile.rank]
        quantile.value = low + (ordered[quantile.next_rank] - low) * quantile.fraction


HOT = (quantile_update,)
