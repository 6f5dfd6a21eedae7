"""The plan of the exchange's faults: which message meets which, and what becomes of it. Pure.

Every fault draws from a seeded generator of its own, so that the same messages meet the same faults. Time is handed in.
"""

from fnmatch import fnmatchcase

import msgspec

from connectors.embedded.errors import SettingsError
from connectors.embedded.exchange.faults import (
    Alter,
    AnyFault,
    Bust,
    Corrupt,
    Crash,
    Delay,
    Drop,
    Dup,
    Effect,
    Forget,
    Happening,
    MutateRules,
    Place,
    Reorder,
    Reuse,
    Skew,
    Stall,
    Truncate,
)
from connectors.embedded.market import Market
from core.rng import Rng

_NS = 1_000_000_000


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A request, an answer or an event; `line` is the connection that it is on, None over REST."""

    place: Place
    names: tuple[str, ...]
    market: Market
    text: bytes
    account: str = ""
    symbol: str = ""
    orders: tuple[str, ...] = ()  # client order ids in it
    line: object = None


class Delivery(msgspec.Struct, frozen=True):
    """A text that goes on, and how late."""

    text: bytes
    delay_ns: int = 0


class Verdict(msgspec.Struct):
    """What becomes of a message: what goes on, what else happens, and when to ask for what was held back."""

    deliveries: list[Delivery]
    effects: list[Effect]
    release_after_ns: int = 0


class _Held(msgspec.Struct):
    line: object
    inwards: bool
    behind: int
    until_ns: int
    text: bytes


class Armed:
    """One fault of a plan with its counters: messages `seen` that matched, and how often it `fired`."""

    def __init__(self, fault: AnyFault, number: int, seed: int, now_ns: int) -> None:
        """Hold from `after_s` on."""
        self.fault = fault
        self.name = fault.name or f"{fault.__struct_config__.tag}-{number}"
        self.dice = Rng(seed, number)
        self.from_ns = now_ns + int(fault.after_s * _NS)
        self.until_ns = None if fault.for_s is None else self.from_ns + int(fault.for_s * _NS)
        self.seen = 0
        self.fired = 0
        self.stalled_until_ns = 0

    def holds(self, now_ns: int) -> bool:
        """Return whether its time is now, and it has not happened as often as it should."""
        if now_ns < self.from_ns or (self.until_ns is not None and now_ns >= self.until_ns):
            return False
        return not self.fault.count or self.fired < self.fault.count

    def meets(self, message: Message) -> bool:
        """Return whether this message is met, counting it; draws where it is a matter of chance."""
        fault = self.fault
        known = (
            message.place is fault.place
            and any(fnmatchcase(name, fault.what) for name in message.names)
            and fault.market in (None, message.market)
            and fault.account in ("", message.account)
            and (isinstance(fault, Forget) or fault.symbol in ("", message.symbol))
            and (isinstance(fault, Forget) or any(each.startswith(fault.order) for each in message.orders or ("",)))
            and fault.holding.encode() in message.text
        )
        if not known:
            return False
        self.seen += 1
        if self.seen <= fault.skip or (fault.probability < 1.0 and self.dice.uniform() >= fault.probability):
            return False
        self.fired += 1
        return True

    def told(self) -> dict[str, object]:
        """Return what it is and how often it happened."""
        return {"name": self.name, "seen": self.seen, "fired": self.fired, "fault": msgspec.to_builtins(self.fault)}


class FaultPlan:
    """The faults that may happen; `active` is False on every good day, and costs a message one look."""

    def __init__(self, seed: int = 0) -> None:
        """Start without faults; `seed` is for those that are a matter of chance."""
        self.seed = seed
        self.armed: list[Armed] = []
        self._numbers = 0
        self._held: list[_Held] = []

    @property
    def active(self) -> bool:
        """Whether any fault could happen, or a message is held back."""
        return bool(self.armed or self._held)

    def add(self, fault: AnyFault, now_ns: int) -> str:
        """Arm a fault; returns its name. Raises SettingsError."""
        if not 0.0 <= fault.probability <= 1.0:
            raise SettingsError(f"probability is {fault.probability}; expected 0 to 1")
        if isinstance(fault, MutateRules | Bust | Reuse) and not fault.symbol:
            raise SettingsError(f"{fault.__struct_config__.tag} needs a `symbol`")
        self._numbers += 1
        armed = Armed(fault, self._numbers, self.seed, now_ns)
        self.armed.append(armed)
        return armed.name

    def clear(self, name: str = "") -> int:
        """Take off the faults of a name, all where none is given; returns how many there were."""
        kept = [armed for armed in self.armed if name and armed.name != name]
        taken = len(self.armed) - len(kept)
        self.armed = kept
        return taken

    def told(self) -> list[dict[str, object]]:
        """Return every fault with its counters."""
        return [armed.told() for armed in self.armed]

    def due(self, now_ns: int) -> list[Happening]:
        """Return what happens by the clock alone and has its time now; each is returned once for each `count`."""
        happening: list[Happening] = []
        for armed in self.armed:
            fault = armed.fault
            if isinstance(fault, Happening) and not fault.what and armed.holds(now_ns):
                armed.fired += 1
                happening.append(fault)
        return happening

    def next_ns(self, now_ns: int) -> int | None:
        """Return when the next fault that waits for no message has its time."""
        waiting = [
            armed.from_ns
            for armed in self.armed
            if isinstance(armed.fault, Happening) and not armed.fault.what and armed.from_ns > now_ns
        ]
        return min(waiting, default=None)

    def clock_offset_ns(self, now_ns: int) -> int:
        """Return by how much the venue's clock is off."""
        offset_ns = 0
        for armed in self.armed:
            fault = armed.fault
            if isinstance(fault, Skew) and now_ns >= armed.from_ns and not (armed.until_ns and now_ns > armed.until_ns):
                armed.fired += not armed.fired
                offset_ns += fault.offset_ms * 1_000_000 + (now_ns - armed.from_ns) * fault.drift_ppm // 1_000_000
        return offset_ns

    def judge(self, message: Message, now_ns: int) -> Verdict:
        """Return what becomes of a message; every fault that meets it has its turn, in the order added."""
        verdict = Verdict([Delivery(message.text)], [])
        for armed in self.armed:
            if isinstance(armed.fault, Skew) or not armed.holds(now_ns) or not armed.meets(message):
                continue
            self._suffer(armed, message, verdict, now_ns)
        if message.line is not None:
            verdict.deliveries += self._overtaken(message, bool(verdict.deliveries))
        return verdict

    def release(self, now_ns: int) -> list[tuple[object, bool, bytes]]:
        """Return what was held back long enough: its line, whether it goes in, its text."""
        due = [held for held in self._held if held.until_ns <= now_ns]
        self._held = [held for held in self._held if held.until_ns > now_ns]
        return [(held.line, held.inwards, held.text) for held in due]

    def _overtaken(self, message: Message, moved: bool) -> list[Delivery]:
        """Return what waited for this message to pass."""
        inwards, free = message.place is Place.REQUEST, []
        for held in list(self._held) if moved else ():
            if held.line is message.line and held.inwards is inwards:
                held.behind -= 1
                if held.behind <= 0:
                    self._held.remove(held)
                    free.append(Delivery(held.text))
        return free

    def _suffer(self, armed: Armed, message: Message, verdict: Verdict, now_ns: int) -> None:
        fault, deliveries = armed.fault, verdict.deliveries
        if isinstance(fault, Delay):
            verdict.deliveries = _late(deliveries, int(fault.seconds * _NS))
        elif isinstance(fault, Dup):
            verdict.deliveries = deliveries + _late(deliveries, int(fault.seconds * _NS))
        elif isinstance(fault, Truncate):
            verdict.deliveries = [Delivery(_cut(each.text, fault.keep), each.delay_ns) for each in deliveries]
        elif isinstance(fault, Corrupt):
            verdict.deliveries = [Delivery(_turned(each.text, armed.dice), each.delay_ns) for each in deliveries]
        elif isinstance(fault, Alter):
            find, put = fault.find.encode(), fault.put.encode()
            verdict.deliveries = [Delivery(each.text.replace(find, put), each.delay_ns) for each in deliveries]
        elif isinstance(fault, Reorder):
            self._reorder(fault, message, verdict, now_ns)
        elif isinstance(fault, Stall):
            self._stall(armed, fault, verdict, now_ns)
        elif not isinstance(fault, Skew):
            if isinstance(fault, Drop | Crash):
                verdict.deliveries = []
            verdict.effects.append(fault)

    def _reorder(self, fault: Reorder, message: Message, verdict: Verdict, now_ns: int) -> None:
        wait_ns = int(fault.seconds * _NS)
        if message.line is None:
            verdict.deliveries = _late(verdict.deliveries, wait_ns)
            return
        inwards = message.place is Place.REQUEST
        self._held += [
            _Held(message.line, inwards, fault.behind, now_ns + wait_ns, each.text) for each in verdict.deliveries
        ]
        verdict.deliveries = []
        verdict.release_after_ns = max(verdict.release_after_ns, wait_ns)

    @staticmethod
    def _stall(armed: Armed, fault: Stall, verdict: Verdict, now_ns: int) -> None:
        if not armed.stalled_until_ns:
            armed.stalled_until_ns = now_ns + int(fault.seconds * _NS)
            if fault.connection:
                verdict.effects.append(fault)
        if not fault.connection:
            verdict.deliveries = _late(verdict.deliveries, max(0, armed.stalled_until_ns - now_ns))


def _late(deliveries: list[Delivery], by_ns: int) -> list[Delivery]:
    return [Delivery(each.text, each.delay_ns + by_ns) for each in deliveries]


def _cut(text: bytes, keep: float) -> bytes:
    return text[: max(1, min(len(text) - 1, int(len(text) * keep)))]


def _turned(text: bytes, dice: Rng) -> bytes:
    at = dice.below(max(1, len(text)))
    return text[:at] + bytes([text[at] ^ 1]) + text[at + 1 :] if text else text
