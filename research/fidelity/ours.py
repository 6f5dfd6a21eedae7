"""Our side: a strategy through the Python driver, its run folder read back as orders and fills."""

import gc
import tempfile
from decimal import Decimal
from pathlib import Path

import msgspec
import pyarrow.parquet as pq

from config.load import Config, parse
from connectors.sim import SimSettings
from core.decimals import to_units
from core.instruments import Instrument
from research.backtest.driver import Backtest
from research.backtest.folder import create_run_folder
from research.fidelity.fills import Fill, Order
from research.fidelity.plan import (
    ENTRY_NS,
    MAKER_FEE_PPM,
    MAKER_LIMIT,
    MAKER_TICKS_BEHIND,
    PRINT_LAG_NS,
    RESPONSE_NS,
    STEP_NS,
    TAKER_FAST,
    TAKER_FEE_PPM,
    TAKER_SLOW,
    Queue,
    steps_of,
)
from research.fidelity.recording import Recorded

_SETTINGS = """
[venues.{venue}]
connector = "history"
instruments = ["{symbol}"]

[risk]
max_order_notional = 10_000_000
max_position_notional = 100_000_000
max_price_deviation = "0.5"
max_orders_per_second = 1_000
max_orders_per_minute = 60_000
max_open_orders = 1_000
max_open_orders_total = 1_000
max_data_age_ms = 60_000
"""
MAKER, TAKER = "maker", "taker"


def sim_settings(queue: Queue, print_lag_ns: int = PRINT_LAG_NS) -> SimSettings:
    """Return our venue's settings for a queue model."""
    return SimSettings(
        entry_latency_ns=ENTRY_NS,
        response_latency_ns=RESPONSE_NS,
        maker_fee_ppm=MAKER_FEE_PPM,
        taker_fee_ppm=TAKER_FEE_PPM,
        queue_model=queue.ours,
        queue_shape=queue.shape,
        print_lag_ns=print_lag_ns,
    )


def base_config(instrument: Instrument, queue: Queue, print_lag_ns: int = PRINT_LAG_NS) -> Config:
    """Return settings without a strategy, with limits that refuse nothing that is compared."""
    config = parse(_SETTINGS.format(venue=instrument.venue.lower(), symbol=instrument.symbol))
    paper = msgspec.structs.replace(config.settings.paper, sim=sim_settings(queue, print_lag_ns))
    return msgspec.structs.replace(config, settings=msgspec.structs.replace(config.settings, paper=paper))


def strategy_config(recorded: Recorded, name: str, queue: Queue) -> Config:
    """Return the settings of one strategy's run."""
    instrument, steps = recorded.instrument, steps_of(recorded.first_ns, recorded.last_ns)
    params: dict[str, object] = {
        "first_ns": steps.first_ns,
        "step_ns": STEP_NS,
        "count": steps.count,
        "quantity": instrument.quantity(recorded.recording.quantity),
    }
    if name == MAKER:
        params |= {"ticks": MAKER_TICKS_BEHIND, "limit": MAKER_LIMIT}
    else:
        params |= {"fast": TAKER_FAST, "slow": TAKER_SLOW}
    file = Path(__file__).with_name("steps.py")
    chosen = {"id": name, "use": f"{file}:Step{name.capitalize()}", "instruments": (instrument.id,), "params": params}
    config = base_config(instrument, queue)
    builtins = msgspec.to_builtins(config.settings)
    settings = msgspec.convert(builtins | {"strategies": [chosen]}, type(config.settings))
    return msgspec.structs.replace(config, settings=settings)


def run_strategy(recorded: Recorded, name: str, queue: Queue, *, quotes: bool) -> list[Order]:
    """Return the orders of `name` under a queue model, with or without the ticker."""
    config = strategy_config(recorded, name, queue)
    with tempfile.TemporaryDirectory() as scratch, recorded.data(quotes=quotes) as data:
        folder = create_run_folder(Path(scratch) / "run", Path(scratch))
        gc.collect()
        done = Backtest(config, data, folder).run()
        assert not done.virtual.refusals, done.virtual.refusals
        return _orders_of(folder, recorded.instrument)


def _orders_of(folder: Path, instrument: Instrument) -> list[Order]:
    """Return the orders that a run folder tells of."""
    fills: dict[str, list[Fill]] = {}
    for row in pq.read_table(folder / "fills.parquet").to_pylist():
        fill = Fill(
            ns=row["time_ns"] - RESPONSE_NS,
            side=1 if row["side"] == "buy" else -1,
            price=to_units(row["price"], instrument.price_precision),
            quantity=to_units(row["quantity"], instrument.size_precision),
            fee=float(Decimal(row["fee"])),
            is_maker=row["liquidity"] == "maker",
        )
        fills.setdefault(row["client_order_id"], []).append(fill)
    return [
        Order(
            sent_ns=row["submitted_ns"],
            side=1 if row["side"] == "buy" else -1,
            price=to_units(row["price"] or "0", instrument.price_precision),
            fills=tuple(fills.get(row["client_order_id"], ())),
        )
        for row in pq.read_table(folder / "orders.parquet").to_pylist()
    ]
