"""What an operator may ask of the engine while it runs. Every command is an input event, so it replays.

| command | scope | what it does |
|---|---|---|
| `kill` | any | cancel everything that works there, let nothing but cancels pass; `flatten=yes` closes positions too |
| `halt` | any | let nothing but cancels pass |
| `stop-entry` | any | let pass only what reduces |
| `arm` | any | take the latch off: needs a reason, and after a kill clean books |
| `cancel` | any | cancel what works there |
| `flatten` | any | as `stop-entry`; cancel what works there and close positions, within `collar_ppm` of the middle |
| `reduce` | any | close `share_ppm` of each position there, within `collar_ppm`: `engine.reduce` |
| `cancel-all` | a strategy, or all | the same as `cancel` |
| `pause`, `resume` | a strategy | take it off the bus and cancel its orders; start it again |
| `retune` | a strategy | other parameters, named in the args: `engine.retune` |
| `add`, `remove`, `enable`, `disable` | a strategy | who is at work: `engine.roster_commands` |
| `scale` | any | `scale_ppm` of what sizes come to: `engine.sizing` |
| `release` | an instrument, or all | accept a difference that reconciliation froze |
| `ack` | | a person saw alerts, named in the args: nothing but the record of it |
| `login-refused` | | somebody was turned away at the operator's door: likewise, by the daemon alone |
| `book-...` | | book what a person tells of the account: `engine.booking_commands` |

A command that cannot be carried out says why in an alert, and changes nothing.
"""

from collections.abc import Callable

from core.commands import ACK, ARM, CANCEL, FLATTEN, HALT, KILL, LOGIN_REFUSED, PAUSE, RESUME, STOP_ENTRY
from core.effects import Alert, Severity, StrategyState
from core.errors import ScopeError
from core.events import CANCEL_ALL, RELEASE, CommandReceived
from core.market import Market
from core.roster import OFF, ON
from core.scopes import ALL, split_scope, strategy_scope
from engine.booking_commands import BookingCommands
from engine.breaking import Breaking
from engine.desk import Desk
from engine.flatten import Flattener, Matches, collar_of
from engine.limit_commands import LimitCommands
from engine.reconciling import Reconciling
from engine.reduce import REDUCE, Reducer
from engine.retune import RETUNE, retune
from engine.roster_commands import RosterCommands
from oms.latches import Latches, Level

_LEVELS = {KILL: Level.KILL, HALT: Level.HALT, STOP_ENTRY: Level.REDUCE}


