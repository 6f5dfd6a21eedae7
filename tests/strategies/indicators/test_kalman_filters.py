"""Each filter's last state is the least-squares estimate over all samples at once, computed densely."""

import numpy as np
import pytest

from strategies import indicators as ti

LENGTH = 40


def least_squares(rows: list[tuple[np.ndarray, float, float]], unknowns: int) -> tuple[np.ndarray, np.ndarray]:
    """Solve rows (coefficients, value, variance); return the estimate and its covariance."""
    design = np.array([coefficients / np.sqrt(variance) for coefficients, _, variance in rows])
    values = np.array([value / np.sqrt(variance) for _, value, variance in rows])
    estimate, *_ = np.linalg.lstsq(design, values, rcond=None)
    assert design.shape[1] == unknowns
    inverse = np.linalg.inv(np.linalg.qr(design, mode="r"))
    return estimate, inverse @ inverse.T


def unit(size: int, **places: float) -> np.ndarray:
    row = np.zeros(size)
    for name, value in places.items():
        row[int(name[1:])] = value
    return row


def samples(seed: int) -> list[float]:
    chance = np.random.default_rng(seed)
    level = 100.0 + np.cumsum(chance.normal(0.02, 0.3, LENGTH))
    return [float(x) for x in level + chance.normal(0.0, 0.5, LENGTH)]


@pytest.mark.parametrize(("process", "noise"), [(0.09, 0.25), (1e-6, 4.0), (5.0, 0.01)])
def test_a_local_level_is_the_least_squares_estimate(process: float, noise: float) -> None:
    xs = samples(1)
    level = ti.kalman_level(process, noise)
    rows: list[tuple[np.ndarray, float, float]] = []
    for t, x in enumerate(xs):
        ti.kalman_level_update(level, x)
        rows.append((unit(LENGTH, **{f"_{t}": 1.0}), x, noise))
        if t:
            rows.append((unit(LENGTH, **{f"_{t}": 1.0, f"_{t - 1}": -1.0}), 0.0, process))

    estimate, covariance = least_squares(rows, LENGTH)
    assert level.value == pytest.approx(estimate[-1], rel=1e-9)
    assert level.variance == pytest.approx(covariance[-1, -1], rel=1e-9)


def test_a_level_that_never_steps_is_the_mean() -> None:
    xs = samples(2)
    level = ti.kalman_level(0.0, 3.0)
    for x in xs:
        ti.kalman_level_update(level, x)

    assert level.value == pytest.approx(np.mean(xs), rel=1e-13)
    assert level.variance == pytest.approx(3.0 / LENGTH, rel=1e-13)


def test_a_local_level_becomes_an_ema_of_the_steady_gain() -> None:
    level = ti.kalman_level(1.0, 2.0)
    for x in samples(3):
        ti.kalman_level_update(level, x)

    assert level.gain == pytest.approx(0.5, rel=1e-9)  # q / r = 1 / 2: gain = (sqrt(q^2 + 4qr) - q) / 2r = 1 / 2


@pytest.mark.parametrize(("level_q", "slope_q", "noise"), [(0.04, 0.01, 0.25), (1e-3, 1e-4, 1.0), (2.0, 0.5, 0.1)])
def test_a_local_linear_trend_is_the_least_squares_estimate(level_q: float, slope_q: float, noise: float) -> None:
    xs = samples(4)
    trend = ti.kalman_trend(level_q, slope_q, noise)
    rows: list[tuple[np.ndarray, float, float]] = []
    for t, x in enumerate(xs):
        ti.kalman_trend_update(trend, x)
        now, before = 2 * t, 2 * t - 2
        rows.append((unit(2 * LENGTH, **{f"_{now}": 1.0}), x, noise))
        if t:
            step = {f"_{now}": 1.0, f"_{before}": -1.0, f"_{before + 1}": -1.0}
            rows.append((unit(2 * LENGTH, **step), 0.0, level_q))
            rows.append((unit(2 * LENGTH, **{f"_{now + 1}": 1.0, f"_{before + 1}": -1.0}), 0.0, slope_q))

    estimate, covariance = least_squares(rows, 2 * LENGTH)
    assert trend.value == pytest.approx(estimate[-2], rel=1e-9)
    assert trend.slope == pytest.approx(estimate[-1], rel=1e-9)
    found = [trend.variance, trend.covariance, trend.slope_variance]
    assert found == pytest.approx([covariance[-2, -2], covariance[-2, -1], covariance[-1, -1]], rel=1e-9)


@pytest.mark.parametrize(("process", "noise", "prior"), [(1e-4, 0.01, 1.0), (1e-6, 1.0, 100.0), (0.1, 0.1, 10.0)])
def test_a_pairs_regression_is_the_least_squares_estimate(process: float, noise: float, prior: float) -> None:
    chance = np.random.default_rng(5)
    xs = (10.0 + np.cumsum(chance.normal(0.0, 0.5, LENGTH))).tolist()
    ys = [2.0 + 1.5 * x + float(e) for x, e in zip(xs, chance.normal(0.0, 0.1, LENGTH), strict=True)]
    pairs = ti.kalman_pairs(process, 2.0 * process, noise, prior)
    size = 2 * LENGTH
    # The step comes before the first sample too, so its prior is wider by one step.
    rows = [(unit(size, _0=1.0), 0.0, prior + process), (unit(size, _1=1.0), 0.0, prior + 2.0 * process)]
    for t, (x, y) in enumerate(zip(xs, ys, strict=True)):
        ti.kalman_pairs_update(pairs, x, y)
        rows.append((unit(size, **{f"_{2 * t}": 1.0, f"_{2 * t + 1}": x}), y, noise))
        if t:
            rows.append((unit(size, **{f"_{2 * t}": 1.0, f"_{2 * t - 2}": -1.0}), 0.0, process))
            rows.append((unit(size, **{f"_{2 * t + 1}": 1.0, f"_{2 * t - 1}": -1.0}), 0.0, 2.0 * process))

    estimate, covariance = least_squares(rows, size)
    assert pairs.intercept == pytest.approx(estimate[-2], rel=1e-8)
    assert pairs.beta == pytest.approx(estimate[-1], rel=1e-9)
    found = [pairs.intercept_variance, pairs.covariance, pairs.beta_variance]
    assert found == pytest.approx([covariance[-2, -2], covariance[-2, -1], covariance[-1, -1]], rel=1e-8)


def test_variances_stay_positive_at_prices_of_large_numbers() -> None:
    chance = np.random.default_rng(6)
    pairs = ti.kalman_pairs(1e-8, 1e-10, 1.0, 1e6)
    trend = ti.kalman_trend(1e-8, 1e-12, 1e4)
    for x in (6e6 + np.cumsum(chance.normal(0.0, 50.0, 20_000))).tolist():
        ti.kalman_pairs_update(pairs, x, 0.5 * x)
        ti.kalman_trend_update(trend, x)
        assert pairs.intercept_variance > 0.0
        assert pairs.beta_variance > 0.0
        assert not trend.ready or min(trend.variance, trend.slope_variance) > 0.0

    assert pairs.beta == pytest.approx(0.5, rel=1e-3)
