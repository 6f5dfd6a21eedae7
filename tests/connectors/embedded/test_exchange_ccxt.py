"""ccxt as it is, with nothing changed but its URLs, trades on the venue: REST, and the private stream of ccxt.pro."""

import asyncio
from typing import Any

import pytest

from connectors.embedded.exchange.members import DEMO_KEY, DEMO_SECRET
from connectors.embedded.server import EmbeddedVenue
from connectors.embedded.settings import Settings

pytestmark = pytest.mark.filterwarnings("default")  # ccxt's own warnings are not ours to mend

PAIR = "BTC/USDT"


def pointed(exchange: Any, venue: EmbeddedVenue) -> Any:
    """Change the hosts of an exchange object's URLs, and nothing else."""
    api = exchange.urls["api"]
    hosts = ("https://api.binance.com", "https://fapi.binance.com", "https://dapi.binance.com")
    for name, url in api.items():
        for host in hosts:
            if isinstance(url, str) and url.startswith(host):
                api[name] = venue.http_url + url.removeprefix(host)
    if "ws" in api:
        api["ws"]["spot"] = f"{venue.ws_url}/ws"
        api["ws"]["ws-api"]["spot"] = venue.ws_api_url
    return exchange


def credentials() -> dict[str, str]:
    return {"apiKey": DEMO_KEY, "secret": DEMO_SECRET}


async def test_ccxt_trades_every_spot_order_type() -> None:
    ccxt = pytest.importorskip("ccxt")

    def trade(venue: EmbeddedVenue) -> None:
        exchange = pointed(ccxt.binance(credentials()), venue)
        assert exchange.load_markets()[PAIR]["spot"]
        assert exchange.fetch_balance()["BTC"] == {"free": 100.0, "used": 0.0, "total": 100.0}
        ask = exchange.fetch_ticker(PAIR)["ask"]
        low, high = round(ask * 0.9, 2), round(ask * 1.1, 2)

        market = exchange.create_order(PAIR, "market", "buy", 0.01)
        assert (market["status"], market["filled"]) == ("closed", 0.01)
        assert market["fee"] == {"currency": "BTC", "cost": 0.00001}
        assert exchange.create_market_buy_order_with_cost(PAIR, 1000)["cost"] == pytest.approx(1000, rel=0.01)

        resting = exchange.create_order(PAIR, "limit", "buy", 0.01, low)
        assert exchange.fetch_order(resting["id"], PAIR)["status"] == "open"
        assert exchange.fetch_balance()["USDT"]["used"] == pytest.approx(0.01 * low)
        edited = exchange.edit_order(resting["id"], PAIR, "limit", "buy", 0.02, low)
        assert (edited["status"], edited["amount"]) == ("open", 0.02)
        assert exchange.cancel_order(edited["id"], PAIR)["status"] == "canceled"

        waiting = [
            exchange.create_order(PAIR, "market", "sell", 0.01, None, {"stopLossPrice": low}),
            exchange.create_order(PAIR, "limit", "sell", 0.01, low, {"stopLossPrice": low}),
            exchange.create_order(PAIR, "market", "sell", 0.01, None, {"takeProfitPrice": high}),
            exchange.create_order(PAIR, "limit", "sell", 0.01, high, {"takeProfitPrice": high}),
            exchange.create_order(PAIR, "STOP_LOSS", "sell", 0.01, None, {"trailingDelta": 1000}),
            exchange.create_order(PAIR, "limit", "buy", 0.01, low, {"postOnly": True}),
            exchange.create_order(PAIR, "limit", "buy", 0.01, low, {"icebergQty": "0.002"}),
        ]
        found = {order["id"] for order in exchange.fetch_open_orders(PAIR)}
        assert found == {order["id"] for order in waiting}
        assert exchange.create_order(PAIR, "limit", "buy", 0.01, low, {"timeInForce": "IOC"})["status"] == "expired"
        assert exchange.create_order(PAIR, "limit", "buy", 0.01, high, {"timeInForce": "FOK"})["status"] == "closed"
        with pytest.raises(ccxt.OrderImmediatelyFillable):
            exchange.create_order(PAIR, "limit", "buy", 0.01, high, {"postOnly": True})
        with pytest.raises(ccxt.InsufficientFunds):
            exchange.create_order(PAIR, "limit", "buy", 100, low)
        with pytest.raises(ccxt.OrderNotFound):
            exchange.cancel_order("999999", PAIR)

        assert len(exchange.cancel_all_orders(PAIR)) == len(waiting)
        assert len(exchange.fetch_orders(PAIR)) == 13
        assert exchange.fetch_my_trades(PAIR)[0]["order"] == market["id"]
        assert exchange.fetch_order_trades(market["id"], PAIR)[0]["amount"] == 0.01
        assert exchange.fetch_trading_fee(PAIR)["taker"] == 0.001
        oco = {"aboveType": "LIMIT_MAKER", "abovePrice": high, "belowType": "STOP_LOSS", "belowStopPrice": low}
        placed = exchange.privatePostOrderListOco({"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.01", **oco})
        assert placed["listOrderStatus"] == "EXECUTING"
        assert exchange.sapiGetAccountApiRestrictions()["enableWithdrawals"] is False
        exchange.session.close()

    async with EmbeddedVenue(Settings(synthetic=True, seed=3)) as venue, asyncio.timeout(60):
        await asyncio.to_thread(trade, venue)
        bank = venue.exchanges.spot.engine.bank
        assert [bank.net(asset) for asset in ("BTC", "USDT")] == [0, 0]


