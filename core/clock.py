"""Event time: the only clock that the core has."""

NEVER = (1 << 63) - 1
"""The time at which nothing falls due."""


class EventClock:
    """The time of the event being handled, ns since the Unix epoch; set by whoever drives the engine."""

    __slots__ = ("now_ns",)

    def __init__(self) -> None:
        """Start before every event."""
        self.now_ns = 0
