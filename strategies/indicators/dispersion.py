"""How far samples spread: Bollinger bands, z-score, realised volatility."""

import math
from dataclasses import dataclass

from strategies.indicators.windows import (
    Moments,
    RollingSum,
    checked_positive,
    checked_window,
    moments_update,
    rolling_sum_update,
)


@dataclass(slots=True)
class Bollinger:
    """Bollinger bands: `middle` = SMA, `upper` and `lower` = middle +- multiplier * `deviation`, all in one unit.

    `deviation` is the window's standard deviation with divisor `period` (ddof 0), as Bollinger and TA-Lib take it.
    Source: J. Bollinger, "Bollinger on Bollinger Bands" (2001); TA-Lib BBANDS with simple averages.
    Warm-up: `period` samples; before that all are 0.0.
    """

    window: Moments
    multiplier: float
    upper: float = 0.0
    middle: float = 0.0
    lower: float = 0.0
    deviation: float = 0.0
    ready: bool = False


@dataclass(slots=True)
class ZScore:
    """Z-score of the newest sample within the last `period`, itself included: (x - mean) / standard deviation.

    A pure number; divisor `period` (ddof 0), as scipy.stats.zscore; 0.0 where all samples are equal.
    Source: scipy.stats.zscore over each window. Warm-up: `period` samples; before that `value` is 0.0.
    """

    window: Moments
    value: float = 0.0
    ready: bool = False


@dataclass(slots=True)
class RealisedVolatility:
    """Realised volatility: sqrt(samples_per_year / period * sum of the last `period` squared log returns).

    A fraction a year (0.6 is 60 %), without subtracting the mean return. With `samples_per_year` = `period` it is that
    of the window itself. Source: T. Andersen, T. Bollerslev, "Answering the Skeptics" (1998); pandas
    `log(x).diff().pow(2).rolling(period).sum()`. Warm-up: `period` + 1 samples. A sample of 0 or less has no logarithm:
    it is passed over, and so is the return into and out of it.
    """

    window: RollingSum
    scale: float
    value: float = 0.0
    ready: bool = False
    last: float = 0.0


def bollinger(period: int, multiplier: float) -> Bollinger:
    """Return Bollinger bands of `period` samples, 2 to CAPACITY; Bollinger used 20, 2.0. Raises StrategyError."""
    checked_window("bollinger", "period", period, 2)
    return Bollinger(Moments(period), checked_positive("bollinger", "multiplier", multiplier))


def z_score(period: int) -> ZScore:
    """Return a z-score within `period` samples, 2 to CAPACITY. Raises StrategyError."""
    return ZScore(Moments(checked_window("z_score", "period", period, 2)))


def realised_volatility(period: int, samples_per_year: float) -> RealisedVolatility:
    """Return a realised volatility of `period` returns, 1 to CAPACITY; 525_600 minutes a year. Raises StrategyError."""
    checked_window("realised_volatility", "period", period)
    scale = checked_positive("realised_volatility", "samples_per_year", samples_per_year) / period
    return RealisedVolatility(RollingSum(period), scale)


def bollinger_update(bands: Bollinger, x: float) -> None:
    """Take one sample."""
    window = bands.window
    moments_update(window, x)
    if window.ready:
        middle = window.mean
        deviation = math.sqrt(window.variance)
        width = bands.multiplier * deviation
        bands.middle = middle
        bands.deviation = deviation
        bands.upper = middle + width
        bands.lower = middle - width
        bands.ready = True


def z_score_update(score: ZScore, x: float) -> None:
    """Take one sample."""
    window = score.window
    moments_update(window, x)
    if window.ready:
        score.ready = True
        if window.variance > 0.0:
            score.value = (x - window.mean) / math.sqrt(window.variance)
        else:
            score.value = 0.0


def realised_volatility_update(volatility: RealisedVolatility, x: float) -> None:
    """Take one sample, a price above 0."""
    last = volatility.last
    volatility.last = x
    if x <= 0.0 or last <= 0.0:
        return
    window = volatility.window
    change = math.log(x / last)
    rolling_sum_update(window, change * change)
    if window.ready:
        volatility.value = math.sqrt(volatility.scale * window.value)
        volatility.ready = True


HOT = (bollinger_update, z_score_update, realised_volatility_update)
