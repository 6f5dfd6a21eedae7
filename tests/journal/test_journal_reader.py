import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.arrays import SLOT_DTYPE
from core.codec import encode_payload
from core.effects import Alert, Severity
from core.errors import CodecError
from core.events import LifecycleChanged, LifecycleState
from core.records import EVENT, PART_BYTES, SCHEMA_VERSION, SLOT_BYTES, Kind
from journal import check
from journal.chunks import DigestRecord, PayloadRecord, PlainRun
from journal.errors import ExportRefused, JournalDamaged, JournalNotFound, SchemaUnsupported
from journal.head import SessionState
from journal.reader import open_session
from journal.verify import verify
from journal.writer import JournalWriter
from tests.journal.making import START_NS, head, mixed, payloads, quote, records, runs, seal, segments, write

int64 = st.integers(-(1 << 63), (1 << 63) - 1)
plain_events = st.tuples(
    st.integers(16, 31), st.integers(0, 255), st.integers(0, 0xFFFF), int64, int64, int64, int64, int64, int64, int64
)
payload_records = st.tuples(st.integers(32, 254), st.binary(max_size=6 * PART_BYTES))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "session"


@settings(max_examples=60, deadline=None)
@given(
    written=st.lists(plain_events | payload_records, max_size=60),
    segment_bytes=st.integers(1, 8192),
    flush_every=st.integers(1, 20),
    sealed=st.booleans(),
)
def test_what_is_read_is_what_was_written(tmp_path_factory, written, segment_bytes, flush_every, sealed):
    folder = tmp_path_factory.mktemp("round-trip") / "session"
    writer = JournalWriter.create(folder, head(), segment_bytes=segment_bytes)
    write(writer, written, flush_every)
    if sealed:
        seal(writer)
    writer.close()
    found = records(folder)
    assert [record for _, record in found] == written
    seqs = [seq for seq, _ in found]
    assert seqs == sorted(set(seqs))
    report = verify(folder)
    assert report.ok
    assert report.inputs + report.effects == len(written)
    assert report.state is (SessionState.ENDED if sealed else SessionState.CRASHED)


def test_runs_of_plain_inputs_come_whole_and_everything_else_in_between(folder):
    writer = JournalWriter.create(folder, head())
    write(writer, [quote(0), quote(1), (Kind.RAW, b"x"), quote(2), (Kind.ALERT, b"y" * 100)])
    writer.append_digest(START_NS, 4, bytes(32))
    write(writer, [quote(3), quote(4)])
    seal(writer)
    chunks = list(open_session(folder).chunks())
    assert [type(chunk) for chunk in chunks] == [
        PlainRun,
        PayloadRecord,
        PlainRun,
        PayloadRecord,
        DigestRecord,
        PlainRun,
    ]
    assert [run.count for run in runs(folder)] == [2, 1, 2]
    assert [event[9] for event in EVENT.iter_unpack(runs(folder)[-1].slots)] == [3, 4]


def test_events_carry_their_payloads_decoded(folder):
    alert = Alert(severity=Severity.ERROR, code="stale", message="no data")
    ready = LifecycleChanged(LifecycleState.READY)
    writer = JournalWriter.create(folder, head())
    seqs = [
        writer.append_struct(Kind.LIFECYCLE, 0, 1, START_NS, ready, START_NS - 3),
        writer.append_event(quote(1)),
        writer.append_struct(Kind.ALERT, 2, 3, START_NS + 1, alert),
    ]
    writer.close()
    assert list(open_session(folder).events()) == [
        (seqs[0], (Kind.LIFECYCLE, 0, 1, START_NS, START_NS - 3, ready, 0, 0, 0, 0)),
        (seqs[1], quote(1)),
        (seqs[2], (Kind.ALERT, 2, 3, START_NS + 1, 0, alert, 0, 0, 0, 0)),
    ]


def test_a_payload_of_an_unknown_kind_is_passed_on_raw_and_not_decoded(folder):
    writer = JournalWriter.create(folder, head())
    write(writer, [(99, b"from the future")])
    writer.close()
    assert records(folder)[0][1] == (99, b"from the future")
    with pytest.raises(CodecError, match="newer"):
        list(open_session(folder).events())


