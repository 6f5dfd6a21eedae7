"""Trading sessions of an instrument: a table of (open, close) in ns that is made beforehand, and where a time is in it.

A session lasts from its open to before its close. The core reads no calendar: the table comes with the instrument, is
journaled with it, and so a replay has the same one. An empty table is an instrument that never closes.
"""

from bisect import bisect_right

Sessions = tuple[tuple[int, int], ...]
SESSIONS_MAX = 16_384  # 64 years of days; as many as the simulated venue takes
_LAST_NS = 2**63 - 1


def check_sessions(sessions: Sessions) -> str:
    """Return in words what is wrong with a table, "" for nothing: spans rise, end after they begin, and are apart."""
    if len(sessions) > SESSIONS_MAX:
        return f"{len(sessions)} sessions: give at most {SESSIONS_MAX}, those of the time that is traded"
    before_ns = -1
    for open_ns, close_ns in sessions:
        if not before_ns < open_ns < close_ns <= _LAST_NS:
            why = "give rising spans in ns that end after they begin, with time between them"
            return f"session [{open_ns}, {close_ns}] does not follow on one that closes at {before_ns}: {why}"
        before_ns = close_ns
    return ""


def place_of(sessions: Sessions, now_ns: int) -> int:
    """Return the place of the session under way, else of the next one; the table's length after the last."""
    place = bisect_right(sessions, (now_ns, _LAST_NS))  # those that have opened; a key for the close would cost a call
    return place - 1 if place and now_ns < sessions[place - 1][1] else place


def session_at(sessions: Sessions, now_ns: int) -> tuple[int, int] | None:
    """Return the session under way, None between two of them."""
    place = place_of(sessions, now_ns)
    if place < len(sessions) and sessions[place][0] <= now_ns:
        return sessions[place]
    return None


def why_closed(sessions: Sessions, now_ns: int) -> str:
    """Return in words why nothing is traded at a time that is in no session."""
    place = place_of(sessions, now_ns)
    if place == len(sessions):
        return f"its table of sessions ends at {sessions[-1][1]} ns: give the sessions after that in [hours]"
    return f"its next session opens at {sessions[place][0]} ns: send the order then, or at-open"
