"""The records of one session in order, from any record on, while it is written and after.

A running session's last segment grows under the reader. What has arrived is read once: whole records whose CRCs hold
are handed out, an unfinished one waits for the next look. `journal.reader` is for sessions looked at as a whole; it
goes over the last segment again each time it opens one, which a follower that looks five times a second cannot.
"""

import os
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from core.arrays import SLOT_DTYPE
from core.records import SCHEMA_VERSION, SLOT_BYTES, Kind
from journal.check import Fault, crc_fault_at, first_crc, structure_fault
from journal.errors import JournalDamaged, JournalIOError, JournalNotFound, SchemaUnsupported
from journal.folders import segment_files
from journal.head import SegmentHead, SessionHead
from journal.layout import read_payload, whole_slots
from journal.masks import Slots
from journal.segments import Segment

LOOK_SLOTS = 1 << 15  # 2 MiB at a time: what is kept in memory, whatever the segment's size

_head_of = msgspec.msgpack.Decoder(SegmentHead).decode


class Slab(NamedTuple):
    """Some whole records: their bytes, the same as an array, their kinds, and the number of the first."""

    first_seq: int
    data: memoryview
    slots: Slots
    kinds: npt.NDArray[np.uint8]

    @property
    def end_seq(self) -> int:
        """The sequence number after the last record."""
        return self.first_seq + len(self.kinds)


def session_head(folder: Path) -> SessionHead:
    """Return a session's head. Raises JournalNotFound, JournalDamaged, JournalIOError, SchemaUnsupported."""
    files = _files(folder)
    first = Segment(files[0], 0, 0) if files else None
    if first is None or not first.slots or whole_slots(first.data()[: 1 << 20]) == 0:
        raise JournalNotFound(f"no whole session in {folder}; `tickerd journal ls` lists the sessions under a root")
    head = first.head()
    if head.schema_version > SCHEMA_VERSION:
        raise SchemaUnsupported(
            f"{folder} has schema {head.schema_version}, this build knows {SCHEMA_VERSION}; use a newer tickerd"
        )
    if head.session is None:
        raise first.damaged(Fault(0, "segment head", "the session's head", "a later segment's head"))
    return head.session


