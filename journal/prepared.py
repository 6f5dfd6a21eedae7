"""A large payload cut into its slots beforehand, in a thread, so that its record takes the event loop 1 ms, not 20.

A slot's CRC is seeded with its sequence number, which nobody knows until the record is appended. But a CRC is linear:
with another seed it differs by what the seeds' difference comes to over as many zero bytes. So the CRCs are computed
with seed 0 here, and the difference is put in when the numbers are known.
"""

import zlib

import numpy as np
import numpy.typing as npt

from core.records import CRC, PART_BYTES, PART_HEAD, SLOT_BYTES, Kind, parts_of

_BODY_BYTES = SLOT_BYTES - CRC.size
_BEGIN = CRC.size + PART_HEAD.size
_NOTHING = zlib.crc32(bytes(_BODY_BYTES), 0)
_BYTE = np.array([zlib.crc32(bytes((value,)), 0xFFFFFFFF) ^ 0xFFFFFFFF for value in range(256)], np.uint32)
_SEEDS = np.array(
    [[zlib.crc32(bytes(_BODY_BYTES), value << shift) ^ _NOTHING for value in range(256)] for shift in (0, 8, 16, 24)],
    np.uint32,
)


class PreparedPayload:
    """The slots behind a record's head, but for the sequence numbers in their CRCs."""

    __slots__ = ("_crcs", "_slots", "size")

    def __init__(self, payload: bytes) -> None:
        """Cut `payload` up. Nearly all of it runs without Python's lock, and so beside the event loop."""
        self.size = len(payload)
        count = parts_of(self.size)
        slots = np.zeros((count, SLOT_BYTES), np.uint8)
        slots[:, CRC.size] = Kind.PART
        slots[:, _BEGIN - 2 : _BEGIN] = np.arange(count, dtype="<u2").view(np.uint8).reshape(-1, 2)
        whole = self.size // PART_BYTES
        data = np.frombuffer(payload, np.uint8)
        slots[:whole, _BEGIN:] = data[: whole * PART_BYTES].reshape(-1, PART_BYTES)
        if whole < count:
            slots[whole, _BEGIN : _BEGIN + self.size - whole * PART_BYTES] = data[whole * PART_BYTES :]
        self._slots = slots
        self._crcs = _crcs(slots[:, CRC.size :])

    def numbered(self, first_seq: int) -> memoryview:
        """Return the slots, of which the first has this sequence number; good until it is asked for another."""
        count = len(self._crcs)
        seqs = (np.arange(first_seq, first_seq + count, dtype=np.uint64) & 0xFFFFFFFF).astype("<u4")
        seeds = seqs.view(np.uint8).reshape(-1, 4)
        crcs = self._crcs.copy()
        for place in range(4):
            crcs ^= _SEEDS[place][seeds[:, place]]
        self._slots[:, : CRC.size] = crcs.astype("<u4").view(np.uint8).reshape(-1, 4)
        return self._slots.reshape(-1).data


def _crcs(bodies: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """Return the CRC-32 of each row, all rows at once, byte by byte."""
    crcs = np.full(len(bodies), 0xFFFFFFFF, np.uint32)
    for column in np.ascontiguousarray(bodies.T):
        crcs = _BYTE[(crcs ^ column) & 0xFF] ^ (crcs >> np.uint32(8))
    return crcs ^ np.uint32(0xFFFFFFFF)