class Commands:
    """Carries commands out, one at a time."""

    def __init__(
        self,
        desk: Desk,
        markets: list[Market],
        flattener: Flattener,
        reconciling: Reconciling | None,
        limits: LimitCommands,
        reducer: Reducer,
        roster: RosterCommands,
    ) -> None:
        """Act on these."""
        self.limits = limits
        self.roster = roster
        self._desk = desk
        self._markets = markets
        self._flattener = flattener
        self._reducer = reducer
        self.breaking: Breaking | None = None
        flattener.matches = lambda scope: self.matches(scope, known=False)
        self._reconciling = reconciling
        self._latches: Latches = desk.gate.freezes.latches
        self._handlers: dict[str, Callable[[CommandReceived, int], str]] = {
            KILL: self._latch,
            HALT: self._latch,
            STOP_ENTRY: self._latch,
            ARM: self._arm,
            CANCEL: self._cancel,
            CANCEL_ALL: self._cancel,
            FLATTEN: self._flatten,
            REDUCE: self._reduce,
            PAUSE: self._pause,
            RESUME: self._resume,
            RETUNE: lambda command, _now_ns: retune(desk, roster.roster, command),
            RELEASE: self._release,
            ACK: self._acknowledged,
            LOGIN_REFUSED: self._login_refused,
            **limits.handlers(),
            **roster.handlers(),
            **BookingCommands(desk, markets, () if reconciling is None else reconciling.venues).handlers(),
        }

    def know(self, handlers: dict[str, Callable[[CommandReceived, int], str]]) -> None:
        """Learn more commands."""
        self._handlers |= handlers

    def carry_out(self, command: CommandReceived, now_ns: int) -> None:
        """Carry a command out, or say why not."""
        handler = self._handlers.get(command.name)
        try:
            why = (
                f"no such command; known are {', '.join(self._handlers)}"
                if handler is None
                else handler(command, now_ns)
            )
        except ScopeError as error:
            why = str(error)
        if why:
            what = f"{command.name} {command.scope or command.strategy_id}".strip()
            self._alert(Severity.WARNING, "COMMAND_REFUSED", f"{what}: {why}")

    def matches(self, scope: str, *, known: bool = True) -> Matches:
        """Return what tells whether (strategy id, instrument) is in a scope. Raises ScopeError.

        `known`: the name must be one of this session's. Whoever kills `strategy:emma` in a hurry must hear that there
        is only `ema`.
        """
        kind, name = split_scope(scope)
        if kind == ALL:
            return lambda _strategy_id, _index: True
        if known and name not in (names := self._names(kind)):
            raise ScopeError(f"there is no {kind} {name!r} here; known are {', '.join(names) or 'none'}, or all")
        if kind == "strategy":
            return lambda strategy_id, _index: strategy_id == name
        instruments = [market.instrument for market in self._markets]
        if kind == "venue":
            inside = frozenset(index for index, each in enumerate(instruments) if each.venue == name)
        else:
            inside = frozenset(index for index, each in enumerate(instruments) if each.id == name)
        return lambda _strategy_id, index: index in inside

    def _names(self, kind: str) -> list[str]:
        """Return the names that a scope of a kind can have now."""
        if kind == "strategy":
            return sorted(actor.id for actor in self._desk.actors if actor.owner is None)
        instruments = [market.instrument for market in self._markets]
        return sorted({each.venue if kind == "venue" else each.id for each in instruments})

    def _latch(self, command: CommandReceived, now_ns: int) -> str:
        """Block first, then cancel: nothing slips in between."""
        scope, level = command.scope or ALL, _LEVELS[command.name]
        matches = self.matches(scope)
        collar_ppm = collar_of(command)
        if isinstance(collar_ppm, str):
            return collar_ppm
        self._latches.set(scope, level, now_ns, command.source, command.reason, self._desk.effects)
        self._desk.gate.freezes.look()
        if level is Level.KILL:
            self._desk.cancel_where(matches)
            if command.args.get("flatten") == "yes":
                self._flattener.begin(scope, collar_ppm)
        return ""

    def _arm(self, command: CommandReceived, now_ns: int) -> str:
        """Take a latch off where that is safe."""
        scope = command.scope or ALL
        matches = self.matches(scope, known=False)  # a latch may be older than the settings
        latch = self._latches.held.get(scope)
        if latch is None:
            held = ", ".join(sorted(self._latches.held)) or "nothing"
            return f"nothing is latched there; latched: {held}"
        if not command.reason.strip():
            return "give the reason why it is safe to go on"
        if latch.level == Level.KILL:
            left = [each for each in self._desk.manager.open_orders() if matches(each.strategy_id, each.instrument)]
            if left:
                return f"{len(left)} orders are not known to be over yet: wait for the venue, or reconcile"
            if self._reconciling is not None and not self._reconciling.reconciler.reconciled:
                return "the books have not been compared with the venue's: wait for reconciliation"
        self._flattener.end(scope, "armed")
        self._latches.clear(scope, now_ns, command.source, command.reason, self._desk.effects)
        self._desk.gate.freezes.look()
        if self.breaking is not None:
            self.breaking.armed(scope, now_ns, command.reason)
        return ""

    def _cancel(self, command: CommandReceived, _now_ns: int) -> str:
        scope = command.scope or (strategy_scope(command.strategy_id) if command.strategy_id else ALL)
        self._desk.cancel_where(self.matches(scope))
        return ""

    def _flatten(self, command: CommandReceived, now_ns: int) -> str:
        """Stop entry first: a strategy that opens again what is being closed would pay for both, again and again."""
        scope = command.scope or ALL
        matches, collar_ppm = self.matches(scope), collar_of(command)
        if isinstance(collar_ppm, str):
            return collar_ppm
        reason = command.reason or "positions are being closed"
        self._latches.set(scope, Level.REDUCE, now_ns, command.source, reason, self._desk.effects)
        self._desk.gate.freezes.look()
        self._desk.cancel_where(matches)
        self._flattener.begin(scope, collar_ppm)
        return ""

    def _reduce(self, command: CommandReceived, _now_ns: int) -> str:
        """Close a share of what is held; strategies go on."""
        matches, collar_ppm = self.matches(command.scope or ALL), collar_of(command)
        return collar_ppm if isinstance(collar_ppm, str) else self._reducer.command(command, matches, collar_ppm)

    def _pause(self, command: CommandReceived, _now_ns: int) -> str:
        actor = self._desk.by_id.get(command.strategy_id)
        if actor is None or not actor.active:
            return "no strategy of that name is active"
        self._desk.pause(actor, command.reason or f"paused by {command.source}")
        return ""

    def _resume(self, command: CommandReceived, _now_ns: int) -> str:
        actor = self._desk.by_id.get(command.strategy_id)
        if actor is None or actor.state is not StrategyState.PAUSED or actor.owner is not None:
            return "no strategy of that name is paused"
        if (standing := self.roster.roster.standing(actor.id)) != ON:
            return f"it is disabled: `tickerd enable {actor.id}`" if standing == OFF else "it is being removed"
        if not self._desk.ready:
            return "the daemon is not READY"
        self._desk.resume(actor, command.reason or f"resumed by {command.source}")
        return ""

    def _acknowledged(self, command: CommandReceived, _now_ns: int) -> str:
        who, why = command.user or command.source, f": {command.reason}" if command.reason else ""
        self._alert(Severity.INFO, "ACKNOWLEDGED", f"{command.args.get('what', 'alerts')} by {who}{why}")
        return ""

    def _login_refused(self, command: CommandReceived, _now_ns: int) -> str:
        self._alert(
            Severity.WARNING, "LOGIN_REFUSED", f"{command.source} {command.user}".rstrip() + f": {command.reason}"
        )
        return ""

    def _release(self, command: CommandReceived, _now_ns: int) -> str:
        if self._reconciling is None:
            return "nothing is reconciled in this session"
        self._reconciling.release(command.strategy_id)
        return ""

    def _alert(self, severity: Severity, code: str, message: str) -> None:
        self._desk.effects.append(Alert(severity=severity, code=code, message=message))
