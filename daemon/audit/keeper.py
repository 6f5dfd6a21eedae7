"""Signs the head of the running session's hash chain, once a minute and at its ends, and hands it to second places.

The event loop only puts a link into the journal. Waiting for the disk, signing and writing happen in one thread,
each second place in another. What fails is an alert, and is tried again with the next signature.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import structlog

from config.audit_settings import AuditSettings
from core.effects import Alert, Severity
from daemon.audit.anchors import Anchor, CommandAnchor, place_of
from daemon.status import AnchorSeen, AuditSeen
from journal.audit.heads import HeadState
from journal.audit.keys import SigningKey, load_signing_key
from journal.audit.trail import TrailWriter, close_crashed, last_signed, name_before, unclosed
from journal.errors import JournalError
from journal.files import sync_beside
from journal.folders import segment_files
from journal.writer import JournalWriter

PARTING_S = 5.0
ALERT_CODE = "AUDIT"

log = structlog.get_logger("tickerd")


class _Job(msgspec.Struct, frozen=True):
    """One head to sign."""

    state: HeadState
    time_ns: int
    seq: int
    chain: bytes


class AuditKeeper:
    """Keeps the trail of one session."""

    def __init__(
        self, settings: AuditSettings, key: SigningKey, journal: JournalWriter, now_ns: Callable[[], int]
    ) -> None:
        """Sign for how the session begins, and for what the one before left. Raises JournalIOError."""
        self._every_s = settings.every_s
        self._journal = journal
        self._now_ns = now_ns
        self._told: queue.SimpleQueue[Alert] = queue.SimpleQueue()
        folder = journal.folder
        before = self._close_before(folder, key)
        self._writer = TrailWriter(folder, key, folder.name)
        self._synced = 0
        places = [place_of(text) for text in settings.anchors]
        if settings.anchor_command:
            places.append(CommandAnchor(settings.anchor_command))
        self.anchors = [Anchor(place, self._teller(f"the second place {place.name}")) for place in places]
        self._tell_signing = self._teller("signing the hash chain")
        self._failing = False
        self.signed_ns = 0
        self._jobs: queue.Queue[_Job | None] = queue.Queue(maxsize=16)
        self._sign(_Job(HeadState.STARTED, now_ns(), *journal.link()), before)
        self._thread = threading.Thread(target=self._run, name="audit trail", daemon=True)
        self._thread.start()

    def _close_before(self, folder: Path, key: SigningKey) -> Path | None:
        """Sign for what sessions left that crashed; return the folder of the one before."""
        for crashed in unclosed(folder.parent, folder):
            if why := close_crashed(crashed, key, self._now_ns()):
                log.error("a session that crashed is not signed for", reason=why, hint="`tickerd audit verify`")
                message = f"{why}: `tickerd audit verify` tells more"
                self._told.put(Alert(severity=Severity.ERROR, code=ALERT_CODE, message=message))
        return last_signed(folder.parent, folder)

    async def run(self, raise_alert: Callable[[Alert], None]) -> None:
        """Sign each minute and tell what failed, until cancelled. Raises JournalError where the journal stopped."""
        loop = asyncio.get_running_loop()
        due_s = loop.time() + self._every_s
        while True:
            while not self._told.empty():
                raise_alert(self._told.get())
            if loop.time() >= due_s:
                due_s = loop.time() + self._every_s
                self._put(_Job(HeadState.RUNNING, self._now_ns(), *self._journal.link()))
            await asyncio.sleep(min(1.0, self._every_s))

    def seen(self, now_ns: int) -> AuditSeen:
        """Return how old the newest signature is, here and in each second place."""
        places = [
            AnchorSeen(place=shown(each.place.name), age_ns=_age(each.put_ns, now_ns), pending=each.pending)
            for each in self.anchors
        ]
        return AuditSeen(signed_age_ns=_age(self.signed_ns, now_ns), every_ns=int(self._every_s * 1e9), places=places)

    def end(self) -> list[str]:
        """Sign behind the seal and wait, for a few seconds at most; return what could not be done."""
        state = HeadState.ENDED if self._journal.sealed else HeadState.RUNNING
        self._put(_Job(state, self._now_ns(), *self._journal.linked))
        self._jobs.put(None)
        self._thread.join(PARTING_S)
        left = [anchor.place.name for anchor in self.anchors if not anchor.close(PARTING_S / max(1, len(self.anchors)))]
        problems = [f"signatures are not in {', '.join(left)}"] if left else []
        if self._thread.is_alive():
            problems.append(f"the last signature was not written within {PARTING_S:g} s")
        while not self._told.empty():
            if (alert := self._told.get()).severity is Severity.ERROR:
                problems.append(alert.message)
        return problems

    def _put(self, job: _Job) -> None:
        try:
            self._jobs.put_nowait(job)
        except queue.Full:  # a disk that hangs: the next signature covers what this one would have
            self._tell_signing("the disk has not answered for several signatures")

    def _run(self) -> None:
        """Take heads as they come, in a thread of its own."""
        while (job := self._jobs.get()) is not None:
            try:
                self._sign(job)
            except (JournalError, OSError) as error:
                self._failing = True
                self._tell_signing(str(error))
            else:
                if self._failing:
                    self._failing = False
                    self._tell_signing("")
        self._writer.close()

    def _sign(self, job: _Job, before: Path | None = None) -> None:
        """Sign one head: of nothing that a power cut could still take back. Raises JournalError, OSError."""
        segments = segment_files(self._journal.folder)
        for path in segments[self._synced :]:
            sync_beside(path)
        self._synced = len(segments) - 1
        named = None if before is None else name_before(before)
        line = self._writer.sign(job.state, job.time_ns, job.seq, job.chain, named)
        self.signed_ns = job.time_ns
        for anchor in self.anchors:
            anchor.offer(line, job.time_ns)

    def _teller(self, what: str) -> Callable[[str], None]:
        """Return what turns a problem, or "" for none any more, into an alert."""

        def tell(problem: str) -> None:
            message = f"{what} fails: {problem}; it is tried again" if problem else f"{what} works again"
            severity = Severity.ERROR if problem else Severity.INFO
            self._told.put(Alert(severity=severity, code=ALERT_CODE, message=message))

        return tell


def _age(then_ns: int, now_ns: int) -> int:
    """Return how long ago something was, -1 where it never was; a clock that stepped back makes nothing younger."""
    return max(0, now_ns - then_ns) if then_ns else -1


def shown(place: str) -> str:
    """Return the name of a second place without what an address may hide: a password, a token in its query."""
    if "://" not in place:
        return place
    address = urlsplit(place)
    port = f":{address.port}" if address.port else ""
    return f"{address.scheme}://{address.hostname or ''}{port}{address.path}"


def signing_key(settings: AuditSettings) -> SigningKey | None:
    """Return the key that the settings name, None where they name none. Raises KeyRefused."""
    return load_signing_key(Path(settings.key_file)) if settings.key_file else None
