import msgspec
import pytest

from core import codec
from core.errors import CodecError
from core.events import OrderReport, ReportType
from core.orders import OrderIntent, OrderType, Side
from core.records import Kind


def test_every_kind_with_a_payload_has_exactly_one_struct():
    assert len(set(codec.PAYLOAD_TYPES.values())) == len(codec.PAYLOAD_TYPES)
    carrying = {kind for kind in Kind if kind >= 32 and kind is not Kind.PART}
    assert carrying == set(codec.PAYLOAD_TYPES)


def test_a_struct_comes_back_as_it_went():
    report = OrderReport(type=ReportType.FILLED, client_order_id="t1", price=5, quantity=7, fee="12", exec_id="x")
    assert codec.decode_payload(Kind.REPORT, codec.encode_payload(report)) == report


def test_a_field_that_a_later_build_added_does_not_hide_the_rest():
    payload = msgspec.msgpack.encode({"type": "accepted", "client_order_id": "t1", "added_later": 1})
    assert codec.decode_payload(Kind.REPORT, payload) == OrderReport(type=ReportType.ACCEPTED, client_order_id="t1")


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
