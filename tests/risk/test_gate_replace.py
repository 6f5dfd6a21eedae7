"""Replacements at the gate: the order as it shall be meets every check, and only what it adds counts."""

import pytest

from core.events import ReportType
from core.ids import client_order_id, revision_id
from core.orders import ApprovedReplace, ApprovedSubmit, OrderType, Refusal, ReplaceIntent, Side, TimeInForce
from oms.chain import Chain, Pending
from risk.gate import Gate
from risk.limits import RiskLimits
from risk.revisions import REVISIONS_MAX
from tests.risk.room import BTC, SECOND_NS, Room

NAME = client_order_id(1, 1)


def limits(**changed: object) -> RiskLimits:
    wide: dict[str, object] = {"max_order_notional": 10**9, "max_position_notional": 10**9}
    return RiskLimits(**(wide | changed))  # type: ignore[arg-type]


def room(quantity: int = 100, settings: RiskLimits | None = None, **fields: object) -> Room:
    """A room with one order of 0.01 BTC that the venue has acknowledged."""
    made = Room(settings or limits())
    made.place(client_order_id=NAME, quantity=quantity, **fields)
    made.report(ReportType.ACCEPTED, NAME)
    return made


def ask(made: Room, price: int = 0, quantity: int = 0, strategy_id: str = "s") -> ApprovedReplace | Refusal | str:
    intent = ReplaceIntent(client_order_id=NAME, strategy_id=strategy_id, price=price, quantity=quantity)
    return made.gate.check_replace(intent, made.market, made.manager, made.ready, made.now_ns)


def code(made: Room, price: int = 0, quantity: int = 0) -> str:
    answer = ask(made, price, quantity)
    assert not isinstance(answer, str), answer
    return answer.code if isinstance(answer, Refusal) else ""


@pytest.mark.parametrize("side", Side)
def test_only_what_is_added_counts_against_the_position(side):
    made = room(settings=limits(max_position="0.02"), side=side)
    assert code(made, quantity=200) == ""
    assert code(made, quantity=205) == "MAX_POSITION"
    made.fill(NAME, 40)
    assert code(made, quantity=200) == "", "what is filled is in the position, and counts once"
    assert code(made, quantity=205) == "MAX_POSITION"


def test_other_orders_count_beside_it():
    made = room(settings=limits(max_position="0.02", max_open_orders=2))
    made.place(quantity=50)
    assert code(made, quantity=150) == ""
    assert code(made, quantity=155) == "MAX_POSITION"


def test_a_replacement_is_no_order_more():
    made = room(settings=limits(max_open_orders=1, max_open_orders_total=1))
    assert code(made, price=999_00) == ""


@pytest.mark.parametrize(
    ("price", "quantity", "wanted"),
    [
        (900_00, 0, "PRICE_COLLAR"),
        (999_05, 0, "TICK_SIZE"),
        (0, 101, "LOT_SIZE"),
        (0, 100_005, "MAX_VENUE_QUANTITY"),
    ],
)
def test_the_order_as_it_shall_be_meets_the_checks(price, quantity, wanted):
    assert code(room(), price, quantity) == wanted


def test_a_refusal_names_the_revision():
    answer = ask(room(), price=900_00)
    assert isinstance(answer, Refusal)
    assert answer.intent.client_order_id == revision_id(NAME, 1)


def test_what_only_takes_off_passes_whatever_holds_others_back():
    made = room(settings=limits(max_orders_per_second=1))
    made.ready, made.market.connected = False, False
    assert code(made, quantity=50) == ""
    assert code(made, quantity=105) == "NOT_READY"


def test_a_replacement_consumes_the_order_rate():
    made = room(settings=limits(max_orders_per_second=3))
    assert [code(made, price=999_00), code(made, price=998_00)] == ["", ""]
    assert code(made, price=997_00) == "ORDER_RATE"
    assert made.code() == "ORDER_RATE"


def test_a_reduce_only_order_grows_no_further_than_the_position():
    made = Room(limits())
    made.hold(100)
    made.place(client_order_id=NAME, quantity=50, side=Side.SELL, reduce_only=True)
    made.report(ReportType.ACCEPTED, NAME)
    assert code(made, quantity=100) == ""
    assert code(made, quantity=105) == "REDUCE_ONLY"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"strategy_id": "t"}, "belongs to"),
        ({"type": OrderType.MARKET, "price": 0}, "never rests"),
        ({"time_in_force": TimeInForce.IOC}, "never rests"),
    ],
)
def test_what_cannot_be_replaced_is_told_in_words(fields, why):
    answer = ask(room(**fields), price=999_00)
    assert isinstance(answer, str)
    assert why in answer


def test_an_order_that_is_not_there_or_not_open_is_told_in_words():
    made = Room(limits())
    assert "not known" in str(ask(made, price=999_00))
    made.place(client_order_id=NAME)
    assert "it is submitted" in str(ask(made, price=999_00))
    made.fill(NAME, 60)
    assert "cancel what is left" in str(ask(made, quantity=60))
    assert "as it shall be" in str(ask(made, quantity=100))
    made.fill(NAME, 40)
    assert "it is filled" in str(ask(made, price=999_00))


def test_a_replacement_may_be_the_first_that_a_gate_is_asked_about():
    made = room()
    made.gate = Gate(limits())
    made.gate.define(BTC, made.instrument)
    assert code(made, price=999_00) == ""


def test_the_rest_of_an_order_of_the_session_before_is_asked_about_by_a_gate_that_never_saw_it():
    made = room()
    order = made.manager.order(NAME)
    assert order is not None
    order.chain = Chain(100, 100, newest=1, pending=Pending(1, 999_00, 100, 0, sent=False))
    made.gate = Gate(limits())
    made.gate.define(BTC, made.instrument)
    answer = made.gate.check_rest(order, made.market, made.manager, True, made.now_ns)
    assert isinstance(answer, ApprovedSubmit)
    assert (answer.intent.client_order_id, answer.intent.price) == (revision_id(NAME, 1), 999_00)


def test_what_takes_off_passes_at_the_rate_and_is_not_counted():
    made = room(settings=limits(max_orders_per_minute=1, max_orders_per_second=9))
    made.now_ns += 30 * SECOND_NS
    assert code(made, quantity=50) == ""
    made.now_ns += 30 * SECOND_NS
    made.quote(999_95, 1000_05)
    assert code(made, price=999_00) == ""
    assert code(made, price=998_00) == "ORDER_RATE"


@pytest.mark.parametrize("native", [(), ("replace",)])
def test_a_command_says_whether_the_venue_has_one_for_it(native):
    made = Room(limits(), native=native)
    made.place(client_order_id=NAME)
    made.report(ReportType.ACCEPTED, NAME)
    answer = ask(made, price=999_00)
    assert isinstance(answer, ApprovedReplace)
    assert answer.native is bool(native)


def test_an_order_that_must_not_take_stays_one_that_rests():
    made = room(post_only=True, price=999_00)
    assert code(made, price=998_00) == ""


@pytest.mark.parametrize(("newest", "why"), [(REVISIONS_MAX - 1, ""), (REVISIONS_MAX, "was replaced 1295 times")])
def test_an_order_is_replaced_as_often_as_there_are_names(newest, why):
    made = room()
    order = made.manager.order(NAME)
    assert order is not None
    order.chain = Chain(100, 100, newest=newest)
    answer = ask(made, price=999_00)
    assert why in answer if isinstance(answer, str) else not why
