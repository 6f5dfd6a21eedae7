"""The life of orders through the manager: what venues really send, and what becomes of it."""

import msgspec
import pytest

from core.effects import Alert, BalanceChanged, OrderFilled, OrderUpdated, PositionChanged, Severity
from core.events import ReportType
from core.money import money
from core.orders import ApprovedCancel, Liquidity, OrderState, Side
from oms.errors import DuplicateOrder, UndefinedInstrument, UnitsChanged, UnknownOrder
from tests.oms.making import BTC, ETH, PERPETUAL, SPOT, Desk, approved, intent


@pytest.fixture
def desk():
    return Desk()


def reserved(desk, instrument=BTC):
    exposure = desk.manager.exposure(instrument)
    return exposure.open_orders, exposure.open_buy_quantity, exposure.open_sell_quantity


# ------------------------------------------------------------------------------------------------- submit


def test_a_submitted_order_counts_before_any_answer(desk):
    order = desk.submit(quantity=100)
    assert order.state is OrderState.SUBMITTED
    assert reserved(desk) == (1, 100, 0)
    update = desk.effect(OrderUpdated)
    assert (update.previous, update.state, update.filled) == (None, OrderState.SUBMITTED, 0)


def test_a_sell_is_reserved_on_its_own_side_and_instrument(desk):
    desk.submit(side=Side.SELL, quantity=7, instrument=ETH)
    assert reserved(desk, ETH) == (1, 0, 7)
    assert reserved(desk, BTC) == (0, 0, 0)


def test_a_client_order_id_is_used_once_even_after_the_order_ended(desk):
    desk.submit()
    desk.report(ReportType.REJECTED)
    with pytest.raises(DuplicateOrder, match="o1 was submitted before"):
        desk.submit()


def test_an_order_for_an_undefined_instrument_is_a_wiring_fault(desk):
    with pytest.raises(UndefinedInstrument, match="instrument 9 is not defined"):
        desk.submit(instrument=9)


# --------------------------------------------------------------------------------------------- acknowledge


def test_an_acknowledgement_brings_the_venues_id(desk):
    desk.submit()
    order = desk.report(ReportType.ACCEPTED, venue_order_id="v1")
    assert order is desk.order()
    assert (order.state, order.venue_order_id) == (OrderState.ACCEPTED, "v1")
    update = desk.effect(OrderUpdated)
    assert (update.previous, update.state, update.venue_order_id) == (OrderState.SUBMITTED, OrderState.ACCEPTED, "v1")


def test_a_repeated_acknowledgement_is_silent(desk):
    desk.submit()
    desk.report(ReportType.ACCEPTED, venue_order_id="v1")
    state = desk.manager.state()
    desk.report(ReportType.ACCEPTED, venue_order_id="v1")
    assert desk.effects == []
    assert desk.manager.state() == state


def test_a_second_venue_id_for_one_order_alarms_because_a_twin_may_be_alive(desk):
    desk.submit()
    desk.report(ReportType.ACCEPTED, venue_order_id="v1")
    desk.report(ReportType.ACCEPTED, venue_order_id="v2")
    assert desk.kinds() == ["Alert"]
    assert desk.alerts() == ["VENUE_ID_DIFFERS"]
    assert desk.order().venue_order_id == "v1"


def test_a_rejection_frees_the_exposure_and_keeps_the_reason(desk):
    desk.submit()
    desk.report(ReportType.REJECTED, reason="insufficient balance")
    assert desk.order().state is OrderState.REJECTED
    assert reserved(desk) == (0, 0, 0)
    assert desk.effect(OrderUpdated).reason == "insufficient balance"


def test_a_fill_may_overtake_the_acknowledgement(desk):  # F04
    desk.submit(quantity=100)
    desk.fill("e1", 40, 60_000_00)
    assert desk.order().state is OrderState.PARTIALLY_FILLED
    desk.report(ReportType.ACCEPTED, venue_order_id="v1")
    assert desk.order().state is OrderState.PARTIALLY_FILLED
    assert desk.order().venue_order_id == "v1"
    assert desk.effect(OrderUpdated).venue_order_id == "v1"  # the venue's id is news though the state is not


