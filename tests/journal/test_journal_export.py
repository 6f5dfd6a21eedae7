import csv
import io
import json
import tracemalloc
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from core.codec import KIND_OF
from core.effects import Alert, BalanceChanged, OrderFilled, OrderUpdated, PositionChanged, Severity
from core.events import (
    CommandReceived,
    FeedChanged,
    FeedState,
    InstrumentDefined,
    LifecycleChanged,
    LifecycleState,
    RawReceived,
)
from core.instruments import AssetClass, Instrument
from core.money import money
from core.orders import Liquidity, OrderIntent, OrderState, OrderType, Refusal, Side
from core.records import (
    ASK,
    EMPTY,
    EXECUTED,
    FIRST,
    LAST,
    NO_INSTRUMENT,
    NOT_MARKET,
    PENDING,
    REAPPLIED,
    SELL_AGGRESSOR,
    SNAPSHOT,
    Kind,
)
from journal.errors import ExportRefused, JournalDamaged
from journal.export import export
from journal.formats import FORMATS
from journal.reader import open_session
from journal.tables import KINDS
from journal.writer import JournalWriter
from tests.journal.making import START_NS, head, quote, segments

BTC = Instrument(
    symbol="BTCUSDT",
    venue="BINANCE",
    asset_class=AssetClass.CRYPTO_SPOT,
    base="BTC",
    quote="USDT",
    price_precision=2,
    size_precision=5,
    tick=1,
    lot=1,
)
ETH = Instrument(
    symbol='E"H',  # a name that JSON must escape
    venue="BINANCE",
    asset_class=AssetClass.CRYPTO_SPOT,
    base="ETH",
    quote="USDT",
    price_precision=4,
    size_precision=0,
    tick=1,
    lot=1,
)


class Making:
    """A session in the making, two instruments defined."""

    def __init__(self, folder, **options):
        self.folder = folder
        self.writer = JournalWriter.create(folder, head(), **options)
        for index, instrument in enumerate((BTC, ETH)):
            self.add(InstrumentDefined(instrument), index)

    def add(self, struct, instrument=NO_INSTRUMENT, recv_ns=START_NS):
        return self.writer.append_struct(KIND_OF[type(struct)], 0, instrument, recv_ns, struct)

    def plain(self, kind, flags, instrument, *fields):
        fields = (*fields, *(0,) * (5 - len(fields)))
        return self.writer.append_event((kind, flags, instrument, START_NS + 7, START_NS + 3, *fields))

    def rows(self, kind, fmt="ndjson", **selection):
        self.writer.flush()
        out = io.BytesIO()
        with open_session(self.folder) as session:
            count = export(session, kind, fmt, out, **selection)
        rows = list(_parse(fmt, out.getvalue()))
        assert len(rows) == count
        return rows


def _parse(fmt, data):
    if fmt == "ndjson":
        return [json.loads(line) for line in data.splitlines()]
    if fmt == "csv":
        return list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    return pq.read_table(io.BytesIO(data)).to_pylist()


@pytest.fixture
def making(tmp_path):
    made = Making(tmp_path / "session")
    yield made
    made.writer.close()


def test_trades_have_exactly_the_promised_fields(making):
    buy = making.plain(Kind.TRADE, 0, 0, 6173763, 1200, 555)
    sell = making.plain(Kind.TRADE, SELL_AGGRESSOR, 0, 6173700, 100000, 556)
    base = {"recv_ns": START_NS + 7, "venue_ns": START_NS + 3, "instrument": "BTCUSDT.BINANCE", "market": True}
    assert making.rows("trades") == [
        {**base, "seq": buy, "trade_id": 555, "price": "61737.63", "quantity": "0.012", "aggressor": "buy"},
        {**base, "seq": sell, "trade_id": 556, "price": "61737", "quantity": "1", "aggressor": "sell"},
    ]


def test_trades_off_the_market_are_exported_and_marked(making):
    making.plain(Kind.TRADE, NOT_MARKET | SELL_AGGRESSOR, 0, 1, 1, 1)
    (row,) = making.rows("trades")
    assert (row["market"], row["aggressor"]) == (False, "sell")


