"""The doors to USDⓈ-M futures on a running venue: REST, listen-key streams, WebSocket API, the owner's path."""

import asyncio
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from connectors.embedded.exchange.members import DEMO_KEY, DEMO_SECRET
from connectors.embedded.market import Market
from connectors.embedded.server import EmbeddedVenue
from connectors.embedded.settings import Settings
from tests.connectors.embedded.world import combined, connect, write_recording

Json = Any
SYNTHETIC = Settings(synthetic=True, seed=9, market=Market.USDM)


def signed(**parameters: object) -> str:
    query = urlencode({**parameters, "timestamp": time.time_ns() // 1_000_000})
    return f"{query}&signature={hmac.new(DEMO_SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()}"


async def call(venue: EmbeddedVenue, method: str, path: str, query: str = "", status: int = 200) -> Json:
    headers = {"X-MBX-APIKEY": DEMO_KEY}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, f"{venue.http_url}/fapi/{path}?{query}") as response,
    ):
        assert response.status == status, await response.text()
        return await response.json(content_type=None)


async def order(venue: EmbeddedVenue, side: str = "BUY", **terms: object) -> Json:
    query = signed(**{"symbol": "BTCUSDT", "side": side, "type": "MARKET", "quantity": "0.010", **terms})
    return await call(venue, "POST", "v1/order", query)


async def trading(venue: EmbeddedVenue) -> None:
    """Wait until the market has traded."""
    async with connect(f"{venue.ws_url}/ws/btcusdt@trade") as socket:
        await socket.recv()


@pytest.mark.parametrize("path", ["/private/ws?listenKey={}", "/private/ws/{}", "/ws/{}", "/private/stream?streams={}"])
async def test_a_listen_key_opens_the_private_stream_on_every_documented_path(path: str) -> None:
    async with EmbeddedVenue(SYNTHETIC) as venue, asyncio.timeout(30):
        await trading(venue)
        key = (await call(venue, "POST", "v1/listenKey"))["listenKey"]
        async with connect(venue.ws_url + path.format(key)) as socket:
            await order(venue)
            frames = [json.loads(await socket.recv()) for _ in range(4)]
        if "streams=" in path:
            assert frames[0]["stream"] == key
            frames = [frame["data"] for frame in frames]
        kinds = [frame["e"] for frame in frames]
        assert kinds == ["ORDER_TRADE_UPDATE", "TRADE_LITE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE"]


async def test_a_deleted_listen_key_ends_the_stream_and_an_unknown_one_hears_nothing() -> None:
    async with EmbeddedVenue(SYNTHETIC) as venue, asyncio.timeout(30):
        await trading(venue)
        key = (await call(venue, "POST", "v1/listenKey"))["listenKey"]
        async with connect(f"{venue.ws_url}/private/ws?listenKey={key}") as socket:
            await call(venue, "DELETE", "v1/listenKey")
            await order(venue)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(socket.recv(), 0.2)
        assert (await call(venue, "PUT", "v1/listenKey", status=400))["code"] == -1125


async def test_a_market_that_moves_fills_orders_and_triggers_stops_by_itself() -> None:
    async with EmbeddedVenue(SYNTHETIC) as venue, asyncio.timeout(60):
        await trading(venue)
        key = (await call(venue, "POST", "v1/listenKey"))["listenKey"]
        mark = float((await call(venue, "GET", "v1/premiumIndex", "symbol=BTCUSDT"))["markPrice"])
        async with connect(f"{venue.ws_url}/private/ws/{key}") as socket:
            terms = {"algoType": "CONDITIONAL", "symbol": "BTCUSDT", "type": "STOP_MARKET", "quantity": "0.010"}
            for side, away in (("BUY", 2.0), ("SELL", -2.0)):
                query = signed(**terms, side=side, triggerPrice=f"{mark + away:.1f}")
                await call(venue, "POST", "v1/algoOrder", query)
            statuses: list[str] = []
            while "FINISHED" not in statuses:
                event = json.loads(await socket.recv())
                if event["e"] == "ALGO_UPDATE":
                    statuses.append(event["o"]["X"])
        assert "TRIGGERED" in statuses


