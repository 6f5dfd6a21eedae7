"""A recorded file read without the product: plain json, Decimals and dicts.

What the daemon exports is compared with this, so nothing here may share its code.
"""

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

Row = tuple[object, ...]
Book = tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]

NS_PER_MS = 1_000_000


class Recording(NamedTuple):
    """One symbol's frames. `told` are the facts in order of arrival, each as a row that begins with its kind."""

    told: list[Row]
    frames: int  # sent over the websocket
    book: Book  # bids and asks after the last frame
    last_update_id: int


class _Numbers(dict[str, Decimal]):
    def __missing__(self, text: str) -> Decimal:
        number = self[text] = Decimal(text)
        return number


NUMBER = _Numbers()


def read(path: Path) -> Recording:
    """Read a file of `<receive ns> <frame>` lines."""
    told: list[Row] = []
    depths: list[dict[str, Any]] = []
    snapshots: list[dict[str, Any]] = []
    frames = 0
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            frame = json.loads(line.split(" ", 1)[1])
            if "lastUpdateId" in frame:
                snapshots.append(frame)
                continue
            frames += 1
            stream, data = frame["stream"].partition("@")[2], frame["data"]
            if stream == "trade":
                told.append(_trade(data))
            elif stream == "bookTicker":
                told.append(_quote(data))
            else:
                assert stream.startswith("depth"), stream
                depths.append(data)
                if data["b"] or data["a"]:
                    told.append(_depth(data))
    book, last_update_id = rebuild(snapshots[0], depths)
    return Recording(told, frames, book, last_update_id)


def _trade(data: dict[str, Any]) -> Row:
    side = "sell" if data["m"] else "buy"  # the buyer was the maker, so the seller took
    return ("trade", data["T"] * NS_PER_MS, data["t"], NUMBER[data["p"]], NUMBER[data["q"]], side)


def _quote(data: dict[str, Any]) -> Row:
    numbers = (NUMBER[data[name]] for name in ("b", "B", "a", "A"))
    return ("quote", data.get("E", 0) * NS_PER_MS, data["u"], *numbers)


def _depth(data: dict[str, Any]) -> Row:
    levels = [("bid", NUMBER[price], NUMBER[quantity]) for price, quantity in data["b"]]
    levels += [("ask", NUMBER[price], NUMBER[quantity]) for price, quantity in data["a"]]
    return ("book", data["E"] * NS_PER_MS, data["U"], data["u"], *levels)


def rebuild(snapshot: dict[str, Any], depths: list[dict[str, Any]]) -> tuple[Book, int]:
    """Build the book by Binance's documented rules, on the snapshot given.

    Spot: drop events with `u` <= lastUpdateId; the first one kept has U <= lastUpdateId + 1 <= u; each later one has
    U = u of the one before + 1. USDⓈ-M: drop events with `u` < lastUpdateId; the first one kept has
    U <= lastUpdateId <= u; each later one has pu = u of the one before. Quantities are absolute, 0 removes.
    """
    last = snapshot["lastUpdateId"]
    bids = {Decimal(price): Decimal(quantity) for price, quantity in snapshot["bids"]}
    asks = {Decimal(price): Decimal(quantity) for price, quantity in snapshot["asks"]}
    first = True
    for depth in depths:
        is_usdm = "pu" in depth
        if depth["u"] < last or (not is_usdm and depth["u"] == last):
            continue
        if first:
            assert depth["U"] <= last + (0 if is_usdm else 1), "the recording has a gap after its snapshot"
        else:
            assert depth["pu"] == last if is_usdm else depth["U"] == last + 1, "the recording has a gap"
        for side, changes in ((bids, depth["b"]), (asks, depth["a"])):
            for price, quantity in changes:
                if NUMBER[quantity] == 0:
                    side.pop(NUMBER[price], None)
                else:
                    side[NUMBER[price]] = NUMBER[quantity]
        last, first = depth["u"], False
    return (bids, asks), last
