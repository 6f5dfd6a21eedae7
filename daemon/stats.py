"""What the process counts about itself: cheap to add to, read by the screen, the metrics and the summary."""

from array import array

LATENCY_WINDOW = 16_384


class Latency:
    """The last 16,384 latencies in ns, and how many there were in all."""

    __slots__ = ("_values", "count")

    def __init__(self) -> None:
        """Start empty, with the room taken: adding never allocates."""
        self._values = array("q", bytes(8 * LATENCY_WINDOW))
        self.count = 0

    def add(self, latency_ns: int) -> None:
        """Add one latency; the oldest of the window makes room."""
        self._values[self.count % LATENCY_WINDOW] = latency_ns
        self.count += 1

    def percentiles(self, *shares: float, last: int = LATENCY_WINDOW) -> list[int]:
        """Return nearest-rank percentiles, shares in [0, 1], of the `last` values; zeros before the first."""
        end = self.count % LATENCY_WINDOW
        kept = min(self.count, LATENCY_WINDOW, last)
        window = sorted(self._values[max(0, end - kept) : end])
        if kept > end:  # the older part stands at the other end
            window = sorted([*window, *self._values[LATENCY_WINDOW - (kept - end) :]])
        if not window:
            return [0 for _ in shares]
        return [window[min(len(window) - 1, int(share * len(window)))] for share in shares]


class Stats:
    """Counters of one run."""

    __slots__ = ("commands", "effects", "inputs", "snapshot_ns", "started_ns", "tick_to_order")

    def __init__(self, started_ns: int) -> None:
        """Count from zero at `started_ns`."""
        self.started_ns = started_ns
        self.inputs = [0] * 256  # by record kind
        self.effects = [0] * 256
        self.commands = 0
        self.snapshot_ns = 0  # when the last snapshot was journaled, event time; 0 before the first
        self.tick_to_order = Latency()

    @property
    def total_inputs(self) -> int:
        """All inputs that were stepped."""
        return sum(self.inputs)

    @property
    def total_effects(self) -> int:
        """All effects that were journaled."""
        return sum(self.effects)
