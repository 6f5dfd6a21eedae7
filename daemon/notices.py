"""Log lines about what changed between two looks at the state: feeds lost and found, frames kept raw, alerts.

Made from the status that the screen gets, a few times a second, never on an event's path. A change that undoes itself
between two looks is in the journal all the same; what is counted is told even then.
"""

import logging

import structlog

from daemon.status import AlertStatus, FeedStatus, LiveStatus, Status

log = structlog.get_logger("tickerd")

_UNHEARD = FeedStatus(
    instrument="", connected=False, book="empty", stale=[], age_ns=-1, bid_price="", ask_price="", last_price=""
)
LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_LIVE = "live"
_PAUSED = "paused"


class Notices:
    """Remembers the last status and logs how the next one differs from it."""

    def __init__(self) -> None:
        """Start without a status: the first one is only remembered."""
        self._last: Status | None = None

    def look(self, status: Status) -> None:
        """Log what changed since the last look."""
        last, self._last = self._last, status
        if last is None:
            return
        before = {feed.instrument: feed for feed in last.feeds}
        for feed in status.feeds:
            _tell_feed(before.get(feed.instrument, _UNHEARD), feed)
        if status.reconnects > last.reconnects:
            log.warning("connection lost and made again", times=status.reconnects)
        for reason, total in status.malformed.items():
            if total > (known := last.malformed.get(reason, 0)):
                log.warning("frames kept raw", reason=reason, new=total - known, total=total)
        _tell_strategies(last, status)
        for alert in _new(last.alerts, status.alerts):
            place = {"instrument": alert.instrument} if alert.instrument else {}
            level = LEVELS.get(alert.severity, logging.WARNING)
            log.log(level, "alert", severity=alert.severity, code=alert.code, **place, message=alert.message)
        if last.live is not None and status.live is not None:
            _tell_venues(last.live, status.live)


def _tell_feed(last: FeedStatus, feed: FeedStatus) -> None:
    """Log how one instrument's feed changed."""
    name = feed.instrument
    if feed.connected != last.connected:
        if feed.connected:
            log.info("feed connected", instrument=name)
        else:
            log.warning("feed lost", instrument=name)
    if feed.book != last.book:
        if feed.book == _LIVE:
            log.info("book in sync", instrument=name)
        elif last.book == _LIVE:
            log.warning("book withheld", instrument=name, state=feed.book)
    if stale := sorted(set(feed.stale) - set(last.stale)):
        log.warning("stale", instrument=name, channels=stale)
    if fresh := sorted(set(last.stale) - set(feed.stale)):
        log.info("fresh again", instrument=name, channels=fresh)


def _tell_strategies(last: Status, status: Status) -> None:
    """Log strategies that changed their state; one that was paused is an error of somebody's."""
    before = {strategy.id: strategy.state for strategy in last.strategies}
    for strategy in status.strategies:
        if before.get(strategy.id, strategy.state) == strategy.state:
            continue
        if strategy.state == _PAUSED:
            said = {"error": strategy.error} if strategy.error else {}
            log.error("strategy paused", strategy=strategy.id, reason=strategy.reason, **said)
        else:
            log.info("strategy", strategy=strategy.id, state=strategy.state)


def _tell_venues(last: LiveStatus, live: LiveStatus) -> None:
    """Log what became of the links and of the comparison of the books; freezes are alerts."""
    before = {venue.venue: venue for venue in last.venues}
    for venue in live.venues:
        was = before.get(venue.venue, venue)
        if venue.link != was.link:
            tell = log.info if venue.link == "up" else log.warning
            tell("trading link", venue=venue.venue, state=venue.link, **_why(venue.link_reason))
        if venue.books != was.books:
            tell = log.warning if venue.books == "broken" else log.info
            tell("books", venue=venue.venue, state=venue.books, **_why(venue.books_reason))


def _why(reason: str) -> dict[str, str]:
    """Return the reason as a word of a log line, nothing for none."""
    return {"reason": reason} if reason else {}


def _new(last: list[AlertStatus], now: list[AlertStatus]) -> list[AlertStatus]:
    """Return what was added at the end of a list that forgets its oldest."""
    for kept in range(min(len(last), len(now)), 0, -1):
        if last[-kept:] == now[:kept]:
            return now[kept:]
    return now
