"""Kalman filters: a level, a level with a trend, and a regression whose coefficients wander.

Source: R. Kalman, "A new approach to linear filtering and prediction problems" (1960); models and exact diffuse starts
of J. Durbin, S. Koopman, "Time Series Analysis by State Space Methods" (2012), chapters 2, 3 and 5. Variances are in
the squared unit of what they belong to. The two-dimensional ones update in P. Joseph's form, so that covariances stay
symmetric and positive whatever the rounding.
"""

from dataclasses import dataclass

from strategies.base import StrategyError
from strategies.indicators.windows import checked_positive


@dataclass(slots=True)
class KalmanLevel:
    """Local level: x = level + e, level moves by w; var(e) = `noise`, var(w) = `process`, in the samples' unit squared.

    `value` is the level's estimate and `variance` its error's; `innovation` is how far x was from what was expected,
    `innovation_variance` how far it should be, `gain` the part of it that was believed. The start is diffuse: the first
    sample is the first estimate. In the long run it is an EMA whose alpha the variances choose.
    Source: the module's. Warm-up: 1 sample.
    """

    process: float
    noise: float
    value: float = 0.0
    variance: float = 0.0
    gain: float = 0.0
    innovation: float = 0.0
    innovation_variance: float = 0.0
    ready: bool = False


@dataclass(slots=True)
class KalmanTrend:
    """Local linear trend: as the local level, and each step also adds `slope`, which itself moves by a random step.

    `value` is the level, `slope` its growth per sample; `variance` and `slope_variance` are their errors', `covariance`
    that of both; variances of the steps are `level_process` and `slope_process`. The start is diffuse: the first two
    samples are the first level and slope. Source: the module's. Warm-up: 2 samples.
    """

    level_process: float
    slope_process: float
    noise: float
    value: float = 0.0
    slope: float = 0.0
    variance: float = 0.0
    covariance: float = 0.0
    slope_variance: float = 0.0
    innovation: float = 0.0
    innovation_variance: float = 0.0
    ready: bool = False
    count: int = 0


@dataclass(slots=True)
class KalmanPairs:
    """Regression y = intercept + beta * x + e whose coefficients take random steps: a hedge ratio that adapts.

    `innovation` = y minus its forecast is the spread to trade, sqrt(`innovation_variance`) its scale. Coefficients
    start at 0 with variance `prior` each; steps have the variances `intercept_process` and `beta_process`, e has
    `noise`. Source: the module's; E. Chan, "Algorithmic Trading" (2013), chapter 3, for its use on pairs.
    Warm-up: 2 samples, as many as there are coefficients.
    """

    intercept_process: float
    beta_process: float
    noise: float
    intercept_variance: float
    beta_variance: float
    covariance: float = 0.0
    intercept: float = 0.0
    beta: float = 0.0
    innovation: float = 0.0
    innovation_variance: float = 0.0
    ready: bool = False
    count: int = 0


def kalman_level(process: float, noise: float) -> KalmanLevel:
    """Return a local level filter; `process` from 0, `noise` above 0. Raises StrategyError."""
    return KalmanLevel(_step("kalman_level", "process", process), checked_positive("kalman_level", "noise", noise))


def kalman_trend(level_process: float, slope_process: float, noise: float) -> KalmanTrend:
    """Return a local linear trend filter; processes from 0, `noise` above 0. Raises StrategyError."""
    return KalmanTrend(
        _step("kalman_trend", "level_process", level_process),
        _step("kalman_trend", "slope_process", slope_process),
        checked_positive("kalman_trend", "noise", noise),
    )


def kalman_pairs(intercept_process: float, beta_process: float, noise: float, prior: float) -> KalmanPairs:
    """Return a wandering regression; processes from 0, `noise` and `prior` above 0. Raises StrategyError."""
    prior = checked_positive("kalman_pairs", "prior", prior)
    return KalmanPairs(
        _step("kalman_pairs", "intercept_process", intercept_process),
        _step("kalman_pairs", "beta_process", beta_process),
        checked_positive("kalman_pairs", "noise", noise),
        prior,
        prior,
    )


