"""What makes slots a journal: right CRCs, whole records. Works on arrays of slots and knows no files."""

import zlib

import msgspec
import numpy as np
import numpy.typing as npt

from core.records import PART_BYTES, SLOT_BYTES, Kind
from journal.layout import MAX_PAYLOAD_BYTES
from journal.masks import IS_PAYLOAD, IS_SLOT, Slots

# Until a process has checked this many slots, zlib in a loop (0.7 us a slot) takes less time than numba's import (2 s).
_FEW_SLOTS = 2_500_000
_looped = [0]  # slots that this process has checked so


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with the slot at `index`."""

    index: int
    what: str
    expected: str
    found: str


def first_crc(slots: Slots, first_seq: int, *, right: bool) -> int:
    """Return the index of the first slot whose CRC is right, or is wrong, as `right` asks; -1 if none is."""
    if _looped[0] + len(slots) >= _FEW_SLOTS:
        from journal import scan  # noqa: PLC0415  only where it saves more than it takes

        return int(scan.first_crc(slots.view(np.uint32).reshape(-1, 16), first_seq, right, scan.TABLES))
    _looped[0] += len(slots)
    view = slots.view(np.uint8).data
    crcs = slots["crc"].tolist()
    for index, crc in enumerate(crcs):
        at = index * SLOT_BYTES
        if (zlib.crc32(view[at + 4 : at + SLOT_BYTES], first_seq + index) == crc) is right:
            return index
    return -1


def crc_fault(slots: Slots, first_seq: int) -> Fault | None:
    """Return the first slot whose bytes are not those that were written there."""
    index = first_crc(slots, first_seq, right=False)
    return None if index < 0 else crc_fault_at(slots, first_seq, index)


def crc_fault_at(slots: Slots, first_seq: int, index: int) -> Fault:
    """Return what is wrong with the CRC of the slot at `index`."""
    crc = zlib.crc32(slots[index].tobytes()[4:], first_seq + index)
    return Fault(index, "CRC mismatch", f"{crc:08x} for these bytes", f"{int(slots['crc'][index]):08x}")


def structure_fault(slots: Slots, kinds: npt.NDArray[np.uint8]) -> Fault | None:
    """Return the first slot that breaks the rule "a head, then exactly its parts, numbered from 0".

    `kinds` are the slots' kinds, side by side.
    """
    known = IS_SLOT[kinds]
    if not known.all():
        at = int(np.argmin(known))
        return Fault(at, "unknown record", "a kind that records have", f"kind {int(kinds[at])}")
    heads = np.flatnonzero(IS_PAYLOAD[kinds])
    parts = np.flatnonzero(kinds == Kind.PART)
    sizes = slots["a"][heads]
    possible = (sizes >= 0) & (sizes <= MAX_PAYLOAD_BYTES)
    if not possible.all():
        at = int(np.argmin(possible))
        return Fault(int(heads[at]), "payload length", f"at most {MAX_PAYLOAD_BYTES}", str(int(sizes[at])))
    # Where parts must be, and which: each payload's, right after its head.
    counts = -(-sizes // PART_BYTES)
    owner = np.repeat(heads, counts)
    numbers = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    return _first_misplaced(parts, owner, numbers) or _first_misnumbered(slots, parts, numbers)


def _first_misplaced(
    parts: npt.NDArray[np.int64], owner: npt.NDArray[np.int64], numbers: npt.NDArray[np.int64]
) -> Fault | None:
    """Return the first continuation that belongs to no payload, or the first payload that misses one."""
    wanted = owner + 1 + numbers
    both = min(len(parts), len(wanted))
    differs = parts[:both] != wanted[:both]
    at = int(np.argmax(differs)) if differs.any() else both
    if at == len(parts) == len(wanted):
        return None
    if at < len(parts) and (at == len(wanted) or parts[at] < wanted[at]):
        return Fault(int(parts[at]), "misplaced slot", "a record's head", "a continuation")
    return Fault(int(owner[at]), "payload", f"a continuation {int(numbers[at]) + 1} slots on", "none")


def _first_misnumbered(slots: Slots, parts: npt.NDArray[np.int64], numbers: npt.NDArray[np.int64]) -> Fault | None:
    """Return the first continuation whose number is not its place in the payload."""
    wrong = slots["instrument"][parts] != numbers
    if not wrong.any():
        return None
    at = int(np.argmax(wrong))
    found = int(slots["instrument"][parts[at]])
    return Fault(int(parts[at]), "part number", str(int(numbers[at])), str(found))
