"""What needs a person, and what to do about it: read off a status, the gravest first. Nothing else is shown in red."""

from collections.abc import Iterator
from typing import NamedTuple

from daemon.screen import colours, words
from daemon.status import (
    AlertStatus,
    FreezeStatus,
    GuardSeen,
    LatchStatus,
    LiveStatus,
    OpenAlert,
    Status,
    VenueStatus,
)

UNKNOWN_NS = 60 * words.SECOND_NS  # the core pages a person after this, too
NAMED_MAX = 3
TOLD_BY_STATE = {"FROZEN", "HALTED", "ORDER_UNKNOWN", "REJECT_STREAK"}


class Need(NamedTuple):
    """One thing: what is the matter, and what a person does next."""

    what: str
    next: str


def needs_of(status: Status) -> list[Need]:
    """Return what needs a person now."""
    stopped = [_need_of_latch(each) for each in status.latches]
    alone = [] if status.guard is None else list(_need_of_guard(status.guard))
    trading = () if status.live is None else _needs(status.live)
    return [*stopped, *alone, *trading, *_need_of_alerts(status.open_alerts)]


def _need_of_guard(guard: GuardSeen) -> Iterator[Need]:
    """Tell that nobody would cancel if this process hung or died."""
    if guard.problem:
        yield Need(f"NO GUARD: {guard.problem}", "trading goes on; start `tickerd guard` with the same settings")


def _need_of_alerts(alerts: list[OpenAlert]) -> list[Need]:
    """Tell that nobody has acknowledged what is told elsewhere."""
    if not alerts:
        return []
    named = ", ".join(f"{each.code} {each.instrument}".strip() for each in alerts[:NAMED_MAX])
    more = f" and {len(alerts) - NAMED_MAX} more" if len(alerts) > NAMED_MAX else ""
    return [
        Need(
            f"NOT ACKNOWLEDGED: {named}{more}", "`tickerd alerts` shows them, `tickerd ack all` says that you saw them"
        )
    ]


def _need_of_latch(latch: LatchStatus) -> Need:
    """Tell what a person or a breaker stopped."""
    level = {"kill": "KILLED", "halt": "HALTED", "reduce": "ENTRY STOPPED"}[latch.level]
    passes = "cancels and reducing orders pass" if latch.level == "reduce" else "only cancels pass"
    since, why = words.clock_text(latch.since_ns), latch.reason or "no reason given"
    return Need(
        f"{level} {latch.scope} since {since} by {latch.source}: {why}",
        f"{passes}. See to it, then `tickerd arm {latch.scope} --reason ...`",
    )


def _needs(live: LiveStatus) -> Iterator[Need]:
    """Tell halts, freezes, unknown orders, clocks."""
    frozen = [each for each in live.freezes if each.state == "frozen"]
    release = f"`{live.release}`" if live.release else "the command `release`"
    for each in live.freezes:
        if each.state == "halted":
            yield Need(
                f"HALTED{_since(each)}: {each.reason}",
                f"nothing opens; cancels and reducing orders pass. See to it, then {release} lets orders open again",
            )
    for each in frozen[:NAMED_MAX]:
        yield Need(
            f"FROZEN {each.instrument}{_since(each)}: {each.reason}",
            f"orders there only reduce. Compare with the venue's own pages: once the figures agree it is released by "
            f"itself; {release} accepts what differs",
        )
    if len(frozen) > NAMED_MAX:
        names = ", ".join(each.instrument for each in frozen[NAMED_MAX:])
        yield Need(f"FROZEN, too: {names}", "the same as above; the alerts say why")
    for venue in live.venues:
        yield from _needs_of_venue(venue)


def _needs_of_venue(venue: VenueStatus) -> Iterator[Need]:
    """Tell what one venue needs."""
    if venue.unknown_orders and venue.unknown_age_ns >= UNKNOWN_NS:
        some = "an order is" if venue.unknown_orders == 1 else f"{venue.unknown_orders:,} orders are"
        yield Need(
            f"{some} UNKNOWN at {venue.venue} since {words.latency_text(venue.unknown_age_ns)}",
            "what they may come to stays reserved, nothing is sent again: look for them on the venue's own pages",
        )
    if _is_far(venue):
        offset_ms = venue.clock_offset_ns / 1e6
        yield Need(
            f"the clocks of {venue.venue} and of this machine are {offset_ms:+,.0f} ms apart, more than "
            f"{venue.clock_bound_ns / 1e6:,.0f}: nothing opens",
            "set this machine's clock (NTP); it is measured again every minute",
        )
    elif venue.clock_doubt:
        yield Need(f"nothing opens at {venue.venue}", f"{venue.clock_doubt}; cancels go")


def alert_style(alert: AlertStatus) -> str:
    """Return the colour of an alert: of what is still so the state tells in red, its old alert is only history."""
    if alert.severity != "error":
        return colours.QUIET if alert.severity == "info" else colours.CAUTION
    return colours.CAUTION if alert.code in TOLD_BY_STATE else f"bold {colours.BAD}"


def is_clock_off(venue: VenueStatus) -> bool:
    """Whether the clock keeps orders from being opened."""
    return _is_far(venue) or venue.clock_doubt != ""


def _is_far(venue: VenueStatus) -> bool:
    """Whether the venue's clock and ours are farther apart than they may be."""
    return abs(venue.clock_offset_ns) > venue.clock_bound_ns > 0


def _since(freeze: FreezeStatus) -> str:
    """Return since when, in words."""
    return f" since {words.clock_text(freeze.since_ns)}" if freeze.since_ns else " since an earlier session"
