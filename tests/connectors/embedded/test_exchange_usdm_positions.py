"""Positions, margin, modes, funding and liquidation of USDⓈ-M futures, by the documents' formulas."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.embedded.exchange.usdm.exchange import Decision
from connectors.embedded.exchange.usdm.margin import maintenance
from core.money import MONEY_UNIT
from tests.connectors.embedded.futures import ONE, Bench, Refused, Trader


def opened(**settings: Any) -> Bench:
    bench = Bench(**settings)
    bench.market(59_999.0, 60_001.0)
    bench.last(60_000.0)
    return bench


def refused(trader: Trader, method: str, path: str, **parameters: object) -> int:
    with pytest.raises(Refused) as caught:
        trader.call(method, path, **parameters)
    return int(caught.value.code)


def move(bench: Bench, price: float) -> None:
    bench.market(price - 1, price + 1)
    bench.last(price)


def test_realised_profit_and_the_mark_make_the_balance() -> None:
    bench = opened()
    trader = bench.trader()
    trader.order("BUY", "0.200")
    move(bench, 61_000.0)
    row = trader.call("GET", "v2/positionRisk", symbol="BTCUSDT")[0]
    assert (row["entryPrice"], row["markPrice"]) == ("60001", "61000.00000000")
    assert float(row["unRealizedProfit"]) == pytest.approx(0.2 * 999)
    trader.order("SELL", "0.100")
    profits = [float(r["income"]) for r in trader.call("GET", "v1/income", incomeType="REALIZED_PNL")]
    assert profits == [pytest.approx(0.1 * 998)]
    assert trader.position() == 0.1
    assert float(trader.events[-1]["o"]["rp"]) == pytest.approx(99.8)


def test_open_orders_need_the_margin_of_the_larger_side() -> None:
    bench = opened()
    trader = bench.trader()
    trader.order("BUY", "0.100", "59000.0")
    trader.order("SELL", "0.300", "61000.0")
    account = trader.call("GET", "v3/account")
    assert float(account["totalOpenOrderInitialMargin"]) == pytest.approx(0.3 * 61_000 / 20)
    assert float(account["availableBalance"]) == pytest.approx(10_000 - 0.3 * 61_000 / 20)
    trader.order("BUY", "0.200")
    account = trader.call("GET", "v3/account")
    largest = max(0.2 * 60_000 + 0.1 * 59_000, abs(0.2 * 60_000 - 0.3 * 61_000))
    assert float(account["totalInitialMargin"]) == pytest.approx(largest / 20)
    (row,) = trader.call("GET", "v3/positionRisk")
    assert float(row["positionInitialMargin"]) == pytest.approx(0.2 * 60_000 / 20)


def test_leverage_changes_margin_and_is_told() -> None:
    bench = opened()
    trader = bench.trader()
    answer = trader.call("POST", "v1/leverage", symbol="BTCUSDT", leverage=100)
    assert answer == {"leverage": 100, "maxNotionalValue": "600000", "symbol": "BTCUSDT"}
    assert trader.events[-1]["ac"] == {"s": "BTCUSDT", "l": 100}
    assert refused(trader, "POST", "v1/leverage", symbol="BTCUSDT", leverage=126) == -4028
    trader.order("BUY", "9.000")
    with pytest.raises(Refused) as caught:
        trader.order("BUY", "1.500")
    assert caught.value.code == -2027
    assert refused(trader, "POST", "v1/leverage", symbol="BTCUSDT", leverage=20) == -2028
    assert refused(trader, "POST", "v1/leverage", symbol="BTCUSDT", leverage=125) == -2027


def test_isolated_margin_is_set_aside_added_and_taken_back() -> None:
    bench = opened()
    trader = bench.trader()
    trader.call("POST", "v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
    assert refused(trader, "POST", "v1/marginType", symbol="BTCUSDT", marginType="ISOLATED") == -4046
    trader.order("BUY", "0.100")
    (row,) = trader.call("GET", "v3/positionRisk")
    assert float(row["isolatedWallet"]) == pytest.approx(0.1 * 60_001 / 20)
    assert refused(trader, "POST", "v1/marginType", symbol="BTCUSDT", marginType="CROSSED") == -4048
    trader.call("POST", "v1/positionMargin", symbol="BTCUSDT", amount="100", type=1)
    assert float(trader.events[-1]["a"]["P"][0]["iw"]) == pytest.approx(0.1 * 60_001 / 20 + 100)
    assert refused(trader, "POST", "v1/positionMargin", symbol="BTCUSDT", amount="200", type=2) == -4051
    trader.call("POST", "v1/positionMargin", symbol="BTCUSDT", amount="50", type=2)
    history = trader.call("GET", "v1/positionMargin/history", symbol="BTCUSDT")
    assert [row["type"] for row in history] == [1, 2]
    trader.order("SELL", "0.100", reduceOnly="true")
    assert trader.call("GET", "v3/positionRisk") == []
    assert float(trader.call("GET", "v3/account")["totalCrossWalletBalance"]) == pytest.approx(trader.wallet())


def test_hedge_mode_holds_both_sides() -> None:
    bench = opened()
    trader = bench.trader()
    trader.call("POST", "v1/positionSide/dual", dualSidePosition="true")
    assert refused(trader, "POST", "v1/positionSide/dual", dualSidePosition="true") == -4059
    with pytest.raises(Refused) as caught:
        trader.order("BUY", "0.1")
    assert caught.value.code == -4061
    trader.order("BUY", "0.1", positionSide="LONG")
    trader.order("SELL", "0.3", positionSide="SHORT")
    assert (trader.position(side="LONG"), trader.position(side="SHORT")) == (0.1, -0.3)
    margin = float(trader.call("GET", "v3/account")["totalPositionInitialMargin"])
    assert margin == pytest.approx(0.4 * 60_000 / 20)
    trader.order("BUY", "0.5", positionSide="SHORT")  # cut to what there is to close
    assert trader.position(side="SHORT") == 0
    with pytest.raises(Refused) as caught:
        trader.order("BUY", "0.1", positionSide="SHORT")
    assert caught.value.code == -2022
    assert refused(trader, "POST", "v1/positionSide/dual", dualSidePosition="false") == -4068


def test_reduce_only_orders_are_cut_and_knocked_out() -> None:
    bench = opened()
    trader = bench.trader()
    trader.order("BUY", "0.100")
    resting = trader.order("SELL", "0.100", "61000.0", reduceOnly="true")
    with pytest.raises(Refused) as caught:
        trader.order("SELL", "0.100", "62000.0", reduceOnly="true")
    assert caught.value.code == -2022
    trader.order("SELL", "0.060")
    gone = trader.call("GET", "v1/order", symbol="BTCUSDT", orderId=resting["orderId"])
    assert gone["status"] == "EXPIRED"
    row = trader.order("SELL", "0.100", reduceOnly="true")
    assert (row["origQty"], trader.position()) == ("0.040", 0.0)


def test_funding_is_paid_by_longs_to_shorts_and_told() -> None:
    bench = opened()
    long, short = bench.trader("a"), bench.trader("b")
    short.order("SELL", "0.1", "60000.0")
    long.order("BUY", "0.1", "60000.0")
    before = long.wallet(), short.wallet()
    bench.exchange.decide(Decision(symbol="BTCUSDT", funding_rate="0.001", funding_interval_s=60))
    bench.advance(60_000)
    assert long.wallet() - before[0] == pytest.approx(-6.0, abs=1e-6)
    assert short.wallet() - before[1] == pytest.approx(6.0, abs=1e-6)
    assert long.events[-1]["a"]["m"] == "FUNDING_FEE"
    assert long.events[-1]["a"]["P"] == []
    (row,) = bench.exchange.public.funding_rate({"symbol": "BTCUSDT"})
    assert row["fundingRate"] == "0.00100000"
    assert long.call("GET", "v1/income", incomeType="FUNDING_FEE")[0]["income"] == "-6.00000000"


def test_funding_of_an_isolated_position_comes_out_of_its_own_wallet() -> None:
    bench = opened()
    trader = bench.trader()
    trader.call("POST", "v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
    trader.order("BUY", "0.1")
    before = trader.call("GET", "v3/account")
    bench.exchange.decide(Decision(symbol="BTCUSDT", funding_rate="0.001", exchange_funding=True))
    after = trader.call("GET", "v3/account")
    assert after["totalCrossWalletBalance"] == before["totalCrossWalletBalance"]
    paid = float(before["positions"][0]["isolatedWallet"]) - float(after["positions"][0]["isolatedWallet"])
    assert paid == pytest.approx(6.0)
    assert trader.events[-1]["a"]["P"][0]["iw"] == after["positions"][0]["isolatedWallet"]


@given(st.integers(0, 2_000_000_000 * 10**6))
def test_maintenance_margin_is_a_progressive_tax_on_the_notional(millionths: int) -> None:
    contract = Bench().exchange.state.contracts["BTCUSDT"]
    notional, expected = Fraction(millionths, 10**6), Fraction(0)
    for tier in contract.brackets:
        cap = tier.cap if tier is not contract.brackets[-1] else 10**60
        within = min(notional, Fraction(cap, MONEY_UNIT)) - Fraction(tier.floor, MONEY_UNIT)
        expected += max(Fraction(0), within) * tier.maintenance_ppm / 10**6
    found = maintenance(contract, -millionths * MONEY_UNIT // 10**6)
    assert 0 <= found - expected * MONEY_UNIT < 1


def test_a_margin_call_comes_before_the_liquidation() -> None:
    bench = opened(balance="1000")
    trader = bench.trader()
    trader.call("POST", "v1/leverage", symbol="BTCUSDT", leverage=20)
    trader.order("BUY", "0.300")
    trader.order("BUY", "0.001", "50000.0")
    (row,) = trader.call("GET", "v2/positionRisk", symbol="BTCUSDT")
    liquidation = float(row["liquidationPrice"])
    move(bench, liquidation + 50)
    assert trader.position() == 0.3
    assert "MARGIN_CALL" in trader.kinds()
    move(bench, liquidation - 5)
    assert trader.position() == 0
    assert trader.call("GET", "v1/openOrders") == []
    (forced,) = trader.call("GET", "v1/forceOrders")
    assert forced["clientOrderId"].startswith("autoclose-")
    assert (forced["status"], forced["timeInForce"], forced["type"]) == ("FILLED", "IOC", "LIMIT")
    assert forced["price"] == "56697.7", "60001 - (1000 - 9.00015 of commission) / 0.3, up to the next tick"
    told = [event["o"] for event in trader.events if event["e"] == "ORDER_TRADE_UPDATE"]
    assert [(one["x"], one["o"]) for one in told[-3:]] == [
        ("EXPIRED", "LIMIT"),
        ("NEW", "LIQUIDATION"),
        ("CALCULATED", "LIQUIDATION"),
    ]
    assert trader.wallet() >= 0
    assert trader.call("GET", "v1/income", incomeType="INSURANCE_CLEAR")
    (public,) = bench.told["btcusdt@forceOrder"]
    assert (public["o"]["S"], public["o"]["z"], public["o"]["X"]) == ("SELL", "0.300", "FILLED")


def test_a_bankrupt_account_ends_at_nothing_and_the_fund_pays() -> None:
    bench = opened(balance="1000")
    trader = bench.trader()
    trader.order("BUY", "0.300")
    bench.exchange.on_market_levels("BTCUSDT", [], [(50_001 * ONE, ONE)], whole=True)  # nobody buys, far below
    bench.last(50_000.0)
    assert trader.position() == 0
    assert trader.wallet() >= 0
    assert trader.wallet() == pytest.approx(0, abs=0.1)


def test_an_isolated_liquidation_leaves_the_cross_wallet_alone() -> None:
    bench = opened()
    trader = bench.trader()
    trader.call("POST", "v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
    trader.order("BUY", "0.100")
    cross = float(trader.call("GET", "v3/account")["totalCrossWalletBalance"])
    move(bench, 50_000.0)
    assert trader.position() == 0
    assert float(trader.call("GET", "v3/account")["totalCrossWalletBalance"]) == pytest.approx(cross, abs=1e-6)


def test_multi_assets_mode_is_refused() -> None:
    bench = opened()
    trader = bench.trader()
    assert trader.call("GET", "v1/multiAssetsMargin") == {"multiAssetsMargin": False}
    assert refused(trader, "POST", "v1/multiAssetsMargin", multiAssetsMargin="true") == -4171


def test_listen_keys_expire_and_can_be_deleted() -> None:
    bench = opened()
    trader = bench.trader()
    assert trader.keyed("POST")["listenKey"] == trader.listen_key
    bench.advance(3_599_000)
    trader.keyed("PUT")
    bench.advance(3_599_000)
    trader.order("BUY", "0.010", "59000.0")
    assert trader.kinds() == ["ORDER_TRADE_UPDATE"]
    bench.advance(3_600_000)
    assert trader.events[-1] == {"e": "listenKeyExpired", "E": bench.now_ms, "listenKey": trader.listen_key}
    with pytest.raises(Refused) as caught:
        trader.keyed("PUT")
    assert caught.value.code == -1125
    again = bench.trader()
    again.keyed("DELETE")
    again.order("BUY", "0.010", "59000.0")
    assert again.events == []


def test_a_close_at_a_price_beyond_bankruptcy_leaves_no_debt() -> None:
    bench = opened(balance="100")
    trader = bench.trader()
    trader.call("POST", "v1/leverage", symbol="BTCUSDT", leverage=100)
    trader.order("BUY", "0.100")
    thin = [(59_999 * ONE, ONE // 1_000), (57_500 * ONE, 10 * ONE)]
    bench.exchange.on_market_levels("BTCUSDT", thin, [(60_001 * ONE, ONE)], whole=True)
    trader.order("SELL", "0.100")
    assert (trader.position(), trader.wallet()) == (0.0, 0.0)
    (paid,) = trader.call("GET", "v1/income", incomeType="INSURANCE_CLEAR")
    assert float(paid["income"]) > 140


def test_the_mark_price_is_the_median_of_three_prices() -> None:
    bench = opened()

    def mark() -> str:
        row: Any = bench.exchange.public.premium_index({"symbol": "BTCUSDT"})
        return str(row["markPrice"])

    assert mark() == "60000.00000000"
    bench.last(59_000.0)  # of last, index and the index with funding, it is the index that lies between
    assert mark() == "60000.00000000"
    bench.exchange.decide(Decision(symbol="BTCUSDT", funding_rate="0.01", exchange_funding=True))
    bench.market(59_999.0, 60_001.0)
    bench.last(60_100.0)
    # 60000 * (1 + 0.01 * the share of the interval that is left): between the index and the last price only then.
    left = (bench.exchange.state.symbols["BTCUSDT"].pricing.next_funding_ms - bench.now_ms) / 28_800_000
    assert float(mark()) == pytest.approx(min(60_100.0, 60_000 * (1 + 0.01 * left)))
