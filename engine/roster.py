"""Who is at work: the strategies of the settings, and what a person changed of them while a session runs.

What was changed is told by a `RosterChanged`, which holds all that is known of one strategy: a fold follows it, and a
later session takes it over, until the settings themselves say something else of that strategy. Nothing is kept of a
strategy that is as the settings say.
"""

from collections.abc import Callable, Sequence

import msgspec

from core.clock import EventClock
from core.effects import Alert, Effect, RosterChanged, Severity, StrategyState
from core.records import Kind
from core.rng import Rng
from core.roster import AS_SET, LEAVING, OFF, ON, REMOVED, StrategyDefinition, read_definition
from engine.actors import Actor
from engine.desk import Desk
from engine.spec import StrategyLoader, StrategySpec, spec_hash, with_params
from oms.sections import read_section
from strategies.context import Context, OrderCounter

_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decoder = msgspec.msgpack.Decoder(list[RosterChanged])


def read_entries(version: int, data: bytes) -> dict[str, RosterChanged]:
    """Return what was changed of each strategy, by its id, out of the durable state. Raises BadState."""
    entries = read_section("changes of strategies", _decoder, data, version, Roster.version)
    return {each.strategy_id: each for each in entries}


class Roster:
    """Hires strategies and remembers what was changed; the section "roster" of the durable state."""

    name = "roster"
    version = 1
    kinds = (Kind.ROSTER,)

    def __init__(self, desk: Desk, clock: EventClock, counter: OrderCounter) -> None:
        """Have nobody at the desk yet."""
        self.entries: dict[str, RosterChanged] = {}
        self.lasting = False
        """Whether a later session takes over what is changed here."""
        self._desk = desk
        self._clock = clock
        self._counter = counter
        self._seed = 0
        self._hired = 0
        self.loader: StrategyLoader | None = None
        self._settings: dict[str, str] = {}
        self.attach: Callable[[StrategySpec, Context], None] = lambda _spec, _context: None
        """What gives a strategy more than its orders: `engine.engine` sets it."""
        self._durable = b""

    def begin(self, specs: Sequence[StrategySpec], seed: int, loader: StrategyLoader | None, *, lasting: bool) -> None:
        """Hire the strategies of the settings; `loader` builds those that come later."""
        self._seed, self.loader, self.lasting = seed, loader, lasting
        for spec in specs:
            self._settings[spec.id] = spec_hash(spec)
            self.hire(spec)

    def hire(self, spec: StrategySpec) -> Actor:
        """Put a strategy at the desk, not started; its generator is its own. Raises whatever its class raises."""
        desk = self._desk
        rng = Rng(self._seed, stream=self._hired + 1)
        memories = desk.memories.by_name
        context = Context(
            spec.id, (), desk.manager, self._clock, self._counter, rng, memories=memories, remembers=self.lasting
        )
        actor = Actor(spec.strategy(spec.params, context), context, spec.instruments)
        self.attach(spec, context)
        self._hired += 1
        desk.add(actor)
        return actor

    def build(self, definition: StrategyDefinition) -> StrategySpec | str:
        """Return the strategy of a definition, or why it cannot be built."""
        if self.loader is None:
            return "no strategy can be added to this session"
        return self.loader(definition)

    # -- what holds ------------------------------------------------------------------------------------------------

    def standing(self, strategy_id: str) -> str:
        """Return how a strategy stands beside the settings: ON where nothing was changed."""
        entry = self.entries.get(strategy_id)
        return ON if entry is None else entry.standing

    def note(self, strategy_id: str, source: str, reason: str, **changes: str | int) -> None:
        """Change what holds for a strategy, and tell it."""
        before = self.entries.get(strategy_id)
        if before is None:
            said = self._settings.get(strategy_id, "")
            before = RosterChanged(
                strategy_id=strategy_id, standing=ON, since_ns=0, source="", reason="", settings=said
            )
        after = msgspec.structs.replace(
            before, **{"since_ns": self._clock.now_ns, "source": source, "reason": reason, **changes}
        )
        if after.standing == ON and not after.definition and not after.params:
            after = msgspec.structs.replace(after, standing=AS_SET)
        if after.standing == REMOVED and not after.settings:
            after = msgspec.structs.replace(after, standing=AS_SET)
        self._tell(after)

    def take(self, told: RosterChanged) -> None:
        """Follow a change that was told, here or elsewhere."""
        if told.standing == AS_SET:
            self.entries.pop(told.strategy_id, None)
        else:
            self.entries[told.strategy_id] = told
        self._durable = _encode([self.entries[name] for name in sorted(self.entries)]) if self.entries else b""

    # -- over a restart --------------------------------------------------------------------------------------------

    def restored(self) -> list[str]:
        """Go on with what the session before this one left, where the settings still say what they said then.

        Return the strategies whose orders are to be cancelled, since nobody is at work for them.
        """
        idle = []
        for name in sorted(self.entries):
            entry = self.entries[name]
            if self._settings.get(name, "") != entry.settings:
                self._forget(entry, "the settings say something else of it since, and hold", Severity.WARNING)
            elif why := self._again(entry):
                self._forget(entry, f"it does not go on: {why}; its orders are cancelled, its positions stay")
                idle.append(name)
            elif entry.standing != ON:
                idle.append(name)
        return idle

    def durable(self) -> bytes:
        """Return what must survive a restart, empty where nothing was changed."""
        return self._durable

    def restore(self, version: int, data: bytes, _indexes: dict[int, int]) -> None:
        """Become what wrote `data`. Raises BadState."""
        self.entries = read_entries(version, data)
        self._durable = data

    def fold(self, _kind: int, _instrument: int, _now_ns: int, payload: msgspec.Struct) -> None:
        """Follow one record."""
        assert isinstance(payload, RosterChanged)
        self.take(payload)

    def state(self) -> list[object]:
        """Return everything that a digest must cover; nothing where nothing was changed."""
        return [list(msgspec.structs.astuple(self.entries[name])) for name in sorted(self.entries)]

    def _again(self, entry: RosterChanged) -> str:
        """Have a strategy as it was before the restart; return why it cannot be."""
        name = entry.strategy_id
        if entry.definition:
            if name in self._desk.by_id:  # that of the settings was removed before
                self._desk.drop(self._desk.by_id[name])
            if why := self._rehire(entry):
                return why
        actor = self._desk.by_id[name]
        if entry.params:
            made = with_params(actor.strategy, msgspec.json.decode(entry.params))
            if isinstance(made, str):
                return f"the parameters that it was re-tuned to do not fit: {made}"
            actor.strategy = made
            self._say(Severity.WARNING, "STRATEGY_CHANGED", f"{name} has other parameters than set", entry)
        if entry.standing == REMOVED:
            self._desk.effects.append(actor.change(StrategyState.STOPPED, f"removed by {entry.source}"))
            self._desk.drop(actor)
            self._say(Severity.WARNING, "STRATEGY_CHANGED", f"{name} stays removed", entry)
        elif entry.standing in {OFF, LEAVING}:
            reason = "disabled" if entry.standing == OFF else "being removed"
            self._desk.effects.append(actor.change(StrategyState.PAUSED, f"{reason} since the session before"))
            self._say(Severity.WARNING, "STRATEGY_CHANGED", f"{name} is {reason}", entry)
        return ""

    def _rehire(self, entry: RosterChanged) -> str:
        """Build a strategy that was added; return why it cannot be."""
        spec = self.build(read_definition(entry.definition))
        if isinstance(spec, str):
            return spec
        try:
            self.hire(spec)
        except Exception as error:  # noqa: BLE001 - whatever a strategy raises must not stop the others
            return f"{type(error).__name__}: {error}"
        self._say(Severity.WARNING, "STRATEGY_CHANGED", f"{spec.id} goes on, which the settings do not name", entry)
        return ""

    def _forget(self, entry: RosterChanged, why: str, severity: Severity = Severity.ERROR) -> None:
        """Keep nothing of a change any more, and say so."""
        self._tell(msgspec.structs.replace(entry, standing=AS_SET))
        self._say(severity, "STRATEGY_FORGOTTEN", f"{entry.strategy_id}: {why}", entry)

    def _tell(self, told: RosterChanged) -> None:
        self.take(told)
        self._effects.append(told)

    @property
    def _effects(self) -> list[Effect]:
        return self._desk.effects

    def _say(self, severity: Severity, code: str, what: str, entry: RosterChanged) -> None:
        by = f"{entry.source or 'unknown'} ({entry.reason or 'no reason given'})"
        self._effects.append(Alert(severity=severity, code=code, message=f"{what}: changed by {by}"))
