"""The trail of one session: a file beside its segments, a signed head a line, synced each time."""

import os
from pathlib import Path

import msgspec

from journal.audit.heads import Before, HeadState, SignedHead, is_genuine, line_hash, read_head, sign
from journal.audit.keys import SigningKey
from journal.chain import HashChain
from journal.errors import JournalDamaged, JournalIOError, JournalLocked, JournalNotFound
from journal.folders import SessionLock, sessions, sync_folder
from journal.links import follow
from journal.reader import open_session

TRAIL_NAME = "trail.jsonl"
_LAST_BYTES = 8192  # of a trail, in which its last line and a torn one behind it are
OVER = frozenset((HeadState.ENDED, HeadState.CLOSED))


class Trail(msgspec.Struct, frozen=True):
    """What a trail's file holds: the lines as they are, what each says (None: it does not read), and a torn end."""

    lines: tuple[bytes, ...] = ()
    heads: tuple[SignedHead | None, ...] = ()
    torn: bytes = b""

    @property
    def last(self) -> SignedHead | None:
        """The last line's head."""
        return self.heads[-1] if self.heads else None


def read_trail(folder: Path) -> Trail:
    """Return the trail of the session in `folder`, empty where there is none. Raises JournalIOError."""
    path = folder / TRAIL_NAME
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Trail()
    except OSError as error:
        raise JournalIOError(f"cannot read {path}: {error}") from error
    *lines, torn = content.split(b"\n")
    return Trail(tuple(lines), tuple(map(read_head, lines)), torn)


class TrailWriter:
    """Signs heads of one session, one line after another."""

    def __init__(self, folder: Path, key: SigningKey, session: str) -> None:
        """Begin, or go on where the file ends; a torn end is cut off. Raises JournalIOError."""
        self.path = folder / TRAIL_NAME
        self._key = key
        self._session = session
        before = read_trail(folder)
        self._n = len(before.lines)
        self._previous = line_hash(before.lines[-1]) if before.lines else ""
        try:
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            self._size = sum(len(line) + 1 for line in before.lines)
            os.ftruncate(self._descriptor, self._size)
            sync_folder(folder)
        except OSError as error:
            raise JournalIOError(f"cannot write {self.path}: {error}") from error

    def sign(self, state: HeadState, time_ns: int, seq: int, chain: bytes, before: Before | None = None) -> bytes:
        """Append one head; return its line once the disk has it. Raises JournalIOError: nothing was appended then."""
        head = SignedHead(
            n=self._n,
            session=self._session,
            state=state,
            time_ns=time_ns,
            seq=seq,
            chain=chain.hex(),
            previous=self._previous,
            before=before,
            key=self._key.public,
        )
        line = sign(head, self._key)
        try:
            os.ftruncate(self._descriptor, self._size)  # a write that failed half way left a torn line
            append_line(self._descriptor, line)
        except OSError as error:
            raise JournalIOError(f"cannot sign in {self.path}: {error}") from error
        self._n += 1
        self._size += len(line) + 1
        self._previous = line_hash(line)
        return line

    def close(self) -> None:
        """Let go of the file. Harmless when repeated."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def append_line(descriptor: int, line: bytes) -> None:
    """Append a line in one write and wait for the disk. Raises OSError."""
    if os.write(descriptor, line + b"\n") != len(line) + 1:
        raise OSError("not all of it was written")
    os.fsync(descriptor)


def last_signed(root: Path, but: Path) -> Path | None:
    """Return the newest session under `root` that has a trail, `but` one; None where there is none."""
    for folder in reversed(sessions(root)):
        if folder.name != but.name and _last_head(folder) is not None:
            return folder
    return None


def unclosed(root: Path, but: Path) -> list[Path]:
    """Return the sessions under `root` that were signed and did not end, nor were closed; `but` one."""
    found = []
    for folder in sessions(root):
        last = None if folder.name == but.name else _last_head(folder)
        if last is not None and last.state not in OVER:
            found.append(folder)
    return found


def _last_head(folder: Path) -> SignedHead | None:
    """Return the last whole line's head, without reading the others. Raises JournalIOError."""
    path = folder / TRAIL_NAME
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LAST_BYTES))
            lines = file.read().split(b"\n")[:-1]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise JournalIOError(f"cannot read {path}: {error}") from error
    return read_head(lines[-1]) if lines else None


def name_before(folder: Path) -> Before | None:
    """Return what the session in `folder` is called by the one after it. Raises JournalIOError."""
    trail = read_trail(folder)
    if not trail.lines:
        return None
    return Before(session=folder.name, n=len(trail.lines) - 1, line=line_hash(trail.lines[-1]))


def close_crashed(folder: Path, key: SigningKey, now_ns: int) -> str:
    """Sign for what a session left that did not end; return why that is refused, "" where nothing is wrong.

    Nothing is signed that its last signature does not lead to. Raises JournalIOError.
    """
    last = read_trail(folder).last
    if last is not None and last.state in OVER:
        return ""
    if last is None or not is_genuine(last) or last.key != key.public:
        return f"the last signature of {folder.name} does not read, or is of another key"
    try:
        lock = SessionLock(folder)
    except JournalLocked:
        return ""  # it is running: it signs for itself
    try:
        with open_session(folder) as reader:
            chain = HashChain(bytes.fromhex(last.chain), last.seq + 1)
            follow(reader, chain)
            writer = TrailWriter(folder, key, folder.name)
            try:
                writer.sign(HeadState.CLOSED, now_ns, reader.end_seq, chain.peek())
            finally:
                writer.close()
    except (JournalDamaged, JournalNotFound) as error:
        return f"{folder.name} is not what it signed: {error}"
    finally:
        lock.release()
    return ""
