"""Where continuous trading begins in a recording."""

from collections.abc import Iterable, Sequence

from research.l3.book import OrderBook
from research.l3.errors import StudyImpossible
from research.l3.records import IN_SNAPSHOT, Event


def begin_of(events: Iterable[Event]) -> tuple[int, int]:
    """Return the place of the first event of continuous trading, and how many events there are.

    From there on are no auction and no crossed book; it is a trade. Raises StudyImpossible where there is none.
    """
    book = OrderBook()
    first = total = 0
    for place, event in enumerate(events):
        outcome = book.apply(event)
        total = place + 1
        if any(aggressor == 0 for _, _, aggressor in outcome.trades) or book.crossed:
            first = 0
        elif not first and outcome.trades and not event[0].flags & IN_SNAPSHOT:
            first = place
    if not first:
        raise StudyImpossible("the recording holds no continuous trading: take a day on which the market was open")
    return first, total


def continuous(events: Sequence[Event]) -> range:
    """Return the places of events from the first trade of continuous trading on. Raises StudyImpossible."""
    return range(*begin_of(events))
