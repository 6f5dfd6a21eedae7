"""What cannot be computed is refused when the indicator is made, with what to do instead."""

import math
from collections.abc import Callable

import pytest

from strategies import indicators as ti
from strategies.base import StrategyError

WINDOWED: list[Callable[[int], object]] = [
    ti.sma,
    ti.wma,
    ti.donchian,
    ti.z_score,
    ti.rolling_vwap,
    ti.correlation,
    ti.rolling_sum,
    ti.moments,
    ti.extremes,
    lambda period: ti.bollinger(period, 2.0),
    lambda period: ti.quantile(period, 0.5),
    lambda period: ti.realised_volatility(period, 365),
    lambda period: ti.stochastic(period, 3, 3),
    lambda period: ti.stochastic(14, period, 3),
    lambda period: ti.stochastic(14, 3, period),
]
WINDOWLESS: list[Callable[[int], object]] = [
    ti.ema,
    ti.ema_from_first,
    ti.rsi,
    ti.atr,
    ti.adx,
    lambda period: ti.macd(12, period, 9),
    lambda period: ti.keltner(period, 10, 2.0),
]


@pytest.mark.parametrize("make", WINDOWED)
def test_a_window_longer_than_the_capacity_is_refused_with_advice(make: Callable[[int], object]) -> None:
    make(ti.CAPACITY)
    with pytest.raises(StrategyError, match=r"1025 samples, a window holds at most 1024; feed it longer bars .* ema"):
        make(ti.CAPACITY + 1)


@pytest.mark.parametrize("make", WINDOWLESS)
def test_without_a_window_any_period_is_taken(make: Callable[[int], object]) -> None:
    make(1_000_000)


@pytest.mark.parametrize("make", WINDOWED + WINDOWLESS)
@pytest.mark.parametrize("period", [0, -3, 2.5, True, "20"])
def test_a_period_that_is_no_whole_number_above_0_is_refused(make: Callable[[object], object], period: object) -> None:
    with pytest.raises(StrategyError, match=r"must be a whole number of at least \d+ samples, found"):
        make(period)


def test_a_macd_whose_slow_average_is_the_faster_is_refused() -> None:
    with pytest.raises(StrategyError, match=r"slow, which is longer than fast, must be .* at least 27 .* found 12"):
        ti.macd(26, 12, 9)


@pytest.mark.parametrize("number", [0.0, -1.0, math.nan, math.inf])
def test_widths_and_variances_are_finite_and_above_0(number: float) -> None:
    for make in (
        lambda: ti.bollinger(20, number),
        lambda: ti.keltner(20, 10, number),
        lambda: ti.realised_volatility(20, number),
        lambda: ti.kalman_level(1.0, number),
        lambda: ti.kalman_trend(1.0, 1.0, number),
        lambda: ti.kalman_pairs(1.0, 1.0, number, 1.0),
        lambda: ti.kalman_pairs(1.0, 1.0, 1.0, number),
    ):
        with pytest.raises(StrategyError, match="must be a finite number above 0, found"):
            make()


@pytest.mark.parametrize("number", [-1.0, math.nan, math.inf])
def test_steps_of_a_kalman_filter_have_a_variance_of_at_least_0(number: float) -> None:
    for make in (
        lambda: ti.kalman_level(number, 1.0),
        lambda: ti.kalman_trend(number, 1.0, 1.0),
        lambda: ti.kalman_trend(1.0, number, 1.0),
        lambda: ti.kalman_pairs(number, 1.0, 1.0, 1.0),
        lambda: ti.kalman_pairs(1.0, number, 1.0, 1.0),
    ):
        with pytest.raises(StrategyError, match="must be a finite variance of at least 0, found"):
            make()


@pytest.mark.parametrize("probability", [-0.1, 1.1, math.nan])
def test_a_probability_outside_0_to_1_is_refused(probability: float) -> None:
    with pytest.raises(StrategyError, match=r"must be from 0 to 1, found .*; 0\.5 is the median"):
        ti.quantile(20, probability)
