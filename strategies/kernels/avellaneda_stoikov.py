"""Avellaneda-Stoikov as a kernel: the rules, parameters and source of `strategies/avellaneda_stoikov.py`."""

import math
from dataclasses import dataclass

from core.market import Market, MarketNumbers
from strategies.avellaneda_stoikov import (
    ASK,
    BASIS_POINTS,
    BID,
    MILLISECOND_NS,
    SECOND_NS,
    AvellanedaStoikov,
    distances,
)
from strategies.desk import BUY, SELL, KernelDesk
from strategies.indicators import Ema, ema, ema_update
from strategies.kernel import Kernel
from strategies.kernels import resting
from strategies.kernels.resting import Resting, order_moved, order_refused, pause_over, pull, put


@dataclass(slots=True)
class AvellanedaStoikovState:
    """Both orders, the average of squared returns (bp squared a second), and the mid as it was seen last, twice."""

    instrument: int
    tick: int
    quantity: int
    max_inventory: int
    distance: float
    lean_of_sigma: float
    requote_bps: float
    sample_ns: int
    resting: Resting
    variance: Ema
    sampled_ns: int = 0
    sampled: int = 0
    lean: float = 0.0
    twice_mid: int = 0


def sample(state: AvellanedaStoikovState, twice_mid: int, now_ns: int) -> None:
    """Take one return into the volatility."""
    if state.sampled != 0:
        change = (twice_mid - state.sampled) / state.sampled * BASIS_POINTS
        ema_update(state.variance, change * change * SECOND_NS / (now_ns - state.sampled_ns))
        state.lean = state.lean_of_sigma * math.sqrt(state.variance.value)
        state.resting.stale = True
    state.sampled_ns = now_ns
    state.sampled = twice_mid


def tend(
    state: AvellanedaStoikovState,
    place: int,
    market: MarketNumbers,
    side: int,
    price: int,
    mid: float,
    position: int,
    desk: KernelDesk,
) -> None:
    """Place the order of one side, or withdraw it where it is too far from where it should be."""
    orders = state.resting
    if orders.orders[place] == 0:
        if price > 0 and side * position + state.quantity <= state.max_inventory:
            put(orders, place, market, side, state.quantity, price, desk)
    elif abs(price - orders.prices[place]) * BASIS_POINTS > state.requote_bps * mid:
        pull(orders, place, desk)


class AvellanedaStoikovKernel(Kernel):
    """Keeps one post-only bid and ask at the distances of Gueant, Lehalle and Fernandez-Tapia."""

    HELPERS = (*resting.HOT, sample, tend)
    Params = AvellanedaStoikov.Params

    @staticmethod
    def prepare(params: AvellanedaStoikov.Params, markets: tuple[Market, ...]) -> AvellanedaStoikovState:
        """Follow the first configured instrument."""
        instrument = markets[0].instrument
        distance, lean_of_sigma = distances(params.gamma, params.kappa, params.arrival_rate)
        return AvellanedaStoikovState(
            instrument=markets[0].index,
            tick=instrument.tick,
            quantity=instrument.quantity(params.quantity),
            max_inventory=instrument.quantity(params.max_inventory),
            distance=distance,
            lean_of_sigma=lean_of_sigma,
            requote_bps=params.requote_bps,
            sample_ns=params.sample_ms * MILLISECOND_NS,
            resting=Resting(2, params.pause_ms * MILLISECOND_NS),
            variance=ema(params.volatility_samples),
        )

    @staticmethod
    def at_quote(state: AvellanedaStoikovState, market: MarketNumbers, desk: KernelDesk) -> None:
        """Sample the volatility when it is time; look at the own quotes when the mid or anything else has moved."""
        orders, tick, bid, ask = state.resting, state.tick, market.bid_price, market.ask_price
        if market.index != state.instrument or bid == 0 or ask == 0:
            return
        twice_mid = bid + ask
        if desk.now_ns - state.sampled_ns >= state.sample_ns:
            sample(state, twice_mid, desk.now_ns)
        if orders.paused or not state.variance.ready or (twice_mid == state.twice_mid and not orders.stale):
            return
        state.twice_mid = twice_mid
        orders.stale = False
        mid = twice_mid / 2
        position = desk.positions[market.index]
        inventory = position / state.quantity
        away = mid * (state.distance + (inventory + 0.5) * state.lean) / BASIS_POINTS
        price = int((mid - away) // tick) * tick
        tend(state, BID, market, BUY, min(price, ask - tick), mid, position, desk)
        away = mid * (state.distance - (inventory - 0.5) * state.lean) / BASIS_POINTS
        price = -int((-mid - away) // tick) * tick
        tend(state, ASK, market, SELL, max(price, bid + tick), mid, position, desk)

    @staticmethod
    def at_order(state: AvellanedaStoikovState, number: int, order_state: int, filled: int, desk: KernelDesk) -> None:
        """Free the side of an order that has ended."""
        order_moved(state.resting, number, order_state, desk)

    @staticmethod
    def at_fill(
        state: AvellanedaStoikovState, number: int, side: int, price: int, quantity: int, desk: KernelDesk
    ) -> None:
        """Look again: the inventory has changed."""
        state.resting.stale = True

    @staticmethod
    def at_refusal(state: AvellanedaStoikovState, number: int, desk: KernelDesk) -> None:
        """Pause."""
        order_refused(state.resting, number, desk)

    @staticmethod
    def at_wake(state: AvellanedaStoikovState, desk: KernelDesk) -> None:
        """Go on."""
        pause_over(state.resting)
