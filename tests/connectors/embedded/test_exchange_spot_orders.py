"""Spot orders as the documents tell them: types, times in force, holds, commissions, filters, triggers, refusals."""

from typing import Any

import pytest

from connectors.embedded.exchange.limits import Limit, LimitKind
from connectors.embedded.exchange.spot.rules import SPOT_LIMITS
from tests.connectors.embedded.spot_desk import Desk


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.trade(100.0)
    desk.show({99.0: 5, 98.0: 5}, {101.0: 5, 102.0: 5})
    return desk


def test_a_limit_order_holds_what_it_costs_and_gives_back_the_rest_exactly(desk: Desk) -> None:
    placed = desk.place("a", "BUY", "LIMIT", "2", "100.50")
    assert (placed["status"], placed["fills"]) == ("NEW", [])
    assert desk.balance("a", "USDT") == (99_799.0, 201.0)
    desk.place("b", "SELL", "LIMIT", "0.5", "100.50")
    assert desk.status("a", placed["orderId"]) == "PARTIALLY_FILLED"
    assert desk.balance("a", "USDT") == (99_799.0, 150.75)
    cancelled = desk.call("a", "order.cancel", orderId=placed["orderId"], newClientOrderId="bye")
    assert (cancelled["status"], cancelled["clientOrderId"]) == ("CANCELED", "bye")
    assert cancelled["origClientOrderId"] == placed["clientOrderId"]
    assert desk.balance("a", "USDT") == (99_949.75, 0.0)
    assert desk.balance("a", "BTC") == (10.4995, 0.0)  # less 0.1 % of what was bought
    assert desk.balance("b", "USDT") == (100_050.19975, 0.0)
    desk.check_books()


def test_a_market_order_walks_the_displayed_levels_and_reports_each_fill(desk: Desk) -> None:
    placed = desk.place("a", "BUY", "MARKET", "7")
    assert placed["status"] == "FILLED"
    assert [(fill["price"], fill["qty"]) for fill in placed["fills"]] == [
        ("101.00000000", "5.00000000"),
        ("102.00000000", "2.00000000"),
    ]
    assert [fill["commission"] for fill in placed["fills"]] == ["0.00500000", "0.00200000"]
    assert placed["cummulativeQuoteQty"] == "709.00000000"
    left = desk.place("b", "BUY", "MARKET", "9")
    assert (left["status"], left["executedQty"], left["expiryReason"]) == (
        "EXPIRED",
        "3.00000000",
        "INSUFFICIENT_LIQUIDITY",
    )
    desk.check_books()


def test_a_market_order_by_quote_amount_comes_as_close_as_whole_lots_do(desk: Desk) -> None:
    placed = desk.place("a", "BUY", "MARKET", quoteOrderQty="250.005")
    assert (placed["origQty"], placed["origQuoteOrderQty"]) == ("2.47529000", "250.00500000")
    assert placed["cummulativeQuoteQty"] == "250.00429000"
    sold = desk.place("a", "SELL", "MARKET", quoteOrderQty="99")
    assert (sold["status"], sold["executedQty"]) == ("FILLED", "1.00000000")
    desk.check_books()


def test_times_in_force_and_post_only_do_what_they_say(desk: Desk) -> None:
    ioc = desk.place("a", "BUY", "LIMIT", "6", "101", timeInForce="IOC")
    assert (ioc["status"], ioc["executedQty"]) == ("EXPIRED", "5.00000000")
    fok = desk.place("a", "BUY", "LIMIT", "6", "102", timeInForce="FOK")
    assert (fok["status"], fok["executedQty"]) == ("EXPIRED", "0.00000000")
    assert fok["expiryReason"] == "UNFILLED_FOK_ORDER_EXPIRED"
    taker = desk.refusal("a", "order.place", side="SELL", type="LIMIT_MAKER", quantity=1, price=99)
    assert taker == (-2010, "Order would immediately match and take.")
    assert desk.place("a", "SELL", "LIMIT_MAKER", "1", "99.01")["status"] == "NEW"
    desk.check_books()


