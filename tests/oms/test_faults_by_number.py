"""The faults of an order's life, by their number in the catalogue, as the order manager answers them.

F01, F10 to F12, F17, F19, F20, F22 and F23 are answered elsewhere: by reconciliation, the links and the gate.
"""

import msgspec
import pytest

from core.effects import BalanceChanged, OrderBusted, OrderFilled
from core.events import OrderReport, ReportType
from core.ids import client_order_id, revision_id
from core.money import money
from core.orders import ApprovedReplace, OrderState, OrderType, Side
from oms.manager import OrderManager
from oms.state import durable_state, restore_state
from tests.oms.making import BTC, ETH, PERPETUAL, SPOT, Desk

NAME = client_order_id(1, 1)
NEXT_NAME = client_order_id(1, 2)
PRICE = 60_000_00


def working(quantity: int = 100, name: str = NAME, **fields: object) -> Desk:
    """A desk with one acknowledged order."""
    desk = Desk()
    desk.submit(name, quantity=quantity, **fields)
    desk.report(ReportType.ACCEPTED, name, venue_order_id="v0")
    return desk


def replace(desk: Desk, quantity: int = 0, price: int = 0, name: str = NAME) -> str:
    """Let a replacement leave, and return its name."""
    order = desk.order(name)
    revision = 1 if order.chain is None else order.chain.newest + 1
    command = ApprovedReplace(
        client_order_id=name,
        strategy_id="s",
        instrument=order.instrument,
        venue_order_id=order.venue_order_id,
        revision=revision,
        side=order.intent.side,
        type=OrderType.LIMIT,
        price=price or order.price,
        quantity=quantity or order.quantity,
        filled=order.filled,
        reference_price=PRICE,
        limits_version=1,
    )
    desk.manager.replacements.sent(command, desk.now_ns, desk.effects)
    return revision_id(name, revision)


def reserved(desk: Desk, instrument: int = BTC) -> int:
    return desk.manager.exposure(instrument).open_buy_quantity


def restarted(desk: Desk) -> Desk:
    """The desk of the next session, which took over what this one left."""
    again = Desk("0")
    again.manager = OrderManager({}, 100, 100)
    again.manager.define(BTC, SPOT)
    again.manager.define(ETH, PERPETUAL)
    restore_state(durable_state(desk.manager), again.manager)
    again.now_ns = desk.now_ns
    return again


@pytest.mark.parametrize("word", [ReportType.ACCEPTED, ReportType.FILLED, ReportType.CANCELLED])
def test_f02_any_word_of_the_venue_ends_the_doubt_about_a_submit(word):
    desk = Desk()
    desk.submit(NAME)
    desk.report(ReportType.OUTCOME_UNKNOWN, NAME)
    assert desk.order(NAME).state is OrderState.UNKNOWN
    if word is ReportType.FILLED:
        desk.fill("e1", 40, PRICE, NAME)
    else:
        desk.report(word, NAME)
    state = desk.order(NAME).state
    assert state not in {OrderState.UNKNOWN, OrderState.SUBMITTED}
    desk.report(ReportType.OUTCOME_UNKNOWN, NAME)
    assert desk.order(NAME).state is state, "a timeout that comes late is old news"


def test_f03_that_a_cancel_finds_no_order_ends_nothing():
    desk = Desk()
    desk.submit(NAME)
    desk.report(ReportType.OUTCOME_UNKNOWN, NAME)
    desk.cancel(NAME)
    desk.report(ReportType.CANCEL_REJECTED, NAME, reason="-2011 Unknown order sent.")
    assert desk.order(NAME).state is OrderState.UNKNOWN
    assert reserved(desk) == 100


def test_f04_a_fill_before_its_acknowledgement_is_booked():
    desk = Desk()
    desk.submit(NAME)
    desk.fill("e1", 40, PRICE, NAME)
    assert desk.order(NAME).state is OrderState.PARTIALLY_FILLED
    desk.report(ReportType.ACCEPTED, NAME, venue_order_id="v0")
    assert (desk.order(NAME).state, desk.alerts()) == (OrderState.PARTIALLY_FILLED, [])


