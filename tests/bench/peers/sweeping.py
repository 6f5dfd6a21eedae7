"""Our sweep row: pairs of spans, one after the other on one core, each event by event through the whole engine.

Not timed, as with the peers: making the records, mapping them, compiling, one pair on a little. Timed of each pair: the
run, and what `tickerd sweep` tells of it: counts, profit, drawdown and Sharpe ratio of the sampled equity.
"""

import inspect
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from config.load import parse
from connectors.sim.settings import SimSettings
from core.arrays import SLOT_DTYPE
from core.bars import VENUE_INTERVALS
from core.events import LifecycleState
from core.instruments import Instrument
from core.money import MONEY_UNIT
from core.records import Kind
from engine.build import EngineSettings
from engine.spec import StrategySpec
from research.backtest.times import choose_step_ns
from research.sweep.compiled import CompiledTrials
from research.sweep.figures import Figures
from research.sweep.tape import Tape, life
from tests.bench.peers.compiled import WIDE, opening
from tests.bench.peers.data import MINUTE_NS
from tests.bench.peers.engines import scenario as given
from tests.bench.peers.kernels import BarCrossKernel
from tests.bench.peers.taken import Taken

CHUNK = 1 << 16
LITTLE = 1_000
Slots = np.ndarray[Any, Any]


def sweep(folder: Path, count: int, instrument: Instrument, settings: str) -> Taken:
    """Run the first `count` pairs over all bars; `settings` are those of the other rows, in TOML."""
    params = [
        BarCrossKernel.Params(fast=fast, slow=slow, quantity=str(given.QUANTITY)) for fast, slow in given.pairs(count)
    ]
    sim = parse(settings).settings.paper.sim
    with tempfile.TemporaryDirectory(prefix="tickerd-peers-") as name:
        slots = bar_slots(folder / "bars.npy", Path(name) / "bars.slots")
        trials = trials_of(slots[:LITTLE], instrument, sim, params)
        trials.trial(params[0])
        trials = trials_of(slots, instrument, sim, params)
        with given.Timed() as took:
            done = [trials.trial(each) for each in params]
        orders = fills = 0
        for each in done:
            assert isinstance(each, Figures), each
            assert not each.refusals, "the gate refused something: widen the limits"
            orders += each.orders
            fills += each.fills
        return {"events": len(slots) * len(done), "orders": orders, "took": took, "fills": fills}


def trials_of(
    slots: Slots, instrument: Instrument, sim: SimSettings, params: list[BarCrossKernel.Params]
) -> CompiledTrials:
    """Return trials over these bars that have been started."""
    spec = StrategySpec(id="peer", strategy=BarCrossKernel, params=params[0], instruments=(instrument.id,))
    settings = EngineSettings(
        epoch=1, seed=1, limits=WIDE, strategies=(spec,), balances={"USDT": given.CASH * MONEY_UNIT}
    )
    first_ns = int(slots[0]["recv_ns"])
    *before, _ = opening(instrument, first_ns)
    tape = Tape([slots], list(before), life(LifecycleState.READY, first_ns, ""), len(slots), drained=False)
    source = inspect.getsource(sys.modules[BarCrossKernel.__module__])
    step_ns = choose_step_ns(int(slots[-1]["recv_ns"]) - first_ns)
    trials = CompiledTrials(settings, sim, source, tape, step_ns)
    refused = trials.start(params, "USDT", given.CASH * MONEY_UNIT)
    assert not refused, refused
    return trials


def bar_slots(source: Path, target: Path) -> Slots:
    """Write bars as records into `target`, known when they close, and return it mapped into memory."""
    rows = np.load(source, mmap_mode="r")
    with target.open("wb") as file:
        for start in range(0, len(rows), CHUNK):
            chunk = rows[start : start + CHUNK]
            slots = np.zeros(len(chunk), SLOT_DTYPE)
            slots["kind"], slots["flags"] = Kind.BAR, VENUE_INTERVALS.index("1m")
            slots["recv_ns"], slots["venue_ns"] = chunk["ts_ns"] + MINUTE_NS, chunk["ts_ns"]
            for name, field in zip("abcde", ("open", "high", "low", "close", "volume"), strict=True):
                slots[name] = chunk[field]
            file.write(slots.tobytes())
    return np.memmap(target, SLOT_DTYPE, mode="r")
