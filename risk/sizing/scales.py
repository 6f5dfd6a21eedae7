"""The operator's factors on sizes: of everything, a venue, an instrument or a strategy; the smallest that fits holds.

They survive a restart: the section "scales" of the durable state.
"""

import msgspec

from core.instruments import Instrument
from core.records import Kind
from core.scopes import ALL, strategy_scope, symbol_scope, venue_scope
from core.sizes import ScaleChanged
from oms.sections import read_section

WHOLE_PPM = 1_000_000


class Scale(msgspec.Struct, frozen=True, array_like=True):
    """One factor: how much, since when, by whom and why."""

    scale_ppm: int
    since_ns: int
    source: str
    reason: str


_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decoder = msgspec.msgpack.Decoder(list[tuple[str, Scale]])


class Scales:
    """All factors below 1, by scope."""

    __slots__ = ("held",)

    name = "scales"
    version = 1
    kinds = (Kind.SCALE,)

    def __init__(self) -> None:
        """Scale nothing."""
        self.held: dict[str, Scale] = {}

    def ppm(self, scope: str) -> int:
        """Return the factor of one scope."""
        scale = self.held.get(scope)
        return WHOLE_PPM if scale is None else scale.scale_ppm

    def of(self, strategy_id: str, instrument: Instrument) -> int:
        """Return the factor on a strategy's sizes in an instrument, in 10^-6: the smallest that fits."""
        if not self.held:
            return WHOLE_PPM
        scopes = (ALL, venue_scope(instrument.venue), symbol_scope(instrument.id), strategy_scope(strategy_id))
        return min(map(self.ppm, scopes))

    def take(self, told: ScaleChanged) -> None:
        """Follow a change."""
        if told.scale_ppm == WHOLE_PPM:
            self.held.pop(told.scope, None)
        else:
            self.held[told.scope] = Scale(told.scale_ppm, told.since_ns, told.source, told.reason)

    def durable(self) -> bytes:
        """Return what must survive a restart, empty where nothing is scaled."""
        return _encode(sorted(self.held.items())) if self.held else b""

    def restore(self, version: int, data: bytes, _indexes: dict[int, int]) -> None:
        """Become what wrote `data`. Raises BadState."""
        held = read_section("factors on sizes", _decoder, data, version, self.version)
        self.held = dict(held)

    def fold(self, _kind: int, _instrument: int, _now_ns: int, payload: msgspec.Struct) -> None:
        """Follow a change that was made elsewhere."""
        assert isinstance(payload, ScaleChanged)
        self.take(payload)

    def state(self) -> list[object]:
        """Return everything that a digest must cover; nothing where nothing is scaled."""
        return [(scope, *msgspec.structs.astuple(self.held[scope])) for scope in sorted(self.held)]
