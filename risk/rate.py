"""How many orders passed lately: two sliding windows in event time.

The windows are records of numbers; the times of the orders that passed stand beside them in a ring, since how many
there may be is a setting. Both windows end with the newest time, so one ring serves both, and whatever the clock does
the second never reaches further back than the minute. The ring must have room for one more before `rate_note`:
compiled it has `rates.minute.limit` places, live `make_room` lets it grow up to that.
"""

from dataclasses import dataclass, field

from core.hot import Ints

_SECOND_NS = 1_000_000_000
_RING_MIN = 64


@dataclass(slots=True)
class RateWindow:
    """At most `limit` orders in any `window_ns`; `count` of them passed in the window that `rate_advance` saw last."""

    limit: int = 0
    window_ns: int = _SECOND_NS
    count: int = 0
    head: int = 0  # where the oldest time that counts is in the ring


def _minute() -> RateWindow:
    """Return a window of a minute."""
    return RateWindow(window_ns=60 * _SECOND_NS)


@dataclass(slots=True)
class Rates:
    """The windows over all that passes."""

    second: RateWindow = field(default_factory=RateWindow)
    minute: RateWindow = field(default_factory=_minute)


def rate_advance(window: RateWindow, times: Ints, now_ns: int) -> None:
    """Forget what is `window_ns` old or older. Should time step back, what lies ahead keeps counting."""
    while window.count > 0 and now_ns - times[window.head] >= window.window_ns:
        window.count -= 1
        window.head += 1
        if window.head == len(times):
            window.head = 0


def rate_note(rates: Rates, times: Ints, now_ns: int) -> None:
    """Count an order that passed in both windows, which have been advanced; the ring must not be full."""
    place = rates.minute.head + rates.minute.count
    if place >= len(times):
        place -= len(times)
    times[place] = now_ns
    rates.minute.count += 1
    if rates.second.count == 0:
        rates.second.head = place
    rates.second.count += 1


HOT = (rate_advance, rate_note)


def make_room(rates: Rates, times: list[int]) -> None:
    """Let the ring grow, live: twice as long, though no longer than the minute's limit."""
    times[:] = times_of(rates.minute, times)
    rates.minute.head = 0
    rates.second.head = rates.minute.count - rates.second.count
    more = max(len(times), _RING_MIN)
    times.extend([0] * min(more, rates.minute.limit - len(times)))


def times_of(window: RateWindow, times: Ints) -> list[int]:
    """Return the times that count, oldest first."""
    return [times[(window.head + place) % len(times)] for place in range(window.count)]
