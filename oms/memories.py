"""What strategies remember over a restart, as a section of the durable state: bytes by the name of who wrote them.

One memory for each strategy and for each parent order with a name: the last one counts. It outlives a strategy that the
settings name no more, so that it is there when they name it again.
"""

from collections.abc import Iterable

import msgspec

from core.effects import Effect, Remembered
from core.records import Kind
from oms.sections import read_section

VERSION = 1

_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decoder = msgspec.msgpack.Decoder(list[tuple[str, bytes]])


def memories_in(sections: Iterable[tuple[str, int, bytes]]) -> list[str]:
    """Return who remembers anything in the sections of a durable state. Raises BadState."""
    memories = Memories()
    for name, version, data in sections:
        if name == Memories.name:
            memories.restore(version, data, {})
    return list(memories.by_name)


class Memories:
    """Writes, restores and folds the section "memories"; see `oms.section`."""

    __slots__ = ("by_name",)

    name = "memories"
    version = VERSION
    kinds = (Kind.REMEMBERED,)

    def __init__(self) -> None:
        """Remember nothing."""
        self.by_name: dict[str, bytes] = {}
        """The last bytes of each, none empty, in the order in which they were written."""

    def take(self, name: str, data: bytes, effects: list[Effect]) -> None:
        """Remember the last word of `name`, nothing for empty bytes; told where it is another than before."""
        if data == self.by_name.get(name, b""):
            return
        self._keep(name, data)
        effects.append(Remembered(name, data))

    def durable(self) -> bytes:
        """Return what must survive, empty where nobody remembers anything."""
        return _encode(list(self.by_name.items())) if self.by_name else b""

    def restore(self, version: int, data: bytes, _indexes: dict[int, int]) -> None:
        """Become what wrote `data`. Raises BadState."""
        kept = read_section("memories", _decoder, data, version, VERSION)
        self.by_name.clear()
        self.by_name.update(kept)

    def fold(self, _kind: int, _instrument: int, _now_ns: int, payload: msgspec.Struct) -> None:
        """Follow one record."""
        assert isinstance(payload, Remembered)
        self._keep(payload.strategy, payload.data)

    def state(self) -> list[object]:
        """Return what a digest must cover."""
        return [[name, data] for name, data in self.by_name.items()]

    def _keep(self, name: str, data: bytes) -> None:
        """Put the last word at the end."""
        self.by_name.pop(name, None)
        if data:
            self.by_name[name] = data
