"""What a backtest is fed: sessions and histories as runs of plain inputs and single inputs with a payload, in order.

Of a session the market and its life are taken; what its own orders brought (reports), its timers and its effects are
left out, since other orders will be sent. Memory is flat: one segment of each folder is mapped at a time.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby, islice, pairwise
from pathlib import Path
from typing import NamedTuple, Self

import msgspec
import numpy as np

from core.arrays import SLOT_DTYPE
from core.codec import decode_payload
from core.events import InstrumentDefined, LifecycleChanged
from core.records import EVENT, FIRST_EFFECT, FIRST_PAYLOAD_INPUT, NO_INSTRUMENT, SLOT_BYTES, Event, Kind
from journal.chunks import DigestRecord, PayloadRecord, PlainRun
from journal.reader import open_session
from research.backtest.errors import DataProblem
from research.backtest.openings import Openings, RecordedOpenings, Slots
from research.backtest.times import NO_END, NO_START

RUN_SLOTS = 131_072  # progress is told, and Ctrl-C leaves whole tables, between runs
_LEFT_OUT = frozenset(map(int, (Kind.REPORT, Kind.RAW, Kind.CLOCK, Kind.ACCOUNT_MOVE, Kind.ACCOUNT_TRADE)))
_TIME = int(Kind.TIME)
_IS_MARKET = np.zeros(256, np.bool_)
_IS_MARKET[[Kind.QUOTE, Kind.TRADE, Kind.BOOK, Kind.BAR, Kind.MBO]] = True
_KIND_BITS = 8


class Run(NamedTuple):
    """Some inputs in order: plain ones of the market, or one that carries a payload. `done` is for progress."""

    events: Iterable[Event]
    inputs: int
    plain: bool
    first_ns: int
    last_ns: int
    done: int
    slots: Slots | None = None  # the same plain inputs as records, where they are at hand


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What a run folder says of one folder that was fed; `digest` is of its inputs."""

    folder: str
    mode: str
    session_id: str
    digest: str
    records: int


