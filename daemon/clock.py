"""The process's clock: wall time once, then monotonic.

A wall clock that steps (NTP, a suspended host) must not move timers or make time run backwards (fault F62), so the
session reads it once at the start and counts monotonic nanoseconds from there.
"""

import time


class SessionClock:
    """Nanoseconds since the Unix epoch that never go back."""

    __slots__ = ("_offset_ns",)

    def __init__(self) -> None:
        """Anchor monotonic time to the wall clock of this moment."""
        self._offset_ns = time.time_ns() - time.monotonic_ns()

    def now_ns(self) -> int:
        """Return the present."""
        return self._offset_ns + time.monotonic_ns()

    def drift_ns(self) -> int:
        """Return how far the wall clock has moved away from this one: a step, or slow correction by NTP."""
        return time.time_ns() - self.now_ns()
