"""Trials of one plan in one process: the data at hand, the driver started, then one combination after another."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Self

from config.compose import engine_settings
from config.load import Config
from core.events import InstrumentDefined
from core.instruments import Instrument
from research.backtest.data import Data
from research.backtest.driver import Backtest
from research.backtest.sources import open_data
from research.backtest.times import NO_END, NO_START
from research.sweep.errors import NothingToRun
from research.sweep.grid import Values
from research.sweep.outcome import Failed, Outcome, Refused
from research.sweep.plain import plain_trial
from research.sweep.plan import Plan, currency_of, refusal
from research.sweep.result import Trial
from research.sweep.tape import read_tape
from strategies import StrategyParams

if TYPE_CHECKING:
    from research.compiled.driver import Say
    from research.sweep.compiled import CompiledTrials  # numba is imported only where something is compiled


class Runner:
    """Runs combinations of a plan; use it as a context manager. `data` is open as long."""

    def __init__(self, plan: Plan, *, say: "Say | None" = None) -> None:
        """Open the data, compile a kernel. Raises what a backtest raises, NothingToRun, VaryProblem."""
        self.plan = plan
        self._loaded = plan.load()
        config = plan.configured(self._first_taken())
        self.data: Data = open_data(plan.config.settings.backtest)
        try:
            backtest = Backtest(config, self.data, None)  # which refuses what no backtest of these settings can be
            self.step_ns = backtest.step_ns
            self.currency = currency_of(plan, _instruments(self.data))
            self._start_money = plan.start_money(self.currency)
            self.inputs = self.data.total  # of one trial; of a part of the data known once that has been read
            self.compiled = self._start(config, backtest, say) if plan.driver == "compiled" else None
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the data."""
        self.data.__exit__()

    def run(self, first: int, combinations: Iterable[Values]) -> list[Trial]:
        """Run combinations, the first of them numbered `first`."""
        return [self.trial(number, values) for number, values in enumerate(combinations, first)]

    def trial(self, number: int, values: Values) -> Trial:
        """Run one combination."""
        outcome = self._outcome(values)
        if isinstance(outcome, Refused | Failed):
            refused = isinstance(outcome, Refused)
            return Trial(number=number, values=values, refused=refused, problem=outcome.reason)
        return Trial(number=number, values=values, figures=outcome)

    def _outcome(self, values: Values) -> Outcome:
        """Run one combination by the plan's driver."""
        plan = self.plan
        params = self._params(values)
        if isinstance(params, Refused):
            return params
        if self.compiled is not None:
            return self.compiled.trial(params)
        return plain_trial(plan.configured(values), self.data, plan.chosen.id, self.currency, self._start_money)

    def _params(self, values: Values) -> StrategyParams | Refused:
        """Return the parameters of a combination, or why the strategy refuses them."""
        try:
            return self.plan.params(self._loaded, values)
        except Exception as error:  # noqa: BLE001 - a strategy's own checks raise whatever they like
            return Refused(refusal(error))

    def _taken(self) -> Iterator[tuple[Values, StrategyParams]]:
        """Yield the combinations that the strategy's parameters take."""
        for values in self.plan.grid.combinations():
            params = self._params(values)
            if isinstance(params, StrategyParams):
                yield values, params

    def _first_taken(self) -> Values:
        """Return the first combination that the strategy's parameters take. Raises NothingToRun."""
        for values, _ in self._taken():
            return values
        refused = self._params(next(self.plan.grid.combinations()))
        raise nothing_to_run(self.plan.grid.size, refused.reason if isinstance(refused, Refused) else "")

    def _start(self, config: Config, backtest: Backtest, say: "Say | None") -> "CompiledTrials":
        """Return compiled trials that have been started. Raises NothingToRun where no combination is taken."""
        from research.sweep.compiled import CompiledTrials

        plan, settings = self.plan, config.settings
        chosen = engine_settings(settings, {plan.chosen.id: self._loaded}, self.data.started_ns)
        tape = read_tape(self.data, backtest.from_ns, backtest.until_ns)
        self.inputs = tape.inputs
        sim = settings.paper.sim.at(plan.chosen.instruments[0].rpartition(".")[2])
        trials = CompiledTrials(chosen, sim, self._loaded.source, tape, self.step_ns, say=say)
        refused_all = trials.start((params for _, params in self._taken()), self.currency, self._start_money)
        if refused_all:
            raise nothing_to_run(plan.grid.size, refused_all)
        return trials


def _instruments(data: Data) -> list[Instrument]:
    """Return the instruments that are defined before the first market data. Raises JournalError."""
    found: dict[int, Instrument] = {}
    for run in data.runs(NO_START, NO_END):
        if run.plain:
            break
        for event in run.events:
            if isinstance(event[5], InstrumentDefined):
                found[event[2]] = event[5].instrument
    return list(found.values())


def nothing_to_run(combinations: int, reason: str) -> NothingToRun:
    """Return the error that tells that no combination can be run, with the reason of one."""
    return NothingToRun(f"not one of {combinations:,} combinations can be run; one of them: {reason}")
