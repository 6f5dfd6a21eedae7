"""What trading stands on: feeds that are fresh, clocks that agree, a loop that is not late."""

from collections import deque

from risk.breaker_settings import LagRow, QuorumRow, Row
from risk.breakers.tally import SECOND_NS
from risk.breakers.watch import Desk, Watch

NS_PER_MS = 1_000_000
LAGS_MOST = 1_000


class Quorum(Watch):
    """How many markets are fresh, negative: fewer are worse."""

    def __init__(self, desk: Desk, scope: str, row: QuorumRow) -> None:
        """Look at the markets of the scope."""
        super().__init__(desk, scope)
        self._most_ns = row.max_age_ms * NS_PER_MS

    def figure(self, now_ns: int) -> int | None:
        """Return the count of markets that are connected, not silent, and whose touch is young."""
        fresh = 0
        for market in self.scoped.markets():
            bid, ask, touch_ns = market.touch()
            young = bid > 0 and ask > 0 and now_ns - touch_ns <= self._most_ns
            fresh += market.connected and not market.stale and young
        return -fresh

    def change(self, row: Row) -> None:
        """Have the windows of a row from now on."""
        assert isinstance(row, QuorumRow)
        self._most_ns = row.max_age_ms * NS_PER_MS

    def text(self, figure: int) -> str:
        """Return how many are fresh."""
        return str(-figure)


class ClockOffset(Watch):
    """How far the worst clock of a venue is from ours, in ns; a jump of ours counts as well until the next measure."""

    unit = NS_PER_MS

    def figure(self, now_ns: int) -> int | None:
        """Return the offset, nothing before the first measure."""
        clocks = self.desk.clocks
        found = [
            abs(offset_ns) + abs(jumped_ns)
            for venue, (offset_ns, jumped_ns) in sorted(clocks.items())
            if self.scoped.kind != "venue" or venue == self.scoped.name
        ]
        return max(found, default=None)

    def text(self, figure: int) -> str:
        """Return milliseconds."""
        return str(figure // NS_PER_MS)


class LoopLag(Watch):
    """By how much the event loop was late, the worst of the last seconds, in ns."""

    unit = NS_PER_MS

    def __init__(self, desk: Desk, scope: str, row: LagRow) -> None:
        """Have heard nothing."""
        super().__init__(desk, scope)
        self._window_ns = row.window_s * SECOND_NS
        self._told: deque[tuple[int, int]] = deque(maxlen=LAGS_MOST)

    def lagged(self, lag_ns: int, now_ns: int) -> None:
        """Take what the edge measured."""
        self._told.append((now_ns, lag_ns))

    def figure(self, now_ns: int) -> int | None:
        """Return the worst; what is not told is not late."""
        while self._told and now_ns - self._told[0][0] >= self._window_ns:
            self._told.popleft()
        return max((lag_ns for _, lag_ns in self._told), default=0)

    def change(self, row: Row) -> None:
        """Have the windows of a row from now on."""
        assert isinstance(row, LagRow)
        self._window_ns = row.window_s * SECOND_NS

    def anew(self, now_ns: int) -> None:
        """Forget what was told."""
        self._told.clear()

    def text(self, figure: int) -> str:
        """Return milliseconds."""
        return str(figure // NS_PER_MS)

    def state(self) -> list[object]:
        """Return what was told."""
        return list(self._told)