def test_f04_a_fill_under_an_id_not_known_yet_waits_for_the_acknowledgement():
    desk = Desk()
    desk.submit(NAME)
    desk.report(ReportType.FILLED, "", BTC, venue_order_id="v0", exec_id="e1", quantity=40, price=PRICE)
    desk.report(ReportType.FILLED, "", BTC, venue_order_id="v9", exec_id="e1", quantity=40, price=PRICE)
    assert desk.kinds() == []
    assert desk.order(NAME).filled == 0
    desk.report(ReportType.ACCEPTED, NAME, venue_order_id="v0")
    assert desk.order(NAME).filled == 40
    desk.report(ReportType.FILLED, "", BTC, venue_order_id="v0", exec_id="e2", quantity=60, price=PRICE)
    assert desk.order(NAME).state is OrderState.FILLED


def test_f04_what_waits_for_a_name_is_bounded_and_what_is_let_go_is_told():
    desk = Desk()
    told = []
    for number in range(300):
        desk.report(ReportType.FILLED, "", BTC, venue_order_id=f"v{number}", exec_id="e", quantity=1, price=PRICE)
        told += desk.alerts()
    assert told == ["STRAY_REPORT"] * 44


def test_f05_a_fill_repeated_over_a_restart_is_booked_once():
    desk = working()
    desk.fill("e1", 40, PRICE, NAME, fee=str(money("0.5")), fee_currency="USDT")
    again = restarted(desk)
    before = again.manager.state()
    again.fill("e1", 40, PRICE, NAME, fee=str(money("0.5")), fee_currency="USDT")
    assert (again.kinds(), again.manager.state()) == ([], before)
    again.fill("e2", 60, PRICE, NAME)
    assert again.order(NAME).state is OrderState.FILLED


def test_f06_two_orders_may_share_the_id_of_a_trade():
    desk = working()
    desk.submit(NEXT_NAME, side=Side.SELL)
    desk.fill("e1", 40, PRICE, NAME)
    desk.fill("e1", 40, PRICE, NEXT_NAME)
    assert (desk.order(NAME).filled, desk.order(NEXT_NAME).filled) == (40, 40)


def test_f06_a_fill_that_cannot_be_applied_is_not_marked_as_seen():
    desk = working()
    desk.report(ReportType.FILLED, NAME, 77, exec_id="e1", quantity=40, price=PRICE)
    assert desk.alerts() == ["WRONG_INSTRUMENT"]
    desk.fill("e1", 0, 0, NAME)
    assert desk.alerts() == ["BAD_FILL"]
    desk.fill("e1", 40, PRICE, NAME)
    assert desk.order(NAME).filled == 40


def test_f07_a_fill_after_the_end_is_booked_with_an_alarm():
    desk = working()
    desk.report(ReportType.CANCELLED, NAME)
    desk.fill("e1", 40, PRICE, NAME)
    assert desk.alerts() == ["LATE_FILL"]
    assert desk.manager.position(BTC).quantity == 40
    assert reserved(desk) == 0


def test_f08_an_order_whose_cancel_is_rejected_is_kept_until_there_is_evidence():
    desk = working()
    desk.cancel(NAME)
    desk.report(ReportType.CANCEL_REJECTED, NAME)
    assert desk.order(NAME).is_open
    assert reserved(desk) == 100
    desk.fill("e1", 100, PRICE, NAME)
    assert desk.order(NAME).state is OrderState.FILLED


def test_f09_a_lost_cancel_leaves_the_order_unknown_and_may_be_repeated():
    desk = working()
    desk.cancel(NAME)
    desk.report(ReportType.OUTCOME_UNKNOWN, NAME)
    assert (desk.order(NAME).state, reserved(desk)) == (OrderState.UNKNOWN, 100)
    desk.cancel(NAME)
    desk.report(ReportType.CANCELLED, NAME)
    assert (desk.order(NAME).state, reserved(desk)) == (OrderState.CANCELLED, 0)


def test_f13_a_replacement_reserves_the_greater_of_both_orders():
    desk = working()
    desk.fill("e1", 30, PRICE, NAME)
    replace(desk, quantity=150)
    assert reserved(desk) == 120
    desk.fill("e2", 40, PRICE, NAME)
    assert reserved(desk) == 120, "the new order may still be of 120"


def test_f13_the_rest_of_both_never_exceeds_what_is_reserved():
    desk = working()
    name = replace(desk, quantity=60)
    desk.fill("e1", 99, PRICE, NAME)
    assert reserved(desk) == 60
    desk.report(ReportType.REPLACED, name, price=PRICE, quantity=60)
    assert (desk.order(NAME).quantity, reserved(desk)) == (159, 60)
    desk.fill("e2", 60, PRICE, name)
    assert (desk.order(NAME).state, desk.alerts()) == (OrderState.FILLED, [])