async def test_the_websocket_api_answers_errors_limits_and_user_data_streams() -> None:
    async with EmbeddedVenue(SYNTHETIC) as venue, asyncio.timeout(30):
        await trading(venue)
        async with connect(venue.usdm_ws_api_url) as socket:

            async def ask(method: str, **params: object) -> Json:
                await socket.send(json.dumps({"id": "7", "method": method, "params": params}))
                return json.loads(await socket.recv())

            started = await ask("userDataStream.start", apiKey=DEMO_KEY)
            assert (started["id"], started["status"]) == ("7", 200)
            assert len(started["result"]["listenKey"]) == 64
            assert started["rateLimits"][-1]["rateLimitType"] == "REQUEST_WEIGHT"
            assert (await ask("userDataStream.ping", apiKey=DEMO_KEY))["status"] == 200
            assert (await ask("userDataStream.stop", apiKey=DEMO_KEY))["result"] == {}
            assert (await ask("order.place", symbol="BTCUSDT"))["error"]["code"] == -2014
            assert (await ask("order.everything"))["error"]["code"] == -1020
            book = await ask("depth", symbol="BTCUSDT", limit=5, returnRateLimits=False)
            assert len(book["result"]["bids"]) == 5
            assert "rateLimits" not in book
            terms = {
                "apiKey": DEMO_KEY,
                "symbol": "BTCUSDT",
                "side": "BUY",
                "type": "MARKET",
                "quantity": "0.010",
                "newOrderRespType": "RESULT",
                "timestamp": time.time_ns() // 1_000_000,
            }
            payload = "&".join(f"{name}={terms[name]}" for name in sorted(terms))
            signature = hmac.new(DEMO_SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest()
            placed = await ask("order.place", **terms, signature=signature)
            assert placed["result"]["status"] == "FILLED"
            assert {limit["rateLimitType"] for limit in placed["rateLimits"]} == {"ORDERS", "REQUEST_WEIGHT"}
            await socket.send("{")
            assert json.loads(await socket.recv())["error"]["code"] == -1135


async def test_the_owner_decides_funding_and_transfers() -> None:
    async with EmbeddedVenue(SYNTHETIC) as venue, asyncio.timeout(30), aiohttp.ClientSession() as session:
        await trading(venue)
        await order(venue)

        async def decide(status: int, **decision: object) -> Json:
            async with session.post(f"{venue.http_url}/emulator/futures", json=decision) as response:
                assert response.status == status
                return await response.json()

        await decide(200, symbol="BTCUSDT", funding_rate="-0.001", exchange_funding=True)
        rows = await call(venue, "GET", "v1/income", signed(incomeType="FUNDING_FEE"))
        assert float(rows[0]["income"]) == pytest.approx(0.6, rel=0.02)
        await decide(200, account="demo", transfer="-1000")
        assert "BTCUSDT" in (await decide(400, symbol="NOSUCH"))["error"]
        assert "insufficient" in (await decide(400, account="demo", transfer="-9000000"))["error"]
        assert "error" in await decide(400, nonsense=1)
        async with session.get(f"{venue.http_url}/emulator/ledger") as response:
            ledger = (await response.json())["usdm"]
        assert ledger["accounts"]["demo"]["executions"][0]["symbol"] == "BTCUSDT"
        assert ledger["marketPositions"]["BTCUSDT"] == "-0.010"


async def test_recorded_mark_prices_are_the_exchanges_own(tmp_path: Path) -> None:
    def trade(number: int) -> Json:
        time_ms = 1_700_000_000_000 + number
        data = {"e": "trade", "E": time_ms, "T": time_ms, "s": "ABCUSDT", "t": number, "p": "10.00", "q": "1.0"}
        return combined("abcusdt@trade", data | {"X": "MARKET", "m": False})

    mark = {"e": "markPriceUpdate", "E": 1, "s": "ABCUSDT", "p": "10.12345678", "i": "10.1", "r": "0.0002", "T": 0}
    frames = [(0, trade(1)), (1, combined("abcusdt@markPrice@1s", mark)), (2, trade(2))]
    path = write_recording(tmp_path / "usdm-abcusdt.gz", frames)
    settings = Settings(frames=(path,), market=Market.USDM, speed=None, start_grace_s=0.05)
    async with EmbeddedVenue(settings) as venue, asyncio.timeout(30):
        async with connect(f"{venue.ws_url}/ws/abcusdt@trade/abcusdt@markPrice@1s") as socket:
            for _ in range(3):
                await socket.recv()
        row = await call(venue, "GET", "v1/premiumIndex", "symbol=ABCUSDT")
    assert (row["markPrice"], row["indexPrice"], row["lastFundingRate"]) == ("10.12345678", "10.10000000", "0.00020000")
