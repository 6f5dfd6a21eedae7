"""A recording made up from a seed, in the venue's form, for tests that want many frames at once and nobody's data."""

import gzip
import json
import random
from pathlib import Path

START_NS = 1_700_000_000_000_000_000
STEP_NS = 1_000_000
TICKS_OF = 100  # a price unit
SNAPSHOT_AT = 20  # after the first depth updates, as a client has it


def write_recording(path: Path, frames: int, seed: int = 1, symbol: str = "BTCUSDT") -> Path:
    """Write spot frames of one symbol, one a millisecond: quotes and trades around a wandering price, some depth."""
    rng = random.Random(seed)
    name = symbol.lower()
    mid, update_id, trade_id = 6_000_000, 1_000_000, 500_000

    def text(ticks: int) -> str:
        return f"{ticks // TICKS_OF}.{ticks % TICKS_OF:02d}000000"

    def quantity() -> str:
        return f"0.{rng.randrange(1, 1_000_000):06d}00"

    def sides() -> dict[str, list[list[str]]]:
        levels = range(1, 101)
        bids = [[text(mid - 5 * level), quantity()] for level in levels]
        return {"bids": bids, "asks": [[text(mid + 5 * level), quantity()] for level in levels]}

    with gzip.open(path, "wt", compresslevel=1) as file:

        def write(number: int, frame: object) -> None:
            file.write(f"{START_NS + number * STEP_NS} {json.dumps(frame, separators=(',', ':'))}\n")

        for number in range(frames):
            if number == SNAPSHOT_AT:
                write(number, {"lastUpdateId": update_id, **sides()})
            mid += rng.choice((-2, -1, 0, 0, 1, 2))
            event_ms = (START_NS + number * STEP_NS) // 1_000_000
            match number % 8:
                case 0:
                    change = {"e": "depthUpdate", "E": event_ms, "s": symbol, "U": update_id + 1, "u": update_id + 9}
                    update_id += 9
                    far = [[text(mid - 4_000 - rng.randrange(500)), quantity()] for _ in range(3)]
                    data = {"stream": f"{name}@depth@100ms", "data": {**change, "b": far, "a": []}}
                case 1 | 4:
                    trade_id += 1
                    trade = {"e": "trade", "E": event_ms, "s": symbol, "t": trade_id, "p": text(mid), "q": quantity()}
                    data = {
                        "stream": f"{name}@trade",
                        "data": {**trade, "T": event_ms, "m": rng.random() < 0.5, "M": True},
                    }
                case _:
                    quote = {"u": update_id, "s": symbol, "b": text(mid - 1), "B": quantity(), "a": text(mid + 1)}
                    data = {"stream": f"{name}@bookTicker", "data": {**quote, "A": quantity()}}
            write(number, data)
    return path
