"""Export a session's records as tables: one pass, a bounded batch at a time, in the order of the journal."""

from collections.abc import Iterator
from typing import BinaryIO

import msgspec
import numpy as np
import numpy.typing as npt

from core.codec import decode_payload
from core.errors import CodecError
from core.events import InstrumentDefined
from core.records import Kind
from journal.check import Fault
from journal.errors import ExportRefused
from journal.formats import FORMATS, open_sink
from journal.masks import Slots
from journal.progress import Progress
from journal.reader import SessionReader
from journal.rows import Batch, Definitions, PayloadRow, instrument_of, plain_batch
from journal.segments import Segment
from journal.tables import BASE, KINDS, TABLES, Table

BATCH_SLOTS = 65_536


def export(
    session: SessionReader,
    kind: str,
    fmt: str,
    out: BinaryIO,
    *,
    instrument: str | None = None,
    from_seq: int = 0,
    until_seq: int | None = None,
    progress: Progress | None = None,
) -> int:
    """Write the records of `kind` (one of KINDS) to `out` as csv, ndjson or parquet; return the number of rows.

    `instrument` ("BTCUSDT.BINANCE") and the half-open range of sequence numbers select. Raises ExportRefused,
    JournalDamaged (what was written until there is right), JournalIOError.
    """
    table = TABLES.get(kind)
    if table is None:
        raise ExportRefused(f"no kind {kind!r} to export; there are {', '.join(KINDS)}")
    if fmt not in FORMATS:
        raise ExportRefused(f"no format {fmt!r}; there are {', '.join(FORMATS)}")
    walk = _Walk(session, table, instrument, from_seq, until_seq)
    sink = open_sink(fmt, out, BASE + table.fields)
    rows = 0
    try:
        for segment in session.segments:
            for batch, done_seq in walk.batches(segment):
                if batch:
                    rows += len(batch[0])
                    sink.write(batch)
                if progress is not None:
                    progress(done_seq, session.end_seq)
    finally:
        sink.close()
    walk.require_instrument()
    return rows


class _Walk:
    """One pass over a session: the definitions known so far, and the rows asked for."""

    def __init__(
        self, session: SessionReader, table: Table, instrument: str | None, from_seq: int, until_seq: int | None
    ) -> None:
        self._session = session
        self._table = table
        self._instrument = instrument
        self._from_seq = from_seq
        self._until_seq = until_seq
        self._definitions = Definitions()
        self._shows = table.mask()
        self._payload_row = PayloadRow(table)
        self._batch_slots = BATCH_SLOTS if table.plain else BATCH_SLOTS // 8

    def batches(self, segment: Segment) -> Iterator[tuple[Batch, int]]:
        """Yield the rows of one segment, batch by batch, with the sequence number up to which it has come."""
        stop = segment.slots
        if self._until_seq is not None:
            stop = min(stop, self._until_seq - segment.first_seq)
        if stop <= 0:
            return
        slots = self._session.array(segment.number, self._until_seq)
        begin = 0
        # A definition counts for what follows it, so batches end at definitions.
        for cut in (*np.flatnonzero(segment.kinds()[:stop] == Kind.INSTRUMENT).tolist(), stop):
            for low in range(begin, cut, self._batch_slots):
                high = min(low + self._batch_slots, cut)
                yield self._batch(segment, slots, low, high), segment.first_seq + high
            if cut < stop:
                definition = self._decode(segment, slots, cut)
                assert isinstance(definition, InstrumentDefined)
                self._definitions.define(int(slots["instrument"][cut]), definition.instrument)
                if self._table.kind is Kind.INSTRUMENT:
                    yield self._batch(segment, slots, cut, cut + 1), segment.first_seq + cut
            begin = cut + 1

    def require_instrument(self) -> None:
        """Raise ExportRefused where the instrument asked for was never defined."""
        if self._instrument is not None and not self._definitions.indexes(self._instrument):
            known = ", ".join(sorted({defined.id for defined in self._definitions.values()})) or "none"
            raise ExportRefused(f"no instrument {self._instrument!r} in this session; there are: {known}")

    def _batch(self, segment: Segment, slots: Slots, low: int, high: int) -> Batch:
        """Return the rows among slots `low` to `high`."""
        low = max(low, self._from_seq - segment.first_seq)
        if low >= high:
            return []
        window = slots[low:high]
        wanted = segment.kinds()[low:high] == self._table.kind
        if self._table.plain:
            rows = np.flatnonzero(wanted & self._shows[window["flags"]] & self._of_instrument(window))
            if rows.size == 0:
                return []
            seqs = (rows + (segment.first_seq + low)).tolist()
            return plain_batch(self._table, window[rows], seqs, self._definitions)
        return self._payload_batch(segment, slots, (np.flatnonzero(wanted) + low).tolist())

    def _of_instrument(self, window: Slots) -> npt.NDArray[np.bool_]:
        """Return which slots are about the instrument asked for."""
        if self._instrument is None:
            return np.ones(len(window), np.bool_)
        return np.isin(window["instrument"], self._definitions.indexes(self._instrument))

    def _payload_batch(self, segment: Segment, slots: Slots, heads: list[int]) -> Batch:
        """Return the rows of the payload records whose heads are given."""
        indexes = None if self._instrument is None else self._definitions.indexes(self._instrument)
        rows = []
        for head in heads:
            _, _, _, index, recv_ns, venue_ns, *_ = slots[head].item()
            struct = self._decode(segment, slots, head)
            if indexes is None or instrument_of(index, struct) in indexes:
                seq = segment.first_seq + head
                rows.append(self._payload_row.row(seq, recv_ns, venue_ns, index, struct, self._definitions))
        return [list(column) for column in zip(*rows, strict=True)]

    def _decode(self, segment: Segment, slots: Slots, head: int) -> msgspec.Struct:
        """Return a record's struct. Raises JournalDamaged where its payload is not one."""
        kind = int(slots["kind"][head])
        try:
            return decode_payload(kind, segment.payload(head))
        except CodecError as error:
            raise segment.damaged(Fault(head, "payload", f"a payload of kind {kind}", str(error))) from error
