"""A kernel that does what a test tells it, in a file of its own: as a user's, by its path, and imported by tests.

Both ways have this text for their source, so all tests of it share one compiled loop: making it takes half a minute.
"""

from dataclasses import dataclass

from core.hot import Ints, ints
from core.market import Market, MarketNumbers
from strategies import Kernel, StrategyParams
from strategies.desk import KernelDesk, ask_order, cancel, wake_at

STEPS_MAX = 64
DO_ORDER, DO_CANCEL, DO_WAKE = 0, 1, 2
LOTS = 1_000_000  # what is traded at a pace, in units: 0.01 of eight decimals


@dataclass(slots=True)
class ScriptState:
    """What to do at which event, and what came of it."""

    steps: int = 0
    seen: int = 0
    cursor: int = 0
    asked: int = 0
    filled: int = 0
    states: int = 0  # a checksum of every order state that was told
    refused: int = 0
    woken: int = 0
    last: int = 0
    when: Ints = ints(STEPS_MAX)
    action: Ints = ints(STEPS_MAX)
    side: Ints = ints(STEPS_MAX)
    quantity: Ints = ints(STEPS_MAX)
    offset: Ints = ints(STEPS_MAX)
    flags: Ints = ints(STEPS_MAX)
    numbers: Ints = ints(STEPS_MAX)


def act(state: ScriptState, market: MarketNumbers, desk: KernelDesk) -> None:
    """Do what the script has for this event."""
    state.seen += 1
    while state.cursor < state.steps and state.when[state.cursor] <= state.seen:
        at = state.cursor
        state.cursor += 1
        if state.action[at] == DO_ORDER:
            price = 0
            if state.offset[at] != 0:
                base = market.bid_price if market.bid_price > 0 else market.last_price
                price = base + state.offset[at]
            number = ask_order(desk, market.index, state.side[at], state.quantity[at], price, state.flags[at])
            state.numbers[state.asked % STEPS_MAX] = number
            state.asked += 1
        elif state.action[at] == DO_CANCEL:
            if state.asked > 0:
                cancel(desk, state.numbers[(state.asked - 1 - state.quantity[at] % 4) % STEPS_MAX])
        else:
            wake_at(desk, desk.now_ns + 1 + abs(state.quantity[at]) % 5_000_000)


class ScriptKernel(Kernel):
    """Does what it is told, at any event."""

    HELPERS = (act,)

    class Params(StrategyParams, frozen=True):
        """`script` is rows of (when, action, side, quantity, offset, flags); `pace` trades every so many events."""

        script: tuple[tuple[int, int, int, int, int, int], ...] = ()
        pace: int = 0

    @staticmethod
    def prepare(params: Params, markets: tuple[Market, ...]) -> ScriptState:
        script = params.script
        if params.pace > 0:
            script = tuple((at * params.pace, DO_ORDER, at % 2 * 2 - 1, LOTS, 0, 0) for at in range(1, STEPS_MAX))
        state = ScriptState(steps=len(script))
        for at, row in enumerate(script):
            state.when[at], state.action[at], state.side[at] = row[:3]
            state.quantity[at], state.offset[at], state.flags[at] = row[3:]
        return state

    @staticmethod
    def at_quote(state, market, desk):
        act(state, market, desk)

    @staticmethod
    def at_trade(state, market, price, quantity, side, desk):
        act(state, market, desk)

    @staticmethod
    def at_book(state, market, desk):
        act(state, market, desk)

    @staticmethod
    def at_bar(state, market, opened, high, low, close, volume, desk):
        act(state, market, desk)

    @staticmethod
    def at_wake(state, desk):
        state.woken += 1

    @staticmethod
    def at_order(state, number, order_state, filled, desk):
        state.states = (state.states * 31 + number * 16 + order_state + filled) % 1_000_003
        state.last = number

    @staticmethod
    def at_fill(state, number, side, price, quantity, desk):
        state.filled += side * quantity
        if quantity % 7 == 3:
            cancel(desk, number)

    @staticmethod
    def at_refusal(state, number, desk):
        state.refused += 1
