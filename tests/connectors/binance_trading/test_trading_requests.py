"""Requests are signed as the documents' own examples are, whichever way they are made."""

import json
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.binance.settings import Market
from connectors.binance.trading.credentials import Credentials
from connectors.binance.trading.orders import OrderRequests
from connectors.binance.trading.requests import Filled, Rare, Target, Template, rest_request
from connectors.binance.trading.settings import SelfTradePrevention, TradingSettings
from core.instruments import AssetClass, Instrument
from core.orders import (
    ApprovedCancel,
    ApprovedSubmit,
    OrderIntent,
    OrderTerms,
    OrderType,
    Side,
    TimeInForce,
    TriggerBy,
)

# binance-spot-api-docs, web-socket-api.md, "SIGNED request example (HMAC)": keys and signatures as printed there.
KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
DOCUMENTED = Credentials(KEY, hmac_secret="NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j")
FIXED = {"symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC"}
SIGNATURE = "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"
PLACE = Target("order.place", "POST", "/api/v3/order")

INSTRUMENT = Instrument(
    symbol="BTCUSDT", venue="BINANCE", asset_class=AssetClass.CRYPTO_SPOT, base="BTC", quote="USDT",
    price_precision=2, size_precision=5, tick=1, lot=1,
)  # fmt: skip


def params_of(frame: bytes) -> dict[str, object]:
    params: dict[str, object] = json.loads(frame)["params"]
    return params


def test_the_documents_own_example_gets_the_documents_own_signature():
    template = Template(PLACE, KEY, 100, FIXED, ("price", "quantity"))
    rare = Rare(PLACE, FIXED | {"price": "52000.00", "quantity": "0.01000000"}, 100)
    for request in (Filled(template, ("52000.00", "0.01000000")), rare):
        sent = json.loads(request.frame(7, 1645423376532, DOCUMENTED))
        assert (sent["id"], sent["method"]) == (7, "order.place")
        assert sent["params"]["signature"] == SIGNATURE
        assert sent["params"]["timestamp"] == 1645423376532


def test_the_second_example_with_a_symbol_that_is_not_ascii():
    # The documents' "123456" in full-width digits.
    params = {"symbol": "\uff11\uff12\uff13\uff14\uff15\uff16", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
              "quantity": "1.00000000", "price": "0.10000000"}  # fmt: skip
    sent = params_of(Rare(PLACE, params, 5000).frame(1, 1645423376532, DOCUMENTED))
    assert sent["signature"] == "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd"
    assert sent["symbol"] == "\uff11\uff12\uff13\uff14\uff15\uff16"


def test_on_a_session_that_is_logged_on_neither_key_nor_signature_is_sent():
    template = Template(PLACE, KEY, 100, FIXED, ("price", "quantity"))
    sent = params_of(Filled(template, ("1", "2")).frame(1, 5, None))
    assert "apiKey" not in sent
    assert "signature" not in sent
    assert sent["price"] == "1"


texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=8)


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from(["symbol", "side", "type", "listClientOrderId"]), texts), texts, texts)
def test_a_template_says_what_the_same_parameters_say_when_written_out(fixed, price, quantity):
    price, quantity = price.replace('"', "").replace("\\", ""), quantity.replace('"', "").replace("\\", "")
    template = Template(PLACE, KEY, 5000, fixed, ("price", "quantity"))
    filled = Filled(template, (price, quantity))
    rare = Rare(PLACE, fixed | {"price": price, "quantity": quantity}, 5000)
    assert params_of(filled.frame(1, 99, DOCUMENTED)) == params_of(rare.frame(1, 99, DOCUMENTED))
    ours = dict(parse_qsl(filled.query(99), keep_blank_values=True))
    assert ours == dict(parse_qsl(rare.query(99), keep_blank_values=True))


def test_a_rest_request_carries_its_signature_last_and_shows_none_of_it():
    query = Rare(PLACE, FIXED, 5000).query(1)
    request = rest_request("https://api.binance.com", PLACE, query, DOCUMENTED)
    assert request.url.partition("&signature=")[0].endswith(query)
    assert request.headers == {"X-MBX-APIKEY": KEY}
    assert KEY not in repr(request)
    assert "signature" not in repr(request)
    assert request.shown == "POST /api/v3/order"


def submit(market: Market, hedge_mode: bool = False, **more: object) -> dict[str, object] | str:
    requests = OrderRequests(
        TradingSettings(market=market, hedge_mode=hedge_mode, stp_mode=SelfTradePrevention.EXPIRE_MAKER), KEY
    )
    requests.assign({0: INSTRUMENT})
    fields = {"side": Side.BUY, "type": OrderType.LIMIT, "price": 5_000_000} | more
    intent = OrderIntent(client_order_id="t0", strategy_id="s", instrument=0, quantity=1000, **fields)  # type: ignore[arg-type]
    made = requests.submit(ApprovedSubmit(intent=intent, reference_price=1, limits_version=1))
    if isinstance(made, str):
        return made
    params = params_of(made.frame(1, 2, None))
    assert dict(parse_qsl(made.query(2))).keys() - {"newOrderRespType"} == params.keys() - {"newOrderRespType"}
    return {name: value for name, value in params.items() if name not in {"recvWindow", "timestamp", "symbol"}}


BASIC = {"newClientOrderId": "t0", "newOrderRespType": "ACK", "quantity": "0.01", "side": "BUY",
         "selfTradePreventionMode": "EXPIRE_MAKER"}  # fmt: skip
