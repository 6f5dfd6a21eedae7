"""Decimal text to integers, and single frames to events."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.binance.parse import MALFORMED, MEMO_ENTRIES_MAX, Units, UnitsPool, mark_parser
from connectors.binance.settings import Market
from core.bars import VENUE_INTERVALS
from core.decimals import to_units
from core.errors import PrecisionError
from core.events import RawReceived
from core.records import ASK, EMPTY, FIRST, LAST, NOT_MARKET, PENDING, SELL_AGGRESSOR, Kind
from tests.connectors.binance.support import combined, depth, instrument, kinds, make_session, quote, receive, trade

MS = 1_000_000
NUMBERISH = st.one_of(
    st.decimals(min_value=0, max_value=10**12, places=8, allow_nan=False).map(str),
    st.text("0123456789.-+eE_ ", max_size=24),
    st.text(max_size=8),
)


@given(text=NUMBERISH, precision=st.integers(0, 12))
def test_units_agree_with_the_core_or_refuse(text, precision):
    units = Units(precision, 0)
    try:
        expected = to_units(text, precision)
    except PrecisionError:
        expected = -1
    if expected < 0:
        with pytest.raises(PrecisionError):
            units[text]
    else:
        assert units[text] == expected
        assert units[text] == expected  # from memory


def test_units_forget_all_rather_than_grow():
    units = Units(0, 0)
    for number in range(MEMO_ENTRIES_MAX + 10):
        assert units[str(number)] == number
    assert len(units) <= MEMO_ENTRIES_MAX


def test_units_refuse_a_number_of_absurd_length():
    with pytest.raises(PrecisionError):
        Units(2, 0)["0." + "0" * 1_000_000]


def test_instruments_of_one_precision_share_a_memo():
    pool = UnitsPool()
    assert pool.positive(2) is pool.positive(2)
    assert pool.positive(2) is not pool.unsigned(2)


def test_a_spot_quote_becomes_one_record_without_venue_time():
    assert receive(make_session(), quote(7), 5) == [(Kind.QUOTE, 0, 0, 5, 0, 10010, 150_000_000, 10020, 250_000_000, 7)]


def test_a_usdm_quote_carries_its_event_time():
    (event,) = receive(make_session(Market.USDM), quote(7, Market.USDM), 5)
    assert event[4] == 1_001 * MS


def test_a_trade_carries_the_time_of_the_trade_and_its_aggressor():
    session = make_session()
    assert receive(session, trade(1), 5) == [(Kind.TRADE, SELL_AGGRESSOR, 0, 5, 1_000 * MS, 10010, 50_000_000, 1, 0, 0)]
    assert receive(session, trade(2, m=False), 6)[0][1] == 0


@pytest.mark.parametrize("order_type", ["INSURANCE_FUND", "ADL", "NA", "SOMETHING_NEW"])
def test_a_trade_outside_of_the_book_is_recorded_and_flagged(order_type):
    session = make_session(Market.USDM)
    (event,) = receive(session, trade(1, Market.USDM, X=order_type, p="0", q="0"))
    assert event[1] & NOT_MARKET
    assert event[5:8] == (0, 0, 1)


def test_a_depth_update_becomes_one_record_a_level_bids_first_with_its_ends_marked():
    session = make_session()
    events = receive(session, depth(5, 9, bids=[["99.9", "1"], ["99.8", "0"]], asks=[["100.1", "2"]]))
    assert [event[1] for event in events] == [FIRST | PENDING, PENDING, ASK | LAST | PENDING]
    assert [event[5:] for event in events] == [
        (9990, 100_000_000, 5, 9, 4),
        (9980, 0, 5, 9, 4),
        (10010, 200_000_000, 5, 9, 4),
    ]


def test_a_single_level_is_first_and_last():
    (event,) = receive(make_session(), depth(5, 9))
    assert event[1] == FIRST | LAST | PENDING


def test_a_depth_update_without_levels_is_one_empty_record():
    (event,) = receive(make_session(), depth(5, 9, bids=[]))
    assert event[1] == FIRST | LAST | EMPTY | PENDING
    assert event[5:] == (0, 0, 5, 9, 4)


def test_usdm_links_depth_updates_by_pu():
    (event,) = receive(make_session(Market.USDM), depth(50, 90, prev=7))
    assert event[7:] == (50, 90, 7)


def kline(*, closed: bool, open_ms: int = 60_000) -> bytes:
    bar = {"t": open_ms, "T": open_ms + 59_999, "s": "BTCUSDT", "i": "1m", "f": 1, "L": 2, "n": 2, "x": closed}
    prices = {"o": "100.10", "c": "100.30", "h": "100.40", "l": "100.00", "v": "12.5", "q": "1", "V": "1", "Q": "1"}
    return combined("btcusdt@kline_1m", {"e": "kline", "E": 1, "s": "BTCUSDT", "k": bar | prices})


def test_a_bar_is_taken_when_it_closes_and_once():
    session = make_session(channels=("bars",))
    assert receive(session, kline(closed=False), 5) == []
    assert receive(session, kline(closed=True), 6) == [
        (Kind.BAR, VENUE_INTERVALS.index("1m"), 0, 6, 60_000 * MS, 10010, 10040, 10000, 10030, 1_250_000_000)
    ]
    assert kinds(receive(session, kline(closed=True), 7)) == ["RAW"]
    assert session.counters.ignored == 1


BAD_QUOTES = {
    "zero price": {"b": "0.00000000"},
    "negative price": {"b": "-1.00"},
    "not a number": {"a": "NaN"},
    "infinite": {"a": "Infinity"},
    "exponent": {"a": "1e5"},
    "finer than the precision": {"a": "100.001"},
    "empty": {"A": ""},
    "beyond 64 bits": {"A": "99999999999999999999"},
    "underscores": {"A": "1_0"},
    "other digits": {"A": "١٢"},
    "a number, not text": {"b": 100.1},
    "null": {"b": None},
    "id as text": {"u": "7"},
    "negative id": {"u": -7},
    "id beyond 64 bits": {"u": 1 << 63},
    "another symbol": {"s": "ETHUSDT"},
}


@pytest.mark.parametrize("changed", BAD_QUOTES.values(), ids=BAD_QUOTES.keys())
def test_a_quote_that_cannot_be_held_exactly_is_kept_raw(changed):
    session = make_session()
    frame = quote(7, **changed)
    (event,) = receive(session, frame)
    kept = event[5]
    assert isinstance(kept, RawReceived)
    assert (event[0], kept.data, kept.total_bytes) == (Kind.RAW, frame, len(frame))
    assert kept.reason.startswith("malformed quotes: ")
    assert session.counters.raw == {"malformed quotes": 1}
    assert kinds(receive(session, quote(8))) == ["QUOTE"]


BAD_DEPTH = {
    "zero price": {"bids": [["0", "1"]]},
    "negative quantity": {"bids": [["100", "-1"]]},
    "three parts": {"bids": [["100", "1", "1"]]},
    "one part": {"bids": [["100"]]},
    "numbers": {"bids": [[100, 1]]},
}


@pytest.mark.parametrize("levels", BAD_DEPTH.values(), ids=BAD_DEPTH.keys())
def test_a_depth_update_with_one_bad_level_is_kept_raw_whole(levels):
    assert kinds(receive(make_session(), depth(5, 9, **levels))) == ["RAW"]


def test_a_depth_update_whose_ids_run_backwards_is_kept_raw():
    assert kinds(receive(make_session(), depth(9, 5))) == ["RAW"]
    assert kinds(receive(make_session(Market.USDM), depth(9, 10, prev=9_000))) == ["RAW"]


def test_spaces_and_another_order_of_keys_are_read_as_well():
    spaced = b'{ "stream" : "btcusdt@trade" , "data" : { "m":true, "T":1, "q":"1", "p":"1", "t":4, "s":"BTCUSDT" } }'
    assert kinds(receive(make_session(), spaced)) == ["TRADE"]
    turned = b'{"data":{"m":true,"T":1,"q":"1","p":"1","t":4,"s":"BTCUSDT"},"stream":"btcusdt@trade"}'
    assert kinds(receive(make_session(), turned)) == ["TRADE"]


def test_a_mark_price_is_rounded_to_the_instruments_units_and_tells_the_funding():
    rules = instrument()
    read = mark_parser(3, rules)
    data = {"E": 5, "s": rules.symbol, "p": "11794.15500001", "i": "1.005", "r": "-0.00038167", "T": 7}
    frame = json.dumps({"stream": "btcusdt@markPrice@1s", "data": data}).encode()
    units = 10**rules.price_precision
    told = read(frame, 9)
    assert told[:5] == (Kind.MARK, 0, 3, 9, 5_000_000)
    assert told[7:] == (-38_167, 7_000_000, 0)
    assert abs(told[5] - 11794.155 * units) <= 1
    for wrong in ({"p": "0"}, {"p": "nan"}, {"p": "1e999999"}, {"s": "ETHUSDT"}, {"i": "x"}):
        bad = json.dumps({"stream": "btcusdt@markPrice@1s", "data": data | wrong}).encode()
        with pytest.raises(MALFORMED):
            read(bad, 9)