@pytest.mark.parametrize(
    ("kind", "side", "stop", "price", "reached"),
    [
        ("STOP_LOSS", "SELL", 95, None, 95.0),
        ("STOP_LOSS_LIMIT", "SELL", 95, 94, 94.5),
        ("STOP_LOSS", "BUY", 105, None, 105.0),
        ("STOP_LOSS_LIMIT", "BUY", 105, 106, 105.5),
        ("TAKE_PROFIT", "SELL", 105, None, 105.0),
        ("TAKE_PROFIT_LIMIT", "SELL", 105, 98, 106.0),
        ("TAKE_PROFIT", "BUY", 95, None, 95.0),
        ("TAKE_PROFIT_LIMIT", "BUY", 95, 103, 94.0),
    ],
)
def test_contingent_orders_wait_for_the_last_price(
    desk: Desk, kind: str, side: str, stop: int, price: int | None, reached: float
) -> None:
    placed = desk.place("a", side, kind, "1", price, stopPrice=stop)
    assert (placed["status"], placed["workingTime"]) == ("NEW", -1)
    between = (100 + stop) / 2
    desk.trade(between)
    assert desk.status("a", placed["orderId"]) == "NEW"
    desk.trade(reached)
    assert desk.status("a", placed["orderId"]) == "FILLED"
    desk.check_books()


def test_a_stop_that_is_reached_already_is_refused(desk: Desk) -> None:
    refused = desk.refusal("a", "order.place", side="SELL", type="STOP_LOSS", quantity=1, stopPrice=100)
    assert refused == (-2010, "Order would trigger immediately.")


def test_a_trailing_stop_fires_when_the_price_comes_back_by_its_delta(desk: Desk) -> None:
    placed = desk.place("a", "SELL", "STOP_LOSS", "1", trailingDelta=500)
    for price in (110.0, 120.0, 114.01):
        desk.trade(price)
        assert desk.status("a", placed["orderId"]) == "NEW"
    desk.trade(114.0)  # 5 % below 120
    assert desk.status("a", placed["orderId"]) == "FILLED"
    armed = desk.place("a", "BUY", "STOP_LOSS", "1", trailingDelta=500, stopPrice=120)  # documents, scenario A
    for price in (100.0, 119.0, 120.0, 125.0, 110.0, 115.0):
        desk.trade(price)
        assert desk.status("a", armed["orderId"]) == "NEW"
    desk.trade(115.5)
    assert desk.status("a", armed["orderId"]) == "FILLED"
    desk.check_books()


def test_an_iceberg_shows_a_part_and_loses_its_place_when_that_is_gone(desk: Desk) -> None:
    iceberg = desk.place("a", "BUY", "LIMIT", "3", "100", icebergQty="1")
    behind = desk.place("b", "BUY", "LIMIT", "1", "100")
    sold = desk.place("c", "SELL", "LIMIT", "2", "100")
    assert [fill["qty"] for fill in sold["fills"]] == ["1.00000000", "1.00000000"]
    assert desk.status("b", behind["orderId"]) == "FILLED"
    assert desk.call("a", "order.status", orderId=iceberg["orderId"])["executedQty"] == "1.00000000"
    desk.check_books()


def test_commission_in_bnb_is_discounted_and_taken_from_that_balance() -> None:
    desk = Desk(pays_in_bnb=True)
    desk.engine.deposit("a", "BNB", 10**8, desk.now_ms)
    desk.trade(100.0)
    desk.show({}, {100.0: 50})
    fill = desk.place("a", "BUY", "MARKET", "10")["fills"][0]
    assert (fill["commissionAsset"], fill["commission"]) == (
        "BNB",
        "0.00150000",
    )  # a quarter off, BNB at 500
    fill = desk.place("b", "BUY", "MARKET", "10")["fills"][0]
    assert (fill["commissionAsset"], fill["commission"]) == ("BTC", "0.01000000")  # b has no BNB
    desk.check_books()


