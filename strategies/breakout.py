"""Donchian breakout: go with a bar that closes outside the channel, leave by a stop some ATRs behind.

The idea: a market that leaves its range of the last bars tends to go on. Source: R. Donchian's weekly rule (1960); the
Turtles' rules (C. Faith, "Way of the Turtle", 2007) for the channel of 20 and the stop of 2 ATR; J. W. Wilder (1978)
for the ATR. It loses money in ranging markets, where most breakouts fail and each costs the spread, two taker fees and
the stop's distance; few long trends have to pay for many small losses.
"""

from core.bars import Bar
from core.market import Quote
from core.orders import Side
from strategies.base import Saved, StrategyError, StrategyParams
from strategies.indicators import atr, atr_update, donchian, donchian_update, numbers_of, restore
from strategies.pursuit import PursuitStrategy

SECOND_NS = 1_000_000_000
SIZED = "sized"  # instead of a quantity: what the rules of `[strategies.sizing]` allow at each entry


class Breakout(PursuitStrategy):
    """Trades the breakout of a Donchian channel with market orders; a trailing stop by the ATR ends the trade.

    Bars are made of the mid, `bar_seconds` long, or are the venue's own. No order before channel and ATR are warm. The
    stop moves with each bar's close, in the trade's favour only, and is watched at each quote.
    """

    class Params(StrategyParams, frozen=True):
        """`channel` and `atr` in bars, `stop_atrs` in ATRs, `quantity` as decimal text, `pause_ms` after a refusal.

        `bar_seconds` 0 takes the bars that the venue makes, `quantity` "sized" what `[strategies.sizing]` allows.
        """

        bar_seconds: int = 60
        channel: int = 20
        atr: int = 14
        stop_atrs: float = 2.0
        quantity: str = "0.01"
        allow_short: bool = False
        pause_ms: int = 1000

        def __post_init__(self) -> None:
            """Refuse what makes no sense. Raises ValueError."""
            if self.bar_seconds < 0:
                raise ValueError(f"bar_seconds must be at least 0 (0: the venue's bars), found {self.bar_seconds}")
            if self.stop_atrs <= 0 or self.pause_ms < 1:
                raise ValueError(f"stop_atrs and pause_ms must be above 0, found {self.stop_atrs}, {self.pause_ms}")

    params: Params

    def on_start(self) -> None:
        """Follow the first configured instrument."""
        params, market = self.params, self.markets[0]
        self.begin(market, params.pause_ms)
        self._sized = params.quantity == SIZED
        if self._sized and self.context.sizes is None:
            raise StrategyError('quantity = "sized" needs rules for it: give the strategy [strategies.sizing]')
        quantity = 0 if self._sized else market.instrument.quantity(params.quantity)
        self._long, self._short = quantity, -quantity if params.allow_short else 0
        self._bar_ns = params.bar_seconds * SECOND_NS
        self._channel = donchian(params.channel)
        self._atr = atr(params.atr)
        self._stop = 0.0
        self._ends_ns = self._high = self._low = self._close = 0
        self.subscribe_quotes(market)
        if not self._bar_ns:
            self.subscribe_venue_bars(market)

    def on_quote(self, quote: Quote) -> None:
        """Make bars of twice the mid, and watch the stop."""
        bid, ask = quote.bid_price, quote.ask_price
        if not bid or not ask:
            return
        if self._bar_ns:
            self._add(bid + ask)
        if (self.target > 0 and 2 * bid <= self._stop) or (self.target < 0 and 2 * ask >= self._stop):
            self.target = 0
        self.pursue()

    def on_bar(self, bar: Bar) -> None:
        """Take a bar of the venue."""
        self._take_bar(2 * bar.high, 2 * bar.low, 2 * bar.close)
        self.pursue()

    def save(self) -> Saved:
        """Return the bar that is forming, the stop and the indicators."""
        return super().save() | {
            "bar": [self._ends_ns, self._high, self._low, self._close],
            "stop": self._stop,
            "channel": numbers_of(self._channel),
            "atr": numbers_of(self._atr),
        }

    def load(self, saved: Saved) -> None:
        """Take back the bar that is forming, the stop and the indicators."""
        super().load(saved)
        bar, channel, average = saved["bar"], saved["channel"], saved["atr"]
        assert isinstance(bar, list)
        assert isinstance(channel, list)
        assert isinstance(average, list)
        self._ends_ns, self._high, self._low, self._close = map(int, bar)
        self._stop = float(str(saved["stop"]))
        restore(self._channel, list(map(float, channel)))
        restore(self._atr, list(map(float, average)))

    def _add(self, price: int) -> None:
        """Add a price to the bar that is forming; the first one after its end closes it."""
        now_ns = self.now_ns
        if now_ns >= self._ends_ns:
            if self._ends_ns:
                self._take_bar(self._high, self._low, self._close)
            self._ends_ns = (now_ns // self._bar_ns + 1) * self._bar_ns
            self._high = self._low = price
        elif price > self._high:
            self._high = price
        elif price < self._low:
            self._low = price
        self._close = price

    def _take_bar(self, high: int, low: int, close: int) -> None:
        """Compare a closed bar, in twice the price, with the channel as it was before; then move channel and stop."""
        channel, average = self._channel, self._atr
        warm, upper, lower = channel.ready and average.ready, channel.upper, channel.lower
        donchian_update(channel, float(high), float(low))
        atr_update(average, float(high), float(low), float(close))
        if (self.target > 0 and low <= self._stop) or (self.target < 0 and high >= self._stop):
            self.target = 0
        if not warm:
            return
        width = self.params.stop_atrs * average.value
        if close > upper and self.target <= 0:
            self.target, self._stop = self._goal(Side.BUY, width), close - width
        elif close < lower and self.target >= 0:
            self.target, self._stop = self._goal(Side.SELL, width), close + width
        elif self.target > 0:
            self._stop = max(self._stop, close - width)
        elif self.target < 0:
            self._stop = min(self._stop, close + width)

    def _goal(self, side: Side, width: float) -> int:
        """Return the position to take on a side, signed; `width` is twice how far away its stop is."""
        if self._sized and (side is Side.BUY or self.params.allow_short):
            return int(side) * self.size(self._market, side, stop_distance=max(int(width) // 2, 1))
        return self._long if side is Side.BUY else self._short
