"""Mean reversion as a kernel: the rules, parameters and source of `strategies/mean_reversion.py`."""

from dataclasses import dataclass

from core.market import Market, MarketNumbers
from strategies.desk import KernelDesk
from strategies.indicators import ZScore, z_score, z_score_update
from strategies.kernel import Kernel
from strategies.kernels import pursuit
from strategies.kernels.pursuit import Pursuit, order_moved, order_refused, pause_over, pursue
from strategies.mean_reversion import MILLISECOND_NS, SECOND_NS, MeanReversion


@dataclass(slots=True)
class MeanReversionState:
    """The z-score of twice the mid, when it is sampled next, and since when the target stands."""

    entry: float
    exit: float
    sample_ns: int
    hold_ns: int
    long_target: int
    short_target: int
    pursuit: Pursuit
    score: ZScore
    next_ns: int = 0
    entered_ns: int = 0
    armed: bool = True


def decide(state: MeanReversionState, z: float, now_ns: int) -> None:
    """Set the target by a z-score."""
    goal = state.pursuit
    if goal.target > 0:
        if z >= -state.exit:
            goal.target = 0
    elif goal.target < 0:
        if z <= state.exit:
            goal.target = 0
    elif not state.armed:
        state.armed = abs(z) < state.entry
    elif z <= -state.entry:
        goal.target = state.long_target
        state.entered_ns = now_ns
    elif z >= state.entry and state.short_target != 0:
        goal.target = state.short_target
        state.entered_ns = now_ns


class MeanReversionKernel(Kernel):
    """Trades the z-score of the mid: in beyond `entry`, out within `exit` or after `max_holding_s`."""

    HELPERS = (*pursuit.HOT, decide)
    Params = MeanReversion.Params

    @staticmethod
    def prepare(params: MeanReversion.Params, markets: tuple[Market, ...]) -> MeanReversionState:
        """Follow the first configured instrument."""
        quantity = markets[0].instrument.quantity(params.quantity)
        return MeanReversionState(
            entry=params.entry,
            exit=params.exit,
            sample_ns=params.sample_ms * MILLISECOND_NS,
            hold_ns=params.max_holding_s * SECOND_NS,
            long_target=quantity,
            short_target=-quantity if params.allow_short else 0,
            pursuit=Pursuit(markets[0].index, markets[0].instrument.lot, params.pause_ms * MILLISECOND_NS),
            score=z_score(params.period),
        )

    @staticmethod
    def at_quote(state: MeanReversionState, market: MarketNumbers, desk: KernelDesk) -> None:
        """Sample the mid when it is time; leave what was held too long."""
        goal = state.pursuit
        if market.index != goal.instrument or market.bid_price == 0 or market.ask_price == 0:
            return
        now_ns = desk.now_ns
        if goal.target != 0 and now_ns - state.entered_ns >= state.hold_ns:
            goal.target = 0
            state.armed = False
        if now_ns >= state.next_ns:
            state.next_ns = now_ns + state.sample_ns
            z_score_update(state.score, float(market.bid_price + market.ask_price))
            if state.score.ready:
                decide(state, state.score.value, now_ns)
        pursue(goal, market, desk)

    @staticmethod
    def at_order(state: MeanReversionState, number: int, order_state: int, filled: int, desk: KernelDesk) -> None:
        """Allow the next order once this one has ended."""
        order_moved(state.pursuit, number, order_state, desk)

    @staticmethod
    def at_refusal(state: MeanReversionState, number: int, desk: KernelDesk) -> None:
        """Pause."""
        order_refused(state.pursuit, number, desk)

    @staticmethod
    def at_wake(state: MeanReversionState, desk: KernelDesk) -> None:
        """Go on."""
        pause_over(state.pursuit)
