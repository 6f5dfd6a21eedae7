"""Remove old sessions by age, number and size. What is being written, and the newest session, always stay."""

import shutil
from pathlib import Path
from typing import Protocol

import msgspec

from journal.errors import JournalIOError, JournalLocked
from journal.folders import SEGMENT_NAME, SessionLock, is_running, sessions
from journal.progress import Progress

DAY_NS = 86_400_000_000_000
DOOMED_PREFIX = ".removing-"  # a session on its way out: no longer listed, finished by the next run


class RetentionPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What to keep; None sets no limit. A session's age counts from its last write.

    `max_sessions` and `max_total_bytes` count running sessions too, though they are never removed.
    """

    max_age_days: float | None = None
    max_sessions: int | None = None
    max_total_bytes: int | None = None


class RetentionReport(msgspec.Struct, frozen=True, kw_only=True):
    """Folder names removed (or, in a dry run, that would be) and kept, oldest first, and the bytes given back.

    `spared`: those that the policy gives up and that must stay all the same, and why.
    """

    removed: tuple[str, ...]
    kept: tuple[str, ...]
    bytes_freed: int
    spared: dict[str, str] = {}


class Guardian(Protocol):
    """Who has a say in what is removed (`journal.audit.removal`)."""

    def why_not(self, folder: Path) -> str:
        """Return why a session must stay, "" where it may go."""

    def sign_for(self, folder: Path) -> None:
        """Note that a session goes."""


def apply_retention(
    root: Path,
    policy: RetentionPolicy,
    now_ns: int,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
    guardian: Guardian | None = None,
) -> RetentionReport:
    """Remove the sessions under `root` that `policy` does not keep, oldest first. Raises JournalIOError."""
    spared: dict[str, str] = {}
    try:
        if not dry_run:
            _finish_removals(root)
        folders = sessions(root)
        sizes = {folder: _size(folder) for folder in folders}
        doomed = _doomed(folders, sizes, policy, now_ns)
        removed = []
        for done, folder in enumerate(doomed):
            if guardian is not None and (why := guardian.why_not(folder)):
                spared[folder.name] = why
            elif dry_run or _remove(folder, guardian):
                removed.append(folder)
            if progress is not None:
                progress(done + 1, len(doomed))
    except OSError as error:
        raise JournalIOError(f"cannot remove sessions under {root}: {error}") from error
    return RetentionReport(
        removed=tuple(folder.name for folder in removed),
        kept=tuple(folder.name for folder in folders if folder not in removed),
        bytes_freed=sum(sizes[folder] for folder in removed),
        spared=spared,
    )


def _doomed(folders: list[Path], sizes: dict[Path, int], policy: RetentionPolicy, now_ns: int) -> list[Path]:
    """Return which of `folders` (oldest first) the policy gives up."""
    count = len(folders)
    total = sum(sizes.values())
    doomed = []
    for folder in folders[:-1]:
        if is_running(folder):
            continue
        too_old = policy.max_age_days is not None and now_ns - _written_ns(folder) > policy.max_age_days * DAY_NS
        too_many = policy.max_sessions is not None and count > policy.max_sessions
        too_big = policy.max_total_bytes is not None and total > policy.max_total_bytes
        if too_old or too_many or too_big:
            doomed.append(folder)
            count -= 1
            total -= sizes[folder]
    return doomed


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _written_ns(folder: Path) -> int:
    """Return when a segment was last written."""
    return max(path.stat().st_mtime_ns for path in folder.iterdir() if SEGMENT_NAME.fullmatch(path.name))


def _remove(folder: Path, guardian: Guardian | None) -> bool:
    """Remove one session; False where it is being written. Renamed first, so that half of it is never listed."""
    try:
        lock = SessionLock(folder)
    except JournalLocked:
        return False
    try:
        if guardian is not None:
            guardian.sign_for(folder)
        going = folder.with_name(DOOMED_PREFIX + folder.name)
        folder.rename(going)
        shutil.rmtree(going)
    finally:
        lock.release()
    return True


def _finish_removals(root: Path) -> None:
    """Remove what an interrupted run left half removed."""
    for path in root.glob(DOOMED_PREFIX + "*"):
        shutil.rmtree(path)
