"""Sliding windows stay exact after millions of samples, outliers, NaN and standstill."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies import indicators as ti

samples = st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 3)), min_size=1, max_size=60)
periods = st.integers(1, 12)


@given(samples, periods)
def test_a_rolling_sum_is_the_sum_of_the_last_samples(xs: list[float], period: int) -> None:
    window = ti.rolling_sum(period)
    for count, x in enumerate(xs, start=1):
        ti.rolling_sum_update(window, x)

        held = xs[max(0, count - period) : count]
        assert window.value == pytest.approx(math.fsum(held), rel=1e-12, abs=1e-8)
        assert window.ready == (count >= period)


@given(samples, periods)
def test_extremes_are_those_of_the_last_samples(xs: list[float], period: int) -> None:
    window = ti.extremes(period)
    for count, x in enumerate(xs, start=1):
        ti.extremes_update(window, x + 1.0, x)

        held = xs[max(0, count - period) : count]
        assert (window.highest, window.lowest) == (max(held) + 1.0, min(held))
        assert window.ready == (count >= period)


@given(samples, st.integers(2, 12))
def test_moments_are_those_of_the_last_samples(xs: list[float], period: int) -> None:
    window = ti.moments(period)
    for count, x in enumerate(xs, start=1):
        ti.moments_update(window, x)

        assert window.ready == (count >= period)
        if window.ready:
            held = xs[count - period : count]
            mean = math.fsum(held) / period
            assert window.mean == pytest.approx(mean, rel=1e-12, abs=1e-8)
            expected = math.fsum((x - mean) ** 2 for x in held) / period
            assert window.variance == pytest.approx(expected, rel=1e-9, abs=1e-8)
            assert window.variance >= 0.0


@given(samples, periods, st.floats(0.0, 1.0))
def test_quantiles_are_those_of_numpy(xs: list[float], period: int, probability: float) -> None:
    window = ti.quantile(period, probability)
    for count, x in enumerate(xs, start=1):
        ti.quantile_update(window, x)

        if window.ready:
            held = xs[count - period : count]
            assert list(window.ordered[:period]) == sorted(held)
            assert window.value == pytest.approx(np.quantile(held, probability), rel=1e-12, abs=1e-9)


def test_a_rolling_sum_after_two_million_samples_is_as_exact_as_at_first() -> None:
    chance = np.random.default_rng(11)
    tail: list[float] = []
    window, average = ti.rolling_sum(20), ti.wma(20)
    for _ in range(20):
        tail = (50_000.0 + chance.normal(0.0, 300.0, 100_000)).tolist()
        for x in tail:
            ti.rolling_sum_update(window, x)
    for x in tail:
        ti.wma_update(average, x)

    assert window.value == pytest.approx(math.fsum(tail[-20:]), rel=1e-14)
    weights = range(1, 21)
    expected = math.fsum(w * x for w, x in zip(weights, tail[-20:], strict=True)) / 210.0
    assert average.value == pytest.approx(expected, rel=1e-14)


def test_variance_is_exact_again_as_soon_as_an_outlier_has_left() -> None:
    bands, pair = ti.bollinger(5, 2.0), ti.correlation(5)
    for x in [1.0, 2.0, 1e12, 1.0, 2.0, 3.0, 4.0, 5.0]:
        ti.bollinger_update(bands, x)
        ti.correlation_update(pair, x, -x)

    assert bands.deviation == pytest.approx(math.sqrt(2.0), rel=1e-15)
    assert pair.correlation == pytest.approx(-1.0, rel=1e-15)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_bad_sample_is_forgotten_once_it_has_left(bad: float) -> None:
    window, average = ti.rolling_sum(4), ti.wma(4)
    for x in [1.0, 2.0, bad, 4.0, 5.0, 6.0]:
        ti.rolling_sum_update(window, x)
        ti.wma_update(average, x)
    assert not math.isfinite(window.value)
    ti.rolling_sum_update(window, 7.0)
    ti.wma_update(average, 7.0)

    assert window.value == 22.0
    assert average.value == (4.0 + 10.0 + 18.0 + 28.0) / 10.0


def test_a_window_of_equal_samples_has_no_variance_whatever_was_before() -> None:
    window, score, pair = ti.moments(7), ti.z_score(7), ti.correlation(7)
    for x in [3.7, 1e9, -2.2] + [0.1] * 7:
        ti.moments_update(window, x)
        ti.z_score_update(score, x)
        ti.correlation_update(pair, x, 2.0 * x)

    assert (window.mean, window.variance) == (0.1, 0.0)
    assert score.value == 0.0
    assert (pair.correlation, pair.beta, pair.covariance) == (0.0, 0.0, 0.0)


def test_rolling_vwap_without_volume_stays_as_it_was() -> None:
    vwap = ti.rolling_vwap(2)
    for price, volume in [(10.0, 1.0), (20.0, 3.0), (99.0, 0.0), (98.0, 0.0), (97.0, 0.0)]:
        ti.rolling_vwap_update(vwap, price, volume)

    assert vwap.value == 20.0


def test_a_new_session_starts_its_vwap_anew() -> None:
    vwap = ti.session_vwap()
    ti.session_vwap_update(vwap, 0, 10.0, 1.0)
    ti.session_vwap_update(vwap, 0, 20.0, 3.0)
    assert (vwap.value, vwap.ready) == (17.5, True)

    ti.session_vwap_update(vwap, 1, 30.0, 0.0)
    assert not vwap.ready

    ti.session_vwap_update(vwap, 1, 30.0, 2.0)
    assert (vwap.value, vwap.ready) == (30.0, True)


def test_session_vwap_of_a_million_trades_does_not_drift() -> None:
    vwap = ti.session_vwap()
    for _ in range(500_000):
        ti.session_vwap_update(vwap, 5, 0.1, 0.3)
        ti.session_vwap_update(vwap, 5, 0.3, 0.1)

    assert vwap.value == pytest.approx(0.15, rel=1e-15)
