"""Flat again: positions are closed for the operator, under a collar of their own.

What works in the scope is cancelled first. Then each position is offered to the market in immediate-or-cancel orders
that only reduce, no further from the middle of bid and ask than the collar; what is left is tried again a second later,
until nothing is left or a person has to decide. The orders pass every latch, and meet every other check of the gate.
What is under way goes on after a restart.
"""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from core.clock import EventClock
from core.decimals import whole
from core.effects import Alert, Effect, FlattenChanged, Severity
from core.events import CommandReceived
from core.market import Market
from core.orders import OrderIntent, OrderTerms, OrderType, Side, TimeInForce
from core.records import Kind
from engine.timers import Timers
from oms.latches import Latches
from oms.manager import OrderManager
from oms.positions import Position
from oms.sections import read_section
from strategies.context import OrderCounter

FLATTEN = "flatten:"  # owner of the timer
RETRY_NS = 1_000_000_000
TRIES_MAX = 60
COLLAR = "collar_ppm"
COLLAR_PPM = 10_000
COLLAR_PPM_MAX = 500_000
_PPM = 1_000_000

Matches = Callable[[str, int], bool]
"""Whether (strategy id, instrument) is in the scope."""

_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decoder = msgspec.msgpack.Decoder(list[tuple[str, int]])


class Wanted(msgspec.Struct):
    """One scope that shall be flat."""

    collar_ppm: int
    tries: int = 0


class Held(NamedTuple):
    """What a strategy holds in an instrument, signed, in whole lots; `hedge`: of which side, in hedge mode."""

    instrument: int
    strategy_id: str
    quantity: int
    hedge: Side | None


def collar_of(command: CommandReceived) -> int | str:
    """Return how far from the middle a command lets positions be closed, or why that is no collar."""
    text = command.args.get(COLLAR, str(COLLAR_PPM))
    if (collar_ppm := whole(text, COLLAR_PPM_MAX)) is not None:
        return collar_ppm
    return f"{COLLAR} is {text!r}: expected 0 to {COLLAR_PPM_MAX}, 10000 is 1 %"


