"""Whether records come no earlier than they could be known: bars not before they close, time never backwards."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core.bars import VENUE_INTERVALS, VENUE_STEPS_NS
from core.records import FIRST_EFFECT, FIRST_INPUT, Kind
from journal.masks import Slots
from journal.reader import open_session
from research.backtest.data import Source
from research.backtest.errors import DataProblem
from research.backtest.times import moment
from research.history.head import origin_of

_RECORDED = frozenset({"frames", "session"})  # histories whose times are a recorder's own clock's
_STEPS_NS = np.array(VENUE_STEPS_NS, np.int64)
_SHOWN = 5
_BLOCK = 4_096


class Early(NamedTuple):
    """One record that tells too early: its number in the session, and why."""

    seq: int
    why: str


def early_in(slots: Slots, first_seq: int, last_ns: int) -> Iterator[Early]:
    """Yield the records of a segment, shape (n,), that tell too early; `last_ns` is the time of the input before it."""
    kinds = slots["kind"]
    inputs = _inputs(kinds)
    times = slots["recv_ns"][inputs]
    for place in _going_back(times, last_ns):
        before = int(times[place - 1]) if place else last_ns
        why = f"time goes back from {before} to {times[place]} ({before - times[place]:,} ns)"
        yield Early(first_seq + int(inputs[place]), why)
    bars = np.flatnonzero(kinds == Kind.BAR)
    if len(bars):
        yield from _early_bars(slots, bars, first_seq)


def _inputs(kinds: npt.NDArray[np.uint8]) -> npt.NDArray[np.intp]:
    """Return the places of inputs among slots of these kinds."""
    return np.flatnonzero((kinds >= FIRST_INPUT) & (kinds < FIRST_EFFECT))


def _going_back(times: npt.NDArray[np.int64], last_ns: int) -> list[int]:
    """Return the places of times before their predecessor's, the first one's being `last_ns`."""
    first = [0] if len(times) and times[0] < last_ns else []
    return [*first, *(np.flatnonzero(times[1:] < times[:-1]) + 1).tolist()]


def _early_bars(slots: Slots, bars: npt.NDArray[np.intp], first_seq: int) -> Iterator[Early]:
    """Yield the bars told before they close. A bar of an interval that has no name tells no closing time."""
    intervals = slots["flags"][bars]
    named = (intervals > 0) & (intervals < len(VENUE_INTERVALS))
    bars, intervals = bars[named], intervals[named]
    closes = slots["venue_ns"][bars] + _STEPS_NS[intervals]
    told = slots["recv_ns"][bars]
    for place in np.flatnonzero(told < closes).tolist():
        row = bars[place]
        why = (
            f"a {VENUE_INTERVALS[intervals[place]]} bar of instrument {slots['instrument'][row]} that closes at "
            f"{closes[place]} ({moment(int(closes[place]))}) is told at {told[place]}, {closes[place] - told[place]:,} "
            "ns earlier"
        )
        yield Early(first_seq + int(row), why)


def is_recorded(folder: Path) -> bool:
    """Whether the times in a folder are a recorder's, whose clock may differ from the venue's. Raises JournalError."""
    with open_session(folder, verify=False) as reader:
        origin = origin_of(reader.head)
        return origin is None or origin.kind in _RECORDED


def early_of(folder: Path) -> Iterator[Early]:
    """Yield the records of a session or a history that tell too early. Raises JournalError."""
    last_ns = 0
    with open_session(folder, verify=False) as reader:
        for segment in reader.segments:
            slots = reader.array(segment.number)
            yield from early_in(slots, segment.first_seq, last_ns)
            last_ns = _last_ns(slots, last_ns)


def _last_ns(slots: Slots, before_ns: int) -> int:
    """Return the time of the last input of a segment, `before_ns` where it has none; looks from the end."""
    kinds = slots["kind"]
    for begin in range(len(slots), 0, -_BLOCK):
        inputs = _inputs(kinds[max(0, begin - _BLOCK) : begin])
        if len(inputs):
            return int(slots["recv_ns"][max(0, begin - _BLOCK) + inputs[-1]])
    return before_ns


def early_records(sources: Sequence[Source]) -> list[str]:
    """Return what to say of records that tell too early, the first few of each folder."""
    return [line for source in sources for line in _told(Path(source.folder))]


def _told(folder: Path) -> Iterable[str]:
    found, count = [], 0
    for early in early_of(folder):
        count += 1
        if count <= _SHOWN:
            found.append(f"{folder}, record {early.seq}: {early.why}")
    return [*found, f"{folder}: {count - _SHOWN:,} more"] if count > _SHOWN else found


def refuse_early(sources: Sequence[Source]) -> None:
    """Refuse data that tells too early, but for recordings, whose times are when they truly were known here.

    Raises DataProblem, JournalError.
    """
    for source in sources:
        folder = Path(source.folder)
        first = None if is_recorded(folder) else next(early_of(folder), None)
        if first is not None:
            raise DataProblem(
                f"{folder}, record {first.seq}: {first.why}; a backtest on it would know the future: import it again "
                "with the right times"
            )