@pytest.mark.parametrize(
    ("filter_name", "order"),
    [
        ("PRICE_FILTER", {"type": "LIMIT", "quantity": 1, "price": "100.001"}),
        ("PERCENT_PRICE_BY_SIDE", {"type": "LIMIT", "quantity": 1, "price": "501"}),
        ("PERCENT_PRICE_BY_SIDE", {"type": "LIMIT", "quantity": 1, "price": "19"}),
        ("LOT_SIZE", {"type": "LIMIT", "quantity": "0.000011", "price": "100"}),
        ("LOT_SIZE", {"type": "LIMIT", "quantity": "9001", "price": "100"}),
        ("NOTIONAL", {"type": "LIMIT", "quantity": "0.04", "price": "100"}),
        ("NOTIONAL", {"type": "MARKET", "quantity": "0.04"}),
        ("NOTIONAL", {"type": "MARKET", "quoteOrderQty": "4"}),
        ("ICEBERG_PARTS", {"type": "LIMIT", "quantity": 1, "price": 100, "icebergQty": "0.09"}),
        ("TRAILING_DELTA", {"type": "STOP_LOSS", "quantity": 1, "trailingDelta": 2001}),
        ("TRAILING_DELTA", {"type": "STOP_LOSS", "quantity": 1, "trailingDelta": 9}),
    ],
)
def test_filters_refuse_with_their_names(desk: Desk, filter_name: str, order: dict[str, Any]) -> None:
    timed = {"timeInForce": "GTC"} if order["type"] == "LIMIT" else {}
    refused = desk.refusal("a", "order.place", side="SELL", **order, **timed)
    assert refused == (-1013, f"Filter failure: {filter_name}")


def test_open_orders_are_counted_per_symbol_and_kind(desk: Desk) -> None:
    for stop in range(60, 65):
        desk.place("a", "SELL", "STOP_LOSS", "0.1", stopPrice=stop)
    refused = desk.refusal("a", "order.place", side="SELL", type="STOP_LOSS", quantity=1, stopPrice=66)
    assert refused == (-1013, "Filter failure: MAX_NUM_ALGO_ORDERS")
    for _ in range(195):
        desk.place("a", "BUY", "LIMIT", "0.1", "50")
    refused = desk.refusal("a", "order.place", side="BUY", type="LIMIT", quantity=1, price=50, timeInForce="GTC")
    assert refused == (-1013, "Filter failure: MAX_NUM_ORDERS")
    assert len(desk.call("a", "openOrders.status")) == 200
    assert len(desk.call("a", "openOrders.cancelAll")) == 200
    desk.check_books()


@pytest.mark.parametrize(
    ("code", "order"),
    [
        (-1102, {"side": "BUY", "type": "LIMIT", "quantity": 1, "timeInForce": "GTC"}),
        (-1102, {"side": "BUY", "type": "LIMIT", "quantity": 1, "price": 100}),
        (-1102, {"side": "BUY", "type": "MARKET"}),
        (-1102, {"type": "MARKET", "quantity": 1}),
        (-1102, {"side": "SELL", "type": "STOP_LOSS", "quantity": 1}),
        (-1106, {"side": "BUY", "type": "MARKET", "quantity": 1, "price": 100}),
        (-1106, {"side": "BUY", "type": "MARKET", "quantity": 1, "quoteOrderQty": 100}),
        (-1106, {"side": "BUY", "type": "LIMIT_MAKER", "quantity": 1, "price": 99, "timeInForce": "GTC"}),
        (-1117, {"side": "HOLD", "type": "MARKET", "quantity": 1}),
        (-1116, {"side": "BUY", "type": "STOP_MARKET", "quantity": 1}),
        (-1115, {"side": "BUY", "type": "LIMIT", "quantity": 1, "price": 100, "timeInForce": "GTX"}),
        (-1111, {"side": "BUY", "type": "MARKET", "quantity": "0.123456789"}),
        (-1100, {"side": "BUY", "type": "MARKET", "quantity": "one"}),
        (-1100, {"side": "BUY", "type": "MARKET", "quantity": 1, "newClientOrderId": "no spaces"}),
        (-1134, {"side": "BUY", "type": "MARKET", "quantity": 1, "strategyType": 5}),
        (-1013, {"side": "BUY", "type": "MARKET", "quantity": 1, "selfTradePreventionMode": "MAYBE"}),
        (-1121, {"side": "BUY", "type": "MARKET", "quantity": 1, "symbol": "NOPE"}),
        (-2010, {"side": "BUY", "type": "LIMIT", "quantity": 1001, "price": 100, "timeInForce": "GTC"}),
        (-2010, {"side": "SELL", "type": "MARKET", "quantity": "10.00001"}),
    ],
)
def test_orders_are_refused_with_the_documented_codes(desk: Desk, code: int, order: dict[str, Any]) -> None:
    assert desk.refusal("a", "order.place", **order)[0] == code
    assert desk.events["a"] == []
    desk.check_books()


