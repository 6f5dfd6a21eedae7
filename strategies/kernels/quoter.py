"""The two-sided quoter as a kernel: the rules and parameters of `strategies/quoter.py`."""

from dataclasses import dataclass

from core.market import Market, MarketNumbers
from oms.codes import STATE_PARTIALLY_FILLED, STATE_REJECTED, STATE_UNKNOWN
from strategies.desk import POST_ONLY, KernelDesk, buy, cancel, sell, wake_at
from strategies.kernel import Kernel
from strategies.quoter import TwoSidedQuoter

BASIS_POINTS = 10_000


@dataclass(slots=True)
class QuoterState:
    """The anchor, both orders (number 0 for none), whether their cancels are out, and whether it rests."""

    instrument: int
    tick: int
    quantity: int
    max_inventory: int
    half_spread_bps: float
    requote_bps: float
    pause_ns: int
    anchor: float = 0.0
    bid: int = 0
    ask: int = 0
    cancelling_bid: bool = False
    cancelling_ask: bool = False
    resting: bool = False


def withdraw(state: QuoterState, desk: KernelDesk) -> None:
    """Ask to cancel both sides, each once."""
    if state.bid != 0 and not state.cancelling_bid:
        state.cancelling_bid = True
        cancel(desk, state.bid)
    if state.ask != 0 and not state.cancelling_ask:
        state.cancelling_ask = True
        cancel(desk, state.ask)


def rest(state: QuoterState, desk: KernelDesk) -> None:
    """Stop quoting for `pause_ns`."""
    if not state.resting:
        state.resting = True
        wake_at(desk, desk.now_ns + state.pause_ns)


def keep_on(state: QuoterState, number: int, desk: KernelDesk) -> None:
    """Rest where the venue refused to cancel an order, which is then moved after all."""
    if number == state.bid and state.cancelling_bid:
        state.cancelling_bid = False
    elif number == state.ask and state.cancelling_ask:
        state.cancelling_ask = False
    else:
        return
    state.anchor = 0.0
    rest(state, desk)


class TwoSidedQuoterKernel(Kernel):
    """Keeps a post-only bid and ask `half_spread_bps` from the mid, moved when the mid has moved `requote_bps`.

    Inventory leans the quotes: at `max_inventory` long the bid is withheld, at as much short the ask.
    """

    HELPERS = (withdraw, rest, keep_on)
    Params = TwoSidedQuoter.Params

    @staticmethod
    def prepare(params: TwoSidedQuoter.Params, markets: tuple[Market, ...]) -> QuoterState:
        """Follow the first configured instrument."""
        instrument = markets[0].instrument
        return QuoterState(
            instrument=markets[0].index,
            tick=instrument.tick,
            quantity=instrument.quantity(params.quantity),
            max_inventory=instrument.quantity(params.max_inventory),
            half_spread_bps=params.half_spread_bps,
            requote_bps=params.requote_bps,
            pause_ns=params.pause_ms * 1_000_000,
        )

    @staticmethod
    def at_quote(state: QuoterState, market: MarketNumbers, desk: KernelDesk) -> None:
        """Move the quotes when the mid has left the anchor far enough, or one side is missing."""
        if state.resting or market.index != state.instrument:
            return
        mid = (market.bid_price + market.ask_price) / 2
        if abs(mid - state.anchor) * BASIS_POINTS > state.requote_bps * mid:
            state.anchor = mid
            withdraw(state, desk)
        if state.bid != 0 and state.ask != 0:
            return
        tick, position = state.tick, desk.positions[market.index]
        away = state.anchor * state.half_spread_bps / BASIS_POINTS
        if state.bid == 0 and position < state.max_inventory:
            price = min(int((state.anchor - away) // tick) * tick, market.ask_price - tick)
            state.bid = buy(desk, market, state.quantity, price, POST_ONLY)
        if state.ask == 0 and -position < state.max_inventory:
            price = max(-int((-state.anchor - away) // tick) * tick, market.bid_price + tick)
            state.ask = sell(desk, market, state.quantity, price, POST_ONLY)

    @staticmethod
    def at_order(state: QuoterState, number: int, order_state: int, filled: int, desk: KernelDesk) -> None:
        """Forget an order that has ended; rest a moment after a rejection, so as not to hammer the venue."""
        if order_state <= STATE_PARTIALLY_FILLED:
            keep_on(state, number, desk)
        if order_state <= STATE_UNKNOWN:
            return
        if number == state.bid:
            state.bid = 0
            state.cancelling_bid = False
        elif number == state.ask:
            state.ask = 0
            state.cancelling_ask = False
        else:
            return
        if order_state == STATE_REJECTED:
            rest(state, desk)

    @staticmethod
    def at_refusal(state: QuoterState, number: int, desk: KernelDesk) -> None:
        """Rest a moment: what the gate refused once it will refuse again at once."""
        if number == state.bid:
            state.bid = 0
        elif number == state.ask:
            state.ask = 0
        rest(state, desk)

    @staticmethod
    def at_wake(state: QuoterState, desk: KernelDesk) -> None:
        """Quote again."""
        state.resting = False
