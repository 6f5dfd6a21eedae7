"""Users' own data, numpy structured arrays or parquet with named columns, to a history.

Columns by kind of table; those in brackets may be missing. Times are ns since 1970 (integers, or datetime64 in UTC);
prices and quantities are integers in the instrument's units, or floats that are exact decimals of its precision.

| kind   | columns |
| quotes | recv_ns, bid_price, bid_quantity, ask_price, ask_quantity, [venue_ns, update_id] |
| trades | recv_ns, price, quantity, [venue_ns, trade_id, is_sell: the aggressor sold, not_market] |
| bars   | recv_ns: when it closed, open, high, low, close, [volume, open_ns]; the table's `interval` |
| book   | recv_ns, price, quantity (0 removes), is_ask, [venue_ns, update_id, is_snapshot] |

Rows of a book with one recv_ns, one update_id and one is_snapshot in a row are one message; a book begins with a
snapshot, which replaces all that was before. The messages are taken as complete: each is linked to the one before it.
Several tables are merged by recv_ns; of equal times, those of the table named first come first.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from core.bars import VENUE_INTERVALS, VENUE_STEPS_NS, venue_interval
from core.instruments import Instrument
from core.records import NOT_MARKET, SELL_AGGRESSOR, Event, Kind
from journal.progress import Progress
from research.history.book_rows import BookRows
from research.history.columns import Block, Ints
from research.history.errors import BadInput
from research.history.writing import HistoryWriter

BLOCK_ROWS = 65_536
TableKind = Literal["quotes", "trades", "bars", "book"]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """One file: parquet (.parquet) or a numpy structured array (.npy). `rename`: our column's name to the file's."""

    kind: TableKind
    file: str
    instrument: int = 0  # the place among the source's instruments
    interval: str = ""  # of bars, among core.bars.VENUE_INTERVALS
    rename: dict[str, str] = {}


class TablesSource(msgspec.Struct, frozen=True, kw_only=True, tag="tables"):
    """Tables of one or more instruments."""

    instruments: tuple[Instrument, ...]
    tables: tuple[Table, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """The files read."""
        return tuple(table.file for table in self.tables)


def import_tables(source: TablesSource, history: HistoryWriter, progress: Progress | None = None) -> None:
    """Write the tables' rows. Raises BadInput, JournalError."""
    total = [0]
    streams = [table_events(source.instruments, table, _blocks(table, total)) for table in source.tables]
    write_events(source.instruments, streams, history, progress, total)


def import_arrays(
    instruments: Sequence[Instrument],
    arrays: Sequence[tuple[Table, npt.NDArray[np.void]]],
    history: HistoryWriter,
    progress: Progress | None = None,
) -> None:
    """Write structured arrays that are in memory, each described by a Table whose `file` is only a name."""
    streams = [table_events(instruments, table, _array_blocks(table, array)) for table, array in arrays]
    write_events(instruments, streams, history, progress, [sum(len(array) for _, array in arrays)])


def write_events(
    instruments: Sequence[Instrument],
    streams: Sequence[Iterator[Event]],
    history: HistoryWriter,
    progress: Progress | None,
    total: list[int],
) -> None:
    """Merge streams of events by time into a history; `total[0]` is how many rows there are, as far as known."""
    merged = streams[0] if len(streams) == 1 else heapq.merge(*streams, key=_time_of)
    first = next(merged, None)
    if first is None:
        return
    history.begin(instruments, first[3])
    history.add(first)
    history.extend(_told(merged, progress, total))


def _told(events: Iterable[Event], progress: Progress | None, total: list[int]) -> Iterator[Event]:
    done = 0
    for done, event in enumerate(events, 1):
        yield event
        if progress is not None and done % BLOCK_ROWS == 0:
            progress(done, max(done, total[0]))
    if progress is not None:
        progress(max(done, total[0]), max(done, total[0]))


def table_events(instruments: Sequence[Instrument], table: Table, blocks: Iterable[Block]) -> Iterator[Event]:
    """Return the events of one table's rows, block by block. Raises BadInput as it goes."""
    if not 0 <= table.instrument < len(instruments):
        raise BadInput(table.file, 0, expected=f"one of {len(instruments)} instruments", found=str(table.instrument))
    rules = instruments[table.instrument]
    if table.kind == "book":
        return BookRows(table.instrument, rules).events(blocks)
    return _plain_events(rules, table, blocks)


def _plain_events(rules: Instrument, table: Table, blocks: Iterable[Block]) -> Iterator[Event]:
    """Yield the events of quotes, trades and bars, whose rows are one record each."""
    last_ns = 0
    make = {"quotes": _quotes, "trades": _trades, "bars": _bars}[table.kind]
    kind, index = int({"quotes": Kind.QUOTE, "trades": Kind.TRADE, "bars": Kind.BAR}[table.kind]), table.instrument
    for block in blocks:
        recv_ns = block.times("recv_ns")
        last_ns = block.in_order("recv_ns", recv_ns, last_ns)
        flags, venue_ns, *fields = make(block, rules, table, recv_ns)
        rows = zip(
            flags.tolist(), recv_ns.tolist(), venue_ns.tolist(), *(field.tolist() for field in fields), strict=True
        )
        for flag, recv, venue, a, b, c, d, e in rows:
            yield (kind, flag, index, recv, venue, a, b, c, d, e)


