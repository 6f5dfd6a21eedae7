"""When an instrument is matched: sessions, halts, and what is between them, from tables that are made beforehand.

Hot functions on one record: which change comes next, and what holds after it. Nothing here knows calendars; the tables
hold times alone, so that the same settings give the same hours on every machine.
"""

from bisect import bisect_left
from dataclasses import dataclass

from connectors.sim.codes import CLOSED, HALTED, NO_REASON
from connectors.sim.errors import MissingSessions
from connectors.sim.hours_settings import (
    ALWAYS_OPEN,
    HALTS_MAX,
    SESSIONS_MAX,
    AuctionModel,
    HoursSettings,
    OutsideModel,
)
from core.clock import NEVER
from core.hot import Ints, growing
from core.instruments import Instrument

# What an auction, or the first market event, is awaited for.
NOTHING, OPENING, CLOSING = 0, 1, 2
# What changed.
CALLED, OPENS, CLOSES, HALTS, RESUMES, WAITED = 1, 2, 3, 4, 5, 6


@dataclass(slots=True)
class Hours:
    """One instrument's hours: the tables, where it stands in them, and what holds now."""

    has_sessions: bool = False
    in_session: bool = True
    halted: bool = False
    calling: bool = False  # before the open: orders are let in; before the close: nothing is matched but at it
    awaited: int = NOTHING
    awaited_since_ns: int = 0
    awaited_until_ns: int = NEVER
    closed_waits: bool = False
    halted_waits: bool = True
    has_auctions: bool = False
    opening_call_ns: int = 0
    closing_call_ns: int = 0
    print_wait_ns: int = 0
    place: int = 0  # the session of now, or the next one
    count: int = 0
    opens: Ints = growing(SESSIONS_MAX)
    closes: Ints = growing(SESSIONS_MAX)
    halt_place: int = 0
    halt_count: int = 0
    halts: Ints = growing(HALTS_MAX)
    resumes: Ints = growing(HALTS_MAX)


def begin_hours(hours: Hours, now_ns: int) -> None:
    """Take up the state of a time; a session under way is matched at once, its opening was before us."""
    hours.halt_place = bisect_left(hours.resumes, now_ns + 1, 0, hours.halt_count)
    hours.halted = hours.halt_place < hours.halt_count and hours.halts[hours.halt_place] <= now_ns
    if hours.has_sessions:
        hours.place = bisect_left(hours.closes, now_ns + 1, 0, hours.count)
        hours.in_session = hours.place < hours.count and hours.opens[hours.place] <= now_ns
        hours.calling = now_ns >= call_time(hours)


def call_time(hours: Hours) -> int:
    """Return when the call of the next open or close begins, NEVER where it has none."""
    if not hours.has_sessions or hours.place >= hours.count:
        return NEVER
    if hours.in_session:
        return hours.closes[hours.place] - hours.closing_call_ns if hours.closing_call_ns > 0 else NEVER
    return hours.opens[hours.place] - hours.opening_call_ns if hours.opening_call_ns > 0 else NEVER


def session_time(hours: Hours) -> int:
    """Return when the next open or close is, NEVER after the last."""
    if not hours.has_sessions or hours.place >= hours.count:
        return NEVER
    return hours.closes[hours.place] if hours.in_session else hours.opens[hours.place]


def halt_time(hours: Hours) -> int:
    """Return when the next halt begins, or the present one ends, NEVER after the last."""
    if hours.halt_place >= hours.halt_count:
        return NEVER
    return hours.resumes[hours.halt_place] if hours.halted else hours.halts[hours.halt_place]


def hours_due(hours: Hours) -> int:
    """Return when something changes next."""
    due_ns = min(session_time(hours), halt_time(hours), hours.awaited_until_ns)
    if not hours.calling:
        due_ns = min(due_ns, call_time(hours))
    return due_ns


def change_hours(hours: Hours, due_ns: int) -> int:
    """Make one change that is due by `due_ns` and return what it was; the caller comes back while one is due."""
    if hours.awaited_until_ns <= due_ns:
        hours.awaited_until_ns = NEVER
        return WAITED
    if halt_time(hours) <= due_ns:
        hours.halted = not hours.halted
        if hours.halted:
            return HALTS
        hours.halt_place += 1
        return RESUMES
    if not hours.calling and call_time(hours) <= due_ns:
        hours.calling = True
        return CALLED
    hours.calling = False
    if hours.in_session:
        hours.in_session = False
        hours.place += 1
        return CLOSES
    hours.in_session = True
    return OPENS


def await_print(hours: Hours, what: int, now_ns: int) -> None:
    """Wait for the print of an auction, or without auctions for the first event of the market."""
    hours.awaited = what
    hours.awaited_since_ns = now_ns
    hours.awaited_until_ns = now_ns + hours.print_wait_ns if hours.has_auctions else NEVER


def stop_awaiting(hours: Hours) -> None:
    """Wait no longer."""
    hours.awaited = NOTHING
    hours.awaited_until_ns = NEVER


def is_matching(hours: Hours) -> bool:
    """Whether orders meet the market now."""
    return hours.in_session and not hours.halted and not hours.calling and hours.awaited == NOTHING


def refusal_of_hours(hours: Hours) -> int:
    """Return why no order is taken now, NO_REASON where they are, be it to wait."""
    if not hours.in_session:
        if hours.closed_waits or hours.calling:
            return NO_REASON
        return CLOSED
    if hours.halted and not hours.halted_waits:
        return HALTED
    return NO_REASON


HOT = (
    begin_hours,
    call_time,
    session_time,
    halt_time,
    hours_due,
    change_hours,
    await_print,
    stop_awaiting,
    is_matching,
    refusal_of_hours,
)


def hours_of(settings: HoursSettings, instrument: Instrument) -> Hours | None:
    """Return an instrument's hours, None where it is always matched. Raises MissingSessions."""
    sessions = settings.sessions.get(instrument.id) or settings.sessions.get(instrument.calendar)
    halts = settings.halts.get(instrument.id, ())
    if settings.sessions and sessions is None and instrument.calendar != ALWAYS_OPEN:
        raise MissingSessions(
            f"{instrument.id} follows the calendar {instrument.calendar!r}, of which there are no sessions; make them "
            f"with python -m research.calendars {instrument.calendar} and put them into paper.sim.hours.sessions"
        )
    if sessions is None and not halts:
        return None
    spans = sessions or ()
    return Hours(
        has_sessions=sessions is not None,
        closed_waits=settings.closed is OutsideModel.WAIT,
        halted_waits=settings.halted is OutsideModel.WAIT,
        has_auctions=settings.auction is AuctionModel.PRINT,
        opening_call_ns=settings.opening_call_ns,
        closing_call_ns=settings.closing_call_ns,
        print_wait_ns=settings.print_wait_ns,
        count=len(spans),
        opens=[open_ns for open_ns, _ in spans],
        closes=[close_ns for _, close_ns in spans],
        halt_count=len(halts),
        halts=[halt_ns for halt_ns, _ in halts],
        resumes=[resume_ns for _, resume_ns in halts],
    )
