"""When an order's time is over: GTD at its own time, DAY at the end of the instrument's session."""

from core.orders import OrderIntent, TimeInForce

ALWAYS_OPEN = "24/7"
DAY_NS = 86_400_000_000_000


def has_day(calendar: str) -> bool:
    """Whether the end of a session is known: around the clock it is midnight UTC; other calendars come as sessions."""
    return calendar == ALWAYS_OPEN


def end_of_day(now_ns: int) -> int:
    """Return the next midnight UTC after `now_ns`."""
    return (now_ns // DAY_NS + 1) * DAY_NS


def expiry_of(intent: OrderIntent, now_ns: int) -> int:
    """Return when the order ends by itself, 0 for never. It has passed the gate's look at its terms."""
    if intent.time_in_force is TimeInForce.GTD and intent.terms is not None:
        return intent.terms.expire_ns
    return end_of_day(now_ns) if intent.time_in_force is TimeInForce.DAY else 0
