"""Orders of USDⓈ-M futures by their documents: what is taken, what is refused, what is told."""

import json

import pytest

from connectors.embedded.exchange_info import usdm_exchange_info
from tests.connectors.embedded.futures import LISTINGS, ONE, START_MS, Bench, Json, Refused


def opened() -> Bench:
    bench = Bench()
    bench.market(59_999.0, 60_001.0)
    bench.last(60_000.0)
    return bench


def refusal(bench: Bench, *order: object, **more: object) -> int:
    with pytest.raises(Refused) as caught:
        bench.trader().order(*order, **more)  # type: ignore[arg-type]
    return int(caught.value.code)


def test_a_market_order_fills_at_the_displayed_price_and_pays_taker_commission() -> None:
    bench = opened()
    trader = bench.trader()
    row = trader.order("BUY", "0.100")
    assert (row["status"], row["executedQty"], float(row["avgPrice"])) == ("FILLED", "0.100", 60_001.0)
    assert trader.position() == 0.1
    assert trader.wallet() == pytest.approx(10_000 - 6_000.1 * 0.0005)
    assert trader.kinds() == ["ORDER_TRADE_UPDATE", "TRADE_LITE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE"]
    update = trader.events[-1]["o"]
    assert (update["x"], update["X"], update["n"], update["N"]) == ("TRADE", "FILLED", "3.00005000", "USDT")
    position = trader.events[-2]["a"]["P"][0]
    assert (position["pa"], position["ep"], position["mt"], position["ps"]) == ("0.100", "60001", "cross", "BOTH")


def test_a_resting_order_is_filled_by_a_trade_of_the_market_as_maker() -> None:
    bench = opened()
    trader = bench.trader()
    row = trader.order("BUY", "0.010", "59990.0", newClientOrderId="mine")
    assert (row["status"], row["clientOrderId"], row["price"]) == ("NEW", "mine", "59990.0")
    bench.last(59_980.0, 1)
    found = trader.call("GET", "v1/order", symbol="BTCUSDT", origClientOrderId="mine")
    assert (found["status"], found["executedQty"]) == ("FILLED", "0.010")
    (trade,) = trader.call("GET", "v1/userTrades", symbol="BTCUSDT")
    assert (trade["maker"], trade["price"], trade["commission"]) == (True, "59990.0", "0.11998000")
    kinds = [row["incomeType"] for row in trader.call("GET", "v1/income")]
    assert kinds == ["TRANSFER", "COMMISSION"]


def test_accounts_trade_with_each_other_at_the_makers_price() -> None:
    bench = opened()
    one, two = bench.trader("a"), bench.trader("b")
    one.order("SELL", "0.5", "60000.5")
    two.order("BUY", "0.2", "60000.5")
    assert (one.position(), two.position()) == (-0.2, 0.2)
    assert one.call("GET", "v1/openOrders", symbol="BTCUSDT")[0]["executedQty"] == "0.200"


def test_refusals_carry_the_documented_codes() -> None:
    bench = opened()
    assert refusal(bench, "BUY", "0.0001") == -1111
    assert refusal(bench, "BUY", "0.010", "60000.55") == -1111
    assert refusal(bench, "BUY", "0.010", "64000.0") == -4016
    assert refusal(bench, "SELL", "0.010", "56000.0") == -4024
    assert refusal(bench, "BUY", "5.000") == -2019
    assert refusal(bench, "BUY", "0.010", "60001.0", timeInForce="GTX") == -5022
    assert refusal(bench, "BUY", "0.010", "60000.0", timeInForce="FOK") == -5021
    assert refusal(bench, "BUY", "0.010", reduceOnly="true") == -2022
    assert refusal(bench, "BUY", "0.010", positionSide="LONG") == -4061
    assert refusal(bench, "BUY", "0.010", type="STOP_MARKET", stopPrice="61000") == -4120
    assert refusal(bench, "BUY", "0.010", "60000.0", timeInForce="GTD", goodTillDate=START_MS + 1_000) == -5040
    assert refusal(bench, "BUY", "0.010", symbol="XRPUSDT") == -1121
    assert refusal(bench, "HOLD", "0.010") == -1117
    assert refusal(bench, "BUY", "0.010", type="ICEBERG") == -1116
    assert refusal(bench, "BUY", "0.010", "60000.0", timeInForce="DAY") == -1115
    assert refusal(bench, "BUY", "0.010", timeInForce="GTC") == -1106
    assert refusal(bench, "BUY", None) == -1102
    assert refusal(bench, "BUY", "0.010", "60000.0", newClientOrderId="no blanks please") == -4015
    assert refusal(bench, "BUY", "0.010", "60000.0", selfTradePreventionMode="MAYBE") == -5039


def test_a_notional_below_the_least_is_refused_unless_it_only_closes() -> None:
    bench = Bench()
    bench.market(1_999.0, 2_001.0, symbol="ETHUSDT")
    trader = bench.trader()
    with pytest.raises(Refused) as caught:
        trader.order("BUY", "0.002", "2000.0", symbol="ETHUSDT")
    assert caught.value.code == -4164
    trader.order("BUY", "0.003", symbol="ETHUSDT")
    trader.order("SELL", "0.002", symbol="ETHUSDT", reduceOnly="true")
    assert trader.position("ETHUSDT") == 0.001


