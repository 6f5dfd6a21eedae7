"""Indicators that TA-Lib has give its values, its seeding and its warm-up."""

import numpy as np
import pytest

from strategies import indicators as ti
from tests.strategies.indicators.series import NAMES, Bars, assert_close, drive

talib = pytest.importorskip("talib", reason="TA-Lib is not installed; the dev extra has it")

on_all_bars = pytest.mark.parametrize("bars", NAMES, indirect=True)
PERIODS = [2, 14, 200]


@on_all_bars
@pytest.mark.parametrize("period", PERIODS)
def test_moving_averages_are_those_of_talib(bars: Bars, period: int) -> None:
    (sma,) = drive(ti.sma(period), ti.sma_update, [bars.close], ["value"])
    (wma,) = drive(ti.wma(period), ti.wma_update, [bars.close], ["value"])
    (ema,) = drive(ti.ema(period), ti.ema_update, [bars.close], ["value"])

    assert_close(sma, talib.SMA(bars.close, period))
    assert_close(wma, talib.WMA(bars.close, period))
    assert_close(ema, talib.EMA(bars.close, period))


@on_all_bars
@pytest.mark.parametrize("period", PERIODS)
def test_rsi_is_that_of_talib(bars: Bars, period: int) -> None:
    (found,) = drive(ti.rsi(period), ti.rsi_update, [bars.close], ["value"])

    assert_close(found, talib.RSI(bars.close, period), floor=100.0)


@on_all_bars
@pytest.mark.parametrize(("fast", "slow", "signal"), [(12, 26, 9), (3, 4, 1), (5, 35, 5)])
def test_macd_is_that_of_talib(bars: Bars, fast: int, slow: int, signal: int) -> None:
    found = drive(ti.macd(fast, slow, signal), ti.macd_update, [bars.close], ["value", "signal", "histogram"])

    for ours, theirs in zip(found, talib.MACD(bars.close, fast, slow, signal), strict=True):
        assert_close(ours, theirs, floor=1e-6 * bars.close[0])


@on_all_bars
@pytest.mark.parametrize("period", PERIODS)
def test_atr_is_that_of_talib(bars: Bars, period: int) -> None:
    (found,) = drive(ti.atr(period), ti.atr_update, [bars.high, bars.low, bars.close], ["value"])

    assert_close(found, talib.ATR(bars.high, bars.low, bars.close, period), floor=1e-6 * bars.close[0])


@on_all_bars
@pytest.mark.parametrize("period", PERIODS)
def test_adx_and_directions_are_those_of_talib(bars: Bars, period: int) -> None:
    columns = bars.high, bars.low, bars.close
    found = drive(ti.adx(period), ti.adx_update, list(columns), ["value", "plus", "minus"])

    adx = talib.ADX(*columns, period)
    assert_close(found[0], adx, floor=100.0)
    for ours, function in zip(found[1:], [talib.PLUS_DI, talib.MINUS_DI], strict=True):
        assert_close(ours, np.where(np.isnan(adx), np.nan, function(*columns, period)), floor=100.0)


@on_all_bars
def test_the_directions_are_ready_as_early_as_those_of_talib(bars: Bars) -> None:
    adx = ti.adx(14)
    columns = bars.high[:30], bars.low[:30], bars.close[:30]
    found = np.full(30, np.nan)
    for place, bar in enumerate(zip(*columns, strict=True)):
        ti.adx_update(adx, *bar)
        if adx.directions_ready:
            found[place] = adx.plus

    assert_close(found, talib.PLUS_DI(*columns, 14), floor=100.0)


@on_all_bars
@pytest.mark.parametrize(("period", "multiplier"), [(2, 1.0), (20, 2.0), (200, 2.5)])
def test_bollinger_bands_are_those_of_talib(bars: Bars, period: int, multiplier: float) -> None:
    found = drive(ti.bollinger(period, multiplier), ti.bollinger_update, [bars.close], ["upper", "middle", "lower"])

    # TA-Lib takes the mean of squares minus the square of the mean: in a flat window it is off by 1e-8 of the price.
    moving = talib.STDDEV(bars.close, period) > 1e-6 * bars.close[0]
    for ours, theirs in zip(found, talib.BBANDS(bars.close, period, multiplier, multiplier), strict=True):
        assert_close(np.where(moving, ours, np.nan), np.where(moving, theirs, np.nan))


@on_all_bars
@pytest.mark.parametrize("period", PERIODS)
def test_donchian_channels_are_the_extremes_of_talib(bars: Bars, period: int) -> None:
    upper, middle, lower = drive(
        ti.donchian(period), ti.donchian_update, [bars.high, bars.low], ["upper", "middle", "lower"]
    )

    highest, lowest = talib.MAX(bars.high, period), talib.MIN(bars.low, period)
    np.testing.assert_array_equal(upper, highest)
    np.testing.assert_array_equal(lower, lowest)
    np.testing.assert_array_equal(middle, (highest + lowest) / 2.0)


@on_all_bars
def test_keltner_channels_are_made_of_ema_and_atr_of_talib(bars: Bars) -> None:
    columns = [bars.high, bars.low, bars.close]
    upper, middle, lower = drive(ti.keltner(20, 10, 2.0), ti.keltner_update, columns, ["upper", "middle", "lower"])

    ema, width = talib.EMA(bars.close, 20), 2.0 * talib.ATR(*columns, 10)
    assert_close(middle, ema)
    assert_close(upper, ema + width)
    assert_close(lower, ema - width)


@on_all_bars
@pytest.mark.parametrize(("period", "smooth_k", "smooth_d"), [(14, 3, 3), (5, 3, 3), (50, 1, 10)])
def test_the_stochastic_is_that_of_talib(bars: Bars, period: int, smooth_k: int, smooth_d: int) -> None:
    columns = [bars.high, bars.low, bars.close]
    found = drive(ti.stochastic(period, smooth_k, smooth_d), ti.stochastic_update, columns, ["k", "d"])

    for ours, theirs in zip(found, talib.STOCH(*columns, period, smooth_k, 0, smooth_d, 0), strict=True):
        assert_close(ours, theirs, floor=100.0)


@on_all_bars
def test_on_balance_volume_is_that_of_talib(bars: Bars) -> None:
    (found,) = drive(ti.obv(), ti.obv_update, [bars.close, bars.volume], ["value"])

    assert_close(found, talib.OBV(bars.close, bars.volume), floor=bars.volume.mean())


@on_all_bars
@pytest.mark.parametrize("period", [14, 200])
def test_correlation_is_that_of_talib(bars: Bars, period: int) -> None:
    (found,) = drive(ti.correlation(period), ti.correlation_update, [bars.high, bars.low], ["correlation"])

    # TA-Lib subtracts running sums of squares: where the window hardly moves its result is rounding noise.
    moving = np.minimum(talib.STDDEV(bars.high, period), talib.STDDEV(bars.low, period)) > 1e-4 * bars.close[0]
    assert_close(
        np.where(moving, found, np.nan), np.where(moving, talib.CORREL(bars.high, bars.low, period), np.nan), floor=1.0
    )
