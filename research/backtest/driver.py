"""The Python driver: data in, through the engine and the simulated venue in virtual time, to a run folder.

The engine, the gate, the order manager and the simulated venue are those of a paper session. What differs is who feeds
them: the next record instead of the next frame, and time jumps from record to record.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from config.compose import engine_settings, session_head, simulated
from config.digest import config_digest
from config.hours import tables_of, with_sessions
from config.load import Config
from config.settings import Settings
from config.strategies import LoadedStrategy, effective_params, load_strategies
from connectors.sim.paper import PaperExecution
from core.decimals import plain
from core.events import InstrumentDefined, LifecycleChanged, LifecycleState
from core.money import money
from core.records import NO_INSTRUMENT, Event, Kind
from engine.build import EngineSettings, build_engine
from engine.engine import Engine
from engine.virtual import VirtualRun
from journal.head import FlushPolicy, SealState
from journal.writer import JournalWriter
from research.backtest.account import Account
from research.backtest.agenda import BacktestAgenda
from research.backtest.by_order import refuse_unfit
from research.backtest.data import Data
from research.backtest.errors import DataProblem, DriverProblem
from research.backtest.folder import JOURNAL, RunFolder
from research.backtest.heap import one_run
from research.backtest.journaled import JournaledRun
from research.backtest.times import NO_END, NO_START, choose_step_ns, moment, time_ns

if TYPE_CHECKING:
    from research.backtest.compiling import CompiledVirtual  # numba is imported only where something is compiled

Progress = Callable[[int, int], None]
Say = Callable[[str], None]

DRAIN_NS = 60_000_000_000  # after the data: for the cancels of the end to arrive and be answered
LABELS = ("backtest",)
END_OF_DATA = "end of data"
MIB = 1 << 20


class Backtest:
    """One backtest: `run` it once, then read `summary`, or the engine itself."""

    def __init__(
        self, config: Config, data: Data, folder: Path | None, *, command: str = "", say: Say | None = None
    ) -> None:
        """Build engine and venue for `data`; write into `folder`, nothing where that is None.

        Raises ConfigError, DataProblem, DriverProblem, JournalError.
        """
        settings = effective(config.settings)
        config = msgspec.structs.replace(config, settings=settings)
        self.settings = settings
        self.command = command
        self.data = data
        self._loaded = load_strategies(config)
        refuse_unfit(data, settings.paper.sim)
        chosen_engine = engine_settings(settings, self._loaded, data.started_ns)
        self._compiled = self._compile(chosen_engine, tell=folder is not None, say=say)
        self.engine: Engine = self._compiled.engine if self._compiled else build_engine(chosen_engine)
        self.paper = PaperExecution(settings.paper.sim, self.engine.markets)
        params = {chosen.id: effective_params(chosen, self._loaded[chosen.id]) for chosen in settings.strategies}
        self.config_digest = config_digest(settings, params)
        self.from_ns = time_ns(settings.backtest.from_, NO_START)
        self.until_ns = time_ns(settings.backtest.until, NO_END)
        step_ns = int(settings.backtest.equity_every_s * 1e9) or choose_step_ns(
            min(self.until_ns, data.last_ns) - max(self.from_ns, data.started_ns)
        )
        balances = {name: money(plain(amount)) for name, amount in settings.paper.balances.items()}
        self.account = Account(self.engine, balances, step_ns)
        self.step_ns = step_ns
        self.folder = RunFolder(folder, self.account) if folder is not None else None
        self.virtual = self._virtual()
        self._tables = tables_of(settings.hours)
        self.inputs = 0
        self.elapsed_s = 0.0
        self.state = "ended"
        self.reason = END_OF_DATA
        self.started_ns = 0  # when strategies were started, in the data's time
        self._drained = self._sealed = False
        self._stopping = False

    def _compile(self, chosen: EngineSettings, *, tell: bool, say: Say | None) -> "CompiledVirtual | None":
        """Return the compiled driver's run where that driver is chosen. Raises DriverProblem, NotCompilable."""
        if self.settings.backtest.driver != "compiled":
            return None
        if self.settings.backtest.journal:
            raise DriverProblem("the compiled driver writes no journal: use --driver python for one, or leave it out")
        from research.backtest.compiling import CompiledVirtual

        source = next((each.source for each in self._loaded.values()), "")
        # One strategy, whose instruments are of one venue: all else is refused.
        venue = next((name.rpartition(".")[2] for each in chosen.strategies for name in each.instruments), "")
        return CompiledVirtual(chosen, self.settings.paper.sim.at(venue), source, tell=tell, say=say)

    def _virtual(self) -> "VirtualRun | CompiledVirtual":
        """Return the run in virtual time, with a journal where one is wanted."""
        if self._compiled is not None:
            self._compiled.watch = self.folder.watch if self.folder is not None else None
            return self._compiled
        self._agenda = BacktestAgenda(self.data.opens(), self.paper.open_bar, self.step_ns)
        watch = self.folder.watch if self.folder is not None else None
        if not self.settings.backtest.journal:
            return VirtualRun(self.engine, self.paper, watch=watch, agenda=self._agenda)
        if self.folder is None:
            raise DriverProblem("a journal needs a run folder; name one with --out")
        return JournaledRun(
            self.engine,
            self.paper,
            _journal(self.settings, self._loaded, self.data.started_ns, self.folder.path),
            self.settings.session.digest_every,
            watch=watch,
            agenda=self._agenda,
        )

    # -- the run ---------------------------------------------------------------------------------------------------

    def run(self, progress: Progress | None = None) -> "Backtest":
        """Feed everything, drain, write the tables' ends. Interrupted (Ctrl-C), it ends there and says so.

        Who runs many in one process calls `gc.collect` between them: what is garbage at the start is kept to the end.
        """
        if self.folder is not None:
            self.folder.begin(self.settings, self.data.sources())
        begun = time.perf_counter()
        try:
            with one_run():
                self._go(progress)
        finally:
            self.elapsed_s = time.perf_counter() - begun
            if self._compiled is not None:
                self.elapsed_s -= self._compiled.compile_s
            if self.folder is not None:
                self.folder.close()
            if isinstance(self.virtual, JournaledRun) and not self._sealed:
                self.virtual.journal.close()
        return self

    def _go(self, progress: Progress | None) -> None:
        """Feed everything, end the run, seal its journal."""
        self._feed(progress)
        if self._stopping:
            self.state, self.reason = "interrupted", f"interrupted at {moment(self.now_ns)}"
        else:
            self._end()
        self._seal()

    @property
    def now_ns(self) -> int:
        """The time of the last input, in the data's time."""
        return self._compiled.now_ns if self._compiled is not None else self.engine.now_ns

    @property
    def engine_digest(self) -> str:
        """The digest of the engine's state at the end; "" where a compiled run told nobody what it did."""
        return self.engine.digest().hex() if self._compiled is None or self._compiled.restored else ""

    def stop(self) -> None:
        """End after the run of records that is being fed, as interrupted; for signal handlers."""
        self._stopping = True

    def _feed(self, progress: Progress | None) -> None:
        """Feed the data."""
        virtual = self.virtual
        for run in self.data.runs(self.from_ns, self.until_ns):
            if run.plain:
                if not self.started_ns and not self.data.has_life and run.first_ns >= self.from_ns:
                    self._start(run.first_ns)
                if isinstance(virtual, VirtualRun):
                    virtual.feed_run(run.events)
                else:
                    virtual.feed_records(run)
            else:
                for told in run.events:
                    event = self._in_sessions(told)
                    virtual.feed(event)
                    self._note(event)
            self.inputs += run.inputs
            if progress is not None:
                progress(run.done, self.data.total)
            if self._stopping:
                return
        if not self.started_ns:
            raise DataProblem(f"no market data between {self.settings.backtest.from_ or 'the start'} and the end")

    def _in_sessions(self, event: Event) -> Event:
        """Return a definition with the sessions of `[hours]`; what was recorded without any may be given some."""
        if not self._tables or not isinstance(event[5], InstrumentDefined):
            return event
        return (*event[:5], InstrumentDefined(with_sessions(event[5].instrument, self._tables)), *event[6:])

    def _note(self, event: Event) -> None:
        """Follow what is defined, and the life of a recorded session: it starts and drains when it did."""
        change = event[5]
        if isinstance(change, InstrumentDefined) and self.folder is not None:
            self.folder.define(event[2], change.instrument)
        if not isinstance(change, LifecycleChanged):
            return
        if change.state is LifecycleState.READY:
            self._begin_samples(event[3])
        elif change.state is LifecycleState.DRAINING:
            self._drained = True

    def _start(self, now_ns: int) -> None:
        """Start the strategies, before the first market event of theirs."""
        self.virtual.feed(_life(LifecycleState.READY, now_ns, ""))
        self._begin_samples(now_ns)

    def _begin_samples(self, now_ns: int) -> None:
        """Take samples from now on, at whole steps of time."""
        self.started_ns = now_ns
        if self.folder is None:
            return
        first_ns = -(-now_ns // self.step_ns) * self.step_ns
        if self._compiled is not None:
            self._compiled.sample_from(first_ns, self.step_ns, self.folder.sample)
        else:
            self._agenda.start_samples(first_ns, self.folder.sample)

    def _end(self) -> None:
        """Stop the strategies, cancel what works, wait for the answers, take a last sample."""
        virtual, now_ns = self.virtual, self.now_ns
        if not self._drained:
            virtual.feed(_life(LifecycleState.DRAINING, now_ns, END_OF_DATA))
        if self._compiled is not None:
            self._compiled.stop_samples()
        else:
            self._agenda.stop()
        virtual.catch_up(now_ns + DRAIN_NS)
        if not self._drained:
            virtual.feed(_life(LifecycleState.STOPPED, self.now_ns, END_OF_DATA))
        if self._compiled is not None:
            self._compiled.finish()
        if self.folder is not None:
            self.folder.sample(self.engine.now_ns)

    def _seal(self) -> None:
        """End the journal, if there is one; an interrupted run's says that it crashed, as a live session's would."""
        if isinstance(self.virtual, JournaledRun):
            self.virtual.seal(SealState.ENDED if self.state == "ended" else SealState.CRASHED, self.reason)
            self._sealed = True


def effective(settings: Settings) -> Settings:
    """Return the settings of a simulated venue, the backtest's own seed in place: they alone tell what is run."""
    settings = simulated(settings)
    seed = settings.backtest.seed
    if seed is None:
        return settings
    return msgspec.structs.replace(settings, session=msgspec.structs.replace(settings.session, seed=seed))


def _journal(settings: Settings, loaded: dict[str, LoadedStrategy], started_ns: int, folder: Path) -> JournalWriter:
    """Begin the journal in a run folder; waiting for the disk would only cost time here."""
    session = msgspec.structs.replace(settings.session, flush=FlushPolicy.OS)
    head = session_head(
        msgspec.structs.replace(settings, session=session), loaded, started_ns, f"{folder.name}-{JOURNAL}", LABELS
    )
    return JournalWriter.create(folder / JOURNAL, head, segment_bytes=settings.session.segment_mib * MIB)


def _life(state: LifecycleState, now_ns: int, reason: str) -> Event:
    """Return the event that enters a state of the daemon's life."""
    return (Kind.LIFECYCLE, 0, NO_INSTRUMENT, now_ns, 0, LifecycleChanged(state, reason), 0, 0, 0, 0)
