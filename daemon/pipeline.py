"""The one door: every input is sequenced, journaled, stepped; every effect is journaled before it leaves.

    events ─▶ journal ─▶ engine.step ─▶ effects ─▶ journal ─▶ flush ─▶ commands to the venue

It runs to completion on the event loop's thread, called with whole chunks of events by whoever read them. Nothing is
queued inside the process: while a chunk is handled the socket is not read, so the kernel's buffers and TCP's own flow
control are the bounded queue, and no event is ever dropped (docs/adr/0006). The one exception: what a connector says
while a command is handed to it, a refusal of its own, comes after the chunk that caused the command.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from core.codec import KIND_OF, encode_payload
from core.effects import BookResyncNeeded, Effect
from core.evidence import EvidenceWanted
from core.orders import (
    ApprovedCancel,
    ApprovedCommand,
    ApprovedGroup,
    ApprovedReplace,
    ApprovedSubmit,
    Refusal,
    goes_out,
)
from core.records import FIRST_PAYLOAD_INPUT, NO_INSTRUMENT, Event, Kind
from daemon.stats import Stats
from engine.engine import Engine
from journal.buffer import Prepared
from journal.writer import JournalWriter


class Execution(Protocol):
    """Whatever carries approved commands to a venue, and may answer with reports later."""

    due_ns: int
    """When `before` wants to be called, `core.clock.NEVER` if not at all."""

    def before(self, now_ns: int) -> None:
        """See the time of the next event, before the engine sees the event."""

    def send(self, command: ApprovedCommand, now_ns: int) -> None:
        """Carry one command out."""

    def ask(self, wanted: EvidenceWanted, now_ns: int) -> None:
        """Carry one question to its venue."""

    def on_event(self, event: Event) -> None:
        """See one market event, after the engine has; a simulated venue trades on it."""

    def refresh(self) -> int:
        """Return when `poll` wants to be called next, `core.clock.NEVER` if not at all."""

    def poll(self, now_ns: int) -> list[Event]:
        """Return the reports that have come back by now, as events; a real venue's come by themselves."""


Leaving = ApprovedCommand | EvidenceWanted
_LEAVING = frozenset((ApprovedSubmit, ApprovedCancel, ApprovedReplace, ApprovedGroup, EvidenceWanted))

Watcher = Callable[[int, Effect], None]


