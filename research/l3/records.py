"""Databento's market-by-order records, as events: all that one message of the matching engine did."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import zstandard

from research.l3.errors import RecordingUnreadable

ADD, CANCEL, MODIFY, CLEAR, TRADE, FILL = "A", "C", "M", "R", "T", "F"
LAST_IN_EVENT = 128  # databento.com/docs/conventions: F_LAST, "the last record in a single event"
IN_SNAPSHOT = 32  # F_SNAPSHOT
_CHUNK_BYTES = 1 << 20


class Change(NamedTuple):
    """One record. `price` is in 1e-9 of the currency; `side` is +1 for bids, -1 for asks, 0 for an auction's trades.

    The side of a trade is its aggressor's, of a fill the filled order's own.
    """

    recv_ns: int
    venue_ns: int
    action: str
    side: int
    price: int
    size: int
    order_id: int
    flags: int


Event = list[Change]
_SIDES = {"B": 1, "A": -1, "N": 0}


def read_events(path: Path) -> Iterator[Event]:
    """Yield the events of a DBN file of one instrument, zstd-compressed or plain, with bounded memory.

    Raises RecordingUnreadable where it holds other records, or another instrument's.
    """
    return group(_changes(path))


def group(changes: Iterable[Change]) -> Iterator[Event]:
    """Gather changes to events. A snapshot is one event. Raises RecordingUnreadable where the last one is not whole."""
    event: Event = []
    for change in changes:
        if event and event[-1].flags & IN_SNAPSHOT and not change.flags & IN_SNAPSHOT:
            yield event
            event = []
        event.append(change)
        if change.flags & LAST_IN_EVENT:
            yield event
            event = []
    if event and not event[-1].flags & IN_SNAPSHOT:
        raise RecordingUnreadable(f"the recording ends within an event of {len(event)} records: fetch it again")
    if event:
        yield event


def _changes(path: Path) -> Iterator[Change]:
    """Decode the file record by record."""
    try:
        from databento_dbn import DBNDecoder, MBOMsg, Metadata
    except ImportError as error:
        raise RecordingUnreadable("reading DBN needs databento-dbn: pip install 'tickerd[research]'") from error

    decoder = DBNDecoder()
    instrument_id = -1
    for chunk in _chunks(path):
        try:
            records = decoder.write_and_decode(chunk)
        except Exception as error:  # the library raises its own type from within Rust, and it is no subclass to name
            raise RecordingUnreadable(f"{path} is no DBN file: {error}") from error
        for record in records:
            if isinstance(record, Metadata):
                continue
            if not isinstance(record, MBOMsg):
                raise RecordingUnreadable(f"{path} holds {type(record).__name__}: take the schema `mbo`")
            if instrument_id not in (-1, record.instrument_id):
                raise RecordingUnreadable(f"{path} holds several instruments: take one symbol a file")
            instrument_id = record.instrument_id
            yield Change(
                record.ts_recv,
                record.ts_event,
                str(record.action),
                _SIDES[str(record.side)],
                record.price,
                record.size,
                record.order_id,
                int(record.flags),
            )


def _chunks(path: Path) -> Iterator[bytes]:
    """Read the file piece by piece, decompressed; Databento's files hold several zstd frames."""
    with path.open("rb") as file:
        if path.suffix != ".zst":
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk
            return
        try:
            with zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as reader:
                while chunk := reader.read(_CHUNK_BYTES):
                    yield chunk
        except zstandard.ZstdError as error:
            raise RecordingUnreadable(f"{path} is not whole: {error}") from error
