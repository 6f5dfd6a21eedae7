"""ccxt as it is, with nothing changed but its URLs, reads from the venue: REST, and websockets through ccxt.pro."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from connectors.embedded.market import Market
from connectors.embedded.server import EmbeddedVenue
from connectors.embedded.settings import Settings
from tests.connectors.embedded.world import connect

pytestmark = pytest.mark.filterwarnings("default")  # ccxt's own warnings are not ours to mend


def pointed(exchange: Any, venue: EmbeddedVenue) -> Any:
    """Change the URLs of an exchange object, and nothing else."""
    api = exchange.urls["api"]
    api["public"] = f"{venue.http_url}/api/v3"
    for kind in ("fapiPublic", "fapiPublicV2", "dapiPublic"):
        base, version = kind[:4], "v2" if kind.endswith("V2") else "v1"
        api[kind] = f"{venue.http_url}/{base}/{version}"
    if "ws" in api:
        api["ws"]["spot"] = f"{venue.ws_url}/ws"
        api["ws"]["future"] = api["ws"]["linear"] = f"{venue.ws_url}/ws"
    return exchange


async def test_ccxt_reads_the_synthetic_spot_market() -> None:
    ccxt = pytest.importorskip("ccxt")

    def read(venue: EmbeddedVenue) -> dict[str, Any]:
        exchange = pointed(ccxt.binance(), venue)
        found = {
            "markets": exchange.load_markets(),
            "time": exchange.fetch_time(),
            "book": exchange.fetch_order_book("BTC/USDT", 10),
            "bids": exchange.fetch_bids_asks(["BTC/USDT", "ETH/USDT"]),
            "ohlcv": exchange.fetch_ohlcv("BTC/USDT", "1m"),
            "ticker": exchange.fetch_ticker("ETH/USDT"),
            "trades": exchange.fetch_trades("ETH/USDT", limit=5),
        }
        exchange.session.close()
        return found

    async with EmbeddedVenue(Settings(synthetic=True, seed=3)) as venue, asyncio.timeout(60):
        async with connect(f"{venue.ws_url}/ws/btcusdt@trade/ethusdt@trade") as socket:
            for _ in range(20):
                await socket.recv()
        found = await asyncio.to_thread(read, venue)

    market = found["markets"]["BTC/USDT"]
    assert (market["precision"]["price"], market["precision"]["amount"]) == (0.01, 0.00001)
    assert market["spot"]
    book = found["book"]
    assert len(book["bids"]) == len(book["asks"]) == 10
    assert book["bids"][0][0] < book["asks"][0][0]
    assert found["bids"]["BTC/USDT"]["bid"] < found["bids"]["BTC/USDT"]["ask"]
    opened, high, low, close = found["ohlcv"][-1][1:5]
    assert low <= min(opened, close) <= max(opened, close) <= high
    assert found["ticker"]["last"] == pytest.approx(2600, rel=0.02)
    assert len(found["trades"]) == 5


async def test_ccxt_reads_recorded_usdm_frames(recorded_dir: Path) -> None:
    ccxt = pytest.importorskip("ccxt")
    path = recorded_dir / "binance" / "usdm-btcusdt_20240808.gz"
    if not path.exists():
        pytest.skip(f"{path} is not there")

    def read(venue: EmbeddedVenue) -> dict[str, Any]:
        exchange = pointed(ccxt.binanceusdm(), venue)
        found = {
            "markets": exchange.load_markets(),
            "book": exchange.fetch_order_book("BTC/USDT:USDT", 1000),
            "ohlcv": exchange.fetch_ohlcv("BTC/USDT:USDT", "1m"),
            "bids": exchange.fetch_bids_asks(["BTC/USDT:USDT"]),
        }
        exchange.session.close()
        return found

    async with EmbeddedVenue(Settings(frames=(path,), speed=None, start_grace_s=0.05)) as venue, asyncio.timeout(60):
        async with connect(f"{venue.ws_url}/ws/btcusdt@trade") as socket:
            for _ in range(1000):
                await socket.recv()
        found = await asyncio.to_thread(read, venue)

    market = found["markets"]["BTC/USDT:USDT"]
    assert (market["swap"], market["linear"]) == (True, True)
    assert (market["precision"]["price"], market["precision"]["amount"]) == (0.1, 0.001)
    assert len(found["book"]["bids"]) == 1000
    assert found["ohlcv"][0][4] == pytest.approx(61_800, rel=0.01)
    assert found["bids"]["BTC/USDT:USDT"]["bid"] == pytest.approx(61_800, rel=0.01)


@pytest.mark.parametrize(("kind", "symbol"), [("binance", "BTC/USDT"), ("binanceusdm", "BTC/USDT:USDT")])
async def test_ccxt_pro_follows_the_synthetic_market(kind: str, symbol: str) -> None:
    pro = pytest.importorskip("ccxt.pro")
    settings = Settings(synthetic=True, seed=3, market=Market.SPOT if kind == "binance" else Market.USDM)
    async with EmbeddedVenue(settings) as venue, asyncio.timeout(60):
        exchange = pointed(getattr(pro, kind)(), venue)
        try:
            books = [await exchange.watch_order_book(symbol) for _ in range(3)]
            trades = await exchange.watch_trades(symbol)
            quotes = await exchange.watch_bids_asks([symbol])
            candles = await exchange.watch_ohlcv(symbol, "1m")
        finally:
            await exchange.close()

    assert all(book["bids"][0][0] < book["asks"][0][0] for book in books)
    assert trades[0]["symbol"] == symbol
    assert quotes[symbol]["bid"] < quotes[symbol]["ask"]
    assert candles[-1][4] == pytest.approx(60_000, rel=0.02)