class Folder:
    """One session or history as a backtest reads it."""

    def __init__(self, path: Path) -> None:
        """Open `path`. Raises JournalError."""
        self.path = path
        self._reader = open_session(path)
        self.started_ns = self._reader.head.started_ns
        self.total = self._reader.end_seq
        self.has_life = self._reader.head.mode != "history"

    @property
    def last_ns(self) -> int:
        """The time of the last record."""
        if self._reader.sealed is not None:
            return self._reader.sealed.ended_ns
        last = self._reader.segments[-1]
        slots = self._reader.array(last.number)
        plain = slots["recv_ns"][(slots["kind"] >= Kind.QUOTE) & (slots["kind"] != Kind.PART)]
        return int(plain[-1]) if len(plain) else self.started_ns

    def close(self) -> None:
        """Let go of the files."""
        self._reader.close()

    def instruments(self) -> dict[int, str]:
        """Return the names of the instruments by index, of those defined before the first market data."""
        names: dict[int, str] = {}
        for run in self.runs(NO_START, NO_END):
            if run.plain:
                break
            for event in run.events:
                if isinstance(event[5], InstrumentDefined):
                    names[event[2]] = event[5].instrument.id
        return names

    def source(self) -> Source:
        """Return what to say of it."""
        head, sealed = self._reader.head, self._reader.sealed
        history = head.mode == "history"
        digest = head.config_digest if history else (sealed.digest.hex() if sealed is not None else "")
        return Source(
            folder=str(self.path), mode=head.mode, session_id=head.session_id, digest=digest, records=self.total
        )

    def runs(self, from_ns: int, until_ns: int) -> Iterator[Run]:
        """Yield the inputs before `until_ns`; no run reaches over `from_ns`. Raises JournalDamaged, CodecError.

        Bars that close together are in one run, unless something with a payload is told between them: a driver that
        takes runs whole finds the opens of all of them at the first.
        """
        return _bars_together(self._chunks(from_ns, until_ns))

    def _chunks(self, from_ns: int, until_ns: int) -> Iterator[Run]:
        """Yield the inputs as the journal's segments hold them."""
        for chunk in self._reader.chunks():
            if isinstance(chunk, PlainRun):
                yield from _plain_runs(chunk, from_ns, until_ns)
                if _recv_ns(chunk.slots, chunk.count - 1) >= until_ns:
                    return
            elif not isinstance(chunk, DigestRecord) and chunk.kind < FIRST_EFFECT and chunk.kind not in _LEFT_OUT:
                if chunk.recv_ns >= until_ns:
                    return
                yield Run((event_of(chunk),), 1, False, chunk.recv_ns, chunk.recv_ns, chunk.seq)

    def told(self) -> dict[str, set[int]]:
        """Return the kinds of market data by instrument; every segment is looked through."""
        pairs: set[int] = set()
        for segment in self._reader.segments:
            slots = self._reader.array(segment.number)
            kinds = slots["kind"]
            each = slots["instrument"].astype(np.int64) << _KIND_BITS | kinds
            pairs.update(np.flatnonzero(np.bincount(each[_IS_MARKET[kinds]])).tolist())
        names = self.instruments()
        told: dict[str, set[int]] = {}
        for pair in pairs:
            index, kind = divmod(pair, 1 << _KIND_BITS)
            told.setdefault(names.get(index, f"instrument {index}"), set()).add(kind)
        return told

    def opens(self) -> Openings:
        """Return the records of the venue's bars in the order in which the bars open."""
        each = self._bars()
        return RecordedOpenings(each[0]) if len(each) == 1 else Openings(_merged(each))

    def bars(self) -> Iterator[Event]:
        """Yield the same as events."""
        return _merged(self._bars())

    def _bars(self) -> list[Iterator[Slots]]:
        """Return the bars of each interval, in batches: of one interval, they open in the order in which they close."""
        intervals: set[int] = set()
        for segment in self._reader.segments:
            slots = self._reader.array(segment.number)
            intervals.update(np.unique(slots["flags"][slots["kind"] == Kind.BAR]).tolist())
        return [_bars(self.path, interval) for interval in sorted(intervals)]


