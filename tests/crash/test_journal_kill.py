"""kill -9 at random moments while a process journals: what was reported as written is there, and it verifies."""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.records import EVENT
from journal.chunks import PlainRun
from journal.errors import JournalNotFound
from journal.head import FlushPolicy, SessionState
from journal.reader import open_session
from journal.recover import recover
from journal.verify import verify
from tests.crash.journal_child import REPORT, event, payload

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("TICKERD_CRASH_KILLS", "100"))
SHARES = 5  # so that test processes share the work


def _run_and_kill(folder: Path, seed: int) -> tuple[int, int]:
    """Start a child, kill it somewhere on its way, and return its last whole report."""
    rng = random.Random(seed)
    policy = rng.choice(list(FlushPolicy))
    command = [sys.executable, "-m", "tests.crash.journal_child", str(folder), str(seed), policy]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert child.stdout is not None
    with child.stdout as pipe:
        # The child runs on while we read, so where it is when the signal comes is anyone's guess.
        reports = pipe.read(REPORT.size * rng.choice((0, 1, rng.randrange(2, 100), rng.randrange(100, 1500))))
        child.kill()
        reports += pipe.read()
    assert child.wait() == -9
    whole = len(reports) // REPORT.size
    return REPORT.unpack_from(reports, (whole - 1) * REPORT.size) if whole else (0, 0)


def _check_records(folder: Path) -> int:
    """Every record there is the one that was written in its place; return how many there are."""
    number = 0
    with open_session(folder) as reader:
        for chunk in reader.chunks():
            if isinstance(chunk, PlainRun):
                for found in EVENT.iter_unpack(chunk.slots):
                    assert found == event(number)
                    number += 1
            else:
                assert chunk.payload == payload(number)  # type: ignore[union-attr]
                number += 1
    return number


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_nothing_that_the_kernel_had_is_lost_by_kill_9(tmp_path, share):
    for seed in range(share, KILLS, SHARES):
        folder = tmp_path / str(seed)
        written_seq, count = _run_and_kill(folder, seed)
        try:
            reader = open_session(folder)
        except JournalNotFound:
            assert written_seq == 0, f"seed {seed}: reported up to {written_seq}, and no session is there"
            continue
        assert reader.state is SessionState.CRASHED, f"seed {seed}"
        assert reader.end_seq >= written_seq, f"seed {seed}"
        report = verify(folder)
        assert report.ok, f"seed {seed}: {report.damage}"
        found = _check_records(folder)
        assert found >= count, f"seed {seed}: {count} records were reported, {found} are there"
        recovered = recover(folder)
        assert recovered.torn == report.torn
        again = verify(folder)
        assert (again.ok, again.torn, again.slots) == (True, None, report.slots), f"seed {seed}"
        assert _check_records(folder) == found, f"seed {seed}"
        shutil.rmtree(folder)