def test_quotes_have_exactly_the_promised_fields(making):
    seq = making.plain(Kind.QUOTE, 0, 1, 5, 6, 70000, 80, 99)
    assert making.rows("quotes") == [
        {
            "seq": seq,
            "recv_ns": START_NS + 7,
            "venue_ns": START_NS + 3,
            "instrument": 'E"H.BINANCE',
            "bid_price": "0.0005",
            "bid_quantity": "6",
            "ask_price": "7",
            "ask_quantity": "80",
            "update_id": 99,
        }
    ]


def test_book_levels_are_exported_once_each_in_order_of_arrival(making):
    shown = [
        making.plain(Kind.BOOK, FIRST, 0, 100, 1, 10, 12, 9),
        making.plain(Kind.BOOK, ASK | LAST, 0, 200, 0, 10, 12, 9),
        making.plain(Kind.BOOK, FIRST | LAST | PENDING, 0, 101, 2, 13, 15, 12),
    ]
    making.plain(Kind.BOOK, EMPTY | FIRST | LAST, 0, 0, 0, 16, 16, 15)
    snapshot = [
        making.plain(Kind.BOOK, SNAPSHOT | FIRST, 0, 99, 5, 0, 14),
        making.plain(Kind.BOOK, SNAPSHOT | ASK | LAST, 0, 300, 6, 0, 14),
    ]
    making.plain(Kind.BOOK, REAPPLIED | FIRST | LAST, 0, 101, 2, 13, 15, 12)
    rows = making.rows("book")
    assert [row["seq"] for row in rows] == shown
    assert list(rows[1]) == [
        *("seq", "recv_ns", "venue_ns", "instrument"),
        *("first_update_id", "last_update_id", "side", "price", "quantity"),
    ]
    assert [(row["side"], row["price"], row["quantity"]) for row in rows] == [
        ("bid", "1", "0.00001"),
        ("ask", "2", "0"),
        ("bid", "1.01", "0.00002"),
    ]
    assert (rows[0]["first_update_id"], rows[0]["last_update_id"]) == (10, 12)
    snapshots = making.rows("book-snapshots")
    assert [row["seq"] for row in snapshots] == snapshot
    assert [row["side"] for row in snapshots] == ["bid", "ask"]


def test_changes_of_orders_are_exported_with_side_sign_and_cause(making):
    making.plain(Kind.MBO, SNAPSHOT | FIRST | LAST, 0, 100, 5, 77, 1, 1)
    making.plain(Kind.MBO, ASK | EXECUTED | FIRST | LAST, 0, 101, -2, 78, 2, 1)
    joined, executed = making.rows("mbo")
    assert list(joined)[4:] == ["sequence", "order_id", "rank", "side", "price", "change", "executed", "snapshot"]
    assert list(joined.values())[4:] == [1, 77, 1, "bid", "1", "0.00005", False, True]
    assert list(executed.values())[4:] == [2, 78, 1, "ask", "1.01", "-0.00002", True, False]


def _order(**changes):
    fields = {
        "client_order_id": "t00000001000001",
        "strategy_id": "ema",
        "instrument": 0,
        "side": Side.SELL,
        "type": OrderType.LIMIT,
        "price": 6173763,
        "quantity": 100,
        "filled": 50,
        "previous": None,
        "state": OrderState.PARTIALLY_FILLED,
        "venue_order_id": "9",
        "reason": 'says "no", then\nmore',
    }
    return OrderUpdated(**{**fields, **changes})


