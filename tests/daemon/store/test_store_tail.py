"""The tail of a journal: every whole record once, in order, however the file grows; damage is told, never read over."""

import numpy as np
import pytest

from core.effects import Alert, Severity
from core.records import SLOT_BYTES, Kind
from daemon.store.tail import Tail, session_head
from journal.compress import compress
from journal.errors import JournalDamaged, JournalNotFound
from journal.folders import segment_files
from tests.daemon.sessions import flip_byte, record_crashed_session
from tests.daemon.store.store_making import START_NS, append, begin_session, effect, quote, seal, write_session


def read_all(tail: Tail, limit_slots: int = 64) -> tuple[list[int], bytes]:
    """The number of each slab's first record and all bytes, up to the end of what is there."""
    firsts, data = [], b""
    while (slab := tail.read(limit_slots)) is not None:
        assert len(slab.data) == len(slab.kinds) * SLOT_BYTES
        firsts.append(slab.first_seq)
        data += bytes(slab.data)
    return firsts, data


def some_events(count: int = 200):
    for number in range(count):
        yield quote(START_NS + number, 100, 102)
        if number % 7 == 0:
            alert = Alert(severity=Severity.INFO, code="X", message="a longer message " * (number % 11))
            yield effect(alert, START_NS + number)


def files_of(folder) -> bytes:
    return b"".join(path.read_bytes() for path in segment_files(folder))


@pytest.mark.parametrize("limit_slots", [1, 5, 64, 100_000])
def test_every_record_comes_once_over_several_segments(tmp_path, limit_slots):
    folder = write_session(tmp_path / "20241121T103000Z-paper-aa", some_events(), segment_bytes=4096)
    assert len(segment_files(folder)) > 3

    _, data = read_all(Tail(folder, folder.name), limit_slots)

    assert data == files_of(folder)


def test_any_record_can_be_begun_with(tmp_path):
    folder = write_session(tmp_path / "20241121T103000Z-paper-aa", some_events(60), segment_bytes=4096)
    tail, whole = Tail(folder, folder.name), files_of(folder)
    starts = []
    while (slab := tail.read(50)) is not None:
        starts += [slab.first_seq + int(at) for at in np.flatnonzero(slab.kinds != Kind.PART)]

    for start in [*starts[::9], tail.next_seq]:
        assert read_all(Tail(folder, folder.name, start))[1] == whole[start * SLOT_BYTES :]


def test_a_file_that_grows_byte_by_byte_gives_each_record_once_it_is_whole(tmp_path):
    source = write_session(tmp_path / "20241121T103000Z-paper-aa", some_events(12))
    folder = tmp_path / "grown"
    folder.mkdir()
    whole = files_of(source)
    tail, data = None, b""
    with (folder / segment_files(source)[0].name).open("wb", buffering=0) as file:
        for begin in range(0, len(whole), 37):
            file.write(whole[begin : begin + 37])
            tail = tail or Tail(folder, source.name)
            data += read_all(tail)[1]
            assert whole.startswith(data)

    assert data == whole


def test_a_session_is_followed_while_it_is_written_and_compressed(tmp_path):
    folder = tmp_path / "20241121T103000Z-paper-aa"
    writer = begin_session(folder, segment_bytes=4096)
    tail, data = Tail(folder, folder.name), b""
    for number, event in enumerate(some_events()):
        append(writer, event)
        if number % 3 == 0:
            writer.flush()
        if number % 40 == 0:
            compress(folder)
        if number % 25 == 0:
            data += read_all(tail)[1]
    seal(writer)
    data += read_all(tail)[1]
    compress(folder)

    assert data == read_all(Tail(folder, folder.name))[1]
    assert tail.next_seq * SLOT_BYTES == len(data)


def test_a_torn_tail_is_not_there(tmp_path):
    folder = record_crashed_session(tmp_path, rounds=5)
    assert len(read_all(Tail(folder, folder.name))[1]) == len(files_of(folder)) - 40


@pytest.mark.parametrize("seq", [12, 40])
def test_damage_is_told_with_its_place(tmp_path, seq):
    folder = write_session(tmp_path / "20241121T103000Z-paper-aa", some_events(60))
    flip_byte(folder, seq)

    with pytest.raises(JournalDamaged) as told:
        read_all(Tail(folder, folder.name))
    assert told.value.seq == seq


def test_a_closed_segment_cut_short_is_damage_and_no_end(tmp_path):
    folder = write_session(tmp_path / "20241121T103000Z-paper-aa", some_events(), segment_bytes=4096)
    first = segment_files(folder)[0]
    first.write_bytes(first.read_bytes()[:-20])

    with pytest.raises(JournalDamaged):
        read_all(Tail(folder, folder.name))


def test_a_segment_of_another_session_is_damage(tmp_path):
    folder = write_session(tmp_path / "20241121T103000Z-paper-aa", some_events())
    with pytest.raises(JournalDamaged, match="another place"):
        read_all(Tail(folder, "20241121T103000Z-paper-bb"))


def test_no_session_is_no_head(tmp_path):
    with pytest.raises(JournalNotFound, match="journal ls"):
        session_head(tmp_path / "nothing")
    (tmp_path / "000000.tkj").write_bytes(b"\0" * 30)
    with pytest.raises(JournalNotFound, match="journal ls"):
        session_head(tmp_path)
