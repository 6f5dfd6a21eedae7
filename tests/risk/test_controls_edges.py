"""What the parts of `risk.controls` say at their edges: just what is left, a window that ends, one side of a market."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from core.market import Market
from core.money import money
from core.orders import OrderIntent, OrderType, Side
from risk.control_settings import ScopeLimits
from risk.controls import scope as scopes
from risk.controls.headroom import LARGE, Headroom
from risk.controls.lists import Lists
from risk.controls.observed import Observed
from risk.controls.scope import NS_PER_MS, PPM, Scope
from risk.controls.sums import Sums
from risk.controls.window import Window
from risk.controls.worth import Worth, worth_of
from tests.risk.control_room import CROSS, MARKETS, PERP, SPOT, ControlRoom, limited
from tests.risk.room import INSTRUMENT, SECOND_NS

LEFT = ("gross", "buys", "sells", "value", "cash", "orders")
WINDOW_NS = 500 * NS_PER_MS
COIN = msgspec.structs.replace(
    MARKETS[PERP][0], symbol="ETHUSD_PERP", base="ETH", quote="USD", inverse=True, multiplier=100
)


def room_for(**left: int) -> Headroom:
    """Have as much left as there may be, but for what is named."""
    head = Headroom((), INSTRUMENT.id)
    for name in LEFT:
        setattr(head, name, left.get(name, LARGE))
    head.depth, head.is_open = left.get("depth", LARGE), True
    return head


def stays_within(head: Headroom, side: int = 1, **asked: int) -> bool:
    """Ask for an order of 5 units that adds 3 to everything, beside a book that shows 10."""
    intent = SimpleNamespace(type=OrderType.LIMIT, quantity=5)
    plain: dict[str, Any] = {"more_orders": 1, "more_gross": 3, "more_side": 3, "value": 3, "valued_at": 100}
    market = {"market": Market(0, INSTRUMENT), "touch": (100, 10, 100, 10, 0)}
    order: Any = SimpleNamespace(intent=intent, side=side, now_ns=0, **market, **(plain | asked))
    sums: Any = SimpleNamespace(cash_for=lambda _asked: 3)
    return head.holds(order, sums)


@pytest.mark.parametrize(
    ("name", "side", "just"),
    [
        ("orders", 1, 1),
        ("gross", 1, 3),
        ("buys", 1, 3),
        ("sells", -1, 3),
        ("value", 1, 3),
        ("cash", 1, 3),
        ("depth", 1, PPM // 2),
    ],
)
def test_an_order_that_takes_just_what_is_left_stays_within_it(name, side, just):
    assert stays_within(room_for(**{name: just}), side)
    assert not stays_within(room_for(**{name: just - 1}), side)


@pytest.mark.parametrize(("name", "side"), [("gross", 1), ("buys", 1), ("sells", -1)])
def test_an_order_that_adds_nothing_stays_within_what_is_overdrawn(name, side):
    assert stays_within(room_for(**{name: -1}), side, more_gross=0, more_side=0)


def test_what_a_side_has_left_says_nothing_of_the_other():
    assert stays_within(room_for(sells=0), 1)
    assert stays_within(room_for(buys=0), -1)


@pytest.mark.parametrize(("age_ns", "is_within"), [(-1, True), (0, False), (1, False)])
def test_the_same_order_of_the_same_instant_is_not_within_what_is_left(age_ns, is_within):
    head, twins = room_for(), SimpleNamespace(age_of_twin=lambda _intent, _now_ns: age_ns)
    head.twins = (twins,)  # type: ignore[assignment]
    assert stays_within(head) is is_within


@pytest.mark.parametrize(("orders", "sent", "passing"), [(1, 1, True), (0, 1, False), (LARGE, 2, False)])
def test_with_one_order_left_it_may_pass_without_being_weighed(orders, sent, passing):
    head, window = room_for(orders=orders), Window("max_orders_per_second", "orders", SECOND_NS, orders_only=True)
    window.limit, head.windows = 2, (window,)
    window.times.extend(range(sent))
    assert head.lets_any_pass is passing


# -- what was sent lately ----------------------------------------------------------------------------------------------


def test_a_window_has_left_behind_what_is_just_as_old_as_it_is_long():
    window = Window("max_orders_per_second", "orders", 10, orders_only=True)
    window.limit = 2
    window.note(0)
    window.note(1)
    assert (window.count(9), window.count(10), window.count(11)) == (2, 1, 0)
    assert [window.is_full(now_ns) for now_ns in (1, 9, 10)] == [True, True, False]
    assert list(window.times) == [1]


def sent(quantity: int) -> OrderIntent:
    return OrderIntent(
        client_order_id="o",
        strategy_id="s",
        instrument=0,
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=quantity,
        price=100,
    )


def watchful() -> Scope:
    return Scope("all", ScopeLimits(duplicate_window_ms=500))


def test_nothing_was_sent_lately_once_the_window_of_twins_is_over():
    scope = watchful()
    scope.note_order(sent(1), 0)
    assert [scope.is_lately(now_ns) for now_ns in (-1, 0, WINDOW_NS - 1, WINDOW_NS)] == [True, True, True, False]
    assert [scope.age_of_twin(sent(1), now_ns) for now_ns in (0, WINDOW_NS - 1, WINDOW_NS)] == [0, WINDOW_NS - 1, -1]


def test_orders_that_can_have_no_twin_any_more_are_forgotten_once_many_are_remembered(monkeypatch):
    monkeypatch.setattr(scopes, "RECENT_MAX", 3)
    scope = watchful()
    for now_ns in (0, 1, WINDOW_NS):
        scope.note_order(sent(now_ns), now_ns)
    assert sorted(scope.recent.values()) == [0, 1, WINDOW_NS], "there is room for three, whatever their age"
    scope.note_order(sent(7), WINDOW_NS)
    assert sorted(scope.recent.values()) == [1, WINDOW_NS, WINDOW_NS], "the first has just come of age"


@pytest.mark.parametrize(
    ("limits", "turnover", "fees", "is_missing"),
    [
        ({"max_turnover_per_day": 1}, None, 0, True),
        ({"max_turnover_per_day": 1}, 0, None, False),
        ({"max_fees_per_day": 1}, 0, None, True),
        ({"max_fees_per_day": 1}, None, 0, False),
        ({"max_turnover_per_day": 1, "max_fees_per_day": 1}, 0, 0, False),
    ],
)
def test_a_day_without_a_value_is_told_where_a_limit_needs_that_value(limits, turnover, fees, is_missing):
    scope = Scope("all", ScopeLimits(**limits))
    scope.count_day(1, 1, turnover, fees)
    assert scope.unvalued_day is is_missing


# -- what is worth what ------------------------------------------------------------------------------------------------


def test_a_value_is_rounded_up_and_divided_only_where_there_is_something_to_divide_by():
    assert [Worth(2, 3).of(quantity) for quantity in (2, -2, 3, 0)] == [2, -1, 2, 0]
    assert Worth(2, 1).of(-3) == -6


def worth(index: int, base: str, quantity: int, price: int = 0) -> int | None:
    """Return what a quantity is worth, where an inverse contract of 100 dollars stands in place of the cross."""
    room = ControlRoom(markets=dict(MARKETS) | {CROSS: (COIN, 99_95, 100_05)})
    found = worth_of(index, room.manager, base, price)
    return None if found is None else found.of(quantity)


def test_a_contract_is_worth_its_price_and_in_another_currency_what_a_market_makes_of_it():
    assert worth(PERP, "USDT", 10_000) == money("1000")
    assert worth(PERP, "USDT", 10_000, 900_00) == money("900")
    assert worth(PERP, "ETH", 10_000) == money("5")
    assert worth(PERP, "EUR", 10_000) is None


def test_an_inverse_contract_is_worth_its_face_and_where_that_has_no_rate_its_coins():
    assert worth(CROSS, "USD", 10_000) == money("100")
    assert worth(CROSS, "USDT", 10_000) == money("200"), "a coin for 100 dollars, and 200 USDT for a coin"
    assert worth(CROSS, "EUR", 10_000) is None


def test_what_has_no_price_has_no_value():
    room = ControlRoom()
    market = room.markets[PERP]
    market.quote_ns = market.bid_price = market.ask_price = market.last_price = 0
    assert worth_of(PERP, room.manager, "USDT") is None


@pytest.mark.parametrize(("side", "need"), [(1, 7), (-1, 0)])
def test_what_is_bought_of_a_balance_binds_cash_and_what_is_sold_none(side, need):
    nothing: Any = None
    asked: Any = SimpleNamespace(instrument=MARKETS[SPOT][0], side=side, more_side=7, more_gross=9)
    assert Sums("USDT", nothing, nothing, nothing).cash_for(asked) == need


# -- beside the market -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bid", "ask", "samples"), [(0, 100, 0), (99, 100, 1), (100, 100, 1), (101, 100, 0)])
def test_a_market_is_sampled_where_it_has_two_sides_that_do_not_cross(bid, ask, samples):
    market: Any = SimpleNamespace(touch=lambda: (bid, ask, 0), volume=5)
    observed = Observed()
    observed.sample(1, market)
    assert observed.state() == [0, *[(1, 5, bid + ask)] * samples]


def lists(room: ControlRoom) -> Lists:
    assert room.gate.controls is not None
    return room.gate.controls.lists


@pytest.mark.parametrize(("side", "own"), [(Side.BUY, (LARGE, 0)), (Side.SELL, (0, 1))])
def test_an_open_market_order_of_ours_is_met_at_any_price(side, own):
    room = ControlRoom()
    room.place(side=side, type=OrderType.MARKET)
    assert lists(room).own_touch(PERP, room.manager) == own


def test_our_own_best_prices_are_the_highest_bid_and_the_lowest_ask():
    room = ControlRoom()
    for side, price in ((Side.BUY, 998_00), (Side.BUY, 999_00), (Side.SELL, 1001_00), (Side.SELL, 1002_00)):
        room.place(side=side, price=price)
    assert lists(room).own_touch(PERP, room.manager) == (999_00, 1001_00)


@pytest.mark.parametrize(("quantity", "code"), [(100, ""), (105, "LOCATE")])
def test_with_nothing_located_all_that_is_held_may_be_sold_and_no_more(quantity, code):
    room = ControlRoom(self_trade=True, locates={INSTRUMENT.id: 0})
    room.hold(100)
    assert room.code(side=Side.SELL, quantity=quantity) == code


# -- as time goes by ---------------------------------------------------------------------------------------------------


def test_a_day_ends_at_midnight_and_not_a_nanosecond_before():
    room = ControlRoom(**limited(max_orders_per_day=1))
    room.place()
    room.wait(86_400 * SECOND_NS - room.now_ns % (86_400 * SECOND_NS) - 1)
    assert room.code() == "DAY_ORDERS"
    room.wait(1)
    assert room.code() == ""


def leverage_ppm(room: ControlRoom, later_ns: int = 0) -> int | None:
    assert room.gate.controls is not None
    return room.gate.controls.leverage_ppm(room.now_ns + later_ns)


def test_values_are_two_seconds_old_at_most():
    room = ControlRoom(**limited(max_leverage=100))
    room.hold(100)
    room.end_event()
    assert room.gate.controls is not None
    room.gate.controls.look(room.now_ns)
    room.quote(PERP, 1999_95, 2000_05)
    assert leverage_ppm(room, 2 * SECOND_NS) == 10_000
    assert leverage_ppm(room, 2 * SECOND_NS + 1) == 19_802, "20 USDT of 1010"


@pytest.mark.parametrize(("equity", "leverage"), [("0", None), ("0.000000000000000001", 0), ("1000", 0)])
def test_without_equity_there_is_no_leverage(equity, leverage):
    assert leverage_ppm(ControlRoom(equity=equity)) == leverage


def test_a_limit_that_is_set_meets_the_next_order_in_the_only_market_there_is():
    room = ControlRoom(markets={PERP: MARKETS[PERP]}, **limited("strategy:other", max_order_value=1))
    assert room.code() == ""
    controls = room.gate.limits.controls
    assert controls is not None
    changed = msgspec.structs.replace(controls, limits={"all": ScopeLimits(max_order_value=1)})
    room.gate.change(msgspec.structs.replace(room.gate.limits, controls=changed))
    assert room.code(quantity=105) == "ORDER_VALUE"
