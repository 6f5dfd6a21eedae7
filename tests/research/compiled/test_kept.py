"""Compiled loops on disk: those in use stay."""

import os
from types import SimpleNamespace

from research.compiled.kept import KEPT_MAX, is_kept, note_use, prune


def loop(folder, number):
    return SimpleNamespace(
        stats=SimpleNamespace(cache_path=folder), py_func=SimpleNamespace(__qualname__=f"run_{number:04}")
    )


def keep(folder, number):
    """Write what numba writes for a loop, `number` hours after the first."""
    for suffix in ("nbi", "1.nbc"):
        path = folder / f"loop.run_{number:04}-45.py311.{suffix}"
        path.write_bytes(b"x")
        os.utime(path, (3_600 * number, 3_600 * number))


def test_a_loop_that_was_used_lately_stays_and_the_others_go_oldest_first(tmp_path):
    for number in range(KEPT_MAX + 3):
        keep(tmp_path, number)

    note_use(loop(tmp_path, 0))
    prune(tmp_path)

    left = [number for number in range(KEPT_MAX + 3) if is_kept(loop(tmp_path, number))]
    assert left == [0, *range(4, KEPT_MAX + 3)]
    assert len(list(tmp_path.iterdir())) == 2 * KEPT_MAX