def test_a_client_order_id_is_one_of_a_kind_among_open_orders(desk: Desk) -> None:
    first = desk.place("a", "BUY", "LIMIT", "1", "90", newClientOrderId="mine")
    again = {"side": "BUY", "type": "LIMIT", "quantity": 1, "price": 90, "timeInForce": "GTC"}
    assert desk.refusal("a", "order.place", newClientOrderId="mine", **again) == (-2010, "Duplicate order sent.")
    assert desk.call("b", "order.place", newClientOrderId="mine", **again)["status"] == "NEW"
    desk.call("a", "order.cancel", origClientOrderId="mine")
    second = desk.call("a", "order.place", newClientOrderId="mine", **again)
    assert desk.call("a", "order.status", origClientOrderId="mine")["orderId"] == second["orderId"]
    assert desk.call("a", "order.status", orderId=first["orderId"])["status"] == "CANCELED"
    assert desk.refusal("b", "order.status", orderId=first["orderId"]) == (-2013, "Order does not exist.")
    assert desk.refusal("a", "order.cancel", orderId=first["orderId"]) == (-2011, "Unknown order sent.")


def test_user_data_tells_every_step_of_an_order(desk: Desk) -> None:
    placed = desk.place("a", "BUY", "LIMIT", "2", "100")
    desk.place("b", "SELL", "LIMIT", "1", "100", newOrderRespType="ACK")
    desk.call("a", "order.cancel", orderId=placed["orderId"], newClientOrderId="bye")
    reports = [event for event in desk.events["a"] if event["e"] == "executionReport"]
    steps = [(r["x"], r["X"], r["l"], r["z"], r["c"], r["C"]) for r in reports]
    mine = placed["clientOrderId"]
    assert steps == [
        ("NEW", "NEW", "0.00000000", "0.00000000", mine, ""),
        ("TRADE", "PARTIALLY_FILLED", "1.00000000", "1.00000000", mine, ""),
        ("CANCELED", "CANCELED", "0.00000000", "1.00000000", "bye", mine),
    ]
    trade = reports[1]
    assert (trade["m"], trade["n"], trade["N"], trade["L"], trade["Y"]) == (
        True,
        "0.00100000",
        "BTC",
        "100.00000000",
        "100.00000000",
    )
    last = [event for event in desk.events["a"] if event["e"] == "outboundAccountPosition"][-1]
    assert {"a": "USDT", "f": "99900.00000000", "l": "0.00000000"} in last["B"]


def test_orders_are_counted_and_those_that_trade_are_not() -> None:
    desk = Desk(limits=(SPOT_LIMITS[0], Limit(LimitKind.ORDERS, "SECOND", 10, 3)))
    desk.show({}, {100.0: 5})
    for _ in range(5):
        desk.place("a", "BUY", "MARKET", "0.1")
    for _ in range(3):
        desk.place("a", "BUY", "LIMIT", "0.1", "90")
    assert desk.refusal("a", "order.place", side="BUY", type="MARKET", quantity="0.1")[0] == -1015
    assert desk.call("a", "account.rateLimits.orders")[0]["count"] == 3
    assert desk.place("b", "BUY", "MARKET", "0.1")["status"] == "FILLED"
    desk.now_ms += 10_000
    assert desk.place("a", "BUY", "MARKET", "0.1")["status"] == "FILLED"
