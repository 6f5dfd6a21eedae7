import pytest

from core.records import SLOT_BYTES, Kind
from journal.errors import JournalDamaged, JournalLocked, JournalNotFound
from journal.reader import open_session
from journal.recover import recover
from journal.verify import verify
from journal.writer import JournalWriter
from tests.journal.making import head, mixed, put, quote, records, seal, segments, write


def _crashed(folder, written, segment_bytes=1 << 20):
    writer = JournalWriter.create(folder, head(config={}), segment_bytes=segment_bytes)
    write(writer, written)
    writer.close()
    return folder


def _ends(folder):
    """Where each whole record ends, in bytes of the only segment, and the records up to there."""
    found = records(folder)
    ends = [seq * SLOT_BYTES for seq, _ in found[1:]] + [segments(folder)[0].stat().st_size]
    return list(zip(ends, range(1, len(found) + 1), strict=True)), [record for _, record in found]


@pytest.mark.slow
def test_a_cut_at_every_byte_of_the_tail_recovers_exactly_the_records_before_it(tmp_path, monkeypatch):
    monkeypatch.setattr("journal.recover.os.fsync", lambda fd: None)  # thousands of them, of no use here
    written = [*mixed(14, seed=3), (Kind.RAW, b"z" * 300), quote(99), (Kind.SUBMIT, b"y" * 56)]
    folder = _crashed(tmp_path / "s", written)
    path = segments(folder)[0]
    data = path.read_bytes()
    ends, everything = _ends(folder)
    begin = records(folder)[0][0] * SLOT_BYTES
    for cut in range(begin, len(data)):
        put(path, data[:cut])
        whole_bytes, count = max(((end, n) for end, n in ends if end <= cut), default=(begin, 0))
        assert open_session(folder).end_seq * SLOT_BYTES == whole_bytes
        report = recover(folder)
        assert report.end_seq * SLOT_BYTES == whole_bytes
        assert path.read_bytes() == data[:whole_bytes]
        assert [record for _, record in records(folder)] == everything[:count]
        if cut == whole_bytes:
            assert report.torn is None
        else:
            assert report.torn is not None
            assert report.torn.bytes == cut - whole_bytes
            saved = folder / report.saved
            assert saved.read_bytes() == data[whole_bytes:cut]
            saved.unlink()
        again = verify(folder)
        assert (again.ok, again.torn) == (True, None)


def test_a_cut_at_every_byte_of_the_head_leaves_no_session(tmp_path):
    folder = _crashed(tmp_path / "s", [])
    path = segments(folder)[0]
    data = path.read_bytes()
    for cut in range(len(data)):
        put(path, data[:cut])
        with pytest.raises(JournalNotFound, match="no whole record"):
            recover(folder)
        assert path.read_bytes() == data[:cut]


def test_a_cut_at_every_byte_of_a_seal_leaves_a_crashed_session(tmp_path):
    writer = JournalWriter.create(tmp_path / "s", head())
    write(writer, [quote(0)])
    seal_at = writer.next_seq * SLOT_BYTES
    seal(writer)
    path = segments(tmp_path / "s")[0]
    data = path.read_bytes()
    for cut in range(seal_at, len(data)):
        put(path, data[:cut])
        report = verify(tmp_path / "s")
        assert report.ok
        assert report.state == "crashed"
        assert report.inputs == 1


def test_a_segment_begun_but_without_a_whole_head_is_removed(tmp_path):
    folder = _crashed(tmp_path / "s", [quote(i) for i in range(40)], segment_bytes=2000)
    path = segments(folder)[-1]
    before = records(folder)
    kept = [record for record in before if record[0] < open_session(folder).segments[-1].first_seq]
    head_bytes = path.read_bytes()[: SLOT_BYTES + 10]
    for data in (b"", head_bytes):
        put(path, data)
        assert records(folder) == kept
        assert verify(folder).ok
        recover(folder)
        assert not path.exists()
        assert records(folder) == kept
        assert verify(folder).ok
    assert (folder / (path.name + ".torn")).read_bytes() == head_bytes


def test_bytes_cut_twice_are_kept_twice(tmp_path):
    folder = _crashed(tmp_path / "s", [quote(0), quote(1), quote(2)])
    path = segments(folder)[0]
    saved = []
    for cut in (10, 20):
        put(path, path.read_bytes()[:-cut])
        saved.append(recover(folder).saved)
    assert saved == ["000000.tkj.torn", "000000.tkj.torn.1"]
    assert [len((folder / name).read_bytes()) for name in saved] == [54, 44]


def test_recovering_a_whole_session_changes_nothing(tmp_path):
    folder = _crashed(tmp_path / "s", mixed(20))
    data = segments(folder)[0].read_bytes()
    report = recover(folder)
    assert (report.torn, report.saved) == (None, None)
    assert segments(folder)[0].read_bytes() == data


def test_a_running_session_is_not_recovered(tmp_path):
    writer = JournalWriter.create(tmp_path / "s", head())
    with pytest.raises(JournalLocked):
        recover(tmp_path / "s")
    writer.close()


def test_damage_before_the_tail_is_never_repaired(tmp_path):
    folder = _crashed(tmp_path / "s", [quote(i) for i in range(10)])
    path = segments(folder)[0]
    data = bytearray(path.read_bytes()[:-20])
    data[-5 * SLOT_BYTES] ^= 1
    put(path, data)
    with pytest.raises(JournalDamaged):
        recover(folder)
    assert path.read_bytes() == data
    assert not list(folder.glob("*.torn"))


def test_recovery_gives_the_reserve_back(tmp_path):
    folder = tmp_path / "s"
    writer = JournalWriter.create(folder, head(), reserve_bytes=4096)
    writer.flush()
    writer._segment.close()  # as a killed process leaves it
    writer._lock.release()
    assert (folder / "reserve").exists()
    recover(folder)
    assert not (folder / "reserve").exists()
