"""Read a session: its head and end, its records in order, and the same bytes as numpy arrays.

Running and crashed sessions read like any other; what an interrupted write left at the end counts as absent.
Nothing here writes.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from core.codec import decode_payload
from core.records import EVENT, SCHEMA_VERSION, SLOT_BYTES, Event, Kind
from journal.check import Fault
from journal.chunks import Chunk, PayloadRecord, PlainRun, chunks_of
from journal.errors import ExportRefused, JournalDamaged, JournalIOError, JournalNotFound, SchemaUnsupported
from journal.folders import is_running, segment_files, segment_name
from journal.head import SealPayload, SessionHead, SessionState
from journal.layout import PLAIN_FIELDS, read_payload
from journal.masks import Slots
from journal.segments import Segment, TornTail


def open_session(path: Path, *, verify: bool = True, whole: bool = False) -> "SessionReader":
    """Open the session in folder `path`.

    With `verify` each segment's CRCs and record structure are checked when it is first read; a hash chain is checked
    by `journal.verify` alone. `whole`: the caller has just verified it, so that no torn tail is looked for. Raises
    JournalNotFound, JournalDamaged, JournalIOError, SchemaUnsupported.
    """
    segments = _segments(path)
    damage = torn = None
    sealed = segments[-1].seal()
    if sealed is None and not whole:
        try:
            torn = segments[-1].cut_torn_tail()
        except JournalDamaged as error:
            damage = error  # raised where a reader comes to it: what is before it can be read
    head = _session_head(segments[0], path)
    return SessionReader(path, head, segments, sealed=sealed, torn=torn, damage=damage, verify=verify)


def _segments(folder: Path) -> list[Segment]:
    """Return the session's segments. Raises where one is missing or ends within a slot."""
    try:
        files = segment_files(folder) if folder.is_dir() else []
    except OSError as error:
        raise JournalIOError(f"cannot read {folder}: {error}") from error
    if not files:
        raise JournalNotFound(f"no session in {folder}; `tickerd journal ls` lists the sessions under a root")
    segments: list[Segment] = []
    for number, path in enumerate(files):
        first_seq = segments[-1].end_seq if segments else 0
        segment = Segment(path, number, first_seq)
        if not path.name.startswith(segment_name(number)):
            fault = Fault(0, "missing segment", segment_name(number), path.name)
            raise segment.damaged(fault)
        if segments and (partial := segments[-1].total_bytes % SLOT_BYTES):
            before = segments[-1]
            fault = Fault(before.slots, "closed segment", "whole slots", f"{partial} bytes more")
            raise before.damaged(fault)
        segments.append(segment)
    return segments


def _session_head(first: Segment, folder: Path) -> SessionHead:
    """Return the session's head from its first segment."""
    if first.slots == 0:
        raise JournalNotFound(f"{folder} holds no whole record: its process died at once; remove the folder")
    head = first.head()
    if head.schema_version > SCHEMA_VERSION:
        raise SchemaUnsupported(
            f"{folder} has schema {head.schema_version}, this build knows {SCHEMA_VERSION}; use a newer tickerd"
        )
    if head.session is None:
        raise first.damaged(Fault(0, "segment head", "the session's head", "a later segment's head"))
    return head.session


