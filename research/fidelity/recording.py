"""A recording as one list of events, in one of two views: with the ticker, or book and trades alone.

hftbacktest matches on depth. Without the ticker both engines see the very same market; with it ours sees the touch up
to 100 ms earlier.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.book import BookState, L2Book
from core.events import InstrumentDefined
from core.instruments import Instrument
from core.records import LAST, PENDING, SNAPSHOT, Event, Kind
from research.backtest.data import Data, Folder, Run
from research.backtest.times import NO_END, NO_START
from research.fidelity.errors import RecordingUnusable
from research.fidelity.plan import Recording, source_of
from research.history.cache import history_of
from research.history.frames import FramesSource

_QUOTE, _BOOK = int(Kind.QUOTE), int(Kind.BOOK)


class WithoutQuotes(Data):
    """A history without its tickers: the book is all the market that there is."""

    def runs(self, from_ns: int, until_ns: int) -> Iterator[Run]:
        """Yield the inputs, tickers left out."""
        for run in super().runs(from_ns, until_ns):
            if not run.plain:
                yield run
                continue
            events = [event for event in run.events if event[0] != _QUOTE]
            if events:
                yield run._replace(events=events, inputs=len(events), first_ns=events[0][3], last_ns=events[-1][3])


@dataclass(frozen=True)
class Recorded:
    """A recording that was imported: its folder, its instrument, all its events, and the ticker.

    `touches` has a row for each ticker: time, bid tick, ask tick, update id, the venue's time (0 without one).
    """

    recording: Recording
    folder: Path
    instrument: Instrument
    events: list[Event]
    touches: npt.NDArray[np.int64]

    @property
    def first_ns(self) -> int:
        """When the first event came."""
        return self.events[0][3]

    @property
    def last_ns(self) -> int:
        """When the last event came."""
        return self.events[-1][3]

    def data(self, *, quotes: bool) -> Data:
        """Return what a backtest is fed; close it."""
        folders = [Folder(self.folder)]
        return Data(folders) if quotes else WithoutQuotes(folders)

    def view(self, *, quotes: bool) -> list[Event]:
        """Return the events of a view."""
        return self.events if quotes else [event for event in self.events if event[0] != _QUOTE]


def recorded(recording: Recording, folder: Path) -> Recorded:
    """Import a recording of `folder`, once. Raises RecordingUnusable, HistoryError, JournalError."""
    path = history_of(FramesSource(files=(str(source_of(folder, recording)),)))
    with Data([Folder(path)]) as data:
        events = [event for run in data.runs(NO_START, NO_END) for event in run.events]
    instrument = next(event[5].instrument for event in events if isinstance(event[5], InstrumentDefined))
    market = [event for event in events if event[0] <= _BOOK]
    rows = [(event[3], event[5], event[7], event[9], event[4]) for event in market if event[0] == _QUOTE]
    touches = np.array(rows, np.int64)
    touches[:, 1:3] //= instrument.tick
    _check_book(recording, market)
    return Recorded(recording, path, instrument, market, touches)


def _check_book(recording: Recording, events: list[Event]) -> None:
    """Want a book that, once it lives, lives on: what happens while it is lost is no question of matching."""
    book, was_live = L2Book(), False
    for event in events:
        if event[0] == _BOOK:
            assert isinstance(event[5], int)
            book.apply(event[1], event[5], event[6], event[8], event[9])
            was_live |= book.state == BookState.LIVE
            if was_live and event[1] & (LAST | PENDING | SNAPSHOT) == LAST and book.state != BookState.LIVE:
                raise RecordingUnusable(f"{recording.name}: the book is lost at {event[3]}; choose another recording")
    if not was_live:
        raise RecordingUnusable(f"{recording.name}: the book is never in order; choose a recording with a snapshot")
