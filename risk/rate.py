"""How many orders passed lately: a sliding window in event time."""

from collections import deque


class RateWindow:
    """At most `limit` orders in any `window_ns`; holds the times of the orders that passed, no more than `limit`."""

    __slots__ = ("_times", "limit", "window_ns")

    def __init__(self, limit: int, window_ns: int) -> None:
        """Be empty."""
        self.limit = limit
        self.window_ns = window_ns
        self._times: deque[int] = deque()

    @property
    def count(self) -> int:
        """How many orders count at the time last given to `advance`."""
        return len(self._times)

    def advance(self, now_ns: int) -> None:
        """Forget what is `window_ns` old or older. Should time step back, what lies ahead keeps counting."""
        times = self._times
        while times and now_ns - times[0] >= self.window_ns:
            times.popleft()

    def note(self, now_ns: int) -> None:
        """Count an order that passed."""
        self._times.append(now_ns)

    def canonical(self) -> list[int]:
        """Return the times that count, oldest first."""
        return list(self._times)
