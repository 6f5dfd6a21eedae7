"""Batches of rows to files: csv, ndjson, parquet. Each sink writes as it goes and keeps no row."""

import csv
import io
from typing import BinaryIO, Protocol

import msgspec

from journal.rows import Batch
from journal.tables import Field, Form

FORMATS = ("csv", "ndjson", "parquet")

_NUMBERS_AS_TEXT = frozenset((Form.PRICE, Form.QUANTITY, Form.MONEY, Form.WORD, Form.SIDE))
_encode = msgspec.json.Encoder().encode


class Sink(Protocol):
    """Where rows go."""

    def write(self, batch: Batch) -> None:
        """Write a batch of rows."""

    def close(self) -> None:
        """Write what ends the file; the file itself stays open."""


def open_sink(fmt: str, out: BinaryIO, fields: tuple[Field, ...]) -> Sink:
    """Return the sink that writes `fmt` to `out`."""
    if fmt == "csv":
        return CsvSink(out, fields)
    if fmt == "ndjson":
        return NdjsonSink(out, fields)
    return ParquetSink(out, fields)


class NdjsonSink:
    """One JSON object a line."""

    def __init__(self, out: BinaryIO, fields: tuple[Field, ...]) -> None:
        self._out = out
        self._names = [field.name for field in fields]
        self._bools = [at for at, field in enumerate(fields) if field.form is Form.BOOL]
        self._template = _template(fields)

    def write(self, batch: Batch) -> None:
        if self._template is not None and _needs_no_escape(batch[3]):
            for at in self._bools:
                batch[at] = ["true" if value else "false" for value in batch[at]]
            self._out.write("".join(map(self._template.__mod__, zip(*batch, strict=True))).encode())
            return
        lines = [_encode(dict(zip(self._names, row, strict=True))) for row in zip(*batch, strict=True)]
        self._out.write(b"\n".join(lines) + b"\n")

    def close(self) -> None:
        """Nothing ends a file of lines."""


def _template(fields: tuple[Field, ...]) -> str | None:
    """Return the %-template of a row whose texts need no escaping; None where a column is free text or may be null.

    Filling a template takes a third of the time of encoding a dictionary.
    """
    parts = []
    for field in fields:
        if field.form is Form.INT:
            parts.append(f'"{field.name}":%d')
        elif field.form is Form.BOOL:
            parts.append(f'"{field.name}":%s')
        elif field.form is Form.INSTRUMENT or field.form in _NUMBERS_AS_TEXT:
            parts.append(f'"{field.name}":"%s"')
        else:
            return None
    return "{" + ",".join(parts) + "}\n"


def _needs_no_escape(names: list[object]) -> bool:
    """Whether instrument names can stand in JSON as they are."""
    return all(isinstance(name, str) and _encode(name) == f'"{name}"'.encode() for name in set(names))


class CsvSink:
    """Comma-separated, a header first, `true` and `false`, nothing for null."""

    def __init__(self, out: BinaryIO, fields: tuple[Field, ...]) -> None:
        self._text = io.TextIOWrapper(out, encoding="utf-8", newline="")
        self._bools = [at for at, field in enumerate(fields) if field.form is Form.BOOL]
        self._writer = csv.writer(self._text, lineterminator="\n")
        self._writer.writerow([field.name for field in fields])

    def write(self, batch: Batch) -> None:
        for at in self._bools:
            batch[at] = ["true" if value else "false" for value in batch[at]]
        self._writer.writerows(zip(*batch, strict=True))

    def close(self) -> None:
        self._text.detach()  # flushes, and leaves the file to its owner


class ParquetSink:
    """One row group a batch; numbers are 64-bit integers, everything else but booleans is text."""

    def __init__(self, out: BinaryIO, fields: tuple[Field, ...]) -> None:
        import pyarrow as pa  # noqa: PLC0415  takes long and is needed by this format alone
        import pyarrow.parquet as pq  # noqa: PLC0415

        names = {Form.INT: pa.int64(), Form.BOOL: pa.bool_()}
        self._schema = pa.schema([(field.name, names.get(field.form, pa.string())) for field in fields])
        self._batch = pa.record_batch
        self._writer = pq.ParquetWriter(out, self._schema, compression="zstd")

    def write(self, batch: Batch) -> None:
        self._writer.write_batch(self._batch(batch, schema=self._schema))

    def close(self) -> None:
        self._writer.close()