# --------------------------------------------------------------------------------------------------- fills


def test_a_partial_fill_keeps_the_rest_reserved(desk):
    desk.submit(quantity=100)
    desk.report(ReportType.ACCEPTED)
    order = desk.fill("e1", 40, 60_000_00)
    assert (order.state, order.filled, order.leaves) == (OrderState.PARTIALLY_FILLED, 40, 60)
    assert reserved(desk) == (1, 60, 0)
    order = desk.fill("e2", 60, 59_999_00)
    assert (order.state, order.filled, order.leaves) == (OrderState.FILLED, 100, 0)
    assert reserved(desk) == (0, 0, 0)
    assert order.notional == 40 * 60_000_00 + 60 * 59_999_00
    assert order.average_price == order.notional / 100


def test_the_effects_of_a_fill_come_in_a_fixed_order(desk):
    desk.submit(quantity=100)
    desk.fill("e1", 100, 60_000_00, fee=str(money("0.06")), fee_currency="USDT", liquidity=Liquidity.TAKER)
    assert desk.kinds() == [
        "OrderFilled",
        "PositionChanged",
        "BalanceChanged",
        "BalanceChanged",
        "BalanceChanged",
        "OrderUpdated",
    ]
    balances = [(e.currency, e.reason, e.delta) for e in desk.effects if isinstance(e, BalanceChanged)]
    assert balances == [
        ("BTC", "trade", str(money("0.001"))),
        ("USDT", "trade", str(money("-60"))),
        ("USDT", "fee", str(money("-0.06"))),
    ]


def test_a_fill_tells_its_figures_exactly(desk):
    desk.submit(quantity=100)
    desk.fill("e1", 100, 60_000_00)
    desk.submit("o2", side=Side.SELL, quantity=50, strategy_id="s")
    desk.fill("e2", 50, 61_000_00, "o2", fee=str(money("-0.01")))
    filled = desk.effect(OrderFilled)
    assert (filled.exec_id, filled.side, filled.quantity, filled.price) == ("e2", Side.SELL, 50, 61_000_00)
    assert filled.realised == str(money("0.5"))
    assert (filled.fee, filled.fee_currency) == (str(money("-0.01")), "USDT")  # no currency given: the instrument's
    position = desk.effect(PositionChanged)
    assert (position.quantity, position.cost, position.realised) == (50, str(money("30")), str(money("0.5")))
    assert position.fees == str(money("-0.01"))
    assert desk.manager.balances() == {"BTC": money("0.0005"), "USDT": money("99970.51")}


def test_the_same_execution_twice_is_booked_once(desk):  # F05
    desk.submit(quantity=100)
    desk.fill("e1", 40, 60_000_00)
    state = desk.manager.state()
    assert desk.fill("e1", 40, 60_000_00) is desk.order()
    assert desk.effects == []
    assert desk.manager.state() == state


def test_a_repeat_is_known_after_the_order_closed(desk):
    desk.submit(quantity=40)
    desk.fill("e1", 40, 60_000_00)
    desk.fill("e1", 40, 60_000_00)
    assert desk.effects == []
    assert desk.order().filled == 40


def test_two_orders_may_share_an_execution_id(desk):  # F06
    desk.submit("o1", quantity=100)
    desk.submit("o2", quantity=100, side=Side.SELL)
    desk.fill("e1", 40, 60_000_00, "o1")
    desk.fill("e1", 40, 60_000_00, "o2")
    assert (desk.order("o1").filled, desk.order("o2").filled) == (40, 40)
    assert desk.manager.position(BTC).quantity == 0


@pytest.mark.parametrize(("quantity", "price"), [(41, 60_000_00), (40, 60_000_01)])
def test_an_execution_repeated_with_other_figures_is_not_booked_but_alarms(desk, quantity, price):  # F14
    desk.submit(quantity=100)
    desk.fill("e1", 40, 60_000_00)
    state = desk.manager.state()
    desk.fill("e1", quantity, price)
    assert desk.alerts() == ["FILL_DIFFERS"]
    assert "execution e1 was booked as 40 at 6000000 units" in desk.effect(Alert).message
    assert desk.manager.state() == state