def test_an_ioc_order_expires_with_what_it_could_not_fill() -> None:
    bench = Bench()
    bench.market(59_999.0, 60_001.0, size=0.1)
    trader = bench.trader()
    row = trader.order("BUY", "0.300", "60001.0", timeInForce="IOC", newOrderRespType="RESULT")
    assert (row["status"], row["executedQty"]) == ("EXPIRED", "0.100")
    last = trader.events[-1]["o"]
    assert (last["x"], last["X"], last["er"]) == ("EXPIRED", "EXPIRED", "2")


def test_good_till_date_expires_the_order() -> None:
    bench = opened()
    trader = bench.trader()
    trader.order("BUY", "0.010", "59000.0", timeInForce="GTD", goodTillDate=START_MS + 700_999)
    bench.advance(699_000)
    assert len(trader.call("GET", "v1/openOrders")) == 1
    bench.advance(2_000)
    assert trader.call("GET", "v1/openOrders") == []
    assert trader.events[-1]["o"]["X"] == "EXPIRED"


def test_price_match_takes_a_price_of_the_book() -> None:
    bench = opened()
    trader = bench.trader()
    row = trader.order("BUY", "0.010", type="LIMIT", timeInForce="GTC", priceMatch="QUEUE")
    assert (row["price"], row["priceMatch"]) == ("59999.0", "QUEUE")
    assert refusal(bench, "BUY", "0.010", type="LIMIT", timeInForce="GTC", priceMatch="QUEUE_20") == -5041
    assert refusal(bench, "BUY", "0.010", "60000.0", priceMatch="QUEUE") == -1106
    assert refusal(bench, "BUY", "0.010", priceMatch="QUEUE") == -5038


def test_self_trades_are_prevented_by_expiring_the_maker() -> None:
    bench = opened()
    trader = bench.trader()
    resting = trader.order("SELL", "0.010", "60000.0")
    trader.order("BUY", "0.010", "60000.0")
    found = trader.call("GET", "v1/order", symbol="BTCUSDT", orderId=resting["orderId"])
    assert found["status"] == "EXPIRED_IN_MATCH"
    assert [row["side"] for row in trader.call("GET", "v1/openOrders")] == ["BUY"]


def test_a_modified_order_has_the_new_price_and_quantity_and_its_history() -> None:
    bench = opened()
    trader = bench.trader()
    row = trader.order("BUY", "0.010", "59990.0")
    terms = {"symbol": "BTCUSDT", "side": "BUY", "orderId": row["orderId"]}
    changed = trader.call("PUT", "v1/order", **terms, quantity="0.020", price="59995.0")
    assert (changed["price"], changed["origQty"], changed["orderId"]) == ("59995.0", "0.020", row["orderId"])
    assert trader.events[-1]["o"]["x"] == "AMENDMENT"
    (amended,) = trader.call("GET", "v1/orderAmendment", symbol="BTCUSDT")
    assert amended["amendment"]["price"] == {"before": "59990.0", "after": "59995.0"}
    for wrong, code in (
        ({"quantity": "0.020", "price": "59995.0"}, -5027),
        ({"quantity": "0.020", "price": "70000.0"}, -4016),
        ({"quantity": "9.000", "price": "59995.0"}, -2019),
        ({"price": "59995.0"}, -1102),
    ):
        with pytest.raises(Refused) as caught:
            trader.call("PUT", "v1/order", **terms, **wrong)
        assert caught.value.code == code
    (left,) = trader.call("GET", "v1/openOrders")
    assert (left["price"], left["origQty"]) == ("59995.0", "0.020")
    trader.call("PUT", "v1/order", **terms, quantity="0.020", price="60001.0")
    assert trader.position() == 0.02


def test_modifying_to_what_is_executed_already_cancels() -> None:
    bench = opened()
    trader = bench.trader()
    row = trader.order("BUY", "0.020", "60000.0")
    bench.last(60_000.0, 0.01)
    terms = {"symbol": "BTCUSDT", "side": "BUY", "orderId": row["orderId"]}
    trader.call("PUT", "v1/order", **terms, quantity="0.010", price="59990.0")
    assert trader.call("GET", "v1/order", symbol="BTCUSDT", orderId=row["orderId"])["status"] == "CANCELED"


def test_batches_answer_for_each_order() -> None:
    bench = opened()
    trader = bench.trader()
    good = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}
    rows = trader.call(
        "POST", "v1/batchOrders", batchOrders=json.dumps([{**good, "price": "59000"}, {**good, "price": "1"}, good])
    )
    assert rows[0]["status"] == "NEW"
    assert [row["code"] for row in rows[1:]] == [-4164, -1102]
    ids = json.dumps([rows[0]["orderId"], 987_654])
    gone = trader.call("DELETE", "v1/batchOrders", symbol="BTCUSDT", orderIdList=ids)
    assert (gone[0]["status"], gone[1]["code"]) == ("CANCELED", -2011)


