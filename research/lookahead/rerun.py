"""One run of the Python driver that is watched, and that ends where its data ends: nothing is drained or cancelled."""

import gc
from collections.abc import Callable, Sequence

import msgspec

from config.load import Config
from engine.virtual import VirtualRun
from research.backtest.data import Data
from research.backtest.driver import Backtest, Progress
from research.backtest.times import NO_END
from research.lookahead.altering import Alteration
from research.lookahead.decisions import PAUSED, Decision, Trace
from research.lookahead.feed import Feed
from strategies.base import Saved

Saves = dict[str, Saved]
"""What each active strategy saved, by its id."""


class Rerun(Backtest):
    """A backtest whose decisions are kept in `trace`; it writes nothing."""

    def __init__(
        self,
        config: Config,
        data: Data,
        *,
        stop_ns: int = NO_END,
        alteration: Alteration | None = None,
        from_ns: int | None = None,
    ) -> None:
        """Run over the data before `stop_ns`, with strategies that start at `from_ns` where given.

        Raises ConfigError, DataProblem.
        """
        self.trace = Trace()
        self.feed = Feed(data, self.trace, stop_ns=stop_ns, alteration=alteration, restart=from_ns is not None)
        self.stop_ns = stop_ns
        self.at_start: Callable[[], None] | None = None
        self.start_input = 0
        self.saves: list[Saves] = []
        self._looking = False
        super().__init__(checked(config), self.feed, None)
        self.virtual = VirtualRun(self.engine, self.paper, watch=self.trace.watch, agenda=self._agenda)
        if from_ns is not None:
            self.from_ns = from_ns

    @property
    def decisions(self) -> list[Decision]:
        """What was decided, in order."""
        return self.trace.decisions

    @property
    def strategies(self) -> list[str]:
        """The ids of the strategies."""
        return [actor.id for actor in self.engine.desk.actors]

    @property
    def asked_for_something(self) -> bool:
        """Whether any strategy decided anything, beside to fail."""
        return any(each.asked.word != PAUSED for each in self.decisions)

    def why_nothing(self) -> str:
        """Say why there is nothing to check."""
        paused = [f"{each.strategy} was paused: {each.asked.detail}" for each in self.decisions]
        return "; ".join(["no strategy decided anything on this data; take longer data, or other settings", *paused])

    def look_at(self, marks: Sequence[int]) -> None:
        """Keep what strategies save when the data comes to each of `marks` (times, ascending), and at its end."""
        self._looking = True
        self.feed.marks[:] = marks
        self.feed.at_mark = self._look

    def go(self, progress: Progress | None = None) -> "Rerun":
        """Run it. Raises DataProblem, JournalError."""
        gc.collect()
        self.run(progress)
        return self

    def _look(self) -> None:
        """Keep what strategies save now."""
        self.saves.append({actor.id: actor.strategy.save() for actor in self.engine.desk.actors if actor.active})

    def _begin_samples(self, now_ns: int) -> None:
        """Strategies have started: nothing is sampled, but somebody may want to look at them."""
        super()._begin_samples(now_ns)
        self.start_input = self.trace.inputs
        if self.at_start is not None:
            self.at_start()

    def _end(self) -> None:
        """Let what fell due before the stop happen; stop there."""
        if self.stop_ns != NO_END:
            self.virtual.catch_up(self.stop_ns - 1)
        if self._looking:
            self._look()
        self.trace.closed = True


def checked(config: Config) -> Config:
    """Return the settings of a re-run: the Python driver, no journal. A kernel's functions are the same in both."""
    chosen = msgspec.structs.replace(config.settings.backtest, driver="python", journal=False)
    return msgspec.structs.replace(config, settings=msgspec.structs.replace(config.settings, backtest=chosen))
