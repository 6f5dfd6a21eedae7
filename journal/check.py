"""What makes slots a journal: right CRCs, whole records. Works on arrays of slots and knows no files."""

import zlib

import msgspec
import numpy as np

from core.records import PART_BYTES, SLOT_BYTES, Kind
from journal.layout import MAX_PAYLOAD_BYTES
from journal.masks import IS_PAYLOAD, IS_RECORD, Slots

# Until a process has checked this many slots, zlib in a loop (0.7 us a slot) takes less time than numba's import (2 s).
_FEW_SLOTS = 1_500_000
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


def structure_fault(slots: Slots) -> Fault | None:
    """Return the first slot that breaks the rule "a head, then exactly its parts, numbered from 0"."""
    if len(slots) == 0:
        return None
    kinds = slots["kind"]
    heads = np.flatnonzero(kinds != Kind.PART)
    if heads.size == 0 or heads[0] != 0:
        return Fault(0, "misplaced slot", "a record's head", "a continuation")
    head_kinds = kinds[heads]
    if not IS_RECORD[head_kinds].all():
        at = int(np.argmin(IS_RECORD[head_kinds]))
        return Fault(int(heads[at]), "unknown record", "a kind that records have", f"kind {int(head_kinds[at])}")
    followed = np.diff(heads, append=len(slots)) - 1
    sizes = np.where(IS_PAYLOAD[head_kinds], slots["a"][heads], 0)
    impossible = (sizes < 0) | (sizes > MAX_PAYLOAD_BYTES)
    wrong = impossible | (-(-np.where(impossible, 0, sizes) // PART_BYTES) != followed)
    if wrong.any():
        at = int(np.argmax(wrong))
        expected = f"a payload that fills {int(followed[at])} continuation slots"
        return Fault(int(heads[at]), "payload length", expected, f"{int(sizes[at])} bytes")
    numbers = np.arange(len(slots)) - np.repeat(heads, followed + 1) - 1
    misnumbered = (kinds == Kind.PART) & (slots["instrument"] != numbers)
    if misnumbered.any():
        at = int(np.argmax(misnumbered))
        return Fault(at, "part number", str(int(numbers[at])), str(int(slots["instrument"][at])))
    return None
