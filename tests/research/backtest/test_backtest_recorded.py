"""Backtests on real recorded frames: believable fills, and a journal that replays."""

import gzip
from itertools import islice
from pathlib import Path

import pytest

from daemon.replay import replay_session
from research.history.frames import FramesSource
from research.history.sources import import_history
from tests.research.backtest.made import backtest, config

SETTINGS = """
[venues.binance]
connector = "binance-spot"
instruments = ["BTCUSDT"]

[[strategies]]
id = "ema"
use = "ema-cross"
instruments = ["BTCUSDT.BINANCE"]
params = { fast = 50, slow = 200, quantity = "0.01" }

[[strategies]]
id = "quoter"
use = "two-sided-quoter"
instruments = ["BTCUSDT.BINANCE"]

[risk]
max_order_notional = 50_000
max_position_notional = 500_000
max_orders_per_second = 100
max_orders_per_minute = 5_000
"""


def test_a_journal_of_recorded_frames_replays_bit_for_bit(recorded_dir: Path, tmp_path: Path) -> None:
    found = sorted((recorded_dir / "binance").glob("spot-btcusdt*.gz"))
    if not found:
        pytest.skip(f"no spot-btcusdt*.gz in {recorded_dir / 'binance'}")
    file = tmp_path / "frames.gz"
    with gzip.open(found[0], "rb") as lines, gzip.open(file, "wb", compresslevel=1) as some:
        some.writelines(islice(lines, 15_000))
    import_history(FramesSource(files=(str(file),)), tmp_path / "history")

    done = backtest(config(SETTINGS, journal=True), tmp_path / "history", out=tmp_path / "run")
    result = replay_session(tmp_path / "run" / "journal")

    assert result.ok, result.text()
    assert done.virtual.fills > 0
    assert result.digest == done.engine.digest().hex()
