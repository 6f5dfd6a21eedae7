"""Compiled loops on disk: whether one is there, which go when there are too many."""

import contextlib
import os
from pathlib import Path
from typing import Any

KEPT_MAX = 24  # compiled loops kept on disk; beyond it those that were not used for longest go
Run = Any
"""numba's dispatcher of a loop."""


def is_kept(run: Run) -> bool:
    """Whether a compiled form of this very loop lies on disk, so that `compile_now` will only load it."""
    return bool(_indexes(run))


def note_use(run: Run) -> None:
    """Let a loop count as used now."""
    for index in _indexes(run):
        with contextlib.suppress(OSError):  # another process removed it, or nothing can be written, nor removed, here
            os.utime(index)


def prune(folder: Path) -> None:
    """Remove the loops in `folder` that were not used for longest, beyond `KEPT_MAX`."""
    used: list[tuple[float, Path]] = []
    for index in folder.glob("loop.run_*.nbi"):
        with contextlib.suppress(FileNotFoundError):  # another process removed it first
            used.append((index.stat().st_mtime, index))
    for _, index in sorted(used)[:-KEPT_MAX]:
        for path in folder.glob(f"{index.stem}*"):
            path.unlink(missing_ok=True)


def _indexes(run: Run) -> list[Path]:
    """Return numba's index files of a loop, one for each build of Python."""
    return list(Path(run.stats.cache_path).glob(f"*{run.py_func.__qualname__}*.nbi"))
