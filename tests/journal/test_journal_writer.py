import errno
import os
import resource
import subprocess
import sys
import textwrap
import zlib
from pathlib import Path
from typing import Any

import pytest

from core.codec import decode_payload
from core.events import RawReceived
from core.records import SLOT, SLOT_BYTES, Kind
from journal import files
from journal.buffer import PENDING_SLOTS
from journal.errors import (
    JournalExists,
    JournalFull,
    JournalIOError,
    JournalLocked,
    JournalSealed,
    RecordRefused,
)
from journal.folders import is_running
from journal.head import FlushPolicy, SealState, SessionState
from journal.layout import MAX_PAYLOAD_BYTES
from journal.reader import open_session
from journal.verify import verify
from journal.writer import JournalWriter
from tests.journal.making import (
    START_NS,
    Payload,
    digests,
    head,
    mixed,
    numbers,
    payloads,
    quote,
    records,
    seal,
    segments,
    slot,
    write,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "session"


def test_a_record_is_64_bytes_whose_crc_is_seeded_with_its_sequence_number(folder):
    writer = JournalWriter.create(folder, head())
    seq = writer.append_event(quote(3))
    writer.flush()
    data = segments(folder)[0].read_bytes()
    crc, *fields = SLOT.unpack(slot(data, seq))
    assert tuple(fields) == quote(3)
    assert crc == zlib.crc32(slot(data, seq)[4:], seq)
    writer.close()


def test_sequence_numbers_are_slot_indexes_over_the_whole_session(folder):
    writer = JournalWriter.create(folder, head(), segment_bytes=4096)
    seqs = write(writer, mixed(300))
    end = writer.next_seq
    writer.close()
    assert seqs == sorted(set(seqs))
    assert len(segments(folder)) > 3
    assert sum(path.stat().st_size for path in segments(folder)) == end * SLOT_BYTES
    assert [seq for seq, _ in records(folder)] == seqs


def test_the_head_is_in_the_kernel_when_create_returns(folder):
    writer = JournalWriter.create(folder, head())
    assert open_session(folder).head == head()
    assert writer.written_seq == writer.next_seq
    writer.close()


def test_nothing_is_in_the_kernel_before_a_flush_and_everything_after(folder):
    writer = JournalWriter.create(folder, head())
    before = segments(folder)[0].stat().st_size
    seq = writer.append_event(quote(1))
    assert segments(folder)[0].stat().st_size == before
    assert writer.written_seq == seq
    assert writer.flush() == seq + 1 == writer.written_seq
    assert segments(folder)[0].stat().st_size == before + SLOT_BYTES
    writer.close()


def test_a_caller_that_never_flushes_cannot_fill_the_memory(folder):
    writer = JournalWriter.create(folder, head())
    for i in range(3 * PENDING_SLOTS):
        writer.append_event(quote(i))
    assert writer.next_seq - writer.written_seq <= PENDING_SLOTS
    writer.close()
    assert sum(1 for _ in records(folder)) == 3 * PENDING_SLOTS
    assert verify(folder).ok


def test_a_payload_never_spans_two_segments(folder):
    writer = JournalWriter.create(folder, head(), segment_bytes=2048)
    written: list[Payload] = [(Kind.RAW, bytes([i]) * (i * 37)) for i in range(60)]
    write(writer, written)
    writer.close()
    assert [record.payload for record in payloads(folder)] == [payload for _, payload in written]
    assert verify(folder).ok


def test_a_record_that_does_not_fit_is_refused_and_nothing_is_appended(folder):
    writer = JournalWriter.create(folder, head())
    before = writer.next_seq
    wrong: tuple[Any, ...] = (
        (Kind.QUOTE, 0, 0, START_NS, 0, 1 << 63, 0, 0, 0, 0),
        (Kind.QUOTE, 256, 0, START_NS, 0, 0, 0, 0, 0, 0),
        (Kind.QUOTE, 0, -1, START_NS, 0, 0, 0, 0, 0, 0),
        (Kind.QUOTE, 0, 0, START_NS, 0, 1.5, 0, 0, 0, 0),
        (Kind.QUOTE, 0, 0, START_NS),
    )
    for event in wrong:
        with pytest.raises(RecordRefused):
            writer.append_event(event)
    with pytest.raises(RecordRefused, match="keep its beginning"):
        writer.append_payload(Kind.RAW, 0, 0, START_NS, bytes(MAX_PAYLOAD_BYTES + 1))
    assert writer.next_seq == before
    writer.append_event(quote(1))
    writer.close()
    assert len(records(folder)) == 1


def test_the_largest_payload_fits(folder):
    writer = JournalWriter.create(folder, head(), segment_bytes=1 << 20)
    payload = os.urandom(MAX_PAYLOAD_BYTES)
    write(writer, [quote(0), (Kind.RAW, payload), quote(1)])
    seal(writer)
    assert [record.payload for record in payloads(folder)] == [payload]
    assert verify(folder).ok


def test_a_struct_is_appended_with_its_times(folder):
    writer = JournalWriter.create(folder, head())
    raw = RawReceived(venue="BINANCE", reason="cut", data=b"{", total_bytes=1)
    seq = writer.append_struct(Kind.RAW, 0, 5, START_NS, raw, START_NS - 1)
    writer.close()
    (record,) = payloads(folder)
    assert (record.seq, record.instrument, record.recv_ns, record.venue_ns) == (seq, 5, START_NS, START_NS - 1)
    assert decode_payload(record.kind, record.payload) == raw


def test_a_digest_record_carries_32_bytes_and_the_inputs_so_far(folder):
    writer = JournalWriter.create(folder, head())
    digest = bytes(range(32))
    seq = writer.append_digest(START_NS, 99, digest)
    writer.close()
    (record,) = digests(folder)
    assert (record.seq, record.inputs, record.digest) == (seq, 99, digest)


# Two writers


def test_a_second_writer_of_the_same_session_is_refused(folder):
    first = JournalWriter.create(folder, head())
    with pytest.raises(JournalExists):
        JournalWriter.create(folder, head())
    segments(folder)[0].unlink()
    with pytest.raises(JournalLocked, match="stop it first"):
        JournalWriter.create(folder, head())
    first.close()


def test_a_session_is_never_written_again(folder):
    seal(JournalWriter.create(folder, head()))
    with pytest.raises(JournalExists, match="new folder"):
        JournalWriter.create(folder, head())


def test_the_lock_is_held_while_writing_and_released_at_the_end(folder):
    writer = JournalWriter.create(folder, head())
    assert is_running(folder)
    assert open_session(folder).state is SessionState.RUNNING
    writer.close()
    assert not is_running(folder)
    assert open_session(folder).state is SessionState.CRASHED


# The end


def test_a_sealed_session_says_how_it_ended(folder):
    writer = JournalWriter.create(folder, head())
    write(writer, mixed(20))
    writer.seal(SealState.ENDED, "drained", digest=b"d" * 32, inputs=14, effects=6, ended_ns=START_NS + 9)
    sealed = open_session(folder).sealed
    assert sealed is not None
    assert (sealed.state, sealed.reason, sealed.inputs, sealed.effects) == (SealState.ENDED, "drained", 14, 6)
    assert (sealed.digest, sealed.ended_ns) == (b"d" * 32, START_NS + 9)
    assert open_session(folder).state is SessionState.ENDED
    assert not (folder / "reserve").exists()


def test_a_session_may_be_sealed_as_crashed(folder):
    writer = JournalWriter.create(folder, head())
    writer.seal(SealState.CRASHED, "second SIGINT", digest=b"", inputs=0, effects=0, ended_ns=START_NS)
    assert open_session(folder).state is SessionState.CRASHED


def test_nothing_can_be_appended_after_the_end(folder):
    writer = JournalWriter.create(folder, head())
    seal(writer)
    for attempt in (lambda: writer.append_event(quote(1)), writer.flush, lambda: seal(writer)):
        with pytest.raises(JournalSealed, match="new session"):
            attempt()
    writer.close()
    assert open_session(folder).state is SessionState.ENDED


# Failures of the file system


def _failing(monkeypatch, error: int, after_bytes: int = 0) -> list[int]:
    """Make writes fail with `error` once `after_bytes` more are written; return the sizes of attempts."""
    left = [after_bytes]
    attempts: list[int] = []

    def write_some(fd, data, real=os.write):
        attempts.append(len(data))
        if left[0] <= 0:
            raise OSError(error, os.strerror(error))
        done = real(fd, data[: left[0]])
        left[0] -= done
        return done

    monkeypatch.setattr(os, "write", write_some)
    return attempts


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errno.EIO, JournalIOError),
        (errno.ENOSPC, JournalFull),
        (errno.EDQUOT, JournalFull),
        (errno.EFBIG, JournalFull),
    ],
)
def test_the_first_failed_write_latches(folder, monkeypatch, error, expected):
    writer = JournalWriter.create(folder, head(), reserve_bytes=0)
    write(writer, [quote(0), quote(1)])
    attempts = _failing(monkeypatch, error)
    writer.append_event(quote(2))
    with pytest.raises(expected):
        writer.flush()
    monkeypatch.undo()
    tried = len(attempts)
    for attempt in (lambda: writer.append_event(quote(3)), writer.flush, lambda: seal(writer)):
        with pytest.raises(expected):
            attempt()
    assert len(attempts) == tried
    writer.close()
    assert numbers(folder) == [0, 1]


