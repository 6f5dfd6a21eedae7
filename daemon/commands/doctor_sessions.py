"""The doctor on the folder of sessions: room, speed, and what crashes left there."""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from config.progress import Progress
from daemon.commands.doctor_finding import Finding, fail, ok, warn
from daemon.commands.printing import size_text
from journal.errors import JournalDamaged, JournalError
from journal.files import RESERVE_NAME
from journal.folders import sessions
from journal.head import SessionState
from journal.reader import open_session

FREE_MIN, FREE_GOOD = 256 << 20, 5 << 30
SYNCS = 200
SYNC_BYTES = 512  # a quote, what it caused, and an order
SYNC_P99_NS = 20_000_000
_sync_data = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


def findings(root: Path, progress: Progress | None) -> Iterator[Finding]:
    """Yield what is found of the folder that sessions are kept in."""
    yield free_space(root)
    yield disk_latency(root)
    yield crashed(root, progress)


def _existing(root: Path) -> Path:
    """Return the root, or the folder in which it would be made."""
    return next(folder for folder in (root.absolute(), *root.absolute().parents) if folder.is_dir())


def free_space(root: Path) -> Finding:
    """Judge the room for journals."""
    free = shutil.disk_usage(_existing(root)).free
    found = f"{size_text(free)} free for {root}"
    advice = "free space (tickerd journal compress --all, tickerd journal prune), or set another [session] root"
    if free < FREE_MIN:
        return fail("disk space", found, advice)
    return warn("disk space", found, advice) if free < FREE_GOOD else ok("disk space", found)


def disk_latency(root: Path) -> Finding:
    """Judge how long a command waits for the disk under flush = "disk"."""
    try:
        with tempfile.TemporaryDirectory(prefix=".tickerd-doctor-", dir=_existing(root)) as folder:
            taken_ns = sorted(_sync_times_ns(Path(folder) / "probe"))
    except OSError as error:
        where = error.filename or root
        return fail("disk", f"cannot write: {error.strerror} ({where})", "make the [session] root writable")
    p50_ns, p99_ns = taken_ns[len(taken_ns) // 2], taken_ns[len(taken_ns) * 99 // 100]
    found = f"write and fdatasync take {p50_ns / 1e6:.2f} ms (p50), {p99_ns / 1e6:.2f} ms (p99)"
    if p99_ns > SYNC_P99_NS:
        return warn("disk", found, 'an order waits so long under flush = "disk"; use a faster disk, or flush = "os"')
    return ok("disk", found)


def _sync_times_ns(path: Path) -> Iterator[int]:
    """Yield how long each of a few small writes took until the disk had it."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        for _ in range(SYNCS):
            started_ns = time.perf_counter_ns()
            os.write(fd, bytes(SYNC_BYTES))
            _sync_data(fd)
            yield time.perf_counter_ns() - started_ns
    finally:
        os.close(fd)


def crashed(root: Path, progress: Progress | None = None) -> Finding:
    """Judge the sessions: which ones a crash left torn, and which ones are damaged."""
    folders = sessions(root)
    torn, damaged, whole = [], [], 0
    for done, folder in enumerate(folders, 1):
        with contextlib.ExitStack() as stack:
            try:
                reader = stack.enter_context(open_session(folder, verify=False))
            except JournalDamaged:
                damaged.append(folder)
                continue
            except JournalError:
                continue  # a newer build's, or one that ended before its head was written: no journal to mend
            if reader.sealed is None and reader.state is SessionState.CRASHED:
                if reader.torn is not None or (folder / RESERVE_NAME).exists():
                    torn.append(folder)
                else:
                    whole += 1
        if progress is not None:
            progress(done, len(folders))
    if damaged:
        return warn("sessions", f"damaged: {_names(damaged)}", f"see where: tickerd journal verify {damaged[-1]}")
    if torn:
        return warn("sessions", f"crashed: {_names(torn)}", f"tickerd journal recover {torn[-1]}")
    rest = f", {whole} of them crashed and whole" if whole else ""
    return ok("sessions", f"{len(folders)} in {root}{rest}")


def _names(folders: list[Path]) -> str:
    """Return the newest few names, and how many more there are."""
    shown = ", ".join(folder.name for folder in folders[:-4:-1])
    return shown if len(folders) <= 3 else f"{shown} and {len(folders) - 3} more"