def test_a_range_of_sequence_numbers_selects_by_where_records_begin(folder):
    writer = JournalWriter.create(folder, head(), segment_bytes=3000)
    write(writer, mixed(120))
    seal(writer)
    everything = records(folder)
    end = open_session(folder).end_seq
    for from_seq in range(0, end, 7):
        for until_seq in (from_seq, from_seq + 1, from_seq + 40, end, end + 99):
            expected = [record for record in everything if from_seq <= record[0] < until_seq]
            assert records(folder, from_seq=from_seq, until_seq=until_seq) == expected


def test_the_array_of_a_segment_is_the_file_itself(folder):
    writer = JournalWriter.create(folder, head())
    seqs = write(writer, [quote(i) for i in range(5)])
    writer.close()
    array = open_session(folder).array(0)
    assert array.dtype == SLOT_DTYPE
    assert not array.flags.owndata
    assert not array.flags.writeable
    assert array["e"][seqs].tolist() == [0, 1, 2, 3, 4]
    # A change of the file shows through: nothing was copied.
    with segments(folder)[0].open("r+b") as file:
        file.seek(seqs[0] * SLOT_BYTES + 56)
        file.write((77).to_bytes(8, "little"))
    assert array["e"][seqs[0]] == 77


def test_runs_are_views_of_the_file_and_outlive_the_reader(folder):
    writer = JournalWriter.create(folder, head())
    write(writer, [quote(i) for i in range(5)])
    writer.close()
    with open_session(folder) as reader:
        (run,) = reader.chunks()
    assert isinstance(run, PlainRun)
    assert run.slots.readonly
    assert [event[9] for event in EVENT.iter_unpack(run.slots)] == [0, 1, 2, 3, 4]


def test_columns_of_a_kind_span_all_segments(folder):
    writer = JournalWriter.create(folder, head(), segment_bytes=2000)
    seqs = write(writer, [quote(i, instrument=i % 3) for i in range(100)])
    seal(writer)
    columns = open_session(folder).columns(Kind.QUOTE)
    assert columns["seq"].tolist() == seqs
    assert columns["update_id"].tolist() == list(range(100))
    assert columns["bid_price"].tolist() == [6173763 + i for i in range(100)]
    assert columns["instrument"].tolist() == [i % 3 for i in range(100)]
    assert {column.dtype for column in columns.values()} == {np.dtype(np.int64)}
    assert open_session(folder).columns(Kind.TRADE)["price"].tolist() == []
    with pytest.raises(ExportRefused):
        open_session(folder).columns(Kind.FILL)


def test_a_running_session_reads_up_to_its_last_flush(folder):
    writer = JournalWriter.create(folder, head())
    write(writer, [quote(0), quote(1)])
    writer.append_event(quote(2))
    reader = open_session(folder)
    assert reader.state is SessionState.RUNNING
    assert [event[9] for _, event in reader.events()] == [0, 1]
    writer.flush()
    assert [event[9] for _, event in open_session(folder).events()] == [0, 1, 2]
    writer.close()


def test_reading_a_crashed_session_leaves_its_files_alone(folder):
    writer = JournalWriter.create(folder, head())
    write(writer, mixed(30))
    writer.close()
    path = segments(folder)[0]
    torn = path.read_bytes()[:-30]
    path.write_bytes(torn)
    before = {file: file.stat().st_mtime_ns for file in folder.iterdir()}
    reader = open_session(folder)
    list(reader.chunks())
    assert reader.torn is not None
    assert verify(folder).torn == reader.torn
    assert path.read_bytes() == torn
    assert {file: file.stat().st_mtime_ns for file in folder.iterdir()} == before


