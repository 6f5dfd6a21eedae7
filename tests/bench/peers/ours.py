"""Our side of a row: `python -m tests.bench.peers.ours NAME FOLDER` runs one scenario and prints the same line.

A scenario takes the data's folder and returns what it took: `events`, `orders` and `took`. What it does before its
`Timed` block (imports, loading, compiling) is not counted, as with the peers.
"""

import tempfile
from collections.abc import Callable, Iterable
from itertools import chain, islice
from pathlib import Path

import numpy as np

from config.load import parse
from core.bars import VENUE_INTERVALS
from core.instruments import AssetClass, Instrument
from core.records import Event, Kind
from research.backtest.data import Data, Folder
from research.backtest.driver import Backtest
from research.backtest.folder import create_run_folder
from research.backtest.summary import summary_of
from research.history.head import Origin
from research.history.writing import HistoryWriter
from tests.bench.peers.data import MINUTE_NS
from tests.bench.peers.engines import scenario as given
from tests.bench.peers.rows import PEER_PAIRS, SWEEP_PAIRS
from tests.bench.peers.taken import Taken

BTC = Instrument(
    symbol="BTCUSDT",
    venue="BINANCE",
    asset_class=AssetClass.CRYPTO_SPOT,
    base="BTC",
    quote="USDT",
    price_precision=2,
    size_precision=3,
    tick=1,
    lot=1,
)
SETTINGS = f"""
[venues.binance]
connector = "binance-spot"
instruments = ["BTCUSDT"]
channels = ["quotes"]
[risk]
max_orders_per_second = 100000
max_orders_per_minute = 1000000
max_order_notional = 1000000
max_position_notional = 10000000
[paper.balances]
USDT = "{given.CASH}"
[paper.sim]
entry_latency_ns = {given.ENTRY_LATENCY_NS}
response_latency_ns = {given.RESPONSE_LATENCY_NS}
maker_fee_ppm = {round(given.FEE * 1e6)}
taker_fee_ppm = {round(given.FEE * 1e6)}
"""
STRATEGY = """
[[strategies]]
id = "ema"
use = "%s"
instruments = ["BTCUSDT.BINANCE"]
params = { fast = %d, slow = %d, quantity = "%s" }
"""
BAR_CROSS = f"{Path(__file__).with_name('bar_cross.py')}:BarCross"
WARM_UP_EVENTS = 1_000


def main() -> None:
    """Run the scenario that the command line names."""
    name, folder = given.arguments()
    given.report(version="this tree", **SCENARIOS[name](folder))


def quotes(folder: Path) -> Taken:
    """Quotes without a strategy, Python driver."""
    return _backtest(_quotes(folder), "")


def quotes_ema(folder: Path) -> Taken:
    """Quotes and the Python EMA cross, Python driver."""
    return _backtest(_quotes(folder), STRATEGY % ("ema-cross", given.QUOTES_FAST, given.QUOTES_SLOW, given.QUANTITY))


def bars_ema(folder: Path) -> Taken:
    """Bars and the Python EMA cross of their closes, Python driver."""
    return _backtest(_bars(folder), STRATEGY % (BAR_CROSS, given.BARS_FAST, given.BARS_SLOW, given.QUANTITY))


def _backtest(market: Iterable[Event], strategy: str) -> Taken:
    """Write the events as a history, then time a backtest of it with its run folder; a little one goes before."""
    events = iter(market)
    little = list(islice(events, WARM_UP_EVENTS))
    with tempfile.TemporaryDirectory(prefix="tickerd-peers-") as name:
        _run(Path(name) / "little", little, strategy)
        return _run(Path(name) / "whole", chain(little, events), strategy)


def _run(folder: Path, events: Iterable[Event], strategy: str) -> Taken:
    """Write a history into `folder` and time a backtest of it."""
    events = iter(events)
    first = next(events)
    with HistoryWriter(folder / "history", Origin(kind="made up")) as writer:
        writer.begin([BTC], first[4])  # when the first bar opens
        writer.extend(chain((first,), events))
    with Data([Folder(folder / "history")]) as data:
        backtest = Backtest(parse(SETTINGS + strategy), data, create_run_folder(folder / "run", folder))
        with given.Timed() as took:
            backtest.run()
    return {"events": backtest.inputs, "orders": summary_of(backtest).orders, "took": took}


def _quotes(folder: Path) -> Iterable[Event]:
    """Yield the quotes as events."""
    rows = np.load(folder / "quotes.npy", mmap_mode="r")
    for number, (ts_ns, bid, bid_quantity, ask, ask_quantity) in enumerate(_rows(rows), start=1):
        yield (Kind.QUOTE, 0, 0, ts_ns, ts_ns, bid, bid_quantity, ask, ask_quantity, number)


def _bars(folder: Path) -> Iterable[Event]:
    """Yield the bars as events, known when they close."""
    minute = VENUE_INTERVALS.index("1m")
    rows = np.load(folder / "bars.npy", mmap_mode="r")
    for opens_ns, opened, high, low, close, volume in _rows(rows):
        yield (Kind.BAR, minute, 0, opens_ns + MINUTE_NS, opens_ns, opened, high, low, close, volume)


def _rows(rows: np.ndarray[tuple[int], np.dtype[np.void]]) -> Iterable[tuple[int, ...]]:
    """Yield rows as tuples, a bounded number of them in memory."""
    for start in range(0, len(rows), 65_536):
        yield from rows[start : start + 65_536].tolist()


def events_maker(folder: Path) -> Taken:
    """Depth and trade events and the market-making kernel, compiled driver."""
    from tests.bench.peers.compiled import events  # numba would add to the memory of the rows without it
    from tests.bench.peers.kernels import MakerKernel

    return events(folder, MakerKernel)


def events_ema(folder: Path) -> Taken:
    """Depth and trade events and the EMA-cross kernel, compiled driver."""
    from tests.bench.peers.compiled import events
    from tests.bench.peers.kernels import CrossKernel

    return events(folder, CrossKernel)


def sweep_of(pairs: int) -> Callable[[Path], Taken]:
    """Return the sweep of so many pairs of spans over the bars, compiled driver."""

    def sweep(folder: Path) -> Taken:
        from tests.bench.peers import sweeping

        return sweeping.sweep(folder, pairs, BTC, SETTINGS)

    return sweep


# Every name that rows.py uses as `ours`, and vectorbt's number of pairs; a row whose name is not here is shown without
# our side.
SCENARIOS: dict[str, Callable[[Path], Taken]] = {
    "quotes": quotes,
    "quotes-ema": quotes_ema,
    "bars-ema": bars_ema,
    "events-maker": events_maker,
    "events-ema": events_ema,
    **{f"sweep-{pairs}": sweep_of(pairs) for pairs in (PEER_PAIRS, SWEEP_PAIRS)},
}

if __name__ == "__main__":
    main()
