"""A payload that was cut up beforehand is journaled as any other, wherever the journal has come to."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.records import NO_INSTRUMENT, PART_BYTES, Kind
from journal.buffer import SlotBuffer
from journal.errors import RecordRefused
from journal.layout import MAX_PAYLOAD_BYTES
from journal.prepared import PreparedPayload
from journal.verify import verify
from journal.writer import JournalWriter
from tests.journal.making import START_NS, head, seal


def slots(seq: int) -> SlotBuffer:
    """A buffer that has come to record `seq` and never flushes."""
    buffer = SlotBuffer(lambda: seq)
    buffer._seq, buffer._barrier = seq, 1 << 62
    return buffer


@settings(max_examples=60)
@given(st.binary(max_size=5 * PART_BYTES), st.integers(0, 1 << 40) | st.integers((1 << 32) - 6, 1 << 32))
def test_its_slots_are_those_of_a_payload_that_is_appended_at_once(payload, seq):
    plain, prepared = slots(seq), slots(seq)
    cut = PreparedPayload(payload)
    cut.numbered(seq + 77)  # a number that it was not journaled under leaves nothing behind
    assert prepared.append_prepared(Kind.SNAPSHOT, 0, NO_INSTRUMENT, START_NS, cut) == seq
    plain.append_payload(Kind.SNAPSHOT, 0, NO_INSTRUMENT, START_NS, payload)
    assert prepared._pending == plain._pending
    assert prepared.next_seq == plain.next_seq


def test_a_large_one_verifies(tmp_path):
    writer = JournalWriter.create(tmp_path / "s", head())
    payload = bytes(range(256)) * 8_000
    writer.append_prepared(Kind.SNAPSHOT, 0, NO_INSTRUMENT, START_NS, PreparedPayload(payload))
    seal(writer)
    assert verify(tmp_path / "s").damage is None


def test_one_that_no_record_holds_is_refused_and_leaves_the_journal_as_it_was():
    buffer = slots(5)
    with pytest.raises(RecordRefused, match=f"exceeds {MAX_PAYLOAD_BYTES}"):
        buffer.append_prepared(Kind.SNAPSHOT, 0, NO_INSTRUMENT, START_NS, PreparedPayload(bytes(MAX_PAYLOAD_BYTES + 1)))
    assert (buffer.next_seq, len(buffer._pending)) == (5, 0)