def _quotes(block: Block, rules: Instrument, _table: Table, _recv_ns: Ints) -> tuple[Ints, ...]:
    """Return flags, venue times and the five fields of QUOTE."""
    prices, sizes = rules.price_precision, rules.size_precision
    return (
        np.zeros(block.rows, np.int64),
        block.times("venue_ns", np.zeros(block.rows, np.int64)),
        block.units("bid_price", prices, 1),
        block.units("bid_quantity", sizes, 0),
        block.units("ask_price", prices, 1),
        block.units("ask_quantity", sizes, 0),
        block.ints("update_id", _row_numbers),
    )


def _trades(block: Block, rules: Instrument, _table: Table, recv_ns: Ints) -> tuple[Ints, ...]:
    """Return flags, venue times and the five fields of TRADE."""
    nothing = np.zeros(block.rows, np.int64)
    flags = block.flags("is_sell") * SELL_AGGRESSOR + block.flags("not_market") * NOT_MARKET
    return (
        flags.astype(np.int64),
        block.times("venue_ns", recv_ns),
        block.units("price", rules.price_precision, 1),
        block.units("quantity", rules.size_precision, 1),
        block.ints("trade_id", _row_numbers),
        nothing,
        nothing,
    )


def _bars(block: Block, rules: Instrument, table: Table, recv_ns: Ints) -> tuple[Ints, ...]:
    """Return flags, opening times and the five fields of BAR."""
    if table.interval not in VENUE_INTERVALS[1:]:
        known = ", ".join(VENUE_INTERVALS[1:])
        raise BadInput(table.file, 0, expected=f"an interval of {known}", found=repr(table.interval))
    step_ns = VENUE_STEPS_NS[VENUE_INTERVALS.index(table.interval)]
    prices = [block.units(name, rules.price_precision, 1) for name in ("open", "high", "low", "close")]
    opened, high, low, close = prices
    good = (low <= np.minimum(opened, close)) & (np.maximum(opened, close) <= high)
    if not good.all():
        row = int(np.argmin(good))
        found = f"{opened[row]}, {high[row]}, {low[row]}, {close[row]}"
        raise BadInput(block.path, block.first_row + row, expected="low <= open, close <= high", found=found)
    has_volume = block.has("volume")
    volume = block.units("volume", rules.size_precision, 0) if has_volume else np.zeros(block.rows, np.int64)
    flags = np.full(block.rows, venue_interval(step_ns), np.int64)
    return (flags, block.times("open_ns", recv_ns - step_ns), *prices, volume)


def _row_numbers(first_row: int, rows: int) -> Ints:
    """Number rows from 1 where a table has no ids."""
    return np.arange(first_row, first_row + rows, dtype=np.int64)


def _blocks(table: Table, total: list[int]) -> Iterator[Block]:
    """Yield a file's rows in blocks, so that memory stays flat. Raises BadInput."""
    path = Path(table.file)
    if path.suffix == ".npy":
        try:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise BadInput(path, 0, expected="a numpy array", found=str(error)) from error
        total[0] += len(array)
        return _array_blocks(table, array)
    return _parquet_blocks(table, path, total)


def _array_blocks(table: Table, array: npt.NDArray[Any]) -> Iterator[Block]:
    """Yield an array's rows in blocks."""
    if array.dtype.names is None or array.ndim != 1:
        raise BadInput(table.file, 0, expected="a structured array of one dimension", found=str(array.dtype))
    names = _names(table, array.dtype.names)
    for start in range(0, len(array), BLOCK_ROWS):
        part = array[start : start + BLOCK_ROWS]
        yield Block(table.file, start + 1, {ours: part[theirs] for ours, theirs in names.items()})


def _parquet_blocks(table: Table, path: Path, total: list[int]) -> Iterator[Block]:
    """Yield a parquet file's rows in blocks."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    row = 1
    try:
        with pq.ParquetFile(path) as file:
            total[0] += file.metadata.num_rows
            names = _names(table, file.schema_arrow.names)
            for batch in file.iter_batches(BLOCK_ROWS, columns=list(names.values())):
                columns = {}
                for ours, theirs in names.items():
                    column = batch.column(theirs)
                    if column.null_count:
                        nulls = column.is_null().to_numpy(zero_copy_only=False)
                        raise BadInput(path, row + int(np.argmax(nulls)), expected=f"a value of {theirs}", found="null")
                    columns[ours] = column.to_numpy(zero_copy_only=False)
                yield Block(path, row, columns)
                row += batch.num_rows
    except (OSError, pa.ArrowException) as error:
        raise BadInput(path, 0, expected="a parquet file", found=str(error)) from error


def _names(table: Table, present: Sequence[str]) -> dict[str, str]:
    """Return the file's name of each of our columns that it has. Raises BadInput for a renamed one that it has not."""
    for theirs in table.rename.values():
        if theirs not in present:
            raise BadInput(table.file, 0, expected=f"a column {theirs}", found=", ".join(present))
    taken = {ours: table.rename.get(ours, ours) for ours in (*_COLUMNS[table.kind], *table.rename)}
    return {ours: theirs for ours, theirs in taken.items() if theirs in present}


_COLUMNS: dict[str, tuple[str, ...]] = {
    "quotes": ("recv_ns", "venue_ns", "bid_price", "bid_quantity", "ask_price", "ask_quantity", "update_id"),
    "trades": ("recv_ns", "venue_ns", "price", "quantity", "trade_id", "is_sell", "not_market"),
    "bars": ("recv_ns", "open_ns", "open", "high", "low", "close", "volume"),
    "book": ("recv_ns", "venue_ns", "price", "quantity", "is_ask", "update_id", "is_snapshot"),
}


def _time_of(event: Event) -> int:
    return event[3]