def _one_of_each(making):
    making.add(_order(), 0)
    making.add(_order(previous=OrderState.ACCEPTED, instrument=1, price=0, type=OrderType.MARKET), 1)
    making.add(
        OrderFilled(
            client_order_id="t00000001000001",
            strategy_id="ema",
            instrument=0,
            side=Side.BUY,
            exec_id="x1",
            price=6173763,
            quantity=100,
            fee=str(money("0.000123")),
            fee_currency="USDT",
            liquidity=None,
            realised=str(money("-12.5")),
        ),
        0,
    )
    making.add(PositionChanged(instrument=0, quantity=-250, cost="0", realised=str(money("3")), fees="0"), 0)
    making.add(BalanceChanged(currency="USDT", delta=str(money("-7.25")), balance="0", reason="fill"))
    intent = OrderIntent(
        client_order_id="t00000001000002",
        strategy_id="ema",
        instrument=1,
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=3,
        price=12345,
        post_only=True,
    )
    making.add(
        Refusal(
            code="max-notional",
            limit="10",
            figure="11",
            message="too much",
            intent=intent,
            limits_version=1,
        )
    )
    making.add(Alert(severity=Severity.WARNING, code="stale", message="é ✓"), 0)
    making.add(FeedChanged(venue="BINANCE", state=FeedState.SYNCED, channel="book"), 0)
    making.add(LifecycleChanged(LifecycleState.READY))
    making.add(RawReceived(venue="BINANCE", reason="cut", data=b"\x00{", total_bytes=2))
    making.add(CommandReceived(name="pause", strategy_id="ema"))
    making.plain(Kind.QUOTE, 0, 0, 1, 2, 3, 4, 5)
    making.plain(Kind.TRADE, NOT_MARKET, 1, 1, 2, 3)
    making.plain(Kind.BOOK, FIRST | LAST, 0, 1, 2, 3, 4, 5)
    making.plain(Kind.MBO, FIRST | LAST, 0, 1, 2, 3, 4, 5)
    making.plain(Kind.BAR, 0, 0, 100, 400, 50, 200, 7)


def test_units_and_money_of_effects_are_exact_decimal_text(making):
    _one_of_each(making)
    sell, market = making.rows("orders")
    assert (sell["side"], sell["price"], sell["quantity"], sell["filled"]) == ("sell", "61737.63", "0.001", "0.0005")
    assert (sell["previous"], sell["state"], sell["instrument"]) == (None, "partially-filled", "BTCUSDT.BINANCE")
    assert (market["price"], market["quantity"], market["instrument"]) == ("0", "100", 'E"H.BINANCE')
    (fill,) = making.rows("fills")
    assert (fill["fee"], fill["realised"], fill["liquidity"]) == ("0.000123", "-12.5", None)
    (position,) = making.rows("positions")
    assert (position["quantity"], position["realised"]) == ("-0.0025", "3")
    (balance,) = making.rows("balances")
    assert (balance["instrument"], balance["delta"]) == (None, "-7.25")
    (refusal,) = making.rows("refusals")
    assert refusal["instrument"] == 'E"H.BINANCE'
    assert (refusal["price"], refusal["quantity"], refusal["post_only"]) == ("1.2345", "3", True)
    assert (refusal["code"], refusal["limit"], refusal["figure"]) == ("max-notional", "10", "11")
    (raw,) = making.rows("raw")
    assert raw["data_base64"] == "AHs="
    (bar,) = making.rows("bars")
    assert (bar["open"], bar["high"], bar["volume"]) == ("1", "4", "0.00007")


@pytest.mark.parametrize("kind", KINDS)
def test_the_formats_equal_each_other(making, kind):
    _one_of_each(making)
    by_format = {fmt: making.rows(kind, fmt) for fmt in FORMATS}
    assert by_format["parquet"] == by_format["ndjson"]
    as_csv = [{name: _csv_text(value) for name, value in row.items()} for row in by_format["ndjson"]]
    assert by_format["csv"] == as_csv


def _csv_text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def test_a_name_that_needs_escaping_is_escaped_in_json(making):
    making.plain(Kind.TRADE, 0, 0, 1, 2, 3)
    making.plain(Kind.TRADE, 0, 1, 1, 2, 3)
    assert [row["instrument"] for row in making.rows("trades")] == ["BTCUSDT.BINANCE", 'E"H.BINANCE']


def test_one_instrument_or_a_range_of_sequence_numbers_selects(making):
    seqs = [making.plain(Kind.QUOTE, 0, i % 2, 1, 2, 3, 4, i) for i in range(20)]
    making.add(_order(), 0)
    making.add(_order(instrument=1), 1)
    ids = [row["update_id"] for row in making.rows("quotes", instrument="BTCUSDT.BINANCE")]
    assert ids == list(range(0, 20, 2))
    ids = [row["update_id"] for row in making.rows("quotes", from_seq=seqs[3], until_seq=seqs[9])]
    assert ids == [3, 4, 5, 6, 7, 8]
    assert len(making.rows("orders", instrument='E"H.BINANCE')) == 1
    with pytest.raises(ExportRefused, match=r"BTCUSDT\.BINANCE"):
        making.rows("quotes", instrument="XRPUSDT.BINANCE")


