import msgspec
import pytest

from core import codec
from core.errors import CodecError
from core.events import FeedChanged, FeedState, InstrumentDefined, OrderReport, ReportType
from core.instruments import AssetClass, Instrument
from core.money import money
from core.orders import ApprovedSubmit, OrderIntent, OrderType, Side
from core.records import Kind


def test_every_kind_with_a_payload_has_exactly_one_struct():
    assert len(set(codec.PAYLOAD_TYPES.values())) == len(codec.PAYLOAD_TYPES)
    carrying = {kind for kind in Kind if kind >= 32 and kind is not Kind.PART}
    assert carrying == set(codec.PAYLOAD_TYPES)


def test_a_struct_comes_back_as_it_went():
    report = OrderReport(type=ReportType.FILLED, client_order_id="t1", price=5, quantity=7, fee="12", exec_id="x")
    assert codec.decode_payload(Kind.REPORT, codec.encode_payload(report)) == report


def test_a_field_that_a_later_build_added_does_not_hide_the_rest():
    report = OrderReport(type=ReportType.ACCEPTED, client_order_id="t1")
    fields = msgspec.msgpack.decode(codec.encode_payload(report))
    assert codec.decode_payload(Kind.REPORT, msgspec.msgpack.encode([*fields, "added later"])) == report
    feed = msgspec.msgpack.encode({"venue": "BINANCE", "state": "stale", "added_later": 1})
    assert codec.decode_payload(Kind.FEED, feed) == FeedChanged(venue="BINANCE", state=FeedState.STALE)


def test_a_field_that_an_earlier_build_lacked_takes_its_default():
    payload = msgspec.msgpack.encode(["accepted", "t1"])
    assert codec.decode_payload(Kind.REPORT, payload) == OrderReport(type=ReportType.ACCEPTED, client_order_id="t1")


def test_a_payload_can_be_told_by_field_names():
    intent = OrderIntent(
        client_order_id="t1", strategy_id="s", instrument=0, side=Side.BUY, type=OrderType.MARKET, quantity=1
    )
    told = codec.fields_of(ApprovedSubmit(intent=intent, reference_price=5, limits_version=1))
    assert told["reference_price"] == 5
    assert isinstance(told["intent"], dict)
    assert (told["intent"]["side"], told["intent"]["type"]) == (1, "market")


def test_bytes_that_do_not_decode_are_told_with_their_kind():
    with pytest.raises(CodecError, match="REPORT"):
        codec.decode_payload(Kind.REPORT, b"\xc1")


def test_a_kind_that_this_build_does_not_know_is_told():
    with pytest.raises(CodecError, match="newer"):
        codec.decode_payload(99, b"")


def test_the_sign_of_a_side_is_what_a_fill_adds():
    assert (int(Side.BUY), int(Side.SELL), Side.BUY.opposite) == (1, -1, Side.SELL)


def test_an_intent_is_the_same_bytes_every_time():
    def intent():
        return OrderIntent(
            client_order_id="t1",
            strategy_id="s",
            instrument=0,
            side=Side.BUY,
            type=OrderType.LIMIT,
            quantity=1,
            price=2,
        )

    assert codec.encode_payload(intent()) == codec.encode_payload(intent())


def test_a_smallest_notional_beyond_64_bits_comes_back_whole():
    rules = Instrument(
        symbol="BTCUSDT",
        venue="BINANCE",
        asset_class=AssetClass.PERPETUAL,
        base="BTC",
        quote="USDT",
        price_precision=2,
        size_precision=3,
        tick=10,
        lot=1,
        min_notional=money("100"),  # Binance USDⓈ-M's: 10^20 units of money
    )
    payload = codec.encode_payload(InstrumentDefined(rules))
    assert codec.decode_payload(Kind.INSTRUMENT, payload) == InstrumentDefined(rules)
