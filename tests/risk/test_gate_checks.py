"""Every check at its limit and one unit beyond it, with the figures that the refusal tells."""

import msgspec
import pytest

from core.book import BookState
from core.events import ReportType
from core.money import money
from core.orders import ApprovedSubmit, OrderType, Side, TimeInForce
from risk.checks import CHECKS
from risk.limits import RiskLimits
from tests.risk.room import BTC, SECOND_NS, WIDE, Room

MARKET = OrderType.MARKET


def limits(**fields):
    return msgspec.structs.replace(WIDE, **fields)


@pytest.fixture
def room():
    return Room()


def test_an_order_within_all_limits_passes_with_the_price_it_was_judged_by(room):
    answer = room.ask()
    assert isinstance(answer, ApprovedSubmit)
    assert answer.reference_price == 1000_00
    assert answer.limits_version == room.gate.limits_version
    assert answer.intent.quantity == 100


def test_a_refusal_tells_code_limit_figure_and_what_to_do():
    room = Room(limits(max_order_quantity="0.0100"))
    refusal = room.refusal(quantity=105)
    assert (refusal.code, refusal.limit, refusal.figure) == ("MAX_QUANTITY", "0.01", "0.0105")
    assert refusal.message == (
        "0.0105 BTC is above the largest order allowed, 0.01 BTC: ask for less, or raise risk.max_order_quantity"
    )
    assert refusal.intent.quantity == 105
    assert refusal.limits_version == room.gate.limits_version


# ------------------------------------------------------------------------------------------------ the order


def test_orders_pass_only_when_ready(room):
    room.ready = False
    assert room.code() == "NOT_READY"


def test_an_instrument_that_was_never_defined_is_refused(room):
    refusal = room.refusal(instrument=7)
    assert (refusal.code, refusal.figure) == ("UNKNOWN_INSTRUMENT", "7")


def test_an_instrument_without_a_market_is_refused(room):
    room.has_market = False
    assert room.code() == "UNKNOWN_INSTRUMENT"


def test_a_halted_instrument_is_refused():
    assert Room(tradable=False).code() == "NOT_TRADABLE"


def test_an_expired_instrument_is_refused_from_its_last_nanosecond_on():
    now_ns = 1_000 * SECOND_NS
    assert Room(expiry_ns=now_ns + 1).code() == ""
    assert Room(expiry_ns=now_ns).code() == "NOT_TRADABLE"


def test_an_inverse_contract_is_limited_by_its_face_value_whatever_the_price():
    limits = RiskLimits(max_order_notional=1_000, max_position_notional=1_500)
    room = Room(limits, inverse=True, quote="USD", multiplier=100, size_precision=0, lot=1, min_quantity=1)
    assert room.code(quantity=11) == "MAX_QUANTITY"
    room.hold(10)
    assert room.code(quantity=6) == "MAX_POSITION"
    assert room.code(quantity=5) == ""


def test_a_client_order_id_is_accepted_once(room):
    name = room.place()
    assert room.code(client_order_id=name) == "DUPLICATE_ID"
    assert room.code(client_order_id="") == "DUPLICATE_ID"
    room.report(ReportType.REJECTED, name)
    assert room.code(client_order_id=name) == "DUPLICATE_ID"


@pytest.mark.parametrize(("quantity", "figure"), [(0, "0"), (-5, "-0.0005")])
def test_a_quantity_is_a_size_not_a_direction(room, quantity, figure):
    refusal = room.refusal(quantity=quantity)
    assert (refusal.code, refusal.figure) == ("QUANTITY_NOT_POSITIVE", figure)


@pytest.mark.parametrize("price", [0, -10])
def test_a_limit_order_needs_a_price(room, price):
    assert room.code(price=price) == "PRICE_NOT_POSITIVE"


@pytest.mark.parametrize("price", [1, -1, 1000_00])
def test_a_market_order_has_no_price(room, price):
    assert room.code(type=MARKET, price=price) == "PRICE_ON_MARKET"
    assert room.code(type=MARKET) == ""


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, ""),
        ({"time_in_force": TimeInForce.IOC}, "POST_ONLY_NOT_LIMIT"),
        ({"time_in_force": TimeInForce.FOK}, "POST_ONLY_NOT_LIMIT"),
        ({"type": MARKET}, "POST_ONLY_NOT_LIMIT"),
    ],
)
def test_only_an_order_that_may_rest_is_post_only(room, fields, code):
    assert room.code(post_only=True, **fields) == code
    assert room.code(post_only=False, **fields) == ""


