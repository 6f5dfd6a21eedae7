"""Make a crashed session whole: cut off what an interrupted write left, and keep the cut bytes beside it.

Reading needs no recovery, since readers leave a torn tail out; recovery makes the files say the same for good, so that
they can be compressed and compared. Damage anywhere else is never repaired: it is evidence.
"""

import os
from pathlib import Path

import msgspec

from journal.errors import JournalIOError
from journal.files import RESERVE_NAME
from journal.folders import SessionLock, sync_folder
from journal.reader import open_session
from journal.segments import Segment, TornTail


class RecoveryReport(msgspec.Struct, frozen=True, kw_only=True):
    """What recovery did. `end_seq` is the sequence number after the last whole record.

    `torn` is what was cut off and `saved` the file that holds it now; both None where nothing was torn.
    """

    folder: str
    end_seq: int
    torn: TornTail | None
    saved: str | None


def recover(folder: Path) -> RecoveryReport:
    """Cut a torn tail off the session in `folder`; harmless where there is none.

    Raises JournalLocked while a process writes the session, JournalDamaged where more than its tail is wrong,
    JournalNotFound where not even its head is whole, JournalIOError.
    """
    lock = SessionLock(folder)
    try:
        with open_session(folder) as reader:
            if reader.damage is not None:
                raise reader.damage
            torn, end_seq, last = reader.torn, reader.end_seq, reader.segments[-1]
        saved = None
        try:
            if torn is not None:
                saved = _save(last, torn)
                os.truncate(last.path, torn.offset)
            if last.slots == 0:
                last.path.unlink()
            (folder / RESERVE_NAME).unlink(missing_ok=True)
            sync_folder(folder)
        except OSError as error:
            raise JournalIOError(f"cannot recover {folder}: {error}; nothing was lost, try again") from error
    finally:
        lock.release()
    return RecoveryReport(folder=str(folder), end_seq=end_seq, torn=torn, saved=None if saved is None else saved.name)


def _save(segment: Segment, torn: TornTail) -> Path:
    """Copy the torn bytes to a new file beside the segment, on the disk before they are cut off."""
    tail = bytes(segment.data()[torn.offset :])
    number = 0
    while True:
        path = segment.path.with_name(f"{segment.path.name}.torn" + (f".{number}" if number else ""))
        try:
            with path.open("xb") as file:
                file.write(tail)
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError:
            number += 1
        else:
            return path