def test_damage_is_found_when_its_segment_is_read_and_not_before(folder):
    writer = JournalWriter.create(folder, head(), segment_bytes=2000)
    write(writer, [quote(i) for i in range(100)])
    seal(writer)
    path = segments(folder)[1]
    data = bytearray(path.read_bytes())
    data[10 * SLOT_BYTES + 30] ^= 1
    path.write_bytes(data)
    reader = open_session(folder)
    damaged_seq = reader.segments[1].first_seq + 10
    chunks = reader.chunks()
    good = [next(chunks)]
    with pytest.raises(JournalDamaged) as caught:
        good.extend(chunks)
    assert (caught.value.seq, caught.value.segment, caught.value.offset) == (damaged_seq, "000001.tkj", 640)
    assert good
    assert list(reader.chunks(until_seq=reader.segments[1].first_seq))
    assert sum(run.count for run in runs(folder, verify=False)) == 100


def test_a_missing_folder_or_segment_is_named(folder, tmp_path):
    with pytest.raises(JournalNotFound):
        open_session(folder)
    with pytest.raises(JournalNotFound):
        open_session(tmp_path)
    writer = JournalWriter.create(folder, head(), segment_bytes=1000)
    write(writer, [quote(i) for i in range(100)])
    seal(writer)
    segments(folder)[2].unlink()
    with pytest.raises(JournalDamaged, match=r"missing segment.*000002"):
        open_session(folder)


def test_a_session_of_a_newer_schema_is_refused_with_both_numbers(folder):
    JournalWriter.create(folder, head(schema_version=SCHEMA_VERSION + 1)).close()
    with pytest.raises(SchemaUnsupported, match=f"{SCHEMA_VERSION + 1}.*{SCHEMA_VERSION}"):
        open_session(folder)


def test_the_two_ways_to_check_crcs_agree(monkeypatch):
    rng = np.random.default_rng(5)
    raw = rng.integers(0, 256, (400, SLOT_BYTES), dtype=np.uint8)
    first_seq = (1 << 32) - 200  # the seed wraps at 32 bits
    for index in range(len(raw)):
        crc = zlib.crc32(raw[index, 4:].tobytes(), (first_seq + index) & 0xFFFFFFFF)
        raw[index, :4] = np.frombuffer(crc.to_bytes(4, "little"), np.uint8)
    for wrong in (None, 0, 1, 199, 200, 399):
        changed = raw.copy()
        if wrong is not None:
            changed[wrong, 63] ^= 0x80
        slots = changed.view(SLOT_DTYPE).reshape(-1)
        found = {}
        for name, few in (("zlib", 1 << 40), ("numba", 0)):
            monkeypatch.setattr(check, "_FEW_SLOTS", few)
            found[name] = [check.first_crc(slots, first_seq, right=right) for right in (False, True)]
        assert found["zlib"] == found["numba"] == [-1 if wrong is None else wrong, 1 if wrong == 0 else 0]


def test_encoded_payloads_are_the_same_bytes_after_a_round_trip(folder):
    alert = Alert(severity=Severity.INFO, code="x", message="é" * 100)
    writer = JournalWriter.create(folder, head())
    writer.append_struct(Kind.ALERT, 0, 0, START_NS, alert)
    writer.close()
    (record,) = payloads(folder)
    assert record.payload == encode_payload(alert)


@pytest.mark.parametrize("last", [False, True])
def test_records_before_damage_can_be_read_by_saying_where_to_stop(folder, last):
    writer = JournalWriter.create(folder, head(), segment_bytes=4000)
    write(writer, mixed(150))
    seal(writer)
    everything = records(folder)
    segment = open_session(folder).segments[-1 if last else 1]
    index = segment.slots - 3 if last else 20
    data = bytearray(segment.path.read_bytes())
    data[index * SLOT_BYTES + 40] ^= 4
    segment.path.write_bytes(data)
    damage = verify(folder).damage
    assert damage is not None
    assert damage.seq == segment.first_seq + index
    with pytest.raises(JournalDamaged):
        records(folder)
    # The damaged slot may be in the middle of a payload: the whole record is damaged then.
    intact = max((seq for seq, _ in everything if seq <= damage.seq), default=0)
    assert records(folder, until_seq=intact) == [record for record in everything if record[0] < intact]
    with pytest.raises(JournalDamaged):
        records(folder, until_seq=damage.seq + 1)
