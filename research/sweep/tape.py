"""The data of a sweep, read once and kept at hand: from the start of the strategies on, mapped into memory.

A history or a session that is not compressed stays where it is on disk; processes share its pages. What is merged of
several sources is written to a temporary file first, and compressed segments are unpacked into memory.
"""

import tempfile
from typing import Any

import msgspec
import numpy as np

from core.arrays import SLOT_DTYPE
from core.events import LifecycleChanged, LifecycleState
from core.records import NO_INSTRUMENT, Event, Kind
from research.backtest.data import Data
from research.backtest.errors import DataProblem

Slots = np.ndarray[Any, Any]
_NO_SLOTS = np.zeros(0, SLOT_DTYPE)


class Tape(msgspec.Struct, frozen=True):
    """What comes after the start, in order: runs of plain records, and single inputs that carry a payload."""

    items: list[Slots | Event]
    opening: list[Slots | Event]  # what comes before the start
    ready: Event  # the start itself
    inputs: int  # from the first to the last, as a backtest counts them
    drained: bool  # whether the strategies are stopped by what is recorded

    @property
    def started_ns(self) -> int:
        """When strategies start, in the data's time."""
        return self.ready[3]


def read_tape(data: Data, from_ns: int, until_ns: int) -> Tape:
    """Return the data between two times; strategies start as in a backtest. Raises DataProblem, JournalError."""
    parts: tuple[list[Slots | Event], list[Slots | Event]] = ([], [])  # before the start, and from it on
    ready: Event | None = None
    inputs = 0
    drained = False
    with tempfile.TemporaryFile(prefix="tickerd-sweep-") as spool:
        for run in data.runs(from_ns, until_ns):
            inputs += run.inputs
            if run.plain:
                if ready is None and not data.has_life and run.first_ns >= from_ns:
                    ready = life(LifecycleState.READY, run.first_ns, "")
                slots = run.slots if run.slots is not None else _spooled(run.events, spool)
                parts[ready is not None].append(slots)
                continue
            for event in run.events:
                state = event[5].state if isinstance(event[5], LifecycleChanged) else None
                if state is LifecycleState.READY and ready is None:
                    ready = event
                    continue
                parts[ready is not None].append(event)
                drained |= state is LifecycleState.DRAINING
    if ready is None:
        raise DataProblem("no market data between [backtest] from and until: nothing to run over")
    return Tape(parts[1], parts[0], ready, inputs, drained)


def life(state: LifecycleState, now_ns: int, reason: str) -> Event:
    """Return the event that enters a state of the daemon's life."""
    return (Kind.LIFECYCLE, 0, NO_INSTRUMENT, now_ns, 0, LifecycleChanged(state, reason), 0, 0, 0, 0)


def _spooled(events: Any, spool: Any) -> Slots:  # noqa: ANN401 - any iterable of plain events, a binary file
    """Append plain events to a file and return them mapped from it."""
    slots = np.array([(0, *event) for event in events], SLOT_DTYPE)
    if not len(slots):
        return _NO_SLOTS
    begin = spool.seek(0, 2)
    spool.write(slots.tobytes())
    spool.flush()
    return np.memmap(spool, SLOT_DTYPE, mode="r", offset=begin, shape=(len(slots),))
