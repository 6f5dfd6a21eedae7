"""The files under the writer: one segment that grows, and the reserve given up when the disk is full."""

import errno
import os
from pathlib import Path

from core.records import SLOT_BYTES
from journal.errors import JournalError, JournalFull, JournalIOError
from journal.layout import whole_slots

RESERVE_NAME = "reserve"

# EFBIG is what a file size limit (RLIMIT_FSIZE) answers: to the journal a limit reached is a disk full.
NO_SPACE = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))

# macOS has no fdatasync.
_sync_data = getattr(os, "fdatasync", os.fsync)


def journal_error(action: str, path: Path, error: OSError) -> JournalError:
    """Return the error of this package that says what `error` means for the journal and what to do next."""
    if error.errno in NO_SPACE:
        return JournalFull(
            f"cannot {action} {path}: {error.strerror}. Nothing already written is lost; trading must stop. "
            "Free space (old sessions can be compressed or removed), then start again: the start reconciles"
        )
    return JournalIOError(
        f"cannot {action} {path}: {error.strerror}. What the disk kept is uncertain now; trading must stop. "
        "Check the disk, run `tickerd journal verify` on the session, then start again: the start reconciles"
    )


def sync_beside(path: Path) -> None:
    """Wait, in a thread of its own, until the disk has what was written to a segment so far. Raises JournalIOError.

    It opens the file anew: the kernel tells a failed write to each open file once, and the writer must be told, too.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _sync_data(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise journal_error("sync", path, error) from error


class Reserve:
    """Space set aside at the start, so that cancels can still be journaled once the disk is full."""

    __slots__ = ("_path", "spent")

    def __init__(self, folder: Path, size_bytes: int) -> None:
        """Allocate `size_bytes`; 0 sets nothing aside. Raises OSError."""
        self._path: Path | None = None
        self.spent = False  # whether a full disk made us give it up
        if size_bytes == 0:
            return
        path = folder / RESERVE_NAME
        path.write_bytes(bytes(size_bytes))  # not fallocate, which some file systems refuse
        self._path = path

    def release(self) -> bool:
        """Give the space back to the file system; False where it was given back before."""
        if self._path is None:
            return False
        self._path.unlink(missing_ok=True)
        self._path = None
        return True

    def spend(self) -> bool:
        """Release it because the disk is full; False where there is none to release."""
        if not self.release():
            return False
        self.spent = True
        return True


class SegmentFile:
    """A segment being written: `slots` counts the whole records' slots that the kernel has."""

    __slots__ = ("_fd", "_unsynced", "path", "slots")

    def __init__(self, path: Path) -> None:
        """Make the file, which must not exist. Raises OSError."""
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._unsynced = True
        self.path = path
        self.slots = 0

    def write(self, records: bytearray, reserve: Reserve) -> None:
        """Hand whole records to the kernel. Raises OSError once the reserve is gone too.

        After a failure the file ends with the last record that was written whole.
        """
        done = 0
        with memoryview(records) as view:
            try:
                while done < len(view):
                    try:
                        # May be short; EINTR is retried by Python itself (PEP 475).
                        done += os.write(self._fd, view[done:])
                    except OSError as error:
                        if error.errno not in NO_SPACE or not reserve.spend():
                            raise
            except OSError:
                self._keep_whole(view[: done - done % SLOT_BYTES])
                raise
        self.slots += done // SLOT_BYTES
        self._unsynced = True

    def _keep_whole(self, written: memoryview) -> None:
        """Cut the file back to the last whole record of an interrupted write."""
        self.slots += whole_slots(written)
        try:
            os.ftruncate(self._fd, self.slots * SLOT_BYTES)
        except OSError:
            # The torn record stays at the file's end: readers treat it as absent, `recover` cuts it off.
            return

    def sync(self) -> None:
        """Wait until the disk has all that was written. Raises OSError."""
        if self._unsynced:
            _sync_data(self._fd)
            self._unsynced = False

    def close(self) -> None:
        """Close without syncing. Harmless when repeated."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
