"""Records one by one as people and programs read them: named fields, decimal texts, every record on a line."""

from collections.abc import Collection, Iterator
from typing import Protocol

import msgspec

from core.codec import decode_payload
from core.events import InstrumentDefined
from core.records import (
    ASK,
    EMPTY,
    EVENT,
    EXECUTED,
    FIRST,
    LAST,
    NO_INSTRUMENT,
    NOT_MARKET,
    PENDING,
    REAPPLIED,
    SELL_AGGRESSOR,
    SNAPSHOT,
    Event,
    Kind,
)
from journal.chunks import Chunk, DigestRecord, PayloadRecord, PlainRun
from journal.layout import PLAIN_FIELDS
from journal.rows import Definitions, PayloadRow, instrument_of
from journal.tables import TABLES, Table

_PRICES = frozenset(("price", "bid_price", "ask_price", "open", "high", "low", "close"))
_QUANTITIES = frozenset(("quantity", "bid_quantity", "ask_quantity", "volume", "change"))
_BOOK_FLAGS = (
    (FIRST, "first"),
    (LAST, "last"),
    (SNAPSHOT, "snapshot"),
    (PENDING, "pending"),
    (REAPPLIED, "reapplied"),
    (EMPTY, "empty"),
    (EXECUTED, "executed"),
)
_PAYLOAD_TABLES: dict[int, Table] = {table.kind: table for table in TABLES.values() if not table.plain}

# Shown as they stand.
_UNTABLED = (Kind.EVIDENCE, Kind.CARRIED, Kind.SUBMIT_GROUP, Kind.SNAPSHOT, Kind.REMEMBERED, Kind.PORTFOLIO, Kind.SIZED)


class Record(msgspec.Struct, frozen=True):
    """One record; `kind` in small letters, prices, quantities and money in `fields` as decimal text."""

    seq: int
    kind: str
    recv_ns: int
    venue_ns: int
    instrument: str | None
    fields: dict[str, object]


class Source(Protocol):
    """Where records come from: a whole session, or what has come of one that runs."""

    def chunks(self, *, until_seq: int | None = None) -> Iterator[Chunk]:
        """Yield what there is, in order."""


class Records:
    """The inputs, effects and digests of a session, in order, that were asked for."""

    def __init__(
        self,
        reader: Source,
        *,
        kinds: Collection[int] = (),
        instrument: str | None = None,
        from_seq: int = 0,
        until_seq: int | None = None,
    ) -> None:
        """Select by `kinds` (none: all), by an instrument's name, and by a half-open range of sequence numbers."""
        self._reader = reader
        self._kinds = frozenset(kinds)
        self._instrument = instrument
        self._from_seq = from_seq
        self._until_seq = until_seq
        self._definitions = Definitions()
        self._rows = {kind: PayloadRow(table) for kind, table in _PAYLOAD_TABLES.items()}

    def read(self) -> Iterator[Record]:
        """Yield the records. Definitions before the range are read too. Raises JournalDamaged, CodecError."""
        for chunk in self._reader.chunks(until_seq=self._until_seq):
            if isinstance(chunk, PlainRun):
                yield from self._plain(chunk)
            else:
                yield from self._single(chunk)

    def instruments(self) -> list[str]:
        """Return the names of the instruments that were defined in what has been read."""
        return sorted({defined.id for defined in self._definitions.values()})

    def _wants(self, kind: int, index: int) -> bool:
        if self._kinds and kind not in self._kinds:
            return False
        if self._instrument is None:
            return True
        return index in self._definitions and self._definitions[index].id == self._instrument

    def _plain(self, run: PlainRun) -> Iterator[Record]:
        if run.first_seq + run.count <= self._from_seq:
            return
        for seq, event in enumerate(EVENT.iter_unpack(run.slots), run.first_seq):
            if seq >= self._from_seq and self._wants(event[0], event[2]):
                yield self._plain_record(seq, event)

    def _plain_record(self, seq: int, event: Event) -> Record:
        kind, flags, index, recv_ns, venue_ns, *values = event
        name = None
        fields: dict[str, object] = {}
        if index != NO_INSTRUMENT:
            defined = self._definitions[index]
            name = defined.id
            for field, value in zip(PLAIN_FIELDS.get(kind, ()), values, strict=False):
                assert isinstance(value, int)
                if field in _PRICES:
                    fields[field] = defined.prices[value]
                else:
                    fields[field] = defined.quantities[value] if field in _QUANTITIES else value
        if kind == Kind.TRADE:
            fields["aggressor"] = "sell" if flags & SELL_AGGRESSOR else "buy"
            fields["market"] = not flags & NOT_MARKET
        elif kind in {Kind.BOOK, Kind.MBO}:
            fields["side"] = "ask" if flags & ASK else "bid"
            fields["flags"] = [word for flag, word in _BOOK_FLAGS if flags & flag]
        return Record(seq, kind_name(kind), recv_ns, venue_ns, name, fields)

    def _single(self, record: PayloadRecord | DigestRecord) -> Iterator[Record]:
        if isinstance(record, DigestRecord):
            if record.seq >= self._from_seq and self._wants(Kind.DIGEST, NO_INSTRUMENT):
                fields: dict[str, object] = {"inputs": record.inputs, "digest": record.digest.hex()}
                yield Record(record.seq, kind_name(Kind.DIGEST), record.recv_ns, 0, None, fields)
            return
        if record.seq < self._from_seq and record.kind != Kind.INSTRUMENT:
            return
        struct = decode_payload(record.kind, record.payload)
        if isinstance(struct, InstrumentDefined):
            self._definitions.define(record.instrument, struct.instrument)
        if record.seq >= self._from_seq and self._wants(record.kind, instrument_of(record.instrument, struct)):
            yield self._payload_record(record, struct)

    def _payload_record(self, record: PayloadRecord, struct: msgspec.Struct) -> Record:
        row = self._rows.get(record.kind)
        if row is None:
            index, known = record.instrument, self._definitions
            instrument = known[index].id if index in known else None
            kind = kind_name(record.kind)
            return Record(record.seq, kind, record.recv_ns, record.venue_ns, instrument, _as_it_stands(struct))
        _, _, _, name, *values = row.row(
            record.seq, record.recv_ns, record.venue_ns, record.instrument, struct, self._definitions
        )
        assert name is None or isinstance(name, str)
        names = [field.name for field in _PAYLOAD_TABLES[record.kind].fields]
        fields = dict(zip(names, values, strict=True))
        return Record(record.seq, kind_name(record.kind), record.recv_ns, record.venue_ns, name, fields)


