"""The venue's REST answers: documented shapes, errors and headers."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors.embedded.server import EmbeddedVenue
from connectors.embedded.settings import Settings
from tests.connectors.embedded.world import (
    combined,
    connect,
    depth,
    get,
    get_all,
    snapshot,
    ticker,
    trade,
    write_recording,
)

SPOT = [
    depth(1, 5),
    snapshot(5, [["9.99000000", "3.00000000"], ["9.98000000", "4.00000000"]], [["10.01000000", "1.00000000"]]),
    ticker(6),
    trade(1, price="10.00000000", T=1_700_000_000_000),
    trade(2, price="12.50000000", q="2.00000000", T=1_700_000_045_000, m=True),
    trade(3, price="11.00000000", T=1_700_000_070_000),
    trade(4, "XYZBTC", "0.05000000"),
]
USDM = [
    combined("abcusdt@depth@0ms", depth(1, 5, [["9.9", "1"]], pu=0, T=123)["data"]),
    trade(1, price="10.1", X="MARKET", M=None),
    combined(
        "abcusdt@bookTicker",
        {"e": "bookTicker", "u": 7, "s": "ABCUSDT", "b": "9.9", "B": "1", "a": "10.1", "A": "2", "T": 5, "E": 6},
    ),
]


@asynccontextmanager
async def played(tmp_path: Path, **markets: list[Any]) -> AsyncIterator[EmbeddedVenue]:
    """A venue whose recordings have been played to their ends."""
    paths = tuple(write_recording(tmp_path / f"{name}.gz", list(enumerate(frames))) for name, frames in markets.items())
    settings = Settings(frames=paths, speed=None, start_grace_s=0.05, wait_snapshot=False)
    async with EmbeddedVenue(settings) as venue, asyncio.timeout(20):
        async with connect(f"{venue.ws_url}/ws/abcusdt@trade"):
            await venue.player.finished.wait()
        yield venue


def filters(symbol: Any) -> dict[str, Any]:
    return {entry["filterType"]: entry for entry in symbol["filters"]}


async def test_ping_time_and_the_weight_headers(tmp_path: Path) -> None:
    async with played(tmp_path, spot=SPOT) as venue:
        assert await get(f"{venue.http_url}/api/v3/ping") == {}
        assert (await get(f"{venue.http_url}/api/v3/time"))["serverTime"] > 1_700_000_000_000
        status, _, headers = await get_all(f"{venue.http_url}/api/v3/depth", symbol="ABCUSDT", limit=5000)

    assert status == 200
    assert int(headers["X-MBX-USED-WEIGHT-1M"]) >= 250
    assert headers["Content-Type"].startswith("application/json")


async def test_spot_exchange_info_lists_the_recorded_symbols_with_inferred_tick_and_lot(tmp_path: Path) -> None:
    async with played(tmp_path, spot=SPOT) as venue:
        info = await get(f"{venue.http_url}/api/v3/exchangeInfo")
        one = await get(f"{venue.http_url}/api/v3/exchangeInfo", symbol="XYZBTC")
        two = await get(f"{venue.http_url}/api/v3/exchangeInfo", symbols='["XYZBTC","ABCUSDT"]')

    assert [symbol["symbol"] for symbol in info["symbols"]] == ["ABCUSDT", "XYZBTC"]
    assert [symbol["symbol"] for symbol in one["symbols"]] == ["XYZBTC"]
    assert [symbol["symbol"] for symbol in two["symbols"]] == ["XYZBTC", "ABCUSDT"]
    first = info["symbols"][0]
    assert (first["baseAsset"], first["quoteAsset"], first["status"]) == ("ABC", "USDT", "TRADING")
    assert first["baseAssetPrecision"] == first["quoteAssetPrecision"] == 8
    assert filters(first)["PRICE_FILTER"]["tickSize"] == "0.01000000"
    assert filters(first)["LOT_SIZE"]["stepSize"] == "1.00000000"
    assert "minNotional" in filters(first)["NOTIONAL"]


async def test_usdm_exchange_info_has_the_shapes_of_that_market(tmp_path: Path) -> None:
    async with played(tmp_path, usdm=USDM) as venue:
        info = await get(f"{venue.http_url}/fapi/v1/exchangeInfo", symbol="IGNORED")
        other = await get(f"{venue.http_url}/dapi/v1/exchangeInfo")
        spot = await get(f"{venue.http_url}/api/v3/exchangeInfo")

    (symbol,) = info["symbols"]
    assert (symbol["contractType"], symbol["marginAsset"], symbol["pricePrecision"]) == ("PERPETUAL", "USDT", 1)
    assert filters(symbol)["PRICE_FILTER"]["tickSize"] == "0.1"
    assert filters(symbol)["MIN_NOTIONAL"]["notional"] == "5"
    assert other["symbols"] == spot["symbols"] == []


async def test_depth_is_the_book_up_to_the_limit(tmp_path: Path) -> None:
    async with played(tmp_path, spot=SPOT, usdm=USDM) as venue:
        whole = await get(f"{venue.http_url}/api/v3/depth", symbol="ABCUSDT")
        one = await get(f"{venue.http_url}/api/v3/depth", symbol="ABCUSDT", limit=1)
        usdm = await get(f"{venue.http_url}/fapi/v1/depth", symbol="ABCUSDT", limit=5)

    assert whole == SPOT[1]
    assert one == snapshot(5, [["9.99000000", "3.00000000"]], [["10.01000000", "1.00000000"]])
    assert usdm == {"lastUpdateId": 5, "E": 1_700_000_000_000, "T": 123, "bids": [["9.9", "1"]], "asks": []}


async def test_book_tickers_of_one_and_of_all_symbols(tmp_path: Path) -> None:
    async with played(tmp_path, spot=SPOT, usdm=USDM) as venue:
        one = await get(f"{venue.http_url}/api/v3/ticker/bookTicker", symbol="ABCUSDT")
        every = await get(f"{venue.http_url}/api/v3/ticker/bookTicker")
        usdm = await get(f"{venue.http_url}/fapi/v1/ticker/bookTicker", symbol="ABCUSDT")

    best = {"bidPrice": "9.99000000", "bidQty": "1.00000000", "askPrice": "10.01000000", "askQty": "2.00000000"}
    assert one == {"symbol": "ABCUSDT", **best}
    assert [row["symbol"] for row in every] == ["ABCUSDT", "XYZBTC"]
    assert (usdm["lastUpdateId"], usdm["time"], usdm["bidPrice"]) == (7, 5, "9.9")


async def test_klines_are_aggregated_from_the_trades_sent(tmp_path: Path) -> None:
    async with played(tmp_path, spot=SPOT) as venue:
        url = f"{venue.http_url}/api/v3/klines"
        minutes = await get(url, symbol="ABCUSDT", interval="1m")
        last = await get(url, symbol="ABCUSDT", interval="1m", limit=1)
        since = await get(url, symbol="ABCUSDT", interval="1m", startTime=1_699_999_980_000, limit=1)
        hours = await get(url, symbol="ABCUSDT", interval="1h")

    opened = 1_699_999_980_000
    assert minutes[0] == [
        opened,
        *("10.00000000", "10.00000000", "10.00000000", "10.00000000", "1.00000000"),
        opened + 59_999,
        *("10.00000000", 1, "1.00000000", "10.00000000", "0"),
    ]
    assert minutes[1] == [
        opened + 60_000,
        *("12.50000000", "12.50000000", "11.00000000", "11.00000000", "3.00000000"),
        opened + 119_999,
        *("36.00000000", 2, "1.00000000", "11.00000000", "0"),
    ]
    assert last == minutes[-1:]
    assert since == minutes[:1]
    assert [hours[0][5], hours[0][8]] == ["4.00000000", 3]


async def test_trades_and_prices_of_the_last_day(tmp_path: Path) -> None:
    async with played(tmp_path, spot=SPOT) as venue:
        trades = await get(f"{venue.http_url}/api/v3/trades", symbol="ABCUSDT", limit=2)
        aggregates = await get(f"{venue.http_url}/api/v3/aggTrades", symbol="ABCUSDT", startTime=0, limit=1)
        price = await get(f"{venue.http_url}/api/v3/ticker/price", symbol="ABCUSDT")
        day = await get(f"{venue.http_url}/api/v3/ticker/24hr", symbol="ABCUSDT")

    assert [entry["id"] for entry in trades] == [2, 3]
    assert (trades[0]["quoteQty"], trades[0]["isBuyerMaker"]) == ("25.00000000", True)
    assert [entry["a"] for entry in aggregates] == [1]
    assert price == {"symbol": "ABCUSDT", "price": "11.00000000"}
    assert (day["openPrice"], day["highPrice"], day["lastPrice"]) == ("10.00000000", "12.50000000", "11.00000000")
    assert (day["priceChange"], day["priceChangePercent"], day["count"]) == ("1.00000000", "10.000", 3)
    assert (day["volume"], day["weightedAvgPrice"]) == ("4.00000000", "11.50000000")


MALFORMED = "was not sent, was empty/null, or malformed."


@pytest.mark.parametrize(
    ("path", "parameters", "status", "code", "message"),
    [
        ("/api/v3/depth", {}, 400, -1102, f"Mandatory parameter 'symbol' {MALFORMED}"),
        ("/api/v3/depth", {"symbol": "NOPE"}, 400, -1121, "Invalid symbol."),
        ("/api/v3/depth", {"symbol": "ABCUSDT", "limit": "x"}, 400, -1100, "Illegal characters found in parameter"),
        ("/api/v3/depth", {"symbol": "ABCUSDT", "limit": 0}, 400, -1130, "Data sent for parameter 'limit'"),
        ("/api/v3/depth", {"symbol": "abcusdt"}, 400, -1100, "Illegal characters found in parameter 'symbol'"),
        ("/api/v3/klines", {"symbol": "ABCUSDT"}, 400, -1102, f"Mandatory parameter 'interval' {MALFORMED}"),
        ("/api/v3/klines", {"symbol": "ABCUSDT", "interval": "7m"}, 400, -1120, "Invalid interval."),
        ("/api/v3/exchangeInfo", {"symbol": "NOPE"}, 400, -1121, "Invalid symbol."),
        ("/api/v3/exchangeInfo", {"symbol": "A", "symbols": '["B"]'}, 400, -1128, "Combination of optional"),
        ("/api/v3/exchangeInfo", {"symbols": "A,B"}, 400, -1100, "Illegal characters found in parameter 'symbols'"),
        ("/fapi/v1/depth", {"symbol": "ABCUSDT"}, 400, -1121, "Invalid symbol."),
        ("/api/v3/nothing", {}, 404, -5000, "Path /api/v3/nothing, Method GET is invalid"),
    ],
)
async def test_a_wrong_request_gets_the_documented_error_and_status(
    tmp_path: Path, path: str, parameters: dict[str, Any], status: int, code: int, message: str
) -> None:
    async with played(tmp_path, spot=SPOT) as venue:
        found, body, _ = await get_all(f"{venue.http_url}{path}", **parameters)

    assert (found, body["code"]) == (status, code)
    assert body["msg"].startswith(message)


async def test_usdm_depth_has_only_the_documented_limits(tmp_path: Path) -> None:
    async with played(tmp_path, usdm=USDM) as venue:
        status, body, _ = await get_all(f"{venue.http_url}/fapi/v1/depth", symbol="ABCUSDT", limit=7)

    assert (status, body["code"]) == (400, -1130)


async def test_a_malformed_frame_is_no_ticker_and_no_trade(tmp_path: Path) -> None:
    frames = [
        *SPOT,
        combined("abcusdt@bookTicker", {"u": "x"}),
        combined("abcusdt@trade", {"t": 9}),
        trade(9, price="NaN"),
        trade(10, price="-1"),
    ]
    async with played(tmp_path, spot=frames) as venue:
        best = await get(f"{venue.http_url}/api/v3/ticker/bookTicker", symbol="ABCUSDT")
        trades = await get(f"{venue.http_url}/api/v3/trades", symbol="ABCUSDT")

    assert (best["bidPrice"], best["askPrice"]) == ("9.99000000", "10.01000000")
    assert [entry["id"] for entry in trades] == [1, 2, 3]


async def test_the_synthetic_market_says_that_it_is_synthetic() -> None:
    async with EmbeddedVenue(Settings(synthetic=True, seed=3)) as venue, asyncio.timeout(10):
        _, info, headers = await get_all(f"{venue.http_url}/api/v3/exchangeInfo")
        book = await get(f"{venue.http_url}/api/v3/depth", symbol="BTCUSDT", limit=5)

    assert headers["X-Synthetic"] == "true"
    assert [symbol["symbol"] for symbol in info["symbols"]] == ["BTCUSDT", "ETHUSDT"]
    assert float(book["bids"][0][0]) < float(book["asks"][0][0])
    assert json.dumps(book)
