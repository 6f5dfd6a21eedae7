"""Sessions under audit are removed only where they were verified and anchored, and what is removed is signed for."""

import os
from collections.abc import Sequence
from pathlib import Path

from journal.audit.findings import Finding
from journal.audit.folder import REMOVED_NAME, read_anchors
from journal.audit.heads import HeadState, SignedHead, line_hash, sign
from journal.audit.keys import SigningKey
from journal.audit.session import audit_session
from journal.audit.trail import append_line, read_trail
from journal.errors import JournalError, JournalIOError


class Removal:
    """Says of a session why it must stay, and signs for one that goes."""

    def __init__(
        self,
        anchor_files: Sequence[Path],
        key: SigningKey | None,
        now_ns: int,
        *,
        keep_ns: int = 0,
        keys: frozenset[str] = frozenset(),
        anyway: bool = False,
    ) -> None:
        """`keep_ns`: younger sessions stay; `anyway`: remove what is not verified and anchored, as somebody asked."""
        self._files = anchor_files
        self._key = key
        self._now_ns = now_ns
        self._keep_ns = keep_ns
        self._keys = keys if key is None else keys | {key.public}
        self._anyway = anyway
        self._heads: list[SignedHead] | None = None

    def why_not(self, folder: Path) -> str:
        """Return why a session must not be removed, "" where it may. One without signatures is not under audit."""
        try:
            trail = read_trail(folder)
            last = trail.last
            if not trail.lines:
                return ""
            if last is not None and self._now_ns - last.time_ns < self._keep_ns:
                return "younger than [audit] keep_days"
            if self._anyway:
                return ""
            found = audit_session(folder, trail, self._anchored(), self._keys)
        except JournalError as error:
            return f"not verified: {error}"
        if not found.ok or last is None:
            broken = next((each.message for each in found.findings if each.is_break), "its trail does not read")
            return f"not verified: {broken}"
        if found.unsigned_slots:
            return f"{found.unsigned_slots} slots are not signed for; the next session's start does that"
        if last not in self._anchored():
            return "its last signature is in no second place that was named"
        return ""

    def sign_for(self, folder: Path) -> None:
        """Leave a signed line beside the sessions that says what is removed. Raises JournalIOError."""
        trail = read_trail(folder)
        last = trail.last
        if self._key is None or last is None:
            return  # the next audit misses the session, and is right to
        head = SignedHead(
            n=len(trail.lines),
            session=folder.name,
            state=HeadState.REMOVED,
            time_ns=self._now_ns,
            seq=last.seq,
            chain=last.chain,
            previous=line_hash(trail.lines[-1]),
            key=self._key.public,
        )
        path = folder.parent / REMOVED_NAME
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                append_line(descriptor, sign(head, self._key))
            finally:
                os.close(descriptor)
        except OSError as error:
            raise JournalIOError(f"cannot sign for what is removed in {path}: {error}") from error

    def _anchored(self) -> list[SignedHead]:
        """Return what the second places hold; one that cannot be read holds nothing. Forged lines count for nothing."""
        if self._heads is None:
            ignored: list[Finding] = []
            self._heads = [
                head for file in self._files if file.is_file() for head in read_anchors(file, self._keys, ignored)
            ]
        return self._heads
