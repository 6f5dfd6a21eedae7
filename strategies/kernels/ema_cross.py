"""EMA cross as a kernel: long while the fast average of the mid is above the slow one, else flat or short."""

from dataclasses import dataclass

from core.market import Market, MarketNumbers
from oms.codes import STATE_FILLED
from strategies.base import StrategyParams
from strategies.desk import GTC, KernelDesk, buy, position_of, sell
from strategies.kernel import Kernel


@dataclass(slots=True)
class EmaCrossState:
    """Both averages of twice the mid (or of twice the close), and the one order that may be out."""

    instrument: int
    lot: int
    fast_alpha: float
    slow_alpha: float
    warm_up: int
    long_target: int
    short_target: int
    fast: float = 0.0
    slow: float = 0.0
    seen: int = 0
    target: int = 0
    working: int = 0  # the number of the order that is out, 0 for none


def follow(state: EmaCrossState, market: MarketNumbers, twice_price: int, desk: KernelDesk) -> None:
    """Move both averages; ask for an order, in whole lots, when they have crossed."""
    seen = state.seen
    state.seen = seen + 1
    if seen == 0:
        state.fast = float(twice_price)
        state.slow = float(twice_price)
        return
    state.fast = state.fast + state.fast_alpha * (twice_price - state.fast)
    state.slow = state.slow + state.slow_alpha * (twice_price - state.slow)
    target = state.long_target if state.fast > state.slow else state.short_target
    if target != state.target and seen >= state.warm_up and state.working == 0:
        change = target - position_of(desk, market)
        lot = state.lot
        state.target = target
        if change >= lot:
            state.working = buy(desk, market, change // lot * lot, 0, GTC)
        elif change <= -lot:
            state.working = sell(desk, market, -change // lot * lot, 0, GTC)


class EmaCrossKernel(Kernel):
    """Trades the crossing of two exponential moving averages of the mid price, or of a bar's close, at the market.

    No order before `slow` prices have been seen, and only one order at a time.
    """

    HELPERS = (follow,)

    class Params(StrategyParams, frozen=True):
        """`fast` and `slow` are spans in quotes or bars (alpha = 2 / (span + 1)); `quantity` is decimal text."""

        fast: int = 20
        slow: int = 100
        quantity: str = "0.01"
        allow_short: bool = False

    @staticmethod
    def prepare(params: Params, markets: tuple[Market, ...]) -> EmaCrossState:
        """Follow the first configured instrument."""
        quantity = markets[0].instrument.quantity(params.quantity)
        return EmaCrossState(
            instrument=markets[0].index,
            lot=markets[0].instrument.lot,
            fast_alpha=2.0 / (params.fast + 1),
            slow_alpha=2.0 / (params.slow + 1),
            warm_up=params.slow,
            long_target=quantity,
            short_target=-quantity if params.allow_short else 0,
        )

    @staticmethod
    def at_quote(state: EmaCrossState, market: MarketNumbers, desk: KernelDesk) -> None:
        """Follow the mid."""
        if market.index == state.instrument:
            follow(state, market, market.bid_price + market.ask_price, desk)

    @staticmethod
    def at_bar(
        state: EmaCrossState,
        market: MarketNumbers,
        opened: int,
        high: int,
        low: int,
        close: int,
        volume: int,
        desk: KernelDesk,
    ) -> None:
        """Follow the close."""
        if market.index == state.instrument:
            follow(state, market, 2 * close, desk)

    @staticmethod
    def at_order(state: EmaCrossState, number: int, order_state: int, filled: int, desk: KernelDesk) -> None:
        """Allow the next order once this one has ended; a lost one makes the kernel look at its position again."""
        if number != state.working:
            return
        if order_state == STATE_FILLED:
            state.working = 0
        elif order_state > STATE_FILLED:  # cancelled, expired, rejected, never arrived
            state.target = desk.positions[state.instrument]
            state.working = 0

    @staticmethod
    def at_refusal(state: EmaCrossState, number: int, desk: KernelDesk) -> None:
        """Wait for the next crossing: what the gate refused it would refuse again at every quote."""
        state.working = 0
