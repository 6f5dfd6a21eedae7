"""Flat again: positions are closed for the operator, under a collar of their own.

What works in the scope is cancelled first. Then each position is offered to the market in immediate-or-cancel orders
that only reduce, no further from the middle of bid and ask than the collar; what is left is tried again a second later,
until nothing is left or a person has to decide. The orders pass every latch, and meet every other check of the gate.
"""

from collections.abc import Callable

import msgspec

from core.clock import EventClock
from core.effects import Alert, Effect, Severity
from core.market import Market
from core.orders import OrderIntent, OrderType, Side, TimeInForce
from engine.timers import Timers
from oms.latches import Latches
from oms.manager import OrderManager
from strategies.context import OrderCounter

FLATTEN = "flatten:"  # owner of the timer
RETRY_NS = 1_000_000_000
TRIES_MAX = 60
COLLAR_PPM = 10_000
_PPM = 1_000_000

Matches = Callable[[str, int], bool]
"""Whether (strategy id, instrument) is in the scope."""


class Wanted(msgspec.Struct):
    """One scope that shall be flat."""

    matches: Matches
    collar_ppm: int
    tries: int = 0


class Flattener:
    """Works at what shall be flat, at most one order an instrument and strategy at a time."""

    def __init__(
        self,
        manager: OrderManager,
        markets: list[Market],
        timers: Timers,
        clock: EventClock,
        counter: OrderCounter,
        latches: Latches,
        effects: list[Effect],
        submit: Callable[[OrderIntent], None],
    ) -> None:
        """Have nothing to close; `submit` sends an order through the gate."""
        self.wanted: dict[str, Wanted] = {}
        self._manager = manager
        self._markets = markets
        self._timers = timers
        self._clock = clock
        self._counter = counter
        self._latches = latches
        self._effects = effects
        self._submit = submit

    def begin(self, scope: str, matches: Matches, collar_ppm: int) -> None:
        """Close what is held in a scope; asked for again, begin again with the new collar."""
        running = bool(self.wanted)
        self.wanted[scope] = Wanted(matches, collar_ppm)
        if not running:
            self._timers.set(FLATTEN, "again", self._clock.now_ns)

    def end(self, scope: str) -> None:
        """Close no more there."""
        self.wanted.pop(scope, None)

    def fire(self, now_ns: int) -> None:
        """Try everywhere; look again later while something is left."""
        for scope, wanted in list(self.wanted.items()):
            left = self._open_in(wanted)
            if not left:
                del self.wanted[scope]
                self._say(Severity.INFO, "FLAT", f"{scope} is flat")
                continue
            if wanted.tries >= TRIES_MAX:
                del self.wanted[scope]
                names = ", ".join(sorted({self._markets[index].instrument.id for index, _, _ in left}))
                why = f"{scope} is not flat after {TRIES_MAX} tries ({names})"
                self._say(
                    Severity.ERROR, "NOT_FLAT", f"{why}: look at the refusals, widen the collar, or close by hand"
                )
                continue
            wanted.tries += 1
            for index, strategy_id, quantity in left:
                self._offer(index, strategy_id, quantity, wanted.collar_ppm)
        if self.wanted:
            self._timers.set(FLATTEN, "again", now_ns + RETRY_NS)

    def state(self) -> list[object]:
        """Return everything that a digest must cover; nothing where nothing is to be closed."""
        return [(scope, each.collar_ppm, each.tries) for scope, each in sorted(self.wanted.items())]

    def _open_in(self, wanted: Wanted) -> list[tuple[int, str, int]]:
        """Return (instrument, strategy id, signed quantity in whole lots) of what can be closed at the venue.

        Where strategies hold against each other, the account's net is what there is to close; less than a lot is dust.
        """
        left: list[tuple[int, str, int]] = []
        room: dict[int, int] = {}
        for index, strategy_id, position in self._manager.positions():
            if strategy_id is None:
                room[index] = position.quantity
                continue
            if not wanted.matches(strategy_id, index):
                continue
            sign = 1 if room[index] > 0 else -1
            size = min(max(sign * position.quantity, 0), abs(room[index]))
            size -= size % self._markets[index].instrument.lot
            if size:
                room[index] -= sign * size
                left.append((index, strategy_id, sign * size))
        return left

    def _offer(self, index: int, strategy_id: str, quantity: int, collar_ppm: int) -> None:
        """Offer a position to the market, unless an order of its strategy still works there."""
        if any(order.instrument == index and order.strategy_id == strategy_id for order in self._manager.open_orders()):
            return
        market = self._markets[index]
        bid, ask, _ = market.touch()
        if not 0 < bid <= ask:
            return  # the gate would refuse it: no price to value it at
        side = Side.SELL if quantity > 0 else Side.BUY
        tick = market.instrument.tick
        ratio = _PPM + collar_ppm if side is Side.BUY else _PPM - collar_ppm
        bound = (bid + ask) * ratio // (2 * _PPM)
        price = bound // tick * tick if side is Side.BUY else -(-bound // tick) * tick
        intent = OrderIntent(
            client_order_id=self._counter.next_id(),
            strategy_id=strategy_id,
            instrument=index,
            side=side,
            type=OrderType.LIMIT,
            quantity=abs(quantity),
            price=price,
            time_in_force=TimeInForce.IOC,
            reduce_only=True,
        )
        self._latches.flattening = True
        try:
            self._submit(intent)
        finally:
            self._latches.flattening = False

    def _say(self, severity: Severity, code: str, message: str) -> None:
        self._effects.append(Alert(severity=severity, code=code, message=message))
