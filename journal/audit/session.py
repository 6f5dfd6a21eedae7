"""Hold one session against its signatures: those beside it, and those that were kept in another place."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from core.records import SLOT_BYTES
from journal.audit.findings import Finding, What
from journal.audit.heads import HeadState, SignedHead, is_genuine, line_hash
from journal.audit.trail import Trail
from journal.errors import JournalError
from journal.head import SessionState
from journal.progress import Progress
from journal.reader import open_session
from journal.verify import VerifyReport, verify

_KEEP = "keep the folder as it is, and compare it with a backup"


class SessionAudit(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one session. `signed_seq`: the records before it are signed for, by `signatures` heads.

    `unsigned_slots` follow the last signature; `key` is that of the last line.
    """

    session: str
    ok: bool
    state: SessionState | None = None
    slots: int = 0
    chain: str = ""
    signatures: int = 0
    anchors: int = 0
    signed_seq: int = 0
    signed_ns: int = 0
    unsigned_slots: int = 0
    key: str = ""
    findings: tuple[Finding, ...] = ()


def audit_session(
    folder: Path,
    trail: Trail,
    anchors: Iterable[SignedHead] = (),
    keys: frozenset[str] = frozenset(),
    progress: Progress | None = None,
) -> SessionAudit:
    """Verify the session and hold it against its trail and the anchored heads.

    `keys` are the public ones to trust, any where there are none.
    `trail` and `anchors` were read before: of a session that is running, later ones could be ahead.
    """
    audit = _Audit(folder, keys)
    links: dict[int, bytes] = {}
    try:
        report = verify(folder, progress, links)
    except JournalError as error:
        audit.find(What.UNREADABLE, str(error), _KEEP)
        report = VerifyReport(folder=str(folder), ok=False)
    audit.take(report)
    heads = audit.trail(trail)
    anchored = audit.anchored(trail, anchors)
    values = {seq: value.hex() for seq, value in links.items()}
    if report.tail:
        values.setdefault(report.slots, report.tail)
    signed = audit.compare(sorted((*heads, *anchored), key=lambda head: head.seq), values)
    return audit.result(heads, len(anchored), signed)