def test_cancelling_all_and_the_countdown_leave_no_order() -> None:
    bench = opened()
    trader = bench.trader()
    trader.order("BUY", "0.010", "59000.0")
    assert trader.call("DELETE", "v1/allOpenOrders", symbol="BTCUSDT")["code"] == 200
    assert trader.call("GET", "v1/openOrders") == []
    trader.order("BUY", "0.010", "59000.0")
    trader.call("POST", "v1/countdownCancelAll", symbol="BTCUSDT", countdownTime=5_000)
    bench.advance(4_000)
    trader.call("POST", "v1/countdownCancelAll", symbol="BTCUSDT", countdownTime=5_000)
    bench.advance(4_000)
    assert len(trader.call("GET", "v1/openOrders")) == 1
    bench.advance(1_500)
    assert trader.call("GET", "v1/openOrders") == []


def test_requests_without_a_good_signature_or_key_are_refused() -> None:
    bench = opened()
    trader = bench.trader()
    now = f"timestamp={START_MS}"
    for query, key, code in (
        (now, "key-a", -1102),
        (f"{now}&signature=x", "key-a", -1022),
        (f"{now}&signature=x", "key-x", -2015),
        (f"{now}&signature=x", None, -2014),
        ("timestamp=1&signature=x", "key-a", -1021),
    ):
        body: Json = bench.answer("GET", "v3/balance", query, key).body
        assert body["code"] == code
    assert trader.call("GET", "v3/balance")[0]["asset"] == "USDT"


def test_orders_beyond_what_exchange_info_tells_are_refused() -> None:
    bench = opened()
    (told,) = (one for one in usdm_exchange_info(LISTINGS, 0)["symbols"] if one["symbol"] == "BTCUSDT")  # type: ignore[attr-defined]
    filters = {one["filterType"]: one for one in told["filters"]}
    assert filters["LOT_SIZE"]["maxQty"] == "1000"
    assert refusal(bench, "BUY", "1000.001", "60000.0") == -4005
    assert filters["MARKET_LOT_SIZE"]["maxQty"] == "120"
    assert refusal(bench, "BUY", "120.001") == -4005
    trader = bench.trader()
    trader.order("BUY", "0.001", "59000.0", newClientOrderId="same")
    assert refusal(bench, "BUY", "0.001", "59000.0", newClientOrderId="same") == -4116
    for _ in range(filters["MAX_NUM_ORDERS"]["limit"] - 1):
        trader.order("BUY", "0.001", "59000.0")
    assert refusal(bench, "BUY", "0.001", "59000.0") == -2025


def test_an_order_far_from_the_mark_costs_its_open_loss_too() -> None:
    bench = Bench(balance="360")
    bench.market(59_999.0, 60_001.0)
    bench.last(60_000.0)
    # A buy at 61,800 with 20x leverage needs 309 of margin, and loses 180 against the mark at once.
    assert refusal(bench, "BUY", "0.100", "61800.0") == -2019
    bench.trader().order("BUY", "0.100", "60000.0")


def test_a_post_only_order_is_cancelled_when_its_new_price_would_trade() -> None:
    bench = opened()
    trader = bench.trader()
    row = trader.order("BUY", "0.010", "59990.0", timeInForce="GTX")
    terms = {"symbol": "BTCUSDT", "side": "BUY", "orderId": row["orderId"], "quantity": "0.010"}
    assert trader.call("PUT", "v1/order", **terms, price="60001.0")["status"] == "CANCELED"
    assert trader.position() == 0


def test_a_market_order_does_not_trade_beyond_the_percent_price_bound() -> None:
    bench = opened()
    trader = bench.trader()
    asks = [(60_001 * ONE, ONE // 100), (63_100 * ONE, ONE)]
    bench.exchange.on_market_levels("BTCUSDT", [(59_999 * ONE, ONE)], asks, whole=True)
    row = trader.order("BUY", "0.100")
    assert (row["status"], row["executedQty"], row["price"]) == ("EXPIRED", "0.010", "0.0")
    assert refusal(bench, "BUY", "0.100") == -4131


def test_histories_are_cut_as_asked() -> None:
    bench = opened()
    trader = bench.trader()
    ids = []
    for step in range(5):
        ids.append(trader.order("BUY", "0.001", f"{59_000 + step}.0")["orderId"])
        bench.now_ms += 1_000

    def told(**terms: object) -> list[int]:
        return [row["orderId"] for row in trader.call("GET", "v1/allOrders", symbol="BTCUSDT", **terms)]

    assert told() == ids
    assert told(limit=2) == ids[-2:]
    assert told(orderId=ids[1], limit=2) == ids[1:3]
    assert told(startTime=START_MS + 1_500, limit=2) == ids[2:4]
    assert told(startTime=START_MS + 1_500, endTime=START_MS + 2_500) == ids[2:3]
    with pytest.raises(Refused):
        told(startTime=START_MS + 1, endTime=START_MS)
