"""CRCs of whole segments at memory speed. Imports numba, so only `check.first_crc` imports this, and late."""

import numba
import numpy as np
import numpy.typing as npt

from core.records import SLOT_BYTES

_BODY_BYTES = SLOT_BYTES - 4
_POLYNOMIAL = 0xEDB88320  # CRC-32 as zlib's, bits reflected
_ONES = np.uint32(0xFFFFFFFF)


def _tables() -> npt.NDArray[np.uint32]:
    """Return, for each byte position of a slot's body and each value, what that byte adds to the CRC.

    A CRC is linear, so a slot's is the exclusive or of 60 independent look-ups: no chain from byte to byte, which
    is what lets a processor do several at once.
    """
    last = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        last = np.where(last & 1, (last >> 1) ^ np.uint32(_POLYNOMIAL), last >> 1).astype(np.uint32)
    tables = np.empty((_BODY_BYTES, 256), dtype=np.uint32)
    tables[-1] = last
    for position in range(_BODY_BYTES - 2, -1, -1):
        after = tables[position + 1]
        tables[position] = (after >> 8) ^ last[after & 0xFF]
    return tables


TABLES = _tables()


@numba.njit(
    numba.int64(
        numba.types.Array(numba.uint32, 2, "C", readonly=True),
        numba.int64,
        numba.boolean,
        numba.types.Array(numba.uint32, 2, "C", readonly=True),
    ),
    nogil=True,
    cache=True,
)
def first_crc(words: npt.NDArray[np.uint32], first_seq: int, right: bool, tables: npt.NDArray[np.uint32]) -> int:
    """Return the index of the first slot whose CRC is right, or is wrong, as `right` asks; -1 if none is.

    `words` are slots as (n, 16) little-endian words, the first of sequence number `first_seq`.
    """
    low = np.uint32(0xFF)
    for slot in range(words.shape[0]):
        # The sequence number seeds the CRC: it is folded into the first word.
        word = words[slot, 1] ^ np.uint32(first_seq + slot) ^ _ONES
        crc = _ONES
        for i in range(15):
            if i > 0:
                word = words[slot, i + 1]
            crc ^= (
                tables[4 * i, word & low]
                ^ tables[4 * i + 1, (word >> np.uint32(8)) & low]
                ^ tables[4 * i + 2, (word >> np.uint32(16)) & low]
                ^ tables[4 * i + 3, word >> np.uint32(24)]
            )
        if (crc == words[slot, 0]) == right:
            return slot
    return -1
