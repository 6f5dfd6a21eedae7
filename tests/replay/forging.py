"""A recorded session changed on purpose, and so skilfully that only a replay can tell: CRCs and chain are right."""

import hashlib
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from core.codec import decode_payload, encode_payload
from core.records import PART_BYTES, SLOT_BYTES, Event, Kind, parts_of
from journal.layout import has_payload

_CRC = struct.Struct("<I")
_HEAD = struct.Struct("<4xBBHqqqqqqq")
_LINK = struct.Struct("<4xBBHqqq32s")
_PART = struct.Struct(f"<4xBBH{PART_BYTES}s")


class Forgery:
    """The one segment of a small session, as records that can be changed."""

    def __init__(self, session: Path) -> None:
        (self._path,) = session.glob("*.tkj")
        data = self._path.read_bytes()
        self.slots = [data[at : at + SLOT_BYTES] for at in range(0, len(data), SLOT_BYTES)]

    def heads(self) -> Iterator[tuple[int, Event]]:
        """Each record's sequence number and head as it stands in the file."""
        for seq, slot in enumerate(self.slots):
            if slot[4] != Kind.PART:
                yield seq, _HEAD.unpack(slot)

    def seqs(self, kind: Kind) -> list[int]:
        """The sequence numbers of the records of one kind."""
        return [seq for seq, head in self.heads() if head[0] == kind]

    def payload(self, seq: int) -> msgspec.Struct:
        """The struct that the record at `seq` carries."""
        head = _HEAD.unpack(self.slots[seq])
        parts = self.slots[seq + 1 : seq + 1 + parts_of(head[5])]
        return decode_payload(head[0], b"".join(_PART.unpack(slot)[3] for slot in parts)[: head[5]])

    def put_payload(self, seq: int, payload: msgspec.Struct) -> None:
        """Give the record at `seq` another payload; what follows moves where it takes more slots or less."""
        head = _HEAD.unpack(self.slots[seq])
        self.remove(seq)
        self.slots[seq:seq] = _slots(head, encode_payload(payload))

    def insert(self, seq: int, kind: Kind, data: bytes) -> None:
        """Put a new record with the payload `data` before the one at `seq`, at its time and of its instrument."""
        head = _HEAD.unpack(self.slots[seq])
        self.slots[seq:seq] = _slots((kind, 0, *head[2:4], 0, 0, 0, 0, 0, 0), data)

    def put_event(self, seq: int, event: Event) -> None:
        """Put another plain record at `seq`."""
        self.slots[seq] = _HEAD.pack(*event)

    def remove(self, seq: int) -> None:
        """Take the record at `seq` out; all that follows moves up."""
        head = _HEAD.unpack(self.slots[seq])
        del self.slots[seq : seq + 1 + (parts_of(head[5]) if has_payload(head[0]) else 0)]

    def repeat(self, seq: int) -> None:
        """Put the record at `seq` in twice; all that follows moves down."""
        head = _HEAD.unpack(self.slots[seq])
        end = seq + 1 + (parts_of(head[5]) if has_payload(head[0]) else 0)
        self.slots[seq:seq] = self.slots[seq:end]

    def write(self) -> None:
        """Write the session with every CRC and every link of the chain as if nothing had happened."""
        value = bytes(32)
        hasher, linked = hashlib.sha256(value), 0
        for seq, slot in enumerate(self.slots):
            if slot[4] == Kind.CHAIN:
                value = hasher.digest()
                slot = _LINK.pack(Kind.CHAIN, *_LINK.unpack(slot)[1:5], seq - linked, value)  # noqa: PLW2901
                linked, hasher = seq + 1, hashlib.sha256(value)
            self.slots[seq] = _CRC.pack(zlib.crc32(slot[4:], seq)) + slot[4:]
            if slot[4] != Kind.CHAIN:
                hasher.update(self.slots[seq])
        self._path.write_bytes(b"".join(self.slots))


def _slots(head: Event, data: bytes) -> list[bytes]:
    """The slots of a record that carries `data`, as yet without CRCs."""
    texts = [data[at : at + PART_BYTES] for at in range(0, len(data), PART_BYTES)]
    parts = [_PART.pack(Kind.PART, 0, number, text) for number, text in enumerate(texts)]
    return [_HEAD.pack(*head[:5], len(data), *head[6:]), *parts]