class Pipeline:
    """Sequencer, journal and engine in one pass."""

    __slots__ = (
        "_busy",
        "_commands",
        "_countdown",
        "_digest_every",
        "_durable",
        "_execution",
        "_last_ns",
        "_now_ns",
        "_said",
        "_watch",
        "engine",
        "journal",
        "resync",
        "stats",
    )

    def __init__(
        self,
        engine: Engine,
        journal: JournalWriter,
        stats: Stats,
        now_ns: Callable[[], int],
        *,
        durable: bool,
        digest_every: int,
        watch: Watcher,
        execution: Execution,
    ) -> None:
        """Join them. `durable`: commands wait for the disk, not only the kernel; `watch` sees every effect."""
        self.engine = engine
        self.journal = journal
        self.stats = stats
        self.resync: list[int] = []  # instruments whose book needs a snapshot
        self._execution = execution
        self._now_ns = now_ns
        self._durable = durable
        self._digest_every = digest_every
        self._countdown = digest_every
        self._watch = watch
        self._commands: list[tuple[Leaving, int, int, int]] = []  # with the times of its cause, decision, its record
        self._busy = False
        self._said: list[Sequence[Event]] = []  # by connectors, from inside `send`
        self._last_ns = 0

    def feed(self, events: Sequence[Event]) -> None:
        """Take one chunk of inputs, in order. Raises JournalError, after which nothing may be sent any more.

        Called from inside `Execution.send` or `ask`, the chunk is taken once the one that is being handled is done:
        an input between an effect and the next would be another history, and a command would leave twice.
        """
        if self._busy:
            self._said.append(events)
            return
        self._busy = True
        try:
            self._take(events)
            while self._said:
                self._take(self._said.pop(0))
        finally:
            self._busy = False

    def _take(self, events: Sequence[Event]) -> None:
        """Handle one chunk from its first event to its last command."""
        execution, counts, last_ns = self._execution, self.stats.inputs, self._last_ns
        append, step, see = self.journal.append_event, self.engine.step, execution.on_event
        for event in events:
            now_ns = event[3]
            if now_ns < last_ns:
                # Two sockets read in one turn of the loop: the order of arrival is the truth, time must not go back.
                event = (*event[:3], last_ns, *event[4:])  # noqa: PLW2901
                now_ns = last_ns
            self._last_ns = last_ns = now_ns
            kind = event[0]
            if kind < FIRST_PAYLOAD_INPUT:
                append(event)
            else:
                if now_ns >= self.engine.next_due_ns:
                    self._pass_time(now_ns)
                self.journal.append_payload(kind, event[1], event[2], now_ns, encode_payload(event[5]), event[4])
            counts[kind] += 1
            if now_ns >= execution.due_ns:
                execution.before(now_ns)
            effects = step(event)
            if effects:
                self._record(now_ns, effects)
            see(event)
            self._countdown -= 1
            if not self._countdown:
                self.record_digest()
        self.journal.flush(durable=bool(self._commands))
        if self._commands:
            self._send()

    def _pass_time(self, now_ns: int) -> None:
        """Let timers fall due in an input of their own.

        What they do to orders then stands in the journal before the report that comes next: `oms.fold` relies on it.
        """
        event: Event = (Kind.TIME, 0, NO_INSTRUMENT, now_ns, 0, 0, 0, 0, 0, 0)
        self.journal.append_event(event)
        self.stats.inputs[Kind.TIME] += 1
        self._record(now_ns, self.engine.step(event))

    def _record(self, now_ns: int, effects: Sequence[Effect]) -> None:
        """Journal effects in order. A command goes out as soon as its own record is in the kernel.

        What follows from it, the order's new state, is journaled behind it and costs the order no time. Where the
        disk is waited for, the commands of a chunk wait together.
        """
        journal, counts, decided_ns = self.journal, self.stats.effects, self._now_ns()
        for effect in effects:
            kind = KIND_OF[type(effect)]
            counts[kind] += 1
            seq = journal.append_payload(kind, 0, _instrument_of(effect), now_ns, encode_payload(effect))
            if type(effect) in _LEAVING and (type(effect) is not ApprovedReplace or goes_out(effect)):
                self._commands.append((effect, now_ns, decided_ns, seq))  # type: ignore[arg-type]
                if not self._durable:
                    journal.flush()
                    self._send()
            elif type(effect) is Refusal:
                journal.append_timing(now_ns, seq, decided_ns, 0)
            elif isinstance(effect, BookResyncNeeded):
                self.resync.append(effect.instrument)
            self._watch(now_ns, effect)

    def _send(self) -> None:
        """Let the commands out: their records, and those of their causes, are in the kernel or on the disk by now."""
        commands, self._commands = self._commands, []
        for command, caused_ns, decided_ns, seq in commands:
            now_ns = self._now_ns()
            if isinstance(command, EvidenceWanted):
                self._execution.ask(command, now_ns)
                continue
            self._execution.send(command, now_ns)
            self.journal.append_timing(caused_ns, seq, decided_ns, now_ns)
            self.stats.commands += 1
            if isinstance(command, ApprovedSubmit):
                self.stats.tick_to_order.add(now_ns - caused_ns)

    def record_digest(self) -> bytes:
        """Journal the digest of the engine's state; replay recomputes it at the same place."""
        self._countdown = self._digest_every
        digest = self.engine.digest()
        self.journal.append_digest(self._last_ns, self.stats.total_inputs, digest)
        return digest

    def capture(self) -> tuple[int, list[bytes]]:
        """Return the state that a restart needs, in pieces, and the number that the record after it will have."""
        return self.journal.next_seq, self.engine.state_pieces()

    def record_snapshot(self, payload: Prepared) -> None:
        """Journal a snapshot, of now or of an earlier place (`daemon.live.snapshots`). Raises JournalError."""
        self.journal.append_prepared(Kind.SNAPSHOT, 0, NO_INSTRUMENT, self._last_ns, payload)
        self.journal.flush()
        self.stats.snapshot_ns = self._last_ns


def _instrument_of(effect: Effect) -> int:
    """Return the index of the instrument that an effect is about, for readers who filter by it."""
    if isinstance(effect, ApprovedSubmit):
        return effect.intent.instrument
    if isinstance(effect, ApprovedGroup):
        return effect.orders[0].intent.instrument
    index = getattr(effect, "instrument", NO_INSTRUMENT)
    return index if isinstance(index, int) and 0 <= index <= NO_INSTRUMENT else NO_INSTRUMENT


__all__ = ["Execution", "Pipeline", "Watcher"]
