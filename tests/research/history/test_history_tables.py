"""Users' own arrays and parquet files as histories: exact numbers, whole messages, refusals by row."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.bars import VENUE_INTERVALS
from core.book import BookState, L2Book
from core.records import ASK, FIRST, LAST, NOT_MARKET, SELL_AGGRESSOR, SNAPSHOT, Kind
from research.history import tables
from research.history.errors import BadInput
from research.history.head import Origin
from research.history.sources import import_history
from research.history.tables import Table, TablesSource, import_arrays
from research.history.writing import HistoryWriter
from tests.connectors.binance.support import apply_book
from tests.research.history.making import MINUTE, SECOND, instrument, read

GBP = instrument()


def parquet(path, **columns):
    pq.write_table(pa.table(columns), path)
    return str(path)


def bring_in(tmp_path, *files, instruments=(GBP,)):
    return import_history(TablesSource(instruments=instruments, tables=files), tmp_path / "h")


def structured(**columns):
    dtype = [(name, np.asarray(values).dtype) for name, values in columns.items()]
    array = np.zeros(len(next(iter(columns.values()))), dtype)
    for name, values in columns.items():
        array[name] = values
    return array


def test_quotes_of_floats_and_units_come_out_exactly(tmp_path):
    times = [SECOND, SECOND, SECOND + 1]
    bids, asks = [1.57597, 0.00001, 1.1], [157_608, 157_609, 157_610]
    file = parquet(
        tmp_path / "q.parquet",
        recv_ns=times,
        bid_price=bids,
        bid_quantity=[0.1, 0.0, 1234567.89],
        ask_price=asks,
        ask_quantity=[1, 2, 3],
    )
    bring_in(tmp_path, Table(kind="quotes", file=file))
    assert [event[3:] for event in read(tmp_path / "h", Kind.QUOTE)] == [
        (SECOND, 0, 157_597, 10, 157_608, 1, 1),
        (SECOND, 0, 1, 0, 157_609, 2, 2),
        (SECOND + 1, 0, 110_000, 123_456_789, 157_610, 3, 3),
    ]


def test_trades_carry_side_and_id_and_columns_can_be_renamed(tmp_path):
    file = parquet(
        tmp_path / "t.parquet",
        ts=np.array([1_000, 2_000], "datetime64[ms]"),
        px=[1.5, 1.6],
        quantity=[7, 8],
        is_sell=[True, False],
        not_market=[False, True],
        trade_id=[70, 71],
        unused=["a", "b"],
    )
    bring_in(tmp_path, Table(kind="trades", file=file, rename={"recv_ns": "ts", "price": "px"}))
    assert [event[1:] for event in read(tmp_path / "h", Kind.TRADE)] == [
        (SELL_AGGRESSOR, 0, SECOND, SECOND, 150_000, 7, 70, 0, 0),
        (NOT_MARKET, 0, 2 * SECOND, 2 * SECOND, 160_000, 8, 71, 0, 0),
    ]


def test_bars_open_one_interval_before_they_close(tmp_path):
    prices = {"open": [1.5], "high": [1.6], "low": [1.4], "close": [1.5]}
    file = parquet(tmp_path / "b.parquet", recv_ns=[10 * MINUTE], **prices, volume=[3])
    bring_in(tmp_path, Table(kind="bars", file=file, interval="5m"))
    (bar,) = read(tmp_path / "h", Kind.BAR)
    assert bar[1:] == (
        VENUE_INTERVALS.index("5m"), 0, 10 * MINUTE, 5 * MINUTE, 150_000, 160_000, 140_000, 150_000, 3,
    )  # fmt: skip


def book_array(rows):
    names = ("recv_ns", "update_id", "is_snapshot", "is_ask", "price", "quantity")
    return structured(**dict(zip(names, zip(*rows, strict=True), strict=True)))


BOOK = [
    (SECOND, 5, True, False, 100, 1),
    (SECOND, 5, True, True, 110, 1),
    (SECOND, 7, False, False, 101, 2),
    (SECOND + 1, 9, False, False, 100, 0),
    (SECOND + 1, 9, False, True, 109, 4),
]


@pytest.mark.parametrize("block_rows", [1, 2, 3, 100])
def test_book_rows_become_linked_messages_wherever_blocks_end(tmp_path, monkeypatch, block_rows):
    monkeypatch.setattr(tables, "BLOCK_ROWS", block_rows)
    np.save(tmp_path / "b.npy", book_array(BOOK))
    bring_in(tmp_path, Table(kind="book", file=str(tmp_path / "b.npy")))
    events = read(tmp_path / "h", Kind.BOOK)
    assert [(event[1], *event[5:]) for event in events] == [
        (SNAPSHOT | FIRST, 100, 1, 5, 5, 0),
        (SNAPSHOT | LAST | ASK, 110, 1, 5, 5, 0),
        (FIRST | LAST, 101, 2, 6, 7, 5),
        (FIRST, 100, 0, 8, 9, 7),
        (LAST | ASK, 109, 4, 8, 9, 7),
    ]
    book = L2Book()
    assert apply_book(book, events) == []
    assert (book.state, book.best_bid, book.best_ask) == (BookState.LIVE, 101, 109)
    states = [getattr(event[5], "state", "") for event in read(tmp_path / "h", Kind.FEED)]
    assert states == ["connected", "synced"]


def test_a_book_without_update_ids_is_numbered(tmp_path):
    array = book_array(BOOK)[["recv_ns", "is_snapshot", "is_ask", "price", "quantity"]]
    with HistoryWriter(tmp_path / "h", Origin(kind="arrays")) as history:
        import_arrays((GBP,), [(Table(kind="book", file="mine"), array)], history)
    assert [event[7:] for event in read(tmp_path / "h", Kind.BOOK)] == [
        (1, 1, 0), (1, 1, 0), (2, 2, 1), (3, 3, 2), (3, 3, 2),
    ]  # fmt: skip


def test_tables_are_merged_by_time_the_first_named_first(tmp_path):
    quotes = structured(
        recv_ns=[1, 3, 3], bid_price=[1, 2, 3], bid_quantity=[1, 1, 1], ask_price=[9, 9, 9], ask_quantity=[1, 1, 1]
    )
    trades = structured(recv_ns=[2, 3, 4], price=[5, 6, 7], quantity=[1, 1, 1])
    two = (GBP, instrument("EURUSD"))
    named = [(Table(kind="trades", file="t", instrument=1), trades), (Table(kind="quotes", file="q"), quotes)]
    with HistoryWriter(tmp_path / "h", Origin(kind="arrays")) as history:
        import_arrays(two, named, history)
    told = [event[:4] for event in read(tmp_path / "h", Kind.QUOTE, Kind.TRADE)]
    quote, trade = int(Kind.QUOTE), int(Kind.TRADE)
    assert told == [
        (quote, 0, 0, 1), (trade, 0, 1, 2), (trade, 0, 1, 3), (quote, 0, 0, 3), (quote, 0, 0, 3), (trade, 0, 1, 4),
    ]  # fmt: skip
    assert history.report.instruments == ("GBPUSD.FXCM", "EURUSD.FXCM")


TRADES = {"recv_ns": [1, 2, 3], "price": [1.5, 1.5, 1.5], "quantity": [1, 1, 1]}


@pytest.mark.parametrize(
    ("change", "row", "words"),
    [
        ({"price": [1.5, 1.500001, 1.5]}, 2, "expected price: a number of at most 5 decimals, found 1.500001"),
        ({"price": [1.5, 1.5, float("nan")]}, 3, "at most 5 decimals, found nan"),
        ({"price": [1.5, 0.0, 1.5]}, 2, "at least 1 units"),
        ({"quantity": [1, 1, -1]}, 3, "quantity: at least 1 units"),
        ({"recv_ns": [1, 3, 2]}, 3, "recv_ns: times in order, found 2"),
        ({"price": ["1.5", "1.5", "1.5"]}, 0, "integers .units. or floats"),
        ({"recv_ns": [1.0, 2.0, 3.0]}, 0, "column recv_ns of integers"),
        ({"is_sell": [0, 1, 2]}, 3, "is_sell: 0 or 1, found 2"),
        ({"quantity": [1, None, 1]}, 2, "a value of quantity, found null"),
    ],
)
def test_a_bad_row_is_refused_by_its_number(tmp_path, change, row, words):
    file = parquet(tmp_path / "t.parquet", **(TRADES | change))
    with pytest.raises(BadInput, match=words) as refused:
        bring_in(tmp_path, Table(kind="trades", file=file))
    assert (refused.value.line, refused.value.path) == (row, file)
    assert not (tmp_path / "h").exists()


def test_missing_columns_and_files_and_instruments_are_refused(tmp_path):
    file = parquet(tmp_path / "t.parquet", recv_ns=[1], price=[1.5])
    with pytest.raises(BadInput, match="expected a column quantity, found recv_ns, price"):
        bring_in(tmp_path, Table(kind="trades", file=file))
    with pytest.raises(BadInput, match="expected a column px"):
        bring_in(tmp_path, Table(kind="trades", file=file, rename={"price": "px"}))
    with pytest.raises(BadInput, match="expected one of 1 instruments, found 3"):
        bring_in(tmp_path, Table(kind="trades", file=file, instrument=3))
    (tmp_path / "x.parquet").write_text("no parquet")
    with pytest.raises(BadInput, match="expected a parquet file"):
        bring_in(tmp_path, Table(kind="trades", file=str(tmp_path / "x.parquet")))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (BOOK[2:], "line 1: expected a book that begins with a snapshot"),
        ([*BOOK[:2], (SECOND, 5, False, True, 109, 1)], "line 3: expected an update_id above 5, found 5"),
    ],
)
def test_a_book_that_cannot_be_followed_is_refused(tmp_path, rows, words):
    np.save(tmp_path / "b.npy", book_array(rows))
    with pytest.raises(BadInput, match=words):
        bring_in(tmp_path, Table(kind="book", file=str(tmp_path / "b.npy")))