@pytest.mark.parametrize(
    ("exec_id", "quantity", "price", "word"),
    [
        ("", 1, 1, "execution id"),
        ("e", 0, 1, "quantity is 0"),
        ("e", -1, 1, "quantity is -1"),
        ("e", 1, 0, "price is 0"),
    ],
)
def test_an_execution_that_cannot_be_booked_is_an_alert_with_the_reason(desk, exec_id, quantity, price, word):  # F15
    desk.submit()
    state = desk.manager.state()
    desk.fill(exec_id, quantity, price)
    assert desk.alerts() == ["BAD_FILL"]
    assert word in desk.effect(Alert).message
    assert desk.manager.state() == state


def test_a_fee_that_is_no_number_does_not_stop_the_fill(desk):
    desk.submit(quantity=100)
    desk.fill("e1", 100, 60_000_00, fee="0.06")
    assert desk.kinds()[-2:] == ["OrderUpdated", "Alert"]
    assert desk.alerts() == ["BAD_FEE"]
    assert desk.order().state is OrderState.FILLED
    assert desk.manager.balances()["USDT"] == money("99940")


def test_an_order_adds_up_its_fees_by_currency(desk):
    desk.submit(quantity=100)
    desk.fill("e1", 10, 60_000_00, fee="7", fee_currency="BNB")
    desk.fill("e2", 10, 60_000_00, fee="5", fee_currency="BNB")
    desk.fill("e3", 10, 60_000_00, fee="3")
    desk.fill("e4", 10, 60_000_00)
    assert desk.order().fees == {"BNB": 12, "USDT": 3}


def test_an_overfill_is_booked_in_full_and_reserves_nothing_negative(desk):
    desk.submit(quantity=100)
    desk.fill("e1", 90, 60_000_00)
    order = desk.fill("e2", 20, 60_000_00)
    assert (order.state, order.filled, order.leaves) == (OrderState.FILLED, 110, 0)
    assert desk.manager.position(BTC).quantity == 110
    assert reserved(desk) == (0, 0, 0)
    assert desk.alerts() == ["OVERFILL"]
    assert desk.effect(Alert).severity is Severity.ERROR


# -------------------------------------------------------------------------------------------------- cancel


def test_a_cancel_is_pending_until_the_venue_answers(desk):
    desk.submit(quantity=100)
    desk.report(ReportType.ACCEPTED)
    desk.cancel()
    assert desk.order().state is OrderState.PENDING_CANCEL
    assert reserved(desk) == (1, 100, 0)
    desk.report(ReportType.CANCELLED)
    assert desk.order().state is OrderState.CANCELLED
    assert reserved(desk) == (0, 0, 0)


def test_a_partial_fill_during_a_pending_cancel_stays_pending(desk):
    desk.submit(quantity=100)
    desk.cancel()
    desk.fill("e1", 30, 60_000_00)
    assert desk.order().state is OrderState.PENDING_CANCEL
    assert reserved(desk) == (1, 70, 0)
    assert desk.effect(OrderUpdated).filled == 30


@pytest.mark.parametrize(
    ("acknowledged", "filled", "state"),
    [
        (False, 0, OrderState.SUBMITTED),
        (True, 0, OrderState.ACCEPTED),
        (True, 30, OrderState.PARTIALLY_FILLED),
        (False, 30, OrderState.PARTIALLY_FILLED),
    ],
)
def test_a_rejected_cancel_returns_the_order_to_where_its_history_says(desk, acknowledged, filled, state):
    desk.submit(quantity=100)
    if acknowledged:
        desk.report(ReportType.ACCEPTED)
    desk.cancel()
    if filled:
        desk.fill("e1", filled, 60_000_00)
    desk.report(ReportType.CANCEL_REJECTED, reason="too late")
    assert desk.order().state is state
    assert reserved(desk) == (1, 100 - filled, 0)
    assert desk.effect(OrderUpdated).reason == "too late"


