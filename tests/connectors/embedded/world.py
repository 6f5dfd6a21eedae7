"""Clients, small recordings and an independent book with which the embedded venue is tested.

Nothing here uses the venue's own code to read frames: the book is rebuilt from the file by the documented rules.
"""

import gzip
import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import websockets

from connectors.embedded.server import EmbeddedVenue

Json = Any

START_NS = 1_700_000_000_000_000_000


def connect(url: str) -> websockets.connect:
    return websockets.connect(url, compression=None, max_size=None, max_queue=None, open_timeout=10)


async def get(url: str, **parameters: str | int) -> Json:
    status, body, _ = await get_all(url, **parameters)
    assert status == 200, body
    return body


async def get_all(url: str, **parameters: str | int) -> tuple[int, Json, Any]:
    async with aiohttp.ClientSession() as session, session.get(url, params=parameters) as response:
        return response.status, await response.json(content_type=None), response.headers


async def post_fault(venue: EmbeddedVenue, **fault: object) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{venue.http_url}/emulator/faults", json=fault) as response,
    ):
        assert response.status == 200, await response.text()


def recorded_frames(path: Path) -> list[bytes]:
    """The frames of a file as they were sent, without the lines that are REST answers."""
    with gzip.open(path) as file:
        texts = [line.rstrip(b"\n").partition(b" ")[2] for line in file]
    return [text for text in texts if not text.startswith(b'{"lastUpdateId"')]


def recorded_snapshot(path: Path) -> Json:
    with gzip.open(path) as file:
        texts = (line.partition(b" ")[2] for line in file)
        return json.loads(next(text for text in texts if text.startswith(b'{"lastUpdateId"')))


def write_recording(path: Path, frames: Iterable[tuple[int, Json | str]]) -> Path:
    """Write frames at milliseconds after START_NS; a str is written as it is."""
    with gzip.open(path, "wt") as file:
        for at_ms, frame in frames:
            text = frame if isinstance(frame, str) else json.dumps(frame, separators=(",", ":"))
            file.write(f"{START_NS + at_ms * 1_000_000} {text}\n")
    return path


def combined(stream: str, data: Json) -> Json:
    return {"stream": stream, "data": data}


def trade(number: int, symbol: str = "ABCUSDT", price: str = "10.00000000", **changes: Json) -> Json:
    data = {
        "e": "trade",
        "E": 1_700_000_000_000 + number,
        "s": symbol,
        "t": number,
        "p": price,
        "q": "1.00000000",
        "T": 1_700_000_000_000 + number,
        "m": False,
        "M": True,
    }
    return combined(f"{symbol.lower()}@trade", data | changes)


def ticker(update_id: int, symbol: str = "ABCUSDT", bid: str = "9.99000000", ask: str = "10.01000000") -> Json:
    data = {"u": update_id, "s": symbol, "b": bid, "B": "1.00000000", "a": ask, "A": "2.00000000"}
    return combined(f"{symbol.lower()}@bookTicker", data)


def depth(first: int, last: int, bids: Json = (), asks: Json = (), symbol: str = "ABCUSDT", **more: Json) -> Json:
    data = {"e": "depthUpdate", "E": 1_700_000_000_000, "s": symbol, "U": first, "u": last, **more}
    return combined(f"{symbol.lower()}@depth@100ms", data | {"b": list(bids), "a": list(asks)})


def snapshot(last: int, bids: Json = (), asks: Json = ()) -> Json:
    return {"lastUpdateId": last, "bids": list(bids), "asks": list(asks)}


class LocalBook:
    """A book kept as "How to manage a local order book correctly" says, of either market, in the venue's texts."""

    def __init__(self) -> None:
        self.bids: dict[str, str] = {}
        self.asks: dict[str, str] = {}
        self.last_update_id = 0

    def load(self, answer: Json) -> None:
        self.bids = dict(answer["bids"])
        self.asks = dict(answer["asks"])
        self.last_update_id = answer["lastUpdateId"]

    def apply(self, data: Json) -> bool:
        """Apply a depth update; returns whether it followed on what the book holds."""
        if data["u"] < self.last_update_id or ("pu" not in data and data["u"] == self.last_update_id):
            return True
        before: int = data["pu"] if "pu" in data else data["U"] - 1
        follows = before <= self.last_update_id
        for side, levels in ((self.bids, data["b"]), (self.asks, data["a"])):
            for price, quantity in levels:
                if float(quantity) == 0:
                    side.pop(price, None)
                else:
                    side[price] = quantity
        self.last_update_id = data["u"]
        return follows

    def top(self, levels: int) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        bids = sorted(self.bids.items(), key=lambda level: Decimal(level[0]), reverse=True)
        return bids[:levels], sorted(self.asks.items(), key=lambda level: Decimal(level[0]))[:levels]


def rebuild(path: Path) -> LocalBook:
    """Rebuild the book at the end of a recording from its snapshot and its diffs."""
    book = LocalBook()
    book.load(recorded_snapshot(path))
    for frame in recorded_frames(path):
        if b"@depth" in frame[:40]:
            assert book.apply(json.loads(frame)["data"])
    return book