class Flattener:
    """Works at what shall be flat; the section "flatten" of the durable state."""

    name = "flatten"
    version = 1
    kinds = (Kind.FLATTEN,)

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
        is_ready: Callable[[], bool],
    ) -> None:
        """Have nothing to close; `submit` sends an order through the gate, once `is_ready`."""
        self.wanted: dict[str, Wanted] = {}
        self.matches: Callable[[str], Matches] = lambda _scope: lambda _strategy_id, _index: False
        """What tells what is in a scope: `engine.commands` sets it."""
        self._manager = manager
        self._markets = markets
        self._timers = timers
        self._clock = clock
        self._counter = counter
        self._latches = latches
        self._effects = effects
        self._submit = submit
        self._is_ready = is_ready

    def begin(self, scope: str, collar_ppm: int) -> None:
        """Close what is held in a scope; asked for again, begin again with the new collar."""
        running = bool(self.wanted)
        self.wanted[scope] = Wanted(collar_ppm)
        self._effects.append(FlattenChanged(scope=scope, working=True, collar_ppm=collar_ppm))
        if not running:
            self._timers.set(FLATTEN, "again", self._clock.now_ns)

    def end(self, scope: str, reason: str) -> None:
        """Close no more there, and say why."""
        wanted = self.wanted.pop(scope, None)
        if wanted is not None:
            gone = FlattenChanged(scope=scope, working=False, collar_ppm=wanted.collar_ppm, reason=reason)
            self._effects.append(gone)

    def restored(self) -> None:
        """Go on with what was under way before a restart, and say so."""
        for scope in sorted(self.wanted):
            self._say(
                Severity.ERROR, "FLATTENING", f"{scope} was being closed before the restart: it goes on once READY"
            )
        if self.wanted:
            self._timers.set(FLATTEN, "again", self._clock.now_ns)

    def fire(self, now_ns: int) -> None:
        """Try everywhere; look again later while something is left."""
        for scope, wanted in list(self.wanted.items()) if self._is_ready() else ():
            matches = self.matches(scope)
            left = self.open_in(matches)
            if not left:
                self._flat(scope, matches)
            elif wanted.tries >= TRIES_MAX:
                names = ", ".join(sorted({self._markets[held.instrument].instrument.id for held in left}))
                why = f"{scope} is not flat after {TRIES_MAX} tries ({names})"
                self.end(scope, "gave up")
                self._say(Severity.ERROR, "NOT_FLAT", f"{why}: see the refusals, widen the collar, or close by hand")
            else:
                wanted.tries += 1
                for held in left:
                    self._offer(held, wanted.collar_ppm)
        if self.wanted:
            self._timers.set(FLATTEN, "again", now_ns + RETRY_NS)

    def state(self) -> list[object]:
        """Return everything that a digest must cover; nothing where nothing is to be closed."""
        return [(scope, each.collar_ppm, each.tries) for scope, each in sorted(self.wanted.items())]

    def durable(self) -> bytes:
        """Return what must survive a restart, empty where nothing is to be closed."""
        return (
            _encode([(scope, each.collar_ppm) for scope, each in sorted(self.wanted.items())]) if self.wanted else b""
        )

    def restore(self, version: int, data: bytes, indexes: dict[int, int]) -> None:
        """Become what wrote `data`; each scope may be tried as often as at first. Raises BadState."""
        wanted = read_section("scopes to be closed", _decoder, data, version, self.version)
        self.wanted = {scope: Wanted(collar_ppm) for scope, collar_ppm in wanted}

    def fold(self, kind: int, instrument: int, now_ns: int, payload: msgspec.Struct) -> None:
        """Follow a change that was made elsewhere."""
        assert isinstance(payload, FlattenChanged)
        if payload.working:
            self.wanted[payload.scope] = Wanted(payload.collar_ppm)
        else:
            self.wanted.pop(payload.scope, None)

    def _flat(self, scope: str, matches: Matches) -> None:
        """Say that nothing is left at the venue, and who still holds against whom."""
        self.end(scope, "flat")
        crossed = [
            f"{strategy_id} {self._markets[index].instrument.quantity_text(position.quantity)} "
            f"{self._markets[index].instrument.id}"
            for index, strategy_id, position in self._manager.positions()
            if strategy_id is not None and matches(strategy_id, index) and self._in_lots(index, position)
        ]
        if crossed:
            why = f"{scope}: the account has nothing left to close, but in our books there is {', '.join(crossed)}"
            self._say(Severity.WARNING, "FLAT_BY_NET", f"{why}, held against other strategies: flatten those, too")
        else:
            self._say(Severity.INFO, "FLAT", f"{scope} is flat")

    def open_in(self, matches: Matches) -> list[Held]:
        """Return what can be closed at the venue.

        Where strategies hold against each other, the account's net is what there is to close; in hedge mode each side
        is. Less than a lot is dust.
        """
        left: list[Held] = []
        room: dict[int, int] = {}
        for index, strategy_id, position in self._manager.positions():
            if strategy_id is None:
                room[index] = position.quantity
                for sign, leg in sorted(self._manager.legs(index).items()):
                    self._share(left, matches, index, leg.net.quantity, sorted(leg.own.items()), Side(sign))
            elif not self._manager.legs(index):
                room[index] -= self._share(left, matches, index, room[index], [(strategy_id, position)], None)
        return left

    def _share(
        self,
        left: list[Held],
        matches: Matches,
        index: int,
        room: int,
        positions: list[tuple[str, Position]],
        hedge: Side | None,
    ) -> int:
        """Add what strategies hold of `room`, the account's; return how much that is, signed."""
        taken, sign = 0, 1 if room > 0 else -1
        for strategy_id, position in positions:
            if not matches(strategy_id, index):
                continue
            size = min(max(sign * position.quantity, 0), abs(room) - taken)
            size -= size % self._markets[index].instrument.lot
            if size > 0:
                taken += size
                left.append(Held(index, strategy_id, sign * size, hedge))
        return sign * taken

    def _in_lots(self, index: int, position: Position) -> bool:
        """Whether a position is more than dust."""
        return abs(position.quantity) >= self._markets[index].instrument.lot

    def _offer(self, held: Held, collar_ppm: int) -> None:
        """Offer a position to the market past every latch, unless an order of its strategy still works there."""
        for order in self._manager.open_orders():
            working_on = None if order.intent.terms is None else order.intent.terms.hedge
            same = order.instrument == held.instrument and order.strategy_id == held.strategy_id
            if same and working_on is held.hedge:
                return
        self._latches.flattening = True
        try:
            self.offer(held, collar_ppm)
        finally:
            self._latches.flattening = False

    def offer(self, held: Held, collar_ppm: int) -> str:
        """Offer so much of a position to the market; return the order's id, "" where none left."""
        market = self._markets[held.instrument]
        bid, ask, _ = market.touch()
        if not 0 < bid <= ask:
            return ""  # the gate would refuse it: no price to value it at
        terms = None if held.hedge is None else OrderTerms(hedge=held.hedge)
        side = Side.SELL if held.quantity > 0 else Side.BUY
        tick = market.instrument.tick
        ratio = _PPM + collar_ppm if side is Side.BUY else _PPM - collar_ppm
        bound = (bid + ask) * ratio // (2 * _PPM)
        intent = OrderIntent(
            client_order_id=self._counter.next_id(),
            strategy_id=held.strategy_id,
            instrument=held.instrument,
            side=side,
            type=OrderType.LIMIT,
            quantity=abs(held.quantity),
            price=bound // tick * tick if side is Side.BUY else -(-bound // tick) * tick,
            time_in_force=TimeInForce.IOC,
            reduce_only=held.hedge is None,  # a side of hedge mode cannot be turned
            terms=terms,
        )
        self._submit(intent)
        name = intent.client_order_id
        return name if self._manager.knows(name) or self._manager.held.knows(name) else ""

    def lot(self, held: Held) -> int:
        """Return the lot of a position's instrument."""
        return self._markets[held.instrument].instrument.lot

    def quantity_text(self, index: int, quantity: int) -> str:
        """Return a quantity of an instrument, with its name."""
        instrument = self._markets[index].instrument
        return f"{instrument.quantity_text(quantity)} {instrument.id}"

    def _say(self, severity: Severity, code: str, message: str) -> None:
        self._effects.append(Alert(severity=severity, code=code, message=message))
