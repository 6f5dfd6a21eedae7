"""Over all rules and orders: what is compiled says what is written, and nothing becomes looser by a rule."""

from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from core.orders import ApprovedSubmit, OrderType, Refusal, Side
from risk.gate import Gate
from risk.limits import RiskLimits
from risk.rule_settings import Range, Rule, RuleSettings, When
from risk.rule_words import is_stricter_in
from risk.rules import Pass, Reject, Shrink
from risk.rules.functions import UserRule
from tests.risk.room import BTC, WIDE, Room

SCALES = {  # from where to where, in units; bounds are tenths of a unit, to try the rounding
    "quantity": (0, 500),
    "notional": (0, 600),
    "price_distance_bps": (0, 200),
    "position": (-500, 500),
    "worst_position": (-500, 1_000),
    "open_orders": (0, 3),
    "spread_bps": (0, 3),
    "data_age_ms": (0, 5_000),
}
UNITS = {"quantity": 10_000, "position": 10_000, "worst_position": 10_000, "notional": 10}
ORDERS = st.fixed_dictionaries(
    {
        "quantity": st.integers(2, 80).map(lambda lots: lots * 5),
        "price": st.integers(-90, 90).map(lambda ticks: 1000_00 + ticks * 10),
        "side": st.sampled_from(Side),
        "strategy_id": st.sampled_from(("s", "t")),
        "type": st.sampled_from((OrderType.LIMIT, OrderType.LIMIT, OrderType.MARKET)),
    }
)


@st.composite
def ranges(draw: Any, name: str) -> dict[str, str]:
    low, high = SCALES[name]
    units = UNITS.get(name, 1)
    numbers = st.integers(low * 10, high * 10).map(lambda n: str(Decimal(n) / (10 * units)))
    bounds: dict[str, str] = {}
    for names in (("above", "at_least"), ("below", "at_most")):
        if draw(st.booleans()):
            bounds[draw(st.sampled_from(names))] = draw(numbers)
    return bounds or {"above": draw(numbers)}


@st.composite
def rules(draw: Any, name: str = "own") -> Rule:
    when: dict[str, Any] = {}
    for field in draw(st.lists(st.sampled_from(sorted(SCALES)), max_size=3, unique=True)):
        when[field] = draw(ranges(field))
    if draw(st.booleans()):
        when["strategy"] = draw(st.sampled_from(["s", ["s", "t"], ["t"]]))
    if draw(st.booleans()):
        when["side"] = draw(st.sampled_from(["buy", "sell"]))
    if draw(st.booleans()):
        when["type"] = draw(st.sampled_from(["limit", "market"]))
    to = draw(
        st.none()
        | st.integers(0, 500).map(lambda n: {"quantity": str(Decimal(n) / 10_000)})
        | st.integers(0, 500).map(lambda n: {"notional": str(Decimal(n) / 10)})
        | st.integers(0, 20).map(lambda n: {"position_share": str(Decimal(n) / 10)})
    )
    then = "reject" if to is None else "shrink"
    given = {"name": name, "when": when, "then": then, "closing": draw(st.booleans())}
    return msgspec.convert(given | ({} if to is None else {"to": to}), Rule)


def asked(rules: tuple[Rule, ...], order: dict[str, Any], held: int, base: RiskLimits = WIDE, age: int = 0) -> Any:
    room = Room(base)
    if held:
        room.hold(held)
    room.now_ns += age
    room.gate.change(msgspec.structs.replace(base, rules=RuleSettings(rule=rules) if rules else None))
    return room.ask(**order | ({"price": 0} if order["type"] is OrderType.MARKET else {}))


def passed(answer: Any) -> int:
    """What may go out of an order, 0 where nothing may."""
    return int(answer.intent.quantity) if isinstance(answer, ApprovedSubmit) else 0


HELD = st.sampled_from([0, 100, -100, 35, -15])
AGES = st.sampled_from([0, 1, 999_999, 2_500_000_000])


def naive(rule: Rule, order: dict[str, Any], held: int, age: int) -> Decimal | None:
    """What the rule leaves of an order, straight from its words in decimals; None where it does not speak."""
    side, quantity = int(order["side"]), Decimal(order["quantity"]) / 10_000
    position, bid, ask = Decimal(held) / 10_000, Decimal("999.95"), Decimal("1000.05")
    is_market = order["type"] is OrderType.MARKET
    price = (ask if side > 0 else bid) if is_market else Decimal(order["price"]) / 100
    valued = Decimal(1050) if is_market else (max(price, bid) if side < 0 else price)
    if side * position + quantity <= 0 and not rule.closing:
        return None
    figures = {
        "quantity": quantity,
        "notional": quantity * valued,
        "price_distance_bps": abs(price - 1000) * 10,
        "position": position,
        "worst_position": side * position + quantity,
        "open_orders": Decimal(0),
        "spread_bps": Decimal(1),
        "data_age_ms": Decimal(age) / 1_000_000,
    }
    when = rule.when
    names = (when.strategy,) if isinstance(when.strategy, str) else when.strategy
    if names is not None and order["strategy_id"] not in names:
        return None
    if when.side is not None and (when.side == "buy") != (side > 0):
        return None
    if when.type is not None and (when.type == "market") != is_market:
        return None
    for name, figure in figures.items():
        given = getattr(when, name)
        if given is None:
            continue
        if given.above is not None and not figure > Decimal(str(given.above)):
            return None
        if given.at_least is not None and not figure >= Decimal(str(given.at_least)):
            return None
        if given.below is not None and not figure < Decimal(str(given.below)):
            return None
        if given.at_most is not None and not figure <= Decimal(str(given.at_most)):
            return None
    if rule.to is None:
        return Decimal(0)
    amount = Decimal(str(getattr(rule.to, rule.to.kind)))
    target = {"quantity": amount, "notional": amount / valued, "position_share": abs(position) * amount}[rule.to.kind]
    return None if target >= quantity else target


