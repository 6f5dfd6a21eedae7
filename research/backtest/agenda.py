"""What the driver does at times of its own: bars open at the simulated venue, the equity is sampled."""

from collections.abc import Callable, Iterator

from core.clock import NEVER
from core.records import Event
from engine.virtual import Agenda


class BacktestAgenda(Agenda):
    """Bars that open, and samples at even steps."""

    def __init__(self, bars: Iterator[Event], open_bar: Callable[[Event], None], step_ns: int) -> None:
        """Tell `open_bar` each of `bars`, in the order of opening times (`venue_ns`); `start_samples` begins those."""
        self._bars = bars
        self._open_bar = open_bar
        self._step_ns = step_ns
        self._sample: Callable[[int], None] | None = None
        self._bar: Event | None = None
        self._next_bar()

    def start_samples(self, first_ns: int, sample: Callable[[int], None]) -> None:
        """Call `sample` with the time, at `first_ns` and at every step from there."""
        self._sample, self.due_ns = sample, first_ns

    def stop(self) -> None:
        """Take no more samples, open no more bars: the data has ended."""
        self._bar, self.opens_ns, self.due_ns = None, NEVER, NEVER

    def keep(self) -> None:
        """Take a sample."""
        assert self._sample is not None
        self._sample(self.due_ns)
        self.due_ns += self._step_ns

    def open(self) -> None:
        """Open a bar."""
        assert self._bar is not None
        self._open_bar(self._bar)
        self._next_bar()

    def rouse(self, now_ns: int) -> None:
        """Open the last bar of each instrument that was passed over: what was before it met nothing of ours."""
        if self.opens_ns >= now_ns:
            return
        passed: dict[int, Event] = {}
        bar = self._bar
        while bar is not None and bar[4] < now_ns:
            passed[bar[2]] = bar
            bar = next(self._bars, None)
        self._bar = bar
        self.opens_ns = bar[4] if bar is not None else NEVER
        for last in sorted(passed.values(), key=lambda each: each[4]):
            self._open_bar(last)

    def _next_bar(self) -> None:
        self._bar = next(self._bars, None)
        self.opens_ns = self._bar[4] if self._bar is not None else NEVER
