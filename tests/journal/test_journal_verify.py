import shutil
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.records import CRC, SLOT_BYTES, Kind
from journal.errors import JournalDamaged, JournalNotFound, SchemaUnsupported
from journal.head import SessionState
from journal.reader import open_session
from journal.verify import verify
from journal.writer import CHAIN_SLOTS, JournalWriter
from tests.journal.making import head, mixed, put, quote, seal, segments, slot, write


def _session(folder, *, count=120, segment_bytes=5000, sealed=True, seed=1):
    writer = JournalWriter.create(folder, head(), segment_bytes=segment_bytes)
    write(writer, mixed(count, seed))
    if sealed:
        seal(writer)
    writer.close()
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return _session(tmp_path_factory.mktemp("verify") / "session")


@pytest.fixture
def copy(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "copy")


def _mend_crc(data: bytearray, index: int, seq: int) -> None:
    """Make slot `index` look untouched to its CRC, as someone who edits on purpose would."""
    body = bytes(data[index * SLOT_BYTES + 4 : (index + 1) * SLOT_BYTES])
    CRC.pack_into(data, index * SLOT_BYTES, zlib.crc32(body, seq))


def test_a_whole_session_verifies_and_is_counted(whole):
    report = verify(whole)
    assert report.ok
    assert report.damage is None
    assert report.torn is None
    assert report.state is SessionState.ENDED
    assert report.segments == len(segments(whole)) > 2
    assert report.slots == open_session(whole).end_seq
    assert report.inputs == report.records["QUOTE"] + report.records["RAW"] == 120
    assert report.records["SEAL"] == 1
    assert report.unchained_slots == 0
    assert len(bytes.fromhex(report.chain)) == 32


def test_progress_is_told_in_slots(whole):
    told = []
    verify(whole, lambda done, total: told.append((done, total)))
    end = open_session(whole).end_seq
    assert told[-1] == (end, end)
    assert len(told) == len(segments(whole))


@given(place=st.floats(0, 1, exclude_max=True), bits=st.integers(1, 255))
def test_a_flip_of_any_byte_is_found_at_its_sequence_number(whole, place, bits):
    total = sum(path.stat().st_size for path in segments(whole))
    at = int(place * total)
    seq = at // SLOT_BYTES
    for path in segments(whole):
        size = path.stat().st_size
        if at < size:
            break
        at -= size
    original = path.read_bytes()
    changed = bytearray(original)
    changed[at] ^= bits
    put(path, changed)
    try:
        report = verify(whole)
        assert not report.ok
        assert report.damage is not None
        assert report.damage.seq == seq
        assert report.damage.segment == path.name
        assert report.damage.offset == at - at % SLOT_BYTES
        with pytest.raises(JournalDamaged, match=f"seq {seq} "):
            report.raise_if_damaged()
    finally:
        put(path, original)


def test_every_bit_of_the_last_slots_is_covered(whole):
    path = segments(whole)[-1]
    original = path.read_bytes()
    first_seq = open_session(whole).segments[-1].first_seq
    for at in range(len(original) - 5 * SLOT_BYTES, len(original)):
        changed = bytearray(original)
        changed[at] ^= 1 << (at % 8)
        put(path, changed)
        damage = verify(whole).damage
        assert damage is not None
        assert damage.seq == first_seq + at // SLOT_BYTES
    put(path, original)


def test_a_deleted_slot_is_found_where_it_was(copy):
    path = segments(copy)[1]
    data = path.read_bytes()
    first_seq = open_session(copy).segments[1].first_seq
    put(path, data[: 20 * SLOT_BYTES] + data[21 * SLOT_BYTES :])
    damage = verify(copy).damage
    assert damage is not None
    assert damage.seq == first_seq + 20


def test_swapped_slots_are_found(copy):
    path = segments(copy)[0]
    data = path.read_bytes()
    put(path, data[: 20 * SLOT_BYTES] + slot(data, 21) + slot(data, 20) + data[22 * SLOT_BYTES :])
    damage = verify(copy).damage
    assert damage is not None
    assert damage.seq == 20


def test_swapped_segments_are_found(copy):
    one, two = segments(copy)[1:3]
    one_data, two_data = one.read_bytes(), two.read_bytes()
    one.write_bytes(two_data)
    two.write_bytes(one_data)
    assert verify(copy).damage is not None


def test_a_segment_of_another_session_is_found(copy, tmp_path):
    other = _session(tmp_path / "other", seed=1)
    assert [path.stat().st_size for path in segments(other)] == [path.stat().st_size for path in segments(copy)]
    writer = JournalWriter.create(tmp_path / "foreign", head(session_id="another"), segment_bytes=5000)
    write(writer, mixed(120, 1))
    seal(writer)
    foreign = segments(tmp_path / "foreign")[1]
    shutil.copy(foreign, segments(copy)[1])
    assert verify(copy).damage is not None


def test_a_segment_missing_from_the_middle_is_found(copy):
    segments(copy)[1].unlink()
    damage = verify(copy).damage
    assert damage is not None
    assert damage.what == "missing segment"


def test_an_edit_that_mends_its_crc_breaks_the_chain(copy):
    path = segments(copy)[1]
    first_seq = open_session(copy).segments[1].first_seq
    data = bytearray(path.read_bytes())
    index = next(i for i in range(5, 60) if data[i * SLOT_BYTES + 4] == Kind.QUOTE)
    data[index * SLOT_BYTES + 24] ^= 1
    _mend_crc(data, index, first_seq + index)
    put(path, data)
    assert sum(1 for _ in open_session(copy).chunks())  # to the CRCs nothing is wrong
    damage = verify(copy).damage
    assert damage is not None
    assert "hash chain" in damage.what
    assert damage.segment == path.name
    assert f"from seq {first_seq}" in damage.what


