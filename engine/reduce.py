"""Less at risk: a share of what is held in a scope is closed for the operator, under the collar of flattening.

What shall be closed is counted out once, when the command comes. Immediate-or-cancel orders that only reduce are
offered each second until so much was filled of them: a strategy that trades meanwhile changes nothing about it. No
latch is set and nothing is cancelled, stop orders least of all. Unlike flattening, the orders pass no halt, and a
restart forgets what was left.
"""

from collections.abc import Callable

import msgspec

from core.clock import EventClock
from core.decimals import whole
from core.effects import Alert, Effect, Severity
from core.events import CommandReceived
from core.scopes import ALL
from engine.flatten import RETRY_NS, TRIES_MAX, Flattener, Held, Matches
from engine.timers import Timers
from oms.manager import OrderManager

REDUCE = "reduce"
TIMER = "reduce:"  # owner of the timer
SHARE = "share_ppm"
_PPM = 1_000_000

Key = tuple[int, str, int]
"""(instrument, strategy id, side in hedge mode, 0 in netting mode)."""


class Part(msgspec.Struct):
    """What is closed of one position, in units: `left` of it is not filled yet, `order` is the one that works at it."""

    sign: int
    left: int
    order: str = ""


class Reduction(msgspec.Struct):
    """One scope of which a share is closed."""

    collar_ppm: int
    parts: dict[Key, Part]
    tries: int = 0


class Reducer:
    """Works at what shall be less."""

    def __init__(
        self,
        flattener: Flattener,
        manager: OrderManager,
        timers: Timers,
        clock: EventClock,
        effects: list[Effect],
        is_ready: Callable[[], bool],
    ) -> None:
        """Have nothing to close; `flattener` knows what can be closed, and how it is offered."""
        self.wanted: dict[str, Reduction] = {}
        self._flattener = flattener
        self._manager = manager
        self._timers = timers
        self._clock = clock
        self._effects = effects
        self._is_ready = is_ready

    def command(self, command: CommandReceived, matches: Matches, collar_ppm: int) -> str:
        """Begin to close a share of a scope; return why not, "" where it has begun."""
        scope, text = command.scope or ALL, command.args.get(SHARE, "")
        if not whole(text, _PPM):
            return f"{SHARE} is {text!r}: expected 1 to {_PPM}, 250000 is a quarter"
        if not command.reason.strip():
            return "give the reason"
        parts = {}
        for held in self._flattener.open_in(matches):
            size = abs(held.quantity) * int(text) // _PPM
            size -= size % self._flattener.lot(held)
            if size:
                parts[_key(held)] = Part(1 if held.quantity > 0 else -1, size)
        if not parts:
            return "nothing is held there of which that share is a lot or more"
        running = bool(self.wanted)
        self.wanted[scope] = Reduction(collar_ppm, parts)
        self._say(Severity.WARNING, "REDUCING", f"{scope}: {self._in_words(parts)} is being closed: {command.reason}")
        if not running:
            self._timers.set(TIMER, "again", self._clock.now_ns)
        return ""

    def fire(self, now_ns: int) -> None:
        """Try everywhere; look again later while something is left."""
        for scope, wanted in list(self.wanted.items()) if self._is_ready() else ():
            held = {_key(each): each for each in self._flattener.open_in(lambda _strategy_id, _index: True)}
            self._count(wanted, held)
            left = {key: part for key, part in wanted.parts.items() if part.left or part.order}
            if not left:
                del self.wanted[scope]
                self._say(Severity.INFO, "REDUCED", f"{scope} is reduced as asked")
            elif wanted.tries >= TRIES_MAX:
                del self.wanted[scope]
                why = f"{scope}: {self._in_words(left)} could not be closed in {TRIES_MAX} tries"
                self._say(Severity.ERROR, "NOT_REDUCED", f"{why}: see the refusals, widen the collar, or `flatten`")
            else:
                wanted.tries += 1
                for key, part in left.items():
                    if not part.order:
                        offered = held[key]._replace(quantity=part.sign * part.left)
                        part.order = self._flattener.offer(offered, wanted.collar_ppm)
        if self.wanted:
            self._timers.set(TIMER, "again", now_ns + RETRY_NS)

    def state(self) -> list[object]:
        """Return everything that a digest must cover; nothing where nothing is to be closed."""
        return [
            (scope, each.collar_ppm, each.tries, [(*key, p.sign, p.left, p.order) for key, p in each.parts.items()])
            for scope, each in sorted(self.wanted.items())
        ]

    def _count(self, wanted: Reduction, held: dict[Key, Held]) -> None:
        """Take off what was filled, and what is held no more."""
        for key, part in wanted.parts.items():
            if part.order:
                order = self._manager.order(part.order)
                if self._manager.held.get(part.order) is not None or (order is not None and order.is_open):
                    continue
                part.left -= part.left if order is None else min(order.filled, part.left)
                part.order = ""
            there = held.get(key)
            size = 0 if there is None or there.quantity * part.sign <= 0 else abs(there.quantity)
            part.left = min(part.left, size)

    def _in_words(self, parts: dict[Key, Part]) -> str:
        """Return what is closed, by strategy."""
        return ", ".join(
            f"{strategy_id} {self._flattener.quantity_text(index, part.left)}"
            for (index, strategy_id, _), part in parts.items()
        )

    def _say(self, severity: Severity, code: str, message: str) -> None:
        self._effects.append(Alert(severity=severity, code=code, message=message))


def _key(held: Held) -> Key:
    """Return the name of a position."""
    return held.instrument, held.strategy_id, 0 if held.hedge is None else int(held.hedge)
