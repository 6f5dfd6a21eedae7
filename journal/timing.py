"""How long decisions took: the records that the daemon writes beside its commands and refusals.

They are times of one machine, so no replay compares them, and a recovery does without: a session that was simulated
has none.
"""

import msgspec
import numpy as np

from core.records import Kind
from journal.reader import SessionReader


class Timing(msgspec.Struct, frozen=True, gc=False):
    """One decision, ns since 1970: its input came, it was decided, its command was handed to the venue's connector.

    `handed_ns` is 0 where no command left: a refusal.
    """

    caused_ns: int
    decided_ns: int
    handed_ns: int


def timings_of(reader: SessionReader) -> dict[int, Timing]:
    """Return the timings of a session by the number of the decision's record. Raises JournalDamaged."""
    found: dict[int, Timing] = {}
    for segment in reader.segments:
        slots = reader.array(segment.number)
        own = slots[np.flatnonzero(segment.kinds() == Kind.TIMING)]
        for of_seq, *times in zip(*(own[name].tolist() for name in ("a", "recv_ns", "b", "c")), strict=True):
            found[of_seq] = Timing(*times)
    return found
