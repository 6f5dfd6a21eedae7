"""Whether this process ran all the while, by a clock that nobody set (F62).

A process that was stopped (SIGSTOP, a blocking call), a host that slept: what waits in its sockets' buffers then is as
old as the sleep was long, and would be read as of now. A machine whose clock was set may have slept, too.
"""

import time

from connectors.base import ClockNs

OVERSLEPT_NS = 5_000_000_000
"""As old as prices may be for the gate, unless its settings say otherwise."""


class Awake:
    """Told again and again that the process runs; says when it did not for too long."""

    __slots__ = ("_clock_ns", "_drift_ns", "_seen_ns", "_wall_ns")

    def __init__(self, clock_ns: ClockNs, wall_ns: ClockNs = time.time_ns) -> None:
        """Begin now. `clock_ns` is ours, which nobody sets, `wall_ns` the machine's."""
        self._clock_ns = clock_ns
        self._wall_ns = wall_ns
        self.note()

    def note(self) -> None:
        """Take note that the process runs."""
        self._seen_ns = self._clock_ns()
        self._drift_ns = self._wall_ns() - self._seen_ns

    def overslept(self, now_ns: int) -> str:
        """Return why what has waited to be read until now is too old, empty where it is not."""
        slept_ns = now_ns - self._seen_ns
        if slept_ns <= OVERSLEPT_NS:
            return ""
        return f"this process did not run for {slept_ns / 1e9:.1f} s: what it had not read by then is old"

    def doubt(self) -> str:
        """Return why nothing that was known before is to be trusted now, empty where it is; take note in any case."""
        now_ns = self._clock_ns()
        why, drift_ns = self.overslept(now_ns), self._drift_ns
        self.note()
        jumped_ns = self._drift_ns - drift_ns
        if not why and abs(jumped_ns) > OVERSLEPT_NS:
            why = f"this machine slept or its clock was set: it jumped by {jumped_ns / 1e9:+.1f} s"
        return why
