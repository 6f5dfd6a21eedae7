"""Both drivers on recorded frames, and the compiled one on a paper session: the same tables and the same digests."""

import gzip
from itertools import islice
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from journal.reader import open_session
from research.backtest.driver import Backtest
from research.backtest.summary import summary_of
from research.history.frames import FramesSource
from research.history.sources import import_history
from tests.daemon import sessions
from tests.research.backtest.made import backtest, config, kept

TABLES = ("orders", "fills", "refusals", "positions", "equity")

PAPER = (
    sessions.SETTINGS[: sessions.SETTINGS.index("[[strategies]]")]
    + """
[[strategies]]
id = "ema-btc"
use = "ema-cross-kernel"
instruments = ["BTCUSDT.BINANCE"]
params = { fast = 3, slow = 9, quantity = "0.01", allow_short = true }

[risk]
max_order_notional = 5_000
max_orders_per_second = 100
max_orders_per_minute = 200
"""
)


def settings(connector: str, use: str, params: str) -> str:
    name = "binance" if connector == "binance-spot" else connector
    return f"""
[venues.{name}]
connector = "{connector}"
instruments = ["BTCUSDT"]

[[strategies]]
id = "kernel"
use = "{use}"
instruments = ["BTCUSDT.{name.upper()}"]
params = {params}

[risk]
max_order_notional = 50_000
max_position_notional = 500_000
max_orders_per_second = 100
max_orders_per_minute = 300
"""


EMA = '{ fast = 20, slow = 100, quantity = "0.01", allow_short = true }'
KERNELS = {
    "ema-cross-kernel": EMA,
    "avellaneda-stoikov-kernel": "{}",
    "grid-maker-kernel": "{}",
    "breakout-kernel": "{}",
    "mean-reversion-kernel": "{}",
    "two-sided-quoter-kernel": "{}",
}


def imported(recorded_dir: Path, folder: Path, name: str, lines: int | None) -> Path:
    found = sorted((recorded_dir / "binance").glob(f"{name}*.gz"))
    if not found:
        pytest.skip(f"no {name}*.gz in {recorded_dir / 'binance'}")
    file = found[0]
    if lines is not None:
        file = folder / f"{name}.gz"
        with gzip.open(found[0], "rb") as whole, gzip.open(file, "wb", compresslevel=1) as some:
            some.writelines(islice(whole, lines))
    import_history(FramesSource(files=(str(file),)), folder / "history")
    return folder / "history"


def assert_same(folder: Path, text: str, data: Path) -> Backtest:
    """Run both drivers with run folders, and compare every table and digest."""
    python = backtest(config(text), data, out=folder / "python")
    compiled = backtest(config(text, driver="compiled"), data, out=folder / "compiled")

    for table in TABLES:
        one, other = (pq.read_table(folder / driver / f"{table}.parquet") for driver in ("python", "compiled"))
        if table == "refusals":
            one, other = one.drop(["message"]), other.drop(["message"])
        assert other.equals(one), table
    theirs, ours = summary_of(python), summary_of(compiled)
    assert ours.engine_digest == theirs.engine_digest
    assert (ours.orders_by_state, ours.refusals, ours.currencies) == (
        theirs.orders_by_state,
        theirs.refusals,
        theirs.currencies,
    )
    assert kept(compiled).path != kept(python).path
    return compiled


@pytest.mark.slow
def test_an_ema_cross_on_recorded_frames_comes_to_the_same_tables_and_digest(recorded_dir, tmp_path):
    data = imported(recorded_dir, tmp_path, "usdm-btcusdt", 25_000)
    done = assert_same(tmp_path, settings("binance-usdm", "ema-cross-kernel", EMA), data)

    assert done.virtual.fills > 10


@pytest.mark.slow
def test_a_paper_session_gives_the_digest_that_it_recorded(tmp_path):
    recorder = sessions.Recorder(tmp_path / "sessions", text=PAPER)
    recorder.open()
    recorder.trade(600)
    folder = recorder.seal()

    done = backtest(sessions.config(PAPER + '\n[backtest]\ndriver = "compiled"\n'), folder, out=tmp_path / "run")

    with open_session(folder) as reader:
        assert reader.sealed is not None
        recorded = reader.sealed.digest.hex()
    assert done.virtual.fills > 20
    assert done.engine_digest == recorded


@pytest.mark.slow  # each kernel is compiled first, and each recording is long
@pytest.mark.parametrize("name", ["spot-btcusdt", "usdm-btcusdt"])
@pytest.mark.parametrize("use", KERNELS)
def test_every_kernel_on_every_frame_comes_to_the_same_tables_and_digest(recorded_dir, tmp_path, use, name):
    data = imported(recorded_dir, tmp_path, name, None)
    connector = "binance-spot" if name.startswith("spot") else "binance-usdm"
    assert_same(tmp_path, settings(connector, use, KERNELS[use]), data)
