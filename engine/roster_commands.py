"""Strategies that come and go while trading goes on.

| command | scope | args |
|---|---|---|
| `add` | | `definition`: a `core.roster.StrategyDefinition` as JSON |
| `remove` | a strategy | `flatten=yes` closes what it holds, within `collar_ppm` of the middle |
| `disable`, `enable` | a strategy | |

`remove` takes a strategy off the market's events and cancels its orders; it leaves once nothing of it works and it
holds nothing that an order could close. Its fills, its profit and what it remembers stay in the books by its name.
"""

from collections.abc import Callable

from core.codec import UNREADABLE
from core.effects import Alert, Severity, StrategyState
from core.events import CommandReceived
from core.market import mark_price_of
from core.roster import LEAVING, OFF, ON, REMOVED, read_definition
from core.scopes import strategy_scope
from engine.actors import Actor
from engine.desk import Desk
from engine.flatten import Flattener, collar_of
from engine.roster import Roster
from engine.timers import Timers
from oms.dust import is_flat

ADD, REMOVE, ENABLE, DISABLE = "add", "remove", "enable", "disable"
ROSTER_WORDS = (ADD, REMOVE, ENABLE, DISABLE)
DEFINITION = "definition"  # the arg that holds what is added
LEAVES = "roster:"  # owner of the timer
LOOK_NS = 250_000_000  # how often it is looked whether those that leave can go


