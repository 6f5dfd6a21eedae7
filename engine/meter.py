"""Bars for what is measured beside strategies: a listener of the bus that no settings name."""

from collections.abc import Callable

from core.bars import Bar, BarSpec, BarUnit
from core.clock import EventClock
from core.market import Market
from core.rng import Rng
from engine.actors import Actor
from engine.bus import Bus
from oms.manager import OrderManager
from strategies.base import Strategy, StrategyParams
from strategies.context import Context, OrderCounter, Subscription

METER = "sizes:"
SECOND_NS = 1_000_000_000


class Meter(Strategy):
    """Hands bars on; asks for nothing."""

    def hand_to(self, take: Callable[[Bar], None]) -> None:
        """Hand every bar to `take`."""
        self._take = take

    def on_bar(self, bar: Bar) -> None:
        """Take a bar that has just closed."""
        self._take(bar)


def listen(
    bus: Bus, markets: list[Market], manager: OrderManager, clock: EventClock, counter: OrderCounter,
    step_ns: int, take: Callable[[Bar], None],
) -> None:  # fmt: skip
    """Have `take` called with every bar of trades of every market."""
    context = Context(METER, tuple(markets), manager, clock, counter, Rng(0, stream=0))
    meter = Meter(StrategyParams(), context)
    meter.hand_to(take)
    actor = Actor(meter, context, ())
    actor.active = True
    for market in markets:
        bus.subscribe(actor, Subscription("bars", market.index, BarSpec(BarUnit.TIME, step_ns)))
