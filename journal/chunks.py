"""A segment's slots as chunks: long runs of plain inputs for a tight loop, everything else one by one, in order."""

from collections.abc import Iterator

import msgspec
import numpy as np
import numpy.typing as npt

from core.records import EVENT, SLOT_BYTES, Kind, parts_of
from journal.layout import HASH_FIELDS, PAYLOAD_META, has_payload, read_payload
from journal.masks import IS_PLAIN_INPUT


class PlainRun(msgspec.Struct, frozen=True):
    """Consecutive one-slot inputs (kinds 16 to 31), the first numbered `first_seq`.

    `core.records.EVENT.iter_unpack(run.slots)` gives the event tuples; the bytes are the file's own.
    """

    first_seq: int
    slots: memoryview

    @property
    def count(self) -> int:
        """How many records it holds."""
        return len(self.slots) // SLOT_BYTES


class PayloadRecord(msgspec.Struct, frozen=True, gc=False):
    """One input or effect that carries a payload; `core.codec.decode_payload(kind, payload)` gives its struct."""

    seq: int
    kind: int
    flags: int
    instrument: int
    recv_ns: int
    venue_ns: int
    payload: bytes


class DigestRecord(msgspec.Struct, frozen=True, gc=False):
    """The engine's state digest after `inputs` inputs."""

    seq: int
    recv_ns: int
    inputs: int
    digest: bytes


Chunk = PlainRun | PayloadRecord | DigestRecord


def chunks_of(
    data: memoryview, all_kinds: npt.NDArray[np.uint8], first_seq: int, start: int, stop: int
) -> Iterator[Chunk]:
    """Yield the chunks whose records begin at slots `start` to `stop` of one segment, given all its kinds.

    The journal's own records (SEGMENT, CHAIN, SEAL, SNAPSHOT, TIMING) are left out.
    """
    is_plain = IS_PLAIN_INPUT[all_kinds[start:stop]]
    kinds = all_kinds[start:stop].tobytes()
    edges = (np.flatnonzero(is_plain[1:] != is_plain[:-1]) + 1).tolist()
    plain = bool(is_plain[0]) if len(is_plain) else False
    begin = 0
    for end in (*edges, len(kinds)):
        if plain:
            run = data[(start + begin) * SLOT_BYTES : (start + end) * SLOT_BYTES]
            yield PlainRun(first_seq + start + begin, run)
        else:
            yield from _single(data, kinds, first_seq, start, begin, end)
        plain = not plain
        begin = end


def _single(
    data: memoryview, kinds: bytes, first_seq: int, start: int, begin: int, end: int
) -> Iterator[PayloadRecord | DigestRecord]:
    """Yield the records among slots `begin` to `end` of `kinds`, none of which is a plain input."""
    at = begin
    while at < end:
        kind = kinds[at]
        slot = start + at
        at += 1
        if kind in {Kind.PART, Kind.CHAIN, Kind.TIMING}:  # a part comes up only where `start` is inside of a record
            continue
        _, flags, instrument, recv_ns, venue_ns, a, *rest = EVENT.unpack_from(data, slot * SLOT_BYTES)
        if kind == Kind.DIGEST:
            yield DigestRecord(first_seq + slot, recv_ns, a, HASH_FIELDS.pack(*rest))
        elif has_payload(kind):
            at += parts_of(a)
            if kind not in PAYLOAD_META:
                payload = read_payload(data, slot, a)
                yield PayloadRecord(first_seq + slot, kind, flags, instrument, recv_ns, venue_ns, payload)


__all__ = ["Chunk", "DigestRecord", "PayloadRecord", "PlainRun", "chunks_of"]
