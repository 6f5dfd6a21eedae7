"""Audit all sessions under a root: each of them, and that none is missing between them or from the second places."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from journal.audit.findings import Finding, What
from journal.audit.heads import HeadState, SignedHead, is_genuine, line_hash, read_head
from journal.audit.session import SessionAudit, audit_session
from journal.audit.trail import Trail, read_trail
from journal.errors import JournalIOError
from journal.folders import sessions
from journal.progress import Progress

REMOVED_NAME = "removed.jsonl"  # signed lines that say which sessions retention took away
_BEGIN = b'{"v":'
_LOOK = "look for it in a backup; what was in it, the second place cannot tell"


class FolderAudit(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit found. `checked_key`: whether the signatures were held against a key that was named."""

    root: str
    ok: bool
    checked_key: bool
    sessions: tuple[SessionAudit, ...]
    anchors: int = 0
    findings: tuple[Finding, ...] = ()

    @property
    def all_findings(self) -> list[Finding]:
        """Those of each session, then those between them."""
        return [*(each for session in self.sessions for each in session.findings), *self.findings]


def audit(
    root: Path,
    folders: Sequence[Path] | None = None,
    anchor_files: Sequence[Path] = (),
    keys: frozenset[str] = frozenset(),
    told: Callable[[Path], Progress | None] = lambda _: None,
) -> FolderAudit:
    """Audit the sessions under `root`, or only `folders`, for which nothing that is not there is missed.

    `told` is asked for the progress of each. Raises JournalIOError where a trail or an anchor file cannot be read.
    """
    findings: list[Finding] = []
    heads = [head for file in anchor_files for head in read_anchors(file, keys, findings)]
    chosen = sessions(root) if folders is None else list(folders)
    trails = {folder: read_trail(folder) for folder in chosen}
    audits = tuple(audit_session(folder, trails[folder], heads, keys, told(folder)) for folder in chosen)
    if folders is None:
        removed = _removed(root, keys, findings)
        _find_missing(root, {folder.name: trail for folder, trail in trails.items()}, heads, removed, findings)
    return FolderAudit(
        root=str(root),
        ok=all(each.ok for each in audits) and not any(each.is_break for each in findings),
        checked_key=bool(keys),
        sessions=audits,
        anchors=len(heads),
        findings=tuple(findings),
    )


def read_anchors(file: Path, keys: frozenset[str], findings: list[Finding]) -> list[SignedHead]:
    """Return the heads kept in a second place; those that nobody signed are noted. Raises JournalIOError.

    What a log puts before each line is passed over, so that `journalctl -t tickerd-audit > FILE` will do.
    """
    try:
        lines = file.read_bytes().split(b"\n")
    except OSError as error:
        raise JournalIOError(f"cannot read the anchors {file}: {error}; is the disk mounted?") from error
    heads = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        head = read_head(line[max(0, line.find(_BEGIN)) :].rstrip(b"\r"))
        if head is not None and is_genuine(head) and (not keys or head.key in keys):
            heads.append(head)
            continue
        if head is None:
            what, message = What.ANCHOR_TORN, "does not read: a write was cut short there, or it was edited"
        elif is_genuine(head):
            what, message = What.OTHER_KEY, f"is of the key {head.key[:16]}, not of the one to trust"
        else:
            what, message = What.FORGED, "was not signed by the key that it names"
        findings.append(
            Finding(
                what=what,
                session="" if head is None else head.session,
                message=f"line {number} of {file} {message}",
                next="the other lines count; compare the file with another second place",
            )
        )
    return heads


def _removed(root: Path, keys: frozenset[str], findings: list[Finding]) -> dict[str, SignedHead]:
    """Return what retention signed for when it removed sessions. Raises JournalIOError."""
    file = root / REMOVED_NAME
    heads = read_anchors(file, keys, findings) if file.is_file() else []
    return {head.session: head for head in heads if head.state is HeadState.REMOVED}


def _find_missing(
    root: Path,
    trails: dict[str, Trail],
    anchored: Iterable[SignedHead],
    removed: dict[str, SignedHead],
    findings: list[Finding],
) -> None:
    """Note sessions that a signature names and that are not there, or not as they were named."""
    missing: dict[str, str] = {}
    for name, trail in trails.items():
        first = trail.heads[0] if trail.heads else None
        if first is None or first.before is None or not is_genuine(first):
            continue
        before = first.before
        if before.session not in trails:
            missing.setdefault(before.session, f"{name} began after it")
            continue
        lines = trails[before.session].lines
        if before.n >= len(lines) or line_hash(lines[before.n]) != before.line:
            findings.append(
                Finding(
                    what=What.TRAIL_CUT,
                    session=before.session,
                    message=f"its signature {before.n} is not the one that {name} names",
                    next="signatures were taken away or put in their place: compare the folder with a backup",
                )
            )
    last: dict[str, SignedHead] = {}
    for head in anchored:
        if head.session not in trails:
            last[head.session] = max(head, last.get(head.session, head), key=lambda each: each.n)
    for name, head in last.items():
        missing[name] = f"the second place has {head.n + 1} signatures of it, up to record {head.seq}"
    for name, why in sorted(missing.items()):
        gone = removed.get(name)
        if gone is not None and (name not in last or gone.n > last[name].n):
            day = dt.datetime.fromtimestamp(gone.time_ns // 10**9, dt.UTC)
            what, message = What.REMOVED, f"removed by retention on {day:%Y-%m-%d}, as was signed then"
        else:
            what, message = What.MISSING, f"not under {root}, though {why}"
        advice = "" if what is What.REMOVED else _LOOK
        findings.append(Finding(what=what, session=name, message=message, next=advice))
