"""Sessions to test with: small heads, events from numbers, and a writer filled by a list."""

import random
from collections.abc import Iterable
from pathlib import Path

from core.records import EVENT, SLOT_BYTES, Event, Kind
from journal.chunks import DigestRecord, PayloadRecord, PlainRun
from journal.head import Build, FlushPolicy, SealState, SessionHead
from journal.reader import open_session
from journal.writer import JournalWriter

START_NS = 1_723_111_000_000_000_000

Payload = tuple[int, bytes]
"""(kind, payload)"""


def head(policy: FlushPolicy = FlushPolicy.OS, **changes) -> SessionHead:
    fields = {
        "session_id": "20240808T095640Z-paper-0a1b2c",
        "started_ns": START_NS,
        "mode": "paper",
        "seed": 7,
        "build": Build("0.1.0", "abc"),
        "config_digest": "def",
        "config": {"risk": {"max_order_notional": "50000"}},
        "libraries": {"msgspec": "0.22"},
        "python": "3.11.7",
        "flush_policy": policy,
        "labels": ("synthetic",),
    }
    return SessionHead(**{**fields, **changes})


def quote(i: int, instrument: int = 0) -> Event:
    return (Kind.QUOTE, 0, instrument, START_NS + i, START_NS + i - 5, 6173763 + i, 10 + i, 6173764 + i, 20, i)


def write(writer: JournalWriter, records: Iterable[Event | Payload], flush_every: int = 1) -> list[int]:
    """Append and flush; return the sequence numbers."""
    seqs = []
    for count, record in enumerate(records, 1):
        if len(record) == 2:
            kind, payload = record
            seqs.append(writer.append_payload(kind, 0, 0, START_NS, payload))
        else:
            seqs.append(writer.append_event(record))
        if count % flush_every == 0:
            writer.flush()
    writer.flush()
    return seqs


def seal(writer: JournalWriter) -> None:
    writer.seal(SealState.ENDED, "test over", digest=bytes(32), inputs=1, effects=0, ended_ns=START_NS + 1_000_000_000)


def mixed(count: int, seed: int = 1) -> list[Event | Payload]:
    """Plain records and payloads of many sizes."""
    rng = random.Random(seed)
    sizes = (0, 1, 55, 56, 57, 112, 200, 700)
    return [(Kind.RAW, rng.randbytes(rng.choice(sizes))) if rng.random() < 0.3 else quote(i) for i in range(count)]


def segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.tkj"))


def put(path: Path, data: bytes | bytearray) -> None:
    """Make a file anew. Truncating an old one makes ext4 write it out at once, which is slow in a loop."""
    path.unlink(missing_ok=True)
    path.write_bytes(data)


def slot(data: bytes, index: int) -> bytes:
    return data[index * SLOT_BYTES : (index + 1) * SLOT_BYTES]


def records(folder: Path, **selection) -> list[tuple[int, Event | Payload]]:
    """All inputs and effects as (seq, what `write` was given)."""
    found: list[tuple[int, Event | Payload]] = []
    for chunk in open_session(folder).chunks(**selection):
        if isinstance(chunk, PlainRun):
            found.extend(enumerate(EVENT.iter_unpack(chunk.slots), chunk.first_seq))
        elif isinstance(chunk, PayloadRecord):
            found.append((chunk.seq, (chunk.kind, chunk.payload)))
    return found


def runs(folder: Path, **options) -> list[PlainRun]:
    return [chunk for chunk in open_session(folder, **options).chunks() if isinstance(chunk, PlainRun)]


def payloads(folder: Path) -> list[PayloadRecord]:
    return [chunk for chunk in open_session(folder).chunks() if isinstance(chunk, PayloadRecord)]


def digests(folder: Path) -> list[DigestRecord]:
    return [chunk for chunk in open_session(folder).chunks() if isinstance(chunk, DigestRecord)]


def numbers(folder: Path) -> list[int]:
    """The numbers from which the quotes were made."""
    return [event[9] for run in runs(folder) for event in EVENT.iter_unpack(run.slots)]
