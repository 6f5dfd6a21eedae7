"""Read a history: as events for the Python driver, as arrays of slots for the compiled one.

Either way one segment is in memory at a time, however long the history is: plain segments are mapped, compressed ones
unpacked as they are reached.
"""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from core.codec import decode_payload
from core.events import InstrumentDefined
from core.instruments import Instrument
from core.records import EVENT, Event, Kind
from journal.chunks import Chunk, DigestRecord, PlainRun
from journal.head import SealPayload, SessionHead, SessionState
from journal.masks import Slots
from journal.reader import SessionReader, open_session
from research.history.errors import NotAHistory
from research.history.head import Origin, origin_of

_CHANNELS = {"quotes": Kind.QUOTE, "trades": Kind.TRADE, "book": Kind.BOOK, "bars": Kind.BAR, "mbo": Kind.MBO}


def open_history(folder: Path, *, verify: bool = True) -> "HistoryReader":
    """Open the history in `folder`; with `verify`, every segment is checked as it is reached.

    Raises NotAHistory, JournalNotFound, JournalDamaged, JournalIOError, SchemaUnsupported.
    """
    reader = open_session(folder, verify=verify)
    origin = origin_of(reader.head)
    if origin is None:
        reader.close()
        raise NotAHistory(
            f"{folder} is a session of mode {reader.head.mode}, no history; `tickerd history import session` makes one"
        )
    sealed = reader.sealed
    if sealed is None or reader.state is not SessionState.ENDED:
        reader.close()
        raise NotAHistory(f"{folder} was not written to its end; remove it and import again")
    return HistoryReader(reader, origin, sealed)


class HistoryReader:
    """An open history. Iterate one way at a time; each call of `events`, `chunks` or `slots` starts anew."""

    def __init__(self, reader: SessionReader, origin: Origin, sealed: SealPayload) -> None:
        """Use `open_history`."""
        self.folder = reader.folder
        self.origin = origin
        self.inputs = sealed.inputs
        self.last_ns = sealed.ended_ns
        self._reader = reader
        self._instruments: tuple[Instrument, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files; arrays handed out keep theirs."""
        self._reader.close()

    @property
    def head(self) -> SessionHead:
        """The journal's head."""
        return self._reader.head

    @property
    def first_ns(self) -> int:
        """The time of the first input."""
        return self._reader.head.started_ns

    @property
    def end_seq(self) -> int:
        """The sequence number after the last slot."""
        return self._reader.end_seq

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """The instruments by index, as defined before the first market data. Raises JournalDamaged."""
        if not self._instruments:
            found: dict[int, Instrument] = {}
            for chunk in self._reader.chunks():
                if isinstance(chunk, PlainRun):
                    break
                if not isinstance(chunk, DigestRecord):
                    payload = decode_payload(chunk.kind, chunk.payload)
                    if isinstance(payload, InstrumentDefined):
                        found[chunk.instrument] = payload.instrument
            self._instruments = tuple(found[index] for index in sorted(found))
        return self._instruments

    @property
    def channels(self) -> tuple[str, ...]:
        """What kinds of market data its first segment holds: "quotes", "trades", "book", "bars", "mbo"."""
        kinds = set(np.unique(self._reader.segments[0].kinds()).tolist())
        return tuple(name for name, kind in _CHANNELS.items() if kind in kinds)

    def chunks(self) -> Iterator[Chunk]:
        """Yield the inputs in order: runs of plain ones whole, those with a payload one by one. Raises JournalDamaged.

        `core.records.EVENT.iter_unpack(run.slots)` gives the events of a run, `core.codec.decode_payload` a payload.
        """
        return self._reader.chunks()

    def events(self) -> Iterator[Event]:
        """Yield every input in order as the engine takes it, payloads decoded. Raises JournalDamaged, CodecError.

        Plain inputs are unpacked without a Python frame for each.
        """
        return chain.from_iterable(map(_events_of, self._reader.chunks()))

    def slots(self) -> Iterator[tuple[int, Slots]]:
        """Yield (first sequence number, slots) of each segment. Raises JournalDamaged.

        An array of `core.arrays.SLOT_DTYPE`, shape (n,), read-only: the mapped file itself, or a compressed segment
        unpacked. It holds every slot, also those to skip: the journal's own (kinds below 16) and the parts of
        payloads (kind 255). Let go of an array before the next one where memory counts.
        """
        for segment in self._reader.segments:
            yield segment.first_seq, self._reader.array(segment.number)


def _events_of(chunk: Chunk) -> Iterator[Event]:
    """Return the events of one chunk."""
    if isinstance(chunk, PlainRun):
        return EVENT.iter_unpack(chunk.slots)
    if isinstance(chunk, DigestRecord):
        return iter(())
    payload = decode_payload(chunk.kind, chunk.payload)
    event: Event = (
        chunk.kind, chunk.flags, chunk.instrument, chunk.recv_ns, chunk.venue_ns, payload, 0, 0, 0, 0,
    )  # fmt: skip
    return iter((event,))
