"""Compiled, every indicator gives the very same numbers as plain Python, bit for bit, and ends in the same state.

One driver feeds them all. It runs twice: as it stands on records, and compiled on rows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import pytest

import core.book
from core.book import Levels, set_level
from research.compiled.layout import copy_back, row_of
from research.compiled.registry import register
from strategies import indicators as ti
from tests.strategies.indicators.series import Bars, synthetic

pytestmark = pytest.mark.slow  # compiles for half a minute and more

LENGTH = 700
OUTPUTS = 42


@dataclass(slots=True)
class All:
    """One of each."""

    rolling_sum: ti.RollingSum
    extremes: ti.Extremes
    moments: ti.Moments
    sma: ti.Sma
    wma: ti.Wma
    ema: ti.Ema
    ema_from_first: ti.Ema
    rsi: ti.Rsi
    macd: ti.Macd
    stochastic: ti.Stochastic
    atr: ti.Atr
    adx: ti.Adx
    donchian: ti.Donchian
    keltner: ti.Keltner
    bollinger: ti.Bollinger
    z_score: ti.ZScore
    volatility: ti.RealisedVolatility
    obv: ti.Obv
    session_vwap: ti.SessionVwap
    rolling_vwap: ti.RollingVwap
    imbalance: ti.Imbalance
    depth: ti.Imbalance
    microprice: ti.Microprice
    quantile: ti.Quantile
    correlation: ti.Correlation
    level: ti.KalmanLevel
    trend: ti.KalmanTrend
    pairs: ti.KalmanPairs
    bids: Levels
    asks: Levels


def one_of_each(n: int) -> All:
    return All(
        rolling_sum=ti.rolling_sum(n),
        extremes=ti.extremes(n),
        moments=ti.moments(n),
        sma=ti.sma(n),
        wma=ti.wma(n),
        ema=ti.ema(n),
        ema_from_first=ti.ema_from_first(n),
        rsi=ti.rsi(n),
        macd=ti.macd(n, n + 7, 4),
        stochastic=ti.stochastic(n, 3, 2),
        atr=ti.atr(n),
        adx=ti.adx(n),
        donchian=ti.donchian(n),
        keltner=ti.keltner(n, n + 1, 1.7),
        bollinger=ti.bollinger(n, 2.1),
        z_score=ti.z_score(n),
        volatility=ti.realised_volatility(n, 525_600),
        obv=ti.obv(),
        session_vwap=ti.session_vwap(),
        rolling_vwap=ti.rolling_vwap(n),
        imbalance=ti.imbalance(),
        depth=ti.imbalance(),
        microprice=ti.microprice(),
        quantile=ti.quantile(n, 0.3),
        correlation=ti.correlation(n),
        level=ti.kalman_level(0.01, 0.3),
        trend=ti.kalman_trend(0.01, 0.001, 0.3),
        pairs=ti.kalman_pairs(0.01, 0.001, 0.3, 1.0),
        bids=Levels(1),
        asks=Levels(-1),
    )


def feed(states: Any, bars: Any, out: Any) -> None:
    """Feed row 0 of `states` with bars (open, high, low, close, volume a row), writing all outputs after each."""
    s = states[0]
    for i in range(bars.shape[0]):
        x, high, low, close, volume = bars[i, 0], bars[i, 1], bars[i, 2], bars[i, 3], bars[i, 4]
        feed_prices(s, x, high, low, close, volume)
        feed_statistics(s, i, x, close, volume)
        price, quantity = int(close * 100.0), int(volume * 8.0)
        set_level(s.bids, price - 1 - i % 3, quantity)
        set_level(s.asks, price + 1 + i % 2, quantity // 2)
        ti.imbalance_update(s.imbalance, quantity, quantity // 3)
        ti.depth_imbalance_update(s.depth, s.bids, s.asks, 4)
        ti.microprice_update(s.microprice, price - 1, quantity, price + 1, quantity // 3)
        tell_prices(s, out, i)
        tell_statistics(s, out, i)


def feed_prices(s: Any, x: Any, high: Any, low: Any, close: Any, volume: Any) -> None:
    ti.sma_update(s.sma, close)
    ti.wma_update(s.wma, close)
    ti.ema_update(s.ema, close)
    ti.ema_update(s.ema_from_first, close)
    ti.rsi_update(s.rsi, close)
    ti.macd_update(s.macd, close)
    ti.stochastic_update(s.stochastic, high, low, close)
    ti.atr_update(s.atr, high, low, close)
    ti.adx_update(s.adx, high, low, close)
    ti.donchian_update(s.donchian, high, low)
    ti.keltner_update(s.keltner, high, low, close)
    ti.obv_update(s.obv, close, volume)


def feed_statistics(s: Any, i: Any, x: Any, close: Any, volume: Any) -> None:
    ti.rolling_sum_update(s.rolling_sum, close)
    ti.extremes_update(s.extremes, close, x)
    ti.moments_update(s.moments, close)
    ti.bollinger_update(s.bollinger, close)
    ti.z_score_update(s.z_score, close)
    ti.realised_volatility_update(s.volatility, close)
    ti.session_vwap_update(s.session_vwap, i // 60, close, volume)
    ti.rolling_vwap_update(s.rolling_vwap, close, volume)
    ti.quantile_update(s.quantile, close)
    ti.correlation_update(s.correlation, x, close)
    ti.kalman_level_update(s.level, close)
    ti.kalman_trend_update(s.trend, close)
    ti.kalman_pairs_update(s.pairs, x, close)


def tell_prices(s: Any, out: Any, i: Any) -> None:
    out[i, 0] = s.sma.value
    out[i, 1] = s.wma.value
    out[i, 2] = s.ema.value
    out[i, 3] = s.ema_from_first.value
    out[i, 4] = s.rsi.value
    out[i, 5] = s.macd.value
    out[i, 6] = s.macd.signal
    out[i, 7] = s.macd.histogram
    out[i, 8] = s.stochastic.k
    out[i, 9] = s.stochastic.d
    out[i, 10] = s.atr.value
    out[i, 11] = s.adx.value
    out[i, 12] = s.adx.plus
    out[i, 13] = s.adx.minus
    out[i, 14] = s.donchian.upper
    out[i, 15] = s.donchian.middle
    out[i, 16] = s.donchian.lower
    out[i, 17] = s.keltner.upper
    out[i, 18] = s.keltner.lower
    out[i, 19] = s.obv.value


def tell_statistics(s: Any, out: Any, i: Any) -> None:
    out[i, 20] = s.rolling_sum.value
    out[i, 21] = s.extremes.highest
    out[i, 22] = s.extremes.lowest
    out[i, 23] = s.moments.mean
    out[i, 24] = s.moments.variance
    out[i, 25] = s.bollinger.upper
    out[i, 26] = s.bollinger.lower
    out[i, 27] = s.z_score.value
    out[i, 28] = s.volatility.value
    out[i, 29] = s.session_vwap.value
    out[i, 30] = s.rolling_vwap.value
    out[i, 31] = s.imbalance.value
    out[i, 32] = s.depth.value
    out[i, 33] = s.microprice.value
    out[i, 34] = s.quantile.value
    out[i, 35] = s.correlation.correlation
    out[i, 36] = s.correlation.beta
    out[i, 37] = s.level.value
    out[i, 38] = s.trend.value
    out[i, 39] = s.trend.slope
    out[i, 40] = s.pairs.beta
    out[i, 41] = s.pairs.innovation_variance


@pytest.fixture(scope="module")
def compiled() -> Callable[[Any, Any, Any], None]:
    register(core.book, *ti.MODULES)
    for part in (feed_prices, feed_statistics, tell_prices, tell_statistics):
        numba.extending.register_jitable(part)
    driver: Callable[[Any, Any, Any], None] = numba.njit(feed)
    return driver


def as_rows(bars: Bars) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.column_stack([bars.open, bars.high, bars.low, bars.close, bars.volume])


@pytest.mark.parametrize("period", [2, 5, 14, 60, 613])
@pytest.mark.parametrize("flat", [False, True])
def test_compiled_indicators_are_bit_for_bit_those_of_python(
    compiled: Callable[[Any, Any, Any], None], period: int, flat: bool
) -> None:
    bars = as_rows(synthetic(period, LENGTH, flat=flat))
    live, other = one_of_each(period), one_of_each(period)
    row = row_of(other)
    expected, found = np.zeros((LENGTH, OUTPUTS)), np.zeros((LENGTH, OUTPUTS))

    feed([live], bars, expected)
    compiled(row, bars, found)

    np.testing.assert_array_equal(found.view(np.int64), expected.view(np.int64))
    copy_back(row[0], other)
    assert other == live


def test_every_indicator_is_compared() -> None:
    told = {field for field in All.__annotations__ if field not in {"bids", "asks"}}
    records = {getattr(ti, name) for name in ti.__all__ if isinstance(getattr(ti, name), type)}

    assert {All.__annotations__[field] for field in told} == records
