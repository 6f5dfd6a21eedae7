"""Grid market maker as a kernel: the rules, parameters and source of `strategies/grid_maker.py`."""

from dataclasses import dataclass

from core.market import Market, MarketNumbers
from strategies.desk import BUY, SELL, KernelDesk
from strategies.grid_maker import BASIS_POINTS, MILLISECOND_NS, GridMaker
from strategies.kernel import Kernel
from strategies.kernels import resting
from strategies.kernels.resting import Resting, order_moved, order_refused, pause_over, pull, put


@dataclass(slots=True)
class GridMakerState:
    """The grid in price units (`interval` 0 before the first quote), and its orders: bids first, then asks."""

    instrument: int
    tick: int
    quantity: int
    max_inventory: int
    levels: int
    interval_bps: float
    half_spread_bps: float
    skew_bps: float
    resting: Resting
    interval: int = 0
    top: int = 0
    bottom: int = 0


def place_at(orders: Resting, first: int, levels: int, price: int) -> int:
    """Return the first empty place of a side, -1 where an order at `price` is there already or no place is empty."""
    found = -1
    for place in range(first + levels - 1, first - 1, -1):
        if orders.orders[place] == 0:
            found = place
        elif orders.prices[place] == price:
            return -1
    return found


def tend(
    state: GridMakerState,
    first: int,
    market: MarketNumbers,
    side: int,
    nearest: int,
    position: int,
    desk: KernelDesk,
) -> None:
    """Cancel what left one side of the grid and place what is missing; `first` is the side's first place."""
    orders = state.resting
    room = (state.max_inventory - side * position) // state.quantity
    depth = min(state.levels, max(0, room))
    taken = 0
    for place in range(first, first + state.levels):
        if orders.orders[place] != 0:
            taken += 1
            level = (nearest - orders.prices[place]) * side // state.interval
            if level < 0 or level >= depth:
                pull(orders, place, desk)
    for level in range(depth):
        if taken >= depth:
            return
        price = nearest - side * level * state.interval
        place = place_at(orders, first, state.levels, price)
        if price > 0 and place >= 0:
            put(orders, place, market, side, state.quantity, price, desk)
            taken += 1


class GridMakerKernel(Kernel):
    """Keeps up to `levels` post-only orders a side, leaned against the inventory."""

    HELPERS = (*resting.HOT, place_at, tend)
    Params = GridMaker.Params

    @staticmethod
    def prepare(params: GridMaker.Params, markets: tuple[Market, ...]) -> GridMakerState:
        """Follow the first configured instrument."""
        instrument = markets[0].instrument
        return GridMakerState(
            instrument=markets[0].index,
            tick=instrument.tick,
            quantity=instrument.quantity(params.quantity),
            max_inventory=instrument.quantity(params.max_inventory),
            levels=params.levels,
            interval_bps=params.interval_bps,
            half_spread_bps=params.half_spread_bps,
            skew_bps=params.skew_bps,
            resting=Resting(2 * params.levels, params.pause_ms * MILLISECOND_NS),
        )

    @staticmethod
    def at_quote(state: GridMakerState, market: MarketNumbers, desk: KernelDesk) -> None:
        """Move the grid when its centre has left an interval, or something happened to its orders."""
        orders, bid, ask = state.resting, market.bid_price, market.ask_price
        if market.index != state.instrument or bid == 0 or ask == 0 or orders.paused:
            return
        twice_mid = bid + ask
        if state.interval == 0:
            ticks = round(twice_mid / 2 * state.interval_bps / BASIS_POINTS / state.tick)
            state.interval = max(1, ticks) * state.tick
        interval = state.interval
        mid = twice_mid / 2
        position = desk.positions[market.index]
        centre = mid - mid * state.skew_bps * (position / state.quantity) / BASIS_POINTS
        away = mid * state.half_spread_bps / BASIS_POINTS
        top = int(min(centre - away, float(bid)) // interval) * interval
        bottom = -int(min(-centre - away, float(-ask)) // interval) * interval
        if top == state.top and bottom == state.bottom and not orders.stale:
            return
        state.top = top
        state.bottom = bottom
        orders.stale = False
        tend(state, 0, market, BUY, top, position, desk)
        tend(state, state.levels, market, SELL, bottom, position, desk)

    @staticmethod
    def at_order(state: GridMakerState, number: int, order_state: int, filled: int, desk: KernelDesk) -> None:
        """Free the place of an order that has ended."""
        order_moved(state.resting, number, order_state, desk)

    @staticmethod
    def at_fill(state: GridMakerState, number: int, side: int, price: int, quantity: int, desk: KernelDesk) -> None:
        """Look again: the inventory has changed."""
        state.resting.stale = True

    @staticmethod
    def at_refusal(state: GridMakerState, number: int, desk: KernelDesk) -> None:
        """Pause."""
        order_refused(state.resting, number, desk)

    @staticmethod
    def at_wake(state: GridMakerState, desk: KernelDesk) -> None:
        """Go on."""
        pause_over(state.resting)
