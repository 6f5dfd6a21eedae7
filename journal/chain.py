"""The hash chain: SHA-256 over its previous value and every slot since. Writer and verifier run the same one."""

import hashlib

from core.records import NO_INSTRUMENT, Event, Kind
from journal.layout import CHAIN_START, HASH_FIELDS


class HashChain:
    """`value` is that of the last link (CHAIN record), `linked_seq` the first sequence number after it."""

    __slots__ = ("_hasher", "linked_seq", "value")

    def __init__(self, value: bytes = CHAIN_START, linked_seq: int = 0) -> None:
        self.value = value
        self.linked_seq = linked_seq
        self._hasher = hashlib.sha256(value)

    def update(self, slots: bytearray | memoryview) -> None:
        """Take slots in order, CHAIN records left out."""
        self._hasher.update(slots)

    def peek(self) -> bytes:
        """Return the value that a link would have here, without one."""
        return self._hasher.copy().digest()

    def link(self, seq: int) -> Event:
        """Return the CHAIN record that belongs at `seq`, and begin the next link from its value."""
        self.value = self._hasher.digest()
        covered = seq - self.linked_seq
        self.linked_seq = seq + 1
        self._hasher = hashlib.sha256(self.value)
        return (Kind.CHAIN, 0, NO_INSTRUMENT, 0, 0, covered, *HASH_FIELDS.unpack(self.value))
