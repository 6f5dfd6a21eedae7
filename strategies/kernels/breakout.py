"""Donchian breakout with an ATR stop as a kernel: the rules, parameters and source of `strategies/breakout.py`."""

from dataclasses import dataclass

from core.market import Market, MarketNumbers
from strategies.breakout import SECOND_NS, Breakout
from strategies.desk import KernelDesk
from strategies.indicators import Atr, Donchian, atr, atr_update, donchian, donchian_update
from strategies.kernel import Kernel
from strategies.kernels import pursuit
from strategies.kernels.pursuit import Pursuit, order_moved, order_refused, pause_over, pursue


@dataclass(slots=True)
class BreakoutState:
    """Channel, ATR, stop and the forming bar, all in twice the price; `bar_ns` 0 takes the venue's bars."""

    bar_ns: int
    stop_atrs: float
    long_target: int
    short_target: int
    pursuit: Pursuit
    channel: Donchian
    atr: Atr
    stop: float = 0.0
    ends_ns: int = 0
    high: int = 0
    low: int = 0
    close: int = 0


def add_price(state: BreakoutState, price: int, now_ns: int) -> None:
    """Add a price to the bar that is forming; the first one after its end closes it."""
    if now_ns >= state.ends_ns:
        if state.ends_ns > 0:
            take_bar(state, state.high, state.low, state.close)
        state.ends_ns = (now_ns // state.bar_ns + 1) * state.bar_ns
        state.high = price
        state.low = price
    elif price > state.high:
        state.high = price
    elif price < state.low:
        state.low = price
    state.close = price


def take_bar(state: BreakoutState, high: int, low: int, close: int) -> None:
    """Compare a closed bar with the channel as it was before; then move channel and stop."""
    goal, channel = state.pursuit, state.channel
    warm = channel.ready and state.atr.ready
    upper = channel.upper
    lower = channel.lower
    donchian_update(channel, float(high), float(low))
    atr_update(state.atr, float(high), float(low), float(close))
    if (goal.target > 0 and low <= state.stop) or (goal.target < 0 and high >= state.stop):
        goal.target = 0
    if not warm:
        return
    width = state.stop_atrs * state.atr.value
    if close > upper and goal.target <= 0:
        goal.target = state.long_target
        state.stop = close - width
    elif close < lower and goal.target >= 0:
        goal.target = state.short_target
        state.stop = close + width
    elif goal.target > 0:
        state.stop = max(state.stop, close - width)
    elif goal.target < 0:
        state.stop = min(state.stop, close + width)


class BreakoutKernel(Kernel):
    """Trades the breakout of a Donchian channel with market orders; a trailing stop by the ATR ends the trade."""

    HELPERS = (*pursuit.HOT, add_price, take_bar)
    Params = Breakout.Params

    @staticmethod
    def prepare(params: Breakout.Params, markets: tuple[Market, ...]) -> BreakoutState:
        """Follow the first configured instrument."""
        quantity = markets[0].instrument.quantity(params.quantity)
        return BreakoutState(
            bar_ns=params.bar_seconds * SECOND_NS,
            stop_atrs=params.stop_atrs,
            long_target=quantity,
            short_target=-quantity if params.allow_short else 0,
            pursuit=Pursuit(markets[0].index, markets[0].instrument.lot, params.pause_ms * 1_000_000),
            channel=donchian(params.channel),
            atr=atr(params.atr),
        )

    @staticmethod
    def at_quote(state: BreakoutState, market: MarketNumbers, desk: KernelDesk) -> None:
        """Make bars of twice the mid, and watch the stop."""
        goal, bid, ask = state.pursuit, market.bid_price, market.ask_price
        if market.index != goal.instrument or bid == 0 or ask == 0:
            return
        if state.bar_ns > 0:
            add_price(state, bid + ask, desk.now_ns)
        if (goal.target > 0 and 2 * bid <= state.stop) or (goal.target < 0 and 2 * ask >= state.stop):
            goal.target = 0
        pursue(goal, market, desk)

    @staticmethod
    def at_bar(
        state: BreakoutState,
        market: MarketNumbers,
        opened: int,
        high: int,
        low: int,
        close: int,
        volume: int,
        desk: KernelDesk,
    ) -> None:
        """Take a bar of the venue."""
        if market.index == state.pursuit.instrument and state.bar_ns == 0:
            take_bar(state, 2 * high, 2 * low, 2 * close)
            pursue(state.pursuit, market, desk)

    @staticmethod
    def at_order(state: BreakoutState, number: int, order_state: int, filled: int, desk: KernelDesk) -> None:
        """Allow the next order once this one has ended."""
        order_moved(state.pursuit, number, order_state, desk)

    @staticmethod
    def at_refusal(state: BreakoutState, number: int, desk: KernelDesk) -> None:
        """Pause."""
        order_refused(state.pursuit, number, desk)

    @staticmethod
    def at_wake(state: BreakoutState, desk: KernelDesk) -> None:
        """Go on."""
        pause_over(state.pursuit)
