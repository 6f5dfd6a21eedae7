"""Questions about kinds, answered for whole arrays of slots at once: index a mask with an array of kinds."""

import numpy as np
import numpy.typing as npt

from core.records import FIRST_EFFECT, FIRST_INPUT, FIRST_PAYLOAD_INPUT, Kind
from journal.layout import PAYLOAD_META, PLAIN_META, has_payload

Slots = npt.NDArray[np.void]
"""Slots as a structured array of `core.arrays.SLOT_DTYPE`, shape (n,)."""


def _mask(rule: list[bool]) -> npt.NDArray[np.bool_]:
    return np.array(rule, dtype=np.bool_)


IS_PAYLOAD = _mask([has_payload(kind) for kind in range(256)])
IS_PLAIN_INPUT = _mask([FIRST_INPUT <= kind < FIRST_PAYLOAD_INPUT for kind in range(256)])
IS_INPUT = _mask([FIRST_INPUT <= kind < FIRST_EFFECT for kind in range(256)])
IS_EFFECT = _mask([FIRST_EFFECT <= kind < Kind.PART for kind in range(256)])
IS_SLOT = _mask([kind >= FIRST_INPUT or kind in PAYLOAD_META or kind in PLAIN_META for kind in range(256)])
