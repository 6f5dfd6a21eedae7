"""How two series move together: rolling correlation, covariance and beta."""

import math
from dataclasses import dataclass

from core.hot import Floats, floats
from strategies.indicators.windows import CAPACITY, checked_window


@dataclass(slots=True)
class Correlation:
    """Pearson correlation, covariance and regression slope of y on x over the last `period` pairs of samples.

    With Sxy the sum of products of deviations: `covariance` = Sxy / period (ddof 0), `correlation` = Sxy / sqrt(Sxx *
    Syy), a pure number in -1 to 1, `beta` = Sxy / Sxx in units of y per unit of x: with returns of a market as x and of
    an instrument as y it is the CAPM's beta, with prices it is a hedge ratio. Correlation and beta are 0.0 where a
    window holds equal samples only. The window is that of `windows`: it never subtracts a sample, so nothing drifts.
    Source: pandas `rolling(period).corr()` and `.cov(ddof=0)`, TA-Lib CORREL; merging by P. Pebay, "Formulas for
    robust, one-pass parallel computation of covariances" (2008). Warm-up: `period` pairs; before that all are 0.0.
    """

    period: int
    correlation: float = 0.0
    beta: float = 0.0
    covariance: float = 0.0
    ready: bool = False
    place: int = 0
    head_x: float = 0.0
    head_y: float = 0.0
    head_xx: float = 0.0
    head_yy: float = 0.0
    head_xy: float = 0.0
    xs: Floats = floats(CAPACITY)
    ys: Floats = floats(CAPACITY)
    xxs: Floats = floats(CAPACITY)
    yys: Floats = floats(CAPACITY)
    xys: Floats = floats(CAPACITY)


def correlation(period: int) -> Correlation:
    """Return a rolling correlation over `period` pairs, 2 to CAPACITY. Raises StrategyError."""
    return Correlation(checked_window("correlation", "period", period, 2))


def correlation_update(pair: Correlation, x: float, y: float) -> None:
    """Take one pair of samples."""
    place = pair.place
    pair.xs[place] = x
    pair.ys[place] = y
    _add_to_head(pair, x, y)
    head = place + 1
    period = pair.period
    if head == period:
        _tails(pair)
        pair.place = 0
        pair.ready = True
        _conclude(pair, pair.xxs[0], pair.yys[0], pair.xys[0])
        return
    pair.place = head
    if pair.ready:
        dx = pair.xs[head] - pair.head_x
        dy = pair.ys[head] - pair.head_y
        weight = head * (period - head) / period
        _conclude(
            pair,
            pair.head_xx + pair.xxs[head] + dx * dx * weight,
            pair.head_yy + pair.yys[head] + dy * dy * weight,
            pair.head_xy + pair.xys[head] + dx * dy * weight,
        )


def _add_to_head(pair: Correlation, x: float, y: float) -> None:
    """Add a pair to the moments of this block."""
    place = pair.place
    if place == 0:
        pair.head_x = x
        pair.head_y = y
        pair.head_xx = 0.0
        pair.head_yy = 0.0
        pair.head_xy = 0.0
        return
    dx = x - pair.head_x
    dy = y - pair.head_y
    pair.head_x += dx / (place + 1)
    pair.head_y += dy / (place + 1)
    rest = y - pair.head_y
    pair.head_xx += dx * (x - pair.head_x)
    pair.head_yy += dy * rest
    pair.head_xy += dx * rest


def _tails(pair: Correlation) -> None:
    """Turn a complete block into the moments of its ends."""
    xs, ys = pair.xs, pair.ys
    last = pair.period - 1
    mean_x = xs[last]
    mean_y = ys[last]
    xx = 0.0
    yy = 0.0
    xy = 0.0
    pair.xxs[last] = 0.0
    pair.yys[last] = 0.0
    pair.xys[last] = 0.0
    for index in range(last - 1, -1, -1):
        dx = xs[index] - mean_x
        dy = ys[index] - mean_y
        count = last - index + 1
        mean_x += dx / count
        mean_y += dy / count
        rest = ys[index] - mean_y
        xx += dx * (xs[index] - mean_x)
        yy += dy * rest
        xy += dx * rest
        xs[index] = mean_x
        ys[index] = mean_y
        pair.xxs[index] = xx
        pair.yys[index] = yy
        pair.xys[index] = xy


def _conclude(pair: Correlation, xx: float, yy: float, xy: float) -> None:
    """Set the outputs from the sums over the whole window."""
    pair.covariance = xy / pair.period
    pair.beta = xy / xx if xx > 0.0 else 0.0
    both = math.sqrt(xx) * math.sqrt(yy)
    value = xy / both if both > 0.0 else 0.0
    if value > 1.0:
        value = 1.0
    elif value < -1.0:
        value = -1.0
    pair.correlation = value


HOT = (correlation_update, _add_to_head, _tails, _conclude)
