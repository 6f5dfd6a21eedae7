"""Moving averages: simple, weighted, exponential."""

from dataclasses import dataclass

from core.hot import Floats, floats
from strategies.indicators.windows import CAPACITY, RollingSum, checked, checked_window, rolling_sum_update


@dataclass(slots=True)
class Sma:
    """Simple moving average: the mean of the last `period` samples, in the unit of the samples.

    Source: TA-Lib SMA. Warm-up: `period` samples; before that `value` is 0.0. Error: that of `RollingSum`, no drift.
    """

    period: int
    window: RollingSum
    value: float = 0.0
    ready: bool = False


@dataclass(slots=True)
class Wma:
    """Weighted moving average, in the unit of the samples: the newest sample weighs `period`, the oldest 1.

    value = sum(i * x_i, i = 1..n) / (n * (n + 1) / 2). Source: TA-Lib WMA. Warm-up: `period` samples; before that
    `value` is 0.0. No drift: as in `windows`, head and tail are only ever added up.
    """

    period: int
    divisor: float
    value: float = 0.0
    ready: bool = False
    place: int = 0
    head: float = 0.0
    head_weighted: float = 0.0
    values: Floats = floats(CAPACITY)
    weighted: Floats = floats(CAPACITY)


@dataclass(slots=True)
class Ema:
    """Exponential moving average, in the unit of the samples: value += alpha * (x - value), alpha = 2 / (period + 1).

    `seeding` samples are averaged first, then the recursion starts. `ema` seeds with the mean of the first `period`
    samples; `ema_from_first` with the first sample. Source: TA-Lib EMA as it is by default, and in its Metastock mode,
    which is pandas `ewm(span=period, adjust=False)`. Warm-up: `period` samples. Rounding errors fade with its memory.
    """

    period: int
    alpha: float
    seeding: int
    value: float = 0.0
    ready: bool = False
    count: int = 0
    total: float = 0.0


def sma(period: int) -> Sma:
    """Return a simple moving average of `period` samples, 1 to CAPACITY. Raises StrategyError."""
    checked_window("sma", "period", period)
    return Sma(period, RollingSum(period))


def wma(period: int) -> Wma:
    """Return a weighted moving average of `period` samples, 1 to CAPACITY. Raises StrategyError."""
    checked_window("wma", "period", period)
    return Wma(period, period * (period + 1) / 2.0)


def ema(period: int) -> Ema:
    """Return an exponential moving average seeded with the mean of its first `period` samples. Raises StrategyError."""
    checked("ema", "period", period)
    return Ema(period, 2.0 / (period + 1), period)


def ema_from_first(period: int) -> Ema:
    """Return an exponential moving average that starts at its first sample. Raises StrategyError."""
    checked("ema_from_first", "period", period)
    return Ema(period, 2.0 / (period + 1), 1)


def sma_update(average: Sma, x: float) -> None:
    """Take one sample."""
    window = average.window
    rolling_sum_update(window, x)
    if window.ready:
        average.value = window.value / average.period
        average.ready = True


def wma_update(average: Wma, x: float) -> None:
    """Take one sample."""
    values, weighted = average.values, average.weighted
    place = average.place
    values[place] = x
    place += 1
    head = average.head + x
    head_weighted = average.head_weighted + place * x
    period = average.period
    if place < period:
        average.place = place
        average.head = head
        average.head_weighted = head_weighted
        if average.ready:
            average.value = (weighted[place] + head_weighted + (period - place) * head) / average.divisor
        return
    total = 0.0
    tail = 0.0
    for index in range(period - 1, -1, -1):
        total += values[index]
        tail += total
        weighted[index] = tail
    average.place = 0
    average.head = 0.0
    average.head_weighted = 0.0
    average.value = tail / average.divisor
    average.ready = True


def ema_update(average: Ema, x: float) -> None:
    """Take one sample."""
    if average.ready:
        average.value += average.alpha * (x - average.value)
        return
    count = average.count + 1
    average.count = count
    if count <= average.seeding:
        average.total += x
        average.value = average.total / count
    else:
        average.value += average.alpha * (x - average.value)
    average.ready = count >= average.period


HOT = (sma_update, wma_update, ema_update)
