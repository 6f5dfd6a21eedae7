"""Limits that a person changes while trading goes on: stricter at once, looser only after a second person or a while.

| command | scope | args |
|---|---|---|
| `set` | as in the settings: all, account:NAME, venue:NAME, class:NAME, ... | the limits, by their names |
| `approve` | the same; all of them where it is empty | names, with any value; none: all that wait there |
| `withdraw` | the same | the same: what waits is dropped |
| `reload` | | `risk`: the table `[risk]` of the settings as they are now, as JSON |

Users' rules and the lists of `[risk.controls]` are limits, too: of the scopes `rules` and `lists` (`risk.rule_words`);
so are breakers, their rows and what these have (`risk.breaker_words`).
Whoever asked for a looser limit cannot approve it. "none" takes a limit off. Every change is told by a `LimitChanged`.
"""

from collections.abc import Callable, Iterator

import msgspec

from core.clock import EventClock
from core.effects import Alert, LimitChanged, Severity
from core.events import CommandReceived
from core.scopes import ALL
from engine.desk import Desk
from engine.timers import Timers
from risk.breaker_words import fixed_of_breakers, without_rows
from risk.control_settings import check_scope
from risk.errors import LimitsError
from risk.limit_changes import Change, LimitChanges
from risk.limit_words import (
    is_stricter,
    names_of,
    names_that_differ,
    read_value,
    value_of,
    value_text,
    with_value,
)
from risk.limits import RiskLimits
from risk.rule_settings import RuleSettings, functions_of
from risk.rule_words import SCOPES

SET, APPROVE, WITHDRAW, RELOAD = "set", "approve", "withdraw", "reload"
LIMIT_WORDS = (SET, APPROVE, WITHDRAW, RELOAD)
LIMITS = "limits:"  # owner of the timer
_CHANGEABLE = frozenset(("limits", "restricted", "locates", "groups"))  # of [risk.controls]
_decode = msgspec.json.Decoder(RiskLimits).decode


