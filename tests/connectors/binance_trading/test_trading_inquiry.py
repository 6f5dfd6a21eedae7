"""Evidence is complete or says that it is not, and nothing is absent on one endpoint's word."""

import json
from collections.abc import Callable

import pytest

from connectors.binance.settings import Market
from connectors.binance.trading import inquiry
from connectors.binance.trading.inquiry import Inquirer
from connectors.binance.trading.names import Live, Names
from connectors.binance.trading.replies import Question, Reply, no_reply, reply_of
from connectors.binance.trading.settings import TradingSettings
from core.evidence import EvidenceGiven, EvidenceWanted, Subject, VenueOrderStatus
from core.instruments import AssetClass, Instrument
from core.orders import Side

SPOT = Instrument(
    symbol="BTCUSDT", venue="BINANCE", asset_class=AssetClass.CRYPTO_SPOT, base="BTC", quote="USDT",
    price_precision=2, size_precision=5, tick=1, lot=1,
)  # fmt: skip
NAME = "t0000039u000001"
NOW = 10 * 86_400_000_000_000
DAY_MS = 86_400_000
Answers = Callable[[str, dict[str, str]], Reply]


def ask(
    answers: Answers, subject: Subject, *, market: Market = Market.SPOT, names: Names | None = None, **more: object
) -> EvidenceGiven:
    """Ask, and let `answers` be the venue."""
    inquirer = Inquirer(TradingSettings(market=market), {0: SPOT}, names or Names())
    wanted = EvidenceWanted(number=7, venue="BINANCE", subject=subject, instrument=0, **more)  # type: ignore[arg-type]
    course = inquirer.ask(wanted, NOW)
    reply: Reply | None = None
    while True:
        try:
            question: Question = next(course) if reply is None else course.send(reply)
        except StopIteration as end:
            given: EvidenceGiven = end.value
            assert (given.number, given.subject, given.asked_ns) == (7, subject, NOW)
            return given
        request = question.request
        reply = answers(request.target.path, dict(request.params))  # type: ignore[union-attr]


def yes(body: object) -> Reply:
    return reply_of(Market.SPOT, 200, json.dumps(body).encode())


def no(code: int, status: int = 400) -> Reply:
    return reply_of(Market.SPOT, status, json.dumps({"code": code, "msg": "m"}).encode())


def trade(number: int, time_ms: int = 5) -> dict[str, object]:
    return {"symbol": "BTCUSDT", "id": number, "orderId": 3, "price": "100.00", "qty": "0.10000", "time": time_ms,
            "commission": "0.0001", "commissionAsset": "BNB", "isBuyer": False, "isMaker": True}  # fmt: skip


def trades_of(held: list[dict[str, object]]) -> Answers:
    """Return a venue that holds these trades and pages as the documents say."""

    def answer(path: str, params: dict[str, str]) -> Reply:
        assert path == "/api/v3/myTrades"
        assert not ("fromId" in params and "startTime" in params)
        found = held
        if "fromId" in params:
            found = [each for each in held if int(str(each["id"])) >= int(params["fromId"])]
        elif "startTime" in params:
            start, end = int(params["startTime"]), int(params["endTime"])
            assert end - start <= DAY_MS
            found = [each for each in held if start <= int(str(each["time"])) <= end]
        return yes(found[: int(params["limit"])])

    return answer


def test_every_execution_since_the_beginning_is_found_page_by_page():
    given = ask(trades_of([trade(number) for number in range(1, 2501)]), Subject.FILLS)
    assert given.complete
    assert [int(fill.exec_id) for fill in given.fills] == list(range(1, 2501))
    first = given.fills[0]
    assert (first.side, first.price, first.quantity) == (Side.SELL, 10_000, 10_000)


