"""Trials through the Python driver: one backtest after another, its equity sampled, nothing written."""

import gc
from collections.abc import Sequence

import numpy as np

from config.load import Config
from core.effects import Effect, StrategyChanged, StrategyState
from engine.virtual import VirtualRun
from research.backtest.data import Data
from research.backtest.driver import Backtest
from research.sweep.figures import Counts, Money, figures_of
from research.sweep.outcome import Failed, Outcome, Refused


class PlainTrial(Backtest):
    """A backtest that keeps the equity of its samples, and why strategies were paused, instead of a run folder."""

    def __init__(self, config: Config, data: Data) -> None:
        """Run over `data`. Raises ConfigError, DataProblem, DriverProblem."""
        self.rows: list[list[tuple[str, int, int, int, int]]] = []
        self.paused: dict[str, tuple[int, str]] = {}
        super().__init__(config, data, None)
        self.virtual = VirtualRun(self.engine, self.paper, watch=self._watch, agenda=self._agenda)

    def _watch(self, now_ns: int, effects: Sequence[Effect]) -> None:
        """Note when and why a strategy is paused."""
        for effect in effects:
            if type(effect) is StrategyChanged and effect.state is StrategyState.PAUSED:
                self.paused[effect.strategy_id] = now_ns, effect.reason

    def _begin_samples(self, now_ns: int) -> None:
        """Take samples from now on, at whole steps of time."""
        super()._begin_samples(now_ns)
        self._agenda.start_samples(-(-now_ns // self.step_ns) * self.step_ns, self._sample)

    def _end(self) -> None:
        """Stop the strategies; take a last sample."""
        super()._end()
        self._sample(self.engine.now_ns)

    def _sample(self, _now_ns: int) -> None:
        self.rows.append(self.account.sample())


def plain_trial(config: Config, data: Data, strategy: str, currency: str, start: int) -> Outcome:
    """Run one configuration; `strategy` is the id of the one whose parameters are varied.

    It is counted in `currency`, of which the account begins with `start`, as money. Raises ConfigError, DataProblem,
    DriverProblem.
    """
    backtest = PlainTrial(config, data)
    gc.collect()
    backtest.run()
    if strategy in backtest.paused:
        now_ns, reason = backtest.paused[strategy]
        return Refused(reason) if now_ns <= backtest.started_ns else Failed(f"paused: {reason}")
    nothing = (currency, start, 0, 0, 0)  # before the first fill, in a currency that the account began without
    own = [next((row for row in rows if row[0] == currency), nothing) for rows in backtest.rows]
    _, _, realised, unrealised, fees = own[-1]
    virtual = backtest.virtual
    counts = Counts(orders=virtual.orders, fills=virtual.fills, refusals=sum(virtual.refusals.values()))
    money = Money(start=start, profit=realised + unrealised - fees, fees=fees)
    equities = np.array([start, *(row[1] for row in own)], object)
    return figures_of(counts, money, equities, 1, backtest.step_ns)
