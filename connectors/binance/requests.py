"""Stream names, connection lines and REST paths of Binance."""

from collections.abc import Iterator, Sequence
from urllib.parse import quote, urlencode

import msgspec

from connectors.binance.settings import BinanceSettings, Market

STREAMS_PER_LINE_MAX = 100
"""Streams that one connection carries. The venue allows 1,024; a hundred names fit every proxy's limit on URLs, so no
SUBSCRIBE message is needed: "WebSocket connections have a limit of 5 incoming messages per second" (10 on USDⓈ-M)."""

_REGULAR = ("bars", "marks")
_FASTEST = {Market.SPOT: "100ms", Market.USDM: "0ms"}
_SPEEDS = {Market.SPOT: ("100ms", "1000ms"), Market.USDM: ("0ms", "100ms", "250ms", "500ms")}
EXCHANGE_INFO_WEIGHT = {Market.SPOT: 20, Market.USDM: 1}
TIME_WEIGHT = 1
_DEPTH_WEIGHTS = {
    Market.SPOT: ((100, 5), (500, 25), (1000, 50), (5000, 250)),
    Market.USDM: ((50, 2), (100, 5), (500, 10), (1000, 20)),
}
_KLINES_WEIGHTS = ((99, 1), (499, 2), (1000, 5))
_PATHS = {Market.SPOT: "/api/v3", Market.USDM: "/fapi/v1"}


class StreamName(msgspec.Struct, frozen=True):
    """One stream: the venue's name for it, and what it means to us."""

    name: str
    channel: str
    symbol: str


class Line(msgspec.Struct, frozen=True):
    """The streams of one connection, and the URL that subscribes to them all."""

    url: str
    streams: tuple[StreamName, ...]


def stream_name(settings: BinanceSettings, channel: str, symbol: str) -> StreamName:
    """Return the stream of one channel of one symbol. Raises ValueError for a channel or speed that does not exist.

    "All symbols for streams are lowercase."
    """
    suffix = {
        "quotes": "bookTicker",
        "trades": "trade",
        "book": f"depth{_speed_suffix(settings)}",
        "bars": f"kline_{settings.bar_interval}",
        "marks": "markPrice@1s",
    }.get(channel)
    if suffix is None or (channel == "marks" and settings.market is Market.SPOT):
        raise ValueError(f"no channel {channel!r}; there are quotes, trades, book and bars, and marks on USDⓈ-M")
    return StreamName(f"{symbol.lower()}@{suffix}", channel, symbol)


def lines(settings: BinanceSettings, symbols: Sequence[str]) -> tuple[Line, ...]:
    """Return the connections that carry every configured channel of the symbols, as combined streams.

    USDⓈ-M serves klines and mark prices from another entry point than quotes, trades and depth.
    """
    streams = [stream_name(settings, channel, symbol) for symbol in symbols for channel in settings.channels]
    by_base: dict[str, list[StreamName]] = {}
    for stream in streams:
        base = settings.ws_market_base if stream.channel in _REGULAR else settings.ws_base
        by_base.setdefault(base, []).append(stream)
    return tuple(
        Line(f"{base}/stream?streams={'/'.join(_path_safe(stream.name) for stream in batch)}", batch)
        for base, group in by_base.items()
        for batch in _batches(group)
    )


def exchange_info_url(settings: BinanceSettings, symbols: Sequence[str] = ()) -> str:
    """Return the URL of the trading rules; of these symbols alone where the market can filter (spot)."""
    url = f"{settings.rest_base}{_PATHS[settings.market]}/exchangeInfo"
    if settings.market is Market.SPOT and symbols:
        listed = "[" + ",".join(f'"{symbol}"' for symbol in symbols) + "]"
        return f"{url}?{urlencode({'symbols': listed})}"
    return url


def depth_url(settings: BinanceSettings, symbol: str) -> str:
    """Return the URL of a book snapshot."""
    query = urlencode({"symbol": symbol, "limit": settings.snapshot_levels})
    return f"{settings.rest_base}{_PATHS[settings.market]}/depth?{query}"


def depth_weight(settings: BinanceSettings) -> int:
    """Return what a book snapshot weighs: by its levels, as each market's table says."""
    steps = _DEPTH_WEIGHTS[settings.market]
    return next((weight for most, weight in steps if settings.snapshot_levels <= most), steps[-1][1])


def klines_weight(settings: BinanceSettings, limit: int) -> int:
    """Return what so many bars weigh: 2 on spot; "[1,100) 1, [100, 500) 2, [500, 1000] 5, > 1000 10" on USDⓈ-M."""
    if settings.market is Market.SPOT:
        return 2
    return next((weight for most, weight in _KLINES_WEIGHTS if limit <= most), 10)


def time_url(settings: BinanceSettings) -> str:
    """Return the URL of the venue's clock."""
    return f"{settings.rest_base}{_PATHS[settings.market]}/time"


def klines_url(settings: BinanceSettings, symbol: str, limit: int) -> str:
    """Return the URL of the latest bars, the open one last."""
    query = urlencode({"symbol": symbol, "interval": settings.bar_interval, "limit": limit})
    return f"{settings.rest_base}{_PATHS[settings.market]}/klines?{query}"


def _speed_suffix(settings: BinanceSettings) -> str:
    """Return the speed part of a depth stream's name."""
    speed = settings.depth_speed or _FASTEST[settings.market]
    if speed not in _SPEEDS[settings.market]:
        raise ValueError(
            f"depth_speed {speed!r} does not exist on {settings.market}; choose {', '.join(_SPEEDS[settings.market])}"
        )
    # The slow streams' names carry no speed: spot's `@depth` is 1000ms, USDⓈ-M's 250ms.
    return "" if speed in {"1000ms", "250ms"} else f"@{speed}"


def _path_safe(name: str) -> str:
    """Return a stream name as it may stand in a URL; a few symbols of the venue are not ASCII."""
    return quote(name, safe="@_!")


def _batches(streams: list[StreamName]) -> Iterator[tuple[StreamName, ...]]:
    """Yield the streams of one line after another."""
    for start in range(0, len(streams), STREAMS_PER_LINE_MAX):
        yield tuple(streams[start : start + STREAMS_PER_LINE_MAX])