class SessionReader:
    """An open session. Segments are mapped or unpacked as they are reached, one at a time."""

    def __init__(
        self,
        folder: Path,
        head: SessionHead,
        segments: list[Segment],
        *,
        sealed: SealPayload | None,
        torn: TornTail | None,
        damage: JournalDamaged | None,
        verify: bool,
    ) -> None:
        """Use `open_session`."""
        self.folder = folder
        self.head = head
        self.sealed = sealed
        self.torn = torn
        self.damage = damage
        self.segments = tuple(segments)
        self._verify = verify
        self._loaded = segments[-1]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files; arrays and memoryviews handed out keep theirs."""
        for segment in self.segments:
            segment.release()

    @property
    def end_seq(self) -> int:
        """The sequence number after the last whole record."""
        return self.segments[-1].end_seq

    @property
    def state(self) -> SessionState:
        """Running, ended as its seal says, or crashed: without a seal and without a process."""
        if self.sealed is not None:
            return SessionState(self.sealed.state)
        return SessionState.RUNNING if is_running(self.folder) else SessionState.CRASHED

    def chunks(self, from_seq: int = 0, until_seq: int | None = None) -> Iterator[Chunk]:
        """Yield inputs, effects and digests in order: runs of plain inputs whole, the rest one by one.

        Records that begin at `from_seq` or later and before `until_seq`. Raises JournalDamaged.
        """
        stop_seq = self.end_seq if until_seq is None else min(until_seq, self.end_seq)
        for segment in self.segments:
            start = max(from_seq, segment.first_seq)
            stop = min(stop_seq, segment.end_seq)
            if start < stop:
                self._load(segment, until_seq)
                data, kinds, first_seq = segment.data(), segment.kinds(), segment.first_seq
                yield from chunks_of(data, kinds, first_seq, start - first_seq, stop - first_seq)

    def events(self, from_seq: int = 0, until_seq: int | None = None) -> Iterator[tuple[int, Event]]:
        """Yield (seq, event) of every input and effect in order, payloads decoded.

        Raises JournalDamaged, core's CodecError for a payload of a kind or schema that this build does not know.
        """
        for chunk in self.chunks(from_seq, until_seq):
            if isinstance(chunk, PlainRun):
                yield from enumerate(EVENT.iter_unpack(chunk.slots), chunk.first_seq)
            elif isinstance(chunk, PayloadRecord):
                struct = decode_payload(chunk.kind, chunk.payload)
                head = (chunk.kind, chunk.flags, chunk.instrument, chunk.recv_ns, chunk.venue_ns)
                yield chunk.seq, (*head, struct, 0, 0, 0, 0)

    def payloads(
        self, kinds: Iterable[int], from_seq: int = 0, until_seq: int | None = None
    ) -> Iterator[PayloadRecord]:
        """Yield the records of these kinds, all of which carry payloads, passing over the others as arrays.

        Records that begin at `from_seq` or later and before `until_seq`. Raises JournalDamaged.
        """
        wanted = np.zeros(256, np.bool_)
        wanted[list(kinds)] = True
        stop_seq = self.end_seq if until_seq is None else min(until_seq, self.end_seq)
        for segment in self.segments:
            start, stop = max(from_seq, segment.first_seq), min(stop_seq, segment.end_seq)
            if start >= stop:
                continue
            self._load(segment, until_seq)
            data, first_seq = segment.data(), segment.first_seq
            rows = np.flatnonzero(wanted[segment.kinds()[start - first_seq : stop - first_seq]]) + (start - first_seq)
            for row in rows.tolist():
                kind, flags, instrument, recv_ns, venue_ns, size, *_ = EVENT.unpack_from(data, row * SLOT_BYTES)
                payload = read_payload(data, row, size)
                yield PayloadRecord(first_seq + row, kind, flags, instrument, recv_ns, venue_ns, payload)

    def snapshots(self) -> Iterator[tuple[int, bytes]]:
        """Yield (seq, payload) of the snapshots, the newest first; each segment is read when it is come to.

        Raises JournalDamaged.
        """
        for segment in reversed(self.segments):
            self._load(segment, None)
            for row in np.flatnonzero(segment.kinds() == Kind.SNAPSHOT)[::-1].tolist():
                size = EVENT.unpack_from(segment.data(), row * SLOT_BYTES)[5]
                yield segment.first_seq + row, read_payload(segment.data(), row, size)

    def array(self, number: int, until_seq: int | None = None) -> Slots:
        """Return segment `number` as a read-only structured array (SLOT_DTYPE), the file's own bytes.

        Raises JournalDamaged, for damage from `until_seq` on only where that is not given.
        """
        return self._load(self.segments[number], until_seq)

    def columns(self, kind: int) -> dict[str, npt.NDArray[np.int64]]:
        """Return all records of one plain input kind as columns: seq, times, instrument, flags and its own fields.

        Raises ExportRefused for other kinds, JournalDamaged.
        """
        names = PLAIN_FIELDS.get(kind)
        if names is None:
            raise ExportRefused(f"records of kind {kind} carry a payload; read them with `events`")
        fields = {"recv_ns": "recv_ns", "venue_ns": "venue_ns", "instrument": "instrument", "flags": "flags"}
        fields |= dict(zip(names, "abcde", strict=False))
        parts: dict[str, list[npt.NDArray[np.int64]]] = {"seq": [], **{name: [] for name in fields}}
        for segment in self.segments:
            slots = self._load(segment, None)
            rows = np.flatnonzero(segment.kinds() == kind)
            parts["seq"].append(rows + segment.first_seq)
            for name, field in fields.items():
                parts[name].append(slots[field][rows].astype(np.int64))
        return {name: np.concatenate(columns) for name, columns in parts.items()}

    def _load(self, segment: Segment, until_seq: int | None) -> Slots:
        """Return a segment's slots, checked if this reader checks; the segment before it is let go."""
        if self._loaded is not segment:
            self._loaded.release()
            self._loaded = segment
        if self._verify:
            last = segment is self.segments[-1]
            if last and self.damage is not None and (until_seq is None or until_seq > self.damage.seq):
                raise self.damage
            if segment.slots:
                segment.check(None if until_seq is None else until_seq - segment.first_seq)
                self._check_place(segment)
        return segment.array()

    def _check_place(self, segment: Segment) -> None:
        """Verify that a segment is this session's, in this place."""
        head = segment.head()
        expected = (self.head.session_id, segment.number, segment.first_seq)
        found = (head.session_id, head.number, head.first_seq)
        if found != expected:
            raise segment.damaged(Fault(0, "segment of another place", str(expected), str(found)))