def test_f13_a_chain_survives_a_restart_in_the_middle():
    desk = working()
    name = replace(desk, quantity=150)
    desk.report(ReportType.OUTCOME_UNKNOWN, name)
    again = restarted(desk)
    assert (again.order(NAME).state, reserved(again)) == (OrderState.UNKNOWN, 150)
    again.report(ReportType.ACCEPTED, name, venue_order_id="v1")
    assert (again.order(NAME).state, again.order(NAME).venue_order_id) == (OrderState.ACCEPTED, "v1")


@pytest.mark.parametrize(("instrument", "price"), [(BTC, PRICE), (ETH, 3_000_0)], ids=["spot", "perpetual"])
@pytest.mark.parametrize("held", [0, 70, -70], ids=["flat", "long", "short"])
def test_f14_a_busted_execution_leaves_no_trace_in_position_and_cash(instrument, price, held):
    desk = Desk()
    if held:
        desk.submit("first", quantity=70, instrument=instrument, side=Side.BUY if held > 0 else Side.SELL, price=price)
        desk.fill("e0", 70, price - 17, "first")
    desk.submit(NAME, instrument=instrument, price=price)
    before = desk.manager.position(instrument).canonical(), desk.manager.balances()
    own = desk.manager.strategy_position("s", instrument).canonical()
    desk.fill("e1", 90, price, NAME, fee=str(money("0.123")), fee_currency="USDT")
    booked = desk.effect(OrderFilled)
    desk.report(ReportType.BUSTED, NAME, instrument, exec_id="e1")
    assert (desk.manager.position(instrument).canonical(), _without_zeros(desk)) == (before[0], before[1])
    assert desk.manager.strategy_position("s", instrument).canonical() == own
    busted = desk.effect(OrderBusted)
    assert (busted.quantity, busted.price, busted.fee) == (booked.quantity, booked.price, booked.fee)
    assert int(busted.realised) == -int(booked.realised)
    assert (desk.order(NAME).filled, desk.order(NAME).fees) == (0, {})
    state = desk.manager.state()
    desk.report(ReportType.BUSTED, NAME, instrument, exec_id="e1")
    desk.fill("e1", 90, price, NAME, fee=str(money("0.123")), fee_currency="USDT")
    assert (desk.kinds(), desk.manager.state()) == ([], state), "said again, it changes nothing"


def _without_zeros(desk: Desk) -> dict[str, int]:
    return {currency: amount for currency, amount in desk.manager.balances().items() if amount}


def test_f14_the_profit_is_as_without_the_execution_even_where_it_was_used_up():
    desk, without = Desk(), Desk()
    for each in (desk, without):
        each.submit("a", quantity=50, instrument=ETH, price=3_000_0)
        each.submit("b", quantity=50, instrument=ETH, price=3_000_0, side=Side.SELL)
    desk.fill("e1", 50, 3_000_0, "a")
    for each in (desk, without):
        each.fill("e2", 50, 3_100_0, "b")
    desk.report(ReportType.BUSTED, "a", ETH, exec_id="e1")
    assert desk.manager.position(ETH).quantity == without.manager.position(ETH).quantity == -50
    for mark in (2_900_0, 3_100_0):
        profits = [
            position.realised_money + position.unrealised(mark)
            for position in (desk.manager.position(ETH), without.manager.position(ETH))
        ]
        assert profits[0] == profits[1]


def test_f14_a_correction_is_a_bust_and_a_new_execution():
    desk = working()
    desk.fill("e1", 100, PRICE, NAME)
    desk.report(ReportType.BUSTED, NAME, exec_id="e1")
    assert (desk.order(NAME).state, desk.alerts()) == (OrderState.CANCELLED, ["BUSTED"])
    desk.fill("e1.02", 100, PRICE + 5, NAME)
    assert (desk.order(NAME).state, desk.manager.position(BTC).cost) == (OrderState.FILLED, 100 * (PRICE + 5))


def test_f14_a_bust_before_its_execution_keeps_it_from_being_booked():
    desk = working()
    desk.report(ReportType.BUSTED, NAME, exec_id="e1")
    assert desk.alerts() == ["BUST_BEFORE_FILL"]
    desk.fill("e1", 40, PRICE, NAME)
    assert (desk.kinds(), desk.order(NAME).filled) == ([], 0)


