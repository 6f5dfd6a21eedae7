"""What the tests of Binance share: instruments, sessions, frames as the venue writes them, an independent book."""

import functools
import gzip
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.binance.requests import lines
from connectors.binance.session import MarketSession
from connectors.binance.settings import BinanceSettings, Market
from core.book import L2Book
from core.instruments import AssetClass, Instrument
from core.records import Event, Kind

SECOND = 1_000_000_000
MARKETS = (Market.SPOT, Market.USDM)
RECORDED = (
    ("spot-btcusdt", Market.SPOT, "BTCUSDT"),
    ("spot-ethusdt", Market.SPOT, "ETHUSDT"),
    ("usdm-btcusdt", Market.USDM, "BTCUSDT"),
)


def instrument(symbol: str = "BTCUSDT", price_precision: int = 2, size_precision: int = 8) -> Instrument:
    return Instrument(
        symbol=symbol,
        venue="BINANCE",
        asset_class=AssetClass.CRYPTO_SPOT,
        base=symbol.removesuffix("USDT"),
        quote="USDT",
        price_precision=price_precision,
        size_precision=size_precision,
        tick=1,
        lot=1,
    )


def make_session(
    market: Market = Market.SPOT, symbols: tuple[str, ...] = ("BTCUSDT",), **settings: Any
) -> MarketSession:
    """Return a session with one line, opened at time 0 + 1 s; instrument i is symbols[i]."""
    chosen = BinanceSettings(market=market, instruments=symbols, **settings)
    streams = lines(chosen, symbols)[0].streams
    session = MarketSession(chosen, streams, {index: instrument(symbol) for index, symbol in enumerate(symbols)})
    session.on_open(SECOND)
    return session


def receive(session: MarketSession, frame: bytes, recv_ns: int = SECOND) -> list[Event]:
    """Return the events of one frame, without the FRESH that a stream's first frame brings."""
    return [event for event in session.receive([frame], recv_ns) if not is_fresh(event)]


def is_fresh(event: Event) -> bool:
    return event[0] == Kind.FEED and getattr(event[5], "state", "") == "fresh"


def combined(stream: str, data: dict[str, Any]) -> bytes:
    """Return a frame as Binance writes it: no spaces."""
    return json.dumps({"stream": stream, "data": data}, separators=(",", ":")).encode()


def quote(update_id: int, market: Market = Market.SPOT, symbol: str = "BTCUSDT", **changed: Any) -> bytes:
    data: dict[str, Any] = {"u": update_id, "s": symbol, "b": "100.10", "B": "1.5", "a": "100.20", "A": "2.5"}
    if market is Market.USDM:
        data = {"e": "bookTicker", **data, "T": 1_000, "E": 1_001}
    return combined(f"{symbol.lower()}@bookTicker", data | changed)


def trade(trade_id: int, market: Market = Market.SPOT, symbol: str = "BTCUSDT", **changed: Any) -> bytes:
    data: dict[str, Any] = {"e": "trade", "E": 1_002, "s": symbol, "t": trade_id, "p": "100.10", "q": "0.5", "T": 1_000}
    data |= {"m": True, "M": True} if market is Market.SPOT else {"X": "MARKET", "m": True}
    return combined(f"{symbol.lower()}@trade", data | changed)


def depth(
    first: int,
    last: int,
    prev: int | None = None,
    bids: list[list[str]] | None = None,
    asks: list[list[str]] | None = None,
    symbol: str = "BTCUSDT",
    **changed: Any,
) -> bytes:
    """Return a depthUpdate frame; with `prev` one of USDⓈ-M."""
    data: dict[str, Any] = {"e": "depthUpdate", "E": 1_003, "s": symbol, "U": first, "u": last}
    stream = f"{symbol.lower()}@depth@100ms"
    if prev is not None:
        data["pu"] = prev
        stream = f"{symbol.lower()}@depth@0ms"
    data |= {"b": [["100.00", "1"]] if bids is None else bids, "a": [] if asks is None else asks}
    return combined(stream, data | changed)


def snapshot(last: int, bids: list[list[str]] | None = None, asks: list[list[str]] | None = None) -> bytes:
    return json.dumps(
        {
            "lastUpdateId": last,
            "bids": [["99.00", "5"]] if bids is None else bids,
            "asks": [["101.00", "5"]] if asks is None else asks,
        }
    ).encode()


def states(events: list[Event], channel: str = "book") -> list[str]:
    """Return the states that FEED events of a channel tell, in order."""
    return [
        str(getattr(event[5], "state", ""))
        for event in events
        if event[0] == Kind.FEED and getattr(event[5], "channel", None) == channel
    ]


def kinds(events: list[Event]) -> list[str]:
    return [Kind(event[0]).name for event in events]


def apply_book(book: L2Book, events: list[Event]) -> list[str]:
    """Apply BOOK events to the core's book; return the faults that it found."""
    faults = []
    for event in events:
        if event[0] == Kind.BOOK:
            price = event[5]
            assert isinstance(price, int)
            fault = book.apply(event[1], price, event[6], event[8], event[9])
            if fault is not None:
                faults.append(str(fault))
    return faults


def recorded_lines(folder: Path, name: str) -> Iterator[tuple[int, bytes]]:
    """Yield (receive ns, frame) of a recording."""
    with gzip.open(folder / "binance" / f"{name}_20240808.gz") as lines_of_file:
        for line in lines_of_file:
            recv_ns, _, frame = line.rstrip(b"\n").partition(b" ")
            yield int(recv_ns), frame


@functools.cache
def units(text: str, places: int) -> int:
    """Return a decimal in units of 10^-places by way of Decimal, the slow and obvious one; it must be whole."""
    scaled = Decimal(text).scaleb(places)
    assert scaled == int(scaled)
    return int(scaled)


class PlainBook:
    """A book kept in the obvious way, to compare with."""

    def __init__(self, body: bytes) -> None:
        data = json.loads(body)
        self.last = data["lastUpdateId"]
        self.bids, self.asks = (
            {units(price, 2): units(size, 8) for price, size in data[side]} for side in ("bids", "asks")
        )

    def apply(self, data: dict[str, Any]) -> None:
        if data["u"] <= self.last:
            return
        for side, key in ((self.bids, "b"), (self.asks, "a")):
            for price, size in data[key]:
                side[units(price, 2)] = units(size, 8)
        self.last = data["u"]

    def equals(self, book: L2Book) -> bool:
        mine = [{price: size for price, size in side.items() if size} for side in (self.bids, self.asks)]
        return mine == [book.bids.as_dict(), book.asks.as_dict()]
