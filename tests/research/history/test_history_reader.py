"""Reading histories: the same records as events and as arrays, in memory that does not grow with the data."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.arrays import SLOT_DTYPE
from core.records import SLOT_BYTES, Kind
from journal.compress import compress
from journal.errors import JournalDamaged, JournalNotFound
from journal.verify import verify
from research.history.errors import NotAHistory
from research.history.reader import open_history
from tests.journal.making import head
from tests.research.history.making import SECOND, instrument, quotes, read, write_history

ROOT = Path(__file__).resolve().parents[3]
BIG_SLOTS = 200_000_000 // SLOT_BYTES

# numba, which checks CRCs from some size on, is loaded before the measuring begins: its 120 MB do not grow with data.
MEASURE = """
import sys
from pathlib import Path
import journal.scan
from research.history.reader import open_history

def resident_kib():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))

def walk(folder):
    highest = events = quotes = 0
    with open_history(folder) as history:
        for event in history.events():
            events += 1
            if not events % 100_000:
                highest = max(highest, resident_kib())
        for _, slots in history.slots():
            quotes += int((slots["kind"] == 16).sum())
            highest = max(highest, resident_kib())
    return events, quotes, highest

walk(Path(sys.argv[1]))
before = resident_kib()
events, quotes, highest = walk(Path(sys.argv[2]))
print(events, quotes, highest - before)
"""


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    return write_history(tmp_path_factory.mktemp("big") / "history", quotes(BIG_SLOTS), segment_bytes=32 << 20)


def test_events_and_slots_tell_the_same_records(tmp_path):
    folder = write_history(tmp_path / "h", quotes(40_000))
    with open_history(folder) as history:
        events = [event for event in history.events() if event[0] == Kind.QUOTE]
        parts = [(first_seq, slots[slots["kind"] == Kind.QUOTE]) for first_seq, slots in history.slots()]
        assert history.instruments == (instrument(),)
        assert history.inputs == 40_002  # the instrument, CONNECTED
        assert (history.first_ns, history.last_ns) == (SECOND, SECOND + 39_999)
    assert events == quotes(40_000)
    assert len(parts) > 2
    assert [first_seq for first_seq, _ in parts] == sorted(first_seq for first_seq, _ in parts)
    joined = np.concatenate([slots for _, slots in parts])
    assert joined.dtype == SLOT_DTYPE
    assert joined["e"].tolist() == list(range(40_000))
    assert joined["recv_ns"].tolist() == [event[3] for event in events]


def test_slots_are_the_mapped_file_and_cannot_be_written(tmp_path):
    folder = write_history(tmp_path / "h", quotes(10))
    with open_history(folder) as history:
        _, slots = next(history.slots())
        assert not slots.flags.writeable
        assert not slots.flags.owndata


def test_a_compressed_history_reads_the_same(tmp_path):
    folder = write_history(tmp_path / "h", quotes(40_000))
    before = read(folder)
    compress(folder)
    assert all(path.suffix == ".zst" for path in folder.glob("*.tkj*"))
    assert read(folder) == before


def test_a_history_verifies_as_a_session_that_ended(tmp_path):
    report = verify(write_history(tmp_path / "h", quotes(40_000)))
    assert report.ok
    assert (report.state, report.inputs, report.effects) == ("ended", 40_002, 0)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("form", ["plain", "compressed"])
def test_memory_stays_flat_while_two_hundred_megabytes_are_read(big, tmp_path, form):
    small = write_history(tmp_path / "small", quotes(1_000))
    if form == "compressed":
        compress(small)
        compress(big)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, small, big], cwd=ROOT, capture_output=True, text=True, check=True
    )
    events, found, grown_kib = (int(word) for word in done.stdout.split())
    assert events == BIG_SLOTS + 2
    assert found == BIG_SLOTS
    # A segment is 32 MiB; the next one is there before the last is let go, a compressed one's packed bytes too.
    assert grown_kib < (96 if form == "compressed" else 72) * 1024, (
        f"{grown_kib} KiB more for {BIG_SLOTS * SLOT_BYTES >> 20} MiB"
    )


def test_damage_is_told_when_it_is_reached(tmp_path):
    folder = write_history(tmp_path / "h", quotes(40_000))
    path = folder / "000001.tkj"
    data = bytearray(path.read_bytes())
    data[5_000] ^= 1
    path.write_bytes(data)
    with open_history(folder) as history:
        next(history.events())
        with pytest.raises(JournalDamaged):
            list(history.events())
        with pytest.raises(JournalDamaged):
            list(history.slots())


def test_a_session_is_no_history(tmp_path):
    from journal.head import SealState
    from journal.writer import JournalWriter

    journal = JournalWriter.create(tmp_path / "s", head())
    journal.seal(SealState.ENDED, "end", digest=bytes(32), inputs=0, effects=0, ended_ns=1)
    with pytest.raises(NotAHistory, match="history import session"):
        open_history(tmp_path / "s")


def test_a_folder_without_a_session_is_told(tmp_path):
    with pytest.raises(JournalNotFound):
        open_history(tmp_path)