def test_f15_a_fee_that_comes_after_its_execution_is_joined_to_it():
    desk = working()
    desk.fill("e1", 40, PRICE, NAME)
    desk.fill("e1", 40, PRICE, NAME, fee=str(money("0.5")), fee_currency="USDT")
    assert desk.effect(BalanceChanged).delta == str(-money("0.5"))
    assert desk.order(NAME).fees == {"USDT": money("0.5")}
    assert desk.manager.position(BTC).fees == money("0.5")
    desk.fill("e1", 40, PRICE, NAME, fee=str(money("0.5")), fee_currency="USDT")
    assert desk.kinds() == []
    desk.fill("e1", 40, PRICE, NAME, fee=str(money("0.6")), fee_currency="USDT")
    assert desk.alerts() == ["FEE_DIFFERS"]


def test_f15_a_fee_that_comes_first_waits_for_its_execution():
    desk = working()
    desk.fill("e1", 0, 0, NAME, fee=str(money("0.5")), fee_currency="USDT")
    assert desk.kinds() == []
    desk.fill("e1", 40, PRICE, NAME)
    assert (desk.order(NAME).filled, desk.order(NAME).fees) == (40, {"USDT": money("0.5")})


def test_f15_a_status_that_is_missing_repeated_or_without_a_price_changes_no_execution():
    desk = Desk()
    desk.submit(NAME)
    desk.fill("e1", 40, PRICE, NAME)
    for _ in range(2):
        desk.report(ReportType.ACCEPTED, NAME, price=0, quantity=0)
    desk.fill("e2", 60, PRICE, NAME)
    assert (desk.order(NAME).filled, desk.order(NAME).notional) == (100, 100 * PRICE)


@pytest.mark.parametrize("word", [ReportType.CANCELLED, ReportType.EXPIRED])
def test_f16_an_end_that_nobody_asked_for_is_an_end(word):
    desk = working()
    desk.fill("e1", 40, PRICE, NAME)
    desk.report(word, NAME, reason="EXPIRED_IN_MATCH")
    assert (desk.order(NAME).is_open, desk.order(NAME).filled, reserved(desk)) == (False, 40, 0)


def test_f16_a_word_that_nobody_knows_puts_the_order_in_quarantine():
    desk = working()
    desk.report(ReportType.UNKNOWN_STATUS, NAME, reason="PENDING_REVIEW")
    assert (desk.order(NAME).state, desk.alerts()) == (OrderState.UNKNOWN, ["UNKNOWN_STATUS"])
    assert reserved(desk) == 100
    desk.report(ReportType.ACCEPTED, NAME)
    assert desk.order(NAME).state is OrderState.ACCEPTED
    desk.report(ReportType.CANCELLED, NAME)
    desk.report(ReportType.UNKNOWN_STATUS, NAME, reason="PENDING_REVIEW")
    assert desk.order(NAME).state is OrderState.CANCELLED, "what has ended stays so"


def test_f18_an_inferred_execution_makes_place_for_the_real_one():
    """Reconciliation takes back what it inferred, then books what the venue tells."""
    desk = working()
    desk.fill("inferred:1", 40, PRICE, NAME)
    desk.report(ReportType.BUSTED, NAME, exec_id="inferred:1")
    desk.fill("e1", 40, PRICE - 3, NAME)
    assert (desk.order(NAME).filled, desk.manager.position(BTC).cost) == (40, 40 * (PRICE - 3))
    assert desk.order(NAME).state is OrderState.PARTIALLY_FILLED


def test_f21_rules_may_change_while_orders_work():
    desk = working()
    desk.manager.define(BTC, msgspec.structs.replace(SPOT, tick=50, lot=10, min_quantity=20))
    desk.fill("e1", 33, PRICE + 1, NAME)
    desk.report(ReportType.CANCELLED, NAME)
    assert (desk.order(NAME).filled, reserved(desk)) == (33, 0)
    assert desk.manager.position(BTC).quantity == 33


def test_every_word_of_a_venue_has_an_answer_for_every_order():
    for plain in (True, False):
        for word in ReportType:
            desk = working()
            if not plain:
                replace(desk, quantity=150)
            for name in (NAME, revision_id(NAME, 1), revision_id(NAME, 7)):
                report = OrderReport(type=word, client_order_id=name, exec_id="e1", price=PRICE, quantity=10)
                desk.manager.report(report, BTC, desk.now_ns, desk.effects)
            assert reserved(desk) >= 0
