"""What happened on one day, out of the journals: who did what, when, from where, why, and what it changed."""

import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec

from core.effects import Alert, Severity
from core.events import CommandReceived
from core.money import money_text
from daemon.audit.changes import Change, Changes
from daemon.audit.totals import RefusalTotal, StrategyTotal, Totals
from daemon.audit.walk import Day, Seen, sessions_of, walk
from daemon.store.known import Known
from journal.progress import Progress
from journal.reader import SessionReader, open_session
from journal.timing import Timing, timings_of

REFUSED = "COMMAND_REFUSED"
LOGIN_REFUSED = "LOGIN_REFUSED"
_ARG_MAX = 1_000


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody, or the daemon by itself, did. `by` is a person's name where the system knew one.

    `source` says from where: `socket:uid=1000,pid=4711`, `signal:SIGUSR1`, `guard:...`, or what of the daemon it was.
    """

    time_ns: int
    session: str
    seq: int
    what: str
    scope: str
    by: str
    source: str
    reason: str
    outcome: str
    args: dict[str, str] = {}
    changes: tuple[Change, ...] = ()
    said: tuple[str, ...] = ()


class Stop(msgspec.Struct, kw_only=True):
    """One latch from its set to its end; `until_ns` 0: it is still set."""

    scope: str
    level: str
    from_ns: int
    source: str
    reason: str
    until_ns: int = 0
    lifted_by: str = ""
    lifted_reason: str = ""


class SessionLine(msgspec.Struct, frozen=True, kw_only=True):
    """One session that ran on the day."""

    session: str
    mode: str
    state: str
    started_ns: int
    ended_ns: int
    reason: str
    build: str
    config_digest: str


class AlertLine(msgspec.Struct, frozen=True, kw_only=True):
    """One alert that is an error."""

    time_ns: int
    session: str
    code: str
    message: str
    instrument: str


class DecisionTimes(msgspec.Struct, frozen=True, kw_only=True):
    """How long decisions took, ns from the arrival of the input that each followed from: nearest-rank percentiles.

    `decided` counts to the gate's verdict, `handed` to the venue's connector having the command.
    """

    count: int
    decided_p50_ns: int
    decided_p99_ns: int
    decided_max_ns: int
    handed_p50_ns: int
    handed_p99_ns: int
    handed_max_ns: int


class DayReport(msgspec.Struct, frozen=True, kw_only=True):
    """The whole day. Times are ns since 1970, UTC; money is exact decimal text."""

    day: str
    sessions: tuple[SessionLine, ...]
    actions: tuple[Action, ...]
    stops: tuple[Stop, ...]
    logins_refused: tuple[Action, ...]
    errors: tuple[AlertLine, ...]
    alerts: dict[str, int]
    refusals: tuple[RefusalTotal, ...]
    orders: dict[str, int]
    strategies: tuple[StrategyTotal, ...]
    fees: dict[str, str]
    decisions: DecisionTimes | None
    """None where no daemon measured any."""


class _Pending:
    """A command, and what followed from it at once."""

    def __init__(self, seen: Seen, command: CommandReceived) -> None:
        self.seen = seen
        self.command = command
        self.changes: list[Change] = []
        self.said: list[str] = []

    def add(self, seen: Seen, change: Change | None) -> None:
        """Take one effect of it."""
        if change is not None:
            self.changes.append(change)
        if isinstance(seen.payload, Alert):
            self.said.append(f"{seen.payload.code}: {seen.payload.message}")


class _Day:
    """Collects a day, session after session."""

    def __init__(self, day: Day) -> None:
        self.day = day
        self.sessions: list[SessionLine] = []
        self.actions: list[Action] = []
        self.stops: list[Stop] = []
        self.errors: list[AlertLine] = []
        self.alerts: Counter[str] = Counter()
        self.totals = Totals()
        self.timings: list[Timing] = []

    def take(self, reader: SessionReader, progress: Progress | None) -> None:
        """Take one session."""
        known, name = Known(), reader.folder.name
        changes = Changes(known)
        pending: _Pending | None = None
        ran = False
        for seen in walk(reader, known, progress):
            change = changes.of(seen)
            if not self.day.begin_ns <= seen.recv_ns < self.day.end_ns:
                continue
            ran = True
            self.totals.take(known, seen)
            if isinstance(seen.payload, CommandReceived):
                self._finish(name, pending)
                pending = _Pending(seen, seen.payload)
                continue
            if isinstance(seen.payload, Alert):
                self._alert(name, known, seen, seen.payload)
            if pending is not None and seen.command < 0:
                self._finish(name, pending)
                pending = None
            if change is not None:
                self._stop(seen, change)
            if pending is not None:
                pending.add(seen, change)
            elif change is not None and change.by_itself:
                self._by_itself(name, seen, change)
        self._finish(name, pending)
        timings = timings_of(reader).values()
        self.timings += [each for each in timings if self.day.begin_ns <= each.caused_ns < self.day.end_ns]
        if ran:
            self.sessions.append(_line(reader))

    def _finish(self, session: str, pending: "_Pending | None") -> None:
        """Add the command that is complete."""
        if pending is None:
            return
        seen, command, changes, said = pending.seen, pending.command, pending.changes, pending.said
        refused = [text for text in said if text.startswith(f"{REFUSED}: ")]
        self.actions.append(
            Action(
                time_ns=seen.recv_ns,
                session=session,
                seq=seen.seq,
                what=command.name,
                scope=command.scope or command.strategy_id,
                by=command.user,
                source=command.source,
                reason=command.reason,
                outcome=refused[0].removeprefix(f"{REFUSED}: ") if refused else "done",
                args={name: _short(text) for name, text in command.args.items()},
                changes=tuple(changes),
                said=tuple(text for text in said if text not in refused),
            )
        )

    def _by_itself(self, session: str, seen: Seen, change: Change) -> None:
        """Add what nobody commanded just then: a breaker's latch, a freeze, a limit that fell due."""
        self.actions.append(
            Action(
                time_ns=seen.recv_ns,
                session=session,
                seq=seen.seq,
                what=change.what,
                scope=change.scope,
                by="",
                source=change.source or "daemon",
                reason=change.reason,
                outcome="done",
                changes=(change,),
            )
        )

    def _alert(self, session: str, known: Known, seen: Seen, alert: Alert) -> None:
        self.alerts[f"{alert.severity.value} {alert.code}"] += 1
        if alert.severity is Severity.ERROR:
            self.errors.append(
                AlertLine(
                    time_ns=seen.recv_ns,
                    session=session,
                    code=alert.code,
                    message=alert.message,
                    instrument=known.name(alert.instrument),
                )
            )

    def _stop(self, seen: Seen, change: Change) -> None:
        """Follow latches."""
        if change.what != "latch":
            return
        for stop in self.stops:
            if stop.scope == change.scope and not stop.until_ns:
                stop.until_ns = seen.recv_ns
                stop.lifted_by, stop.lifted_reason = change.source, change.reason
        if change.after != "free":
            self.stops.append(
                Stop(
                    scope=change.scope,
                    level=change.after,
                    from_ns=seen.recv_ns,
                    source=change.source,
                    reason=change.reason,
                )
            )

    def report(self) -> DayReport:
        """Return all of it."""
        actions = sorted(self.actions, key=lambda each: (each.time_ns, each.session, each.seq))
        logins = tuple(each for each in actions if each.what == "login-refused")
        return DayReport(
            day=self.day.text,
            sessions=tuple(self.sessions),
            actions=tuple(each for each in actions if each.what != "login-refused"),
            stops=tuple(self.stops),
            logins_refused=logins,
            errors=tuple(self.errors),
            alerts=dict(sorted(self.alerts.items())),
            refusals=self.totals.refusal_rows(),
            orders=dict(sorted(self.totals.orders.items())),
            strategies=self.totals.strategy_rows(),
            fees={currency: money_text(amount) for currency, amount in sorted(self.totals.fees.items())},
            decisions=_decision_times(self.timings),
        )


