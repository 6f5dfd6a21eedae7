"""Trials of a kernel through the compiled driver: one run, begun again for each set of parameters.

A trial costs no Python work for an event or an order: what a run's log says is counted, not told in words.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from connectors.sim.settings import SimSettings
from core.clock import NEVER
from core.events import LifecycleState
from core.market import mark_price_of
from engine.build import EngineSettings
from research.backtest.driver import DRAIN_NS, END_OF_DATA
from research.backtest.errors import DataProblem
from research.compiled.again import Again
from research.compiled.driver import CompiledRun, Say
from research.compiled.errors import CompiledError
from research.compiled.tables import FILL, REFUSAL, SUBMIT
from research.sweep.figures import Counts, Figures, Money, figures_of
from research.sweep.outcome import Failed, Outcome, Refused
from research.sweep.samples import Held, Scale, Tally
from research.sweep.tape import Tape, life
from strategies import Kernel, StrategyParams

_NET = ("quantity", "cost", "realised", "fees", "fees_rest")
World = Any


class CompiledTrials:
    """One compiled run over one tape. `start` it with parameters that it takes; then each `trial` begins it again."""

    def __init__(
        self,
        settings: EngineSettings,
        sim: SimSettings,
        source: str,
        tape: Tape,
        step_ns: int,
        *,
        say: Say | None = None,
    ) -> None:
        """Sample the equity every `step_ns`; for the others see `CompiledRun`. Raises NotCompilable."""
        self._settings = settings
        self._sim = sim
        self._tape = tape
        self._step_ns = step_ns
        self._tally = Tally()
        self._run = CompiledRun(settings, sim, source, self._tally, say)
        self._again: Again | None = None
        self._scale: Scale | None = None
        self._start = 0
        self._first_sample_ns = -(-tape.started_ns // step_ns) * step_ns

    def start(self, candidates: Iterable[StrategyParams], currency: str, start: int) -> str:
        """Bring the run to its start with the first of `candidates` that the kernel takes; compile it.

        Trials are counted in `currency`, of which the account begins with `start`, as money.
        Returns why none was taken, "" where one was. Raises DataProblem, NotCompilable, NotStarted, CapacityExceeded.
        """
        for item in self._tape.opening:
            events = [tuple(row[1:]) for row in item.tolist()] if isinstance(item, np.ndarray) else [item]
            for event in events:
                self._run.step(event)
        reason = "nothing to try"
        for params in candidates:
            prepared = self._prepare(params)
            if isinstance(prepared, Refused):
                reason = prepared.reason
                continue
            instruments = [market.instrument for market in self._run.engine.markets]
            self._scale, self._start = Scale(instruments, currency, self._sim), start
            [actor] = self._run.engine.desk.actors
            actor.strategy.params = params
            self._run.step(self._tape.ready)
            self._again = Again(self._run)
            return ""
        return reason

    def trial(self, params: StrategyParams) -> Outcome:
        """Run one set of parameters from the start to the end."""
        again = self._again
        assert again is not None, "start it first"
        again.rewind()
        state = self._prepare(params)
        if isinstance(state, Refused):
            return state
        self._tally.clear()
        try:
            again.begin(state)
            self._feed()
        except CompiledError as error:
            return Failed(str(error))
        except Exception as error:  # noqa: BLE001 - whatever a kernel raises must not stop the other trials
            return Failed(f"the kernel raised {type(error).__name__}: {error}")
        return self._figures()

    def _prepare(self, params: StrategyParams) -> Any:  # noqa: ANN401 - each kernel has a state of its own
        """Return the kernel's state for these parameters, or why it refuses them. Raises DataProblem."""
        [spec] = self._settings.strategies
        assert issubclass(spec.strategy, Kernel)
        by_id = {market.instrument.id: market for market in self._run.engine.markets}
        missing = [name for name in spec.instruments if name not in by_id]
        if missing:
            raise DataProblem(
                f"the data has no {', '.join(missing)}, which {spec.id} trades; it has {', '.join(by_id)}"
            )
        try:
            return spec.strategy.prepare(params, tuple(by_id[name] for name in spec.instruments))
        except Exception as error:  # noqa: BLE001 - a kernel refuses by raising whatever it likes
            return Refused(f"{type(error).__name__}: {error}")

    def _feed(self) -> None:
        """Run the tape and stop the strategies, as a backtest does. Raises CapacityExceeded."""
        run, world, tape = self._run, self._run.world, self._tape
        world["sample_ns"], world["sample_step_ns"] = self._first_sample_ns, self._step_ns
        for item in tape.items:
            if isinstance(item, np.ndarray):
                at, end = 0, len(item)
                while at < end:
                    at = run.run(item, at, end)
            else:
                self._step(item)
        now_ns = int(world["now_ns"])
        if not tape.drained:
            self._step(life(LifecycleState.DRAINING, now_ns, END_OF_DATA))
        world["sample_ns"] = NEVER
        run.pass_time(now_ns + DRAIN_NS)  # a backtest enters STOPPED then, which changes no figure
        run.flush()

    def _step(self, event: Any) -> None:  # noqa: ANN401 - a plain event
        """Let what falls due before an input with a payload happen, then take it."""
        self._run.pass_time(event[3])
        self._run.flush()
        self._run.step(event)

    def _figures(self) -> Figures:
        """Return what the run came to."""
        scale, counts = self._scale, self._tally.counts
        assert scale is not None
        profit, fees = scale.profit_and_fees(self._held(self._run.world))
        money = Money(start=self._start, profit=profit, fees=fees)
        equities, unit = scale.equities(self._start, self._tally.samples(), self._start + profit)
        counted = Counts(orders=int(counts[SUBMIT]), fills=int(counts[FILL]), refusals=int(counts[REFUSAL]))
        return figures_of(counted, money, equities, unit, self._step_ns)

    def _held(self, world: World) -> list[Held]:
        """Return the positions at the end, at their marks."""
        held = []
        for market in self._run.engine.markets:  # as they are at the end of the data, of which the run was told
            net = world["net"][market.index]
            if net["fills"]:
                quantity, cost, realised, fees, rest = (int(net[name]) for name in _NET)
                held.append(Held(market.index, quantity, cost, realised, fees, rest, mark_price_of(market)))
        return held
