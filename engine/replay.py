"""Proof by replay: recorded inputs in, recomputed effects beside the recorded ones.

Pure: whoever reads the journal feeds this. The first difference is kept, named by sequence number; nothing after it is
compared, since everything after a difference differs.
"""

from collections.abc import Sequence

import msgspec

from core.codec import KIND_OF, decode_payload, encode_payload, fields_of
from core.effects import Effect, StrategyChanged
from core.errors import CodecError
from core.records import Kind
from engine.engine import Engine


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Where a replay left the recorded history: the record's sequence number, and both versions in words."""

    seq: int
    what: str  # "effect" or "digest"
    recorded: str
    recomputed: str


NOTHING = "nothing"


class Verifier:
    """Compares every effect and digest that an engine makes of recorded inputs with the recorded ones."""

    def __init__(self, engine: Engine) -> None:
        """Verify `engine`, which must be fresh."""
        self.engine = engine
        self.effects = 0
        self.first_difference: Difference | None = None
        self._expected: Sequence[Effect] = ()
        self._next = 0

    @property
    def ok(self) -> bool:
        """Whether everything compared so far was equal."""
        return self.first_difference is None

    def expect_none(self, seq: int) -> None:
        """Say that an input comes at record `seq`: all effects of the one before must have been seen."""
        if self._next < len(self._expected):
            self._differ(seq, NOTHING, describe(self._expected[self._next]))

    def expect(self, effects: Sequence[Effect]) -> None:
        """Take what the engine made of the last input."""
        self._expected = effects
        self._next = 0

    def effect(self, seq: int, kind: int, payload: bytes) -> None:
        """Compare one recorded effect with the next recomputed one."""
        self.effects += 1
        if self._next >= len(self._expected):
            self._differ(seq, describe_payload(kind, payload), NOTHING)
            return
        effect = self._expected[self._next]
        self._next += 1
        if KIND_OF[type(effect)] == kind and (encode_payload(effect) == payload or _same(effect, kind, payload)):
            return
        self._differ(seq, describe_payload(kind, payload), describe(effect))

    def digest(self, seq: int, recorded: bytes) -> None:
        """Compare the recorded digest of the state with this engine's."""
        self.expect_none(seq)
        recomputed = self.engine.digest()
        if recomputed != recorded and self.ok:
            self.first_difference = Difference(
                seq=seq, what="digest", recorded=recorded.hex(), recomputed=recomputed.hex()
            )

    def finish(self, seq: int, *, sealed: bool) -> None:
        """End at record `seq`. Where the process was killed, the last input's effects may not have been written."""
        if sealed and self._next < len(self._expected):
            self._differ(seq, NOTHING, describe(self._expected[self._next]))

    def _differ(self, seq: int, recorded: str, recomputed: str) -> None:
        """Keep the first difference."""
        if self.ok:
            self.first_difference = Difference(seq=seq, what="effect", recorded=recorded, recomputed=recomputed)


def describe(effect: Effect) -> str:
    """Return an effect in words."""
    return f"{KIND_OF[type(effect)].name} {msgspec.json.encode(fields_of(effect)).decode()}"


def describe_payload(kind: int, payload: bytes) -> str:
    """Return a recorded effect in words; one that this build cannot read is told as it stands."""
    try:
        effect = decode_payload(kind, payload)
    except CodecError:
        return f"{Kind(kind).name} of {len(payload)} bytes that this build cannot read: {payload[:64].hex()}"
    return f"{Kind(kind).name} {msgspec.json.encode(fields_of(effect)).decode()}"


def _same(effect: Effect, kind: int, payload: bytes) -> bool:
    """Whether a recorded effect whose bytes differ says the same.

    A journal of an older build lacks the fields that have come since: they read as their defaults. A change of a
    strategy is the same but for the traceback, the interpreter's own wording.
    """
    try:
        recorded = decode_payload(kind, payload)
    except CodecError:
        return False
    if isinstance(effect, StrategyChanged) and isinstance(recorded, StrategyChanged):
        return msgspec.structs.replace(effect, traceback="") == msgspec.structs.replace(recorded, traceback="")
    return recorded == effect