LIMIT = BASIC | {"type": "LIMIT", "price": "50000", "timeInForce": "GTC"}
ALGO = {name: value for name, value in BASIC.items() if name != "newClientOrderId"} | {
    "clientAlgoId": "t0", "algoType": "CONDITIONAL", "workingType": "CONTRACT_PRICE"}  # fmt: skip
AT = OrderTerms(trigger_price=4_900_000)
BY_MARK = OrderTerms(trigger_price=100, trigger_by=TriggerBy.MARK)
CASES = [
    (Market.SPOT, {}, LIMIT),
    (Market.SPOT, {"time_in_force": TimeInForce.IOC}, LIMIT | {"timeInForce": "IOC"}),
    (Market.SPOT, {"post_only": True}, BASIC | {"type": "LIMIT_MAKER", "price": "50000"}),
    (Market.SPOT, {"type": OrderType.MARKET, "price": 0}, BASIC | {"type": "MARKET"}),
    (Market.SPOT, {"type": OrderType.STOP, "terms": AT}, BASIC | {"type": "STOP_LOSS", "stopPrice": "49000"}),
    (Market.SPOT, {"type": OrderType.LIMIT_IF_TOUCHED, "terms": AT},
     LIMIT | {"type": "TAKE_PROFIT_LIMIT", "stopPrice": "49000"}),
    (Market.SPOT, {"type": OrderType.TRAILING_STOP, "terms": OrderTerms(trail_ppm=1500, activation_price=1)},
     BASIC | {"type": "STOP_LOSS", "trailingDelta": 15, "stopPrice": "0.01"}),
    (Market.SPOT, {"terms": OrderTerms(display_quantity=100)}, LIMIT | {"icebergQty": "0.001"}),
    (Market.USDM, {"post_only": True}, LIMIT | {"timeInForce": "GTX"}),
    (Market.USDM, {"reduce_only": True}, LIMIT | {"reduceOnly": "true"}),
    (Market.USDM, {"time_in_force": TimeInForce.GTD, "terms": OrderTerms(expire_ns=7_000_000)},
     LIMIT | {"timeInForce": "GTD", "goodTillDate": 7}),
    (Market.USDM, {"type": OrderType.STOP, "price": 0, "terms": AT},
     ALGO | {"type": "STOP_MARKET", "triggerPrice": "49000"}),
    (Market.USDM, {"type": OrderType.STOP_LIMIT, "terms": AT},
     ALGO | {"type": "STOP", "triggerPrice": "49000", "price": "50000", "timeInForce": "GTC"}),
    (Market.USDM, {"type": OrderType.MARKET_IF_TOUCHED, "terms": BY_MARK},
     ALGO | {"type": "TAKE_PROFIT_MARKET", "triggerPrice": "1", "workingType": "MARK_PRICE"}),
    (Market.USDM, {"type": OrderType.TRAILING_STOP, "terms": OrderTerms(trail_ppm=15_000)},
     ALGO | {"type": "TRAILING_STOP_MARKET", "callbackRate": "1.5"}),
]  # fmt: skip


@pytest.mark.parametrize(("market", "asked", "sent"), CASES)
def test_every_kind_of_order_is_said_in_the_venues_words(market, asked, sent):
    assert submit(market, **asked) == sent


def test_in_hedge_mode_the_side_of_the_position_is_named_and_reduce_only_is_not():
    position = {"reduce_only": False, "side": Side.SELL}
    assert submit(Market.USDM, hedge_mode=True, **position) == LIMIT | {"side": "SELL", "positionSide": "SHORT"}
    position["reduce_only"] = True
    assert submit(Market.USDM, hedge_mode=True, **position) == LIMIT | {"side": "SELL", "positionSide": "LONG"}


@pytest.mark.parametrize(
    ("market", "asked", "why"),
    [
        (Market.SPOT, {"time_in_force": TimeInForce.GTD}, "no time in force gtd"),
        (Market.SPOT, {"type": OrderType.TRAILING_STOP_LIMIT}, "must keep its trigger"),
        (Market.SPOT, {"type": OrderType.TRAILING_STOP, "terms": OrderTerms(trail=5)}, "basis points"),
        (
            Market.SPOT,
            {"type": OrderType.STOP, "terms": OrderTerms(trigger_price=1, trigger_by=TriggerBy.MARK)},
            "mark",
        ),
        (Market.SPOT, {"type": OrderType.STOP_LIMIT, "terms": AT, "post_only": True}, "post-only"),
        (Market.USDM, {"terms": OrderTerms(display_quantity=1)}, "iceberg"),
        (Market.USDM, {"terms": OrderTerms(hedge=Side.BUY)}, "one-way"),
        (Market.USDM, {"type": OrderType.TRAILING_STOP, "terms": OrderTerms(trail_ppm=1)}, "tenths of a percent"),
    ],
)
def test_what_the_venue_has_no_words_for_is_refused_with_the_reason(market, asked, why):
    refused = submit(market, **asked)
    assert isinstance(refused, str)
    assert why in refused


def test_a_cancel_names_the_number_alone_where_it_is_known():
    requests = OrderRequests(TradingSettings(), KEY)
    requests.assign({0: INSTRUMENT})
    command = ApprovedCancel(client_order_id="t0", strategy_id="s", instrument=0, venue_order_id="")

    def asked(number: str) -> dict[str, object]:
        made = requests.cancel(command, "t0", number)
        assert not isinstance(made, str)
        return params_of(made.frame(1, 2, None))

    common = {"recvWindow": 5000, "timestamp": 2, "symbol": "BTCUSDT", "newClientOrderId": "t0c"}
    assert asked("99") == common | {"orderId": "99"}
    assert asked("") == common | {"origClientOrderId": "t0"}