def test_an_instrument_defined_anew_counts_from_there_on(making):
    making.plain(Kind.TRADE, 0, 0, 123, 1, 1)
    making.add(InstrumentDefined(Instrument(**{**_fields(BTC), "price_precision": 1})), 0)
    making.plain(Kind.TRADE, 0, 0, 123, 1, 2)
    assert [row["price"] for row in making.rows("trades")] == ["1.23", "12.3"]
    assert [row["price_precision"] for row in making.rows("instruments")] == [2, 4, 1]


def _fields(instrument):
    return {name: getattr(instrument, name) for name in instrument.__struct_fields__}


def test_an_instrument_without_a_definition_is_refused_and_not_guessed(making):
    making.plain(Kind.TRADE, 0, 5, 123, 1, 1)
    with pytest.raises(ExportRefused, match="instrument 5"):
        making.rows("trades")


def test_an_unknown_kind_or_format_names_the_known_ones(making):
    with pytest.raises(ExportRefused, match="trades, quotes, book"):
        making.rows("candles")
    with pytest.raises(ExportRefused, match="csv, ndjson, parquet"):
        making.rows("trades", "xlsx")


def test_nothing_to_export_is_an_empty_table(making):
    assert [making.rows("fills", fmt) for fmt in FORMATS] == [[], [], []]


def test_rows_come_from_all_segments_and_batches_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr("journal.export.BATCH_SLOTS", 64)
    making = Making(tmp_path / "s", segment_bytes=9000)
    expected = []
    for i in range(1000):
        expected.append(making.plain(Kind.QUOTE, 0, i % 2, 10**8 + i, 1, 10**8 + i + 1, 2, i))
        if i % 7 == 0:
            making.add(_order(quantity=i + 1, filled=0), 0)
        making.writer.flush()
    told = []
    rows = making.rows("quotes", progress=lambda done, total: told.append((done, total)))
    assert len(segments(making.folder)) > 3
    assert [row["seq"] for row in rows] == expected
    assert [Decimal(row["bid_price"]) for row in rows[::2]] == [Decimal(10**8 + i) / 100 for i in range(0, 1000, 2)]
    assert [Decimal(row["quantity"]) for row in making.rows("orders")] == [
        Decimal(i + 1) / 10**5 for i in range(0, 1000, 7)
    ]
    assert told[-1][0] == told[-1][1]
    making.writer.close()


def test_memory_stays_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("journal.export.BATCH_SLOTS", 2048)
    monkeypatch.setattr("journal.rows._TEXTS_KEPT", 2048)
    making = Making(tmp_path / "s", segment_bytes=1 << 20)
    for i in range(30_000):
        making.writer.append_event(quote(i))
    making.writer.close()
    with open_session(making.folder) as session, (tmp_path / "out").open("wb") as out:
        tracemalloc.start()
        try:
            export(session, "quotes", "ndjson", out)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 5 << 20


def test_what_was_written_before_damage_is_exported(making):
    seqs = [making.plain(Kind.QUOTE, 0, 0, 1, 2, 3, 4, i) for i in range(5)]
    making.add(RawReceived(venue="x", reason="y", data=b"", total_bytes=0))
    making.writer.append_payload(Kind.ALERT, 0, 0, START_NS, b"\xc1 is no msgpack")
    assert [row["seq"] for row in making.rows("quotes")] == seqs
    with pytest.raises(JournalDamaged, match="payload"):
        making.rows("alerts")


def test_liquidity_is_a_word(making):
    fill = OrderFilled(
        client_order_id="t1",
        strategy_id="s",
        instrument=0,
        side=Side.BUY,
        exec_id="x",
        price=1,
        quantity=1,
        fee="0",
        fee_currency="USDT",
        liquidity=Liquidity.MAKER,
        realised="0",
    )
    making.add(fill, 0)
    assert making.rows("fills")[0]["liquidity"] == "maker"
