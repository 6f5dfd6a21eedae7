"""Users' rules: what each condition means to the unit, what shrinks, and what no rule can do."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from core.events import ReportType
from core.ids import client_order_id
from core.orders import ApprovedReplace, ApprovedSubmit, OrderType, Refusal, ReplaceIntent, Side
from risk.errors import LimitsError
from risk.gate import Gate
from risk.limits import RiskLimits, limits_version
from risk.rule_settings import Range, Rule, RuleSettings, RuleSource
from risk.rules import Pass, Reject, Shrink
from risk.rules.compiled import compiled
from risk.rules.figures import FIGURES, Look
from risk.rules.functions import UserRule
from tests.risk.control_room import PERP, ControlRoom
from tests.risk.room import BTC, SECOND_NS, WIDE, Room

DAY_NS = 86_400 * SECOND_NS
FRIDAY_NS = 1 * DAY_NS  # 2 January 1970


def rule(when: dict[str, Any], to: dict[str, Any] | None = None, name: str = "own", **more: Any) -> Rule:
    then = "reject" if to is None else "shrink"
    given = {"name": name, "when": when, "then": then} | more | ({} if to is None else {"to": to})
    return msgspec.convert(given, Rule)


def limits(*rules: Rule, base: RiskLimits = WIDE) -> RiskLimits:
    return msgspec.structs.replace(base, rules=RuleSettings(rule=rules))


def room(*rules: Rule) -> Room:
    return Room(limits(*rules))


def test_a_rule_refuses_by_its_own_code_with_limit_figure_and_message():
    there = room(rule({"notional": {"above": "9.5"}}, name="no-whales", message="ask the desk"))
    assert there.code(quantity=95) == ""
    refusal = there.refusal(quantity=100)
    assert (refusal.code, refusal.limit, refusal.figure) == ("RULE_NO_WHALES", "9.5", "10")
    assert refusal.message == "rule no-whales: ask the desk (notional is 10 USDT)"
    assert refusal.limits_version == there.gate.limits_version == limits_version(there.gate.limits)


def test_rules_are_part_of_the_version_of_the_limits_and_no_rules_are_not():
    one, other = limits(rule({}, {"notional": 5})), limits(rule({}, {"notional": "5.0"}))
    assert limits_version(one) == limits_version(other) != limits_version(WIDE)
    assert limits_version(limits()) == limits_version(WIDE)
    assert limits_version(limits(rule({}, {"notional": 6}))) != limits_version(one)


@pytest.mark.parametrize(
    ("condition", "inside", "outside"),
    [  # each by one unit
        ({"quantity": {"above": "0.01"}}, {"quantity": 105}, {"quantity": 100}),
        ({"quantity": {"at_least": "0.0101"}}, {"quantity": 105}, {"quantity": 100}),
        ({"quantity": {"below": "0.0105"}}, {"quantity": 100}, {"quantity": 105}),
        ({"quantity": {"at_most": "0.01049"}}, {"quantity": 100}, {"quantity": 105}),
        ({"quantity": {"at_least": "0.01", "below": "0.0105"}}, {"quantity": 100}, {"quantity": 105}),
        ({"notional": {"above": "9.999"}}, {"price": 1000_00}, {"price": 999_90}),
        ({"notional": {"above": "10"}}, {"price": 1000_10}, {"price": 1000_00}),
        ({"notional": {"at_least": "10.001"}}, {"price": 1000_10}, {"price": 1000_00}),
        ({"notional": {"below": "10.001"}}, {"price": 1000_00}, {"price": 1000_10}),
        ({"notional": {"at_most": "10"}}, {"price": 1000_00}, {"price": 1000_10}),
        ({"price_distance_bps": {"above": 9}}, {"price": 999_00}, {"price": 999_10}),
        ({"price_distance_bps": {"at_most": 9}}, {"price": 1000_90}, {"price": 1001_00}),
        ({"side": "sell"}, {"side": Side.SELL}, {"side": Side.BUY}),
        ({"type": "market"}, {"type": OrderType.MARKET}, {"type": OrderType.LIMIT}),
        ({"type": "limit"}, {"type": OrderType.LIMIT}, {"type": OrderType.MARKET}),
        ({"post_only": True}, {"post_only": True, "price": 999_00}, {"post_only": False}),
        ({"strategy": ["s", "t"]}, {"strategy_id": "t"}, {"strategy_id": "u"}),
        ({"strategy": "s", "side": "buy"}, {}, {"side": Side.SELL}),
    ],
)
def test_a_condition_on_the_order_holds_to_the_unit(condition, inside, outside):
    there = room(rule(condition))
    assert there.code(**inside) == "RULE_OWN"
    assert there.code(**outside) == ""


@pytest.mark.parametrize(
    ("condition", "concerned"),
    [
        ({"instrument": "BTCUSDT.BINANCE"}, True),
        ({"instrument": ["ETHUSDT.BINANCE"]}, False),
        ({"venue": "BINANCE"}, True),
        ({"venue": "KRAKEN"}, False),
        ({"asset_class": "perpetual"}, True),
        ({"asset_class": ["equity", "etf"]}, False),
        ({"base": ["BTC", "ETH"], "quote": "USDT"}, True),
        ({"quote": "EUR"}, False),
    ],
)
def test_a_condition_on_the_instrument_is_decided_once(condition, concerned):
    assert (room(rule(condition)).code() == "RULE_OWN") is concerned


def test_a_market_order_is_valued_at_the_worst_price_of_the_collar():
    there = room(rule({"notional": {"above": 10}, "type": "market"}))
    assert there.code(type=OrderType.MARKET, quantity=100) == "RULE_OWN"
    assert there.code(type=OrderType.MARKET, quantity=95) == ""


@pytest.mark.parametrize(("minute", "code"), [(1319, ""), (1320, "RULE_OWN"), (359, "RULE_OWN"), (360, "")])
def test_a_span_over_midnight_begins_with_its_first_minute_and_ends_before_its_last(minute, code):
    there = room(rule({"time": {"from": "22:00", "until": "06:00"}}))
    there.now_ns = minute * 60 * SECOND_NS
    there.quote(999_95, 1000_05)
    assert there.code() == code


def test_days_of_the_week_are_by_utc():
    there = room(rule({"weekday": ["fri", "sat"]}))
    for days, code in [(0, ""), (1, "RULE_OWN"), (2, "RULE_OWN"), (3, "")]:
        for ns in (0, DAY_NS - 1):
            there.now_ns = 7_000 * DAY_NS + days * DAY_NS + ns
            there.quote(999_95, 1000_05)
            assert there.code() == code, days


@pytest.mark.parametrize(("held", "code"), [(100, ""), (105, "RULE_OWN"), (-100, "")])
def test_the_position_counts_with_its_sign(held, code):
    there = Room()
    there.hold(held)
    there.gate.change(limits(rule({"position": {"above": "0.01"}})))
    assert there.code() == code


def test_the_worst_position_counts_everything_open_on_the_side_of_the_order():
    there = room(rule({"worst_position": {"above": "0.03"}}))
    there.place(quantity=200)
    assert there.code(quantity=100) == ""
    assert there.code(quantity=105) == "RULE_OWN"
    assert there.code(quantity=300, side=Side.SELL, price=1001_00) == ""


def test_open_orders_spread_and_age_of_data_count():
    there = room(rule({"open_orders": {"at_least": 1}}), rule({"open_orders_total": {"at_least": 2}}, name="all"))
    there.place()
    assert there.code() == "RULE_OWN"
    there.gate.change(limits(rule({"open_orders_total": {"at_least": 2}}, name="all")))
    there.place()
    assert there.code() == "RULE_ALL"
    there.gate.change(limits(rule({"spread_bps": {"above": 1}})))
    assert there.code() == ""
    there.quote(999_90, 1000_10)
    assert there.code() == "RULE_OWN"
    there.gate.change(limits(rule({"data_age_ms": {"above": 100}})))
    there.now_ns += 100_000_000
    assert there.code() == ""
    there.now_ns += 1
    assert there.code() == "RULE_OWN"


def controlled(*rules: Rule, **controls: Any) -> ControlRoom:
    there = ControlRoom(**controls)
    there.gate.change(msgspec.structs.replace(there.gate.limits, rules=RuleSettings(rule=rules)))
    return there


def test_what_the_strategy_traded_in_the_instrument_today_counts():
    there = controlled(rule({"orders_today": {"at_least": 2}}))
    assert isinstance(there.ask(), ApprovedSubmit)
    assert isinstance(there.ask(), ApprovedSubmit)
    refusal = there.ask()
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.figure) == ("RULE_OWN", "2")
    assert isinstance(there.ask(strategy_id="other"), ApprovedSubmit)
    there.wait(DAY_NS)
    assert isinstance(there.ask(), ApprovedSubmit)


def test_executions_and_turnover_of_today_count_to_the_unit():
    for condition in ({"fills_today": {"above": 1}}, {"turnover_today": {"above": 10}}):
        there = controlled(rule(condition))
        name = there.place()
        there.fill(name, 100)  # 10 USDT
        assert isinstance(there.ask(), ApprovedSubmit), condition
        there.fill(there.place(), 5)
        refusal = there.ask()
        assert isinstance(refusal, Refusal)
        assert refusal.figure == {"fills_today": "2", "turnover_today": "10.5"}[next(iter(condition))]


def test_leverage_is_what_is_held_and_open_over_the_equity():
    there = controlled(rule({"leverage": {"above": "0.01"}}), equity="1000")
    assert isinstance(there.ask(), ApprovedSubmit)  # 10 of 1000: not above 0.01
    assert isinstance(there.ask(quantity=10), ApprovedSubmit)
    refusal = there.ask(quantity=10)
    assert isinstance(refusal, Refusal)
    assert refusal.figure == "0.011"


def test_a_figure_that_is_not_known_refuses_an_order_that_meets_the_rest_and_no_other():
    there = controlled(rule({"leverage": {"above": 99}, "side": "buy"}), equity="0")
    refusal = there.ask()
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.message) == ("RULE_FAILED", "rule own could not be asked: leverage is not known now")
    assert isinstance(there.ask(side=Side.SELL), ApprovedSubmit)


@pytest.mark.parametrize(
    ("to", "quantity"),
    [
        ({"quantity": "0.005"}, 50),
        ({"quantity": "0.0054"}, 50),  # whole lots
        ({"notional": 5}, 50),
        ({"notional": "5.499"}, 50),
        ({"notional": "5.5"}, 55),
    ],
)
def test_an_order_is_shrunk_to_whole_lots_and_the_approval_says_by_which_rule(to, quantity):
    there = room(rule({}, to, name="small", message="thin market"))
    answer = there.ask()
    assert isinstance(answer, ApprovedSubmit)
    assert answer.intent.quantity == quantity
    text = there.instrument.quantity_text(quantity)
    assert answer.shrunk == f"rule small: thin market, shrinks 0.01 to {text} BTC"
    effects: list[Any] = []
    there.manager.submit(answer, there.now_ns, effects)
    assert [(each.quantity, each.reason) for each in effects] == [(quantity, answer.shrunk)]
    assert there.gate.rulebook.tallies["small"].shrunk == 1


def test_an_order_that_is_small_enough_passes_as_it_is():
    answer = room(rule({}, {"quantity": "0.01"})).ask()
    assert isinstance(answer, ApprovedSubmit)
    assert (answer.intent.quantity, answer.shrunk) == (100, "")


def test_what_is_left_below_the_minimum_is_refused_by_the_rule():
    there = room(rule({}, {"notional": "0.9"}))
    refusal = there.refusal()
    assert refusal.code == "RULE_OWN"
    assert "shrinks 0.01 to 0.0005 BTC, which is refused" in refusal.message
    assert refusal.intent.quantity == 100
    assert "leaves nothing of the order" in room(rule({}, {"quantity": "0.0004"})).refusal().message


def test_shares_of_the_position_and_of_the_book_shrink():
    there = Room()
    there.hold(300)
    there.gate.change(limits(rule({}, {"position_share": "0.5"})))
    answer = there.ask(quantity=200)
    assert isinstance(answer, ApprovedSubmit)
    assert answer.intent.quantity == 150
    there.gate.change(limits(rule({}, {"depth_share": "0.1"})))
    there.market.ask_quantity = 600
    answer = there.ask(quantity=200, price=1000_10)
    assert isinstance(answer, ApprovedSubmit)
    assert answer.intent.quantity == 60


def test_of_several_rules_the_strictest_decides_whatever_their_order():
    rules = [rule({}, {"quantity": "0.008"}, name="a"), rule({}, {"quantity": "0.005"}, name="b")]
    for order in (rules, rules[::-1]):
        answer = room(*order).ask()
        assert isinstance(answer, ApprovedSubmit)
        assert answer.intent.quantity == 50
        assert "rule b" in answer.shrunk
    no = rule({"quantity": {"above": "0.009"}}, name="no")
    assert room(*rules, no).code() == room(no, *rules).code() == "RULE_NO"


def test_what_only_closes_passes_rules_unless_they_say_otherwise():
    for closing in (False, True):
        there = Room()
        there.hold(100)
        there.gate.change(limits(rule({}, closing=closing)))
        assert (there.code(side=Side.SELL) == "RULE_OWN") is closing
        assert (there.code(side=Side.SELL, reduce_only=True) == "RULE_OWN") is closing
        assert there.code(side=Side.SELL, quantity=105) == "RULE_OWN"
        assert there.code(side=Side.BUY) == "RULE_OWN"


def test_what_only_closes_is_no_more_than_what_is_held_less_what_closes_it_already():
    there = Room()
    there.hold(100)
    there.place(side=Side.BUY, quantity=30)
    there.place(side=Side.SELL, price=1001_00, quantity=50)
    there.gate.change(limits(rule({})))
    assert there.code(side=Side.SELL, quantity=50) == ""
    assert there.code(side=Side.SELL, quantity=55) == "RULE_OWN"


def test_of_rules_that_leave_as_much_the_first_is_named():
    rules = [rule({}, {"quantity": "0.005"}, name=name) for name in ("a", "b")]
    for order in (rules, rules[::-1]):
        answer = room(*order).ask()
        assert isinstance(answer, ApprovedSubmit)
        assert answer.shrunk.startswith(f"rule {order[0].name}")


@pytest.mark.parametrize(
    ("first", "second", "quantity", "name"), [(50, 20, 20, "two"), (20, 50, 20, "one"), (50, 50, 50, "one")]
)
def test_of_functions_the_strictest_decides_and_of_equals_the_first(first, second, quantity, name):
    there = Room(WIDE)
    there.gate = Gate(WIDE)
    there.gate.rulebook._functions = tuple(
        UserRule(name, lambda *_, left=left: Shrink(left)) for name, left in (("one", first), ("two", second))
    )
    there.gate.rulebook.empty = False
    there.gate.define(BTC, there.instrument)
    answer = there.ask()
    assert isinstance(answer, ApprovedSubmit)
    assert (answer.intent.quantity, answer.shrunk.partition(",")[0]) == (quantity, f"rule {name}")


@pytest.mark.parametrize(("bid", "ask", "known"), [(1, 3, True), (0, 3, False), (1, 0, False), (0, 0, False)])
def test_distance_and_spread_are_known_of_a_market_with_two_sides(bid, ask, known):
    look = Look()
    look.bid, look.ask = bid, ask
    look.intent = msgspec.structs.replace(Room().ask().intent, price=2)
    for name, bps in (("price_distance_bps", 0), ("spread_bps", 10_000)):
        assert FIGURES[name].get(look) == (bps * 10**6 if known else None)


@pytest.mark.parametrize(("side", "valued_at", "left"), [(Side.BUY, 1000_00, 50), (Side.SELL, 0, None)])
def test_what_has_no_value_cannot_be_shrunk_to_one(side, valued_at, left):
    (made,) = compiled([rule({}, {"notional": 5})], Room().instrument)
    look = Look()
    look.valued_at = valued_at
    assert made._target(look) == left


def replaced(there: ControlRoom, **fields: Any) -> Any:
    intent = ReplaceIntent(client_order_id=client_order_id(1, there.orders), strategy_id="ema", **fields)
    return there.gate.check_replace(intent, there.markets[PERP], there.manager, True, there.now_ns)


def working(there: ControlRoom) -> None:
    assert isinstance(there.ask(), ApprovedSubmit)
    there.report(ReportType.ACCEPTED, client_order_id(1, there.orders), venue_order_id="v1")


def test_a_replacement_is_shrunk_and_says_so_or_refused_where_nothing_would_change():
    there = controlled()
    working(there)
    there.gate.change(limits(rule({}, {"quantity": "0.0150"}), base=there.gate.limits))
    answer = replaced(there, quantity=300)
    assert isinstance(answer, ApprovedReplace)
    assert (answer.quantity, answer.shrunk) == (150, "rule own, shrinks 0.03 to 0.015 BTC")
    there.gate.change(limits(rule({}, {"quantity": "0.01"}), base=there.gate.limits))
    refusal = replaced(there, quantity=300)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "RULE_OWN"
    assert isinstance(replaced(there, quantity=50), ApprovedReplace)  # takes off: no rule is asked


@pytest.mark.parametrize(("to", "passes"), [("0.004", False), ("0.0045", True)])
def test_a_replacement_is_not_shrunk_to_what_is_filled_already(to, passes):
    there = controlled()
    working(there)
    there.fill(client_order_id(1, there.orders), 40)
    there.gate.change(limits(rule({}, {"quantity": to}), base=there.gate.limits))
    answer = replaced(there, quantity=300)
    assert isinstance(answer, ApprovedReplace) is passes
    assert passes or answer.message.endswith("no such order can take the place of what was asked for, so it is refused")


FAULTS: list[tuple[object, str]] = [
    (None, "it answered NoneType, neither Pass nor Reject nor Shrink"),
    (True, "it answered bool"),
    (Shrink(105), "it answered a Shrink of 100 units to 105"),
    (Shrink(-1), "it answered a Shrink of 100 units to -1"),
    (Shrink(50.0), "whose quantity is not a whole number"),  # type: ignore[arg-type]
    (Shrink(True), "whose quantity is not a whole number"),
    (Reject("no such code"), "whose code is not of A-Z"),
    (Reject(7), "whose code is not of A-Z"),  # type: ignore[arg-type]
]


def asked(function: Any, **fields: Any) -> Any:
    there = Room()
    named = RuleSettings(sources=(RuleSource(use="my/rules.py:mine", sha256="of it", source=""),))
    there.gate = Gate(msgspec.structs.replace(WIDE, rules=named), (UserRule("mine", function),))
    there.gate.define(BTC, there.instrument)
    return there.ask(**fields)


@pytest.mark.parametrize(("answer", "why"), FAULTS)
def test_a_function_that_answers_nonsense_refuses(answer, why):
    refusal = asked(lambda *_: answer)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "RULE_FAILED"
    assert why in refusal.message


def test_a_function_that_raises_refuses_with_what_it_raised():
    def mine(order, market, book):
        raise SystemExit("no") if order.is_market else ZeroDivisionError("by zero")

    line = mine.__code__.co_firstlineno + 1
    for kind, said in ((OrderType.LIMIT, "ZeroDivisionError"), (OrderType.MARKET, "SystemExit")):
        refusal = asked(mine, type=kind)
        assert isinstance(refusal, Refusal)
        assert refusal.code == "RULE_FAILED"
        assert refusal.message == f"rule mine could not be asked: it raised {said} in test_rules.py:{line} mine"
    refusal = asked(lambda order: Pass())
    assert isinstance(refusal, Refusal)
    assert "TypeError: it does not take an order, a market and books" in refusal.message


def test_a_function_sees_the_order_the_market_and_the_books_and_answers():
    seen: list[Any] = []

    def mine(order, market, book):
        seen.extend((order, market, book))
        return Shrink(order.quantity_of("0.0053"), "half")

    answer = asked(mine)
    assert isinstance(answer, ApprovedSubmit)
    assert (answer.intent.quantity, answer.shrunk) == (50, "rule mine: half, shrinks 0.01 to 0.005 BTC")
    order, market, book = seen
    assert (order.instrument, order.side, order.notional_text, order.worth(200)) == (
        "BTCUSDT.BINANCE",
        1,
        "10",
        int(Decimal(20) * 10**18),
    )
    assert (market.bid, market.ask, market.last, market.spread, market.weekday) == (999_95, 1000_05, 1000_00, 10, 3)
    assert (book.position, book.worst_position, book.orders_today) == (0, 100, None)
    with pytest.raises(AttributeError):
        order.quantity = 1


def test_a_function_refuses_by_its_own_code_and_lets_pass():
    refusal = asked(lambda *_: Reject("NO_FRIDAYS", "1", "2", "not today"))
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.limit, refusal.figure, refusal.message) == (
        "RULE_NO_FRIDAYS",
        "1",
        "2",
        "rule mine: not today",
    )
    assert isinstance(asked(lambda *_: Pass()), ApprovedSubmit)
    assert isinstance(asked(lambda *_: Shrink(100)), ApprovedSubmit)
    assert "leaves nothing of the order" in asked(lambda *_: Shrink(0)).message


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"name": "failed"}, "another name"),
        ({"when": {"quantity": {}}}, "one of above, at_least, below, at_most"),
        ({"when": {"quantity": {"above": 1, "at_least": 2}}}, "either above or at_least"),
        ({"when": {"quantity": {"above": "1e400"}}}, "a number, of at most 30 digits"),
        ({"when": {"quantity": {"above": "-0" + "1" * 30 + "." + "1" * 30}}}, "a number, of at most 30 digits"),
        ({"when": {"quantity": {"above": "1" + "0" * 30}}}, "a number, of at most 30 digits"),
        ({"when": {"quantity": {"above": "0." + "0" * 30 + "1"}}}, "a number, of at most 30 digits"),
        ({"when": {"quantity": {"above": True}}}, "Expected"),
        ({"when": {"time": {"from": "10:00", "until": "10:00"}}}, "another time than from"),
        ({"when": {"strategy": []}}, "at least one"),
        ({"then": "shrink"}, "a table such as .*, found 'none'"),
        ({"to": {"quantity": 1}}, "nothing, or then = \"shrink\", found 'a target'"),
        ({"then": "shrink", "to": {}}, "one of quantity, notional"),
        ({"then": "shrink", "to": {"quantity": 1, "notional": 2}}, "one of quantity, notional"),
        ({"then": "shrink", "to": {"quantity": -1}}, "a number, 0 or more"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(given, expected):
    with pytest.raises(msgspec.ValidationError, match=expected):
        msgspec.convert({"name": "own", "when": {}, "then": "reject"} | given, Rule)


@pytest.mark.parametrize("number", ["-" + "1" * 30 + "." + "1" * 30, "1" * 30, "0." + "0" * 29 + "1"])
def test_a_number_may_have_thirty_digits_before_and_after_the_point(number):
    assert msgspec.convert({"above": number}, Range).above == number


def test_names_are_used_once_and_what_controls_count_needs_controls():
    with pytest.raises(LimitsError, match="each name once"):
        RuleSettings(rule=(rule({}), rule({"side": "buy"})))
    with pytest.raises(LimitsError, match="each name once"):
        RuleSettings(rule=(rule({}, name="no-fridays"),), functions=("my/rules.py:no_fridays",))
    with pytest.raises(LimitsError, match=r"\[risk.controls\], which counts leverage"):
        RiskLimits(rules=RuleSettings(rule=(rule({"leverage": {"above": 1}}),)))


def test_no_gate_leaves_a_function_out_that_the_settings_name():
    named = RuleSettings(sources=(RuleSource(use="my/rules.py:mine", sha256="of it", source=""),))
    with pytest.raises(LimitsError, match="these to be loaded: mine"):
        Gate(msgspec.structs.replace(WIDE, rules=named))