class LimitCommands:
    """Changes the gate's limits, or says why not."""

    def __init__(self, desk: Desk, timers: Timers, clock: EventClock) -> None:
        """Change the limits of the desk's gate."""
        self._desk = desk
        self._gate = desk.gate
        self._changes: LimitChanges = desk.gate.changes
        self._timers = timers
        self._clock = clock

    def handlers(self) -> dict[str, Callable[[CommandReceived, int], str]]:
        """Return what carries each command out; each returns why not, empty where it did."""
        return {SET: self._set, APPROVE: self._approve, WITHDRAW: self._withdraw, RELOAD: self._reload}

    def fire(self, now_ns: int) -> None:
        """Let what has waited long enough take effect."""
        for change in self._changes.due(now_ns):
            if (change.scope, change.name) not in self._changes.waiting:
                continue  # its row of a breaker has just gone
            self._tell(change, now_ns, waits_ns=0, approved_by="time")
        self._wait()

    def restored(self) -> None:
        """Go on with what a session before this one changed, and say so."""
        for change in self._changes.forgotten:
            why = f"{change.scope} {change.name} was changed to {change.value} from what the settings said before"
            self._say(Severity.WARNING, "LIMIT_FORGOTTEN", f"{why}, {change.settings}: they are newer, and hold")
        for change in self._changes.changed.values():
            why = f"{change.scope} {change.name} is {change.value} since the session before"
            self._say(Severity.WARNING, "LIMIT", f"{why}, not {change.settings} as in the settings ({change.reason})")
        self._gate.change(self._changes.limits())
        self._wait()

    def _set(self, command: CommandReceived, now_ns: int) -> str:
        scope = command.scope or ALL
        if not command.args:
            return f"name a limit of {scope}: {', '.join(names_of(self._gate.limits, scope))}"
        if not command.reason.strip():
            return "give the reason why"
        wanted = []
        try:
            for name, text in command.args.items():
                wanted.append(self._wanted(scope, name, text, command, now_ns))
        except LimitsError as error:
            return str(error)
        for change, stricter in wanted:
            self._tell(change, now_ns, waits_ns=0 if stricter else self._gate.limits.raise_delay_s * 1_000_000_000)
        self._wait()
        return ""

    def _wanted(self, scope: str, name: str, text: str, command: CommandReceived, now_ns: int) -> tuple[Change, bool]:
        """Return a change and whether it is stricter. Raises LimitsError."""
        limits = self._gate.limits
        if scope not in SCOPES:
            check_scope(scope)
        value = read_value(limits, scope, name, text)
        with_value(limits, scope, name, value)
        before = value_of(limits, scope, name)
        settings = value_text(value_of(self._changes.settings, scope, name))
        change = Change(scope, name, value_text(value), settings, command.source, command.reason, now_ns)
        return change, is_stricter(name, value, before, limits)

    def _approve(self, command: CommandReceived, now_ns: int) -> str:
        found = list(self._waiting(command))
        if not found:
            return self._nothing_waits()
        if own := [each for each in found if person_of(each.source) == person_of(command.source)]:
            return f"{own[0].name} was asked for by {own[0].source}: somebody else has to approve it"
        for change in found:
            if (change.scope, change.name) in self._changes.waiting:  # not where its row of a breaker has just gone
                self._tell(change, now_ns, waits_ns=0, approved_by=command.source)
        self._wait()
        return ""

    def _withdraw(self, command: CommandReceived, now_ns: int) -> str:
        found = list(self._waiting(command))
        if not found:
            return self._nothing_waits()
        for change in found:
            self._tell(change, now_ns, waits_ns=0, approved_by=command.source, dropped=True)
        self._wait()
        return ""

    def _waiting(self, command: CommandReceived) -> Iterator[Change]:
        """Yield what waits in the scope and under the names of a command, or everywhere, or under any name."""
        for (scope, name), change in sorted(self._changes.waiting.items()):
            if command.scope in {"", scope} and (not command.args or name in command.args):
                yield change

    def _nothing_waits(self) -> str:
        waiting = ", ".join(f"{scope} {name}" for scope, name in sorted(self._changes.waiting)) or "nothing"
        return f"nothing waits there; waiting: {waiting}"

    def _reload(self, command: CommandReceived, now_ns: int) -> str:
        """Take the table as it is now: each limit that differs as if it had been set."""
        try:
            wanted = _decode(command.args.get("risk", "").encode())
        except msgspec.MsgspecError as error:
            return f"[risk] cannot be read: {error}"
        limits = self._gate.limits
        if fixed := _fixed(limits, wanted):
            return f"{fixed} differs: it is read when a daemon starts"
        wanted = without_rows(limits, wanted)
        changes, reason = [], command.reason or RELOAD
        for scope, name in names_that_differ(limits, wanted):
            value, settings = value_of(wanted, scope, name), value_text(value_of(self._changes.settings, scope, name))
            change = Change(scope, name, value_text(value), settings, command.source, reason, now_ns)
            changes.append((change, is_stricter(name, value, value_of(limits, scope, name), limits)))
        if not changes:
            return "no limit differs from those that hold"
        for change, stricter in changes:
            self._tell(change, now_ns, waits_ns=0 if stricter else limits.raise_delay_s * 1_000_000_000)
        self._wait()
        return ""

    def _tell(
        self, change: Change, now_ns: int, *, waits_ns: int, approved_by: str = "", dropped: bool = False
    ) -> None:
        """Say what becomes of a change, follow it, and let the gate have it."""
        before = value_text(value_of(self._gate.limits, change.scope, change.name))
        told = LimitChanged(
            scope=change.scope,
            name=change.name,
            before=before,
            value=change.value,
            since_ns=now_ns,
            due_ns=now_ns + waits_ns if waits_ns else 0,
            source=change.source,
            approved_by=approved_by,
            reason=change.reason,
            dropped=dropped,
        )
        self._desk.effects.append(told)
        self._changes.take(told)
        what = f"{change.scope} {change.name}: {before} to {change.value}"
        if dropped:
            self._say(Severity.INFO, "LIMIT_WITHDRAWN", f"{what} was withdrawn by {approved_by}")
        elif waits_ns:
            wait = f"{waits_ns // 1_000_000_000} s, or until somebody else gives `tickerd approve`"
            self._say(Severity.WARNING, "LIMIT_WAITS", f"{what} allows more: it waits {wait} ({change.reason})")
        else:
            self._gate.change(self._changes.limits())
            by = f", approved by {approved_by}" if approved_by else ""
            self._say(Severity.WARNING, "LIMIT", f"{what} by {change.source}{by} ({change.reason})")

    def _wait(self) -> None:
        """Set the timer to the next change that falls due."""
        self._timers.drop(LIMITS)
        if self._changes.waiting:
            due_ns = min(each.due_ns for each in self._changes.waiting.values())
            self._timers.set(LIMITS, "due", due_ns)

    def _say(self, severity: Severity, code: str, message: str) -> None:
        self._desk.effects.append(Alert(severity=severity, code=code, message=message))


def person_of(source: str) -> str:
    """Return whom a source stands for: `socket:uid=1000,pid=4711` is uid=1000, whatever the process."""
    return source.partition(",")[0]


def _fixed(limits: RiskLimits, wanted: RiskLimits) -> str:
    """Return what differs and cannot be changed while running, empty where nothing does."""
    if (limits.controls is None) != (wanted.controls is None):
        return "[risk.controls]"
    if fixed := fixed_of_breakers(limits, wanted):
        return fixed
    if limits.raise_delay_s != wanted.raise_delay_s:
        return "risk.raise_delay_s"
    rules, wanted_rules = limits.rules or RuleSettings(), wanted.rules or RuleSettings()
    if functions_of(rules) != functions_of(wanted_rules):
        return "risk.rules.functions, or what a function is made of,"
    if limits.controls is None or wanted.controls is None:
        return ""
    if limits.controls.groups.keys() != wanted.controls.groups.keys():
        return "which groups there are in risk.controls.groups"
    for name in limits.controls.__struct_fields__:
        if name not in _CHANGEABLE and getattr(limits.controls, name) != getattr(wanted.controls, name):
            return f"risk.controls.{name}"
    for scope in sorted(limits.controls.limits.keys() | wanted.controls.limits.keys()):
        one, other = limits.controls.limits.get(scope), wanted.controls.limits.get(scope)
        for name in ("instruments", "order_types"):
            if getattr(one, name, ()) != getattr(other, name, ()):
                return f'risk.controls.limits."{scope}".{name}'
    return ""