async def test_ccxt_refuses_as_it_does_on_the_real_venue_when_the_secret_is_wrong() -> None:
    ccxt = pytest.importorskip("ccxt")

    def trade(venue: EmbeddedVenue) -> None:
        for wrong, error in (({"secret": "x"}, ccxt.AuthenticationError), ({"apiKey": "x"}, ccxt.AuthenticationError)):
            exchange = pointed(ccxt.binance({**credentials(), **wrong}), venue)
            with pytest.raises(error):
                exchange.fetch_balance()
            exchange.session.close()

    async with EmbeddedVenue(Settings(synthetic=True, seed=3)) as venue, asyncio.timeout(60):
        await asyncio.to_thread(trade, venue)


async def test_ccxt_pro_watches_orders_trades_and_balances_and_trades_by_websocket() -> None:
    pro = pytest.importorskip("ccxt.pro")
    async with EmbeddedVenue(Settings(synthetic=True, seed=3)) as venue, asyncio.timeout(60):
        exchange = pointed(pro.binance(credentials()), venue)
        try:
            await exchange.load_markets()
            price = (await exchange.fetch_ticker(PAIR))["ask"]
            watched = asyncio.gather(exchange.watch_orders(), exchange.watch_my_trades(), exchange.watch_balance())
            while not venue.exchanges.spot.has_listener("demo"):
                await asyncio.sleep(0.01)
            bought = await exchange.create_order_ws(PAIR, "market", "buy", 0.01)
            orders, trades, balance = await watched
            assert {order["id"] for order in orders} == {bought["id"]}
            assert trades[-1]["order"] == bought["id"]
            assert balance["BTC"]["total"] == pytest.approx(100.00999)

            resting = await exchange.create_order_ws(PAIR, "limit", "buy", 0.02, round(price * 0.9, 2))
            assert (await exchange.fetch_order_ws(resting["id"], PAIR))["status"] == "open"
            edited = await exchange.edit_order_ws(resting["id"], PAIR, "limit", "buy", 0.03, round(price * 0.9, 2))
            assert edited["amount"] == 0.03
            assert len(await exchange.fetch_open_orders_ws(PAIR)) == 1
            assert (await exchange.cancel_order_ws(edited["id"], PAIR))["status"] == "canceled"
            assert len(await exchange.fetch_my_trades_ws(PAIR)) == len(bought["trades"])
        finally:
            await exchange.close()
