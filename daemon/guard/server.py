"""The guard's process: beats come in by its socket, time passes, and where it must it pulls.

What happens in a pull, in its order: the word that blocks orders, the cancels, the kill on the disk. Cancels of a
venue and what keeps its connection warm are apart, so that neither waits for the other.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

from connectors.binance.trading.clearing.transport import Clearance, Clearer
from core.scopes import ALL, split_scope, symbol_scope, venue_scope
from daemon.guard.protocol import Answer, GuardStatus, command_of, read_said
from daemon.guard.watch import Pull, Watch
from daemon.live.latch import GuardLatch
from daemon.operator.kill_file import KILL_FILE, made_ns

TICK_S = 0.01
GRACE_NS = 5_000_000_000
"""For a daemon to find a guard that was started again."""
_AGAIN_S = 0.2
_NS_PER_MS = 1_000_000
_PID = os.getpid()

log = structlog.get_logger("tickerd")


class Guard:
    """One account's."""

    def __init__(
        self,
        account: str,
        watch: Watch,
        latch: GuardLatch,
        clearers: Mapping[str, Clearer],
        folder: Path,
        clock_ns: Callable[[], int],
        *,
        mind: str,
        warm_s: float,
        recheck_s: float,
    ) -> None:
        """Watch nobody yet. `folder` is the operator's, `mind` what its daemon must have in common with it."""
        self.clearances: dict[str, Clearance] = {}
        self._account = account
        self._mind = mind
        self._watch = watch
        self._latch = latch
        self._clearers = clearers
        self._folder = folder
        self._clock_ns = clock_ns
        self._warm_s = warm_s
        self._recheck_s = recheck_s
        self._cleared = dict.fromkeys(clearers, 0)  # how many clearings were wanted when the last done one began
        self._wanted = {venue: asyncio.Event() for venue in clearers}
        self._pull = Pull(number=0, source="", reason="")
        self._first: dict[str, Clearance] = {}  # of the last pull
        self._pulled_at = 0  # how many clearings were wanted with it
        self._first_verified_ns = 0
        self._decided_ns = self._blocked_ns = self._kept_ns = self._verified_ns = 0
        self._problem = ""
        self._keeping: set[asyncio.Task[None]] = set()
        self._writing = asyncio.Lock()

    async def run(self, stop: asyncio.Event) -> None:
        """Guard until told to stop."""
        left = self._latch.left()
        if self._latch.number and left is not None:
            self._resume(Pull(number=self._latch.number, source=left.source, reason=left.reason, scope=left.scope))
        elif session := self._latch.was_armed():
            log.warning("watching on where a guard before this one ended without a word", session=session)
            self._watch.expect(session, GRACE_NS)
        async with asyncio.TaskGroup() as group, contextlib.AsyncExitStack() as stack:
            for clearer in self._clearers.values():
                await stack.enter_async_context(clearer)
            tasks = [group.create_task(self._tick())]
            for clearer in self._clearers.values():
                tasks += [group.create_task(each(clearer)) for each in (self._keep_warm, self._clear, self._recheck)]
            await stop.wait()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, *self._keeping, return_exceptions=True)
        self._note_armed("")

    def told(self, source: str, reason: str, scope: str = ALL) -> None:
        """Pull because somebody says so."""
        self._carry_out(self._watch.told(source, reason, self._clock_ns(), scope))

    def answer(self, line: bytes, source: str) -> Answer:
        """Answer one line of the socket."""
        said = read_said(line)
        if isinstance(said, str):
            return Answer(ok=False, error=said)
        watch = self._watch
        if said.ask == "status":
            return Answer(ok=True, status=self.status())
        if said.ask == "kill":
            if why := self._unknown(said.scope):
                return Answer(ok=False, error=why)
            self.told(source, said.reason, said.scope)
            return Answer(ok=True, pull=watch.pull)
        if said.ask == "farewell":
            pull = watch.farewell(said.working, self._clock_ns())
            if pull is not None:
                self._carry_out(pull)
            self._note_armed("")
            log.info("farewell", session=said.session, working=said.working)
            return Answer(ok=True, pull=watch.pull)
        before = watch.session
        if watch.beat(said.session, trades=said.trades, latched=said.latched):
            log.warning("the daemon has latched the kill: cancelling once more what it may have sent before")
            self._begin()
        if watch.session != before:
            self._note_armed(said.session)
            log.info("armed", session=said.session, source=source)
        last = self._pull if self._pull.number else None
        return Answer(ok=True, pull=watch.pull, state=watch.state.value, pid=_PID, last=last, mind=self._mind)

    def _note_armed(self, session: str) -> None:
        """Leave word for a guard after this one."""
        try:
            self._latch.armed(session) if session else self._latch.disarmed()
        except OSError as error:
            log.warning("a guard after this one would not know whom to watch", reason=str(error))

    def status(self) -> GuardStatus:
        """Return how it stands."""
        return GuardStatus(
            account=self._account,
            state=self._watch.state.value,
            session=self._watch.session,
            silent_ms=self._watch.silent_ns / _NS_PER_MS,
            pulls=self._watch.wanted,
            decided_ns=self._decided_ns,
            blocked_ns=self._blocked_ns,
            kept_ns=self._kept_ns,
            first_verified_ns=self._first_verified_ns,
            verified_ns=self._verified_ns,
            source=self._pull.source,
            reason=self._pull.reason,
            scope=self._pull.scope,
            first=list(self._first.values()),
            venues=list(self.clearances.values()),
            problems=[text for text in (self._problem, *(each.problem for each in self._clearers.values())) if text],
        )

    # ---- pulling

    def _carry_out(self, pull: Pull) -> None:
        """Block, begin to cancel, and have the kill written beside that: a slow disk holds up no cancel."""
        self._decided_ns = self._clock_ns()
        self._latch.block(pull.number)
        self._blocked_ns = self._clock_ns()
        self._kept_ns = self._first_verified_ns = 0
        self._first.clear()
        self._pull, self._pulled_at = pull, self._watch.wanted
        self._begin()
        log.critical("pulled", source=pull.source, reason=pull.reason)
        keeping = asyncio.get_running_loop().create_task(self._keep())
        self._keeping.add(keeping)
        keeping.add_done_callback(self._keeping.discard)

    def _resume(self, pull: Pull) -> None:
        log.critical("a kill of the guard before this one was taken over by no daemon", reason=pull.reason)
        self._watch.resume(pull)
        self._pull, self._decided_ns, self._pulled_at = pull, self._clock_ns(), self._watch.wanted
        self._begin()

    def _begin(self) -> None:
        """Have everything in the pull's scope cancelled; where there is nothing of it, that is done."""
        self._verified_ns = 0
        for venue, wanted in self._wanted.items():
            if self._symbols(venue):
                wanted.set()
            else:
                self._cleared[venue] = self._watch.wanted

    def _symbols(self, venue: str) -> tuple[str, ...]:
        """Return which symbols of a venue are in the pull's scope."""
        kind, name = split_scope(self._pull.scope)
        symbols = self._clearers[venue].symbols
        if kind == "symbol":
            return tuple(each for each in symbols if symbol_scope(f"{each}.{venue}") == self._pull.scope)
        return symbols if kind == ALL or name == venue else ()

    def _unknown(self, scope: str) -> str:
        """Return why nothing can be cancelled in a scope, empty where it can."""
        known = [ALL, *map(venue_scope, self._clearers)]
        for venue, clearer in self._clearers.items():
            known += [symbol_scope(f"{each}.{venue}") for each in clearer.symbols]
        return "" if scope in known else f"the guard knows no {scope!r}; it knows {', '.join(known)}"

    async def _keep(self) -> None:
        """Write the last pull's kill down for the next daemon, one at a time: both are one file.

        A daemon that has latched the pull before the disk had it found nothing to take away: then it goes here.
        """
        async with self._writing:
            pull = self._pull
            try:
                await asyncio.to_thread(self._latch.keep, command_of(pull))
                if self._latch.number < pull.number:
                    await asyncio.to_thread(self._latch.forget)
            except OSError as error:
                self._problem = f"the kill is in memory alone: {error}"
                log.error("the kill is in memory alone", reason=str(error))  # noqa: TRY400 - the sentence says it all
            else:
                self._problem = ""
                self._kept_ns = self._clock_ns() if pull is self._pull else 0

    async def _clear(self, clearer: Clearer) -> None:
        """Clear one venue whenever that is wanted."""
        venue = clearer.venue
        while True:
            await self._wanted[venue].wait()
            self._wanted[venue].clear()
            wanted = self._watch.wanted
            told = self.clearances[venue] = Clearance(venue=venue, began_ns=self._clock_ns())
            await self._cleared_by(clearer, told, self._symbols(venue))
            log.critical("verified", venue=venue, found=told.found, rounds=told.rounds, ms=_ms(told, self._decided_ns))
            self._cleared[venue] = wanted
            if wanted >= self._pulled_at and self._first.setdefault(venue, told) is told and not self._missing():
                self._first_verified_ns = self._clock_ns()
            self._watch.cleared(min(self._cleared.values()))
            if not self._watch.clearing:
                self._verified_ns = self._clock_ns()

    async def _cleared_by(self, clearer: Clearer, told: Clearance, symbols: tuple[str, ...]) -> None:
        """Clear until it is done, whatever happens: a defect that would end the guard is tried again instead."""
        while True:
            try:
                return await clearer.clear(told, symbols)
            except Exception as error:
                told.last_error = repr(error)[:300]
                log.exception("a defect", venue=clearer.venue, reason=told.last_error)
                await asyncio.sleep(_AGAIN_S)

    def _missing(self) -> bool:
        """Whether a venue has not been cleared since the last pull."""
        return any(venue not in self._first and self._symbols(venue) for venue in self._clearers)

    async def _recheck(self, clearer: Clearer) -> None:
        """Look again while no daemon has taken the latch over: one that is frozen may wake."""
        while True:
            await asyncio.sleep(self._recheck_s)
            if self._watch.pull is None or self._watch.clearing:
                continue
            try:
                clear = await clearer.is_clear(self._symbols(clearer.venue))
            except Exception:
                log.exception("a defect", venue=clearer.venue)
                clear = False  # it was not seen to be
            if not clear:
                self._watch.again()
                self._begin()

    async def _keep_warm(self, clearer: Clearer) -> None:
        """Keep connections and clock."""
        problem = ""
        while True:
            try:
                await clearer.warm()
            except Exception as error:  # noqa: BLE001 - a connection that is cold must not end the guard
                clearer.problem = f"a defect: {error!r}"[:300]
            if clearer.problem != problem:
                problem = clearer.problem
                log.warning("venue", venue=clearer.venue, problem=problem or "none: it answers")
            await asyncio.sleep(self._warm_s)

    # ---- time

    async def _tick(self) -> None:
        """Let time pass; look for the file."""
        path, seen_ns = self._folder / KILL_FILE, 0
        while True:
            await asyncio.sleep(TICK_S)
            pull = self._watch.on_time(self._clock_ns())
            if pull is not None:
                self._carry_out(pull)
            found_ns = made_ns(path)
            if found_ns not in {0, seen_ns}:
                self.told(f"file:{path}", "the file was there")
                try:
                    path.rename(path.with_name(f"{KILL_FILE}.{self._pull.number}"))
                except OSError as error:  # its disk is full or gone: the guard goes on, and heeds this file once
                    log.error("the file stays", file=str(path), reason=str(error))  # noqa: TRY400
            seen_ns = found_ns


def on_signal(guard: Guard) -> None:
    """Pull by SIGUSR1."""
    guard.told(f"signal:{signal.SIGUSR1.name}", "killed by signal, at the guard")


def _ms(told: Clearance, decided_ns: int) -> float:
    return round((told.verified_ns - decided_ns) / _NS_PER_MS, 1)
