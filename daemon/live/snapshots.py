"""Snapshots of a live session: what a restart needs, journaled now and then without holding the event loop.

A snapshot is the state at exactly one place of the journal. It is made in steps, between which the market goes on:

1. Orders that changed since they were last written are encoded, a few at a time (`oms.written`).
2. The state is captured: the bytes of all orders, and the rest encoded. This is its place, the `seq` that it bears.
3. A thread joins and packs it, takes its digest and cuts it into slots: bytes do not change any more.
4. The record is journaled where the journal has come to by then; a restart goes by the place that it bears.
5. Where commands wait for the disk, a thread sees to it that the disk has the record before one of them must.

At the session's end all of it is done at once: nobody waits for the loop any more.
"""

import asyncio
from collections.abc import Callable

import structlog

from core.codec import encode_payload
from core.events import StateCarried
from daemon.pipeline import Pipeline
from journal.errors import JournalError, RecordRefused
from journal.files import sync_beside
from journal.prepared import PreparedPayload
from oms.state import pack, plain_hash
from oms.written import write_ahead

SNAPSHOT_ORDERS = 10_000  # a restart folds these in about a second
AT_ONCE = 64  # orders that are encoded in one turn of the loop: about a millisecond
PAUSE_S = 0.005
TURNS_MAX = 2_000  # ends the wait for orders that close faster than they are encoded: what is left is done at once

log = structlog.get_logger("tickerd")


class Snapshots:
    """Journals the snapshots of one session."""

    def __init__(self, pipeline: Pipeline, failed: Callable[[JournalError], None]) -> None:
        """`failed` is told what ended the journal."""
        self._pipeline = pipeline
        self._failed = failed

    async def keep(self, every_s: float) -> None:
        """Journal a snapshot where enough has come since the last."""
        totals = self._pipeline.engine.manager.totals
        written = 0
        while True:
            await asyncio.sleep(every_s)
            submitted = totals.submitted
            if submitted - written >= SNAPSHOT_ORDERS:
                await self.take()
                written = submitted

    async def take(self) -> None:
        """Journal one snapshot beside what else goes on."""
        for _ in range(TURNS_MAX):
            if not self.write_ahead(AT_ONCE):
                break
            await asyncio.sleep(PAUSE_S)
        session = self._pipeline.journal.head.session_id
        prepared = await asyncio.to_thread(prepare, session, *self._pipeline.capture())
        if not self._record(prepared):
            return
        path = self._pipeline.journal.to_sync
        if path is not None:
            try:
                await asyncio.to_thread(sync_beside, path)
            except JournalError as error:
                self._failed(error)

    def take_at_once(self) -> None:
        """Journal one snapshot and hold the loop meanwhile: for the end of a session."""
        self._record(prepare(self._pipeline.journal.head.session_id, *self._pipeline.capture()))

    def write_ahead(self, limit: int) -> int:
        """Encode so many orders that have changed; return how many it were."""
        manager = self._pipeline.engine.manager
        return write_ahead((*manager.closed_orders(), *manager.open_orders()), limit)

    def _record(self, prepared: PreparedPayload) -> bool:
        """Journal it; return whether it is."""
        try:
            self._pipeline.record_snapshot(prepared)
        except RecordRefused as error:
            log.error("no snapshot: the next start folds from an older one", reason=str(error))  # noqa: TRY400 - said
            return False
        except JournalError as error:
            self._failed(error)
            return False
        return True


def prepare(session: str, seq: int, pieces: list[bytes]) -> PreparedPayload:
    """Return a snapshot's payload, ready to be journaled. It reads nothing but what it is given: fit for a thread."""
    plain = b"".join(pieces)
    carried = StateCarried(session=session, seq=seq, state=pack(plain), digest=plain_hash(plain))
    return PreparedPayload(encode_payload(carried))
