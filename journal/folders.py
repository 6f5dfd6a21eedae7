"""Where sessions are: folder names, the newest session, and the lock that says that one is being written."""

import datetime as dt
import fcntl
import os
import re
from pathlib import Path

from journal.errors import JournalIOError, JournalLocked, JournalNotFound

SEGMENT_NAME = re.compile(r"\d{6}\.tkj(\.zst)?")
SESSION_NAME = re.compile(r"\d{8}T\d{6}Z-[a-z]+-[0-9a-z]+")
LOCK_NAME = "lock"
LATEST_NAME = "latest"
COMPRESSED_SUFFIX = ".zst"


def segment_name(number: int) -> str:
    """Return the file name of segment `number`, as the writer makes it."""
    return f"{number:06d}.tkj"


def session_name(started_ns: int, mode: str, short_id: str) -> str:
    """Return a session's folder name, `20240808T101500Z-paper-3f9c1a`; names sort by start time."""
    started = dt.datetime.fromtimestamp(started_ns // 1_000_000_000, dt.UTC)
    return f"{started:%Y%m%dT%H%M%SZ}-{mode}-{short_id}"


def create_session_folder(root: Path, started_ns: int, mode: str, short_id: str | None = None) -> Path:
    """Make a new session's folder under `root` and point `latest` at it; `short_id` is random unless given.

    The folder is readable by its owner alone. Raises JournalIOError.
    """
    folder = root / session_name(started_ns, mode, short_id or os.urandom(4).hex())
    try:
        root.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        pointer = root / f".{LATEST_NAME}-{os.getpid()}"
        pointer.unlink(missing_ok=True)
        pointer.symlink_to(folder.name, target_is_directory=True)
        pointer.replace(root / LATEST_NAME)
    except OSError as error:
        raise JournalIOError(f"cannot make the session folder {folder}: {error}; check the root") from error
    return folder


def segment_files(folder: Path) -> list[Path]:
    """Return a session's segment files in order.

    Where a segment is there plain and compressed, a compression was cut short and the plain one counts.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if SEGMENT_NAME.fullmatch(path.name):
            found.setdefault(path.name.removesuffix(COMPRESSED_SUFFIX), path)
    return list(found.values())


def is_session(folder: Path) -> bool:
    """Whether `folder` holds a session's first segment."""
    plain = folder / segment_name(0)
    return plain.is_file() or plain.with_name(plain.name + COMPRESSED_SUFFIX).is_file()


def sessions(root: Path) -> list[Path]:
    """Return the session folders under `root`, oldest first."""
    if not root.is_dir():
        return []
    return sorted(
        path for path in root.iterdir() if not path.name.startswith(".") and not path.is_symlink() and is_session(path)
    )


def latest_session(root: Path) -> Path:
    """Return the newest session under `root`. Raises JournalNotFound."""
    pointer = root / LATEST_NAME
    if pointer.is_symlink() and is_session(pointer):
        return pointer.resolve()
    found = sessions(root)
    if not found:
        raise JournalNotFound(f"no session under {root}; `tickerd run` writes one, or name another root")
    return found[-1]


class SessionLock:
    """The writer's hold on a session folder. The kernel lets go when the process ends, however it ends."""

    __slots__ = ("_fd",)

    def __init__(self, folder: Path) -> None:
        """Take the lock. Raises JournalLocked where another process has it, JournalIOError."""
        path = folder / LOCK_NAME
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalIOError(f"cannot open the lock {path}: {error}") from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            raise JournalLocked(f"{folder} is being written by another process; stop it first") from None
        self._fd = fd

    def release(self) -> None:
        """Let go. Harmless when repeated."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def is_running(folder: Path) -> bool:
    """Whether a process is writing this session now. Raises JournalIOError."""
    try:
        fd = os.open(folder / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise JournalIOError(f"cannot open the lock of {folder}: {error}") from error
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def sync_folder(folder: Path) -> None:
    """Put a folder's entries on the disk: a new or renamed file is not safe before. Raises OSError."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
