"""Verify a whole session: every CRC, every record's structure, the hash chain, the segments' order, the seal.

The chain is what a CRC is not: an edit that also mends its slot's CRC still breaks the next link. Whoever can rewrite
every link after the edit leaves no trace in the folder alone; keep `VerifyReport.chain` elsewhere to rule that out.
"""

from pathlib import Path

import msgspec
import numpy as np

from core.records import Kind
from journal.chain import HashChain
from journal.check import Fault
from journal.errors import JournalDamaged
from journal.head import SessionState
from journal.links import follow_segment
from journal.masks import IS_EFFECT, IS_INPUT
from journal.progress import Progress
from journal.reader import SessionReader, open_session
from journal.segments import Segment, TornTail


class Damage(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a JournalDamaged, as a value."""

    what: str
    seq: int
    intact_seq: int
    segment: str
    offset: int
    expected: str
    found: str


class VerifyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What verification found. `ok` means not damaged; a torn tail is what a crash leaves and no damage.

    `slots` were found right, in order from the session's beginning. `unchained_slots` of them follow the chain's last
    link: a crash leaves some, and they are held by their CRCs alone. `chain` is the last link's value in hex.
    """

    folder: str
    ok: bool
    session_id: str = ""
    state: SessionState | None = None
    segments: int = 0
    slots: int = 0
    inputs: int = 0
    effects: int = 0
    records: dict[str, int] = {}
    links: int = 0
    unchained_slots: int = 0
    chain: str = ""
    torn: TornTail | None = None
    damage: Damage | None = None
    tail: str = ""  # the value that a link would have behind the last whole record, in hex; "" where damaged

    def raise_if_damaged(self) -> None:
        """Raise JournalDamaged with the first damage, if there was any."""
        if self.damage is not None:
            raise JournalDamaged(**msgspec.structs.asdict(self.damage))


def verify(folder: Path, progress: Progress | None = None, links: dict[int, bytes] | None = None) -> VerifyReport:
    """Verify the session in `folder`; damage is in the report, not raised. `links` gets each link's number and value.

    Raises JournalNotFound, JournalIOError, SchemaUnsupported.
    """
    try:
        reader = open_session(folder)
    except JournalDamaged as error:
        return VerifyReport(folder=str(folder), ok=False, damage=_damage(error))
    walk = _Walk(reader, links)
    damage = None
    with reader:
        try:
            for segment in reader.segments:
                walk.take(segment)
                if progress is not None:
                    progress(segment.end_seq, reader.end_seq)
        except JournalDamaged as error:
            damage = _damage(error)
        return walk.report(damage)


def _damage(error: JournalDamaged) -> Damage:
    return Damage(
        what=error.what,
        seq=error.seq,
        intact_seq=error.intact_seq,
        segment=error.segment,
        offset=error.offset,
        expected=error.expected,
        found=error.found,
    )


class _Walk:
    """What is known after some segments, the hash chain above all."""

    def __init__(self, reader: SessionReader, links: dict[int, bytes] | None) -> None:
        self.reader = reader
        self.values = links
        self.slots = 0
        self.counts = np.zeros(256, np.int64)
        self.links = 0
        self.chain = HashChain()

    def take(self, segment: Segment) -> None:
        """Verify the next segment. Raises JournalDamaged."""
        if segment.slots == 0:
            return  # an interrupted write left it before its head was whole
        slots = self.reader.array(segment.number)
        self._check_places(segment)
        self.links += follow_segment(segment, slots, self.chain, links=self.values)
        self.counts += np.bincount(segment.kinds(), minlength=256)
        self.slots = segment.end_seq

    def _check_places(self, segment: Segment) -> None:
        """Verify what may stand only at a segment's beginning or at the session's end."""
        previous = segment.head().previous
        if previous != self.chain.value:
            raise segment.damaged(Fault(0, "hash chain between segments", self.chain.value.hex(), previous.hex()))
        kinds = segment.kinds()
        heads = np.flatnonzero(kinds == Kind.SEGMENT)
        if len(heads) > 1:
            fault = Fault(int(heads[1]), "misplaced record", "one head a segment", "a second head")
            raise segment.damaged(fault)
        seals = np.flatnonzero(kinds == Kind.SEAL)
        if len(seals) and (int(seals[0]) != segment.seal_index() or segment.end_seq != self.reader.end_seq):
            fault = Fault(int(seals[0]), "misplaced record", "the end after a seal", "more records")
            raise segment.damaged(fault)
        closed = segment is not self.reader.segments[-1]
        if closed and kinds[-1] != Kind.CHAIN:
            fault = Fault(len(kinds) - 1, "closed segment", "a link of the chain at its end", f"kind {kinds[-1]}")
            raise segment.damaged(fault)

    def report(self, damage: Damage | None) -> VerifyReport:
        """Return the report over what was taken."""
        reader = self.reader
        kinds = {kind.value: kind.name for kind in Kind if kind not in {Kind.PART, Kind.EMPTY}}
        return VerifyReport(
            folder=str(reader.folder),
            ok=damage is None,
            session_id=reader.head.session_id,
            state=reader.state,
            segments=len(reader.segments),
            slots=self.slots,
            inputs=int(self.counts[IS_INPUT].sum()),
            effects=int(self.counts[IS_EFFECT].sum()),
            records={
                kinds.get(kind, str(kind)): count
                for kind, count in enumerate(self.counts.tolist())
                if count and kind != Kind.PART
            },
            links=self.links,
            unchained_slots=max(0, self.slots - self.chain.linked_seq),
            chain=self.chain.value.hex() if self.links else "",
            torn=reader.torn,
            damage=damage,
            tail=self.chain.peek().hex() if damage is None else "",
        )