def _step(name: str, what: str, value: float) -> float:
    """Return the variance of a random step as a float; 0 means that it never steps. Raises StrategyError."""
    if not 0.0 <= value < float("inf"):
        raise StrategyError(f"{name}: {what} must be a finite variance of at least 0, found {value!r}")
    return float(value)


def kalman_level_update(level: KalmanLevel, x: float) -> None:
    """Take one sample."""
    if not level.ready:
        level.ready = True
        level.value = x
        level.variance = level.noise
        level.gain = 1.0
        return
    expected = level.variance + level.process
    total = expected + level.noise
    gain = expected / total
    innovation = x - level.value
    level.value += gain * innovation
    level.variance = gain * level.noise
    level.gain = gain
    level.innovation = innovation
    level.innovation_variance = total


def kalman_trend_update(trend: KalmanTrend, x: float) -> None:
    """Take one sample."""
    noise = trend.noise
    if not trend.ready:
        _start_trend(trend, x)
        return
    p11 = trend.slope_variance
    p01 = trend.covariance + p11
    p00 = trend.variance + trend.covariance + p01 + trend.level_process
    p11 += trend.slope_process
    expected = trend.value + trend.slope
    innovation = x - expected
    total = p00 + noise
    gain = p00 / total
    slope_gain = p01 / total
    trend.value = expected + gain * innovation
    trend.slope += slope_gain * innovation
    rest = noise / total  # 1 - gain, without cancellation
    trend.variance = rest * rest * p00 + gain * gain * noise
    trend.covariance = rest * p01 - slope_gain * rest * p00 + gain * slope_gain * noise
    b10 = p01 - slope_gain * p00
    trend.slope_variance = p11 - slope_gain * p01 - slope_gain * b10 + slope_gain * slope_gain * noise
    trend.innovation = innovation
    trend.innovation_variance = total


def _start_trend(trend: KalmanTrend, x: float) -> None:
    """Take the first or the second sample: what they say when nothing was known before."""
    trend.count += 1
    if trend.count == 2:
        noise = trend.noise
        trend.slope = x - trend.value
        trend.variance = noise
        trend.covariance = noise
        trend.slope_variance = 2.0 * noise + trend.level_process + trend.slope_process
        trend.ready = True
    trend.value = x


def kalman_pairs_update(pairs: KalmanPairs, x: float, y: float) -> None:
    """Take one pair of samples."""
    noise = pairs.noise
    p00 = pairs.intercept_variance + pairs.intercept_process
    p01 = pairs.covariance
    p11 = pairs.beta_variance + pairs.beta_process
    innovation = y - (pairs.intercept + pairs.beta * x)
    f0 = p00 + p01 * x
    f1 = p01 + p11 * x
    total = f0 + f1 * x + noise
    k0 = f0 / total
    k1 = f1 / total
    pairs.intercept += k0 * innovation
    pairs.beta += k1 * innovation
    a00 = 1.0 - k0
    a01 = -k0 * x
    a11 = 1.0 - k1 * x
    b00 = a00 * p00 + a01 * p01
    b01 = a00 * p01 + a01 * p11
    b10 = a11 * p01 - k1 * p00
    b11 = a11 * p11 - k1 * p01
    pairs.intercept_variance = b00 * a00 + b01 * a01 + k0 * k0 * noise
    pairs.covariance = b01 * a11 - b00 * k1 + k0 * k1 * noise
    pairs.beta_variance = b11 * a11 - b10 * k1 + k1 * k1 * noise
    pairs.innovation = innovation
    pairs.innovation_variance = total
    if not pairs.ready:
        pairs.count += 1
        pairs.ready = pairs.count >= 2


HOT = (kalman_level_update, kalman_trend_update, _start_trend, kalman_pairs_update)
