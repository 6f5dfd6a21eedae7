"""Follow the hash chain through slots: recompute every link and stop at the first that differs."""

import numpy as np

from core.records import SLOT_BYTES, Kind
from journal.chain import HashChain
from journal.check import Fault
from journal.layout import HASH_FIELDS
from journal.masks import Slots
from journal.reader import SessionReader
from journal.segments import Segment


def follow_segment(
    segment: Segment, slots: Slots, chain: HashChain, begin: int = 0, links: dict[int, bytes] | None = None
) -> int:
    """Recompute the links behind slot `begin` of a segment; return how many. Raises JournalDamaged.

    `links` gets each link's number and value.
    """
    data = segment.data()
    count = 0
    for at in (np.flatnonzero(segment.kinds()[begin:] == Kind.CHAIN) + begin).tolist():
        chain.update(data[begin * SLOT_BYTES : at * SLOT_BYTES])
        since_seq = chain.linked_seq
        expected = chain.link(segment.first_seq + at)
        found = slots[at].item()[1:]
        if found != expected:
            what = f"hash chain (a record from seq {since_seq} on was changed)"
            value = HASH_FIELDS.pack(*found[6:]).hex()
            raise segment.damaged(Fault(at, what, chain.value.hex(), value), intact_seq=since_seq)
        if links is not None:
            links[segment.first_seq + at] = chain.value
        count += 1
        begin = at + 1
    chain.update(data[begin * SLOT_BYTES : segment.slots * SLOT_BYTES])
    return count


def follow(reader: SessionReader, chain: HashChain) -> None:
    """Take a session's records from `chain.linked_seq` on, the record before being the link that `chain` stands at.

    Raises JournalDamaged where that link, or a later one, is another.
    """
    link_seq = chain.linked_seq - 1
    for segment in reader.segments:
        if segment.end_seq <= link_seq or not segment.slots:
            continue
        slots = reader.array(segment.number)
        begin = 0
        if segment.first_seq <= link_seq:
            begin = link_seq - segment.first_seq
            found = slots[begin].item()
            value = HASH_FIELDS.pack(*found[7:]).hex()
            if found[1] != Kind.CHAIN or value != chain.value.hex():
                raise segment.damaged(Fault(begin, "hash chain, as it was signed", chain.value.hex(), value))
            begin += 1
        follow_segment(segment, slots, chain, begin)
    if link_seq >= reader.end_seq:
        last = reader.segments[-1]
        raise last.damaged(Fault(last.slots, "the session's end", f"at least {link_seq + 1} records", "the end"))
