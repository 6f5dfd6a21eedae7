"""A compiled run that can be begun again: one world, one compiled loop, many sets of parameters.

Making a world and its shadow engine and bringing both to their start takes longer than a quarter of a million bars. So
what the world holds when the strategies have just started is kept aside, and put back before each further run: the
small records whole, of the large tables what was used. Every number is then as a new run would find it.

The shadow keeps its age. It sees inputs with a payload alone, each time the same ones, and what it hands the loop is in
its markets, which are put back, and in whether the strategy is active, which at a stop is the same both times.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from research.compiled.driver import CompiledRun
from research.compiled.layout import fill

LARGE_BYTES = 4_096  # an array field as large as that is put back as far as its record's `count` says
_NEAR_BYTES = 256  # parts that lie closer are put back as one
_BY_ROWS = ("tickets", "orders", "free_rows", "cancels")  # the first `rows_used` of them are written to
_BY_TIME = {"requests": "arrival_ns", "answers": "due_ns", "times": ""}  # filled from the front; a time is never 0
_BY_NUMBER = "row_of"
_NEVER_READ_BACK = ("log",)  # rows are written before they are read
_LEFT = frozenset((*_BY_ROWS, *_BY_TIME, _BY_NUMBER, *_NEVER_READ_BACK))
Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Part = tuple[int, int, int]
"""(first byte, byte after the last, row of an instrument or -1)"""


class Again:
    """One compiled run that goes back to its start: `rewind`, then `begin` with the state of the next run."""

    def __init__(self, run: CompiledRun) -> None:
        """Keep what `run` is now: its strategies have started, and it has run no record."""
        assert run.started, "bring the run to READY first"
        self.run = run
        world = run.world
        self._raw: Bytes = world.base.view(np.uint8)
        self._instruments = len(run.engine.markets)
        self._shadow = [value for market in run.engine.markets for value in _values(market)]
        self._shadow += [(market, "instrument", market.instrument) for market in run.engine.markets]
        parts = list(_joined(_parts(world)))
        self._kept = [self._keep(part) for part in parts if part[2] < self._instruments]
        self._kept_later = [self._keep(part) for part in parts if part[2] >= self._instruments]
        self._tables = {name: _table(world, name) for name in _LEFT}
        self._state = _place_of(world, "state")
        self._first_number = int(world["desk"]["next_number"])
        assert not world["rows_used"], "an order before the start"

    def rewind(self) -> None:
        """Put everything back but the kernel's state, the shadow's markets too, so that a kernel may look at them."""
        raw, engine = self._raw, self.run.engine
        self._clear_tables()
        for begin, end, kept in self._kept:
            raw[begin:end] = kept
        if len(engine.markets) > self._instruments:  # defined while it ran
            for begin, end, kept in self._kept_later:
                raw[begin:end] = kept
        for record, name, value in self._shadow:
            if isinstance(value, list):
                getattr(record, name)[:] = value
            else:
                setattr(record, name, value)

    def begin(self, state: object) -> CompiledRun:
        """Return the run at its start, with a kernel's fresh `state`; `rewind` goes before. Raises CapacityExceeded."""
        begin, end = self._state
        self._raw[begin:end] = 0  # of an array field `fill` writes no more than its values
        fill(self.run.world["state"], state)
        return self.run

    def _keep(self, part: Part) -> tuple[int, int, Bytes]:
        """Return a part with a copy of its bytes."""
        begin, end, _ = part
        return begin, end, self._raw[begin:end].copy()

    def _clear_tables(self) -> None:
        """Empty what was written to of the large tables."""
        world = self.run.world
        rows = int(world["rows_used"])
        for name in _BY_ROWS:
            self._clear(name, 0, rows)
        for name, field in _BY_TIME.items():
            table = world[name]
            self._clear(name, 0, _used(table[field] if field else table))
        length = len(world[_BY_NUMBER])
        first, numbers = self._first_number, int(world["desk"]["next_number"]) - self._first_number
        begin, end = first % length, first % length + min(numbers, length)
        self._clear(_BY_NUMBER, begin, min(end, length))
        self._clear(_BY_NUMBER, 0, max(end - length, 0))

    def _clear(self, name: str, first: int, last: int) -> None:
        """Set rows of a table to zero, as they were made: by their bytes, numpy takes records field by field."""
        begin, size = self._tables[name]
        self._raw[begin + first * size : begin + last * size] = 0


def _table(world: Any, name: str) -> tuple[int, int]:  # noqa: ANN401 - a void scalar
    """Return the first byte of a table of the world, and the bytes of one row."""
    form, offset = world.dtype.fields[name][:2]
    return offset, form.base.itemsize


def _values(record: Any) -> Iterator[tuple[Any, str, Any]]:  # noqa: ANN401 - any record
    """Yield (record, field, value) of every number in a record and the records in it; lists are copied."""
    for each in dataclasses.fields(record):
        value = getattr(record, each.name)
        if dataclasses.is_dataclass(value):
            yield from _values(value)
        else:
            yield record, each.name, value[:] if isinstance(value, list) else value


def _used(times: Any) -> int:  # noqa: ANN401 - a column of a table
    """Return how many rows from the front have a time: they are filled in order, so look where it ends by halves."""
    low, high = 0, len(times)
    while low < high:
        middle = (low + high) // 2
        if times[middle]:
            low = middle + 1
        else:
            high = middle
    return low


def _parts(world: Any) -> Iterator[Part]:  # noqa: ANN401 - a void scalar
    """Yield the parts of the world that are put back whole."""
    for name in world.dtype.names:
        form, offset = world.dtype.fields[name][:2]
        if name in _LEFT:
            continue
        if form.shape and form.base.names:  # a table with a row for each instrument
            for row in range(form.shape[0]):
                for begin, end in _leaves(form.base, world[name][row], offset + row * form.base.itemsize):
                    yield begin, end, row
        elif form.names:
            for begin, end in _leaves(form, world[name], offset):
                yield begin, end, -1
        else:
            yield offset, offset + form.itemsize, -1


def _leaves(form: Any, record: Any, at: int) -> Iterator[tuple[int, int]]:  # noqa: ANN401
    """Yield where the fields of a record are, which begins at byte `at`."""
    for name in form.names:
        inner, offset = form.fields[name][:2]
        begin = at + offset
        if inner.names:
            yield from _leaves(inner, record[name], begin)
        elif inner.shape and inner.itemsize >= LARGE_BYTES and "count" in form.names:
            yield begin, begin + int(record["count"]) * inner.base.itemsize
        else:
            yield begin, begin + inner.itemsize


def _joined(parts: Iterator[Part]) -> Iterator[Part]:
    """Join parts of the same row that lie close to each other; what is between them is put back as well."""
    begin, end, row = next(parts)
    for next_begin, next_end, next_row in parts:
        if next_row == row and next_begin - end <= _NEAR_BYTES:
            end = max(end, next_end)
        else:
            yield begin, end, row
            begin, end, row = next_begin, next_end, next_row
    yield begin, end, row


def _place_of(world: Any, name: str) -> tuple[int, int]:  # noqa: ANN401 - a void scalar
    """Return the bytes of one field of the world."""
    form, offset = world.dtype.fields[name][:2]
    return offset, offset + form.itemsize
