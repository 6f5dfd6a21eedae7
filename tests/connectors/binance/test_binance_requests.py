"""Stream names, lines and URLs as Binance documents them."""

import pytest

from connectors.binance.requests import (
    STREAMS_PER_LINE_MAX,
    depth_url,
    exchange_info_url,
    lines,
    time_url,
)
from connectors.binance.settings import BinanceSettings, Market

ALL = ("quotes", "trades", "book", "bars")
SPOT = BinanceSettings(market=Market.SPOT, instruments=("BTCUSDT",), channels=ALL)
USDM = BinanceSettings(market=Market.USDM, instruments=("BTCUSDT",), channels=ALL)


def test_spot_takes_all_streams_over_one_connection():
    (line,) = lines(SPOT, ["BTCUSDT", "ETHUSDT"])
    assert line.url == (
        "wss://stream.binance.com:9443/stream?streams="
        "btcusdt@bookTicker/btcusdt@trade/btcusdt@depth@100ms/btcusdt@kline_1m/"
        "ethusdt@bookTicker/ethusdt@trade/ethusdt@depth@100ms/ethusdt@kline_1m"
    )


def test_usdm_takes_klines_from_the_market_entry_and_the_rest_from_the_public_one():
    public, market = lines(USDM, ["BTCUSDT"])
    assert public.url == (
        "wss://fstream.binance.com/public/stream?streams=btcusdt@bookTicker/btcusdt@trade/btcusdt@depth@0ms"
    )
    assert market.url == "wss://fstream.binance.com/market/stream?streams=btcusdt@kline_1m"


def test_an_own_ws_url_serves_everything_unless_told_otherwise():
    settings = BinanceSettings(market=Market.USDM, channels=ALL, ws_url="ws://127.0.0.1:9001/")
    assert [line.url.partition("?")[0] for line in lines(settings, ["BTCUSDT"])] == ["ws://127.0.0.1:9001/stream"]


@pytest.mark.parametrize(
    ("market", "speed", "name"),
    [
        (Market.SPOT, "", "btcusdt@depth@100ms"),
        (Market.SPOT, "1000ms", "btcusdt@depth"),
        (Market.USDM, "", "btcusdt@depth@0ms"),
        (Market.USDM, "100ms", "btcusdt@depth@100ms"),
        (Market.USDM, "250ms", "btcusdt@depth"),
        (Market.USDM, "500ms", "btcusdt@depth@500ms"),
    ],
)
def test_the_depth_speed_is_part_of_the_name_except_for_the_markets_default(market, speed, name):
    settings = BinanceSettings(market=market, channels=("book",), depth_speed=speed)
    assert lines(settings, ["BTCUSDT"])[0].streams[0].name == name


def test_a_speed_or_channel_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(ValueError, match="choose 100ms, 1000ms"):
        lines(BinanceSettings(market=Market.SPOT, depth_speed="0ms"), ["BTCUSDT"])
    with pytest.raises(ValueError, match="no channel 'ticks'; there are quotes, trades, book and bars"):
        lines(BinanceSettings(channels=("ticks",)), ["BTCUSDT"])


def test_many_streams_are_shared_out_over_lines():
    symbols = [f"COIN{number}USDT" for number in range(90)]
    plan = lines(BinanceSettings(), symbols)
    assert [len(line.streams) for line in plan] == [STREAMS_PER_LINE_MAX, STREAMS_PER_LINE_MAX, 70]
    assert max(len(line.url) for line in plan) < 4_000
    assert len({stream.name for line in plan for stream in line.streams}) == 270


def test_a_symbol_that_is_not_ascii_is_written_for_a_url():
    (line,) = lines(BinanceSettings(channels=("trades",)), ["币安人生USDT"])
    assert line.url.endswith("streams=%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9Fusdt@trade")


def test_rest_paths_are_the_markets():
    assert exchange_info_url(SPOT, ["BTCUSDT", "ETHUSDT"]) == (
        "https://api.binance.com/api/v3/exchangeInfo?symbols=%5B%22BTCUSDT%22%2C%22ETHUSDT%22%5D"
    )
    assert exchange_info_url(SPOT) == "https://api.binance.com/api/v3/exchangeInfo"
    assert exchange_info_url(USDM, ["BTCUSDT"]) == "https://fapi.binance.com/fapi/v1/exchangeInfo"
    assert depth_url(USDM, "BTCUSDT") == "https://fapi.binance.com/fapi/v1/depth?symbol=BTCUSDT&limit=1000"
    assert time_url(SPOT) == "https://api.binance.com/api/v3/time"
