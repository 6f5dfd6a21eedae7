"""Order lists, cancel-replace, amendments and self-trade prevention on spot, as the documents tell them."""

from typing import Any

import pytest

from connectors.embedded.errors import RequestError
from connectors.embedded.exchange.limits import Limit, LimitKind
from connectors.embedded.exchange.spot.rules import SPOT_LIMITS
from tests.connectors.embedded.spot_desk import Desk

OCO = {"side": "SELL", "quantity": 2, "aboveType": "LIMIT_MAKER", "abovePrice": 110, "belowType": "STOP_LOSS"}
OTO = {"workingType": "LIMIT", "workingSide": "BUY", "workingPrice": 95, "workingQuantity": 2}
WORKING = {**OTO, "workingTimeInForce": "GTC"}
PENDING = {
    "pendingSide": "SELL",
    "pendingQuantity": 1,
    "pendingAboveType": "LIMIT_MAKER",
    "pendingAbovePrice": 110,
    "pendingBelowType": "STOP_LOSS_LIMIT",
    "pendingBelowStopPrice": 90,
    "pendingBelowPrice": 89,
    "pendingBelowTimeInForce": "GTC",
}


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.trade(100.0)
    desk.show({99.0: 50}, {101.0: 50})
    return desk


def statuses(desk: Desk, placed: Any) -> list[str]:
    return [desk.status("a", order["orderId"]) for order in placed["orders"]]


def list_status(desk: Desk, placed: Any) -> tuple[str, str]:
    told = desk.call("a", "orderList.status", orderListId=placed["orderListId"])
    return told["listStatusType"], told["listOrderStatus"]


def test_an_oco_pays_once_for_both_orders_and_a_fill_of_one_ends_the_other(desk: Desk) -> None:
    placed = desk.call("a", "orderList.place.oco", belowStopPrice=90, listClientOrderId="pair", **OCO)
    assert (placed["contingencyType"], placed["listStatusType"]) == ("OCO", "EXEC_STARTED")
    assert [report["type"] for report in placed["orderReports"]] == ["LIMIT_MAKER", "STOP_LOSS"]
    assert desk.balance("a", "BTC") == (8.0, 2.0)
    desk.place("b", "BUY", "LIMIT", "0.5", "110")  # takes the displayed 101 first
    desk.show({}, {101.0: 0})
    desk.place("b", "BUY", "LIMIT", "0.5", "110")
    assert statuses(desk, placed) == ["PARTIALLY_FILLED", "EXPIRED"]
    assert list_status(desk, placed) == ("EXEC_STARTED", "EXECUTING")
    desk.place("b", "BUY", "LIMIT", "1.5", "110")
    assert statuses(desk, placed) == ["FILLED", "EXPIRED"]
    assert list_status(desk, placed) == ("ALL_DONE", "ALL_DONE")
    lists = [(event["l"], event["L"]) for event in desk.events["a"] if event["e"] == "listStatus"]
    assert lists == [("EXEC_STARTED", "EXECUTING"), ("ALL_DONE", "ALL_DONE")]
    assert desk.call("a", "openOrderLists.status") == []
    desk.check_books()


def test_the_deprecated_oco_is_the_same_pair_by_other_names(desk: Desk) -> None:
    stop = {"stopPrice": 90, "stopLimitPrice": 89, "stopLimitTimeInForce": "GTC", "stopClientOrderId": "stop"}
    placed = desk.call("a", "orderList.place", side="SELL", quantity=2, price=110, **stop)
    assert [report["type"] for report in placed["orderReports"]] == ["LIMIT_MAKER", "STOP_LOSS_LIMIT"]
    assert placed["orders"][1]["clientOrderId"] == "stop"
    placed = desk.call("a", "orderList.place", side="BUY", quantity=2, price=90, stopPrice=110)
    assert [report["type"] for report in placed["orderReports"]] == ["STOP_LOSS", "LIMIT_MAKER"]
    desk.check_books()


def test_a_triggered_stop_ends_the_limit_order_of_its_oco(desk: Desk) -> None:
    placed = desk.call("a", "orderList.place.oco", belowStopPrice=90, **OCO)
    desk.trade(90.0)
    assert statuses(desk, placed) == ["EXPIRED", "FILLED"]
    limit = desk.call("a", "order.status", orderId=placed["orders"][0]["orderId"])
    assert limit["expiryReason"] == "OCO_TRIGGER"
    assert desk.balance("a", "BTC") == (8.0, 0.0)
    desk.check_books()