@pytest.mark.parametrize("written", [0, 1, 63, 64, 65, 127, 128, 200, 256, 319, 320, 384])
def test_a_failed_write_keeps_the_records_written_whole_and_no_part_of_another(folder, monkeypatch, written):
    writer = JournalWriter.create(folder, head(), reserve_bytes=0)
    begin = writer.next_seq
    _failing(monkeypatch, errno.EIO, written)
    writer.append_event(quote(0))
    writer.append_payload(Kind.RAW, 0, 0, START_NS, bytes(150))  # 4 slots
    writer.append_event(quote(1))
    if written < 6 * SLOT_BYTES:
        with pytest.raises(JournalIOError):
            writer.flush()
    else:
        writer.flush()
    monkeypatch.undo()
    whole = max(end for end in (0, 1, 5, 6) if end * SLOT_BYTES <= written)
    assert writer.written_seq == begin + whole
    assert segments(folder)[0].stat().st_size == (begin + whole) * SLOT_BYTES
    writer.close()
    reader = open_session(folder)
    assert (reader.end_seq, reader.torn) == (begin + whole, None)


def test_short_writes_are_continued(folder, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:7]))
    writer = JournalWriter.create(folder, head(), reserve_bytes=0)
    seqs = write(writer, mixed(30))
    monkeypatch.undo()
    seal(writer)
    assert [seq for seq, _ in records(folder)] == seqs
    assert verify(folder).ok


