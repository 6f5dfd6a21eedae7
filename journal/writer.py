"""Append records to a session: the only code that writes segments.

Appending fills a buffer in the process; `flush` hands it to the kernel in one write. A command may leave once
`flush(durable=True)` has returned after the append of its record (docs/adr/0002-flush-policy.md).
"""

import hashlib
import struct
import zlib
from pathlib import Path
from typing import NoReturn

import msgspec

from core.codec import encode_payload
from core.records import BODY, NO_INSTRUMENT, PART_BYTES, SLOT_BYTES, Event, Kind, parts_of
from journal.errors import JournalError, JournalExists, JournalSealed, RecordRefused
from journal.files import Reserve, SegmentFile, journal_error
from journal.folders import SessionLock, is_session, segment_name, sync_folder
from journal.head import FlushPolicy, SealPayload, SealState, SegmentHead, SessionHead
from journal.layout import CHAIN_START, CRC_AND_BODY, HASH_FIELDS, MAX_PAYLOAD_BYTES, PART_BODY

SEGMENT_BYTES = 64 << 20
RESERVE_BYTES = 1 << 20
CHAIN_SLOTS = 4096  # a crash leaves less than this, and one flush, outside the hash chain
PENDING_SLOTS = 16_384  # the buffer flushes itself at 1 MiB: a caller that never flushes cannot fill the memory

# One look-up less per append than going through the Struct objects.
_pack_body = BODY.pack
_pack_slot = CRC_AND_BODY.pack
_pack_part = PART_BODY.pack
_crc32 = zlib.crc32  # masks its start value to 32 bits itself, as `core.records.slot_crc` does


