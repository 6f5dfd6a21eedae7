"""A table of plain columns as a file: csv, jsonl or parquet, by its name. It gets its name once it is whole."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

import msgspec

from daemon.errors import UsageError

FORMATS = (".csv", ".jsonl", ".parquet")
BATCH_ROWS = 10_000
Cell = str | int | float | None


class Sheet:
    """Rows go in, in batches to the file."""

    def __init__(self, path: Path, row: type[msgspec.Struct]) -> None:
        """Begin a file of rows of one struct. Raises UsageError."""
        if path.suffix not in FORMATS:
            raise UsageError(f"{path}: name a file that ends in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
        self.rows = 0
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._names = row.__struct_fields__
        self._held: list[Sequence[Cell]] = []
        try:
            self._file = self._part.open("wb")
        except OSError as error:
            raise UsageError(f"cannot write {self._part}: {error.strerror}; name another --out FILE") from error
        makers: dict[str, type[_Csv | _Lines | _Parquet]] = {".csv": _Csv, ".jsonl": _Lines, ".parquet": _Parquet}
        self._sink: _Sink = makers[path.suffix](self._file, row)

    def add(self, row: msgspec.Struct) -> None:
        """Add one row."""
        self._held.append(msgspec.structs.astuple(row))
        self.rows += 1
        if len(self._held) >= BATCH_ROWS:
            self._write()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._write()
                self._sink.close()
            self._file.close()
            if error is None:
                self._part.replace(self._path)
        except OSError as problem:
            raise UsageError(f"cannot write {self._path}: {problem.strerror}; name another --out FILE") from problem
        finally:
            self._file.close()
            self._part.unlink(missing_ok=True)

    def _write(self) -> None:
        held, self._held = self._held, []
        self._sink.write(held)


class _Sink(Protocol):
    def write(self, rows: Sequence[Sequence[Cell]]) -> None: ...

    def close(self) -> None: ...


class _Csv:
    def __init__(self, out: BinaryIO, row: type[msgspec.Struct]) -> None:
        self._text = io.TextIOWrapper(out, encoding="utf-8", newline="")
        self._writer = csv.writer(self._text, lineterminator="\n")
        self._writer.writerow(row.__struct_fields__)

    def write(self, rows: Sequence[Sequence[Cell]]) -> None:
        self._writer.writerows(rows)

    def close(self) -> None:
        self._text.detach()  # flushes, and leaves the file to its owner


class _Lines:
    def __init__(self, out: BinaryIO, row: type[msgspec.Struct]) -> None:
        self._out = out
        self._names = row.__struct_fields__

    def write(self, rows: Sequence[Sequence[Cell]]) -> None:
        for row in rows:
            self._out.write(msgspec.json.encode(dict(zip(self._names, row, strict=True))) + b"\n")

    def close(self) -> None:
        """Nothing ends a file of lines."""


class _Parquet:
    def __init__(self, out: BinaryIO, row: type[msgspec.Struct]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        kinds = {str: pa.string(), int: pa.int64(), float: pa.float64()}
        fields = []
        for field in msgspec.structs.fields(row):
            kind = next(each for each in kinds if each is field.type or each in getattr(field.type, "__args__", ()))
            fields.append((field.name, kinds[kind]))
        self._pa = pa
        self._schema = pa.schema(fields)
        self._writer = pq.ParquetWriter(out, self._schema, compression="zstd")

    def write(self, rows: Sequence[Sequence[Cell]]) -> None:
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            self._writer.write_batch(self._pa.record_batch(columns, schema=self._schema))

    def close(self) -> None:
        self._writer.close()