@pytest.mark.parametrize(("price", "code"), [(999_90, ""), (999_91, "TICK_SIZE"), (999_99, "TICK_SIZE"), (1000_00, "")])
def test_prices_are_whole_ticks(room, price, code):
    assert room.code(price=price) == code


@pytest.mark.parametrize(("quantity", "code"), [(100, ""), (101, "LOT_SIZE"), (104, "LOT_SIZE"), (105, "")])
def test_quantities_are_whole_lots(room, quantity, code):
    assert room.code(quantity=quantity) == code


def test_one_unit_at_one_price_unit_is_an_order():
    room = Room(limits(max_price_deviation="0.5"), tick=1, lot=1, min_quantity=0, min_notional=0)
    room.quote(1, 1)
    room.market.last_price = 0
    assert room.code(quantity=1, price=1) == ""
    assert room.code(quantity=1, type=MARKET) == ""
    room.quote(3, 3)
    room.trade(1)
    assert room.code(quantity=1, price=3) == "PRICE_COLLAR"


@pytest.mark.parametrize("name", ["max_position", "max_position_notional"])
def test_a_position_limit_of_zero_lets_no_unit_pass(name):
    room = Room(limits(**{name: 0}), lot=1, min_quantity=0, min_notional=0)
    assert room.code(quantity=1) == name.upper()


def test_a_reduce_only_order_may_not_flip_by_one_unit():
    room = Room(lot=1)
    room.hold(300)
    assert room.code(side=Side.SELL, quantity=300, reduce_only=True) == ""
    assert room.code(side=Side.SELL, quantity=301, reduce_only=True) == "REDUCE_ONLY"


def test_tick_and_lot_are_told(room):
    tick, lot = room.refusal(price=999_95), room.refusal(quantity=103)
    assert (tick.limit, tick.figure) == ("0.1", "999.95")
    assert (lot.limit, lot.figure) == ("0.0005", "0.0103")


@pytest.mark.parametrize(
    ("quantity", "code"), [(9, "MIN_QUANTITY"), (10, ""), (100, ""), (1_000, ""), (1_001, "MAX_VENUE_QUANTITY")]
)
def test_the_venues_smallest_and_largest_quantity(quantity, code):
    room = Room(lot=1, min_quantity=10, max_quantity=1_000, min_notional=0)
    assert room.code(quantity=quantity) == code


def test_a_venue_without_a_largest_quantity_sets_none():
    assert Room(max_quantity=0).code(quantity=10**7) == ""


# ----------------------------------------------------------------------------------------------- the market


def test_a_disconnected_feed_is_no_market(room):
    room.market.connected = False
    assert room.code() == "MARKET_STALE"


@pytest.mark.parametrize(("channels", "code"), [((), ""), (("quotes",), "MARKET_STALE"), (("trades", "book"), "")])
def test_the_channel_that_gives_the_reference_must_not_be_stale(room, channels, code):
    for channel in channels:
        room.market.mark(channel, stale=True)
    assert room.code() == code


@pytest.mark.parametrize(("channels", "code"), [((), ""), (("book",), "MARKET_STALE"), (("quotes",), "")])
def test_without_quotes_the_live_book_is_the_reference(room, channels, code):
    book_market(room)
    for channel in channels:
        room.market.mark(channel, stale=True)
    assert room.code() == code


@pytest.mark.parametrize(("channels", "channel"), [((), ""), (("bars",), "bars"), (("book", "bars"), "book")])
def test_bars_are_the_reference_of_last_resort_unless_they_or_the_book_are_stale(room, channels, channel):
    room.market.quote_ns = 0
    room.market.bar_price, room.market.bar_ns = 1000_00, room.now_ns
    for each in channels:
        room.market.mark(each, stale=True)
    assert room.code() == ("MARKET_STALE" if channel else "")
    if channel:
        assert room.refusal().message == f"BTCUSDT.BINANCE: channel {channel} is stale; wait for fresh data"


def test_a_book_that_is_not_live_is_no_reference(room):
    book_market(room)
    room.market.book.invalidate()
    assert room.code() == "NO_REFERENCE"


