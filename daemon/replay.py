"""Replay: a recorded session's inputs through a fresh engine, its recorded effects beside the recomputed ones.

The driver only carries: `engine.replay.Verifier` compares. Runs of plain inputs are handed over whole, so that a
replay spends its time in the engine and not in a loop around it.
"""

import operator
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from config.compose import engine_settings, recorded_strategies
from config.digest import settings_from_decisions
from config.head import build
from core.clock import NEVER
from core.codec import decode_payload
from core.errors import CodecError
from core.records import EVENT, FIRST_EFFECT, SLOT_BYTES
from daemon.errors import UsageError
from engine.build import build_engine
from engine.coast import coast
from engine.engine import Engine
from engine.replay import Difference, Verifier
from journal.check import Fault
from journal.chunks import DigestRecord, PayloadRecord, PlainRun
from journal.head import SessionHead
from journal.reader import SessionReader, open_session

Progress = Callable[[int, int], None]


class ReplayResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay came to. `digest` is of the state after the last event that was replayed."""

    ok: bool
    session: str
    events: int
    effects: int
    digest: str
    digests_compared: int
    first_difference: Difference | None
    state: str  # "ended", "crashed", "running"
    torn_seq: int | None  # where an interrupted write cut the journal, if one did
    same_build: bool
    recorded_build: str
    elapsed_s: float

    def json(self) -> str:
        """Return it as one JSON object."""
        return msgspec.json.encode(self).decode()

    def text(self) -> str:
        """Return it as a person reads it."""
        rate = self.events / self.elapsed_s if self.elapsed_s else 0.0
        lines = [f"{self.session}: {self.state}, recorded by {self.recorded_build}"]
        if not self.same_build:
            lines.append("this build is another one: a difference may be a change of the program")
        if self.torn_seq is not None:
            lines.append(f"an interrupted write cut the journal at record {self.torn_seq}; replayed what is whole")
        lines.append(
            f"replayed {self.events:,} events and {self.effects:,} effects in {self.elapsed_s:.2f} s "
            f"({rate:,.0f} events/s), compared {self.digests_compared} digests"
        )
        difference = self.first_difference
        if difference is None:
            lines.append(f"identical; state digest {self.digest}")
        else:
            lines.append(f"DIFFERENT at record {difference.seq} ({difference.what})")
            lines.append(f"  recorded   {difference.recorded}")
            lines.append(f"  recomputed {difference.recomputed}")
        return "\n".join(lines)


def refuse_history(head: SessionHead) -> None:
    """Refuse what was imported, not lived through: no engine decided anything in it. Raises UsageError."""
    if head.mode == "history":
        raise UsageError(
            f"{head.session_id} is a history: market data without an engine's decisions, so nothing is to be replayed; "
            "`tickerd history show` tells what is in it, `tickerd backtest --data FOLDER --journal` trades on it and "
            "writes a journal that replays"
        )


def relived_engine(head: SessionHead) -> Engine:
    """Return the engine that a session's head describes, before its first record. Raises ConfigError."""
    settings = settings_from_decisions(head.config)
    return build_engine(engine_settings(settings, recorded_strategies(settings, head), head.started_ns))


class Replay:
    """One session and the engine that relives it."""

    def __init__(self, reader: SessionReader) -> None:
        """Build the engine that the session's head describes.

        Raises UsageError where it is a history, ConfigError where a strategy is not to be had.
        """
        head = reader.head
        refuse_history(head)
        self.reader = reader
        self.engine = relived_engine(head)
        self.verifier = Verifier(self.engine)
        self.events = 0
        self.digests = 0

    def run(self, until_seq: int | None = None, progress: Progress | None = None) -> None:
        """Relive the records before `until_seq`, or all; stop at the first difference. Raises JournalDamaged."""
        verifier = self.verifier
        end_seq = self.reader.end_seq
        seq = 0
        for chunk in self.reader.chunks(until_seq=until_seq):
            seq = chunk.first_seq if isinstance(chunk, PlainRun) else chunk.seq
            if isinstance(chunk, PlainRun):
                self._plain(chunk)
            elif isinstance(chunk, DigestRecord):
                self.digests += 1
                verifier.digest(seq, chunk.digest)
            elif chunk.kind >= FIRST_EFFECT:
                verifier.effect(seq, chunk.kind, bytes(chunk.payload))
            else:
                self._payload(chunk)
            if not verifier.ok:
                break
            if progress is not None:
                progress(seq, end_seq)
        whole = until_seq is None and self.reader.sealed is not None
        verifier.finish(seq, sealed=whole)
        if verifier.ok and whole and self.reader.sealed is not None:
            verifier.digest(self.reader.end_seq, self.reader.sealed.digest)

    def _plain(self, run: PlainRun) -> None:
        """Relive a run of plain inputs; only its last may have effects, or a recorded effect would have ended it."""
        engine = self.engine
        seq = run.first_seq
        count = len(run.slots) // SLOT_BYTES
        events = EVENT.iter_unpack(run.slots)
        self.verifier.expect_none(seq)
        while True:
            event, effects = coast(engine, events, NEVER)
            if event is None:
                break
            if effects is None:  # a timer falls due with it
                effects = engine.step(event)
            if effects:
                left = operator.length_hint(events)
                self.verifier.expect(effects)
                if left:
                    self.verifier.expect_none(seq + count - left)
                    break
        self.events += count

    def _payload(self, record: PayloadRecord) -> None:
        """Relive one input that carries a payload. Raises JournalDamaged where it cannot be read."""
        try:
            struct = decode_payload(record.kind, record.payload)
        except CodecError as error:
            segment = next(segment for segment in self.reader.segments if record.seq < segment.end_seq)
            fault = Fault(record.seq - segment.first_seq, "payload", f"one of kind {record.kind}", str(error))
            raise segment.damaged(fault) from error
        head = (record.kind, record.flags, record.instrument, record.recv_ns, record.venue_ns)
        self.verifier.expect_none(record.seq)
        self.verifier.expect(self.engine.step((*head, struct, 0, 0, 0, 0)))
        self.events += 1


def replay_session(folder: Path, until_seq: int | None = None, progress: Progress | None = None) -> ReplayResult:
    """Replay a session and compare everything. Raises ConfigError, JournalError."""
    started = time.perf_counter()
    with open_session(folder) as reader:
        replay = Replay(reader)
        replay.run(until_seq, progress)
        verifier, head = replay.verifier, reader.head
        return ReplayResult(
            ok=verifier.ok,
            session=str(folder),
            events=replay.events,
            effects=verifier.effects,
            digest=replay.engine.digest().hex(),
            digests_compared=replay.digests,
            first_difference=verifier.first_difference,
            state=reader.state.value,
            torn_seq=reader.torn.seq if reader.torn else None,
            same_build=head.build == build(),
            recorded_build=f"{head.build.version} {head.build.source_digest[:12]}, {head.python}",
            elapsed_s=time.perf_counter() - started,
        )
