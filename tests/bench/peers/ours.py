"""Our side of a row: `python -m tests.bench.peers.ours NAME FOLDER` runs one scenario and prints the same line.

A scenario takes the data's folder and returns what it took: `events`, `orders`, `took` and whatever else is worth
telling. What it does before its `Timed` block (imports, loading, compiling) is not counted, as with the peers.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

import numpy as np

from core.records import Event, Kind
from daemon.replay import replay_session
from tests.bench.peers.engines import scenario as given
from tests.bench.sessions import EMA, write_session


class Taken(TypedDict):
    """What a scenario took."""

    events: int
    orders: int
    took: given.Timed


def main() -> None:
    """Run the scenario that the command line names."""
    name, folder = given.arguments()
    given.report(version="this tree", **SCENARIOS[name](folder))


def quotes(folder: Path) -> Taken:
    """Quotes without a strategy."""
    return _replayed(folder, "")


def quotes_ema(folder: Path) -> Taken:
    """Quotes and the Python EMA cross."""
    return _replayed(folder, EMA % (given.QUOTES_FAST, given.QUOTES_SLOW))


def _replayed(folder: Path, strategy: str) -> Taken:
    """A verified replay of a journal of the quotes: engine, strategy, order manager, gate; the journal is read too."""
    market = _quotes(folder)
    with tempfile.TemporaryDirectory(prefix="tickerd-peers-") as name:
        session = Path(name) / "session"
        orders = write_session(session, market, strategy)
        market.clear()
        with given.Timed() as took:
            result = replay_session(session)
        assert result.ok, result.text()
        return {"events": result.events, "orders": orders, "took": took}


def _quotes(folder: Path) -> list[Event]:
    """Return the quotes as events; the instrument's lot is a thousandth as in the peers."""
    rows = np.load(folder / "quotes.npy")
    columns = [rows[name].tolist() for name in ("ts_ns", "bid", "bid_quantity", "ask", "ask_quantity")]
    return [
        (Kind.QUOTE, 0, 0, ts_ns, 0, bid, bid_quantity * 10**5, ask, ask_quantity * 10**5, number)
        for number, (ts_ns, bid, bid_quantity, ask, ask_quantity) in enumerate(zip(*columns, strict=True), start=1)
    ]


# Every name that rows.py uses as `ours`; a row whose name is not here yet is shown without our side.
SCENARIOS: dict[str, Callable[[Path], Taken]] = {
    "quotes": quotes,
    "quotes-ema": quotes_ema,
}

if __name__ == "__main__":
    main()