def book_market(room):
    market = room.market
    market.bid_price = market.ask_price = market.quote_ns = 0
    market.book.state = BookState.LIVE
    market.book.set_level(0, 999_95, 1)
    market.book.set_level(1, 1000_05, 1)
    market.book_ns = room.now_ns


@pytest.mark.parametrize(
    ("bid", "ask", "code"),
    [
        (1000_00, 1000_00, ""),
        (1000_01, 1000_00, "NO_REFERENCE"),
        (0, 1000_00, "NO_REFERENCE"),
        (1000_00, 0, "NO_REFERENCE"),
        (-1, 1, "NO_REFERENCE"),
        (0, 0, "NO_REFERENCE"),
    ],
)
def test_a_reference_has_two_sides_above_zero_that_do_not_cross(room, bid, ask, code):
    room.quote(bid, ask)
    assert room.code() == code


def test_a_market_that_was_never_heard_of_is_no_reference(room):
    room.market.quote_ns = 0
    assert room.code() == "NO_REFERENCE"


@pytest.mark.parametrize(("age_ns", "code"), [(0, ""), (250_000_000, ""), (250_000_001, "MARKET_STALE")])
def test_the_reference_may_be_as_old_as_the_limit(age_ns, code):
    room = Room(limits(max_data_age_ms=250))
    room.now_ns += age_ns
    assert room.code() == code


def test_a_stale_reference_is_told_in_milliseconds():
    room = Room(limits(max_data_age_ms=250))
    room.now_ns += 250_000_001
    refusal = room.refusal()
    assert (refusal.limit, refusal.figure) == ("250", "250.000001")


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(
    ("price", "code"), [(949_99, "PRICE_COLLAR"), (950_00, ""), (1050_00, ""), (1050_01, "PRICE_COLLAR")]
)
def test_a_limit_price_stays_in_the_collar_on_both_sides(price, code, side):
    room = Room(tick=1)
    assert room.code(price=price, side=side) == code


def test_the_collar_is_exact_where_the_middle_falls_between_two_units():
    room = Room(limits(max_price_deviation="0.5"), tick=1, min_notional=0)
    room.quote(10, 11)  # the middle is 10.5, the collar 5.25 to 15.75
    room.market.last_price = 0
    assert [room.code(price=price) for price in (5, 6, 15, 16)] == ["PRICE_COLLAR", "", "", "PRICE_COLLAR"]


def test_a_collar_of_zero_leaves_the_reference_alone():
    room = Room(limits(max_price_deviation=0), tick=1)
    assert [room.code(price=price) for price in (999_99, 1000_00, 1000_01)] == ["PRICE_COLLAR", "", "PRICE_COLLAR"]


def test_the_collar_tells_distances_as_fractions():
    room = Room(tick=1)
    refusal = room.refusal(price=1050_01)
    assert (refusal.limit, refusal.figure) == ("0.05", "0.05001")
    assert "is a fraction 0.05001 away from the middle of bid and ask, 1000; allowed is 0.05" in refusal.message
    assert "buy at its limit, 1050.01 USDT" in refusal.message
    assert "sell at its limit, 949.99 USDT" in room.refusal(price=949_99, side=Side.SELL).message


@pytest.mark.parametrize(
    ("last", "code"), [(952_39, ""), (952_38, "PRICE_COLLAR"), (1052_63, ""), (1052_64, "PRICE_COLLAR"), (0, "")]
)
def test_the_price_is_near_the_last_trade_too(room, last, code):
    room.trade(last)
    assert room.code(price=1000_00) == code


def test_the_collar_around_the_last_trade_tells_its_own_distance(room):
    room.trade(800_00)
    refusal = room.refusal(price=1000_00)
    assert refusal.figure == "0.25"
    assert "away from the last trade, 800; allowed is 0.05" in refusal.message


def test_a_last_trade_older_than_data_may_be_does_not_judge():
    room = Room(limits(max_data_age_ms=1_000))
    room.trade(900_00)
    room.now_ns += SECOND_NS
    room.quote(999_95, 1000_05)
    assert room.code() == "PRICE_COLLAR"
    room.now_ns += 1
    room.quote(999_95, 1000_05)
    assert room.code() == ""