def test_a_cancel_that_lost_against_the_last_fill_is_silent(desk):  # F08
    desk.submit(quantity=100)
    desk.cancel()
    desk.fill("e1", 100, 60_000_00)
    desk.report(ReportType.CANCEL_REJECTED)
    assert desk.effects == []
    assert desk.order().state is OrderState.FILLED


def test_a_fill_after_cancel_is_still_booked(desk):  # F07
    desk.submit(quantity=100)
    desk.cancel()
    desk.report(ReportType.CANCELLED)
    desk.fill("e1", 30, 60_000_00)
    assert desk.order().state is OrderState.CANCELLED
    assert desk.order().filled == 30
    assert desk.manager.position(BTC).quantity == 30
    assert reserved(desk) == (0, 0, 0)
    assert desk.alerts() == ["LATE_FILL"]
    assert desk.effect(OrderUpdated).filled == 30


def test_a_partial_fill_then_expiry_books_the_part_and_frees_the_rest(desk):  # F12
    desk.submit(quantity=100)
    desk.fill("e1", 30, 60_000_00)
    desk.report(ReportType.EXPIRED)
    assert desk.order().state is OrderState.EXPIRED
    assert desk.manager.position(BTC).quantity == 30
    assert reserved(desk) == (0, 0, 0)
    desk.fill("e2", 70, 60_000_00)
    assert desk.order().state is OrderState.FILLED
    assert desk.alerts() == ["LATE_FILL"]


def test_a_cancel_of_an_order_never_submitted_is_a_wiring_fault(desk):
    command = ApprovedCancel(client_order_id="ghost", strategy_id="s", instrument=BTC, venue_order_id="")
    with pytest.raises(UnknownOrder, match="ghost"):
        desk.manager.cancel_sent(command, 1, desk.effects)


# ------------------------------------------------------------------------------------------------- unknown


def test_a_timeout_is_not_a_rejection(desk):  # F01
    desk.submit(quantity=100)
    desk.report(ReportType.OUTCOME_UNKNOWN, reason="-1007")
    assert desk.order().state is OrderState.UNKNOWN
    assert desk.order().is_open
    assert reserved(desk) == (1, 100, 0)


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (ReportType.ACCEPTED, OrderState.ACCEPTED),
        (ReportType.REJECTED, OrderState.REJECTED),
        (ReportType.CANCELLED, OrderState.CANCELLED),
        (ReportType.EXPIRED, OrderState.EXPIRED),
        (ReportType.NEVER_ARRIVED, OrderState.NEVER_ARRIVED),
    ],
)
def test_unknown_ends_by_evidence(desk, kind, state):
    desk.submit()
    desk.report(ReportType.OUTCOME_UNKNOWN)
    desk.report(kind)
    assert desk.order().state is state
    assert desk.alerts() == []


def test_a_late_timeout_does_not_shake_an_acknowledged_order(desk):  # F02
    desk.submit()
    desk.report(ReportType.ACCEPTED)
    desk.report(ReportType.OUTCOME_UNKNOWN)
    assert desk.effects == []
    assert desk.order().state is OrderState.ACCEPTED


def test_the_rejection_of_a_retry_does_not_free_the_first_orders_exposure(desk):  # F02
    desk.submit(quantity=100)
    desk.report(ReportType.ACCEPTED)
    desk.report(ReportType.REJECTED, reason="duplicate client order id")
    assert desk.order().state is OrderState.UNKNOWN
    assert reserved(desk) == (1, 100, 0)
    assert desk.alerts() == ["DENIED"]


def test_never_arrived_is_not_believed_of_an_order_that_was_filled(desk):  # F03
    desk.submit(quantity=100)
    desk.fill("e1", 10, 60_000_00)
    desk.report(ReportType.NEVER_ARRIVED)
    assert desk.order().state is OrderState.UNKNOWN
    assert reserved(desk) == (1, 90, 0)
    assert desk.alerts() == ["DENIED"]


@pytest.mark.parametrize("kind", [ReportType.REJECTED, ReportType.NEVER_ARRIVED])
def test_a_fill_proves_the_arrival_though_no_acknowledgement_came(desk, kind):
    desk.submit(quantity=100)
    desk.cancel()
    desk.fill("e1", 10, 60_000_00)
    desk.report(kind)
    assert desk.order().state is OrderState.UNKNOWN
    assert reserved(desk) == (1, 90, 0)
    assert desk.alerts() == ["DENIED"]


