"""Write a history: the one way in which importers append, seal and put a history in its place.

It grows in a hidden folder beside its place, and takes its name when it is sealed and on the disk: what an interrupted
import leaves is never taken for a history.
"""

import os
import platform
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from glob import escape
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from core.events import FeedChanged, FeedState, InstrumentDefined
from core.instruments import Instrument
from core.records import FIRST_PAYLOAD_INPUT, NO_INSTRUMENT, Event, Kind
from journal.errors import JournalError
from journal.folders import is_running, is_session, sync_folder
from journal.head import SealState, SessionHead
from journal.writer import JournalWriter
from research.history.errors import BadInput, HistoryError, HistoryExists
from research.history.head import LABEL, MODE, Origin, build, config_of

SEGMENT_BYTES = 32 << 20  # a reader holds one segment at a time: this bounds its memory
NO_DIGEST = bytes(32)  # no engine ran


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an import wrote. `records` counts by kind, `left_out` what of the source has no place in a history."""

    folder: str
    instruments: tuple[str, ...]
    inputs: int
    records: dict[str, int]
    left_out: dict[str, int]
    first_ns: int
    last_ns: int
    size_bytes: int


class HistoryWriter:
    """A history while it is written; a context manager that keeps it only where its block ends without an error."""

    def __init__(self, out: Path, origin: Origin, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Write to `out`, whose parents are made. Raises HistoryExists."""
        if is_session(out) or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
            raise HistoryExists(f"{out} is taken; name another folder, or remove it first")
        self.out = out
        self.left_out: Counter[str] = Counter()
        self._origin = origin
        self._segment_bytes = segment_bytes
        self._part = out.with_name(f".{out.name}.part-{os.getpid()}")
        self._journal: JournalWriter | None = None
        self._instruments: tuple[str, ...] = ()
        self._counts = [0] * 256
        self._first_ns = self._last_ns = 0
        self._report: ImportReport | None = None

    @property
    def report(self) -> ImportReport:
        """What was written; known once the block has ended."""
        assert self._report is not None
        return self._report

    def __enter__(self) -> Self:
        for left in self.out.parent.glob(f".{escape(self.out.name)}.part-*"):
            if not is_running(left):
                shutil.rmtree(left, ignore_errors=True)  # of an import that was killed
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._finish()
        finally:
            self._abandon()

    def begin(self, instruments: Sequence[Instrument], now_ns: int) -> None:
        """Define the instruments, indexes in their order, and say that their venues are connected."""
        self._open(now_ns)
        for index, instrument in enumerate(instruments):
            self.add((Kind.INSTRUMENT, 0, index, now_ns, 0, InstrumentDefined(instrument), 0, 0, 0, 0))
        for venue in dict.fromkeys(instrument.venue for instrument in instruments):
            self.add(feed(venue, NO_INSTRUMENT, now_ns, FeedState.CONNECTED))

    def add(self, event: Event) -> None:
        """Append one input."""
        self.extend((event,))

    def extend(self, events: Iterable[Event]) -> None:
        """Append inputs in the order of their times. Raises HistoryError where time goes back, JournalError."""
        if self._journal is None:
            events = iter(events)
            first = next(events, None)
            if first is None:
                return
            self._open(first[3])
            self.extend((first,))
        journal = self._journal
        assert journal is not None
        append, counts, last_ns = journal.append_event, self._counts, self._last_ns
        for event in events:
            now_ns = event[3]
            if now_ns < last_ns:
                raise HistoryError(f"an input of {now_ns} after one of {last_ns}: inputs come in the order of recv_ns")
            last_ns = now_ns
            kind = event[0]
            counts[kind] += 1
            if kind < FIRST_PAYLOAD_INPUT:
                append(event)
                continue
            payload = event[5]
            assert isinstance(payload, msgspec.Struct)
            if isinstance(payload, InstrumentDefined) and event[2] == len(self._instruments):
                self._instruments += (payload.instrument.id,)
            journal.append_struct(kind, event[1], event[2], now_ns, payload, event[4])
        self._last_ns = last_ns

    def _open(self, now_ns: int) -> None:
        """Begin the journal: its head tells the time of the first input."""
        if self._journal is not None:
            return
        self._first_ns = self._last_ns = now_ns
        head = SessionHead(
            session_id=self.out.name,
            started_ns=now_ns,
            mode=MODE,
            seed=0,
            build=build(),
            config_digest=self._origin.digest,
            config=config_of(self._origin),
            libraries={},
            python=f"{platform.python_implementation()} {platform.python_version()}",
            labels=(LABEL,),
        )
        self._journal = JournalWriter.create(self._part, head, segment_bytes=self._segment_bytes, reserve_bytes=0)

    def _finish(self) -> None:
        """Seal, and take the place. Raises BadInput for a source without a single input."""
        journal, inputs = self._journal, sum(self._counts)
        if journal is None or not any(self._counts[: Kind.INSTRUMENT]):
            names = ", ".join(file.name for file in self._origin.files) or self._origin.kind
            raise BadInput(names, 0, expected="market data", found="none")
        reason = f"imported from {', '.join(file.name for file in self._origin.files) or self._origin.kind}"
        journal.seal(SealState.ENDED, reason, digest=NO_DIGEST, inputs=inputs, effects=0, ended_ns=self._last_ns)
        size = sum(path.stat().st_size for path in self._part.iterdir())
        try:
            self._part.replace(self.out)
            sync_folder(self.out.parent)
        except OSError as error:
            raise HistoryExists(f"cannot put the history at {self.out}: {error}; name another folder") from error
        self._report = ImportReport(
            folder=str(self.out),
            instruments=self._instruments,
            inputs=inputs,
            records={Kind(kind).name: count for kind, count in enumerate(self._counts) if count},
            left_out=dict(self.left_out),
            first_ns=self._first_ns,
            last_ns=self._last_ns,
            size_bytes=size,
        )

    def _abandon(self) -> None:
        """Leave nothing half-written behind; harmless where the history took its place."""
        if self._journal is None or self._report is not None:
            return
        try:
            self._journal.close()
        except JournalError as error:
            self.left_out[f"not closed: {error}"] += 1  # what made the import fail is being raised already
        shutil.rmtree(self._part, ignore_errors=True)


def feed(venue: str, index: int, now_ns: int, state: FeedState, channel: str = "") -> Event:
    """Return the event of a feed's change."""
    change = FeedChanged(venue=venue, state=state, channel=channel)
    return (int(Kind.FEED), 0, index, now_ns, 0, change, 0, 0, 0, 0)
