"""The peers' strategies as kernels of ours: the same steps of time, prices, sizes and rules as in their scripts.

hftbacktest's scripts act every `STEP_NS` on what they know then, and so do these: a wake-up at every step, the touch
as the last event before it left it.
"""

from dataclasses import dataclass

from core.book import best_of
from core.market import Market, MarketNumbers
from oms.codes import STATE_UNKNOWN
from strategies import Kernel, StrategyParams
from strategies.desk import BUY, GTC, POST_ONLY, SELL, KernelDesk, ask_order, cancel, wake_at
from tests.bench.peers.engines.scenario import (
    EVENTS_FAST,
    EVENTS_SLOW,
    FEED_LATENCY_NS,
    MAKER_LOTS,
    MAKER_SKEW_LOTS,
    MAKER_SKEW_TICKS,
    STEP_NS,
)


@dataclass(slots=True)
class MakerState:
    """The touch as it was last seen, and the two quotes that may be working."""

    bid: int = 0
    ask: int = 0
    started: bool = False
    bid_number: int = 0  # 0 once it has ended
    ask_number: int = 0


class MakerKernel(Kernel):
    """Cancels both quotes and puts them anew at every step, skewed by the position."""

    class Params(StrategyParams, frozen=True):
        """None: all is in scenario.py."""

    @staticmethod
    def prepare(params: Params, markets: tuple[Market, ...]) -> MakerState:
        """Begin without quotes."""
        return MakerState()

    @staticmethod
    def at_book(state: MakerState, market: MarketNumbers, desk: KernelDesk) -> None:
        """Note the touch; at the first event begin to step from its time at the venue, as the peer does."""
        state.bid = best_of(market.book.bids)
        state.ask = best_of(market.book.asks)
        if not state.started:
            state.started = True
            wake_at(desk, desk.now_ns - FEED_LATENCY_NS + STEP_NS)

    @staticmethod
    def at_wake(state: MakerState, desk: KernelDesk) -> None:
        """Take one step."""
        wake_at(desk, desk.now_ns + STEP_NS)
        if state.bid_number != 0:
            cancel(desk, state.bid_number)
        if state.ask_number != 0:
            cancel(desk, state.ask_number)
        steps = round(desk.positions[0] / MAKER_SKEW_LOTS)
        bid = state.bid - min(max(steps, 0), MAKER_SKEW_TICKS)
        ask = state.ask + min(max(-steps, 0), MAKER_SKEW_TICKS)
        state.bid_number = ask_order(desk, 0, BUY, MAKER_LOTS, bid, POST_ONLY)
        state.ask_number = ask_order(desk, 0, SELL, MAKER_LOTS, ask, POST_ONLY)

    @staticmethod
    def at_order(state: MakerState, number: int, order_state: int, filled: int, desk: KernelDesk) -> None:
        """Forget a quote that has ended."""
        if order_state > STATE_UNKNOWN:
            if number == state.bid_number:
                state.bid_number = 0
            elif number == state.ask_number:
                state.ask_number = 0


@dataclass(slots=True)
class CrossState:
    """The touch as it was last seen, and both averages of twice the mid."""

    quantity: int
    fast_alpha: float
    slow_alpha: float
    warm_up: int
    bid: int = 0
    ask: int = 0
    started: bool = False
    fast: float = 0.0
    slow: float = 0.0
    seen: int = 0
    long: bool = False


class CrossKernel(Kernel):
    """Trades the crossing of two averages of the mid, looked at every step, at the market."""

    class Params(StrategyParams, frozen=True):
        """`fast` and `slow` are spans in steps; `quantity` is decimal text."""

        fast: int = EVENTS_FAST
        slow: int = EVENTS_SLOW
        quantity: str = "0.01"

    @staticmethod
    def prepare(params: Params, markets: tuple[Market, ...]) -> CrossState:
        """Follow the one instrument."""
        return CrossState(
            quantity=markets[0].instrument.quantity(params.quantity),
            fast_alpha=2 / (params.fast + 1),
            slow_alpha=2 / (params.slow + 1),
            warm_up=params.slow,
        )

    @staticmethod
    def at_book(state: CrossState, market: MarketNumbers, desk: KernelDesk) -> None:
        """Note the touch; at the first event begin to step from its time at the venue, as the peer does."""
        state.bid = best_of(market.book.bids)
        state.ask = best_of(market.book.asks)
        if not state.started:
            state.started = True
            wake_at(desk, desk.now_ns - FEED_LATENCY_NS + STEP_NS)

    @staticmethod
    def at_wake(state: CrossState, desk: KernelDesk) -> None:
        """Take one step."""
        wake_at(desk, desk.now_ns + STEP_NS)
        value = float(state.bid + state.ask)
        if state.seen == 0:
            state.fast = value
            state.slow = value
        else:
            state.fast = state.fast + state.fast_alpha * (value - state.fast)
            state.slow = state.slow + state.slow_alpha * (value - state.slow)
        above = state.fast > state.slow
        if state.seen >= state.warm_up and above != state.long:
            state.long = above
            ask_order(desk, 0, BUY if above else SELL, state.quantity, 0, GTC)
        state.seen += 1


@dataclass(slots=True)
class BarCrossState:
    """Both averages of the close."""

    quantity: int
    fast_alpha: float
    slow_alpha: float
    warm_up: int
    fast: float = 0.0
    slow: float = 0.0
    seen: int = 0
    long: bool = False


class BarCrossKernel(Kernel):
    """Trades the crossing of two averages of the close of every bar at the market, long or flat."""

    class Params(StrategyParams, frozen=True):
        """`fast` and `slow` are spans in bars; `quantity` is decimal text."""

        fast: int = 20
        slow: int = 100
        quantity: str = "0.01"

    @staticmethod
    def prepare(params: Params, markets: tuple[Market, ...]) -> BarCrossState:
        """Follow the one instrument."""
        return BarCrossState(
            quantity=markets[0].instrument.quantity(params.quantity),
            fast_alpha=2 / (params.fast + 1),
            slow_alpha=2 / (params.slow + 1),
            warm_up=params.slow,
        )

    @staticmethod
    def at_bar(
        state: BarCrossState,
        market: MarketNumbers,
        opened: int,
        high: int,
        low: int,
        close: int,
        volume: int,
        desk: KernelDesk,
    ) -> None:
        """Move both averages; order when they have crossed."""
        if state.seen == 0:
            state.fast = float(close)
            state.slow = float(close)
        else:
            state.fast = state.fast + state.fast_alpha * (close - state.fast)
            state.slow = state.slow + state.slow_alpha * (close - state.slow)
        above = state.fast > state.slow
        if state.seen >= state.warm_up and above != state.long:
            state.long = above
            ask_order(desk, market.index, BUY if above else SELL, state.quantity, 0, GTC)
        state.seen += 1
