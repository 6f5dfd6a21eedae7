"""How much left in a sliding window of event time."""

from collections import deque

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS


class Window:
    """At most `limit` in any `window_ns`; `orders_only`: cancels do not count."""

    __slots__ = ("limit", "name", "orders_only", "times", "what", "window_ns")

    def __init__(self, name: str, what: str, window_ns: int, *, orders_only: bool) -> None:
        """Count nothing yet, and allow nothing; `name` is the limit's in the settings."""
        self.name = name
        self.what = what
        self.window_ns = window_ns
        self.orders_only = orders_only
        self.limit = 0
        self.times: deque[int] = deque()

    def note(self, now_ns: int) -> None:
        """Count one that leaves."""
        self._forget(now_ns)
        self.times.append(now_ns)

    def count(self, now_ns: int) -> int:
        """Return how many left, for a person who looks: nothing is forgotten by it, so no digest changes."""
        return sum(time_ns > now_ns - self.window_ns for time_ns in self.times)

    def is_full(self, now_ns: int) -> bool:
        """Whether another one would be too many. Should time step back, what lies ahead keeps counting."""
        self._forget(now_ns)
        return len(self.times) >= self.limit

    def _forget(self, now_ns: int) -> None:
        times, oldest_ns = self.times, now_ns - self.window_ns
        while times and times[0] <= oldest_ns:
            times.popleft()


def windows() -> dict[str, Window]:
    """Return a window for each limit of messages, by the limit's name."""
    made = (
        Window("max_orders_per_second", "orders within one second", SECOND_NS, orders_only=True),
        Window("max_orders_per_minute", "orders within one minute", MINUTE_NS, orders_only=True),
        Window("max_messages_per_second", "messages within one second", SECOND_NS, orders_only=False),
        Window("max_messages_per_minute", "messages within one minute", MINUTE_NS, orders_only=False),
    )
    return {window.name: window for window in made}
