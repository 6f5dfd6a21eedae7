"""When a kept order may go out, and when it is over: its own time, a session's open or close, midnight UTC.

Venues hold auctions for at-open and at-close; tickerd trades in the session beside them, near to their price and not at
it. "On-Open (OO) Orders: Executable only during the cross" (The Nasdaq Opening and Closing Crosses, quick reference
guide), so what is left after the opening window, or at the close, ends here as it ends there.
"""

from core.orders import OrderIntent, TimeInForce
from core.sessions import Sessions, place_of

ALWAYS_OPEN = "24/7"
DAY_NS = 86_400_000_000_000
OPENING_WINDOW_NS = 300_000_000_000
"""How long an at-open order may live from the open on: long enough for data of minute bars to bring a price."""
CLOSING_LEAD_NS = 60_000_000_000
"""How long before the close an at-close order goes out."""
AUCTIONS = (TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE)
_SESSION_WORDS = (TimeInForce.DAY, *AUCTIONS)


def has_day(calendar: str, sessions: Sessions = ()) -> bool:
    """Whether the end of a session is known: from a table, or around the clock, where it is midnight UTC."""
    return bool(sessions) or calendar == ALWAYS_OPEN


def end_of_day(now_ns: int) -> int:
    """Return the next midnight UTC after `now_ns`."""
    return (now_ns // DAY_NS + 1) * DAY_NS


def session_of(until: TimeInForce, sessions: Sessions, now_ns: int) -> tuple[int, int] | None:
    """Return the session that an order asked for now is meant for, None beyond the table's end.

    The one under way or the next; at-open after the open is for the next one's.
    """
    place = place_of(sessions, now_ns)
    if until is TimeInForce.AT_OPEN and place < len(sessions) and sessions[place][0] < now_ns:
        place += 1
    return sessions[place] if place < len(sessions) else None


def life_of(intent: OrderIntent, now_ns: int, sessions: Sessions = ()) -> tuple[int, int]:
    """Return from when an order may go out, 0 for at once, and when it ends by itself, 0 for never.

    It has passed the gate's look at its terms.
    """
    until = intent.time_in_force
    if until is TimeInForce.GTD and intent.terms is not None:
        return 0, intent.terms.expire_ns
    if until not in _SESSION_WORDS:
        return 0, 0
    session = session_of(until, sessions, now_ns) if sessions else None
    if session is None:
        return 0, end_of_day(now_ns)
    open_ns, close_ns = session
    if until is TimeInForce.AT_OPEN:
        return open_ns, min(open_ns + OPENING_WINDOW_NS, close_ns)
    if until is TimeInForce.AT_CLOSE:
        return max(close_ns - CLOSING_LEAD_NS, open_ns), close_ns
    return 0, close_ns