class RosterCommands:
    """Adds strategies and lets them go, or says why not."""

    def __init__(self, roster: Roster, desk: Desk, flattener: Flattener, timers: Timers) -> None:
        """Change who is at the desk."""
        self.roster = roster
        self._desk = desk
        self._flattener = flattener
        self._timers = timers
        self._closing: dict[str, None] = {}  # those that leave whose positions began to be closed
        self._unswept: list[str] = []  # those that do not trade since a restart, and whose cancels may not have left

    def handlers(self) -> dict[str, Callable[[CommandReceived, int], str]]:
        """Return what carries each command out; each returns why not, empty where it did."""
        return {ADD: self._add, REMOVE: self._remove, ENABLE: self._enable, DISABLE: self._disable}

    def state(self) -> list[object]:
        """Return what a digest must cover beside the roster: how far those are that leave."""
        return [list(self._closing), self._unswept[:]]

    def restored(self) -> None:
        """Go on with what the session before this one left."""
        self._unswept = self.roster.restored()
        self._wait()

    def fire(self, now_ns: int) -> None:
        """Cancel what was left working by those that trade no more, and look whether those that leave can go."""
        if self._desk.ready:
            unswept, self._unswept = self._unswept, []
            for name in unswept:
                self._desk.cancel_working(name)
        for name in [each.strategy_id for each in self.roster.entries.values() if each.standing == LEAVING]:
            self._look(name)
        self._wait()

    # -- in --------------------------------------------------------------------------------------------------------

    def _add(self, command: CommandReceived, now_ns: int) -> str:
        """Take one more strategy; it starts at once where the daemon is READY, else with the others."""
        try:
            definition = read_definition(command.args.get(DEFINITION, ""))
        except UNREADABLE as error:
            return f"its definition cannot be read: {error}"
        if definition.id in self._desk.by_id:
            return f"there is a strategy {definition.id} already: remove it first, or give this one another id"
        if not command.reason.strip():
            return "give the reason"
        known = [market.instrument.id for market in self._desk.markets]
        missing = [name for name in definition.instruments if name not in known]
        if missing:
            return f"this session has no market {', '.join(missing)}; it has {', '.join(known) or 'none'}"
        spec = self.roster.build(definition)
        if isinstance(spec, str):
            return spec
        try:
            actor = self.roster.hire(spec)
        except Exception as error:  # noqa: BLE001 - whatever a strategy raises must not stop the others
            return f"{type(error).__name__}: {error}"
        self.roster.note(
            actor.id, command.source, command.reason, standing=ON, definition=command.args[DEFINITION], params="",
            added_by=command.source, added_ns=now_ns, collar_ppm=-1,
        )  # fmt: skip
        lasts = "a restart keeps it until the settings name it" if self.roster.lasting else "until the session ends"
        what = f"{actor.id}, {definition.use} on {', '.join(definition.instruments)}"
        self._say(
            Severity.WARNING, "STRATEGY_ADDED", f"{what}, was added by {command.source} ({command.reason}); {lasts}"
        )
        if self._desk.ready:
            self._desk.start_one(actor, f"added by {command.source}: {command.reason}")
        return ""

    def _enable(self, command: CommandReceived, _now_ns: int) -> str:
        """Start a strategy that was switched off."""
        actor = self._known(command)
        if isinstance(actor, str):
            return actor
        if self.roster.standing(actor.id) != OFF:
            return "it is not disabled; `tickerd resume` starts one that is paused"
        if not self._desk.ready:
            return "the daemon is not READY"
        self.roster.note(actor.id, command.source, command.reason, standing=ON)
        reason = f"enabled by {command.source}"
        if actor.context.markets:
            self._desk.resume(actor, reason)
        else:
            self._desk.start_one(actor, reason)
        return ""

    # -- out -------------------------------------------------------------------------------------------------------

    def _disable(self, command: CommandReceived, _now_ns: int) -> str:
        """Take a strategy off the market until it is enabled, over restarts too."""
        actor = self._known(command)
        if isinstance(actor, str):
            return actor
        if self.roster.standing(actor.id) == OFF:
            return "it is disabled already"
        self.roster.note(actor.id, command.source, command.reason, standing=OFF)
        self._off(actor, f"disabled by {command.source}: {command.reason or 'no reason given'}")
        return ""

    def _remove(self, command: CommandReceived, _now_ns: int) -> str:
        """Begin to let a strategy go."""
        actor = self._known(command)
        if isinstance(actor, str):
            return actor
        if not command.reason.strip():
            return "give the reason"
        collar_ppm = collar_of(command)
        if isinstance(collar_ppm, str):
            return collar_ppm
        flatten = command.args.get("flatten") == "yes"
        held = self._held(actor.id)
        if held and not flatten:
            return f"it holds {', '.join(held)}: close that first, or let it be closed with --flatten"
        self.roster.note(
            actor.id, command.source, command.reason, standing=LEAVING, collar_ppm=collar_ppm if flatten else -1
        )
        self._off(actor, f"removed by {command.source}: {command.reason}")
        self._look(actor.id)
        self._wait()
        return ""

    def _known(self, command: CommandReceived) -> Actor | str:
        """Return the strategy that a command names, or why it cannot be changed."""
        actor = self._desk.by_id.get(command.strategy_id)
        if actor is None or actor.owner is not None:
            known = ", ".join(sorted(each.id for each in self._desk.actors if each.owner is None))
            return f"there is no such strategy; known are {known or 'none'}"
        if self.roster.standing(actor.id) == LEAVING:
            return "it is being removed"
        return actor

    def _off(self, actor: Actor, reason: str) -> None:
        """Have a strategy send nothing more, and cancel what works of it."""
        if actor.active:
            self._desk.pause(actor, reason)
        elif actor.state is not StrategyState.STOPPED:
            actor.outbox.clear()
            self._desk.effects.append(actor.change(StrategyState.PAUSED, reason))

    def _look(self, name: str) -> None:
        """Let a strategy go that has nothing left; close what it holds, or stop where that cannot be."""
        desk, entry = self._desk, self.roster.entries[name]
        works = any(each.strategy_id == name for each in desk.manager.open_orders())
        if name in self._unswept or works or desk.manager.held.of_strategy(name):
            return
        held = self._held(name)
        scope = strategy_scope(name)
        if not held:
            self._gone(name)
        elif entry.collar_ppm < 0:
            self._stay(name, f"it was filled while its orders were cancelled, and holds {', '.join(held)}")
        elif scope in self._flattener.wanted:
            self._closing[name] = None
        elif name in self._closing:
            self._stay(name, f"it could not be closed, and holds {', '.join(held)}")
        else:
            self._closing[name] = None
            self._flattener.begin(scope, entry.collar_ppm)

    def _gone(self, name: str) -> None:
        """Forget a strategy that has nothing left."""
        desk, entry = self._desk, self.roster.entries[name]
        self._flattener.end(strategy_scope(name), "removed")
        actor = desk.by_id[name]
        for worker in tuple(actor.workers):
            desk.drop(worker)
        reason = f"removed by {entry.source}: {entry.reason}"
        desk.effects.append(actor.change(StrategyState.STOPPED, reason))
        desk.drop(actor)
        self._closing.pop(name, None)
        self.roster.note(
            name, entry.source, entry.reason, standing=REMOVED, definition="", params="", added_by="", added_ns=0,
            collar_ppm=-1,
        )  # fmt: skip
        self._say(Severity.WARNING, "STRATEGY_REMOVED", f"{name} was {reason}; what it earned stays in the books")

    def _stay(self, name: str, why: str) -> None:
        """Leave a strategy switched off, which could not go."""
        entry = self.roster.entries[name]
        self._closing.pop(name, None)
        self.roster.note(name, entry.source, entry.reason, standing=OFF, collar_ppm=-1)
        todo = f"`tickerd remove {name} --flatten` again, or `tickerd enable {name}`"
        self._say(Severity.ERROR, "STRATEGY_STAYS", f"{name} is not removed: {why}; it stays disabled: {todo}")

    def _held(self, name: str) -> list[str]:
        """Return in words what a strategy holds that an order could close."""
        found = []
        manager = self._desk.manager
        for index, strategy_id, position in manager.positions():
            if strategy_id is None:
                own = [leg.own[name].quantity for leg in manager.legs(index).values() if name in leg.own]
            elif strategy_id == name and not manager.legs(index):
                own = [position.quantity]
            else:
                continue
            instrument, price = self._desk.markets[index].instrument, mark_price_of(self._desk.markets[index])
            found += [
                f"{instrument.quantity_text(each)} {instrument.id}"
                for each in own
                if not is_flat(index, instrument, each, price)
            ]
        return found

    def _wait(self) -> None:
        """Look again while anybody leaves."""
        self._timers.drop(LEAVES)
        if self._unswept or any(each.standing == LEAVING for each in self.roster.entries.values()):
            self._timers.set(LEAVES, "look", self._desk.clock.now_ns + LOOK_NS)

    def _say(self, severity: Severity, code: str, message: str) -> None:
        self._desk.effects.append(Alert(severity=severity, code=code, message=message))
