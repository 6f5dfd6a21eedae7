"""kill -9 of a daemon that trades live on an exchange, again and again: the exchange's ledger is the judge.

No order without a journaled intent, none twice, no execution lost, no difference in cash or position.
`make crash` does it many times (TICKERD_CRASH_KILLS), on a busy market; at chosen moments: test_boundary_kills.py.
"""

import os
import random
import time
from pathlib import Path

import pytest

from journal.folders import sessions
from tests.acceptance.processes import Daemon, Venue
from tests.acceptance.settings import live_environment, live_tables, venue_table, write_settings
from tests.crash.ledger import judge, totals

KILLS = int(os.environ.get("TICKERD_CRASH_KILLS", "100"))
LIFE_S = 4.0  # the longest that a daemon lives before it is killed; READY takes about half of it
STRATEGIES = """
[[strategies]]
id = "quoter"
use = "two-sided-quoter"
instruments = ["ETHUSDT.BINANCE"]
params = { quantity = "0.05", half_spread_bps = 0.2, requote_bps = 0.2, max_inventory = "0.2", pause_ms = 50 }

[[strategies]]
id = "ema"
use = "ema-cross"
instruments = ["BTCUSDT.BINANCE"]
params = { fast = 5, slow = 20, quantity = "0.001" }

[risk]
max_orders_per_second = 100
max_orders_per_minute = 3_000
"""


def _lives(folder: Path, kills: int, seed: int) -> None:
    """Kill so often, at moments drawn from the seed, then let one live end in peace; judge."""
    rng = random.Random(seed)
    with Venue(folder, "--synthetic", "--seed", str(seed)) as venue:
        before = totals(venue.ledger())
        tables = (venue_table(venue, "BTCUSDT", "ETHUSDT"), live_tables(venue, folder, visibility_lag_s=2.0))
        settings = write_settings(folder, *tables, STRATEGIES, mode="live", session='flush = "os"')
        for number in range(kills):
            with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
                if number % 2 == 0:
                    daemon.wait_status(lambda status: status["fills"] != [], "a fill")
                _let_live(daemon, rng.uniform(0, LIFE_S))
                daemon.process.kill()
                assert daemon.wait() == -9
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            daemon.wait_ready()
            daemon.wait_status(lambda status: sum(status["orders"].values()) > 0, "an order")
            daemon.stop()
            balances, last = daemon.last_status()["balances"], daemon.session
        ledger = venue.ledger()
        judge(ledger, sessions(folder / "sessions"), last, balances)
        assert ledger["executions"]
        assert totals(ledger) != before


def _let_live(daemon: Daemon, seconds: float) -> None:
    """Let time pass; it must not end by itself."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert daemon.process.poll() is None, f"ended by itself\n{daemon.story()}"
        time.sleep(0.005)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_many_kills_lose_no_order_no_fill_and_no_money(tmp_path, seed):
    _lives(tmp_path, kills=max(1, KILLS // 4), seed=seed)