class _Audit:
    """Collects findings about one session."""

    def __init__(self, folder: Path, keys: frozenset[str]) -> None:
        self.folder = folder
        self.keys = keys
        self.findings: list[Finding] = []
        self.report = VerifyReport(folder=str(folder), ok=False)

    def find(self, what: What, message: str, advice: str, seq: int = -1) -> None:
        """Note something, with its place in the files where it is about a record."""
        segment, offset = place(self.folder, seq) if seq >= 0 else ("", -1)
        self.findings.append(
            Finding(
                what=what,
                session=self.folder.name,
                message=message,
                next=advice,
                seq=seq,
                segment=segment,
                offset=offset,
            )
        )

    def take(self, report: VerifyReport) -> None:
        """Note what the journal says against itself."""
        self.report = report
        if (damage := report.damage) is not None:
            self.findings.append(
                Finding(
                    what=What.DAMAGED,
                    session=self.folder.name,
                    message=f"{damage.what}: expected {damage.expected}, found {damage.found}",
                    next=f"{_KEEP}; what is right is read with --until {damage.intact_seq}",
                    seq=damage.seq,
                    segment=damage.segment,
                    offset=damage.offset,
                )
            )
        if report.session_id and report.session_id != self.folder.name:
            message = f"its records are of the session {report.session_id}"
            self.find(
                What.RENAMED, message, "give the folder its own name back, and look for the session that had this one"
            )

    def trail(self, trail: Trail) -> list[SignedHead]:
        """Return the heads of the trail that can be believed, up to the first line that cannot."""
        heads: list[SignedHead] = []
        previous = ""
        for number, (line, head) in enumerate(zip(trail.lines, trail.heads, strict=True)):
            if head is None or not is_genuine(head):
                why = "does not read" if head is None else "was not signed by the key that it names"
            elif head.session != (self.report.session_id or self.folder.name):
                why = f"is of the session {head.session}"
            elif head.n != number or head.previous != previous:
                why = f"does not follow the line before it: line {head.n} of its trail stands here"
            else:
                if self.keys and head.key not in self.keys:
                    message = f"signature {number} is of the key {head.key[:16]}, not of the one to trust"
                    self.find(What.OTHER_KEY, message, "say the right --key; without another, somebody else signed")
                    return heads
                heads.append(head)
                previous = line_hash(line)
                continue
            self.find(What.FORGED, f"signature {number} {why}", _KEEP)
            return heads
        if not trail.lines:
            message = "no signatures: written without [audit] key_file, or they were taken away"
            self.find(What.UNSIGNED, message, "the checksums and the hash chain alone hold it; --anchors may know more")
        return heads

    def anchored(self, trail: Trail, anchors: Iterable[SignedHead]) -> list[SignedHead]:
        """Return the anchored heads of this session; note those that its own trail lost."""
        known = {head for head in trail.heads if head is not None}
        found = [head for head in anchors if head.session == self.folder.name]
        lost = sorted({head.n for head in found if head not in known})
        if lost:
            numbers = f"{lost[0]}" if len(lost) == 1 else f"{lost[0]} to {lost[-1]}"
            message = f"signature {numbers} of it, kept in the second place, is not in its own trail"
            self.find(What.TRAIL_CUT, message, _KEEP)
        return found

    def compare(self, heads: list[SignedHead], values: dict[int, str]) -> SignedHead | None:
        """Hold the chain against signed heads in order; return the last that agrees."""
        damage, last = self.report.damage, None
        intact = self.report.slots if damage is None else damage.intact_seq
        for head in heads:
            if damage is not None and (head.seq >= intact or head.seq not in values):
                return last  # where it breaks is known already, and links behind that place are not
            closed = head.state is HeadState.CLOSED
            if head.seq > intact or (head.seq == intact and not closed):
                message = f"signed for up to record {head.seq}, and the journal ends before record {intact}"
                self.find(What.CUT, message, f"records are gone: {_KEEP}", intact)
                return last
            if values.get(head.seq) != head.chain:
                if closed and head.seq < intact:
                    self.find(
                        What.ADDED, f"it was signed for as over at record {head.seq}, and more follow", _KEEP, head.seq
                    )
                    return last
                begin = 0 if last is None else last.seq + 1
                message = f"records from {begin} to {head.seq} are not those that were signed"
                self.find(What.REWRITTEN, message, _KEEP, begin)
                return last
            last = head
        if last is not None and last.state is HeadState.ENDED and damage is None and intact > last.seq + 1:
            message = f"the session was over at record {last.seq}, and more follow"
            self.find(What.ADDED, message, _KEEP, last.seq + 1)
        return last

    def result(self, heads: list[SignedHead], anchors: int, signed: SignedHead | None) -> SessionAudit:
        """Return the audit over all of it."""
        report = self.report
        signed_seq = 0 if signed is None else min(signed.seq + 1, report.slots)
        unsigned = max(0, report.slots - signed_seq)
        if heads and unsigned and report.ok and not any(each.is_break for each in self.findings):
            running = report.state is SessionState.RUNNING
            message = f"{unsigned} slots from record {signed_seq} on follow the last signature"
            advice = (
                "it is running: the next signature covers them"
                if running
                else "the next session's start signs for them"
            )
            self.find(What.TAIL, message, advice, signed_seq)
        return SessionAudit(
            session=self.folder.name,
            ok=not any(each.is_break for each in self.findings),
            state=report.state,
            slots=report.slots,
            chain=report.chain,
            signatures=len(heads),
            anchors=anchors,
            signed_seq=signed_seq,
            signed_ns=0 if signed is None else signed.time_ns,
            unsigned_slots=unsigned,
            key=heads[-1].key if heads else "",
            findings=tuple(self.findings),
        )


def place(folder: Path, seq: int) -> tuple[str, int]:
    """Return the segment and the byte where record `seq` begins, or would; ("", -1) where the folder does not open."""
    try:
        with open_session(folder, verify=False) as reader:
            for segment in reader.segments:
                if seq < segment.end_seq or segment is reader.segments[-1]:
                    return segment.path.name, (seq - segment.first_seq) * SLOT_BYTES
    except JournalError:
        return "", -1
    return "", -1
