"""Our compiled rows: records of the shared data in a memory-mapped file, through gate, order manager, venue and ledger.

Not timed, as with the peers: making the records, mapping them, compiling. The limits are so wide that the gate refuses
nothing; it is asked about every order all the same.
"""

import inspect
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from connectors.sim.settings import LatencySettings, QueueModel, SimSettings
from core.arrays import SLOT_DTYPE
from core.events import FeedChanged, FeedState, InstrumentDefined, LifecycleChanged, LifecycleState
from core.instruments import AssetClass, Instrument
from core.money import MONEY_UNIT
from core.records import ASK, FIRST, LAST, NO_INSTRUMENT, SELL_AGGRESSOR, SNAPSHOT, Event, Kind
from engine.build import EngineSettings
from engine.spec import StrategySpec
from research.compiled.driver import CompiledRun
from research.compiled.tables import FILL, REFUSAL, SUBMIT
from risk.limits import RiskLimits
from strategies import Kernel
from tests.bench.peers.engines import scenario as given
from tests.bench.peers.taken import Taken

PERPETUAL = Instrument(
    symbol="BTCUSDT",
    venue="BINANCE",
    asset_class=AssetClass.PERPETUAL,
    base="BTC",
    quote="USDT",
    price_precision=1,
    size_precision=3,
    tick=1,
    lot=1,
)
WIDE = RiskLimits(
    max_order_notional=10**6,
    max_position_notional=10**7,
    max_open_orders=1_000,
    max_open_orders_total=1_000,
    max_orders_per_second=100_000,
    max_orders_per_minute=1_000_000,
)
FEE_PPM = round(given.FEE * 1e6)
SIM = SimSettings(
    feed_latency=LatencySettings(least_ns=given.FEED_LATENCY_NS),
    entry_latency=LatencySettings(least_ns=given.ENTRY_LATENCY_NS),
    response_latency=LatencySettings(least_ns=given.RESPONSE_LATENCY_NS),
    maker_fee_ppm=FEE_PPM,
    taker_fee_ppm=FEE_PPM,
    queue_model=QueueModel.POWER,
    queue_shape=2,
)
CHUNK = 1 << 16
Slots = np.ndarray[Any, Any]


class Counted:
    """Takes the log's rows and counts what they say."""

    def __init__(self) -> None:
        """Have seen none."""
        self.counts = np.zeros(16, np.int64)

    def __call__(self, rows: Slots) -> None:
        """Count."""
        self.counts += np.bincount(rows["kind"], minlength=16)


def events(folder: Path, kernel: type[Kernel]) -> Taken:
    """Run a kernel over depth and trade events; return what it took."""
    with tempfile.TemporaryDirectory(prefix="tickerd-peers-") as name:
        slots = event_slots(folder / "events.npy", Path(name) / "events.slots")
        counted = Counted()
        run = CompiledRun(settings_of(kernel), SIM, inspect.getsource(sys.modules[kernel.__module__]), counted)
        for event in opening(PERPETUAL, int(slots[0]["recv_ns"])):
            run.step(event)
        with given.Timed() as took:
            run.run(slots, 0, len(slots))
            run.flush()
    assert not counted.counts[REFUSAL], "the gate refused something: widen the limits"
    fills = int(counted.counts[FILL])
    position = int(run.world["net"][0]["quantity"])
    return {
        "events": len(slots),
        "orders": int(counted.counts[SUBMIT]),
        "took": took,
        "fills": fills,
        "position": position,
    }


def settings_of(kernel: type[Kernel]) -> EngineSettings:
    """Return the engine's settings for one kernel and one instrument."""
    spec = StrategySpec(id="peer", strategy=kernel, params=kernel.Params(), instruments=(PERPETUAL.id,))
    return EngineSettings(epoch=1, seed=1, limits=WIDE, strategies=(spec,), balances={"USDT": given.CASH * MONEY_UNIT})


def opening(instrument: Instrument, now_ns: int) -> list[Event]:
    """Return what a session begins with."""
    life = LifecycleChanged(LifecycleState.READY)
    return [
        (Kind.INSTRUMENT, 0, 0, now_ns, 0, InstrumentDefined(instrument), 0, 0, 0, 0),
        _told(Kind.FEED, FeedChanged(venue=instrument.venue, state=FeedState.CONNECTED), now_ns),
        _told(Kind.LIFECYCLE, life, now_ns),
    ]


def _told(kind: Kind, struct: object, now_ns: int) -> Event:
    return (kind, 0, NO_INSTRUMENT, now_ns, 0, struct, 0, 0, 0, 0)


def event_slots(source: Path, target: Path) -> Slots:
    """Write depth and trade events as records into `target` and return it mapped into memory."""
    rows = np.load(source, mmap_mode="r")
    applied = 0
    with target.open("wb") as file:
        for start in range(0, len(rows), CHUNK):
            chunk = rows[start : start + CHUNK]
            slots = np.zeros(len(chunk), SLOT_DTYPE)
            depth, sells = chunk["kind"] == given.DEPTH, chunk["side"] < 0
            update = applied + np.cumsum(depth)
            applied = int(update[-1])
            slots["kind"] = np.where(depth, Kind.BOOK, Kind.TRADE)
            slots["flags"] = np.where(depth, FIRST | LAST | ASK * sells, SELL_AGGRESSOR * sells)
            slots["recv_ns"] = chunk["ts_ns"] + given.FEED_LATENCY_NS
            slots["venue_ns"] = chunk["ts_ns"]
            slots["a"], slots["b"] = chunk["price"], chunk["quantity"]
            slots["c"] = slots["d"] = np.where(depth, update, start)
            slots["e"] = np.where(depth, update - 1, 0)
            if start == 0:
                slots["flags"][0] |= SNAPSHOT  # the one level with which the book begins
            file.write(slots.tobytes())
    slots = np.memmap(target, SLOT_DTYPE, mode="r")
    slots["kind"].sum()  # every page is mapped before the clock starts, as the peer's data are in its memory
    return slots
