"""What a re-run is fed: the data up to a time, as it was or altered from a cut on, counted input by input.

A venue's bar is a special case: its open is known when it opens, so a cut inside a bar leaves the open standing.
"""

from collections.abc import Callable, Iterable, Iterator

from core.events import LifecycleChanged
from core.records import Event, Kind
from research.backtest.data import Data, Run, Source
from research.backtest.openings import Openings
from research.backtest.times import NO_END
from research.lookahead.altering import Alteration
from research.lookahead.decisions import Trace

_SAMPLED = {int(Kind.QUOTE), int(Kind.TRADE), int(Kind.BAR)}
_EVERY = 63  # prices are sampled at one input of 64; of the first few thousand at each
_DENSE = 4_096


class Feed(Data):
    """Some data as one re-run is fed it; the data itself stays open."""

    def __init__(  # the parent opens folders: here they are open
        self,
        data: Data,
        trace: Trace,
        *,
        stop_ns: int = NO_END,
        alteration: Alteration | None = None,
        restart: bool = False,
    ) -> None:
        """Feed what comes before `stop_ns`. With `restart`, a recorded session's own life is left out."""
        self._folders = ()
        self._data = data
        self._trace = trace
        self._stop_ns = stop_ns
        self._alteration = alteration
        self._restart = restart
        self.started_ns, self.last_ns, self.total = data.started_ns, data.last_ns, data.total
        self.has_life = data.has_life and not restart
        self.first_ns = 0  # of the first market record
        self.ranges: dict[int, tuple[int, int]] = {}  # by instrument: lowest and highest price sampled
        self.marks: list[int] = []  # times, ascending, before which `at_mark` is called
        self.at_mark: Callable[[], None] | None = None

    def sources(self) -> tuple[Source, ...]:
        """Return what to say of each folder."""
        return self._data.sources()

    def told(self) -> dict[str, set[int]]:
        """Return the kinds of market data by instrument."""
        return self._data.told()

    def runs(self, from_ns: int, until_ns: int) -> Iterator[Run]:
        """Yield the inputs before `until_ns` and the stop."""
        for run in self._data.runs(from_ns, min(until_ns, self._stop_ns)):
            if run.plain and not self.first_ns and run.first_ns >= from_ns:
                self.first_ns = run.first_ns
            yield Run(self._counted(run.events), run.inputs, run.plain, run.first_ns, run.last_ns, run.done)

    def opens(self) -> Openings:
        """Return the bars in the order in which they open."""
        return Openings(self.bars())

    def bars(self) -> Iterator[Event]:
        """Yield the same as events."""
        for bar in self._data.bars():
            if bar[4] >= self._stop_ns:
                return
            if self._alteration is not None:
                yield self._alteration.bar(bar)
            elif bar[3] >= self._stop_ns:
                yield (*bar[:6], bar[5], bar[5], bar[5], 0)  # type: ignore[misc]  # only its open is known by then
            else:
                yield bar

    def _counted(self, events: Iterable[Event]) -> Iterator[Event]:
        """Yield a run's events, each counted just before it is handed over."""
        trace, alteration, marks, restart = self._trace, self._alteration, self.marks, self._restart
        for event in events:
            if restart and isinstance(event[5], LifecycleChanged):
                continue
            while marks and event[3] >= marks[0]:
                del marks[0]
                if self.at_mark is not None:
                    self.at_mark()
            trace.inputs = number = trace.inputs + 1
            if alteration is not None:
                yield alteration.take(event)
            else:
                if (number & _EVERY == 0 or number < _DENSE) and event[0] in _SAMPLED:
                    self._sample(event)
                yield event

    def _sample(self, event: Event) -> None:
        """Widen the range of an instrument's prices."""
        price = event[5]
        assert isinstance(price, int)
        low, high = self.ranges.get(event[2], (price, price))
        self.ranges[event[2]] = min(low, price), max(high, price)