def test_a_full_disk_gives_up_the_reserve_first_and_says_so(folder, monkeypatch):
    writer = JournalWriter.create(folder, head(), reserve_bytes=8192)
    assert (folder / "reserve").stat().st_size == 8192
    real = os.write

    def full_until_freed(fd, data):
        if (folder / "reserve").exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(fd, data)

    monkeypatch.setattr(os, "write", full_until_freed)
    write(writer, [quote(0)])
    assert writer.low_on_space
    seal(writer)
    assert open_session(folder).state is SessionState.ENDED


def test_a_failed_sync_is_fatal_and_never_tried_again(folder, monkeypatch):
    writer = JournalWriter.create(folder, head(FlushPolicy.DISK))
    calls = []

    def failing(fd):
        calls.append(fd)
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(files, "_sync_data", failing)
    writer.append_event(quote(0))
    with pytest.raises(JournalIOError, match="Check the disk"):
        writer.flush(durable=True)
    with pytest.raises(JournalIOError):
        writer.flush(durable=True)
    with pytest.raises(JournalIOError):
        writer.append_event(quote(1))
    assert len(calls) == 1
    writer.close()


def test_durable_flushes_wait_for_the_disk_only_under_the_disk_policy(tmp_path, monkeypatch):
    calls: list[int] = []
    real = files._sync_data

    def counted(fd):
        calls.append(fd)
        real(fd)

    monkeypatch.setattr(files, "_sync_data", counted)
    for policy in FlushPolicy:
        writer = JournalWriter.create(tmp_path / policy, head(policy))
        calls.clear()
        writer.append_event(quote(0))
        writer.flush()
        assert not calls
        writer.flush(durable=True)
        writer.flush(durable=True)
        assert len(calls) == (policy is FlushPolicy.DISK)
        writer.close()


def test_a_file_size_limit_counts_as_a_full_disk_and_loses_nothing_written(tmp_path):
    folder = tmp_path / "session"
    code = f"""
        import resource
        from journal.errors import JournalFull
        from journal.writer import JournalWriter
        from tests.journal.making import head, quote
        from pathlib import Path
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, {resource.RLIM_INFINITY}))
        writer = JournalWriter.create(Path({str(folder)!r}), head(), reserve_bytes=0)
        try:
            for i in range(1000):
                writer.append_event(quote(i))
                writer.flush()
        except JournalFull as error:
            print(i, writer.written_seq, "Free space" in str(error))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    refused, written_seq, said = done.stdout.split()
    assert said == "True"
    reader = open_session(folder)
    assert reader.end_seq == int(written_seq) == 10_000 // SLOT_BYTES
    assert numbers(folder) == list(range(int(refused)))
    assert verify(folder).ok


def test_a_full_file_system_stops_the_writer_and_loses_nothing_written(tmp_path):
    mounted = tmp_path / "tiny"
    mounted.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(mounted)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no permission to mount a small file system; the file size limit test covers the code")
    try:
        folder = mounted / "session"
        writer = JournalWriter.create(folder, head(), reserve_bytes=65_536)
        count = low_at = 0

        def fill():
            nonlocal count, low_at
            for count in range(10_000):
                writer.append_event(quote(count))
                writer.flush()
                low_at = low_at or (count if writer.low_on_space else 0)

        with pytest.raises(JournalFull):
            fill()
        assert 0 < low_at < count
        assert count - low_at >= 60_000 // SLOT_BYTES
        reader = open_session(folder)
        assert reader.end_seq == writer.written_seq
        kept = numbers(folder)
        assert kept == list(range(len(kept)))
        assert len(kept) in {count, count + 1}  # one more where only the link after it found no room
        writer.close()
        assert verify(folder).ok
        reader.close()
    finally:
        subprocess.run(["umount", "-l", str(mounted)], check=True)


def test_a_session_that_cannot_begin_lets_its_lock_go(folder, monkeypatch):
    def full(fd, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(JournalFull):
            JournalWriter.create(folder, head(), reserve_bytes=0)
    assert not is_running(folder)


def test_a_folder_that_cannot_be_made_is_an_error_of_the_journal(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalIOError):
        JournalWriter.create(tmp_path / "file" / "session", head())


def test_the_live_path_imports_neither_numpy_nor_numba():
    code = "import sys, journal.writer, journal.folders; print({'numpy', 'numba', 'pyarrow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