def test_cancelling_one_order_of_a_list_cancels_the_list(desk: Desk) -> None:
    for method in ("order.cancel", "orderList.cancel", "openOrders.cancelAll"):
        placed = desk.call("a", "orderList.place.oco", belowStopPrice=90, **OCO)
        which: dict[str, Any] = {"orderId": placed["orders"][1]["orderId"]} if method == "order.cancel" else {}
        if method == "orderList.cancel":
            which = {"orderListId": placed["orderListId"]}
        answer = desk.call("a", method, **which)
        answer = answer[0] if isinstance(answer, list) else answer
        assert [report["status"] for report in answer["orderReports"]] == ["CANCELED", "CANCELED"]
        assert answer["listOrderStatus"] == "ALL_DONE"
        assert desk.balance("a", "BTC") == (10.0, 0.0)


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        (-1166, {"aboveType": "STOP_LOSS", "aboveStopPrice": 110, "belowType": "LIMIT_MAKER", "belowPrice": 90}),
        (-1158, {"aboveType": "MARKET", "belowStopPrice": 90}),
        (-1168, {"belowType": "LIMIT_MAKER", "belowPrice": 90}),
        (-1197, {"aboveType": "STOP_LOSS", "aboveStopPrice": 110, "belowStopPrice": 90}),
        (-1199, {"belowType": "TAKE_PROFIT", "belowStopPrice": 90}),
        (-2010, {"belowStopPrice": 105}),
        (-2010, {"abovePrice": 99, "belowStopPrice": 90}),
        (-2010, {"quantity": 11, "belowStopPrice": 90}),
        (-1102, {}),
    ],
)
def test_pairs_that_make_no_sense_are_refused(desk: Desk, code: int, changes: dict[str, Any]) -> None:
    wanted = {**OCO, **changes}
    if wanted["aboveType"] in ("STOP_LOSS", "MARKET"):
        del wanted["abovePrice"]
    assert desk.refusal("a", "orderList.place.oco", **wanted)[0] == code
    assert desk.call("a", "openOrders.status") == []
    desk.check_books()


def test_an_oto_starts_its_second_order_when_the_first_is_filled(desk: Desk) -> None:
    pending = {"pendingType": "LIMIT", "pendingSide": "SELL", "pendingPrice": 110, "pendingQuantity": 1}
    placed = desk.call("a", "orderList.place.oto", pendingTimeInForce="GTC", **WORKING, **pending)
    assert statuses(desk, placed) == ["NEW", "PENDING_NEW"]
    assert desk.balance("a", "USDT") == (99_810.0, 190.0)
    desk.trade(94.0, 1.0)
    assert statuses(desk, placed) == ["PARTIALLY_FILLED", "PENDING_NEW"]
    desk.trade(94.0, 5.0)
    assert statuses(desk, placed) == ["FILLED", "NEW"]
    assert desk.balance("a", "BTC") == (10.998, 1.0)
    desk.check_books()


def test_an_otoco_becomes_an_oco_and_ends_with_its_working_order(desk: Desk) -> None:
    placed = desk.call("a", "orderList.place.otoco", **WORKING, **PENDING)
    assert statuses(desk, placed) == ["NEW", "PENDING_NEW", "PENDING_NEW"]
    desk.trade(94.0, 2.0)
    assert statuses(desk, placed) == ["FILLED", "NEW", "NEW"]
    desk.trade(111.0, 1.0, buyer_is_maker=False)
    assert statuses(desk, placed) == ["FILLED", "FILLED", "EXPIRED"]
    assert list_status(desk, placed) == ("ALL_DONE", "ALL_DONE")
    second = desk.call("a", "orderList.place.otoco", **WORKING, **PENDING)
    desk.call("a", "order.cancel", orderId=second["orders"][0]["orderId"])
    assert statuses(desk, second) == ["CANCELED"] * 3
    desk.check_books()


def test_a_working_order_that_fills_at_once_is_answered_with_the_pending_one_pending(desk: Desk) -> None:
    wanted = {**WORKING, "workingPrice": 102, **PENDING}
    placed = desk.call("a", "orderList.place.otoco", **wanted)
    assert [report["status"] for report in placed["orderReports"]] == ["FILLED", "PENDING_NEW", "PENDING_NEW"]
    assert statuses(desk, placed) == ["FILLED", "NEW", "NEW"]


def test_a_pending_order_that_cannot_be_paid_for_is_expired(desk: Desk) -> None:
    pending = {"pendingType": "LIMIT", "pendingSide": "SELL", "pendingPrice": 110, "pendingQuantity": 50}
    placed = desk.call("a", "orderList.place.oto", pendingTimeInForce="GTC", **WORKING, **pending)
    desk.trade(94.0, 2.0)
    assert statuses(desk, placed) == ["FILLED", "EXPIRED"]
    told = desk.call("a", "order.status", orderId=placed["orders"][1]["orderId"])
    assert told["expiryReason"] == "REJECTED"
    desk.check_books()


def replacing(desk: Desk, **more: Any) -> tuple[int, int, Any]:
    wanted = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": 1, "price": 90} | more
    try:
        return 200, 0, desk.call("a", "order.cancelReplace", **wanted)
    except RequestError as error:
        return error.status, error.code, error.data


