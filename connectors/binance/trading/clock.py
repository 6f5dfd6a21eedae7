"""How far the venue's clock is from ours, and whether that is still believed.

A measure is believed for a while and until this machine's clock jumps: what was measured before a host slept, or before
its clock was set, says nothing of now (F37, F62). Pure: the transport measures, and tells how the wall clock stands to
the monotonic one that our time is counted by.
"""

from core.events import ClockMeasured
from core.records import NO_INSTRUMENT, Event, Kind

_NS = 1_000_000_000
_NS_PER_MS = 1_000_000


class VenueClock:
    """The last good measure of the venue's clock less ours, in ns. `wanted`: measure now."""

    __slots__ = ("_bound_ns", "_drift_ns", "_known_ns", "_max_age_ns", "_measured_ns", "jumps", "offset_ns", "wanted")

    def __init__(self, bound_ms: int, max_age_s: float) -> None:
        """Have no measure."""
        self.offset_ns = 0
        self.wanted = False
        self.jumps = 0
        """How often our clock has jumped: a measure that was begun before the last time is not believed."""
        self._bound_ns = bound_ms * _NS_PER_MS
        self._max_age_ns = int(max_age_s * _NS)
        self._measured_ns: int | None = None
        self._drift_ns: int | None = None  # the wall clock less ours, when it was last looked at
        self._known_ns = 0  # the same at the last measure, or after the last jump

    def measured(self, offset_ns: int, now_ns: int, jumps: int | None = None) -> bool:
        """Take a measure, begun after so many jumps (None: after all of them); return whether it is believed."""
        if jumps not in {None, self.jumps}:
            return False
        self.offset_ns, self._measured_ns, self.wanted = offset_ns, now_ns, False
        self._known_ns = self._drift_ns or 0
        return True

    def looked(self, drift_ns: int) -> int:
        """See how far the wall clock is from ours; return by how much it has jumped, 0 where it has not.

        What NTP slews in the time between two measures is far below the bound; what is beyond it is a step, or a sleep.
        """
        if self._drift_ns is None:
            self._known_ns = drift_ns
        self._drift_ns = drift_ns
        jumped_ns = drift_ns - self._known_ns
        if abs(jumped_ns) <= self._bound_ns:
            return 0
        self._known_ns, self._measured_ns = drift_ns, None
        self.jumps += 1
        self.wanted = True
        return jumped_ns

    def jump(self, venue: str, jumped_ns: int, now_ns: int) -> Event:
        """Return the event of a jump."""
        told = ClockMeasured(venue=venue, offset_ns=self.offset_ns, uncertainty_ns=abs(jumped_ns), jumped_ns=jumped_ns)
        return (int(Kind.CLOCK), 0, NO_INSTRUMENT, now_ns, 0, told, 0, 0, 0, 0)

    def doubt(self, now_ns: int) -> str:
        """Return why nothing may be opened by this clock, empty where it may."""
        if self._measured_ns is None:
            why = "this machine's clock jumped, and " if self.jumps else ""
            return f"{why}the venue's clock has not been measured yet"
        age_ns = now_ns - self._measured_ns
        if age_ns > self._max_age_ns:
            return (
                f"the venue's clock was last measured {age_ns // _NS} s ago, more than {self._max_age_ns / _NS:g}: it "
                "is tried again every second, look at the way to the venue's REST"
            )
        if abs(self.offset_ns) > self._bound_ns:
            return (
                f"the venue's clock and ours are {self.offset_ns / _NS_PER_MS:+.0f} ms apart, more than "
                f"{self._bound_ns // _NS_PER_MS}: set this machine's clock (NTP), or clock_bound_ms"
            )
        return ""
