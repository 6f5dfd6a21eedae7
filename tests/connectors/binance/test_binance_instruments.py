"""exchangeInfo to instruments."""

import json
from typing import Any

import pytest

from connectors.binance.instruments import find_symbol, read_exchange_info, to_instrument
from connectors.binance.settings import Market
from connectors.errors import MalformedMessage, UnknownSymbol
from core.decimals import INT64_MAX
from core.instruments import AssetClass, Instrument
from core.money import money

SPOT: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "baseAsset": "BTC",
    "baseAssetPrecision": 8,
    "quoteAsset": "USDT",
    "quotePrecision": 8,
    "orderTypes": ["LIMIT", "MARKET"],
    "permissions": [],
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01000000", "maxPrice": "1000000.00", "tickSize": "0.01000000"},
        {"filterType": "LOT_SIZE", "minQty": "0.00001000", "maxQty": "9000.00000000", "stepSize": "0.00001000"},
        {"filterType": "ICEBERG_PARTS", "limit": 10},
        {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True, "avgPriceMins": 5},
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
    ],
}
USDM: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "pair": "BTCUSDT",
    "contractType": "PERPETUAL",
    "deliveryDate": 4133404800000,
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "marginAsset": "USDT",
    "pricePrecision": 2,
    "quantityPrecision": 3,
    "baseAssetPrecision": 8,
    "quotePrecision": 8,
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "556.80", "maxPrice": "4529764", "tickSize": "0.10"},
        {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
        {"filterType": "MIN_NOTIONAL", "notional": "100"},
        {"filterType": "PERCENT_PRICE", "multiplierUp": "1.0500", "multiplierDecimal": "4"},
    ],
}


def read(rules: dict[str, Any], market: Market) -> Instrument:
    symbols = read_exchange_info(json.dumps({"timezone": "UTC", "symbols": [rules]}).encode())
    return to_instrument(find_symbol(symbols, rules["symbol"], "BINANCE"), market, "BINANCE")


def with_filter(rules: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """Return the rules with one filter replaced."""
    others = [each for each in rules["filters"] if each["filterType"] != changed["filterType"]]
    return {**rules, "filters": [*others, changed]}


def test_a_spot_symbol_is_read_with_room_for_odd_lots():
    rules = read(SPOT, Market.SPOT)
    assert rules == Instrument(
        symbol="BTCUSDT",
        venue="BINANCE",
        asset_class=AssetClass.CRYPTO_SPOT,
        base="BTC",
        quote="USDT",
        price_precision=2,
        size_precision=8,
        tick=1,
        lot=1_000,
        min_quantity=1_000,
        max_quantity=9_000 * 10**8,
        min_notional=money("5"),
    )
    assert rules.quantity("0.00000100") == 100  # seen on the stream, finer than today's lot


def test_a_perpetual_is_read_with_its_margin_asset():
    rules = read(USDM, Market.USDM)
    assert (rules.asset_class, rules.settlement, rules.expiry_ns) == (AssetClass.PERPETUAL, "USDT", 0)
    assert (rules.price_precision, rules.tick, rules.size_precision, rules.lot) == (1, 1, 7, 10_000)
    assert rules.min_notional == money("100")


def test_a_dated_future_expires():
    quarter = {**USDM, "symbol": "BTCUSDT_261225", "contractType": "CURRENT_QUARTER", "deliveryDate": 1798185600000}
    rules = read(quarter, Market.USDM)
    assert rules.asset_class is AssetClass.FUTURE
    assert rules.expiry_ns == 1_798_185_600_000_000_000
    assert rules.underlying == "BTCUSDT"


@pytest.mark.parametrize("status", ["BREAK", "HALT", "PENDING_TRADING", "SETTLING", "SOMETHING_NEW"])
def test_only_a_trading_symbol_is_tradable(status):
    assert not read({**SPOT, "status": status}, Market.SPOT).tradable


def test_a_tick_that_is_no_power_of_ten_is_kept():
    rules = with_filter(SPOT, filterType="PRICE_FILTER", tickSize="0.25000000")
    assert (read(rules, Market.SPOT).price_precision, read(rules, Market.SPOT).tick) == (2, 25)


def test_rules_that_are_switched_off_leave_the_assets_own_precision():
    rules = with_filter(SPOT, filterType="PRICE_FILTER", tickSize="0.00000000")
    rules = with_filter(rules, filterType="LOT_SIZE", stepSize="0.00000000", minQty="0", maxQty="0")
    found = read(rules, Market.SPOT)
    assert (found.price_precision, found.tick, found.size_precision, found.lot) == (8, 1, 8, 1)


def test_the_old_name_of_the_notional_rule_is_read_too():
    rules = {**SPOT, "filters": SPOT["filters"][:2]}
    assert read(rules, Market.SPOT).min_notional == 0
    rules = with_filter(rules, filterType="MIN_NOTIONAL", minNotional="10.0")
    assert read(rules, Market.SPOT).min_notional == money("10")


def test_a_maximum_beyond_a_record_is_cut_to_what_a_record_holds():
    rules = with_filter(SPOT, filterType="LOT_SIZE", stepSize="0.00000001", minQty="0", maxQty="9" * 20 + ".00")
    assert read(rules, Market.SPOT).max_quantity == INT64_MAX


def test_precisions_leave_money_exact():
    rules = {**SPOT, "baseAssetPrecision": 18}
    rules = with_filter(rules, filterType="PRICE_FILTER", tickSize="0.00000001")
    rules = with_filter(rules, filterType="LOT_SIZE", stepSize="0.0000000001", minQty="0", maxQty="1")
    found = read(rules, Market.SPOT)
    assert found.price_precision + found.size_precision == 18


@pytest.mark.parametrize(
    "changed",
    [
        {"filterType": "PRICE_FILTER", "tickSize": "-0.01"},
        {"filterType": "PRICE_FILTER", "tickSize": "NaN"},
        {"filterType": "LOT_SIZE", "stepSize": "0.00001", "minQty": "zero"},
        {"filterType": "LOT_SIZE", "stepSize": "0.00001", "maxQty": "-1"},
        {"filterType": "NOTIONAL", "minNotional": "5e0"},
    ],
)
def test_rules_that_make_no_sense_are_named(changed):
    with pytest.raises(MalformedMessage, match="the rules of BTCUSDT on BINANCE cannot be held"):
        read(with_filter(SPOT, **changed), Market.SPOT)


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"symbols":[{"symbol":1}]}', b'{"symbols":[', b"\xff"])
def test_a_body_that_does_not_read_is_named(body):
    with pytest.raises(MalformedMessage, match="exchangeInfo does not read as documented"):
        read_exchange_info(body)


def test_an_unknown_symbol_is_named_with_the_nearest():
    symbols = read_exchange_info(json.dumps({"symbols": [SPOT]}).encode())
    with pytest.raises(UnknownSymbol) as caught:
        find_symbol(symbols, "btcusd", "BINANCE")
    assert str(caught.value) == (
        "BINANCE lists no symbol 'btcusd'; nearest: BTCUSDT; correct `instruments` in the settings"
    )