def test_cancel_replace_answers_each_outcome_as_documented(desk: Desk) -> None:
    old = desk.place("a", "BUY", "LIMIT", "1", "91")["orderId"]
    status, code, told = replacing(desk, cancelOrderId=old, cancelReplaceMode="STOP_ON_FAILURE")
    assert (status, code, told["cancelResult"], told["newOrderResult"]) == (200, 0, "SUCCESS", "SUCCESS")
    status, code, told = replacing(desk, cancelOrderId=old, cancelReplaceMode="STOP_ON_FAILURE")
    assert (status, code, told["cancelResult"], told["newOrderResult"]) == (400, -2022, "FAILURE", "NOT_ATTEMPTED")
    assert told["newOrderResponse"] is None
    status, code, told = replacing(desk, cancelOrderId=old, cancelReplaceMode="ALLOW_FAILURE")
    assert (status, code, told["cancelResult"], told["newOrderResult"]) == (409, -2021, "FAILURE", "SUCCESS")
    new = told["newOrderResponse"]["orderId"]
    status, code, told = replacing(
        desk, cancelOrderId=new, cancelReplaceMode="STOP_ON_FAILURE", quantity=8999, price=300
    )
    assert (status, code, told["cancelResult"], told["newOrderResult"]) == (409, -2021, "SUCCESS", "FAILURE")
    assert told["newOrderResponse"]["code"] == -2010
    status, code, told = replacing(desk, cancelOrderId=new, cancelReplaceMode="ALLOW_FAILURE", quantity=8999, price=300)
    assert (status, code, told["cancelResponse"]["code"]) == (400, -2022, -2011)
    desk.check_books()


def test_cancel_restrictions_and_the_order_limit_are_kept_by_cancel_replace() -> None:
    desk = Desk(limits=(SPOT_LIMITS[0], Limit(LimitKind.ORDERS, "SECOND", 10, 1)))
    old = desk.place("a", "BUY", "LIMIT", "1", "91")["orderId"]
    assert replacing(desk, cancelOrderId=old, cancelReplaceMode="STOP_ON_FAILURE")[:2] == (429, -1015)
    assert desk.status("a", old) == "NEW"
    exceeded = {"cancelReplaceMode": "STOP_ON_FAILURE", "orderRateLimitExceededMode": "CANCEL_ONLY"}
    status, code, told = replacing(desk, cancelOrderId=old, **exceeded)
    assert (status, code, told["cancelResult"], told["newOrderResponse"]["code"]) == (429, -2021, "SUCCESS", -1015)
    desk.now_ms += 10_000
    other = desk.place("a", "BUY", "LIMIT", "1", "91")["orderId"]
    refused = desk.refusal("a", "order.cancel", orderId=other, cancelRestrictions="ONLY_PARTIALLY_FILLED")
    assert refused == (-2011, "Order was not canceled due to cancel restrictions.")
    assert desk.refusal("a", "order.cancel", orderId=other, cancelRestrictions="ONLY_OLD")[0] == -1145
    assert desk.call("a", "order.cancel", orderId=other, cancelRestrictions="ONLY_NEW")["status"] == "CANCELED"


def test_an_amended_order_keeps_its_place_and_gives_back_its_money(desk: Desk) -> None:
    first = desk.place("a", "BUY", "LIMIT", "3", "100")
    desk.place("b", "BUY", "LIMIT", "3", "100")
    amended = desk.call("a", "order.amend.keepPriority", orderId=first["orderId"], newQty=2, newClientOrderId="less")
    order = amended["amendedOrder"]
    assert (order["qty"], order["clientOrderId"], order["origClientOrderId"]) == (
        "2.00000000",
        "less",
        first["clientOrderId"],
    )
    assert desk.balance("a", "USDT") == (99_800.0, 200.0)
    desk.place("c", "SELL", "LIMIT", "2", "100")
    assert desk.status("a", first["orderId"]) == "FILLED"
    assert desk.call("a", "order.amendments", orderId=first["orderId"])[0]["newQty"] == "2.00000000"
    wrong = {"orderId": first["orderId"], "origClientOrderId": "other"}
    assert desk.refusal("a", "order.status", **wrong)[0] == -2039
    again = desk.place("a", "BUY", "LIMIT", "3", "90")["orderId"]
    assert desk.refusal("a", "order.amend.keepPriority", orderId=again, newQty=4)[0] == -2038
    assert desk.refusal("a", "order.amend.keepPriority", orderId=again, newQty=3)[0] == -2038
    assert desk.refusal("a", "order.amend.keepPriority", orderId=first["orderId"], newQty=1)[0] == -2038
    desk.check_books()


def test_a_prevented_match_is_told_to_its_owner(desk: Desk) -> None:
    maker = desk.place("a", "SELL", "LIMIT", "3", "100")
    taker = desk.place("a", "BUY", "LIMIT", "2", "100", selfTradePreventionMode="EXPIRE_TAKER")
    assert (taker["status"], taker["preventedQuantity"], taker["fills"]) == ("EXPIRED_IN_MATCH", "2.00000000", [])
    assert desk.status("a", maker["orderId"]) == "NEW"
    match = desk.call("a", "myPreventedMatches", orderId=taker["orderId"])[0]
    assert (match["makerOrderId"], match["takerPreventedQuantity"]) == (maker["orderId"], "2.00000000")
    event = [event for event in desk.events["a"] if event.get("x") == "TRADE_PREVENTION"][-1]
    assert (event["X"], event["A"], event["U"]) == ("EXPIRED_IN_MATCH", "2.00000000", maker["orderId"])
    desk.check_books()
