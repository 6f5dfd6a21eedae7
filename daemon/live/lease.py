"""One daemon trades an account: the kernel's lock says who does now, the epoch in every order id who did when.

The lock ends with its process, however that ends. A process that was stopped and goes on (SIGCONT) still has it; one on
another machine is found by its orders, whose ids carry its epoch (`oms.reconcile`).
"""

import fcntl
import os
from pathlib import Path

import msgspec

from core.ids import session_epoch
from daemon.errors import AccountBusy, StartFailed
from journal.folders import sync_folder

LOCK_NAME = "lock"
RECORD_NAME = "lease.json"


class LeaseRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds, or last held, an account: the folder of the session, the epoch that its order ids begin with.

    `before` is the session whose state this one takes over. Until `taken_over`, when that state is in its journal, a
    crash leaves the account where `before` left it.
    """

    epoch: int
    pid: int
    session: str
    started_ns: int
    before: str = ""
    taken_over: bool = True


class Lease:
    """The hold on one account's folder. Take it before anything is read of what the session before left."""

    def __init__(self, folder: Path) -> None:
        """Take it. Raises AccountBusy where another process has it, StartFailed where the folder cannot be used."""
        self.folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._fd = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StartFailed(f"cannot keep the account's lease in {folder}: {error}; check [live] root") from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            raise AccountBusy(self._busy()) from None
        self.previous = self._read()
        """The last holder's record, None where there was none."""
        self.held: LeaseRecord | None = None
        """Ours, once `hold` has written it."""

    def hold(self, session: Path, started_ns: int, before: Path | None = None) -> LeaseRecord:
        """Write who holds it from now on, and from which session it goes on.

        Raises StartFailed where the clock is behind the last holder's.
        """
        epoch, previous = session_epoch(started_ns), self.previous
        if previous is not None and epoch <= previous.epoch:
            behind_s = (previous.epoch - epoch) / 1000
            raise StartFailed(
                f"the clock is {behind_s:.3f} s behind the start of the last session of this account: its order ids "
                "would come again; set the clock right, or wait"
            )
        record = LeaseRecord(
            epoch=epoch,
            pid=os.getpid(),
            session=str(session.resolve()),
            started_ns=started_ns,
            before="" if before is None else str(before.resolve()),
            taken_over=False,
        )
        self._write(record)
        self.held = record
        return record

    def taken_over(self) -> None:
        """Note that the session's journal holds the state that it began with. Raises StartFailed."""
        held = self._read()
        assert held is not None
        self._write(msgspec.structs.replace(held, taken_over=True))

    def _write(self, record: LeaseRecord) -> None:
        """Put the record on the disk, whole or not at all."""
        path = self.folder / RECORD_NAME
        fresh = path.with_name(f".{RECORD_NAME}")
        try:
            with fresh.open("wb") as file:
                file.write(msgspec.json.encode(record))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
            sync_folder(self.folder)
        except OSError as error:
            raise StartFailed(f"cannot write {path}: {error}; check [live] root") from error

    def release(self) -> None:
        """Let go; the record stays. Harmless when repeated."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _read(self) -> LeaseRecord | None:
        """Return the last holder's record."""
        path = self.folder / RECORD_NAME
        try:
            return msgspec.json.decode(path.read_bytes(), type=LeaseRecord)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise StartFailed(
                f"{path} does not read: {error}; it names the session to go on from: put it right by hand, or "
                "remove it once you know that the account has no orders and no positions of ours"
            ) from error

    def _busy(self) -> str:
        """Say who has it, as far as can be read."""
        try:
            record = msgspec.json.decode((self.folder / RECORD_NAME).read_bytes(), type=LeaseRecord)
            who = f"process {record.pid} (session {record.session})"
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            who = "another process"
        return f"account {self.folder.name} is being traded by {who}: stop it first; one daemon trades an account"