class JournalWriter:
    """One session's journal while it is written. Not thread-safe: the sequencer alone writes.

    Sequence numbers count slots over the whole session, the journal's own included, so records have gaps.
    """

    __slots__ = (
        "_barrier",
        "_chained",
        "_digest",
        "_failure",
        "_lock",
        "_number",
        "_pending",
        "_policy",
        "_previous",
        "_reserve",
        "_segment",
        "_segment_bytes",
        "_segment_first",
        "_seq",
        "_written",
        "folder",
        "head",
    )

    def __init__(self, folder: Path, head: SessionHead, segment_bytes: int, reserve_bytes: int) -> None:
        """Use `create`, which says what may go wrong."""
        self.folder = folder
        self.head = head
        self._policy = head.flush_policy
        self._segment_bytes = segment_bytes
        self._failure: JournalError | None = None
        self._pending = bytearray()
        self._seq = 0  # of the next slot
        self._written = 0  # of the first slot that the kernel does not have
        self._barrier = PENDING_SLOTS  # appending from here on flushes first, or raises the failure
        self._chained = 0  # of the first slot after the last CHAIN
        self._previous = CHAIN_START
        self._digest = hashlib.sha256(CHAIN_START)
        self._number = 0
        self._segment_first = 0
        self._lock = SessionLock(folder)
        try:
            self._reserve = Reserve(folder, reserve_bytes)
            self._segment = SegmentFile(folder / segment_name(0))
        except OSError as error:
            self._lock.release()
            raise journal_error("begin", folder, error) from error

    @classmethod
    def create(
        cls,
        folder: Path,
        head: SessionHead,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        reserve_bytes: int = RESERVE_BYTES,
    ) -> "JournalWriter":
        """Begin a session in `folder`, made if need be; its head is in the kernel when this returns.

        `head.flush_policy` decides what `flush(durable=True)` waits for. The flush that brings a segment to
        `segment_bytes` closes it. `reserve_bytes` are set aside for the cancels of a full disk.
        Raises JournalExists, JournalLocked, JournalFull, JournalIOError.
        """
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise journal_error("make", folder, error) from error
        if is_session(folder):
            raise JournalExists(f"{folder} already holds a session; it is written once: use a new folder")
        writer = cls(folder, head, segment_bytes, reserve_bytes)
        writer._append_segment_head(head)
        writer.flush(durable=True)
        if writer._policy is FlushPolicy.DISK:
            writer._sync_folder(folder)
            writer._sync_folder(folder.parent)
        return writer

    # ---------------------------------------------------------------------------------------------- appending

    @property
    def next_seq(self) -> int:
        """The sequence number of the next record, unless a flush comes first and adds the journal's own."""
        return self._seq

    @property
    def written_seq(self) -> int:
        """Every slot below this sequence number is in the kernel: it survives kill -9."""
        return self._written

    @property
    def chain(self) -> bytes:
        """The hash chain's last value; kept elsewhere, it proves that nothing before it was changed since."""
        return self._previous

    @property
    def low_on_space(self) -> bool:
        """Whether the disk was found full and the reserve is in use: stop opening, cancel, seal."""
        return self._reserve.spent

    def append_event(self, event: Event) -> int:
        """Append a plain record (kinds 16 to 31, DIGEST): ten ints. Returns its sequence number.

        Raises RecordRefused, and what `flush` raises.
        """
        seq = self._seq
        if seq >= self._barrier:
            seq = self._at_barrier()
        try:
            body = _pack_body(*event)
        except (struct.error, TypeError) as error:
            raise RecordRefused(f"{event!r} does not fit a record: {error}") from error
        self._pending += _pack_slot(_crc32(body, seq), body)
        self._seq = seq + 1
        return seq

    def append_payload(
        self, kind: int, flags: int, instrument: int, recv_ns: int, payload: bytes, venue_ns: int = 0
    ) -> int:
        """Append a record that carries `payload` (msgpack) and return its sequence number.

        Raises RecordRefused, and what `flush` raises.
        """
        size = len(payload)
        if size > MAX_PAYLOAD_BYTES:
            raise RecordRefused(f"a payload of {size} bytes exceeds {MAX_PAYLOAD_BYTES}; keep its beginning")
        head = self.append_event((kind, flags, instrument, recv_ns, venue_ns, size, 0, 0, 0, 0))
        seq = head
        pending = self._pending
        for number in range(parts_of(size)):
            seq += 1
            at = number * PART_BYTES
            body = _pack_part(Kind.PART, 0, number, payload[at : at + PART_BYTES])
            pending += _pack_slot(_crc32(body, seq), body)
        self._seq = seq + 1
        return head

    def append_struct(
        self, kind: int, flags: int, instrument: int, recv_ns: int, struct_: msgspec.Struct, venue_ns: int = 0
    ) -> int:
        """Append the record of one of `core.codec`'s structs and return its sequence number."""
        return self.append_payload(kind, flags, instrument, recv_ns, encode_payload(struct_), venue_ns)

    def append_digest(self, recv_ns: int, inputs: int, digest: bytes) -> int:
        """Append the engine's state digest (32 bytes) after `inputs` inputs and return its sequence number."""
        fields = HASH_FIELDS.unpack(digest)
        return self.append_event((Kind.DIGEST, 0, NO_INSTRUMENT, recv_ns, 0, inputs, *fields))

    # ----------------------------------------------------------------------------------------------- flushing

    def flush(self, *, durable: bool = False) -> int:
        """Hand everything appended to the kernel; with `durable`, wait for the disk if the policy is `disk`.

        Returns `written_seq`. Raises JournalFull or JournalIOError, from then on at every call; JournalSealed
        after the end.
        """
        if self._failure is not None:
            self._raise_failure()
        if self._pending:
            full = self._segment.slots * SLOT_BYTES + len(self._pending) >= self._segment_bytes
            self._write_pending(link=full)
            if full:
                self._next_segment()
        if durable and self._policy is FlushPolicy.DISK:
            self._sync_segment()
        return self._written

    def seal(self, state: SealState, reason: str, *, digest: bytes, inputs: int, effects: int, ended_ns: int) -> None:
        """Write how the session ended, sync whatever the policy, and close. Raises what `flush` raises."""
        self.flush()
        self._release_reserve()
        payload = SealPayload(
            state=state, reason=reason, inputs=inputs, effects=effects, digest=digest, ended_ns=ended_ns
        )
        self.append_struct(Kind.SEAL, 0, NO_INSTRUMENT, ended_ns, payload)
        self._write_pending(link=True)
        self._sync_segment()
        self._sync_folder(self.folder)
        self._finish(f"{self.folder} is sealed as {state}")

    def close(self) -> None:
        """Flush and end without a seal, which reads as a crash. Harmless after `seal` or a failure."""
        try:
            if self._failure is None:
                self.flush()
                self._release_reserve()
        finally:
            self._finish(f"{self.folder} was closed")

    def _write_pending(self, *, link: bool) -> None:
        """Hash and write what is pending, followed by a link of the chain where one is due or asked for.

        Hashing at each flush costs 40 ns a slot and spares the burst that a link over 4,096 slots would be.
        """
        self._barrier = self._seq + PENDING_SLOTS
        self._digest.update(self._pending)
        if link or self._seq - self._chained >= CHAIN_SLOTS:
            self._append_link()
        try:
            self._segment.write(self._pending, self._reserve)
        except OSError as error:
            self._fail(journal_error("write to", self._segment.path, error), error)
        finally:
            self._written = self._segment_first + self._segment.slots
        self._pending.clear()

    def _append_link(self) -> None:
        """Append a CHAIN record over every slot since the last one; its value begins the next link."""
        self._previous = self._digest.digest()
        covered = self._seq - self._chained
        self.append_event((Kind.CHAIN, 0, NO_INSTRUMENT, 0, 0, covered, *HASH_FIELDS.unpack(self._previous)))
        self._chained = self._seq
        self._digest = hashlib.sha256(self._previous)

    # ----------------------------------------------------------------------------------------------- segments

    def _append_segment_head(self, session: SessionHead | None) -> None:
        head = SegmentHead(
            session_id=self.head.session_id,
            number=self._number,
            first_seq=self._seq,
            previous=self._previous,
            schema_version=self.head.schema_version,
            session=session,
        )
        self.append_struct(Kind.SEGMENT, 0, NO_INSTRUMENT, self.head.started_ns, head)

    def _next_segment(self) -> None:
        """Go on in a new file; under `disk` the old one is synced first, then the new one and its name."""
        durable = self._policy is FlushPolicy.DISK
        if durable:
            self._sync_segment()
        self._segment.close()
        self._number += 1
        path = self.folder / segment_name(self._number)
        try:
            self._segment = SegmentFile(path)
        except OSError as error:
            self._fail(journal_error("begin", path, error), error)
        self._segment_first = self._seq
        self._append_segment_head(None)
        self._write_pending(link=False)
        if durable:
            self._sync_segment()
            self._sync_folder(self.folder)

    def _sync_segment(self) -> None:
        try:
            self._segment.sync()
        except OSError as error:
            self._fail(journal_error("sync", self._segment.path, error), error)

    def _sync_folder(self, folder: Path) -> None:
        try:
            sync_folder(folder)
        except OSError as error:
            self._fail(journal_error("sync", folder, error), error)

    def _release_reserve(self) -> None:
        try:
            self._reserve.release()
        except OSError as error:
            self._fail(journal_error("release the reserve of", self.folder, error), error)

    # ------------------------------------------------------------------------------------------------ the end

    def _at_barrier(self) -> int:
        """Flush a buffer that grew to its limit and return the next seq, or raise what ended this writer."""
        self.flush()
        return self._seq

    def _fail(self, error: JournalError, cause: OSError) -> NoReturn:
        self._failure = error
        self._barrier = -1
        raise error from cause

    def _raise_failure(self) -> NoReturn:
        failure = self._failure
        assert failure is not None
        raise type(failure)(str(failure)) from failure

    def _finish(self, why: str) -> None:
        if self._failure is None:
            self._failure = JournalSealed(f"{why}: nothing more can be appended; begin a new session")
        self._barrier = -1
        self._segment.close()
        self._lock.release()
