"""What volume tells: on-balance volume, volume-weighted average prices of a session and of a window."""

from dataclasses import dataclass

from strategies.indicators.windows import RollingSum, checked_window, rolling_sum_update


@dataclass(slots=True)
class Obv:
    """On-balance volume: the volume of bars that closed higher minus that of bars that closed lower than the last.

    In the unit of the volume, exact while it stays below 2**53 whole units. Source: J. Granville, "Granville's New Key
    to Stock Market Profits" (1963); TA-Lib OBV, so the first bar counts as risen. Warm-up: 1 bar.
    """

    value: float = 0.0
    ready: bool = False
    last: float = 0.0


@dataclass(slots=True)
class SessionVwap:
    """Volume-weighted average price since the session began: sum(price * volume) / sum(volume), in the price's unit.

    A session is any whole number that the caller hands in, such as `now_ns // 86_400_000_000_000` for UTC days; a new
    one starts anew. The sums carry their rounding errors along, so that a session may have any number of trades.
    Source: S. Berkowitz, D. Logue, E. Noser, "The total cost of transactions on the NYSE" (1988); A. Neumaier (1974)
    for the sums; pandas `groupby(session).cumsum()`. Warm-up: 1 sample with volume above 0.
    """

    value: float = 0.0
    ready: bool = False
    session: int = 0
    notional: float = 0.0
    notional_error: float = 0.0
    volume: float = 0.0
    volume_error: float = 0.0


@dataclass(slots=True)
class RollingVwap:
    """Volume-weighted average price of the last `period` samples, in the unit of the price.

    While the window holds no volume at all, `value` stays as it was. Error: that of `RollingSum`, no drift.
    Source: as `SessionVwap`; pandas `rolling(period).sum()`. Warm-up: `period` samples of which one has volume above 0.
    """

    notional: RollingSum
    volume: RollingSum
    value: float = 0.0
    ready: bool = False


def obv() -> Obv:
    """Return an on-balance volume at 0."""
    return Obv()


def session_vwap() -> SessionVwap:
    """Return a volume-weighted average price without trades."""
    return SessionVwap()


def rolling_vwap(period: int) -> RollingVwap:
    """Return a volume-weighted average price over `period` samples, 1 to CAPACITY. Raises StrategyError."""
    checked_window("rolling_vwap", "period", period)
    return RollingVwap(RollingSum(period), RollingSum(period))


def obv_update(balance: Obv, close: float, volume: float) -> None:
    """Take one bar."""
    if not balance.ready:
        balance.ready = True
        balance.value += volume
    elif close > balance.last:
        balance.value += volume
    elif close < balance.last:
        balance.value -= volume
    balance.last = close


def rounding_error(a: float, b: float, total: float) -> float:
    """Return what `total`, the float sum a + b, lacks of the true sum (D. Knuth's TwoSum; exact)."""
    part = total - a
    return (a - (total - part)) + (b - part)


def session_vwap_update(vwap: SessionVwap, session: int, price: float, volume: float) -> None:
    """Take one trade, or a bar with its typical price."""
    if session != vwap.session:
        vwap.session = session
        vwap.ready = False
        vwap.notional = 0.0
        vwap.notional_error = 0.0
        vwap.volume = 0.0
        vwap.volume_error = 0.0
    paid = price * volume
    notional = vwap.notional + paid
    vwap.notional_error += rounding_error(vwap.notional, paid, notional)
    vwap.notional = notional
    traded = vwap.volume + volume
    vwap.volume_error += rounding_error(vwap.volume, volume, traded)
    vwap.volume = traded
    traded += vwap.volume_error
    if traded > 0.0:
        vwap.value = (notional + vwap.notional_error) / traded
        vwap.ready = True


def rolling_vwap_update(vwap: RollingVwap, price: float, volume: float) -> None:
    """Take one trade, or a bar with its typical price."""
    traded = vwap.volume
    rolling_sum_update(vwap.notional, price * volume)
    rolling_sum_update(traded, volume)
    if traded.ready and traded.value > 0.0:
        vwap.value = vwap.notional.value / traded.value
        vwap.ready = True


HOT = (obv_update, rounding_error, session_vwap_update, rolling_vwap_update)