@given(rules(), ORDERS, HELD, AGES)
def test_a_compiled_rule_says_what_its_words_say(rule, order, held, age):
    answer, left = asked((rule,), order, held, age=age), naive(rule, order, held, age)
    plain = asked((), order, held, age=age)
    if left is None:
        assert answer == msgspec.structs.replace(plain, limits_version=answer.limits_version)
    else:
        lots = int(left * 10_000) // 5 * 5
        small = asked((), order | {"quantity": lots}, held, age=age) if lots else None
        assert passed(answer) == (lots if isinstance(small, ApprovedSubmit) and passed(plain) else 0)


TIGHT = msgspec.structs.replace(WIDE, max_order_notional=20, max_position_notional=25)


@given(st.lists(rules(), max_size=4), ORDERS, HELD)
def test_no_rules_enlarge_an_order_turn_it_or_let_pass_what_the_gate_refuses(several, order, held):
    named = tuple(msgspec.structs.replace(each, name=f"r{place}") for place, each in enumerate(several))
    answer, plain = asked(named, order, held, TIGHT), asked((), order, held, TIGHT)
    assert passed(answer) <= passed(plain)
    assert passed(answer) == passed(asked(named[::-1], order, held, TIGHT))
    assert all(passed(answer) <= passed(asked((each,), order, held, TIGHT)) for each in named)
    if isinstance(plain, Refusal):
        assert answer.code == plain.code
    if isinstance(answer, ApprovedSubmit):
        quantity = answer.intent.quantity
        assert msgspec.structs.replace(answer.intent, quantity=order["quantity"]) == plain.intent
        assert (quantity < order["quantity"]) == bool(answer.shrunk)
        assert quantity % 5 == 0


ANSWERS = (
    st.just(Pass())
    | st.integers(-100, 1_000).map(Shrink)
    | st.text(max_size=5).map(Reject)
    | st.sampled_from([None, 0, "pass", Pass, ValueError("no"), SystemExit(3), Shrink(1.5)])  # type: ignore[arg-type]
)


@given(st.lists(ANSWERS, max_size=3), ORDERS)
def test_no_functions_enlarge_an_order_or_let_pass_what_the_gate_refuses(answers, order):
    def says(answer: object) -> UserRule:
        def function(*_: object) -> object:
            if isinstance(answer, BaseException):
                raise answer
            return answer

        return UserRule("mine", function)

    room = Room(TIGHT)
    room.gate = Gate(TIGHT)
    room.gate.rulebook._functions = tuple(map(says, answers))
    room.gate.rulebook.empty = not answers
    room.gate.define(BTC, room.instrument)
    given = order | ({"price": 0} if order["type"] is OrderType.MARKET else {})
    assert passed(room.ask(**given)) <= passed(asked((), order, 0, TIGHT))


@given(rules(), rules(), st.data(), ORDERS, HELD, AGES)
def test_a_rule_that_counts_as_stricter_leaves_no_more_of_any_order(before, other, data, order, held, age):
    fields = [name for name in before.when.__struct_fields__ if getattr(before.when, name) is not None]
    kept = {name: getattr(before.when, name) for name in fields if data.draw(st.booleans())}
    moved = {name: msgspec.convert(data.draw(ranges(name)), Range) for name in kept if name in SCALES}
    after = msgspec.structs.replace(other, when=When(**(kept | (moved if data.draw(st.booleans()) else {}))))
    if is_stricter_in(WIDE, "own", after, before):
        assert passed(asked((after,), order, held, age=age)) <= passed(asked((before,), order, held, age=age))


@given(rules(), st.data())
def test_a_rule_with_one_condition_less_is_stricter_and_with_one_more_is_not(rule, data):
    fields = [name for name in rule.when.__struct_fields__ if getattr(rule.when, name) is not None]
    assert is_stricter_in(WIDE, "own", rule, rule)
    if fields and rule.to is None:
        fewer = msgspec.structs.replace(rule.when, **{data.draw(st.sampled_from(fields)): None})
        wider = msgspec.structs.replace(rule, when=fewer)
        assert is_stricter_in(WIDE, "own", wider, rule)
        assert not is_stricter_in(WIDE, "own", rule, wider)
