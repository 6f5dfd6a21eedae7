"""Conditional orders of USDⓈ-M futures: the Algo Service, triggers, trailing stops, Close-All."""

import pytest

from tests.connectors.embedded.futures import Bench, Refused, Trader


def opened() -> Bench:
    bench = Bench()
    bench.market(59_999.0, 60_001.0)
    bench.last(60_000.0)
    return bench


def statuses(trader: Trader) -> list[str]:
    return [event["o"]["X"] for event in trader.events if event["e"] == "ALGO_UPDATE"]


def algo_status(trader: Trader, row: dict[str, object]) -> str:
    return str(trader.call("GET", "v1/algoOrder", algoId=row["algoId"])["algoStatus"])


def test_a_stop_market_order_triggers_by_the_last_price() -> None:
    bench = opened()
    trader = bench.trader()
    trader.order("BUY", "0.100")
    row = trader.algo("STOP_MARKET", "SELL", "0.100", triggerPrice="59500.0", reduceOnly="true")
    assert (row["algoStatus"], row["triggerPrice"], row["orderType"]) == ("NEW", "59500.0", "STOP_MARKET")
    assert trader.call("GET", "v1/openOrders") == []
    assert [one["algoId"] for one in trader.call("GET", "v1/openAlgoOrders")] == [row["algoId"]]
    bench.last(59_501.0)
    assert trader.position() == 0.1
    bench.last(59_500.0)
    assert trader.position() == 0
    assert statuses(trader) == ["NEW", "TRIGGERING", "TRIGGERED", "FINISHED"]
    done = trader.call("GET", "v1/algoOrder", algoId=row["algoId"])
    actual = trader.call("GET", "v1/order", symbol="BTCUSDT", orderId=done["actualOrderId"])
    assert (actual["type"], actual["origType"], actual["reduceOnly"]) == ("MARKET", "STOP_MARKET", True)


def test_a_take_profit_limit_order_rests_after_its_trigger() -> None:
    bench = opened()
    trader = bench.trader()
    trader.order("BUY", "0.100")
    trader.algo("TAKE_PROFIT", "SELL", "0.100", price="61000.0", triggerPrice="60500.0")
    bench.last(60_500.0)
    (row,) = trader.call("GET", "v1/openOrders")
    assert (row["price"], row["origType"], row["type"]) == ("61000.0", "TAKE_PROFIT", "LIMIT")


def test_the_mark_price_triggers_where_it_is_asked_for() -> None:
    bench = opened()
    trader = bench.trader()
    trader.order("BUY", "0.100")
    row = trader.algo("STOP_MARKET", "SELL", None, triggerPrice="59500", workingType="MARK_PRICE", closePosition="true")
    bench.last(59_400.0)  # the last price alone; the mark is the median, the middle of the book
    assert algo_status(trader, row) == "NEW"
    bench.market(59_398.0, 59_400.0)
    assert (algo_status(trader, row), trader.position()) == ("FINISHED", 0.0)


def test_a_trailing_stop_follows_the_best_price() -> None:
    bench = opened()
    trader = bench.trader()
    trader.order("BUY", "0.100")
    row = trader.algo("TRAILING_STOP_MARKET", "SELL", "0.100", callbackRate="1", activatePrice="60500")
    assert (row["callbackRate"], row["activatePrice"]) == ("1.0", "60500.0")
    for price in (59_000.0, 60_500.0, 61_000.0, 60_400.0):
        bench.last(price)
        assert algo_status(trader, row) == "NEW"
    bench.last(60_390.0)
    assert (algo_status(trader, row), trader.position()) == ("FINISHED", 0.0)


@pytest.mark.parametrize(
    ("kind", "side", "more", "code"),
    [
        ("STOP_MARKET", "SELL", {"triggerPrice": "60500"}, -2021),
        ("TAKE_PROFIT_MARKET", "BUY", {"triggerPrice": "60500"}, -2021),
        ("STOP_MARKET", "SELL", {}, -1102),
        ("STOP", "SELL", {"triggerPrice": "59000"}, -1102),
        ("TRAILING_STOP_MARKET", "SELL", {"callbackRate": "0.05"}, -2007),
        ("TRAILING_STOP_MARKET", "SELL", {"callbackRate": "20.1"}, -2007),
        ("STOP_MARKET", "SELL", {"triggerPrice": "59000", "closePosition": "true"}, -4136),
        ("LIMIT", "SELL", {"triggerPrice": "59000"}, -1116),
    ],
)
def test_conditional_orders_are_refused(kind: str, side: str, more: dict[str, str], code: int) -> None:
    trader = opened().trader()
    with pytest.raises(Refused) as caught:
        trader.algo(kind, side, "0.100", **more)
    assert caught.value.code == code


def test_a_triggered_order_that_the_engine_denies_is_rejected_with_its_reason() -> None:
    bench = opened()
    trader = bench.trader()
    row = trader.algo("STOP_MARKET", "SELL", "0.100", triggerPrice="59500.0", reduceOnly="true")
    bench.last(59_500.0)
    assert algo_status(trader, row) == "REJECTED"
    assert trader.events[-1]["o"]["rm"] == "ReduceOnly Order is rejected."


def test_price_protection_keeps_a_stop_from_a_stray_print() -> None:
    bench = opened()
    trader = bench.trader()
    trader.order("BUY", "0.100")
    row = trader.algo("STOP_MARKET", "SELL", "0.100", triggerPrice="59500.0", priceProtect="true")
    bench.last(50_000.0)
    assert (algo_status(trader, row), trader.position()) == ("REJECTED", 0.1)


def test_conditional_orders_are_cancelled_one_by_one_and_all_at_once() -> None:
    bench = opened()
    trader = bench.trader()
    one = trader.algo("STOP_MARKET", "SELL", "0.1", triggerPrice="59000", clientAlgoId="one")
    trader.algo("STOP_MARKET", "SELL", "0.1", triggerPrice="58000")
    answer = trader.call("DELETE", "v1/algoOrder", clientAlgoId="one")
    assert answer == {"algoId": one["algoId"], "clientAlgoId": "one", "code": "200", "msg": "success"}
    trader.call("DELETE", "v1/algoOpenOrders", symbol="BTCUSDT")
    assert trader.call("GET", "v1/openAlgoOrders") == []
    rows = trader.call("GET", "v1/allAlgoOrders", symbol="BTCUSDT")
    assert [row["algoStatus"] for row in rows] == ["CANCELED", "CANCELED"]
    bench.last(57_000.0)
    assert trader.position() == 0


def test_one_close_all_order_of_a_kind_and_direction() -> None:
    trader = opened().trader()
    trader.order("BUY", "0.100")
    terms = {"triggerPrice": "59000", "closePosition": "true"}
    trader.algo("STOP_MARKET", "SELL", None, **terms)
    with pytest.raises(Refused) as caught:
        trader.algo("STOP_MARKET", "SELL", None, **terms)
    assert caught.value.code == -4130
    trader.algo("TAKE_PROFIT_MARKET", "SELL", None, triggerPrice="61000", closePosition="true")
