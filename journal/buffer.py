"""Records into slots: the CRC, the sequence number and the continuation slots of everything that is appended."""

import struct
import zlib
from collections.abc import Callable
from typing import Protocol

import msgspec

from core.codec import encode_payload
from core.records import BODY, NO_INSTRUMENT, PART_BYTES, Event, Kind, parts_of
from journal.errors import RecordRefused
from journal.layout import CRC_AND_BODY, HASH_FIELDS, MAX_PAYLOAD_BYTES, PART_BODY

PENDING_SLOTS = 16_384  # the buffer empties itself at 1 MiB: a caller that never flushes cannot fill the memory

# One look-up less per append than going through the Struct objects.
_pack_body = BODY.pack
_pack_slot = CRC_AND_BODY.pack
_pack_part = PART_BODY.pack
_crc32 = zlib.crc32  # masks its start value to 32 bits itself, as `core.records.slot_crc` does


class Prepared(Protocol):
    """A payload in slots (`journal.prepared`, which needs numpy and so is not imported here)."""

    size: int

    def numbered(self, first_seq: int) -> memoryview:
        """Return the slots, of which the first has this sequence number."""
        ...


class SlotBuffer:
    """Slots that wait to be written, numbered as they are appended."""

    __slots__ = ("_barrier", "_make_room", "_pending", "_seq")

    def __init__(self, make_room: Callable[[], int]) -> None:
        """`make_room` writes out a full buffer and returns the next sequence number, or raises why it cannot."""
        self._make_room = make_room
        self._pending = bytearray()
        self._seq = 0  # of the next slot
        self._barrier = PENDING_SLOTS  # appending from here on flushes first, or raises what ended the writer

    @property
    def next_seq(self) -> int:
        """The sequence number of the next record, unless a flush comes first and adds the journal's own."""
        return self._seq

    def append_event(self, event: Event) -> int:
        """Append a plain record (kinds 16 to 31, DIGEST): ten ints. Returns its sequence number.

        Raises RecordRefused, and what `flush` raises.
        """
        seq = self._seq
        if seq >= self._barrier:
            seq = self._make_room()
        try:
            body = _pack_body(*event)
        except (struct.error, TypeError) as error:
            raise RecordRefused(f"{event!r} does not fit a record: {error}") from error
        self._pending += _pack_slot(_crc32(body, seq), body)
        self._seq = seq + 1
        return seq

    def append_payload(
        self, kind: int, flags: int, instrument: int, recv_ns: int, payload: bytes, venue_ns: int = 0
    ) -> int:
        """Append a record that carries `payload` (msgpack) and return its sequence number.

        Raises RecordRefused, and what `flush` raises.
        """
        size = len(payload)
        if size > MAX_PAYLOAD_BYTES:
            raise RecordRefused(f"a payload of {size} bytes exceeds {MAX_PAYLOAD_BYTES}; keep its beginning")
        head = self.append_event((kind, flags, instrument, recv_ns, venue_ns, size, 0, 0, 0, 0))
        seq = head
        pending = self._pending
        for number in range(parts_of(size)):
            seq += 1
            at = number * PART_BYTES
            body = _pack_part(Kind.PART, 0, number, payload[at : at + PART_BYTES])
            pending += _pack_slot(_crc32(body, seq), body)
        self._seq = seq + 1
        return head

    def append_prepared(self, kind: int, flags: int, instrument: int, recv_ns: int, payload: Prepared) -> int:
        """Append a record whose payload was cut up beforehand and return its sequence number.

        Raises RecordRefused, and what `flush` raises.
        """
        if payload.size > MAX_PAYLOAD_BYTES:
            raise RecordRefused(f"a payload of {payload.size} bytes exceeds {MAX_PAYLOAD_BYTES}; keep its beginning")
        head = self.append_event((kind, flags, instrument, recv_ns, 0, payload.size, 0, 0, 0, 0))
        self._pending += payload.numbered(head + 1)
        self._seq = head + 1 + parts_of(payload.size)
        return head

    def append_struct(
        self, kind: int, flags: int, instrument: int, recv_ns: int, struct_: msgspec.Struct, venue_ns: int = 0
    ) -> int:
        """Append the record of one of `core.codec`'s structs and return its sequence number."""
        return self.append_payload(kind, flags, instrument, recv_ns, encode_payload(struct_), venue_ns)

    def append_digest(self, recv_ns: int, inputs: int, digest: bytes) -> int:
        """Append the engine's state digest (32 bytes) after `inputs` inputs and return its sequence number."""
        fields = HASH_FIELDS.unpack(digest)
        return self.append_event((Kind.DIGEST, 0, NO_INSTRUMENT, recv_ns, 0, inputs, *fields))

    def append_timing(self, recv_ns: int, of_seq: int, decided_ns: int, handed_ns: int) -> int:
        """Append how long the decision in record `of_seq` took; `core.records.Kind.TIMING` says what is what."""
        return self.append_event((Kind.TIMING, 0, NO_INSTRUMENT, recv_ns, 0, of_seq, decided_ns, handed_ns, 0, 0))