@pytest.mark.parametrize(("side", "price"), [(Side.BUY, "1050.02"), (Side.SELL, "949.98")])
def test_a_market_order_is_judged_by_the_price_it_would_get(side, price):
    room = Room()
    room.market.last_price = 0
    room.quote(950_00, 1050_00)  # both sides exactly 5 % from the middle
    assert room.code(type=MARKET, side=side) == ""
    room.quote(949_98, 1050_02)
    refusal = room.refusal(type=MARKET, side=side)
    assert refusal.code == "PRICE_COLLAR"
    assert f"at the best price on the other side, {price} USDT, is a fraction 0.05002 away" in refusal.message


@pytest.mark.parametrize(("side", "code"), [(Side.BUY, "PRICE_COLLAR"), (Side.SELL, "")])
def test_a_market_buy_would_get_the_ask_and_a_market_sell_the_bid(room, side, code):
    room.quote(960_00, 1040_00)
    room.trade(991_00)  # 960 is 3.1 % away, 1040 is 4.9 %
    assert room.code(type=MARKET, side=side) == ""
    room.trade(990_00)  # 960 is 3.0 % away, 1040 is 5.1 %
    assert room.code(type=MARKET, side=side) == code


def test_a_market_order_against_a_wild_quote_is_stopped_by_the_last_trade(room):
    room.quote(9_999_95, 10_000_05)
    assert room.code(type=MARKET) == "PRICE_COLLAR"


# -------------------------------------------------------------------------------------------------- values


@pytest.mark.parametrize(("quantity", "code"), [(49, "MIN_NOTIONAL"), (50, "")])
def test_the_smallest_notional_of_a_limit_order_is_at_its_price(quantity, code):
    room = Room(lot=1, min_notional=money("5"))
    assert room.code(quantity=quantity, price=1000_00) == code


def test_the_smallest_notional_of_a_market_order_is_at_the_middle():
    room = Room(lot=1, min_notional=money("5"))
    assert room.code(quantity=50, type=MARKET) == ""
    refusal = room.refusal(quantity=49, type=MARKET)
    assert (refusal.code, refusal.limit, refusal.figure) == ("MIN_NOTIONAL", "5", "4.9")


def test_a_middle_between_units_counts_exactly_for_the_smallest_notional():
    room = Room(lot=1, min_notional=money("1"), min_quantity=0)
    room.market.last_price = 0
    room.quote(99_99, 100_00)  # the middle is 99.995: 100 units are worth 0.99995
    assert room.code(quantity=100, type=MARKET) == "MIN_NOTIONAL"
    room.quote(99_99, 100_01)
    assert room.code(quantity=100, type=MARKET) == ""


@pytest.mark.parametrize(("quantity", "code"), [(1_000, ""), (1_005, "MAX_QUANTITY")])
def test_the_largest_quantity(quantity, code):
    assert Room(limits(max_order_quantity="0.1")).code(quantity=quantity) == code


def test_the_largest_quantity_to_the_unit():
    room = Room(limits(max_order_quantity="0.1"), lot=1)
    assert (room.code(quantity=1_000), room.code(quantity=1_001)) == ("", "MAX_QUANTITY")


@pytest.mark.parametrize(("price", "code"), [(1000_00, ""), (1000_01, "MAX_NOTIONAL")])
def test_the_largest_notional_to_the_price_unit(price, code):
    room = Room(limits(max_order_notional=100), tick=1)
    assert room.code(quantity=1_000, price=price) == code


def test_a_notional_limit_is_met_exactly_and_not_by_a_hair_more():
    assert Room(limits(max_order_notional="100")).code(quantity=1_000) == ""
    refusal = Room(limits(max_order_notional="99.999999999999999999")).refusal(quantity=1_000)
    assert (refusal.code, refusal.limit, refusal.figure) == ("MAX_NOTIONAL", "99.999999", "100")


@pytest.mark.parametrize("side", Side)
def test_a_market_order_counts_at_the_top_of_the_collar(side):
    room = Room(limits(max_order_notional=105), lot=1)
    assert room.code(type=MARKET, quantity=1_000, side=side) == ""
    refusal = room.refusal(type=MARKET, quantity=1_001, side=side)
    assert (refusal.code, refusal.limit, refusal.figure) == ("MAX_NOTIONAL", "105", "105.105")


