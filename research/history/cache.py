"""Imported once: histories kept by the digest of all that decides what they hold."""

import shutil
from pathlib import Path

from journal.errors import JournalError
from journal.progress import Progress
from research.history.errors import HistoryExists, NotAHistory
from research.history.reader import open_history
from research.history.sources import Source, import_history, origin_of_source

HISTORIES = Path("var/histories")
_DIGITS = 32


def history_of(source: Source, root: Path = HISTORIES, progress: Progress | None = None) -> Path:
    """Return the folder of the history of `source` under `root`, imported now if it is not there and whole.

    The name holds the digest of the files' contents, the settings and the importing code, so nothing stale is ever
    reused. A damaged or half-written history is made again. Raises HistoryError, JournalError.
    """
    origin = origin_of_source(source)
    folder = root / f"{origin.kind}-{origin.digest[:_DIGITS]}"
    if _is_whole(folder, origin.digest):
        return folder
    if folder.exists():
        shutil.rmtree(folder)
    try:
        import_history(source, folder, progress, origin=origin)
    except HistoryExists:
        if not _is_whole(folder, origin.digest):  # another process was faster, or something else is there
            raise
    return folder


def _is_whole(folder: Path, digest: str) -> bool:
    """Whether `folder` holds this history to its end, every record's CRC right."""
    try:
        with open_history(folder) as history:
            if history.origin.digest != digest:
                return False
            for _ in history.slots():
                pass
    except (JournalError, NotAHistory):
        return False
    return True
