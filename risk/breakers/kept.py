"""What must survive of the breakers: how far each has gone, and what it counts from. The section "breakers".

It is the last `BreakerChanged` of each, so whoever reads a journal without its markets has the same.
"""

import msgspec

from core.controls import BreakerChanged
from core.records import Kind
from oms.sections import read_section

Key = tuple[str, str]
_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decoder = msgspec.msgpack.Decoder(list[BreakerChanged])


class Kept:
    """The last word on each breaker, by its name and scope; empty in a session that has none."""

    name = "breakers"
    version = 1
    kinds = (Kind.BREAKER,)

    __slots__ = ("told",)

    def __init__(self) -> None:
        """Know of none."""
        self.told: dict[Key, BreakerChanged] = {}

    def take(self, told: BreakerChanged) -> None:
        """Follow a change; what is calm and counts from nothing is forgotten."""
        key = (told.breaker, told.scope)
        if told.step or told.memory:
            self.told[key] = told
        else:
            self.told.pop(key, None)

    def durable(self) -> bytes:
        """Return what must survive a restart, empty where there is nothing."""
        return _encode([self.told[key] for key in sorted(self.told)]) if self.told else b""

    def restore(self, version: int, data: bytes, _indexes: dict[int, int]) -> None:
        """Become what wrote `data`. Raises BadState."""
        told = read_section("breakers", _decoder, data, version, self.version)
        self.told = {(each.breaker, each.scope): each for each in told}

    def fold(self, _kind: int, _instrument: int, _now_ns: int, payload: msgspec.Struct) -> None:
        """Follow one record."""
        assert isinstance(payload, BreakerChanged)
        self.take(payload)

    def state(self) -> list[object]:
        """Return everything that a digest must cover; nothing where there is nothing."""
        return [_plain(self.told[key]) for key in sorted(self.told)]


def _plain(told: BreakerChanged) -> list[object]:
    return [*msgspec.structs.astuple(told)[:6], sorted(told.memory.items()), told.reason, told.version]