def test_the_top_of_the_collar_is_rounded_up():
    room = Room(limits(max_order_notional="0.0015", max_price_deviation="0.4"), lot=1, min_quantity=0, min_notional=0)
    room.market.last_price = 0
    room.quote(10, 11)  # 10.5 * 1.4 = 14.7, valued at 15
    assert room.code(type=MARKET, quantity=100) == ""
    room = Room(limits(max_order_notional="0.00149", max_price_deviation="0.4"), lot=1, min_quantity=0, min_notional=0)
    room.market.last_price = 0
    room.quote(10, 11)
    assert room.code(type=MARKET, quantity=100) == "MAX_NOTIONAL"


def test_a_limit_sell_below_the_bid_counts_at_the_bid_it_will_get():
    room = Room(limits(max_order_notional="99.995"))
    assert room.code(side=Side.SELL, quantity=1_000, price=960_00) == ""  # 0.1 BTC at the bid, 999.95, is 99.995
    assert room.code(side=Side.SELL, quantity=1_005, price=960_00) == "MAX_NOTIONAL"
    assert room.code(side=Side.BUY, quantity=1_005, price=960_00) == ""


# ----------------------------------------------------------------------------------------------- positions


@pytest.mark.parametrize(("quantity", "code"), [(500, ""), (505, "MAX_POSITION")])
@pytest.mark.parametrize("side", Side)
def test_the_largest_position_counts_what_is_held_and_what_is_open(quantity, code, side):
    room = Room(limits(max_position="0.1"))
    room.hold(300 * side)
    room.place(side=side, quantity=200)
    assert room.code(side=side, quantity=quantity) == code


def test_the_other_sides_open_orders_do_not_make_room():
    room = Room(limits(max_position="0.1"))
    room.place(side=Side.BUY, quantity=1_000)
    room.place(side=Side.SELL, quantity=1_000)
    assert room.code(side=Side.BUY, quantity=10) == "MAX_POSITION"
    assert room.code(side=Side.SELL, quantity=10) == "MAX_POSITION"


def test_the_worst_position_is_told():
    room = Room(limits(max_position="0.1"))
    room.hold(300)
    room.place(quantity=200)
    refusal = room.refusal(quantity=505)
    assert (refusal.limit, refusal.figure) == ("0.1", "0.1005")


@pytest.mark.parametrize(
    ("quantity", "code"), [(2_000, ""), (2_100, ""), (2_105, "MAX_POSITION")], ids=["flat", "to the limit", "beyond"]
)
def test_an_order_that_reduces_passes_over_the_limit_unless_it_flips_beyond_it(quantity, code):
    room = Room(limits(max_position="0.2"))
    room.hold(2_000)
    lowered = Room(limits(max_position="0.01"))
    lowered.manager = room.manager
    lowered._orders = 100
    assert lowered.code(side=Side.BUY, quantity=10) == "MAX_POSITION"
    assert lowered.code(side=Side.SELL, quantity=quantity) == code


@pytest.mark.parametrize(("price", "code"), [(1000_00, ""), (1000_10, "MAX_POSITION_NOTIONAL")])
def test_the_largest_position_as_a_value(price, code):
    room = Room(limits(max_position_notional=100))
    room.hold(300)
    room.place(quantity=200)
    assert room.code(quantity=500, price=price) == code


def test_the_worst_value_is_told_and_reducing_passes():
    room = Room(limits(max_position_notional=100))
    room.hold(1_000)
    refusal = room.refusal(quantity=10)
    assert (refusal.code, refusal.limit, refusal.figure) == ("MAX_POSITION_NOTIONAL", "100", "101")
    room.quote(1019_95, 1020_05)
    room.trade(1020_00)
    assert room.code(side=Side.SELL, quantity=1_000, price=1020_00) == ""


@pytest.mark.parametrize("state", [ReportType.ACCEPTED, ReportType.OUTCOME_UNKNOWN, None])
def test_orders_count_in_full_from_the_moment_they_pass(state):
    room = Room(limits(max_position="0.1"))
    name = room.place(quantity=995)
    if state:
        room.report(state, name)
    assert room.code(quantity=10) == "MAX_POSITION"
    room.report(ReportType.CANCELLED, name)
    assert room.code(quantity=10) == ""