def test_an_order_held_to_have_never_arrived_counts_again_when_it_is_filled(desk):  # F03
    desk.submit(quantity=100)
    desk.report(ReportType.OUTCOME_UNKNOWN)
    desk.report(ReportType.NEVER_ARRIVED)
    assert reserved(desk) == (0, 0, 0)
    desk.fill("e1", 10, 60_000_00)
    assert desk.order().state is OrderState.UNKNOWN
    assert reserved(desk) == (1, 90, 0)
    assert desk.alerts() == ["REOPENED"]
    assert desk.manager.open_orders() == [desk.order()]


def test_a_cancel_without_an_answer_leaves_the_order_unknown_and_reserved(desk):  # F09
    desk.submit(quantity=100)
    desk.report(ReportType.ACCEPTED)
    desk.cancel()
    desk.report(ReportType.OUTCOME_UNKNOWN)
    assert desk.order().state is OrderState.UNKNOWN
    desk.cancel()
    assert desk.effects == []
    assert desk.order().state is OrderState.UNKNOWN
    assert reserved(desk) == (1, 100, 0)
    desk.report(ReportType.CANCELLED)
    assert desk.order().state is OrderState.CANCELLED


# ------------------------------------------------------------------------------------------- foreign, wrong


@pytest.mark.parametrize("kind", ReportType)
def test_a_report_of_a_foreign_order_is_an_alert_and_nothing_else(desk, kind):  # F19
    desk.submit()
    state = desk.manager.state()
    assert desk.report(kind, "web-4711", exec_id="e", quantity=1, price=1) is None
    assert desk.kinds() == ["Alert"]
    assert desk.alerts() == ["FOREIGN_ORDER"]
    assert desk.manager.state() == state


def test_a_report_for_another_instrument_is_not_booked(desk):
    desk.submit(instrument=BTC)
    state = desk.manager.state()
    desk.fill("e1", 10, 60_000_00, instrument=ETH)
    assert desk.alerts() == ["WRONG_INSTRUMENT"]
    assert desk.manager.state() == state


def test_contradictions_that_change_no_exposure_alarm_and_stay(desk):
    desk.submit(quantity=100)
    desk.fill("e1", 100, 60_000_00)
    desk.report(ReportType.CANCELLED)
    assert desk.order().state is OrderState.FILLED
    assert desk.kinds() == ["Alert"]
    assert desk.alerts() == ["CONTRADICTION"]


# --------------------------------------------------------------------------------------------- many orders


def test_open_orders_come_oldest_first_and_closed_ones_leave(desk):
    for name in ("c", "a", "b"):
        desk.submit(name)
    desk.report(ReportType.CANCELLED, "a")
    assert [order.client_order_id for order in desk.manager.open_orders()] == ["c", "b"]
    assert [order.client_order_id for order in desk.manager.closed_orders()] == ["a"]
    assert desk.manager.open_count == 2


def test_orders_are_counted_by_state(desk):
    for name in ("a", "b", "c", "d"):
        desk.submit(name, quantity=10)
    desk.report(ReportType.REJECTED, "a")
    desk.fill("e", 5, 60_000_00, "b")
    desk.fill("e", 10, 60_000_00, "c")
    counts = {state: count for state, count in desk.manager.counts_by_state().items() if count}
    assert counts == {
        OrderState.REJECTED: 1,
        OrderState.PARTIALLY_FILLED: 1,
        OrderState.FILLED: 1,
        OrderState.SUBMITTED: 1,
    }


