"""The record as a numpy structured type: a segment of the journal viewed as an array, without a copy.

Apart from `core.records`, so that the live process need not import numpy to write records.
"""

import numpy as np

from core.records import SLOT_BYTES

SLOT_DTYPE = np.dtype(
    [
        ("crc", "<u4"),
        ("kind", "u1"),
        ("flags", "u1"),
        ("instrument", "<u2"),
        ("recv_ns", "<i8"),
        ("venue_ns", "<i8"),
        ("a", "<i8"),
        ("b", "<i8"),
        ("c", "<i8"),
        ("d", "<i8"),
        ("e", "<i8"),
    ]
)

assert SLOT_DTYPE.itemsize == SLOT_BYTES
