"""The daemon's life: STARTING, SYNCING, RECONCILING (live), READY, DRAINING, STOPPED.

One event loop, one pipeline. Sockets call `_sink` with chunks of events; one timer wakes the engine and the simulated
venues when they asked for it; everything that ends the session ends it through `_stop`.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from config.secrets import read_secret
from config.settings import Mode, Settings
from connectors.base import MarketDataConnector, TradingConnector, never
from connectors.errors import ConnectorError
from connectors.sim.paper import PaperExecution
from core.clock import NEVER
from core.errors import InvariantError
from core.events import CommandReceived, LifecycleChanged, LifecycleState, StateCarried
from core.records import NO_INSTRUMENT, SLOT_BYTES, Event, Kind
from core.rng import Rng
from daemon.clock import SessionClock
from daemon.defining import definitions
from daemon.errors import DaemonError, ExitCode, JournalStopped, SessionOver, StartFailed
from daemon.feeds import Addresses, Feeds
from daemon.lag import LoopLag
from daemon.live.account import Account
from daemon.live.early import EarlyCommands
from daemon.live.execution import LiveExecution
from daemon.live.snapshots import Snapshots
from daemon.live.trading import Secrets, Trading
from daemon.pipeline import Execution, Pipeline
from daemon.projection import Projection
from daemon.standing import Standing
from daemon.stats import Stats
from daemon.status import Status
from engine.engine import Engine
from journal.errors import JournalError
from journal.head import FlushPolicy, SealState
from journal.writer import JournalWriter

log = structlog.get_logger("tickerd")


class Daemon:
    """One session from its first record to its seal."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        journal: JournalWriter,
        clock: SessionClock,
        labels: list[str],
        account: Account | None = None,
        secrets: Secrets = read_secret,
    ) -> None:
        """Join the parts; `run` does the rest. `account` is what a live session trades, and goes on from."""
        self.settings = settings
        self.engine = engine
        self.journal = journal
        self.clock = clock
        self.stats = Stats(clock.now_ns())
        self.trading: Trading | None = None
        addresses: Addresses = {}
        self.execution: Execution = PaperExecution(settings.paper.sim, engine.markets)
        if settings.session.mode is Mode.LIVE:
            rng = Rng(clock.now_ns(), stream=1)
            blocked = never if account is None else account.latch.blocks
            self.trading = Trading(settings, clock.now_ns, rng, self._sink, secrets, addresses, blocked)
            self.execution = LiveExecution(self.trading.connectors)
        mode, base = settings.session.mode.value, settings.accounting.base_currency
        standing = None
        if self.trading is not None:
            standing = Standing(engine, settings, self.trading, self.stats, account.lease.held if account else None)
        self.projection = Projection(engine, self.stats, str(journal.folder), mode, labels, base, standing)
        self._account = account
        self.pipeline = Pipeline(
            engine,
            journal,
            self.stats,
            clock.now_ns,
            durable=settings.session.flush_policy is FlushPolicy.DISK,
            digest_every=settings.session.digest_every,
            watch=self.projection.watch,
            execution=self.execution,
        )
        self.feeds = Feeds(settings, clock.now_ns, Rng(clock.now_ns()), self._sink, addresses)
        self.digest = b""
        self.seal_state = SealState.CRASHED
        self._lag = LoopLag(lambda: engine.lag_from_ns, clock.now_ns, self._sink)
        self.end_reason = ""
        self.parting: Callable[[], Awaitable[None]] | None = None  # what is said before the seal
        self.exit_code = ExitCode.OK
        self._failure: DaemonError | None = None
        self._stopping = asyncio.Event()
        self._aborting = asyncio.Event()
        self._synced = asyncio.Event()
        self._reconciled = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._armed_ns = NEVER
        self._syncing = False
        self._stopped = False
        self._early = EarlyCommands(None) if account is None else account.early
        self._is_early = True  # until the account's state has been taken over
        self._snapshots = Snapshots(self.pipeline, self._journal_failed)

    @property
    def carried(self) -> StateCarried | None:
        """What this session goes on from; its figures are part of ours."""
        return None if self._account is None else self._account.carried

    # -- what may end it -------------------------------------------------------------------------------------------

    def stop(self, reason: str, source: str) -> None:
        """Begin to drain; asked for a second time, end at once with the journal sealed as crashed."""
        if self._stopping.is_set():
            log.warning("ending at once", reason=reason, source=source)
            self.end_reason = f"{reason} again, while draining"
            self._aborting.set()
            return
        self.end_reason = reason
        self._stopping.set()

    def _fail(self, failure: DaemonError) -> None:
        """Stop trading at once: nothing more is journaled, so nothing more may leave."""
        if self._failure is None:
            log.error("stopped", reason=str(failure))
            self._failure = failure
            self.end_reason = str(failure)
        self._stopping.set()
        self._aborting.set()
        self._synced.set()

    def _journal_failed(self, error: JournalError) -> None:
        """Stop at once: what cannot be written down must not happen."""
        self._fail(JournalStopped(f"{error}; trading stopped, what was written is intact"))

    def _fail_by_defect(self, error: Exception) -> None:
        """Stop at once after an error that nobody expected: what the engine holds can no longer be believed."""
        log.error("a defect", reason=repr(error), exc_info=error)
        self._fail(
            DaemonError(f"a defect of the program, {error!r}: the log shows where; the session replays up to it")
        )

    # -- the life --------------------------------------------------------------------------------------------------

    async def run(self, for_s: float | None) -> ExitCode:
        """Live one session; return the exit code. The journal is sealed whatever happens."""
        tasks: list[asyncio.Task[None]] = []
        try:
            self._enter(LifecycleState.STARTING)
            if await self._defined():
                self._carry_out_early()
                self._enter(LifecycleState.SYNCING)
                self._syncing = True
                tasks = [self._loop.create_task(self._connect(each)) for each in self.feeds.connectors]
                tasks.append(self._loop.create_task(self._lag.watch()))
                await self._until_synced()
            if self.trading is not None and not self._stopping.is_set():
                self._enter(LifecycleState.RECONCILING)
                tasks += [self._loop.create_task(self._connect(each)) for each in self.trading.connectors.values()]
                await self._until_reconciled()
            if self.trading is not None and self.settings.live.snapshot_s:
                tasks.append(self._loop.create_task(self._keep_snapshots(self.settings.live.snapshot_s)))
            if not self._stopping.is_set():
                self._enter(LifecycleState.READY)
                await self._until_stopped(for_s)
            await self._drain()
        except StartFailed as error:
            self._fail(error)
        except JournalError as error:
            self._journal_failed(error)
        finally:
            if self._timer is not None:
                self._timer.cancel()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self.parting is not None:
                await self.parting()
            self._seal()
        return self.exit_code

    async def _defined(self) -> bool:
        """Have the venues define their instruments; False where the daemon was stopped before they had."""
        asking = definitions(self.settings, self.feeds, self.trading, self.carried, self.clock.now_ns)
        defining = self._loop.create_task(asking)
        stopping = self._loop.create_task(self._stopping.wait())
        await asyncio.wait([defining, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not defining.done():
            defining.cancel()
            await asyncio.gather(defining, return_exceptions=True)
            return False
        events, carried = defining.result()
        self._sink(events)
        if self.trading is not None:
            self.trading.assign({market.index: market.instrument for market in self.engine.markets})
        if self._account is not None:
            if carried is not None:
                self._sink([(Kind.CARRIED, 0, NO_INSTRUMENT, self.clock.now_ns(), 0, carried, 0, 0, 0, 0)])
            if self._failure is not None:
                return False  # the state is not in this journal, so the account still goes on from the one before
            self.journal.flush(durable=True)
            self._account.lease.taken_over()
        return True

    def _carry_out_early(self) -> None:
        """Carry out what was commanded before there was anything to do it to. Raises StartFailed."""
        self._is_early = False
        for command in self._early.take():
            if self._failure is None:
                self.command(command)
        if self._failure is None:
            self.journal.flush(durable=True)
            self._early.done()

    async def _connect(self, connector: MarketDataConnector | TradingConnector) -> None:
        """Run one connector; one that ends by itself ends the session."""
        try:
            await connector.run()
        except ConnectorError as error:
            self._fail(StartFailed(f"the connector of {connector.venue} ended: {error}"))
        except Exception as error:  # noqa: BLE001 - not the venue's doing, so no reconnect would mend it
            self._fail_by_defect(error)
        else:
            self._fail(StartFailed(f"the connector of {connector.venue} ended without being asked to"))

    async def _until_synced(self) -> None:
        """Wait for every feed; whoever stops the daemon meanwhile ends the wait."""
        budget_s = self.settings.session.sync_budget_s
        synced = await self._wait_for(self._synced, budget_s)
        self._syncing = False
        if not synced:
            waiting = "; ".join([*self.feeds.missing(self.engine.markets), *self.feeds.errors()])
            raise StartFailed(f"not in sync after {budget_s:g} s: {waiting}; is the venue reachable?")

    async def _until_reconciled(self) -> None:
        """Wait until our books and every venue's agree; whoever stops the daemon meanwhile ends the wait."""
        budget_s = self.settings.live.reconcile_budget_s
        if not await self._wait_for(self._reconciled, budget_s):
            assert self.trading is not None
            errors = "; ".join(stats.last_error for stats in self.trading.stats().values() if stats.last_error)
            raise StartFailed(
                f"not reconciled after {budget_s:g} s ({errors or 'see the alerts'}): nothing was opened; look at "
                "`tickerd journal show` for what differs"
            )

    async def _wait_for(self, event: asyncio.Event, budget_s: float) -> bool:
        """Wait for an event or for being stopped; False where neither came within the budget."""
        waits = [self._loop.create_task(event.wait()), self._loop.create_task(self._stopping.wait())]
        done, pending = await asyncio.wait(waits, timeout=budget_s, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        return bool(done)

    async def _until_stopped(self, for_s: float | None) -> None:
        """Trade until told to stop, or for so long."""
        try:
            await asyncio.wait_for(self._stopping.wait(), for_s)
        except TimeoutError:
            self.stop(f"ran for {for_s:g} s as asked", "command line")

    async def _drain(self) -> None:
        """Stop the strategies, cancel what works, wait for the answers within the budget."""
        if self._aborting.is_set():
            return
        self._enter(LifecycleState.DRAINING, self.end_reason)
        deadline = self._loop.time() + self.settings.session.drain_budget_s
        while self.engine.manager.open_count and not self._aborting.is_set():
            left_s = deadline - self._loop.time()
            if left_s <= 0:
                log.error("drain budget spent", open_orders=self.engine.manager.open_count)
                self.end_reason += f"; {self.engine.manager.open_count} orders still open after the drain budget"
                break
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._aborting.wait(), min(left_s, 0.02))
        if self.trading is not None:
            await self.trading.close(max(0.0, deadline - self._loop.time()))
        if not self._aborting.is_set():
            self._enter(LifecycleState.STOPPED, self.end_reason)
            self._stopped = True

    def _seal(self) -> None:
        """Write the last digest and the seal; a session that was aborted is sealed as crashed."""
        ended = self._failure is None and not self._aborting.is_set()
        self.seal_state = SealState.ENDED if ended else SealState.CRASHED
        if not ended:
            self.exit_code = self._failure.exit_code if self._failure else ExitCode.INTERRUPTED
        self._snapshot()
        try:
            self.digest = self.pipeline.record_digest()
            self.journal.seal(
                self.seal_state,
                self.end_reason,
                digest=self.digest,
                inputs=self.stats.total_inputs,
                effects=self.stats.total_effects,
                ended_ns=self.clock.now_ns(),
            )
        except JournalError as error:
            log.error("the journal could not be sealed", reason=str(error))  # noqa: TRY400 - the sentence says it all
            self.journal.close()
            self.exit_code = ExitCode.JOURNAL_STOPPED

    # -- the pipeline's edges --------------------------------------------------------------------------------------

    def _sink(self, events: list[Event]) -> None:
        """Take one chunk of events from whoever read them."""
        if self._failure is not None or self._stopped:
            return  # sockets speak until they are closed, but the session is over
        try:
            self.pipeline.feed(events)
        except JournalError as error:
            self._journal_failed(error)
            return
        except InvariantError as error:
            self._fail(DaemonError(f"broken invariant: {error}"))
            return
        except Exception as error:  # noqa: BLE001 - half of an event may have been taken: nothing may follow it
            self._fail_by_defect(error)
            return
        if self.journal.low_on_space and not self._stopping.is_set():
            # What is left was set aside for this: the cancels of the drain, and the seal. A busy market would eat it.
            self.feeds.pause()
            self.exit_code = ExitCode.JOURNAL_STOPPED
            self.stop("the disk is full: free space, then start again", "journal")
        if self.pipeline.resync:
            self.feeds.resync(self.pipeline.resync, "the engine's book found a fault")
            self.pipeline.resync.clear()
        if self._syncing and not self.feeds.missing(self.engine.markets):
            self._synced.set()
        if self.trading is not None and self.engine.reconciled:
            self._reconciled.set()
        self._arm()

    take = _sink  # for parts that `daemon.start` runs beside the session

    def _arm(self) -> None:
        """Have the loop wake us when the engine or a simulated venue next wants it."""
        due_ns = min(self.engine.next_due_ns, self.execution.refresh())
        if due_ns == self._armed_ns and self._timer is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._armed_ns = due_ns
        if due_ns != NEVER:
            self._timer = self._loop.call_later(max(0, due_ns - self.clock.now_ns()) / 1e9, self._wake)

    def _wake(self) -> None:
        """Something fell due: reports of simulated venues, or a timer of the engine."""
        self._timer = None
        now_ns = self.clock.now_ns()
        events = self.execution.poll(now_ns)
        if not events and self.engine.next_due_ns <= now_ns:
            events = [(Kind.TIME, 0, NO_INSTRUMENT, now_ns, 0, 0, 0, 0, 0, 0)]
        self._sink(events)

    def _enter(self, state: LifecycleState, reason: str = "") -> None:
        """Enter a state: an input event like any other."""
        log.info(state.value.lower(), **({"reason": reason} if reason else {}))
        change = LifecycleChanged(state, reason)
        self._sink([(Kind.LIFECYCLE, 0, NO_INSTRUMENT, self.clock.now_ns(), 0, change, 0, 0, 0, 0)])

    def command(self, command: CommandReceived) -> list[str]:
        """Let an operator's command in; return the alerts that were raised meanwhile. Raises SessionOver."""
        if self._failure is not None or self._stopped:
            raise SessionOver("the session is over: nothing works any more that could be commanded")
        if self._is_early:
            return [self._early.add(command)]
        before = self.projection.alerts_told
        self._sink([(Kind.COMMAND, 0, NO_INSTRUMENT, self.clock.now_ns(), 0, command, 0, 0, 0, 0)])
        return self.projection.alerts_since(before)

    async def _keep_snapshots(self, every_s: float) -> None:
        """Journal a snapshot where enough has come since the last."""
        try:
            await self._snapshots.keep(every_s)
        except Exception as error:  # noqa: BLE001 - a session without snapshots would only be noticed at its restart
            self._fail_by_defect(error)

    def _snapshot(self) -> None:
        """Journal what a restart needs, in live mode, where the journal can still be written."""
        if self.trading is not None and self._failure is None:
            self._snapshots.take_at_once()

    def status(self) -> Status:
        """Return the state of everything, for the screen and the metrics."""
        return self.projection.status(
            self.clock.now_ns(),
            journal_bytes=self.journal.next_seq * SLOT_BYTES,
            loop_lag_ns=self._lag.ns,
            malformed=self.feeds.malformed(),
            reconnects=self.feeds.reconnects(),
        )