def test_strategies_have_their_own_positions_and_the_account_their_sum(desk):
    desk.submit("a", strategy_id="ema", quantity=100)
    desk.submit("b", strategy_id="quoter", quantity=70, side=Side.SELL)
    desk.fill("e", 100, 60_000_00, "a")
    desk.fill("e", 70, 60_100_00, "b")
    assert desk.manager.strategy_position("ema", BTC).quantity == 100
    assert desk.manager.strategy_position("quoter", BTC).quantity == -70
    assert desk.manager.position(BTC).quantity == 30
    assert desk.effect(OrderFilled).realised == "0"  # the quoter opened a short
    assert desk.effect(PositionChanged).realised == str(money("0.07"))  # 0.0007 BTC of the account's closed, 100 higher


def test_asking_for_a_position_changes_nothing(desk):
    state = desk.manager.state()
    assert desk.manager.strategy_position("nobody", BTC).quantity == 0
    assert desk.manager.state() == state


def test_the_live_objects_stay_the_same(desk):
    position, own, exposure = (
        desk.manager.position(BTC),
        desk.manager.strategy_position("s", BTC),
        desk.manager.exposure(BTC),
    )
    desk.submit(quantity=100)
    desk.fill("e", 40, 60_000_00)
    assert (position.quantity, own.quantity, exposure.open_buy_quantity) == (40, 40, 60)


@pytest.mark.parametrize("ask", ["exposure", "position"])
def test_asking_about_an_undefined_instrument_is_a_wiring_fault(desk, ask):
    with pytest.raises(UndefinedInstrument, match="instrument 7 is not defined"):
        getattr(desk.manager, ask)(7)
    with pytest.raises(UndefinedInstrument, match="instrument 7 is not defined"):
        desk.manager.strategy_position("s", 7)


# ---------------------------------------------------------------------------------------------- redefining


def test_an_instruments_rules_may_change_while_it_is_traded(desk):  # F21
    desk.submit(quantity=100)
    desk.fill("e", 40, 60_000_00)
    desk.manager.define(BTC, msgspec.structs.replace(SPOT, tick=10, lot=100, tradable=False))
    assert desk.manager.position(BTC).quantity == 40
    assert reserved(desk) == (1, 60, 0)


def test_the_units_of_an_instrument_in_use_may_not_change(desk):
    finer = msgspec.structs.replace(SPOT, price_precision=3)
    desk.manager.define(BTC, finer)  # not used yet
    assert desk.manager.position(BTC).factor == finer.notional_factor
    desk.submit(quantity=100)
    desk.report(ReportType.REJECTED)
    with pytest.raises(UnitsChanged, match="give the changed instrument a new index"):
        desk.manager.define(BTC, SPOT)


def test_the_units_stay_fixed_when_only_a_position_is_left():
    desk = Desk(keep_closed=0)
    desk.submit(quantity=100)
    desk.fill("e", 100, 60_000_00)
    assert desk.manager.closed_orders() == []
    with pytest.raises(UnitsChanged):
        desk.manager.define(BTC, msgspec.structs.replace(SPOT, size_precision=6))
    desk.manager.define(ETH, msgspec.structs.replace(PERPETUAL, size_precision=4))  # never traded


def test_money_of_a_perpetual_moves_only_when_profit_is_realised(desk):
    desk.submit("a", instrument=ETH, quantity=1_000, price=3_000_0)
    desk.fill("e", 1_000, 3_000_0, "a", fee=str(money("1.2")))
    assert desk.manager.balances() == {"USDT": money("99998.8")}
    desk.submit("b", instrument=ETH, quantity=1_000, price=3_100_0, side=Side.SELL)
    desk.fill("e", 1_000, 3_100_0, "b", fee=str(money("1.24")))
    assert desk.manager.balances() == {"USDT": money("100097.56")}
    assert desk.kinds() == ["OrderFilled", "PositionChanged", "BalanceChanged", "BalanceChanged", "OrderUpdated"]
    assert PERPETUAL.currency == "USDT"


def test_the_state_counts_the_orders_from_the_first(desk):
    assert desk.manager.state()[0] == 0
    desk.submit("a")
    desk.submit("b")
    assert desk.manager.state()[0] == 2
    assert [desk.order(name).number for name in ("a", "b")] == [0, 1]


def test_approved_orders_are_what_the_manager_takes(desk):
    desk.manager.submit(approved(intent("x")), 5, desk.effects)
    assert desk.order("x").submitted_ns == 5
