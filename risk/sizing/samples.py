"""The middles and volumes of one market, a sample every so often: what volatilities and volumes are counted from."""

from collections import deque
from itertools import pairwise

from core.market import Market, touch_of


class Samples:
    """The newest samples: time, twice the middle, and the volume since the session began.

    A market whose feed is down, stale or one-sided gives no sample, and a return is counted only between samples that
    are one step apart, so that what happened in a gap is not taken for what happens in a step.
    """

    __slots__ = ("_step_ns", "kept")

    def __init__(self, step_ns: int, most: int) -> None:
        """Keep at most so many, `step_ns` apart."""
        self._step_ns = step_ns
        self.kept: deque[tuple[int, int, int]] = deque(maxlen=most)

    def take(self, now_ns: int, market: Market) -> None:
        """Look at a market."""
        bid, _, ask, _, _ = touch_of(market)
        if market.connected and not market.stale and 0 < bid <= ask:
            self.kept.append((now_ns, bid + ask, market.volume))

    def returns(self, most: int) -> list[float]:
        """Return the newest relative moves, oldest first, at most so many."""
        return list(self.returns_by_time().values())[-most:]

    def returns_by_time(self) -> dict[int, float]:
        """Return every relative move by the time at which it ended, oldest first."""
        within_ns = self._step_ns * 3 // 2
        return {
            until_ns: after / before - 1.0
            for (from_ns, before, _), (until_ns, after, _) in pairwise(self.kept)
            if until_ns - from_ns <= within_ns
        }

    def volume(self, now_ns: int, span_ns: int, market: Market) -> int:
        """Return what was traded in the last `span_ns`, as far back as there are samples; 0 without any."""
        first = next((volume for at_ns, _, volume in self.kept if now_ns - at_ns <= span_ns), None)
        return 0 if first is None else market.volume - first

    def state(self) -> list[object]:
        """Return everything that a digest must cover."""
        return list(self.kept)
