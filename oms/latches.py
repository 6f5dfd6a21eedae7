"""What a person or a breaker has stopped, and how far: the kill switch's memory.

A latch stays until it is taken off by name and with a reason; nothing falls back by itself. It is set for everything,
or for one venue, one instrument or one strategy, and whichever of those is strictest decides. Cancels always pass.
"""

import enum

import msgspec

from core.effects import Alert, Effect, LatchChanged, Severity
from core.instruments import Instrument
from core.records import Kind
from core.scopes import ALL, strategy_scope, symbol_scope, venue_scope
from oms.sections import read_section


class Level(enum.IntEnum):
    """How far something is stopped; each forbids what the one before forbids."""

    FREE = 0
    REDUCE = 1  # nothing may be opened
    HALT = 2  # nothing may be sent but cancels
    KILL = 3  # as HALT, and all that worked was cancelled; its end is asked for more strictly


CODES = {Level.REDUCE: "REDUCE_ONLY_LATCH", Level.HALT: "HALTED", Level.KILL: "KILLED"}
_WORDS = {
    Level.REDUCE: "may only be reduced",
    Level.HALT: "is halted",
    Level.KILL: "was killed",
}


class Latch(msgspec.Struct, frozen=True, array_like=True):
    """One latch: since when, by whom and why."""

    level: int
    since_ns: int
    source: str
    reason: str


_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decoder = msgspec.msgpack.Decoder(list[tuple[str, Latch]])


class Latches:
    """All latches by scope; the section "latches" of the durable state. Empty, and free to ask, where none is set."""

    name = "latches"
    version = 1
    kinds = (Kind.LATCH,)

    __slots__ = ("flattening", "held")

    def __init__(self) -> None:
        """Stop nothing."""
        self.held: dict[str, Latch] = {}
        self.flattening = False
        """Set while an order is checked that closes a position for the operator: what reduces passes then."""

    def breach(self, instrument: Instrument, strategy_id: str, *, reduces: bool) -> tuple[str, str] | None:
        """Return (code, what a person is told) where an order may not pass, None where it may."""
        if not self.held or (reduces and self.flattening):
            return None
        scopes = (
            ALL,
            venue_scope(instrument.venue),
            symbol_scope(instrument.id),
            strategy_scope(strategy_id),
        )
        worst = max(scopes, key=self._level)
        level = self._level(worst)
        if level == Level.FREE or (level == Level.REDUCE and reduces):
            return None
        latch = self.held[worst]
        what = "everything" if worst == ALL else worst.replace(":", " ", 1)
        why = f"{what} {_WORDS[Level(level)]} ({latch.reason or 'no reason given'}, {latch.source or 'unknown'})"
        return CODES[Level(level)], f"{why}: cancels pass; to go on, see to it, then `tickerd arm {worst} --reason ...`"

    def set(self, scope: str, level: Level, now_ns: int, source: str, reason: str, effects: list[Effect]) -> bool:
        """Stop a scope and say so; a stricter latch that is there already stays as it is. Return whether it changed."""
        if self._level(scope) >= level:
            return False
        self.held[scope] = Latch(int(level), now_ns, source, reason)
        effects.append(LatchChanged(scope=scope, level=int(level), since_ns=now_ns, source=source, reason=reason))
        message = f"{scope}: {_WORDS[level]} by {source or 'unknown'}: {reason or 'no reason given'}"
        severity = Severity.WARNING if level is Level.REDUCE else Severity.ERROR
        effects.append(Alert(severity=severity, code=CODES[level], message=message))
        return True

    def clear(self, scope: str, now_ns: int, source: str, reason: str, effects: list[Effect]) -> bool:
        """Take a latch off and say so. Return whether there was one."""
        if self.held.pop(scope, None) is None:
            return False
        effects.append(LatchChanged(scope=scope, level=0, since_ns=now_ns, source=source, reason=reason))
        return True

    def durable(self) -> bytes:
        """Return what must survive a restart, empty where nothing is stopped."""
        return _encode(sorted(self.held.items())) if self.held else b""

    def restore(self, version: int, data: bytes, indexes: dict[int, int]) -> None:
        """Become what wrote `data`. Raises BadState."""
        held = read_section("latches", _decoder, data, version, self.version)
        self.held = dict(held)

    def fold(self, kind: int, instrument: int, now_ns: int, payload: msgspec.Struct) -> None:
        """Follow a change that was made elsewhere."""
        assert isinstance(payload, LatchChanged)
        if payload.level:
            self.held[payload.scope] = Latch(payload.level, payload.since_ns, payload.source, payload.reason)
        else:
            self.held.pop(payload.scope, None)

    def state(self) -> list[object]:
        """Return everything that a digest must cover; nothing where nothing is stopped."""
        return [(scope, *msgspec.structs.astuple(self.held[scope])) for scope in sorted(self.held)]

    def _level(self, scope: str) -> int:
        latch = self.held.get(scope)
        return 0 if latch is None else latch.level