def day_report(
    root: Path, day: Day, folders: list[Path] | None = None, told: Callable[[Path], Progress | None] = lambda _: None
) -> DayReport:
    """Return what happened on a day in the sessions under `root`, or in `folders`. Raises JournalError, CodecError."""
    collected = _Day(day)
    for folder in sessions_of(root, day) if folders is None else folders:
        with open_session(folder) as reader:
            collected.take(reader, told(folder))
    return collected.report()


def _line(reader: SessionReader) -> SessionLine:
    head, sealed = reader.head, reader.sealed
    return SessionLine(
        session=reader.folder.name,
        mode=head.mode,
        state=reader.state.value,
        started_ns=head.started_ns,
        ended_ns=0 if sealed is None else sealed.ended_ns,
        reason="" if sealed is None else sealed.reason,
        build=f"{head.build.version} {head.build.source_digest[:16]}",
        config_digest=head.config_digest,
    )


def _decision_times(timings: list[Timing]) -> DecisionTimes | None:
    if not timings:
        return None
    decided = sorted(each.decided_ns - each.caused_ns for each in timings)
    handed = sorted(each.handed_ns - each.caused_ns for each in timings if each.handed_ns) or [0]
    return DecisionTimes(
        count=len(decided),
        decided_p50_ns=_percentile(decided, 50),
        decided_p99_ns=_percentile(decided, 99),
        decided_max_ns=decided[-1],
        handed_p50_ns=_percentile(handed, 50),
        handed_p99_ns=_percentile(handed, 99),
        handed_max_ns=handed[-1],
    )


def _percentile(ascending: list[int], percent: int) -> int:
    return ascending[-(-len(ascending) * percent // 100) - 1]


def _short(text: str) -> str:
    """Return an argument; of one as long as a strategy's source its beginning and its hash: the journal has it."""
    if len(text) <= _ARG_MAX:
        return text
    return f"{text[:80]}... ({len(text)} characters, SHA-256 {hashlib.sha256(text.encode()).hexdigest()})"
