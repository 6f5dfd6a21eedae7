"""Indicators that TA-Lib lacks give what pandas, scipy or numpy make of whole windows."""

import numpy as np
import pytest

from strategies import indicators as ti
from tests.strategies.indicators.series import NAMES, Bars, assert_close, drive, padded, windows

pd = pytest.importorskip("pandas", reason="pandas is not installed; the dev extra has it")
scipy = pytest.importorskip("scipy", reason="scipy is not installed; the dev extra has it")

on_all_bars = pytest.mark.parametrize("bars", NAMES, indirect=True)
PERIODS = [2, 14, 200]


@on_all_bars
def test_an_ema_from_the_first_sample_is_that_of_pandas(bars: Bars) -> None:
    (found,) = drive(ti.ema_from_first(20), ti.ema_update, [bars.close], ["value"])

    expected = pd.Series(bars.close).ewm(span=20, adjust=False, min_periods=20).mean().to_numpy()
    assert_close(found, expected)


@on_all_bars
@pytest.mark.parametrize("period", PERIODS)
def test_rolling_sums_and_moments_are_those_of_numpy(bars: Bars, period: int) -> None:
    (total,) = drive(ti.rolling_sum(period), ti.rolling_sum_update, [bars.volume], ["value"])
    mean, variance = drive(ti.moments(period), ti.moments_update, [bars.close], ["mean", "variance"])

    whole = windows(bars.close, period)
    assert_close(total, padded(windows(bars.volume, period).sum(axis=1), period))
    assert_close(mean, padded(whole.mean(axis=1), period))
    assert_close(variance, padded(whole.var(axis=1), period), floor=(1e-6 * bars.close[0]) ** 2)


@on_all_bars
@pytest.mark.parametrize("period", PERIODS)
def test_the_deviation_of_bollinger_bands_is_that_of_numpy(bars: Bars, period: int) -> None:
    (found,) = drive(ti.bollinger(period, 2.0), ti.bollinger_update, [bars.close], ["deviation"])

    assert_close(found, padded(windows(bars.close, period).std(axis=1), period), floor=1e-6 * bars.close[0])


@on_all_bars
@pytest.mark.parametrize("period", [14, 200])
def test_z_scores_are_those_of_scipy(bars: Bars, period: int) -> None:
    (found,) = drive(ti.z_score(period), ti.z_score_update, [bars.close], ["value"])

    # Prices less the first one have the same z-scores, and leave numpy's mean more digits to be right in.
    whole = windows(bars.close - bars.close[0], period)
    flat = np.ptp(whole, axis=1) == 0.0
    expected = np.zeros(len(whole))
    expected[~flat] = scipy.stats.zscore(whole[~flat], axis=1)[:, -1]
    assert_close(found, padded(expected, period), floor=1.0)


@on_all_bars
@pytest.mark.parametrize("period", [1, 30, 390])
def test_realised_volatility_is_that_of_pandas(bars: Bars, period: int) -> None:
    (found,) = drive(ti.realised_volatility(period, 525_600), ti.realised_volatility_update, [bars.close], ["value"])

    squares = np.log(bars.close[1:] / bars.close[:-1]) ** 2
    expected = np.sqrt(windows(squares, period).sum(axis=1) * 525_600 / period)
    assert_close(found, padded(expected, period + 1))


def test_a_price_of_0_is_passed_over_by_realised_volatility() -> None:
    volatility = ti.realised_volatility(2, 2)
    for price in (100.0, 110.0, 0.0, 120.0, 132.0):
        ti.realised_volatility_update(volatility, price)

    assert volatility.value == pytest.approx(np.sqrt(2.0) * np.log(1.1))


@on_all_bars
def test_session_vwap_is_that_of_pandas(bars: Bars) -> None:
    sessions = np.arange(len(bars.close)) // 1_440 + 19_000
    vwap = ti.session_vwap()
    found = []
    for session, price, volume in zip(sessions.tolist(), bars.close.tolist(), bars.volume.tolist(), strict=True):
        ti.session_vwap_update(vwap, session, price, volume)
        found.append(vwap.value if vwap.ready else np.nan)

    frame = pd.DataFrame({"paid": bars.close * bars.volume, "volume": bars.volume}).groupby(sessions).cumsum()
    assert_close(np.array(found), (frame["paid"] / frame["volume"].where(frame["volume"] > 0.0)).to_numpy())


@on_all_bars
@pytest.mark.parametrize("period", PERIODS)
def test_rolling_vwap_is_that_of_numpy(bars: Bars, period: int) -> None:
    (found,) = drive(ti.rolling_vwap(period), ti.rolling_vwap_update, [bars.close, bars.volume], ["value"])

    volume = windows(bars.volume, period).sum(axis=1)
    with np.errstate(invalid="ignore"):
        expected = pd.Series(windows(bars.close * bars.volume, period).sum(axis=1) / volume).ffill().to_numpy()
    assert_close(found, padded(expected, period))


@on_all_bars
@pytest.mark.parametrize(("period", "probability"), [(1, 0.5), (2, 0.25), (50, 0.5), (200, 0.9), (30, 0.0), (30, 1.0)])
def test_quantiles_are_those_of_pandas(bars: Bars, period: int, probability: float) -> None:
    (found,) = drive(ti.quantile(period, probability), ti.quantile_update, [bars.close], ["value"])

    np.testing.assert_array_equal(found, pd.Series(bars.close).rolling(period).quantile(probability).to_numpy())


@on_all_bars
@pytest.mark.parametrize("period", [3, 120])
def test_correlation_covariance_and_beta_are_those_of_whole_windows(bars: Bars, period: int) -> None:
    found = drive(
        ti.correlation(period),
        ti.correlation_update,
        [bars.high, bars.close],
        ["correlation", "covariance", "beta"],
    )

    x, y = (windows(column - column[0], period) for column in (bars.high, bars.close))
    x, y = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    xx, yy, xy = (x * x).sum(axis=1), (y * y).sum(axis=1), (x * y).sum(axis=1)
    moving = (np.minimum(xx, yy) / period) ** 0.5 > 1e-7 * bars.close[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = [np.where(moving, xy / np.sqrt(xx * yy), np.nan), xy / period, np.where(moving, xy / xx, np.nan)]
    kept = padded(moving.astype(float), period) == 1.0
    assert_close(np.where(kept, found[0], np.nan), padded(expected[0], period), floor=1.0)
    assert_close(found[1], padded(expected[1], period), floor=(1e-5 * bars.close[0]) ** 2)
    assert_close(np.where(kept, found[2], np.nan), padded(expected[2], period), floor=1.0)


@on_all_bars
def test_correlation_of_returns_is_that_of_pandas(bars: Bars) -> None:
    x, y = np.diff(np.log(bars.close)), np.diff(np.log(bars.high))
    (found,) = drive(ti.correlation(390), ti.correlation_update, [x, y], ["correlation"])

    # pandas adds and removes in place: an outlier leaves rounding behind, so it is held to less.
    expected = pd.Series(x).rolling(390).corr(pd.Series(y)).to_numpy()
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-9)


def test_correlation_with_itself_never_exceeds_1() -> None:
    chance = np.random.default_rng(3)
    pair = ti.correlation(5)
    for x in chance.normal(size=500).tolist():
        ti.correlation_update(pair, x, -3.0 * x)
        assert -1.0 <= pair.correlation <= 1.0
        if pair.ready:
            assert pair.beta == pytest.approx(-3.0)
