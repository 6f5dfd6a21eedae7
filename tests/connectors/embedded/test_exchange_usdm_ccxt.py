"""ccxt as it is, with nothing changed but its URLs, trades USDⓈ-M futures: REST, WebSocket API and private stream."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from connectors.embedded.exchange.members import DEMO_ACCOUNT, DEMO_KEY, DEMO_SECRET, Member
from connectors.embedded.market import Market
from connectors.embedded.server import EmbeddedVenue
from connectors.embedded.settings import Settings
from tests.connectors.embedded.world import connect

pytestmark = pytest.mark.filterwarnings("default")  # ccxt's own warnings are not ours to mend

SYMBOL = "BTC/USDT:USDT"
SETTINGS = Settings(
    synthetic=True,
    seed=5,
    market=Market.USDM,
    accounts=(Member(name="poor", key="poor", secret="secret", futures_balances={"USDT": "500"}),),
)


def pointed(exchange: Any, venue: EmbeddedVenue) -> Any:
    """Change the URLs of an exchange object, and nothing else."""
    api = exchange.urls["api"]
    for kind in api:
        base, _, version = kind.partition("V")
        if base.startswith(("fapi", "dapi", "sapi")) and not kind.endswith("Data"):
            api[kind] = f"{venue.http_url}/{kind[:4]}/v{version or 1}"
    api["public"] = api["private"] = f"{venue.http_url}/api/v3"
    if "ws" in api:
        api["ws"]["linear"] = f"{venue.ws_url}/ws"
        api["ws"]["ws-api"]["linear"] = venue.usdm_ws_api_url
    return exchange


async def with_rest(action: Callable[[Any, Any], Any]) -> Any:
    """Run a synchronous ccxt client beside the venue, once its market trades."""
    ccxt = pytest.importorskip("ccxt")
    async with EmbeddedVenue(SETTINGS) as venue, asyncio.timeout(60):
        async with connect(f"{venue.ws_url}/ws/btcusdt@trade") as socket:
            await socket.recv()
        exchange = pointed(ccxt.binanceusdm({"apiKey": DEMO_KEY, "secret": DEMO_SECRET}), venue)
        try:
            return await asyncio.to_thread(action, exchange, ccxt)
        finally:
            exchange.session.close()


@pytest.mark.slow
async def test_ccxt_reads_and_sets_up_its_account() -> None:
    def act(exchange: Any, ccxt: Any) -> None:
        market = exchange.load_markets()[SYMBOL]
        assert (market["swap"], market["linear"], market["maker"]) == (True, True, 0.0002)
        assert exchange.fetch_balance()["USDT"]["free"] == 1_000_000
        assert exchange.fetch_positions([SYMBOL]) == []
        assert exchange.set_leverage(50, SYMBOL)["leverage"] == 50
        assert exchange.fetch_leverages([SYMBOL])[SYMBOL]["longLeverage"] == 50
        assert exchange.fetch_leverage_tiers([SYMBOL])[SYMBOL][0]["maxLeverage"] == 125
        assert exchange.set_margin_mode("isolated", SYMBOL)["code"] == 200
        assert exchange.fetch_margin_mode(SYMBOL)["marginMode"] == "isolated"
        exchange.set_margin_mode("cross", SYMBOL)
        exchange.set_position_mode(True)
        assert exchange.fetch_position_mode()["hedged"] is True
        exchange.set_position_mode(False)
        assert exchange.fetch_trading_fee(SYMBOL)["taker"] == 0.0005
        rate = exchange.fetch_funding_rate(SYMBOL)
        assert rate["markPrice"] == pytest.approx(60_000, rel=0.02)
        assert rate["fundingRate"] == 0.0001

    await with_rest(act)


async def test_ccxt_places_every_type_of_order_edits_and_cancels() -> None:
    def act(exchange: Any, ccxt: Any) -> None:
        price = exchange.fetch_ticker(SYMBOL)["last"]
        bought = exchange.create_order(SYMBOL, "market", "buy", 0.1)
        assert (bought["status"], bought["filled"]) == ("closed", 0.1)
        (position,) = exchange.fetch_positions([SYMBOL])
        assert (position["side"], position["contracts"], position["marginMode"]) == ("long", 0.1, "cross")
        assert position["entryPrice"] == pytest.approx(price, rel=0.01)
        limit = exchange.create_order(SYMBOL, "limit", "buy", 0.05, price * 0.98)
        edited = exchange.edit_order(limit["id"], SYMBOL, "limit", "buy", 0.06, price * 0.97)
        assert (edited["id"], edited["amount"]) == (limit["id"], 0.06)
        post = exchange.create_order(SYMBOL, "limit", "sell", 0.01, price * 1.03, {"postOnly": True})
        assert post["postOnly"]
        with pytest.raises(ccxt.InvalidOrder, match="-5022"):
            exchange.create_order(SYMBOL, "limit", "buy", 0.01, price * 1.03, {"postOnly": True})
        stops = [
            exchange.create_order(SYMBOL, kind, "sell", 0.01, limit_price, {name: price * factor, "reduceOnly": True})
            for kind, limit_price, name, factor in (
                ("market", None, "stopLossPrice", 0.95),
                ("limit", price * 0.94, "stopLossPrice", 0.95),
                ("market", None, "takeProfitPrice", 1.05),
                ("limit", price * 1.04, "takeProfitPrice", 1.05),
            )
        ]
        trailing = exchange.create_order(SYMBOL, "market", "sell", 0.01, None, {"trailingPercent": 1})
        waiting = exchange.fetch_open_orders(SYMBOL, params={"trigger": True})
        assert [order["id"] for order in waiting] == [order["id"] for order in [*stops, trailing]]
        exchange.cancel_order(trailing["id"], SYMBOL, {"trigger": True})
        exchange.cancel_all_orders(SYMBOL, {"trigger": True})
        assert exchange.fetch_open_orders(SYMBOL, params={"trigger": True}) == []
        assert {order["id"] for order in exchange.fetch_open_orders(SYMBOL)} == {limit["id"], post["id"]}
        assert exchange.fetch_order(post["id"], SYMBOL)["status"] == "open"
        assert exchange.cancel_order(post["id"], SYMBOL)["status"] == "canceled"
        exchange.cancel_all_orders(SYMBOL)
        assert exchange.fetch_open_orders(SYMBOL) == []
        exchange.create_orders(
            [
                {"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 0.01, "price": price * 0.9},
                {"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 0.01, "price": price * 0.91},
            ]
        )
        ids = [order["id"] for order in exchange.fetch_open_orders(SYMBOL)]
        assert [order["status"] for order in exchange.cancel_orders(ids, SYMBOL)] == ["canceled"] * 2
        with pytest.raises(ccxt.BaseError, match="-2019"):
            exchange.create_order(SYMBOL, "limit", "buy", 900, price)
        with pytest.raises(ccxt.OrderNotFound, match="-2011"):
            exchange.cancel_order("987654321", SYMBOL)
        exchange.create_order(SYMBOL, "market", "sell", 0.1, None, {"reduceOnly": True})
        with pytest.raises(ccxt.BaseError, match="-2022"):
            exchange.create_order(SYMBOL, "market", "sell", 0.1, None, {"reduceOnly": True})
        trades = exchange.fetch_my_trades(SYMBOL)
        assert sum(trade["amount"] for trade in trades) == pytest.approx(0.2)
        assert {row["info"]["incomeType"] for row in exchange.fetch_ledger("USDT")} >= {"TRANSFER", "COMMISSION"}
        assert exchange.fetch_my_liquidations(SYMBOL) == []

    await with_rest(act)


async def test_ccxt_adds_and_reduces_the_margin_of_an_isolated_position() -> None:
    def act(exchange: Any, ccxt: Any) -> None:
        exchange.load_markets()
        exchange.set_margin_mode("isolated", SYMBOL)
        exchange.create_order(SYMBOL, "market", "sell", 0.1)
        assert exchange.add_margin(SYMBOL, 100)["status"] == "ok"
        assert exchange.reduce_margin(SYMBOL, 50)["status"] == "ok"
        (position,) = exchange.fetch_positions([SYMBOL])
        assert (position["side"], position["marginMode"]) == ("short", "isolated")
        assert position["liquidationPrice"] > position["entryPrice"]
        with pytest.raises(ccxt.OperationRejected, match="-4048"):
            exchange.set_margin_mode("cross", SYMBOL)

    await with_rest(act)


async def test_ccxt_pro_hears_of_orders_trades_balances_and_positions_and_trades_by_websocket() -> None:
    pro = pytest.importorskip("ccxt.pro")
    async with EmbeddedVenue(SETTINGS) as venue, asyncio.timeout(60):
        exchange = pointed(pro.binanceusdm({"apiKey": DEMO_KEY, "secret": DEMO_SECRET}), venue)
        try:
            await exchange.load_markets()
            watches: dict[str, Awaitable[Any]] = {
                "orders": exchange.watch_orders(SYMBOL),
                "trades": exchange.watch_my_trades(SYMBOL),
                "balance": exchange.watch_balance(),
                "positions": exchange.watch_positions([SYMBOL]),
            }
            tasks = {name: asyncio.ensure_future(watch) for name, watch in watches.items()}
            keys = venue.exchanges.usdm.listen_keys
            while not any(keys.of(DEMO_ACCOUNT) in connection.streams for connection in venue.hub.connections):
                await asyncio.sleep(0.01)  # until the private stream is open
            await exchange.create_order(SYMBOL, "market", "buy", 0.1)
            heard = {name: await task for name, task in tasks.items()}
            assert heard["orders"][-1]["symbol"] == SYMBOL
            assert heard["trades"][-1]["amount"] > 0
            assert heard["balance"]["USDT"]["total"] < 1_000_000
            ticker = await exchange.fetch_ticker(SYMBOL)
            placed = await exchange.create_order_ws(SYMBOL, "limit", "buy", 0.02, ticker["last"] * 0.97)
            edited = await exchange.edit_order_ws(placed["id"], SYMBOL, "limit", "buy", 0.03, ticker["last"] * 0.96)
            assert (edited["id"], edited["amount"]) == (placed["id"], 0.03)
            assert (await exchange.fetch_order_ws(placed["id"], SYMBOL))["status"] == "open"
            assert (await exchange.cancel_order_ws(placed["id"], SYMBOL))["status"] == "canceled"
            stop = await exchange.create_order_ws(
                SYMBOL, "market", "sell", 0.02, None, {"stopLossPrice": ticker["last"] * 0.9}
            )
            await exchange.cancel_order_ws(stop["id"], SYMBOL, {"trigger": True})
            assert (await exchange.fetch_balance_ws())["USDT"]["free"] < 1_000_000
            positions = await exchange.fetch_positions_ws([SYMBOL])
            assert positions[0]["contracts"] == 0.1
            mark = await exchange.watch_mark_price(SYMBOL)
            assert mark["markPrice"] == pytest.approx(60_000, rel=0.02)
        finally:
            await exchange.close()
