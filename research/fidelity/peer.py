"""The other side: hftbacktest as a process in an environment of its own, which reads events and jobs and writes orders.

Its environment is the one that `make bench-peers` makes.
"""

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.instruments import Instrument
from research.fidelity.errors import PeerFailed
from research.fidelity.fills import Fill, Order, Outcome
from research.fidelity.ours import MAKER
from research.fidelity.peer_data import peer_events, venue_time_events
from research.fidelity.plan import (
    ENTRY_NS,
    FEED_NS,
    MAKER_FEE_PPM,
    MAKER_LIMIT,
    MAKER_TICKS_BEHIND,
    ORDERS,
    RESPONSE_NS,
    STEP_NS,
    TAKER_FAST,
    TAKER_FEE_PPM,
    TAKER_SLOW,
    Queue,
    Script,
    steps_of,
)
from research.fidelity.recording import Recorded

ROOT = Path(__file__).resolve().parents[2]
PYTHON = Path("var/peers/hftbacktest/bin/python")
ENGINE = ROOT / "tests/bench/peers/engines/hftbacktest_fidelity.py"
SINGLES = "singles"
DEPTH, TOUCH, VENUE_TIME = "depth", "touch", "venue time"  # the forms of `peer_data.py`

_END_OF_DATA = 1
_FILLED, _EXPIRED, _PARTIALLY = 3, 2, 5
_LIMIT_S = 1_800
_ORDERS_MAX = 20_000


@dataclass
class Jobs:
    """Runs that one process does, one after the other; files are in `folder`."""

    folder: Path
    jobs: list[dict[str, object]] = field(default_factory=list)

    def add(
        self,
        recorded: Recorded,
        form: str,
        run: str,
        queue: Queue,
        script: Script | None = None,
        *,
        partial: bool = False,
    ) -> Path:
        """Ask for a run on events that `write_events` wrote; return where its orders will be."""
        instrument, steps = recorded.instrument, steps_of(recorded.first_ns, recorded.last_ns)
        lot = instrument.lot / 10**instrument.size_precision
        name = f"{recorded.recording.name}-{form}-{run}-{queue.theirs}{'-partial' if partial else ''}".replace(" ", "-")
        is_venue_time = form == VENUE_TIME
        job: dict[str, object] = {
            "events": str(events_file(self.folder, recorded, form)),
            "venue_time": is_venue_time,
            "feed_ns": FEED_NS,
            "entry_ns": ENTRY_NS - FEED_NS if is_venue_time else ENTRY_NS,
            "response_ns": RESPONSE_NS + FEED_NS if is_venue_time else RESPONSE_NS,
            "queue": queue.theirs,
            "parameter": queue.parameter,
            "partial": partial,
            "maker_fee": MAKER_FEE_PPM / 1e6,
            "taker_fee": TAKER_FEE_PPM / 1e6,
            "tick": instrument.tick / 10**instrument.price_precision,
            "lot": lot,
            "unit": 10.0**-instrument.size_precision,
            "run": run,
            "first_ns": steps.first_ns,
            "step_ns": STEP_NS,
            "count": steps.count,
            "lots": instrument.quantity(recorded.recording.quantity) // instrument.lot,
            "orders_max": _ORDERS_MAX,
            "out": str(self.folder / f"{name}.npz"),
        }
        if run == SINGLES:
            assert script is not None
            path = self.folder / f"{recorded.recording.name}-script.npy"
            np.save(path, script)
            job |= {"script": str(path), "orders_max": ORDERS}
        elif run == MAKER:
            job |= {"ticks": MAKER_TICKS_BEHIND, "limit": MAKER_LIMIT}
        else:
            job |= {"fast": TAKER_FAST, "slow": TAKER_SLOW}
        self.jobs.append(job)
        return Path(str(job["out"]))

    def run(self, python: Path) -> None:
        """Run all jobs. Raises PeerFailed."""
        if not python.exists():
            raise PeerFailed(
                f'no hftbacktest at {python}: run `make bench-peers ARGS="--peer hftbacktest --scale 0.01"` once, '
                "which installs it, or name another environment's Python with --peer"
            )
        path = self.folder / "jobs.json"
        path.write_text(json.dumps(self.jobs), encoding="utf-8")
        done = subprocess.run(
            [str(python), str(ENGINE), str(path)], capture_output=True, text=True, check=False, timeout=_LIMIT_S
        )
        if done.returncode:
            raise PeerFailed(f"hftbacktest ended with {done.returncode}: {done.stderr.strip()[-600:]}")


