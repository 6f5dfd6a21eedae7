"""What the driver does at times of its own: bars open at the simulated venue, the equity is sampled."""

from collections.abc import Callable

from core.clock import NEVER
from core.records import Event
from engine.virtual import Agenda
from research.backtest.openings import Openings


class BacktestAgenda(Agenda):
    """Bars that open, and samples at even steps."""

    def __init__(self, bars: Openings, open_bar: Callable[[Event], None], step_ns: int) -> None:
        """Tell `open_bar` each of `bars` that something of ours may meet; `start_samples` begins those."""
        self._bars = bars
        self._open_bar = open_bar
        self._step_ns = step_ns
        self._sample: Callable[[int], None] | None = None
        self.opens_ns = bars.next_ns

    def start_samples(self, first_ns: int, sample: Callable[[int], None]) -> None:
        """Call `sample` with the time, at `first_ns` and at every step from there."""
        self._sample, self.due_ns = sample, first_ns

    def stop(self) -> None:
        """Take no more samples, open no more bars: the data has ended."""
        self.opens_ns, self.due_ns = NEVER, NEVER

    def keep(self) -> None:
        """Take a sample."""
        assert self._sample is not None
        self._sample(self.due_ns)
        self.due_ns += self._step_ns

    def open(self) -> None:
        """Open a bar."""
        self._open_bar(self._bars.take())
        self.opens_ns = self._bars.next_ns

    def rouse(self, now_ns: int) -> None:
        """Open the last bar of each instrument that was passed over: what was before it met nothing of ours."""
        if self.opens_ns >= now_ns:
            return
        for bar in self._bars.pass_over(now_ns):
            self._open_bar(bar)
        self.opens_ns = self._bars.next_ns