@pytest.mark.parametrize(("side", "held"), [(Side.SELL, 300), (Side.BUY, -300)])
def test_a_reduce_only_order_cannot_increase_or_flip(side, held):
    room = Room()
    room.hold(held)
    assert room.code(side=side, quantity=300, reduce_only=True) == ""
    refusal = room.refusal(side=side, quantity=305, reduce_only=True)
    assert (refusal.code, refusal.limit, refusal.figure) == ("REDUCE_ONLY", "0.03", "0.0305")
    assert room.code(side=side.opposite, quantity=10, reduce_only=True) == "REDUCE_ONLY"


def test_a_reduce_only_order_leaves_room_for_what_is_open():
    room = Room()
    room.hold(300)
    room.place(side=Side.SELL, quantity=200)
    assert room.code(side=Side.SELL, quantity=100, reduce_only=True) == ""
    refusal = room.refusal(side=Side.SELL, quantity=105, reduce_only=True)
    assert refusal.limit == "0.01"


def test_a_reduce_only_order_without_a_position_is_refused():
    refusal = Room().refusal(reduce_only=True)
    assert (refusal.code, refusal.limit) == ("REDUCE_ONLY", "0")


# ---------------------------------------------------------------------------------------- counts and rates


def test_the_number_of_open_orders_in_an_instrument():
    room = Room(limits(max_open_orders=2))
    first = room.place()
    room.place()
    refusal = room.refusal()
    assert (refusal.code, refusal.limit, refusal.figure) == ("MAX_OPEN_ORDERS", "2", "3")
    room.report(ReportType.OUTCOME_UNKNOWN, first)
    assert room.code() == "MAX_OPEN_ORDERS"
    room.report(ReportType.REJECTED, first)
    assert room.code() == ""


def test_the_number_of_open_orders_over_all_instruments():
    room = Room(limits(max_open_orders_total=2))
    room.manager.define(BTC + 1, room.instrument)
    room.gate.define(BTC + 1, room.instrument)
    room.place()
    room.place(instrument=BTC + 1)
    refusal = room.refusal()
    assert (refusal.code, refusal.limit, refusal.figure) == ("MAX_OPEN_ORDERS_TOTAL", "2", "3")


def test_no_more_orders_than_allowed_pass_in_any_second():
    room = Room(limits(max_orders_per_second=2))
    start_ns = room.now_ns
    room.place()
    room.now_ns += 600_000_000
    room.place()
    refusal = room.refusal()
    assert (refusal.code, refusal.limit, refusal.figure) == ("ORDER_RATE", "2", "3")
    assert "max_orders_per_second" in refusal.message
    room.now_ns = start_ns + SECOND_NS - 1
    assert room.code() == "ORDER_RATE"
    room.now_ns += 1
    room.place()
    assert room.code() == "ORDER_RATE"


def test_no_more_orders_than_allowed_pass_in_any_minute():
    room = Room(limits(max_orders_per_minute=3, max_data_age_ms=10**6))
    start_ns = room.now_ns
    for _ in range(3):
        room.place()
        room.now_ns += 2 * SECOND_NS
    refusal = room.refusal()
    assert refusal.code == "ORDER_RATE"
    assert "max_orders_per_minute" in refusal.message
    room.now_ns = start_ns + 60 * SECOND_NS
    room.place()
    assert room.code() == "ORDER_RATE"


def test_a_refused_order_does_not_consume_the_rate():
    room = Room(limits(max_orders_per_second=1))
    assert room.code(quantity=3) == "LOT_SIZE"
    assert room.code() == ""
    assert room.code() == "ORDER_RATE"


def test_a_rate_of_zero_lets_nothing_pass():
    assert Room(limits(max_orders_per_second=0)).code() == "ORDER_RATE"
    assert Room(limits(max_orders_per_minute=0)).code() == "ORDER_RATE"


def test_a_clock_that_steps_back_does_not_free_the_rate():
    room = Room(limits(max_orders_per_second=1))
    room.place()
    room.now_ns -= 100 * SECOND_NS
    assert room.code() == "ORDER_RATE"


def test_the_first_breach_decides_and_every_check_is_met_once():
    assert len(CHECKS) == len({explain for _, explain in CHECKS.values()})
    room = Room(RiskLimits(max_order_notional=0))
    assert room.code(quantity=3) == "LOT_SIZE"
    assert room.code() == "MAX_NOTIONAL"
