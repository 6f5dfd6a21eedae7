"""The venue's tape of one symbol: the last trades and the candles made from all that were sent."""

from collections import deque

import msgspec

from connectors.embedded.market import SPOT_WIRE_DECIMALS, fixed_text
from connectors.embedded.wire import UNITS_PER_ONE, TradeEvent
from core.decimals import to_units
from core.errors import PrecisionError

RECENT_TRADES = 1000  # "Default: 500; Maximum: 1000"
_SECONDS_KEPT = 7_200
_MINUTES_KEPT = 10_080

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS
INTERVALS_MS = {
    "1s": 1_000,
    **{f"{n}m": n * _MINUTE_MS for n in (1, 3, 5, 15, 30)},
    **{f"{n}h": n * _HOUR_MS for n in (1, 2, 4, 6, 8, 12)},
    **{f"{n}d": n * _DAY_MS for n in (1, 3)},
    "1w": 7 * _DAY_MS,
}
_WEEK_SHIFT_MS = 4 * _DAY_MS  # 1970-01-01 was a Thursday; weeks open on Monday


def cut(units: int, decimals: int) -> str:
    """Write units of 10^-8 with fewer decimals; what the market does not write is cut off."""
    return fixed_text(units // 10 ** (SPOT_WIRE_DECIMALS - decimals), decimals)


def signed(units: int, decimals: int) -> str:
    """Write units of 10^-8 that may be negative."""
    return f"-{cut(-units, decimals)}" if units < 0 else cut(units, decimals)


class Print(msgspec.Struct, frozen=True, gc=False):
    """One trade; price and quantity in units of 10^-8."""

    trade_id: int
    price: int
    quantity: int
    time_ms: int
    buyer_is_maker: bool

    @property
    def quote_quantity(self) -> int:
        """Price times quantity, units of 10^-8 of the quote asset, cut as the venue cuts."""
        return self.price * self.quantity // UNITS_PER_ONE


class Candle(msgspec.Struct, gc=False):
    """One candle; prices, volumes and turnovers in units of 10^-8."""

    open_ms: int
    open: int
    high: int
    low: int
    close: int
    first_trade_id: int
    last_trade_id: int
    volume: int = 0
    turnover: int = 0
    trades: int = 0
    taker_buy_volume: int = 0
    taker_buy_turnover: int = 0

    @property
    def mean_price(self) -> int:
        """The price of the average unit traded."""
        return self.turnover * UNITS_PER_ONE // self.volume if self.volume else 0

    @property
    def change_ppm(self) -> int:
        """Close over open less one, in millionths."""
        return (self.close - self.open) * 1_000_000 // self.open if self.open else 0


class Tape:
    """Trades as they are sent; nothing before the first is known."""

    def __init__(self) -> None:
        """Start without trades."""
        self.recent: deque[Print] = deque(maxlen=RECENT_TRADES)
        self._seconds: deque[Candle] = deque(maxlen=_SECONDS_KEPT)
        self._minutes: deque[Candle] = deque(maxlen=_MINUTES_KEPT)

    def on_trade(self, trade: TradeEvent) -> Print | None:
        """Add a trade and return it; one whose numbers are none, or that is no trade (`"p":"0"`), is left out."""
        try:
            price, quantity = to_units(trade.price, 8), to_units(trade.quantity, 8)
        except PrecisionError:
            return None
        if price <= 0 or quantity <= 0:
            return None
        added = Print(trade.trade_id, price, quantity, trade.time_ms, trade.buyer_is_maker)
        self.recent.append(added)
        _add(self._seconds, added, 1_000)
        _add(self._minutes, added, _MINUTE_MS)
        return added

    def candles(self, interval: str) -> list[Candle]:
        """Return the candles of an interval, oldest first; spans without a trade have none."""
        if interval == "1s":
            return list(self._seconds)
        if interval == "1m":
            return list(self._minutes)
        width, shift = INTERVALS_MS[interval], _WEEK_SHIFT_MS if interval == "1w" else 0
        merged: list[Candle] = []
        for minute in self._minutes:
            open_ms = (minute.open_ms - shift) // width * width + shift
            if merged and merged[-1].open_ms == open_ms:
                _merge(merged[-1], minute)
            else:
                merged.append(msgspec.structs.replace(minute, open_ms=open_ms))
        return merged

    def day(self) -> Candle:
        """Return the last 24 hours up to the last trade as one candle, to the minute; all 0 before the first."""
        if not self._minutes:
            return Candle(0, 0, 0, 0, 0, -1, -1)
        begin = self._minutes[-1].open_ms - _DAY_MS
        span = [minute for minute in self._minutes if minute.open_ms > begin]
        whole = msgspec.structs.replace(span[0])
        for minute in span[1:]:
            _merge(whole, minute)
        return whole


def _add(candles: deque[Candle], trade: Print, width_ms: int) -> None:
    open_ms = trade.time_ms // width_ms * width_ms
    if not candles or open_ms > candles[-1].open_ms:
        price = trade.price
        candles.append(Candle(open_ms, price, price, price, price, trade.trade_id, trade.trade_id))
    candle = candles[-1]  # a trade that is late by some ms, as recordings have, counts into the open candle
    candle.high = max(candle.high, trade.price)
    candle.low = min(candle.low, trade.price)
    candle.close = trade.price
    candle.last_trade_id = trade.trade_id
    candle.trades += 1
    candle.volume += trade.quantity
    candle.turnover += trade.quote_quantity
    if not trade.buyer_is_maker:
        candle.taker_buy_volume += trade.quantity
        candle.taker_buy_turnover += trade.quote_quantity


def _merge(into: Candle, later: Candle) -> None:
    into.high = max(into.high, later.high)
    into.low = min(into.low, later.low)
    into.close = later.close
    into.last_trade_id = later.last_trade_id
    into.trades += later.trades
    into.volume += later.volume
    into.turnover += later.turnover
    into.taker_buy_volume += later.taker_buy_volume
    into.taker_buy_turnover += later.taker_buy_turnover
