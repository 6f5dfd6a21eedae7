"""The market of the scripted day: a price that walks up and down the same hill, so that every kind of order is met."""

import json
from pathlib import Path

STEP_NS = 25_000_000
HILL = 16  # steps up, and as many down
LEVELS = 6
_START_NS = 1_750_000_000_000_000_000
_MIDDLE = 200_000  # cents
_TICKS = 20  # that a step moves the price by


def write_day(path: Path, seconds: float, *, usdm: bool = False) -> None:
    """Write a recording of so long: bookTicker, depth and trades of ETHUSDT, 40 steps a second; spot's or USDⓈ-M's."""
    with path.open("w") as file:
        shown: dict[str, dict[int, str]] = {"b": {}, "a": {}}
        first = True
        for number in range(int(seconds * 1e9) // STEP_NS):
            turn = number % (2 * HILL)
            bid = _MIDDLE + _TICKS * min(turn, 2 * HILL - turn)
            now = {"b": {bid - 5 * k: "0.50000000" for k in range(LEVELS)}}
            now["a"] = {bid + 10 + 5 * k: "0.50000000" for k in range(LEVELS)}
            at_ns, update = _START_NS + number * STEP_NS, 1_000 + number
            ms = at_ns // 1_000_000
            told = {"E": ms, "T": ms} if usdm else {}
            if first:
                book = {"lastUpdateId": update, "bids": _levels(now["b"]), "asks": _levels(now["a"])}
                file.write(f"{at_ns} {json.dumps(book)}\n")
                first = False
            else:
                changes = {side: {**dict.fromkeys(shown[side], "0.00000000"), **now[side]} for side in ("b", "a")}
                depth = {"e": "depthUpdate", "E": ms, "s": "ETHUSDT", "U": update, "u": update, **told}
                if usdm:
                    depth["pu"] = update - 1
                _frame(file, at_ns, "depth@100ms", {**depth, "b": _levels(changes["b"]), "a": _levels(changes["a"])})
            shown = now
            best = {"b": _price(bid), "B": "0.50000000", "a": _price(bid + 10), "A": "0.50000000"}
            _frame(file, at_ns, "bookTicker", {"u": update, "s": "ETHUSDT", **best, **_named(told)})
            trade = {"e": "trade", "E": ms, "s": "ETHUSDT", "t": number, "p": best["b"], "q": "0.05000000"}
            _frame(file, at_ns, "trade", {**trade, "T": ms, "m": True, **({"X": "MARKET"} if usdm else {"M": True})})


def _frame(file, at_ns: int, stream: str, data: dict[str, object]) -> None:
    file.write(f"{at_ns} {json.dumps({'stream': f'ethusdt@{stream}', 'data': data}, separators=(',', ':'))}\n")


def _named(told: dict[str, int]) -> dict[str, object]:
    """Return what a bookTicker of USDⓈ-M says beside its prices; one of spot has no times either."""
    return {"e": "bookTicker", **told} if told else {}


def _levels(levels: dict[int, str]) -> list[tuple[str, str]]:
    return [(_price(price), quantity) for price, quantity in levels.items()]


def _price(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}000000"
