"""The daemon's end: it beats from its event loop, so that a loop that is stuck beats no more, and hears of a pull.

A pull that is heard enters the session as a kill like any operator's, and is acknowledged once the journal holds it.
"""

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from config.guard_settings import GuardSettings
from core.events import CommandReceived
from daemon.errors import SessionOver
from daemon.guard.protocol import VERSION, Answer, Said, command_of
from daemon.status import GuardSeen

_ANSWER_S = 2.0

log = structlog.get_logger("tickerd")


class Guarded(Protocol):
    """What the link needs of a daemon."""

    def command(self, command: CommandReceived) -> list[str]:
        """Let a command in. Raises SessionOver."""
        ...

    @property
    def trades(self) -> bool:
        """Whether it may have orders working."""
        ...

    @property
    def working(self) -> int:
        """How many orders work."""
        ...

    def latched(self, pull: int) -> None:
        """Have the journal on the disk, then forget what the guard left beside the lease."""
        ...

    def parted(self) -> None:
        """Note that the session ended with nothing working, for a guard that is not there to hear it."""
        ...

    def tell(self, problem: str) -> None:
        """Show why nobody guards, or (empty) that somebody does."""
        ...


_decode = msgspec.json.Decoder(Answer).decode


class GuardLink:
    """Beats while the session lives. `problem`: why nobody guards, empty where somebody does."""

    def __init__(
        self, path: Path, settings: GuardSettings, session: str, guarded: Guarded, pull: int, mind: str
    ) -> None:
        """Connect once `run` is called; `pull` is the last one that the session has taken over by its start.

        `mind`: what the guard must have in common with this daemon.
        """
        self.problem = ""
        self._path = path
        self._beat_s = settings.beat_ms / 1000
        self._session = session
        self._guarded = guarded
        self._mind = mind
        self._latched = pull
        self._over = False
        self._beats = 0
        self._heard_s = 0.0  # when the guard answered last, monotonic
        self._answer = Answer(ok=True)

    def seen(self) -> GuardSeen:
        """Return how the guard stands, as far as it is heard."""
        last, heard = self._answer.last, time.monotonic() - self._heard_s
        return GuardSeen(
            watching=bool(self._beats) and not self.problem and not self._over,
            problem=self.problem or ("the session is over" if self._over else ""),
            state=self._answer.state,
            pid=self._answer.pid,
            beats=self._beats,
            beat_age_ns=int(heard * 1e9) if self._beats else -1,
            last_kill_ns=0 if last is None else last.number,
            last_kill="" if last is None else f"{last.source}: {last.reason}",
        )

    async def run(self) -> None:
        """Beat until cancelled; a guard that is not there is looked for again and again."""
        while not self._over:
            try:
                await self._beat_on()
            except (OSError, TimeoutError, EOFError, msgspec.MsgspecError) as error:
                self._tell(f"no guard answers at {self._path}: {str(error) or type(error).__name__}")
            await asyncio.sleep(self._beat_s)  # no longer: the guard is counting

    async def farewell(self) -> None:
        """Say that the session is over, so that silence means nothing from here on."""
        self._over = True
        if not self._guarded.working:
            self._guarded.parted()
        said = Said(v=VERSION, ask="farewell", session=self._session, working=self._guarded.working)
        with contextlib.suppress(OSError, TimeoutError, EOFError):  # no guard, nobody to say it to
            reader, writer = await asyncio.wait_for(asyncio.open_unix_connection(str(self._path)), _ANSWER_S)
            try:
                await self._ask(reader, writer, said)
            finally:
                writer.close()

    async def _beat_on(self) -> None:
        """Beat on one connection. Raises OSError, TimeoutError, EOFError or MsgspecError where it ends."""
        reader, writer = await asyncio.wait_for(asyncio.open_unix_connection(str(self._path)), _ANSWER_S)
        try:
            while not self._over:
                trades = self._guarded.trades
                said = Said(v=VERSION, ask="beat", session=self._session, trades=trades, latched=self._latched)
                answer = await self._ask(reader, writer, said)
                if not answer.ok:
                    raise ConnectionError(answer.error)
                self._tell(self._differs(answer))
                self._beats, self._answer = self._beats + 1, answer
                self._heard_s = time.monotonic()
                if answer.pull is not None and answer.pull.number > self._latched:
                    self._guarded.command(command_of(answer.pull))
                    self._guarded.latched(answer.pull.number)
                    self._latched = answer.pull.number
                    continue
                await asyncio.sleep(self._beat_s)
        except SessionOver:
            return
        finally:
            writer.close()

    def _differs(self, answer: Answer) -> str:
        """Return why the guard would not cancel what this daemon sends, or not as it was approved; empty: it would."""
        if answer.mind == self._mind:
            return ""
        other = f"the guard has {answer.mind or 'an older program'}, this daemon {self._mind}"
        return f"{other}: start the guard again, by the same program and settings"

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, said: Said) -> Answer:
        writer.write(msgspec.json.encode(said) + b"\n")
        line = await asyncio.wait_for(reader.readline(), _ANSWER_S)
        if not line:
            raise EOFError("it hung up")
        return _decode(line)

    def _tell(self, problem: str) -> None:
        """Log what changed."""
        if problem != self.problem:
            self.problem = problem
            log.warning("guard", problem=problem or "none: it watches")
            self._guarded.tell(problem)
