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


class Meter(Strategy):
    """Hands bars on; asks for nothing."""

    def hand_to(self, take: Callable[[Bar], None]) -> None:
        """Hand every bar to `take`."""
        self._take = take

    def on_bar(self, bar: Bar) -> None:
        """Take a bar that has just closed."""
        self._take(bar)


class Meters:
    """Subscribes what measures bars, once."""

    __slots__ = ("_bus", "_clock", "_counter", "_manager", "_markets", "listening")

    def __init__(
        self, bus: Bus, markets: list[Market], manager: OrderManager, clock: EventClock, counter: OrderCounter
    ) -> None:
        """Listen to nothing yet."""
        self.listening = False
        self._bus = bus
        self._markets = markets
        self._manager = manager
        self._clock = clock
        self._counter = counter

    def listen(self, step_ns: int, take: Callable[[Bar], None]) -> None:
        """Have `take` called with every bar of trades of every market from now on."""
        if self.listening:
            return
        self.listening = True
        context = Context(METER, tuple(self._markets), self._manager, self._clock, self._counter, Rng(0, stream=0))
        meter = Meter(StrategyParams(), context)
        meter.hand_to(take)
        actor = Actor(meter, context, ())
        actor.active = True
        for market in self._markets:
            self._bus.subscribe(actor, Subscription("bars", market.index, BarSpec(BarUnit.TIME, step_ns)))
