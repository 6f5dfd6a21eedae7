"""One day's records out of the journals, each with its payload and the command that it followed from."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from core.codec import decode_payload
from core.events import CommandReceived, InstrumentDefined
from core.records import CRC, FIRST_EFFECT, SLOT_BYTES, Kind
from daemon.errors import UsageError
from daemon.store.known import Known, Traded
from journal.chunks import DigestRecord, PlainRun
from journal.folders import SEGMENT_NAME, sessions
from journal.progress import Progress
from journal.reader import SessionReader

_DAY_NS = 86_400 * 10**9
_NAME_TIME = "%Y%m%dT%H%M%SZ"


class Day(NamedTuple):
    """A UTC day."""

    text: str
    begin_ns: int
    end_ns: int


class Seen(NamedTuple):
    """One record. `command` is the number of the operator's command that it is, or followed from at once; else -1.

    `cause` is the kind of the input that it is, or followed from.
    """

    seq: int
    kind: int
    instrument: int
    recv_ns: int
    venue_ns: int
    payload: msgspec.Struct
    command: int
    cause: int


def day_of(text: str) -> Day:
    """Return the day that `2026-11-22`, `today` or `yesterday` (UTC) names. Raises UsageError."""
    today = dt.datetime.now(dt.UTC).date()
    named = {"today": today, "yesterday": today - dt.timedelta(days=1)}
    try:
        day = named.get(text) or dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no day: write 2026-11-22, today or yesterday; days are UTC") from None
    begin = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
    begin_ns = int(begin.timestamp()) * 10**9
    return Day(day.isoformat(), begin_ns, begin_ns + _DAY_NS)


def sessions_of(root: Path, day: Day) -> list[Path]:
    """Return the sessions under `root` that may have records of a day, oldest first."""
    return [folder for folder in sessions(root) if _overlaps(folder, day)]


def sessions_since(root: Path, begin_ns: int) -> list[Path]:
    """Return the sessions under `root` that were written to after a time, oldest first."""
    return [folder for folder in sessions(root) if _written_ns(folder) >= begin_ns]


def _overlaps(folder: Path, day: Day) -> bool:
    """Whether a session began before the day's end, by its name, and was written after its beginning."""
    try:
        began = dt.datetime.strptime(folder.name.partition("-")[0], _NAME_TIME).replace(tzinfo=dt.UTC)
    except ValueError:
        began = dt.datetime.fromtimestamp(0, dt.UTC)  # a folder with a name of its own: its records will tell
    return began.timestamp() * 1e9 < day.end_ns and _written_ns(folder) >= day.begin_ns


def _written_ns(folder: Path) -> int:
    """Return when a session was last written to; compression keeps that time."""
    return max(path.stat().st_mtime_ns for path in folder.iterdir() if SEGMENT_NAME.fullmatch(path.name))


def walk(reader: SessionReader, known: Known, progress: Progress | None = None) -> Iterator[Seen]:
    """Yield every record with a payload, in order; `known` follows the instruments.

    Raises JournalDamaged, CodecError.
    """
    command, cause = -1, int(Kind.EMPTY)
    for chunk in reader.chunks():
        if isinstance(chunk, PlainRun):
            command, cause = -1, chunk.slots[-SLOT_BYTES + CRC.size]
            continue
        if isinstance(chunk, DigestRecord):
            continue
        payload = decode_payload(chunk.kind, chunk.payload)
        if chunk.kind < FIRST_EFFECT:
            command, cause = chunk.seq if isinstance(payload, CommandReceived) else -1, chunk.kind
        if isinstance(payload, InstrumentDefined):
            _define(known, chunk.instrument, payload)
        if progress is not None:
            progress(chunk.seq, reader.end_seq)
        yield Seen(chunk.seq, chunk.kind, chunk.instrument, chunk.recv_ns, chunk.venue_ns, payload, command, cause)


def _define(known: Known, index: int, defined: InstrumentDefined) -> None:
    traded = known.instruments.get(index)
    if traded is None:
        known.instruments[index] = Traded(index, defined.instrument)
    else:
        traded.define(defined.instrument)
