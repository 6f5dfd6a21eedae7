"""One segment as the reader sees it: mapped where it is plain, unpacked into memory where it is compressed."""

import contextlib
import mmap
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import zstandard

from core.arrays import SLOT_DTYPE
from core.codec import UNREADABLE
from core.records import EVENT, SLOT_BYTES, Kind, parts_of
from journal.check import Fault, crc_fault, crc_fault_at, first_crc, structure_fault
from journal.errors import JournalDamaged, JournalIOError
from journal.folders import COMPRESSED_SUFFIX
from journal.head import SealPayload, SegmentHead
from journal.layout import has_payload, read_payload, whole_slots
from journal.masks import Slots

MAX_SEGMENT_BYTES = 4 << 30  # a compressed file that claims to hold more is damaged

_segment_head = msgspec.msgpack.Decoder(SegmentHead)
_seal = msgspec.msgpack.Decoder(SealPayload)


class TornTail(msgspec.Struct, frozen=True):
    """What an interrupted write left at the end of an unsealed session. Readers treat it as absent.

    `seq` is the first sequence number that is not there, `offset` where its slot would begin in `segment`.
    """

    segment: str
    seq: int
    offset: int
    bytes: int


class Segment:
    """One segment file: `slots` slots of whole records, the first of them numbered `first_seq`."""

    __slots__ = (
        "_checked",
        "_crcs_right",
        "_data",
        "_fault",
        "_kinds",
        "compressed",
        "file_bytes",
        "first_seq",
        "number",
        "path",
        "slots",
        "total_bytes",
    )

    def __init__(self, path: Path, number: int, first_seq: int) -> None:
        """Look at the file. Raises JournalIOError, JournalDamaged."""
        self.path = path
        self.number = number
        self.first_seq = first_seq
        self.compressed = path.suffix == COMPRESSED_SUFFIX
        self._crcs_right = False
        self._checked = False
        self._fault: Fault | None = None
        self._data: memoryview | None = None
        self._kinds: npt.NDArray[np.uint8] | None = None
        with self._reading():
            self.file_bytes = path.stat().st_size
            self.total_bytes = self._unpacked_size() if self.compressed else self.file_bytes
        self.slots = self.total_bytes // SLOT_BYTES

    @property
    def end_seq(self) -> int:
        """The sequence number after this segment's last slot."""
        return self.first_seq + self.slots

    # -------------------------------------------------------------------------------------------------- bytes

    def data(self) -> memoryview:
        """All bytes of the segment, a torn tail included. Raises JournalIOError, JournalDamaged."""
        if self._data is None:
            with self._reading():
                self._data = memoryview(self._unpack() if self.compressed else self._map())
        return self._data

    def array(self) -> Slots:
        """The whole records' slots as a structured array over the same bytes, without a copy."""
        return np.frombuffer(self.data(), SLOT_DTYPE, count=self.slots)

    def kinds(self) -> npt.NDArray[np.uint8]:
        """The kinds of all slots side by side: looking through them costs a 64th of going over the slots."""
        if self._kinds is None or len(self._kinds) != self.slots:
            self._kinds = np.ascontiguousarray(self.array()["kind"])
        return self._kinds

    def payload(self, index: int) -> bytes:
        """Return the payload of the record whose head is slot `index`."""
        return read_payload(self.data(), index, EVENT.unpack_from(self.data(), index * SLOT_BYTES)[5])

    def release(self) -> None:
        """Forget the bytes (and the file); what was handed out keeps them alive as long as it needs them."""
        self._data = None
        self._kinds = None

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise JournalIOError(f"cannot read {self.path}: {error}; check the disk") from error
        except zstandard.ZstdError as error:
            raise self.damaged(Fault(0, "compressed segment", "a zstd frame", str(error))) from error

    def _map(self) -> bytes | mmap.mmap:
        if self.file_bytes == 0:
            return b""  # an empty file cannot be mapped
        try:
            file = self.path.open("rb")
        except FileNotFoundError:  # compressed since we looked at the folder
            self.path = self.path.with_name(self.path.name + COMPRESSED_SUFFIX)
            self.compressed = True
            return self._unpack()
        with file:
            # The size seen first: a running session's file may have grown since.
            return mmap.mmap(file.fileno(), self.file_bytes, access=mmap.ACCESS_READ)

    def _unpacked_size(self) -> int:
        with self.path.open("rb") as file:
            size = zstandard.frame_content_size(file.read(64))
        if not 0 <= size <= MAX_SEGMENT_BYTES:
            raise self.damaged(Fault(0, "compressed segment", f"at most {MAX_SEGMENT_BYTES} bytes", f"{size}"))
        return size

    def _unpack(self) -> bytes:
        return zstandard.ZstdDecompressor().decompress(self.path.read_bytes())

    # ----------------------------------------------------------------------------------------------- checking

    def damaged(self, fault: Fault, intact_seq: int | None = None) -> JournalDamaged:
        """Return the error that says where in the session and in this file `fault` is.

        `intact_seq`: the records before it are right; without it, those before the record that the fault is in.
        """
        if intact_seq is None:
            before = self.data()[: fault.index * SLOT_BYTES] if fault.index else memoryview(b"")
            intact_seq = self.first_seq + whole_slots(before)
        return JournalDamaged(
            fault.what,
            seq=self.first_seq + fault.index,
            intact_seq=intact_seq,
            segment=self.path.name,
            offset=fault.index * SLOT_BYTES,
            expected=fault.expected,
            found=fault.found,
        )

    def check(self, stop: int | None = None) -> None:
        """Verify CRCs and structure of the records that begin before slot `stop`. Raises JournalDamaged.

        The whole segment is looked at once, whatever `stop`; damage counts only where a reader comes to it.
        """
        if not self._checked:
            self._fault = self._find_fault()
            self._checked = True
        if self._fault is not None and (stop is None or self._fault.index < self._record_end(stop)):
            raise self.damaged(self._fault)

    def _find_fault(self) -> Fault | None:
        """Return the first thing wrong with the segment."""
        slots = self.array()
        wrong = None if self._crcs_right else crc_fault(slots, self.first_seq)
        if wrong is None:
            return structure_fault(slots, self.kinds())
        before = whole_slots(self.data()[: wrong.index * SLOT_BYTES])
        return structure_fault(slots[:before], self.kinds()[:before]) or wrong

    def _record_end(self, stop: int) -> int:
        """Return where the last record that begins before slot `stop` ends."""
        kinds = self.kinds()
        while stop < len(kinds) and kinds[stop] == Kind.PART:
            stop += 1
        return stop

    def _check_record(self, index: int) -> None:
        """Verify the one record whose head is slot `index`. Raises JournalDamaged."""
        slots = self.array()
        fault = crc_fault(slots[index : index + 1], self.first_seq + index)
        if fault is None and has_payload(int(slots["kind"][index])):
            end = index + 1 + parts_of(int(slots["a"][index]))
            fault = crc_fault(slots[index:end], self.first_seq + index) or structure_fault(
                slots[index:end], np.ascontiguousarray(slots["kind"][index:end])
            )
        if fault is not None:
            raise self.damaged(msgspec.structs.replace(fault, index=index + fault.index))

    def head(self) -> SegmentHead:
        """Return the segment's first record. Raises JournalDamaged where it is not a segment's head."""
        self._check_record(0)
        kind = int(self.array()["kind"][0])
        if kind != Kind.SEGMENT:
            raise self.damaged(Fault(0, "no segment head", "kind 1", f"kind {kind}"))
        try:
            return _segment_head.decode(self.payload(0))
        except UNREADABLE as error:
            raise self.damaged(Fault(0, "segment head", "a head of this schema", str(error))) from error

    def seal(self) -> SealPayload | None:
        """Return the seal that this segment ends with, the chain's last link after it; None without.

        Raises JournalDamaged where its payload is not a seal's.
        """
        index, linked = self._find_seal()
        if index < 0 or not linked or self.total_bytes % SLOT_BYTES:
            return None
        try:
            self._check_record(index)
            self._check_record(self.slots - 1)
        except JournalDamaged:
            return None  # `cut_torn_tail` tells a torn write from damage
        try:
            return _seal.decode(self.payload(index))
        except UNREADABLE as error:
            raise self.damaged(Fault(index, "seal", "a seal of this schema", str(error))) from error

    def seal_index(self) -> int:
        """Return the slot of the SEAL that is the last record but for a link of the chain, -1 without."""
        return self._find_seal()[0]

    def _find_seal(self) -> tuple[int, bool]:
        """Return the slot of a SEAL that is the last record, -1 without, and whether a CHAIN follows it."""
        kinds = self.array()["kind"]
        linked = self.slots > 0 and int(kinds[-1]) == Kind.CHAIN
        index = self.slots - 1 - linked
        while index > 0 and int(kinds[index]) == Kind.PART:
            index -= 1
        return (index, linked) if index >= 0 and int(kinds[index]) == Kind.SEAL else (-1, linked)

    def cut_torn_tail(self) -> TornTail | None:
        """Leave an interrupted write out of `slots`, and say what was left out.

        Torn is only what reaches the end of the file without a right slot in it. Raises JournalDamaged where a
        right slot follows a wrong one, or where more than an interrupted write can leave follows a seal.
        """
        slots = self.array()
        wrong = first_crc(slots, self.first_seq, right=False)
        if wrong >= 0 and first_crc(slots[wrong:], self.first_seq + wrong, right=True) >= 0:
            raise self.damaged(crc_fault_at(slots, self.first_seq, wrong))
        end = self.slots if wrong < 0 else wrong
        self.slots = whole_slots(self.data()[: end * SLOT_BYTES])
        self._crcs_right = True  # of what is left: `check` need not look again
        left = self.total_bytes - self.slots * SLOT_BYTES
        if left == 0:
            return None
        index, linked = self._find_seal()
        if index >= 0 and (linked or left >= SLOT_BYTES):
            # Seal and link are one write, synced before the writer lets go: this was put there later.
            expected = "the end of the file" if linked else "the chain's last link"
            raise self.damaged(Fault(self.slots, "bytes after the seal", expected, f"{left} bytes"))
        return TornTail(segment=self.path.name, seq=self.end_seq, offset=self.slots * SLOT_BYTES, bytes=left)
