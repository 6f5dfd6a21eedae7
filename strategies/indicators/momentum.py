"""Momentum: relative strength, MACD, the stochastic."""

from dataclasses import dataclass

from strategies.indicators.averages import Ema, ema, ema_update
from strategies.indicators.windows import (
    Extremes,
    RollingSum,
    checked,
    checked_window,
    extremes_update,
    rolling_sum_update,
)


@dataclass(slots=True)
class Rsi:
    """Relative strength index, 0 to 100: 100 * gain / (gain + loss), both smoothed as Wilder does.

    `gain` and `loss` start as the means of the first `period` moves up and down; then
    gain = (gain * (period - 1) + move) / period. Source: J. W. Wilder, "New Concepts in Technical Trading Systems"
    (1978), section VI; TA-Lib RSI. Warm-up: `period` + 1 samples. As in TA-Lib, `value` is 0.0 while no sample has
    differed from the one before: test `gain + loss` where that could look like oversold.
    """

    period: int
    value: float = 0.0
    ready: bool = False
    count: int = 0
    last: float = 0.0
    gain: float = 0.0
    loss: float = 0.0


@dataclass(slots=True)
class Macd:
    """Moving average convergence divergence: `value` = fast EMA - slow EMA, `signal` its EMA, `histogram` the rest.

    All in the unit of the samples. Source: G. Appel, "The Moving Average Convergence Divergence Trading Method" (1979);
    TA-Lib MACD, whose seeding this is: each EMA starts from the mean of as many samples as its period, and the fast
    one's are the last before the slow one is seeded, so that both begin together.
    Warm-up: `slow` + `signal` - 1 samples.
    """

    slow_average: Ema
    fast_average: Ema
    signal_average: Ema
    value: float = 0.0
    signal: float = 0.0
    histogram: float = 0.0
    ready: bool = False
    count: int = 0


@dataclass(slots=True)
class Stochastic:
    """Stochastic oscillator, 0 to 100: `k` = SMA over `smooth_k` of the raw %K, `d` = SMA over `smooth_d` of `k`.

    Raw %K = 100 * (close - lowest low) / (highest high - lowest low) over `period` samples, 0.0 where the range is nil.
    Source: G. Lane, "Lane's Stochastics" (1984); TA-Lib STOCH with simple averages (STOCHF with `smooth_k` 1).
    Warm-up: `period` + `smooth_k` + `smooth_d` - 2 samples. Prices in any one unit.
    """

    extremes: Extremes
    smooth_k: RollingSum
    smooth_d: RollingSum
    k: float = 0.0
    d: float = 0.0
    ready: bool = False


def rsi(period: int) -> Rsi:
    """Return a relative strength index; Wilder used 14. Raises StrategyError."""
    return Rsi(checked("rsi", "period", period, 2))


def macd(fast: int, slow: int, signal: int) -> Macd:
    """Return a MACD; Appel used 12, 26, 9. Raises StrategyError."""
    checked("macd", "fast", fast)
    checked("macd", "slow, which is longer than fast,", slow, fast + 1)
    checked("macd", "signal", signal)
    return Macd(ema(slow), ema(fast), ema(signal))


def stochastic(period: int, smooth_k: int, smooth_d: int) -> Stochastic:
    """Return a stochastic oscillator; common is 14, 3, 3, TA-Lib's default 5, 3, 3. Raises StrategyError."""
    checked_window("stochastic", "period", period)
    checked_window("stochastic", "smooth_k", smooth_k)
    checked_window("stochastic", "smooth_d", smooth_d)
    return Stochastic(Extremes(period), RollingSum(smooth_k), RollingSum(smooth_d))


def rsi_update(index: Rsi, x: float) -> None:
    """Take one sample."""
    change = x - index.last
    index.last = x
    count = index.count
    period = index.period
    if count > period:
        gain = index.gain * (period - 1)
        loss = index.loss * (period - 1)
        if change > 0.0:
            gain += change
        else:
            loss -= change
        gain /= period
        loss /= period
        index.gain = gain
        index.loss = loss
    else:
        index.count = count + 1
        if count == 0:
            return
        if change > 0.0:
            index.gain += change
        else:
            index.loss -= change
        if count < period:
            return
        index.gain /= period
        index.loss /= period
        index.ready = True
        gain = index.gain
        loss = index.loss
    both = gain + loss
    index.value = 100.0 * (gain / both) if both != 0.0 else 0.0


def macd_update(macd: Macd, x: float) -> None:
    """Take one sample."""
    slow, fast = macd.slow_average, macd.fast_average
    ema_update(slow, x)
    if macd.count >= slow.period - fast.period:
        ema_update(fast, x)
    else:
        macd.count += 1
    if not slow.ready:
        return
    value = fast.value - slow.value
    signal = macd.signal_average
    ema_update(signal, value)
    macd.value = value
    macd.signal = signal.value
    macd.histogram = value - signal.value
    macd.ready = signal.ready


def stochastic_update(oscillator: Stochastic, high: float, low: float, close: float) -> None:
    """Take one bar."""
    window = oscillator.extremes
    extremes_update(window, high, low)
    if not window.ready:
        return
    lowest = window.lowest
    width = (window.highest - lowest) / 100.0
    raw = (close - lowest) / width if width != 0.0 else 0.0
    smooth_k, smooth_d = oscillator.smooth_k, oscillator.smooth_d
    rolling_sum_update(smooth_k, raw)
    if not smooth_k.ready:
        return
    k = smooth_k.value / smooth_k.period
    oscillator.k = k
    rolling_sum_update(smooth_d, k)
    if smooth_d.ready:
        oscillator.d = smooth_d.value / smooth_d.period
        oscillator.ready = True


HOT = (rsi_update, macd_update, stochastic_update)