class Data:
    """All folders that one backtest is fed, as one stream in the order of `recv_ns`. Use it as a context manager.

    Several are merged record by record, at one time in the order given; an instrument that several tell of is one.
    """

    def __init__(self, folders: Sequence[Folder]) -> None:
        """Feed `folders`, at least one."""
        if not folders:
            raise DataProblem("no data: name a session or a history with --data, or in [backtest] data")
        self._folders = tuple(folders)
        self.started_ns = min(folder.started_ns for folder in folders)
        self.last_ns = max(folder.last_ns for folder in folders)
        self.total = sum(folder.total for folder in folders)
        self.has_life = len(folders) == 1 and folders[0].has_life
        self._told: dict[str, set[int]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for folder in self._folders:
            folder.close()

    def sources(self) -> tuple[Source, ...]:
        """Return what to say of each folder."""
        return tuple(folder.source() for folder in self._folders)

    def runs(self, from_ns: int, until_ns: int) -> Iterator[Run]:
        """Yield the inputs before `until_ns`; no run reaches over `from_ns`. Raises JournalDamaged, CodecError."""
        if len(self._folders) == 1:
            return self._folders[0].runs(from_ns, until_ns)
        return merged_runs([folder.runs(from_ns, until_ns) for folder in self._folders], self._indexes(), from_ns)

    def told(self) -> dict[str, set[int]]:
        """Return the kinds of market data by instrument, of all folders together; looked up once."""
        if self._told is None:
            self._told = {}
            for folder in self._folders:
                for name, kinds in folder.told().items():
                    self._told.setdefault(name, set()).update(kinds)
        return self._told

    def opens(self) -> Openings:
        """Return the venues' bars in the order in which they open."""
        return self._folders[0].opens() if len(self._folders) == 1 else Openings(self.bars())

    def bars(self) -> Iterator[Event]:
        """Yield the same as events."""
        each = [folder.bars() for folder in self._folders]
        if len(each) == 1:
            return each[0]
        indexes = self._indexes()
        placed = [_placed(events, indexes[number]) for number, events in enumerate(each)]
        return heapq.merge(*placed, key=_opening_ns)

    def _indexes(self) -> list[dict[int, int]]:
        """Return, for each folder, its instruments' indexes in the merged stream."""
        by_name: dict[str, int] = {}
        return [
            {index: by_name.setdefault(name, len(by_name)) for index, name in sorted(folder.instruments().items())}
            for folder in self._folders
        ]


def event_of(record: PayloadRecord) -> Event:
    """Return a record that carries a payload as the engine takes it. Raises CodecError."""
    struct = decode_payload(record.kind, record.payload)
    return (record.kind, record.flags, record.instrument, record.recv_ns, record.venue_ns, struct, 0, 0, 0, 0)


def _plain_runs(chunk: PlainRun, from_ns: int, until_ns: int) -> Iterator[Run]:
    """Yield a chunk in runs of a bounded length, cut at both times, without records that only told the time."""
    slots = np.frombuffer(chunk.slots, SLOT_DTYPE)
    times = slots["recv_ns"]
    if not len(times):
        return
    stop = int(np.searchsorted(times, until_ns)) if times[-1] >= until_ns else len(times)
    start = int(np.searchsorted(times, from_ns)) if times[0] < from_ns <= times[-1] else 0
    # No cut between records of one time.
    whole = {min(int(np.searchsorted(times, times[cut])), stop) for cut in range(RUN_SLOTS, stop, RUN_SLOTS)}
    cuts = sorted({0, *whole, *([start] if start < stop else []), stop})
    told_time = bool((slots["kind"] == _TIME).any())
    for begin, end in pairwise(cuts):
        events: Iterable[Event] = EVENT.iter_unpack(chunk.slots[begin * SLOT_BYTES : end * SLOT_BYTES])
        count = end - begin
        if told_time:
            events = (event for event in events if event[0] != _TIME)
            count -= int((slots["kind"][begin:end] == _TIME).sum())
        if count:
            yield Run(
                events, count, True, int(times[begin]), int(times[end - 1]), chunk.first_seq + end, slots[begin:end]
            )


def _bars_together(runs: Iterator[Run]) -> Iterator[Run]:
    """Yield the runs; bars at the end of one, of the time at which the next begins, go over into that."""
    held: Run | None = None  # a copy: the segment that it is of may not be mapped any more
    for run in runs:
        after = run
        if held is not None and run.slots is not None and run.first_ns == held.last_ns:
            assert held.slots is not None
            count = int(np.searchsorted(run.slots["recv_ns"], held.last_ns, "right"))
            held = _run_of(np.concatenate((held.slots, run.slots[:count])), run.done - len(run.slots) + count)
            if count == len(run.slots):
                continue
            after = _run_of(run.slots[count:], run.done)
        if held is not None:
            yield held
            held = None
        if after.slots is not None and after.slots["kind"][-1] == Kind.BAR:
            begin = int(np.searchsorted(after.slots["recv_ns"], after.last_ns))
            held = _run_of(after.slots[begin:].copy(), after.done)
            if (after.slots["kind"][:begin] != _TIME).any():
                yield _run_of(after.slots[:begin], after.done - len(after.slots) + begin)
        else:
            yield after
    if held is not None:
        yield held


def _run_of(slots: Slots, done: int) -> Run:
    """Return plain records as a run; those that only told the time are no inputs."""
    inputs = len(slots) - int((slots["kind"] == _TIME).sum())
    events: Iterable[Event] = EVENT.iter_unpack(slots.view(np.uint8).data)
    if inputs < len(slots):
        events = (event for event in events if event[0] != _TIME)
    return Run(events, inputs, True, int(slots["recv_ns"][0]), int(slots["recv_ns"][-1]), done, slots)


def _recv_ns(slots: memoryview, number: int) -> int:
    """Return the time of one slot."""
    time_ns = EVENT.unpack_from(slots, number * SLOT_BYTES)[3]
    assert isinstance(time_ns, int)
    return time_ns


def _merged(each: Sequence[Iterator[Slots]]) -> Iterator[Event]:
    """Yield the bars of several intervals in the order in which they open."""
    events = [chain.from_iterable(EVENT.iter_unpack(slots.tobytes()) for slots in batches) for batches in each]
    return heapq.merge(*events, key=_opening_ns)


def _bars(path: Path, interval: int) -> Iterator[Slots]:
    """Yield the bars of one interval in the order of the journal, in batches, from a reader of their own."""
    with open_session(path, verify=False) as reader:
        for segment in reader.segments:
            slots = reader.array(segment.number)
            wanted = np.flatnonzero((slots["kind"] == Kind.BAR) & (slots["flags"] == interval))
            for at in range(0, len(wanted), RUN_SLOTS):
                yield slots[wanted[at : at + RUN_SLOTS]]


def _opening_ns(bar: Event) -> int:
    """When a bar opens."""
    return bar[4]


def merged_runs(each: Sequence[Iterator[Run]], indexes: Sequence[dict[int, int]], from_ns: int) -> Iterator[Run]:
    """Yield several streams as one. What defines instruments and feeds is told at the very start, for all."""
    heads: list[Event] = []
    rests = []
    for runs, places in zip(each, indexes, strict=True):
        head, rest = _head_and_rest(runs)
        heads += [_place(event, places) for event in head]
        rests.append(_placed(rest, places))
    first_ns = min((event[3] for event in heads), default=0)
    for event in heads:
        told = (*event[:3], first_ns, *event[4:])
        yield Run((told,), 1, False, first_ns, first_ns, 0)
    merged = heapq.merge(*rests, key=_recv_of)
    done = 0
    for plain, group in groupby(merged, key=lambda event: (event[0] < FIRST_PAYLOAD_INPUT, event[3] < from_ns)):
        for events in _batches(group, RUN_SLOTS if plain[0] else 1):
            done += len(events)
            yield Run(events, len(events), plain[0], events[0][3], events[-1][3], done)


def _head_and_rest(runs: Iterator[Run]) -> tuple[list[Event], Iterator[Event]]:
    """Return the inputs before the first market data, and what follows; a session's life is left out of a merger."""
    head: list[Event] = []
    for run in runs:
        if run.plain:
            return head, chain(run.events, _events(runs))
        head += [event for event in run.events if not isinstance(event[5], LifecycleChanged)]
    return head, iter(())


def _events(runs: Iterator[Run]) -> Iterator[Event]:
    return (event for run in runs for event in run.events if not isinstance(event[5], LifecycleChanged))


def _placed(events: Iterable[Event], places: dict[int, int]) -> Iterator[Event]:
    return (_place(event, places) for event in events)


def _place(event: Event, places: dict[int, int]) -> Event:
    """Return an event with its instrument's index in the merged stream."""
    if event[2] == NO_INSTRUMENT:
        return event
    return (*event[:2], places[event[2]], *event[3:])


def _batches(events: Iterable[Event], size: int) -> Iterator[list[Event]]:
    """Yield events in lists of `size`; a list of many goes on to the end of its last time."""
    events = iter(events)
    first: list[Event] = []
    while batch := [*first, *islice(events, size - len(first))]:
        first = []
        for event in events if size > 1 else ():
            if event[3] != batch[-1][3]:
                first = [event]
                break
            batch.append(event)
        yield batch


def _recv_of(event: Event) -> int:
    return event[3]
