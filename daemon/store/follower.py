"""Follows one session's journal into the store: read, project, commit rows together with the cursor.

The cursor moves in the transaction of the rows that it stands behind, so whatever is killed when, every record is in
the tables once. Two followers of one session (a rebuild beside a running daemon) do no harm: the one that finds the
cursor moved goes on from where it is now.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import aiosqlite

from core.records import SLOT_BYTES
from daemon.store.cursor import Begun, begin, begin_anew, write
from daemon.store.database import leave_room, told, transaction
from daemon.store.errors import StoreError
from daemon.store.projection import Projector
from daemon.store.tail import LOOK_SLOTS, Tail, session_head
from journal.folders import is_running
from journal.head import SessionState

BATCH_ROWS = 5_000
COMMIT_S = 0.5
SLOTS_A_ROW = 4  # about what an effect takes: so much is read at a time that a batch is not much more than asked for
LOOK_S = 0.2  # how often a running session is looked at
LEAVING_S = 5.0  # how long a writer that has closed its pipe may still hold the session

Progress = Callable[[int, int], None]


class _CursorMovedError(StoreError):
    """Another follower of the same session has committed."""


class Follower:
    """One session on its way into the store. `run` goes on until the session ends, or to the end of what is there."""

    def __init__(
        self, db: aiosqlite.Connection, path: Path, folder: Path, *, batch: int = BATCH_ROWS, commit_s: float = COMMIT_S
    ) -> None:
        """Follow the session in `folder` into the store at `path`. Raises JournalError."""
        self.folder = folder
        self.head = session_head(folder)
        self._place = str(folder.absolute())
        self._db = db
        self._path = path
        self._batch = batch
        self._look_slots = min(LOOK_SLOTS, SLOTS_A_ROW * batch)
        self._commit_s = commit_s
        self._begun: Begun | None = None
        self._tail: Tail | None = None
        self._projector: Projector | None = None
        self._committed_seq = 0
        self._leaving_by: float | None = None

    async def run(
        self, ended: asyncio.Event | None = None, *, anew: bool = False, progress: Progress | None = None
    ) -> int:
        """Bring the store to the session's end and return the cursor. Raises StoreError, JournalError, CodecError.

        With `ended` the session is one that runs: what comes is followed until it is sealed, or until `ended` is set
        and nothing more is there. `anew` begins at the first record.
        """
        with told(self._path):
            self._take(await (begin_anew if anew else begin)(self._db, self.head, self._place))
            try:
                while True:
                    with contextlib.suppress(_CursorMovedError):
                        await self._follow(ended, progress)
                        return self._committed_seq
                    self._take(await begin(self._db, self.head, self._place))
            finally:
                self._tail_now.close()

    def _take(self, begun: Begun) -> None:
        """Go on from where the store stands."""
        if self._tail is not None:
            self._tail.close()
        self._begun = begun
        self._committed_seq = begun.known.next_seq
        self._tail = Tail(self.folder, self.head.session_id, begun.known.next_seq)
        self._projector = Projector(begun.known)

    @property
    def _tail_now(self) -> Tail:
        assert self._tail is not None, "run begins"
        return self._tail

    async def _follow(self, ended: asyncio.Event | None, progress: Progress | None) -> None:
        """Project what is there, and what comes."""
        tail, projector = self._tail_now, self._projector
        assert projector is not None
        total = _total_bytes(self.folder) if progress is not None else 0
        due = time.monotonic() + self._commit_s
        while True:
            over = ended is None or ended.is_set()  # asked before the look: what was written before it is then seen
            slab = tail.read(self._look_slots)
            if slab is not None:
                projector.project(slab)
            now = time.monotonic()
            if slab is None or projector.rows.count >= self._batch or now >= due:
                await self._commit(projector)
                due = now + self._commit_s
                if progress is not None:
                    progress(tail.next_seq * SLOT_BYTES, max(total, tail.next_seq * SLOT_BYTES))
            if slab is not None:
                continue
            if projector.seal is not None or ended is None or (over and self._is_let_go(now)):
                await self._finish(projector)
                return
            if over:
                await asyncio.sleep(LOOK_S)
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), LOOK_S)

    def _is_let_go(self, now: float) -> bool:
        """Whether the journal's writer has gone. A killed process goes bit by bit: its pipe perhaps before its lock."""
        if self._leaving_by is None:
            self._leaving_by = now + LEAVING_S
        return now >= self._leaving_by or not is_running(self.folder)

    async def _commit(self, projector: Projector) -> None:
        """Commit the rows so far with the cursor. Raises where another follower was faster."""
        known = projector.known
        if known.next_seq == self._committed_seq:
            return
        leave_room(self._path)
        rows, seal = projector.take(), projector.seal
        changes: dict[str, object] = {"next_seq": known.next_seq, "recv_ns": known.recv_ns}
        if seal is not None:  # with the record that says so: nobody reads it a second time
            changes |= {"state": seal.state.value, "reason": seal.reason, "ended_ns": seal.ended_ns}
        async with transaction(self._db):
            await self._change_session(changes)
            await write(self._db, self._number, rows)
        self._committed_seq = known.next_seq

    async def _finish(self, projector: Projector) -> None:
        """Say that a session has crashed, if it neither ended nor goes on."""
        if projector.seal is None and not await self._sealed_before() and not is_running(self.folder):
            async with transaction(self._db):
                await self._change_session({"state": SessionState.CRASHED.value})

    async def _sealed_before(self) -> bool:
        """Whether the store knew the session's end already: then there was nothing to follow."""
        sql = "SELECT ended_ns FROM sessions WHERE session_no = ?"
        async with self._db.execute(sql, (self._number,)) as cursor:
            row = await cursor.fetchone()
        return row is not None and bool(row[0])

    async def _change_session(self, changes: dict[str, object]) -> None:
        """Change the session's row, if its cursor still is where we left it. Raises where it is not."""
        columns = ", ".join(f"{column} = ?" for column in changes)
        sql = f"UPDATE sessions SET {columns} WHERE session_no = ? AND session = ? AND next_seq = ?"  # noqa: S608 - ours
        place = (self._number, self.head.session_id, self._committed_seq)
        done = await self._db.execute(sql, (*changes.values(), *place))
        if done.rowcount != 1:
            raise _CursorMovedError(f"another process follows {self.head.session_id}")

    @property
    def _number(self) -> int:
        assert self._begun is not None, "run begins"
        return self._begun.session_no


def _total_bytes(folder: Path) -> int:
    """Return how much there is to read, about: compressed segments count as they are."""
    return sum(path.stat().st_size for path in folder.glob("*.tkj*"))
