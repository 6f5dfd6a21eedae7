"""The guards of positions, and who may not enter again yet: the section "exits" of the durable state."""

import msgspec

from core.exits import ExitChanged
from core.records import Kind
from oms.sections import read_section

Key = tuple[str, int, int]
"""(strategy id, instrument, side in hedge mode or 0)."""


class Guard(msgspec.Struct):
    """One position under guard. `stop`, `profit` follow the position; `tries`, `order` are of closing it."""

    strategy_id: str
    instrument: int
    hedge: int
    sign: int
    opened_ns: int
    trail: int = 0
    reason: str = ""  # why it is being closed; "" where it is not
    atr: int = 0
    stop: int = 0
    profit: int = 0
    tries: int = 0
    order: str = ""

    @property
    def key(self) -> Key:
        """Its name."""
        return self.strategy_id, self.instrument, self.hedge


class Guards:
    """All guards, and until when strategies may not enter an instrument again."""

    __slots__ = ("cooling", "held")

    name = "exits"
    version = 1
    kinds = (Kind.EXIT,)

    def __init__(self) -> None:
        """Guard nothing."""
        self.held: dict[Key, Guard] = {}
        self.cooling: dict[tuple[str, int], int] = {}

    def take(self, told: ExitChanged) -> None:
        """Follow what was told."""
        key = (told.strategy_id, told.instrument, told.hedge)
        if told.state in {"closed", "gone"}:
            self.held.pop(key, None)
            if told.until_ns:
                self.cooling[told.strategy_id, told.instrument] = told.until_ns
            return
        guard = self.held.get(key)
        if guard is None or guard.sign != told.sign or guard.opened_ns != told.opened_ns:
            guard = self.held[key] = Guard(*key, told.sign, told.opened_ns)
        guard.trail, guard.reason, guard.atr = told.trail, told.reason, told.atr

    def durable(self) -> bytes:
        """Return what must survive a restart, empty where nothing is guarded."""
        return _encode((self._saved(), sorted(self.cooling.items()))) if self.held or self.cooling else b""

    def restore(self, version: int, data: bytes, indexes: dict[int, int]) -> None:
        """Become what wrote `data`. Raises BadState."""
        saved, cooling = read_section("exits", _decoder, data, version, self.version)
        for strategy_id, index, hedge, sign, opened_ns, trail, reason, atr in saved:
            if index in indexes:
                guard = Guard(strategy_id, indexes[index], hedge, sign, opened_ns, trail, reason, atr)
                self.held[guard.key] = guard
        self.cooling = {
            (strategy_id, indexes[index]): until for (strategy_id, index), until in cooling if index in indexes
        }

    def fold(self, _kind: int, _instrument: int, _now_ns: int, payload: msgspec.Struct) -> None:
        """Follow a record."""
        assert isinstance(payload, ExitChanged)
        self.take(payload)

    def state(self) -> list[object]:
        """Return everything that a digest must cover."""
        tries = [(guard.tries, guard.order) for _, guard in sorted(self.held.items())]
        return [self._saved(), tries, sorted(self.cooling.items())]

    def _saved(self) -> list["_Saved"]:
        """Return what is kept of each guard, in a fixed order."""
        return [
            (
                each.strategy_id,
                each.instrument,
                each.hedge,
                each.sign,
                each.opened_ns,
                each.trail,
                each.reason,
                each.atr,
            )
            for _, each in sorted(self.held.items())
        ]


_Saved = tuple[str, int, int, int, int, int, str, int]
_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decoder = msgspec.msgpack.Decoder(tuple[list[_Saved], list[tuple[tuple[str, int], int]]])
