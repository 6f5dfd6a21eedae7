"""Bars in the order in which they open, for the simulated venue: it is told of those that orders of ours may meet.

Most bars meet nothing of ours. Read from the records themselves, they are passed over without being looked at.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from core.clock import NEVER
from core.records import EVENT, SLOT_BYTES, Event

Slots = np.ndarray[Any, Any]


class Openings:
    """The bars of any iterator, one by one. `next_ns` is when the next one opens, NEVER after the last."""

    def __init__(self, bars: Iterator[Event]) -> None:
        """Begin with the first of `bars`, which come in the order of opening times (`venue_ns`)."""
        self._bars = bars
        self._bar: Event | None = None
        self.next_ns = NEVER
        self._move()

    def take(self) -> Event:
        """Return the next bar and move on."""
        bar = self._bar
        assert bar is not None
        self._move()
        return bar

    def pass_over(self, now_ns: int) -> Iterable[Event]:
        """Move on to the first bar that opens at `now_ns` or later; return the last of each instrument before it."""
        passed: dict[int, Event] = {}
        while self.next_ns < now_ns:
            bar = self.take()
            passed[bar[2]] = bar
        return sorted(passed.values(), key=_opening_ns)

    def _move(self) -> None:
        self._bar = next(self._bars, None)
        self.next_ns = self._bar[4] if self._bar is not None else NEVER


class RecordedOpenings(Openings):
    """The bars of records that are at hand in batches; a bar becomes an event when it is taken."""

    def __init__(self, batches: Iterator[Slots]) -> None:
        """Begin with the first of `batches`, each of at least one record, all in the order of opening times."""
        self._batches = batches
        self._records = b""  # the batch, of which `_at` is the next bar's place
        self._opening_ns: list[int] = []
        self._indexes: list[int] = []
        self._instruments = 0
        self._at = -1
        super().__init__(iter(()))

    def take(self) -> Event:
        """Return the next bar and move on."""
        bar = self._event(self._at)
        self._move()
        return bar

    def pass_over(self, now_ns: int) -> Iterable[Event]:
        """Move on to the first bar that opens at `now_ns` or later; return the last of each instrument before it."""
        passed: dict[int, Event] = {}
        while self.next_ns < now_ns:
            stop = bisect_left(self._opening_ns, now_ns, self._at)
            passed.update(self._last_of_each(stop))
            self._at = stop - 1
            self._move()
        return sorted(passed.values(), key=_opening_ns)

    def _last_of_each(self, stop: int) -> dict[int, Event]:
        """Return the last bar of each instrument before `stop`, from the present one on, in their order."""
        found: dict[int, Event] = {}
        for place in range(stop - 1, self._at - 1, -1):
            index = self._indexes[place]
            if index not in found:
                found[index] = self._event(place)
                if len(found) == self._instruments:
                    break
        return dict(reversed(found.items()))

    def _event(self, place: int) -> Event:
        return EVENT.unpack_from(self._records, place * SLOT_BYTES)

    def _move(self) -> None:
        self._at += 1
        if self._at == len(self._opening_ns):
            self._load()
        self.next_ns = self._opening_ns[self._at]

    def _load(self) -> None:
        """Look into the next batch; after the last there is one bar that never opens."""
        slots = next(self._batches, None)
        self._at = 0
        if slots is None:
            self._opening_ns = [NEVER]
            return
        self._records = slots.tobytes()
        self._indexes = slots["instrument"].tolist()
        self._instruments = len(np.unique(slots["instrument"]))
        # As far as times go back, a bar counts as opened with the one before it: that keeps the records' order.
        self._opening_ns = np.maximum.accumulate(slots["venue_ns"]).tolist()


def _opening_ns(bar: Event) -> int:
    """When a bar opens."""
    return bar[4]
