"""The strategies that both engines run, in rules that leave nothing to choose. Both act at given times only.

`tests/bench/peers/engines/hftbacktest_fidelity.py` has the same rules once more, for hftbacktest. Between two steps
every request is answered, so an order either rests or has ended when a step looks at it.

Maker, at every step: the wanted bid is the best bid less `ticks` ticks, the wanted ask the best ask plus as many. A
side that would carry the position beyond `limit` orders is not wanted. An order that rests at another price than the
wanted one is cancelled. Where no order rests at the wanted price, one is put there, post-only.

Taker, at every step: two exponential averages of the touch's middle, in ticks; after `slow` steps a market order for
each crossing, the first to open, later ones for the same quantity again: long, flat, long, flat.
"""

from typing import ClassVar

from core.orders import Side
from strategies.base import Strategy, StrategyParams
from strategies.context import Timer


class StepParams(StrategyParams, frozen=True, kw_only=True):
    """When to act, and with how much (units)."""

    first_ns: int
    step_ns: int
    count: int
    quantity: int


class StepStrategy(Strategy):
    """Acts at `first_ns` and every `step_ns` from there, `count` times; ends with `finish`."""

    Params: ClassVar[type[StrategyParams]] = StepParams
    params: StepParams

    def on_start(self) -> None:
        """Wait for the first step."""
        self.steps = 0
        self.set_timer("step", self.params.first_ns - self.now_ns)

    def on_timer(self, timer: Timer) -> None:
        """Act, and wait for the next step."""
        self.steps += 1
        if self.steps > self.params.count:
            self.finish()
            return
        self.act()
        self.set_timer("step", timer.due_ns + self.params.step_ns - self.now_ns)

    def act(self) -> None:
        """Do what a step asks for."""

    def finish(self) -> None:
        """Cancel what rests."""
        self.cancel_all()


class MakerParams(StepParams, frozen=True, kw_only=True):
    """How far behind the touch, and how many orders' worth of position at most."""

    ticks: int
    limit: int


class StepMaker(StepStrategy):
    """Quotes both sides behind the touch."""

    Params: ClassVar[type[StrategyParams]] = MakerParams
    params: MakerParams

    def act(self) -> None:
        """Cancel what is not wanted, put what is."""
        (market,) = self.markets
        bid, ask, _ = market.touch()
        behind = self.params.ticks * market.instrument.tick
        room = self.params.limit * self.params.quantity
        position = self.position(market)
        wanted: dict[int, int] = {
            Side.BUY: bid - behind if position + self.params.quantity <= room else 0,
            Side.SELL: ask + behind if position - self.params.quantity >= -room else 0,
        }
        resting: dict[int, int] = {Side.BUY: 0, Side.SELL: 0}
        for order in self.open_orders(market):
            if order.price == wanted[order.side]:
                resting[order.side] = order.price
            else:
                self.cancel(order.client_order_id)
        for side, ask_for in ((Side.BUY, self.buy), (Side.SELL, self.sell)):
            if wanted[side] and not resting[side]:
                ask_for(market, self.params.quantity, wanted[side], post_only=True)


class TakerParams(StepParams, frozen=True, kw_only=True):
    """The averages' lengths in steps."""

    fast: int
    slow: int


class StepTaker(StepStrategy):
    """Trades the crossing of two averages with market orders."""

    Params: ClassVar[type[StrategyParams]] = TakerParams
    params: TakerParams

    def on_start(self) -> None:
        """Begin without averages."""
        self.seen, self.fast, self.slow, self.long = 0, 0.0, 0.0, False
        super().on_start()

    def act(self) -> None:
        """Move the averages; trade a crossing."""
        (market,) = self.markets
        bid, ask, _ = market.touch()
        tick = market.instrument.tick
        middle = (bid // tick + ask // tick) / 2.0
        if not self.seen:
            self.fast = self.slow = middle
        else:
            self.fast += 2 / (self.params.fast + 1) * (middle - self.fast)
            self.slow += 2 / (self.params.slow + 1) * (middle - self.slow)
        if self.seen >= self.params.slow and (self.fast > self.slow) != self.long:
            self.long = not self.long
            (self.buy if self.long else self.sell)(market, self.params.quantity)
        self.seen += 1
