"""A recorded session to a history: its market, without what its own orders brought and what its operator did."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from core.codec import decode_payload
from core.records import EVENT, FIRST_EFFECT, Event, Kind
from journal.chunks import DigestRecord, PlainRun
from journal.folders import segment_files
from journal.progress import Progress
from journal.reader import SessionReader, open_session
from research.history.writing import HistoryWriter

_KEPT_PAYLOADS = (Kind.INSTRUMENT, Kind.FEED)
_TIME = int(Kind.TIME)


class SessionSource(msgspec.Struct, frozen=True, kw_only=True, tag="session"):
    """A session's folder. Of one that crashed, all whole records are taken; a running one as far as it came."""

    folder: str

    @property
    def files(self) -> tuple[str, ...]:
        """The segments, compressed or not."""
        return tuple(str(path) for path in segment_files(Path(self.folder)))


def import_session(source: SessionSource, history: HistoryWriter, progress: Progress | None = None) -> None:
    """Write the session's market. Raises JournalNotFound, JournalDamaged, JournalError."""
    with open_session(Path(source.folder)) as reader:
        history.extend(_market(reader, history, progress))


def _market(reader: SessionReader, history: HistoryWriter, progress: Progress | None) -> Iterator[Event]:
    """Yield instruments, feeds, quotes, trades, books and bars; count what is left out."""
    for chunk in reader.chunks():
        if isinstance(chunk, PlainRun):
            seq = chunk.first_seq
            for event in EVENT.iter_unpack(chunk.slots):
                if event[0] != _TIME:
                    yield event
                else:
                    history.left_out["TIME"] += 1
        elif isinstance(chunk, DigestRecord):
            continue
        elif chunk.kind in _KEPT_PAYLOADS:
            seq = chunk.seq
            struct = decode_payload(chunk.kind, chunk.payload)
            yield (chunk.kind, chunk.flags, chunk.instrument, chunk.recv_ns, chunk.venue_ns, struct, 0, 0, 0, 0)
        else:
            seq = chunk.seq
            history.left_out["effects" if chunk.kind >= FIRST_EFFECT else Kind(chunk.kind).name] += 1
        if progress is not None:
            progress(seq, reader.end_seq)
