"""Append records to a session: the only code that writes segments.

Appending fills a buffer in the process; `flush` hands it to the kernel in one write. A command may leave once
`flush(durable=True)` has returned after the append of its record (docs/adr/0002-flush-policy.md).
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from core.records import NO_INSTRUMENT, SLOT_BYTES, Kind
from journal.buffer import PENDING_SLOTS, SlotBuffer
from journal.chain import HashChain
from journal.errors import JournalError, JournalExists, JournalSealed
from journal.files import Reserve, SegmentFile, journal_error
from journal.folders import SessionLock, is_session, segment_name, sync_folder
from journal.head import FlushPolicy, SealPayload, SealState, SegmentHead, SessionHead

SEGMENT_BYTES = 64 << 20
RESERVE_BYTES = 1 << 20
CHAIN_SLOTS = 4096  # a crash leaves less than this, and one flush, outside the hash chain


class JournalWriter(SlotBuffer):
    """One session's journal while it is written. Not thread-safe: the sequencer alone writes.

    Sequence numbers count slots over the whole session, the journal's own included, so records have gaps.
    """

    __slots__ = (
        "_chain",
        "_failure",
        "_lock",
        "_number",
        "_policy",
        "_reserve",
        "_segment",
        "_segment_bytes",
        "_segment_first",
        "_written",
        "folder",
        "head",
        "sealed",
    )

    def __init__(self, folder: Path, head: SessionHead, segment_bytes: int, reserve_bytes: int) -> None:
        """Use `create`, which says what may go wrong."""
        super().__init__(self._room)
        self.folder = folder
        self.head = head
        self.sealed = False
        self._policy = head.flush_policy
        self._segment_bytes = segment_bytes
        self._failure: JournalError | None = None
        self._written = 0  # of the first slot that the kernel does not have
        self._chain = HashChain()
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
        try:
            writer._append_segment_head(head)
            writer.flush(durable=True)
            if writer._policy is FlushPolicy.DISK:
                writer._sync_folder(folder)
                writer._sync_folder(folder.parent)
        except JournalError:
            writer.close()
            raise
        return writer

    # ---------------------------------------------------------------------------------------------- appending

    @property
    def written_seq(self) -> int:
        """Every slot below this sequence number is in the kernel: it survives kill -9."""
        return self._written

    @property
    def chain(self) -> bytes:
        """The hash chain's last value; kept elsewhere, it proves that nothing before it was changed since."""
        return self._chain.value

    @property
    def linked(self) -> tuple[int, bytes]:
        """The chain's last link: the number of its record, and its value; (-1, zeros) before the first."""
        return self._chain.linked_seq - 1, self._chain.value

    @property
    def low_on_space(self) -> bool:
        """Whether the disk was found full and the reserve is in use: stop opening, cancel, seal."""
        return self._reserve.spent

    @property
    def to_sync(self) -> Path | None:
        """The file that a command will wait for the disk to have, None where none does: `files.sync_beside` may first.

        After a large record, so that no command has to wait for all of it.
        """
        return self._segment.path if self._policy is FlushPolicy.DISK else None

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

    def link(self) -> tuple[int, bytes]:
        """Flush, and put a link of the chain behind everything so far; return `linked`. Raises what `flush` raises."""
        self.flush()
        if self._seq != self._chain.linked_seq:
            self._write_pending(link=True)
        return self.linked

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
        self.sealed = True
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
        self._chain.update(self._pending)
        if link or self._seq - self._chain.linked_seq >= CHAIN_SLOTS:
            self.append_event(self._chain.link(self._seq))
        try:
            self._segment.write(self._pending, self._reserve)
        except OSError as error:
            raise self._latch(journal_error("write to", self._segment.path, error)) from error
        finally:
            self._written = self._segment_first + self._segment.slots
        self._pending.clear()

    # ----------------------------------------------------------------------------------------------- segments

    def _append_segment_head(self, session: SessionHead | None) -> None:
        head = SegmentHead(
            session_id=self.head.session_id,
            number=self._number,
            first_seq=self._seq,
            previous=self._chain.value,
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
        with self._fatal("begin", path):
            self._segment = SegmentFile(path)
        self._segment_first = self._seq
        self._append_segment_head(None)
        self._write_pending(link=False)
        if durable:
            self._sync_segment()
            self._sync_folder(self.folder)

    def _sync_segment(self) -> None:
        with self._fatal("sync", self._segment.path):
            self._segment.sync()

    def _sync_folder(self, folder: Path) -> None:
        with self._fatal("sync", folder):
            sync_folder(folder)

    def _release_reserve(self) -> None:
        with self._fatal("release the reserve of", self.folder):
            self._reserve.release()

    # ------------------------------------------------------------------------------------------------ the end

    def _room(self) -> int:
        """Empty a buffer that came to its limit and return the next sequence number, or raise what ended us."""
        self.flush()
        return self._seq

    @contextlib.contextmanager
    def _fatal(self, action: str, path: Path) -> Iterator[None]:
        """Latch a failure of the file system and raise it as this package's."""
        try:
            yield
        except OSError as error:
            raise self._latch(journal_error(action, path, error)) from error

    def _latch(self, failure: JournalError) -> JournalError:
        """Make `failure` what every later call raises."""
        self._failure = failure
        self._barrier = -1
        return failure

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
