"""A daemon that measures its portfolio: figures in its status, from a child that may be killed, and in a replay."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from daemon.replay import replay_session
from tests.acceptance.processes import Daemon, Venue
from tests.acceptance.settings import venue_table, write_settings

QUOTER = """
[[strategies]]
id = "quoter"
use = "two-sided-quoter"
instruments = ["ETHUSDT.BINANCE"]
params = { quantity = "0.05", half_spread_bps = 1, requote_bps = 5, pause_ms = 50 }
"""
BALANCES = """
[paper]
balances = { USDT = 100_000, ETH = 10 }
"""


def portfolio_table(folder: Path) -> str:
    bars = folder / "eth.csv"
    rows = [f"{1_600_000_000 + 60 * bar},{100 + (bar * 7 % 13) / 10}" for bar in range(200)]
    bars.write_text("time,close\n" + "\n".join(rows) + "\n")
    return f"""
[portfolio]
enabled = true
every_s = 0.2
bar_s = 60
benchmark = "ETHUSDT.BINANCE"
simulations = 1_000
[portfolio.seed_files]
"ETHUSDT.BINANCE" = "{bars}"
"""


def workers_of(daemon: Daemon) -> list[int]:
    """The processes of risk workers that this daemon has started."""
    found = subprocess.run(
        ["pgrep", "-P", str(daemon.process.pid), "-f", "daemon.portfolio"], capture_output=True, text=True, check=False
    )
    return [int(pid) for pid in found.stdout.split()]


def has_figures(status) -> bool:
    told = status["portfolio"]
    return told is not None and not told["problem"] and float(told["var_99"]) > 0


@pytest.mark.slow
def test_figures_are_told_and_survive_the_death_of_their_worker(tmp_path):
    with Venue(tmp_path, "--synthetic") as venue:
        tables = (venue_table(venue, "ETHUSDT"), QUOTER, BALANCES, portfolio_table(tmp_path))
        with Daemon(write_settings(tmp_path, *tables)) as daemon:
            told = daemon.wait_status(has_figures, "figures")["portfolio"]
            assert float(told["es_99"]) >= float(told["var_99"])
            assert told["base_currency"] == "USDT"
            assert told["stress_scenario"] == "2021-05-crypto"
            [worker] = workers_of(daemon)
            os.kill(worker, signal.SIGKILL)
            lost = daemon.wait_status(lambda status: status["portfolio"]["problem"], "the loss of the worker")
            assert "the risk worker was lost" in lost["portfolio"]["problem"]
            assert any(alert["code"] == "PORTFOLIO_RISK" for alert in lost["alerts"])
            daemon.wait_status(has_figures, "figures again")
            daemon.stop()
        assert workers_of(daemon) == []
        assert replay_session(daemon.session).ok