class Tail:
    """Reads a session from record `from_seq` on. Keeps one segment open."""

    def __init__(self, folder: Path, session_id: str, from_seq: int = 0) -> None:
        """Find the place. Raises JournalNotFound, JournalDamaged, JournalIOError."""
        self.folder = folder
        self.read_bytes = 0  # for whoever shows progress
        self._session_id = session_id
        self._segment: Segment | None = None
        self._bytes = memoryview(b"")  # of a compressed segment
        self._fd = -1  # of a plain one: compressing it meanwhile takes its name, not its bytes
        self._at = 0  # slot within the segment
        self._seek(from_seq)

    def close(self) -> None:
        """Let go of the file. Harmless when repeated."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self._bytes = memoryview(b"")

    @property
    def next_seq(self) -> int:
        """The number of the record that comes next."""
        return self._open.first_seq + self._at

    @property
    def _open(self) -> Segment:
        assert self._segment is not None, "no segment is open"
        return self._segment

    def align(self) -> None:
        """Go on to where a record begins: a place that was only counted out may lie inside of one."""
        while data := self._read(LOOK_SLOTS):
            kinds = np.frombuffer(data, SLOT_DTYPE, count=len(data) // SLOT_BYTES)["kind"]
            begins = np.flatnonzero(kinds != Kind.PART)
            self._at += int(begins[0]) if len(begins) else len(kinds)
            if len(begins) or not len(kinds):
                return

    def read(self, limit_slots: int = LOOK_SLOTS) -> Slab | None:
        """Return the records that come next, as many as fit; None where there are none yet. Raises JournalDamaged."""
        while True:
            closed = self._is_closed()
            slab = self._look(limit_slots, closed=closed)
            if slab is not None:
                if self._at == 0:
                    self._check_place(slab)
                self._at += len(slab.kinds)
                return slab
            if not closed:
                return None
            self._enter(self._open.number + 1, self._open.first_seq + self._at)

    # ------------------------------------------------------------------------------------------------- records

    def _look(self, limit_slots: int, *, closed: bool) -> Slab | None:
        """Return the whole records at the present place; None at the end of what is there."""
        data = self._read(limit_slots)
        if len(data) < SLOT_BYTES:
            if closed and data:
                raise self._damaged(Fault(self._at, "closed segment", "whole slots", f"{len(data)} bytes more"))
            return None
        slots = np.frombuffer(data, SLOT_DTYPE, count=len(data) // SLOT_BYTES)
        wrong = first_crc(slots, self.next_seq, right=False)
        if wrong >= 0 and (closed or first_crc(slots[wrong:], self.next_seq + wrong, right=True) >= 0):
            # A write that is under way leaves nothing right behind what is not there yet.
            fault = crc_fault_at(slots, self.next_seq, wrong)
            raise self._damaged(Fault(self._at + wrong, fault.what, fault.expected, fault.found))
        end = len(slots) if wrong < 0 else wrong
        whole = whole_slots(data[: end * SLOT_BYTES])
        if whole == 0:
            if wrong < 0 and end == limit_slots:
                return self._look(limit_slots * 4, closed=closed)  # a record longer than one look
            if closed:
                raise self._damaged(Fault(self._at, "closed segment", "whole records", "a record cut short"))
            return None
        slots = slots[:whole]
        kinds = np.ascontiguousarray(slots["kind"])
        fault_in = structure_fault(slots, kinds)
        if fault_in is not None:
            raise self._damaged(Fault(self._at + fault_in.index, fault_in.what, fault_in.expected, fault_in.found))
        self.read_bytes += whole * SLOT_BYTES
        return Slab(self.next_seq, data[: whole * SLOT_BYTES], slots, kinds)

    def _read(self, limit_slots: int) -> memoryview:
        """Return the bytes from the present place on, at most so many slots; less than a slot at the end of them."""
        begin, size = self._at * SLOT_BYTES, limit_slots * SLOT_BYTES
        if self._open.compressed:
            return self._bytes[begin : begin + size]
        try:
            return memoryview(os.pread(self._fd, size, begin))
        except OSError as error:
            raise JournalIOError(f"cannot read {self._open.path}: {error}; check the disk") from error

    def _damaged(self, fault: Fault) -> JournalDamaged:
        """Return the error that says where `fault` (in slots of the segment) is."""
        return self._open.damaged(fault, intact_seq=self.next_seq)

    # ------------------------------------------------------------------------------------------------ segments

    def _is_closed(self) -> bool:
        """Whether the segment will not grow any more: the next one has begun."""
        return any(path.name.startswith(f"{self._open.number + 1:06d}.") for path in _files(self.folder))

    def _seek(self, seq: int) -> None:
        """Open the segment that record `seq` is in, or will be."""
        first_seq, number = 0, 0
        files = _files(self.folder)
        if not files:
            raise JournalNotFound(f"no session in {self.folder}; `tickerd journal ls` lists the sessions under a root")
        for number, path in enumerate(files):
            slots = Segment(path, number, first_seq).slots
            if seq < first_seq + slots or number == len(files) - 1:
                break
            first_seq += slots
        self._enter(number, first_seq)
        self._at = max(0, seq - first_seq)

    def _enter(self, number: int, first_seq: int) -> None:
        """Open segment `number`, whose first record must be `first_seq`."""
        self.close()
        for _ in range(2):
            files = [path for path in _files(self.folder) if path.name.startswith(f"{number:06d}.")]
            if not files:
                raise JournalNotFound(f"{self.folder} has no segment {number} any more: was the session removed?")
            segment = Segment(files[0], number, first_seq)
            try:
                if segment.compressed:
                    self._bytes = segment.data()
                else:
                    self._fd = os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:  # compressed since we looked at the folder
                continue
            except OSError as error:
                raise JournalIOError(f"cannot read {segment.path}: {error}; check the disk") from error
            self._segment, self._at = segment, 0
            return
        raise JournalIOError(f"{self.folder}: segment {number} comes and goes; is something else writing there?")

    def _check_place(self, slab: Slab) -> None:
        """Verify that the segment that `slab` begins is this session's, in this place."""
        kind = int(slab.kinds[0])
        if kind != Kind.SEGMENT:
            raise self._damaged(Fault(0, "no segment head", "kind 1", f"kind {kind}"))
        head = _head_of(read_payload(slab.data, 0, int(slab.slots["a"][0])))
        expected = (self._session_id, self._open.number, self._open.first_seq)
        found = (head.session_id, head.number, head.first_seq)
        if found != expected:
            raise self._damaged(Fault(0, "segment of another place", str(expected), str(found)))


def _files(folder: Path) -> list[Path]:
    """Return the session's segment files; none where the folder is gone."""
    try:
        return segment_files(folder) if folder.is_dir() else []
    except FileNotFoundError:
        return []
    except OSError as error:
        raise JournalIOError(f"cannot read {folder}: {error}") from error