def events_file(folder: Path, recorded: Recorded, form: str) -> Path:
    """Return where the events of a form are."""
    return folder / f"{recorded.recording.name}-{form.replace(' ', '-')}.npy"


def write_events(folder: Path, recorded: Recorded, form: str, rows: npt.NDArray[np.void]) -> None:
    """Write a view's rows in a form."""
    make = venue_time_events if form == VENUE_TIME else peer_events
    np.save(events_file(folder, recorded, form), make(rows, recorded.instrument))


def peer_orders(path: Path, instrument: Instrument) -> list[Order]:
    """Return the orders of a strategy's run, checked against the account that hftbacktest kept. Raises PeerFailed."""
    with np.load(path) as found:
        _check_end(path, found)
        orders = []
        for row in range(len(found["id"])):
            fills: tuple[Fill, ...] = ()
            if found["status"][row] == _FILLED:
                fills = (_fill(found, row, instrument),)
            price = 0 if fills and not fills[0].is_maker else int(found["tick"][row]) * instrument.tick
            side = int(found["side"][row])
            orders.append(Order(int(found["sent_ns"][row] - found["shift_ns"]), side, price, fills))
        fees = sum(fill.fee for order in orders for fill in order.fills)
        if abs(fees - found["state"][2]) > 1e-6:
            raise PeerFailed(f"{path.name}: fills cost {fees}, hftbacktest says {found['state'][2]}")
    return sorted(orders, key=lambda order: (order.sent_ns, -order.side))


def peer_outcomes(path: Path, instrument: Instrument, script: Script) -> list[Outcome]:
    """Return what became of single orders, in the script's order. Raises PeerFailed."""
    with np.load(path) as found:
        _check_end(path, found)
        outcomes = [Outcome(0, 0, 0, 0.0, refused=False)] * len(script)
        for row, number in enumerate(found["id"]):
            status, asked = int(found["status"][row]), script[number - 1]
            left = round(float(found["leaves"][row]) * 10**instrument.size_precision)
            filled = int(asked["quantity"]) - left if status != _FILLED else int(asked["quantity"])
            filled = max(filled, 0) // instrument.lot * instrument.lot
            at_ns = int(found["exch_ns"][row] - found["shift_ns"]) if filled else 0
            price = float(found["exec_tick"][row]) * instrument.tick if filled else 0.0
            outcomes[number - 1] = Outcome(filled, at_ns, at_ns, price, refused=status == _EXPIRED)
    return outcomes


def _check_end(path: Path, found: "np.lib.npyio.NpzFile") -> None:
    """Want a run that reached the end of the data."""
    if found["code"] != _END_OF_DATA:
        raise PeerFailed(f"{path.name}: hftbacktest ended the run with error {found['code']}")


def _fill(found: "np.lib.npyio.NpzFile", row: int, instrument: Instrument) -> Fill:
    """Return the one fill of an order that filled whole."""
    price = int(found["exec_tick"][row]) * instrument.tick
    quantity = float(found["quantity"][row])
    is_maker = bool(found["maker"][row])
    rate = (MAKER_FEE_PPM if is_maker else TAKER_FEE_PPM) / 1e6
    return Fill(
        ns=int(found["exch_ns"][row] - found["shift_ns"]),
        side=int(found["side"][row]),
        price=price,
        quantity=round(quantity * 10**instrument.size_precision),
        fee=price / 10**instrument.price_precision * quantity * rate,
        is_maker=is_maker,
    )
