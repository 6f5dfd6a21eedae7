import os

import pytest
import zstandard

from core.records import SLOT_BYTES, Kind
from journal.chunks import PlainRun
from journal.compress import compress
from journal.errors import JournalDamaged, JournalIOError
from journal.head import SessionState
from journal.reader import open_session
from journal.recover import recover
from journal.verify import verify
from journal.writer import JournalWriter
from tests.journal.making import head, mixed, numbers, put, quote, records, seal, segments, write


@pytest.fixture
def folder(tmp_path):
    writer = JournalWriter.create(tmp_path / "s", head(), segment_bytes=8000)
    write(writer, mixed(200))
    seal(writer)
    return tmp_path / "s"


def test_a_compressed_session_reads_and_verifies_as_before(folder):
    before, columns, report = records(folder), open_session(folder).columns(Kind.QUOTE), verify(folder)
    plain = segments(folder)
    told = []
    compressed = compress(folder, progress=lambda done, total: told.append((done, total)))
    assert segments(folder) == []
    assert list(compressed.segments) == [path.name for path in plain]
    assert told == [(n, len(plain)) for n in range(1, len(plain) + 1)]
    assert compressed.bytes_before == report.slots * SLOT_BYTES
    assert compressed.bytes_after == sum(path.stat().st_size for path in folder.glob("*.zst"))
    assert compressed.bytes_after < compressed.bytes_before
    assert records(folder) == before
    assert verify(folder) == report
    after = open_session(folder).columns(Kind.QUOTE)
    assert all((after[name] == column).all() for name, column in columns.items())


def test_compressing_again_changes_nothing(folder):
    compress(folder)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert compress(folder).segments == ()
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_the_time_of_the_last_write_is_kept(folder):
    os.utime(segments(folder)[0], ns=(1_000_000_000, 2_000_000_000))
    compress(folder)
    assert (folder / "000000.tkj.zst").stat().st_mtime_ns == 2_000_000_000


def test_a_running_session_keeps_its_last_segment(tmp_path):
    writer = JournalWriter.create(tmp_path / "s", head(), segment_bytes=4000)
    write(writer, mixed(100))
    last = segments(tmp_path / "s")[-1]
    compress(tmp_path / "s")
    assert segments(tmp_path / "s") == [last]
    write(writer, [quote(i) for i in range(50)])
    seal(writer)
    assert len(records(tmp_path / "s")) == 150
    assert verify(tmp_path / "s").ok


def test_a_torn_segment_is_compressed_only_once_it_is_recovered(tmp_path):
    folder = tmp_path / "s"
    writer = JournalWriter.create(folder, head(), segment_bytes=4000)
    write(writer, mixed(100))
    writer.close()
    last = segments(folder)[-1]
    last.write_bytes(last.read_bytes()[:-1])
    compress(folder)
    assert segments(folder) == [last]
    recover(folder)
    before = records(folder)
    compress(folder)
    assert segments(folder) == []
    assert records(folder) == before
    assert open_session(folder).state is SessionState.CRASHED


def test_nothing_damaged_is_compressed(folder):
    path = segments(folder)[1]
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    with pytest.raises(JournalDamaged):
        compress(folder)
    assert path.read_bytes() == data


def test_the_original_stays_where_the_copy_reads_back_different(folder, monkeypatch):
    before = {path: path.read_bytes() for path in segments(folder)}

    class Broken:
        def decompress(self, data):
            return b"not what was written"

    monkeypatch.setattr("journal.compress.zstandard.ZstdDecompressor", Broken)
    with pytest.raises(JournalIOError, match="read back"):
        compress(folder)
    assert {path: path.read_bytes() for path in segments(folder)} == before


def test_what_an_interrupted_compression_left_is_no_obstacle(folder):
    before = records(folder)
    first = segments(folder)[0]
    (folder / "000000.tkj.zst.part").write_bytes(b"half")
    (folder / "000000.tkj.zst").write_bytes(zstandard.compress(first.read_bytes()))
    assert records(folder) == before
    compress(folder)
    assert segments(folder) == []
    assert records(folder) == before


def test_a_flip_of_any_byte_of_a_compressed_segment_is_found_or_harmless(folder):
    before = records(folder)
    compress(folder)
    path = folder / "000000.tkj.zst"
    data = path.read_bytes()
    found = 0
    for at in range(0, len(data), 7):
        changed = bytearray(data)
        changed[at] ^= 0x10
        put(path, changed)
        report = verify(folder)
        found += not report.ok
        if report.ok:
            assert records(folder) == before
        else:
            assert report.damage is not None
            assert report.damage.segment == path.name
    assert found > 0.99 * len(data) / 7


def test_a_segment_compressed_while_it_is_being_read_is_still_found(folder):
    before = records(folder)
    reader = open_session(folder)
    compress(folder)
    assert sum(1 for _ in reader.chunks()) > 1
    assert sum(chunk.count for chunk in reader.chunks() if isinstance(chunk, PlainRun)) == len(numbers(folder))
    assert records(folder) == before


def test_a_frame_that_claims_an_absurd_size_is_damage_and_not_a_memory_error(folder):
    compress(folder)
    path = folder / "000001.tkj.zst"
    huge = zstandard.ZstdCompressor().compressobj(size=(1 << 50))
    path.write_bytes(huge.compress(b"") + huge.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))
    report = verify(folder)
    assert report.damage is not None
    assert report.damage.what == "compressed segment"