def test_executions_since_a_time_are_found_over_days_without_any():
    held = [trade(1, 1 * DAY_MS), trade(2, 6 * DAY_MS + 5), trade(3, 9 * DAY_MS + DAY_MS // 2)]
    given = ask(trades_of(held), Subject.FILLS, since_ns=2 * DAY_MS * 1_000_000)
    assert given.complete
    assert [fill.exec_id for fill in given.fills] == ["2", "3"]


def test_more_than_can_be_asked_for_is_not_called_complete(monkeypatch):
    monkeypatch.setattr(inquiry, "_PAGES_MAX", 2)
    given = ask(trades_of([trade(number) for number in range(1, 2501)]), Subject.FILLS)
    assert not given.complete
    assert not given.failure
    assert len(given.fills) == 2_000


@pytest.mark.parametrize(
    "reply",
    [
        no_reply("GET /api/v3/myTrades: no answer"),
        no(-1003, 429),
        no(-1021),
        reply_of(Market.SPOT, 200, b"<html>"),
        reply_of(Market.SPOT, 200, b'[{"symbol":"BTC'),
        reply_of(Market.SPOT, 502, b"<html>bad gateway</html>"),
        yes([{"symbol": "BTCUSDT"}]),
    ],
)
@pytest.mark.parametrize("subject", list(Subject))
def test_what_does_not_answer_is_a_failure_and_no_absence(subject, reply):
    given = ask(lambda path, params: reply, subject, client_order_id=NAME)
    if subject is Subject.POSITIONS:
        return  # spot has none, and asks nobody
    assert given.failure
    assert not given.complete
    assert not given.absent


def order(status: str = "NEW", executed: str = "0") -> dict[str, object]:
    return {"symbol": "BTCUSDT", "orderId": 3, "clientOrderId": NAME, "price": "1", "origQty": "1",
            "executedQty": executed, "status": status, "side": "SELL", "updateTime": 9}  # fmt: skip


def test_an_order_is_absent_when_every_endpoint_that_could_know_it_says_so():
    asked: list[str] = []

    def answer(path: str, params: dict[str, str]) -> Reply:
        asked.append(path + "?" + params.get("origClientOrderId", params.get("orderId", "")))
        return yes([]) if path in {"/api/v3/openOrders", "/api/v3/myTrades"} else no(-2013)

    given = ask(answer, Subject.ORDER, client_order_id=NAME, venue_order_id="3")
    assert given.absent
    assert asked == ["/api/v3/order?3", f"/api/v3/order?{NAME}", f"/api/v3/order?{NAME}c", "/api/v3/openOrders?",
                     "/api/v3/myTrades?3"]  # fmt: skip


def test_f03_an_order_that_a_lagging_query_does_not_know_is_found_among_the_open_ones_or_by_its_trades():
    lagging = ask(
        lambda path, params: yes([order()]) if path == "/api/v3/openOrders" else no(-2013),
        Subject.ORDER, client_order_id=NAME,
    )  # fmt: skip
    assert not lagging.absent
    assert lagging.orders[0].status is VenueOrderStatus.WORKING

    def trades_alone(path: str, params: dict[str, str]) -> Reply:
        if path == "/api/v3/myTrades":
            return yes([trade(1)])
        return yes([]) if path == "/api/v3/openOrders" else no(-2013)

    traded = ask(trades_alone, Subject.ORDER, client_order_id=NAME, venue_order_id="3")
    assert not traded.absent
    assert [fill.client_order_id for fill in traded.fills] == [NAME]


def test_one_endpoint_that_fails_keeps_an_order_from_being_absent():
    given = ask(
        lambda path, params: no(-1001, 500) if path == "/api/v3/openOrders" else no(-2013),
        Subject.ORDER, client_order_id=NAME,
    )  # fmt: skip
    assert given.failure
    assert not given.absent


def test_a_status_of_no_document_is_unknown_and_keeps_its_word():
    given = ask(lambda path, params: yes(order("MELTED")), Subject.ORDER, client_order_id=NAME)
    assert given.orders[0].status is VenueOrderStatus.UNKNOWN
    assert given.orders[0].reason == "status MELTED"


def test_a_conditional_order_that_became_one_is_told_by_what_it_became():
    def answer(path: str, params: dict[str, str]) -> Reply:
        if path == "/fapi/v1/algoOrder":
            return yes({"algoId": 11, "clientAlgoId": NAME, "symbol": "BTCUSDT", "side": "SELL",
                        "algoStatus": "FINISHED", "quantity": "1", "price": "0", "actualOrderId": "3"})  # fmt: skip
        if path == "/fapi/v1/userTrades":
            return yes([{**trade(8), "buyer": False, "maker": False}])
        return yes(order("FILLED", "1")) if params.get("orderId") == "3" else no(-2013)

    given = ask(answer, Subject.ORDER, market=Market.USDM, client_order_id=NAME)
    assert (given.orders[0].status, given.orders[0].client_order_id) == (VenueOrderStatus.FILLED, NAME)
    assert [fill.exec_id for fill in given.fills] == ["8"]


def test_open_orders_of_symbols_that_are_not_ours_are_told_by_name():
    given = ask(
        lambda path, params: yes([order() | {"symbol": "DOGEBTC", "price": "0.000000001"}]), Subject.OPEN_ORDERS
    )
    assert (given.orders[0].symbol, given.orders[0].instrument, given.orders[0].price) == ("DOGEBTC", 0xFFFF, 0)


def test_executions_of_a_triggered_order_are_told_under_its_name_and_the_number_that_reports_use():
    def answer(path: str, params: dict[str, str]) -> Reply:
        if path == "/fapi/v1/order":
            assert params["orderId"] == "3"
            return yes(order("FILLED", "1"))
        if path == "/fapi/v1/algoOrder":
            return no(-2013)
        return yes([{**trade(8), "buyer": False, "maker": False}])

    asked = ask(answer, Subject.FILLS, market=Market.USDM)
    assert [(fill.client_order_id, fill.venue_order_id) for fill in asked.fills] == [(NAME, "3")]
    names = Names()
    names.add(NAME, Live(None, 0, NAME, order_id="a11"))
    names.seen(NAME, 0, "3")
    known = ask(
        lambda path, params: answer("/fapi/v1/userTrades", params), Subject.FILLS, market=Market.USDM, names=names
    )
    assert [(fill.client_order_id, fill.venue_order_id) for fill in known.fills] == [(NAME, "a11")]
    opened = ask(lambda path, params: yes([order()] if "openOrders" in path else []), Subject.OPEN_ORDERS,
                 market=Market.USDM, names=names)  # fmt: skip
    assert opened.orders[0].venue_order_id == "a11"


def test_what_the_venue_traded_by_itself_is_told_as_that_with_the_side_of_the_position():
    def answer(path: str, params: dict[str, str]) -> Reply:
        if path == "/fapi/v1/order":
            return yes(order("FILLED", "1") | {"clientOrderId": "autoclose-1795314166117000915"})
        return yes([{**trade(8), "buyer": False, "maker": False, "positionSide": "LONG"}])

    (fill,) = ask(answer, Subject.FILLS, market=Market.USDM).fills
    assert (fill.client_order_id, fill.own, fill.hedge) == ("autoclose-1795314166117000915", "liquidation", Side.BUY)


def test_what_an_earlier_session_left_conditional_keeps_its_number_though_it_was_triggered_while_nobody_listened():
    names = Names()
    algo = {"algoId": 11, "clientAlgoId": NAME, "symbol": "BTCUSDT", "side": "SELL", "algoStatus": "FINISHED",
            "quantity": "1", "price": "0", "actualOrderId": "3"}  # fmt: skip
    asked: list[str] = []

    def answer(path: str, params: dict[str, str]) -> Reply:
        asked.append(path)
        if path == "/fapi/v1/algoOrder":
            assert params == {"clientAlgoId": NAME}
            return yes(algo)
        return yes(order("FILLED", "1") if path == "/fapi/v1/order" else [{**trade(8), "buyer": False, "maker": False}])

    for _ in range(2):
        found = ask(answer, Subject.FILLS, market=Market.USDM, names=names)
        assert [(fill.client_order_id, fill.venue_order_id) for fill in found.fills] == [(NAME, "a11")]
    assert asked.count("/fapi/v1/order") == asked.count("/fapi/v1/algoOrder") == 1, "what is known is not asked again"

    names, waits = Names(), algo | {"algoStatus": "NEW", "actualOrderId": ""}
    ask(
        lambda path, params: yes([waits] if "Algo" in path else []),
        Subject.OPEN_ORDERS,
        market=Market.USDM,
        names=names,
    )
    names.seen(NAME, 0, "3")
    assert names.number_told(NAME, "3") == "a11"


def test_executions_of_the_venues_own_orders_say_what_they_are_and_of_which_position():
    def answer(path: str, params: dict[str, str]) -> Reply:
        if path == "/fapi/v1/order":
            return yes({**order("FILLED", "1"), "clientOrderId": "autoclose-1568879465651"})
        return yes([{**trade(8), "buyer": False, "maker": False, "positionSide": "LONG"}])

    (found,) = ask(answer, Subject.FILLS, market=Market.USDM).fills
    assert (found.client_order_id, found.own, found.hedge) == ("autoclose-1568879465651", "liquidation", Side.BUY)
    assert found.exec_id == "BTCUSDT:8"  # as the stream names it


@pytest.mark.parametrize(("word", "leg"), [("LONG", Side.BUY), ("SHORT", Side.SELL), ("BOTH", None)])
def test_open_orders_name_the_position_of_hedge_mode_that_they_work_on(word, leg):
    algo = {"algoId": 11, "clientAlgoId": NAME, "symbol": "BTCUSDT", "side": "SELL", "algoStatus": "NEW",
            "quantity": "1", "price": "0"}  # fmt: skip

    def answer(path: str, params: dict[str, str]) -> Reply:
        return yes([{**(algo if "Algo" in path else order()), "positionSide": word}])

    found = ask(answer, Subject.OPEN_ORDERS, market=Market.USDM)
    assert [each.hedge for each in found.orders] == [leg, leg]