def _as_it_stands(struct: msgspec.Struct) -> dict[str, object]:
    """Return the fields of a record that no table is made of; a digest in hex, of other bytes how many there are."""
    told: dict[str, object] = {}
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        if isinstance(value, bytes):
            told[name] = value.hex() if name == "digest" else f"{len(value)} bytes"
        else:
            told[name] = msgspec.to_builtins(value)
    return told


def kind_name(kind: int) -> str:
    """Return a kind as the command line writes it: `quote`."""
    return Kind(kind).name.lower()


KIND_NAMES: dict[str, int] = {
    kind_name(kind): kind for kind in (*PLAIN_FIELDS, *_PAYLOAD_TABLES, *_UNTABLED, Kind.DIGEST)
}


def in_words(record: Record) -> str:
    """Return what a record says, without its number, time, kind and instrument."""
    fields = record.fields
    match record.kind:
        case "quote":
            return "{bid_quantity} at {bid_price} / {ask_quantity} at {ask_price}  #{update_id}".format_map(fields)
        case "trade":
            rest = "" if fields["market"] else "  (no market trade)"
            return "{aggressor} {quantity} at {price}  #{trade_id}".format_map(fields) + rest
        case "book":
            return _book_in_words(fields)
        case "mbo":
            return _order_in_words(fields)
        case "report":
            # What belongs to an execution alone is 0 in every other report.
            fields = {name: value for name, value in fields.items() if value != "0"}
    return " ".join(f"{name}={_value_text(value)}" for name, value in fields.items() if value not in (None, "", []))


def _book_in_words(fields: dict[str, object]) -> str:
    """Return a level of the book and the update that it came with."""
    flags = fields["flags"]
    assert isinstance(flags, list)
    level = "no levels" if "empty" in flags else "{side} {quantity} at {price}".format_map(fields)
    update = "{first_update_id}-{last_update_id} after {prev_update_id}".format_map(fields)
    return f"{level}  #{update}" + (f"  [{' '.join(flags)}]" if flags else "")


def _order_in_words(fields: dict[str, object]) -> str:
    """Return a change of one order and its place in time."""
    flags = fields["flags"]
    assert isinstance(flags, list)
    change = "{side} {change} at {price}  order {order_id} of rank {rank}  #{sequence}".format_map(fields)
    return change + (f"  [{' '.join(flags)}]" if flags else "")


def _value_text(value: object) -> str:
    """Return a value on one line; texts with spaces and line breaks in quotes, as JSON writes them."""
    if isinstance(value, str) and value.isprintable() and " " not in value:
        return value
    return msgspec.json.encode(value).decode()