def test_a_mended_edit_of_the_seal_breaks_the_chain(copy):
    path = segments(copy)[-1]
    first_seq = open_session(copy).segments[-1].first_seq
    data = bytearray(path.read_bytes())
    index = next(i for i in range(len(data) // SLOT_BYTES) if data[i * SLOT_BYTES + 4] == Kind.SEAL) + 1
    at = data.index(b"test over", index * SLOT_BYTES)
    data[at : at + 4] = b"best"
    for changed in range(index, len(data) // SLOT_BYTES):
        _mend_crc(data, changed, first_seq + changed)
    put(path, data)
    damage = verify(copy).damage
    assert damage is not None
    assert "hash chain" in damage.what


def test_a_mended_edit_of_a_link_itself_is_found(copy):
    path = segments(copy)[0]
    data = bytearray(path.read_bytes())
    last = len(data) // SLOT_BYTES - 1
    assert data[last * SLOT_BYTES + 4] == Kind.CHAIN
    for field in (5, 6, 8, 16, 24, 40):
        changed = bytearray(data)
        changed[last * SLOT_BYTES + field] ^= 1
        _mend_crc(changed, last, last)
        put(path, changed)
        damage = verify(copy).damage
        assert damage is not None
        assert (damage.seq, damage.segment) == (last, path.name)


def test_a_closed_segment_cut_at_a_record_is_found(copy):
    path = segments(copy)[0]
    put(path, path.read_bytes()[:-SLOT_BYTES])
    assert verify(copy).damage is not None


def test_bytes_after_the_seal_are_damage_and_no_torn_tail(copy):
    path = segments(copy)[-1]
    for more in (b"x", bytes(SLOT_BYTES), slot(path.read_bytes(), 3) * 2):
        shutil.copy(path, path.with_suffix(".keep"))
        with path.open("ab") as file:
            file.write(more)
        damage = verify(copy).damage
        assert damage is not None
        assert damage.what == "bytes after the seal"
        path.with_suffix(".keep").replace(path)


def test_an_unsealed_session_tells_how_many_slots_the_chain_does_not_cover(tmp_path):
    writer = JournalWriter.create(tmp_path / "s", head())
    write(writer, [quote(i) for i in range(CHAIN_SLOTS + 100)], flush_every=10)
    end = writer.next_seq
    chain = writer.chain
    writer.close()
    report = verify(tmp_path / "s")
    assert report.ok
    assert report.links == 1
    assert report.chain == chain.hex()
    assert 0 < report.unchained_slots < 110
    assert report.slots == end


def test_a_wrong_slot_with_a_right_one_after_it_is_damage_even_at_the_end_of_an_unsealed_session(tmp_path):
    folder = _session(tmp_path / "s", sealed=False, segment_bytes=1 << 20)
    path = segments(folder)[0]
    data = bytearray(path.read_bytes())
    data[-SLOT_BYTES - 1] ^= 1
    put(path, data)
    report = verify(folder)
    assert report.damage is not None
    assert report.damage.seq == len(data) // SLOT_BYTES - 2
    reader = open_session(folder)
    assert reader.damage is not None
    with pytest.raises(JournalDamaged):
        list(reader.chunks())


def test_zeros_at_the_end_of_an_unsealed_session_are_a_torn_tail(tmp_path):
    folder = _session(tmp_path / "s", sealed=False, segment_bytes=1 << 20)
    end = open_session(folder).end_seq
    with segments(folder)[0].open("ab") as file:
        file.write(bytes(10 * SLOT_BYTES + 3))
    report = verify(folder)
    assert report.ok
    assert report.torn is not None
    assert (report.torn.seq, report.torn.bytes) == (end, 10 * SLOT_BYTES + 3)


def test_a_damaged_head_is_reported_as_seq_0(copy):
    path = segments(copy)[0]
    data = bytearray(path.read_bytes())
    data[4] = 99
    put(path, data)
    damage = verify(copy).damage
    assert damage is not None
    assert (damage.seq, damage.offset) == (0, 0)


@given(data=st.data())
def test_no_mended_edit_goes_unnoticed_or_raises_anything_undocumented(whole, data):
    path = data.draw(st.sampled_from(segments(whole)))
    original = path.read_bytes()
    first_seq = open_session(whole).segments[int(path.stem)].first_seq
    changed = bytearray(original)
    for _ in range(data.draw(st.integers(1, 3))):
        index = data.draw(st.integers(0, len(original) // SLOT_BYTES - 1))
        at = index * SLOT_BYTES + data.draw(st.integers(4, SLOT_BYTES - 1))
        changed[at] ^= data.draw(st.integers(1, 255))
        _mend_crc(changed, index, first_seq + index)
    put(path, changed)
    try:
        noticed = changed == original or not verify(whole).ok
    except SchemaUnsupported:
        noticed = True
    try:
        for _ in open_session(whole).chunks():
            pass
    except (JournalDamaged, SchemaUnsupported):
        pass
    finally:
        put(path, original)
    assert noticed


@given(garbage=st.binary(max_size=400), keep=st.integers(0, 40))
def test_garbage_raises_only_documented_errors(tmp_path_factory, whole, garbage, keep):
    folder = tmp_path_factory.mktemp("garbage")
    (folder / "000000.tkj").write_bytes(segments(whole)[0].read_bytes()[: keep * SLOT_BYTES] + garbage)
    try:
        report = verify(folder)
    except JournalNotFound:
        return
    assert report.damage is not None or report.slots <= keep
