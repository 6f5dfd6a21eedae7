"""The tables of a run folder: parquet files written a batch at a time, so that memory does not grow with the run."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

BATCH_ROWS = 8_192

TIME, TEXT, WHOLE = pa.int64(), pa.string(), pa.int64()

ORDERS = {
    "submitted_ns": TIME, "ended_ns": TIME, "client_order_id": TEXT, "strategy": TEXT, "instrument": TEXT, "side": TEXT,
    "type": TEXT, "time_in_force": TEXT, "price": TEXT, "quantity": TEXT, "filled": TEXT, "state": TEXT, "reason": TEXT,
}  # fmt: skip
FILLS = {
    "time_ns": TIME, "client_order_id": TEXT, "exec_id": TEXT, "strategy": TEXT, "instrument": TEXT, "side": TEXT,
    "price": TEXT, "quantity": TEXT, "fee": TEXT, "fee_currency": TEXT, "liquidity": TEXT, "realised": TEXT,
}  # fmt: skip
REFUSALS = {
    "time_ns": TIME, "client_order_id": TEXT, "strategy": TEXT, "instrument": TEXT, "side": TEXT, "price": TEXT,
    "quantity": TEXT, "code": TEXT, "message": TEXT,
}  # fmt: skip
POSITIONS = {
    "time_ns": TIME, "instrument": TEXT, "quantity": TEXT, "cost": TEXT, "realised": TEXT, "fees": TEXT,
}  # fmt: skip
EQUITY = {
    "time_ns": TIME, "currency": TEXT, "equity": TEXT, "realised": TEXT, "unrealised": TEXT, "fees": TEXT,
}  # fmt: skip


class TableWriter:
    """One parquet file while it is written. The file is whole once it is closed, also after an interruption."""

    def __init__(self, path: Path, fields: dict[str, pa.DataType]) -> None:
        """Write to `path`. Raises OSError."""
        self._schema = pa.schema(list(fields.items()))
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[Sequence[object]] = []
        self.rows = 0

    def add(self, row: Sequence[object]) -> None:
        """Add one row, its values in the order of the fields."""
        self._rows.append(row)
        self.rows += 1
        if len(self._rows) >= BATCH_ROWS:
            self._flush()

    def close(self) -> None:
        """Write what is left and the file's end."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            columns = zip(*self._rows, strict=True)
            arrays = [_array(column, kind) for column, kind in zip(columns, self._schema.types, strict=True)]
            self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
            self._rows.clear()


def _array(values: Sequence[object], kind: pa.DataType) -> pa.Array:
    """Return a column as Arrow keeps it: made by hand, since `pa.array` would import pandas for it."""
    if kind == TEXT:
        return _text_array(cast("Sequence[str]", values))
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(np.array(values, np.int64))])


def _text_array(texts: Sequence[str]) -> pa.Array:
    """Return a column of texts: encoded at once, and where all is plain ASCII a letter is a byte."""
    whole = "".join(texts)
    lengths = map(len, texts) if whole.isascii() else (len(text.encode()) for text in texts)
    ends = np.zeros(len(texts) + 1, np.int32)
    np.fromiter(lengths, np.int32, len(texts)).cumsum(out=ends[1:])
    return pa.Array.from_buffers(TEXT, len(texts), [None, pa.py_buffer(ends), pa.py_buffer(whole.encode())])
