"""What bars span: average true range, directional movement, and the channels made of them."""

from dataclasses import dataclass

from strategies.indicators.averages import Ema, ema, ema_update
from strategies.indicators.windows import Extremes, checked, checked_positive, checked_window, extremes_update


@dataclass(slots=True)
class Atr:
    """Average true range, in the unit of the prices, smoothed as Wilder does.

    True range = max(high - low, |high - close before|, |low - close before|), so it begins with the second bar. `value`
    starts as the mean of the first `period` true ranges; then value = (value * (period - 1) + range) / period.
    Source: J. W. Wilder, "New Concepts in Technical Trading Systems" (1978), section III; TA-Lib ATR.
    Warm-up: `period` + 1 bars.
    """

    period: int
    value: float = 0.0
    ready: bool = False
    count: int = 0
    last_close: float = 0.0


@dataclass(slots=True)
class Adx:
    """Average directional index `value` and the directional indicators `plus` (+DI), `minus` (-DI), all 0 to 100.

    A bar's movement is up = high - high before or down = low before - low, whichever is larger and above 0. Movements
    and true ranges are summed as Wilder does, sum = sum - sum / period + newest, from the sum of the first
    `period` - 1; +DI = 100 * up / range, -DI = 100 * down / range, DX = 100 * |+DI - -DI| / (+DI + -DI). `value` starts
    as the mean of `period` DX, then (value * (period - 1) + DX) / period.
    Source: J. W. Wilder, "New Concepts in Technical Trading Systems" (1978), section IV; TA-Lib ADX, PLUS_DI, MINUS_DI.
    Warm-up: 2 * `period` bars; `plus` and `minus` hold from bar `period` + 1 on (`directions_ready`). Where no range or
    no movement was, +DI and -DI are 0.0 and the ADX stays as it is, as in TA-Lib.
    """

    period: int
    value: float = 0.0
    plus: float = 0.0
    minus: float = 0.0
    ready: bool = False
    directions_ready: bool = False
    count: int = 0
    last_high: float = 0.0
    last_low: float = 0.0
    last_close: float = 0.0
    up_sum: float = 0.0
    down_sum: float = 0.0
    range_sum: float = 0.0
    dx_sum: float = 0.0


@dataclass(slots=True)
class Donchian:
    """Donchian channel: `upper` the highest high, `lower` the lowest low of `period` bars, `middle` halfway.

    In the unit of the prices, exact. The newest bar is inside: a breakout rule compares a bar with the channel as it
    was before the update. Source: R. Donchian's weekly rule (1960); TA-Lib MAX and MIN. Warm-up: `period` bars.
    """

    window: Extremes
    upper: float = 0.0
    middle: float = 0.0
    lower: float = 0.0
    ready: bool = False


@dataclass(slots=True)
class Keltner:
    """Keltner channel: `middle` = EMA of the close, `upper` and `lower` = middle +- multiplier * ATR.

    In the unit of the prices. Source: C. Keltner, "How to Make Money in Commodities" (1960), in L. Raschke's form with
    EMA and ATR; TA-Lib EMA and ATR. Warm-up: max(`period`, `atr_period` + 1) bars.
    """

    average: Ema
    atr: Atr
    multiplier: float
    upper: float = 0.0
    middle: float = 0.0
    lower: float = 0.0
    ready: bool = False


def atr(period: int) -> Atr:
    """Return an average true range; Wilder used 14. Raises StrategyError."""
    return Atr(checked("atr", "period", period))


def adx(period: int) -> Adx:
    """Return an average directional index; Wilder used 14. Raises StrategyError."""
    return Adx(checked("adx", "period", period, 2))


def donchian(period: int) -> Donchian:
    """Return a Donchian channel of `period` bars, 1 to CAPACITY; the Turtles used 20. Raises StrategyError."""
    return Donchian(Extremes(checked_window("donchian", "period", period)))


def keltner(period: int, atr_period: int, multiplier: float) -> Keltner:
    """Return a Keltner channel; Raschke used 20, 10, 2.0. Raises StrategyError."""
    checked("keltner", "period", period)
    checked("keltner", "atr_period", atr_period)
    return Keltner(ema(period), atr(atr_period), checked_positive("keltner", "multiplier", multiplier))


def true_range(high: float, low: float, last_close: float) -> float:
    """Return how far a bar spans, the gap from the close before it included."""
    return max(high - low, abs(high - last_close), abs(low - last_close))


def atr_update(atr: Atr, high: float, low: float, close: float) -> None:
    """Take one bar."""
    count = atr.count
    span = true_range(high, low, atr.last_close)
    atr.last_close = close
    period = atr.period
    if count > period:
        atr.value = (atr.value * (period - 1) + span) / period
        return
    atr.count = count + 1
    if count == 0:
        return
    atr.value += span
    if count == period:
        atr.value /= period
        atr.ready = True


def adx_update(adx: Adx, high: float, low: float, close: float) -> None:
    """Take one bar."""
    count = adx.count
    up = high - adx.last_high
    down = adx.last_low - low
    span = true_range(high, low, adx.last_close)
    adx.last_high = high
    adx.last_low = low
    adx.last_close = close
    period = adx.period
    if count < 2 * period:
        adx.count = count + 1
    if count == 0:
        return
    if count >= period:
        adx.up_sum -= adx.up_sum / period
        adx.down_sum -= adx.down_sum / period
        adx.range_sum -= adx.range_sum / period
    adx.range_sum += span
    if up > down and up > 0.0:
        adx.up_sum += up
    elif down > up and down > 0.0:
        adx.down_sum += down
    if count >= period:
        _directions(adx)
        _average_direction(adx, count)


def _directions(adx: Adx) -> None:
    """Set +DI and -DI from the sums."""
    adx.directions_ready = True
    adx.plus = 0.0
    adx.minus = 0.0
    if adx.range_sum != 0.0:
        adx.plus = 100.0 * (adx.up_sum / adx.range_sum)
        adx.minus = 100.0 * (adx.down_sum / adx.range_sum)


def _average_direction(adx: Adx, count: int) -> None:
    """Add one DX; `count` bars came before this one, `period` or more."""
    both = adx.plus + adx.minus
    period = adx.period
    if count >= 2 * period:
        if both != 0.0:
            dx = 100.0 * (abs(adx.minus - adx.plus) / both)
            adx.value = (adx.value * (period - 1) + dx) / period
        return
    if both != 0.0:
        adx.dx_sum += 100.0 * (abs(adx.minus - adx.plus) / both)
    if count == 2 * period - 1:
        adx.value = adx.dx_sum / period
        adx.ready = True


def donchian_update(channel: Donchian, high: float, low: float) -> None:
    """Take one bar."""
    window = channel.window
    extremes_update(window, high, low)
    if window.ready:
        channel.upper = window.highest
        channel.lower = window.lowest
        channel.middle = (window.highest + window.lowest) / 2.0
        channel.ready = True


def keltner_update(channel: Keltner, high: float, low: float, close: float) -> None:
    """Take one bar."""
    average, span = channel.average, channel.atr
    ema_update(average, close)
    atr_update(span, high, low, close)
    if average.ready and span.ready:
        width = channel.multiplier * span.value
        channel.middle = average.value
        channel.upper = average.value + width
        channel.lower = average.value - width
        channel.ready = True


HOT = (
    true_range,
    atr_update,
    adx_update,
    _directions,
    _average_direction,
    donchian_update,
    keltner_update,
)
