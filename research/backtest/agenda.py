"""What the driver does at times of its own: bars open at the simulated venue, the equity is sampled."""

from collections.abc import Callable, Iterator

from core.clock import NEVER
from core.records import Event
from engine.virtual import Agenda


class BacktestAgenda(Agenda):
    """Bars that open, and samples at even steps. At one time bars open first."""

    def __init__(self, opens: Iterator[Event], open_bar: Callable[[Event], None], step_ns: int) -> None:
        """Tell `open_bar` each of `opens`, in the order of opening times (`venue_ns`); `start_samples` begins those."""
        self._opens = opens
        self._open_bar = open_bar
        self._step_ns = step_ns
        self._bar: Event | None = next(opens, None)
        self._open_ns = self._bar[4] if self._bar is not None else NEVER
        self._sample: Callable[[int], None] | None = None
        self._sample_ns = NEVER
        self.due_ns = self._open_ns

    def start_samples(self, first_ns: int, sample: Callable[[int], None]) -> None:
        """Call `sample` with the time, at `first_ns` and at every step from there."""
        self._sample, self._sample_ns = sample, first_ns
        self.due_ns = min(self._open_ns, self._sample_ns)

    def stop(self) -> None:
        """Take no more samples, open no more bars: the data has ended."""
        self._bar, self._open_ns, self._sample_ns, self.due_ns = None, NEVER, NEVER, NEVER

    def keep(self) -> None:
        """Open a bar or take a sample."""
        if self._bar is not None and self._open_ns <= self._sample_ns:
            self._open_bar(self._bar)
            self._bar = next(self._opens, None)
            self._open_ns = self._bar[4] if self._bar is not None else NEVER
        elif self._sample is not None:
            self._sample(self._sample_ns)
            self._sample_ns += self._step_ns
        self.due_ns = min(self._open_ns, self._sample_ns)
