"""Limits that a person changes while the daemon runs: stricter at once, looser after a second person or a while.

What was changed is kept beside the settings' own value that it replaces. It outlives a restart as long as the settings
say what they said; settings that say something else are newer, and win. The section "limits" of the durable state.
"""

from collections.abc import Iterable, Sequence

import msgspec

from core.effects import LimitChanged
from core.records import Kind
from oms.sections import read_section
from risk.breaker_words import is_part, is_row
from risk.errors import LimitsError
from risk.limit_words import is_stricter, read_value, value_of, value_text, with_value
from risk.limits import RiskLimits


class Change(msgspec.Struct, frozen=True, array_like=True):
    """What one limit became, what the settings say, who asked when and why; `due_ns` above 0: it waits till then."""

    scope: str
    name: str
    value: str
    settings: str
    source: str
    reason: str
    since_ns: int
    due_ns: int = 0


Key = tuple[str, str]
_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decoder = msgspec.msgpack.Decoder(tuple[list[Change], list[Change]])


class LimitChanges:
    """What was changed, and what waits to be."""

    __slots__ = ("changed", "forgotten", "settings", "waiting")

    name = "limits"
    version = 1
    kinds = (Kind.LIMIT,)

    def __init__(self, settings: RiskLimits) -> None:
        """Have changed nothing of what the settings say."""
        self.settings = settings
        self.changed: dict[Key, Change] = {}
        self.waiting: dict[Key, Change] = {}
        self.forgotten: list[Change] = []  # at the restart

    def limits(self) -> RiskLimits:
        """Return the limits with everything that was changed. Raises LimitsError where the settings no more fit it."""
        limits = self.settings
        for change in _rows_first(self.changed.values()):
            value = read_value(limits, change.scope, change.name, change.value)
            limits = with_value(limits, change.scope, change.name, value)
        return limits

    def take(self, told: LimitChanged) -> None:
        """Follow a change that was told, here or elsewhere."""
        key = (told.scope, told.name)
        self.waiting.pop(key, None)
        if told.dropped:
            return
        if is_row(told.name) and not told.due_ns:
            self._forget_parts(told.scope, told.name)
        settings = value_text(value_of(self.settings, *key))
        change = Change(
            told.scope, told.name, told.value, settings, told.source, told.reason, told.since_ns, told.due_ns
        )
        if told.due_ns:
            self.waiting[key] = change
        elif told.value == settings:
            self.changed.pop(key, None)
        else:
            self.changed[key] = change

    def _outdated(self) -> list[Change]:
        """Forget what was changed of settings that say something else now, or have no place for it; return those."""
        limits, gone = self.settings, []
        for change in _rows_first(self.changed.values()):
            after = self._changed_by(change, limits)
            if after is None:
                gone.append(change)
            limits = limits if after is None else after
        gone += [each for each in self.waiting.values() if self._changed_by(each, limits) is None]
        for each in gone:
            self.changed.pop((each.scope, each.name), None)
            self.waiting.pop((each.scope, each.name), None)
        return gone

    def _changed_by(self, change: Change, limits: RiskLimits) -> RiskLimits | None:
        """Return limits with a change that still stands, None for one of settings that were changed since."""
        try:
            value = read_value(limits, change.scope, change.name, change.value)
            after = with_value(limits, change.scope, change.name, value)
        except LimitsError:
            return None
        return after if value_text(value_of(self.settings, change.scope, change.name)) == change.settings else None

    def _forget_parts(self, scope: str, row: str) -> None:
        """Forget what was changed of a breaker's row, or waits to be: the row is another one, or none, from now on."""
        for changes in (self.changed, self.waiting):
            for key in [key for key in changes if key[0] == scope and is_part(key[1], row)]:
                del changes[key]

    def due(self, now_ns: int) -> list[Change]:
        """Return what has waited long enough, oldest first."""
        return sorted((each for each in self.waiting.values() if each.due_ns <= now_ns), key=lambda each: each.due_ns)

    def durable(self) -> bytes:
        """Return what must survive a restart, empty where nothing was changed."""
        if not self.changed and not self.waiting:
            return b""
        return _encode((_sorted(self.changed), _sorted(self.waiting)))

    def restore(self, version: int, data: bytes, _indexes: dict[int, int]) -> None:
        """Become what wrote `data`, but for what the settings' own change has `forgotten`. Raises BadState.

        No record says what was forgotten: whoever folds a journal must forget the same.
        """
        changed, waiting = read_section("changes of limits", _decoder, data, version, self.version)
        self.changed = {(each.scope, each.name): each for each in changed}
        self.waiting = {(each.scope, each.name): each for each in waiting}
        self.forgotten = self._outdated()

    def fold(self, _kind: int, _instrument: int, _now_ns: int, payload: msgspec.Struct) -> None:
        """Follow one record."""
        assert isinstance(payload, LimitChanged)
        self.take(payload)

    def state(self) -> list[object]:
        """Return everything that a digest must cover; nothing where nothing was changed."""
        return [msgspec.structs.astuple(each) for each in (*_sorted(self.changed), *_sorted(self.waiting))]


def _rows_first(changes: Iterable[Change]) -> list[Change]:
    """Return rows of breakers before all else, which may be a part of one; in the same order after a restart."""
    return sorted(changes, key=lambda each: (0, each.scope, each.name) if is_row(each.name) else (1, "", ""))


def _sorted(changes: dict[Key, Change]) -> Sequence[Change]:
    return [changes[key] for key in sorted(changes)]


def stricter(limits: RiskLimits, scope: str, name: str, text: str) -> bool:
    """Whether a limit that becomes what a person wrote allows no more than now. Raises LimitsError."""
    return is_stricter(name, read_value(limits, scope, name, text), value_of(limits, scope, name), limits)
