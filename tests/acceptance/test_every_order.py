"""Every kind of order on the synthetic market, by real sockets, in a daemon of its own; the session replays."""

import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance import exports, proof
from tests.acceptance.processes import Daemon, Venue
from tests.acceptance.settings import venue_table, write_settings

STRATEGY = Path(__file__).parent.parent / "daemon" / "every_order.py"
TABLES = f"""
[[strategies]]
id = "every"
use = "{STRATEGY}:EveryOrder"
instruments = ["BTCUSDT.BINANCE"]

[risk]
max_order_notional = 50_000
max_position_notional = 10_000_000
max_orders_per_second = 1_000
max_orders_per_minute = 50_000
max_open_orders = 200
max_open_orders_total = 500
"""
ORDERS = 40


@pytest.mark.slow
def test_a_paper_session_keeps_and_releases_every_kind_of_order_and_replays(tmp_path):
    with Venue(tmp_path, "--synthetic", "--seed", "3") as venue:
        settings = write_settings(tmp_path, venue_table(venue, "BTCUSDT"), TABLES)
        with Daemon(settings) as daemon:
            daemon.wait_status(lambda status: sum(status["orders"].values()) > ORDERS, "orders")
            daemon.signal(signal.SIGTERM)
            assert daemon.wait() == 0, daemon.story()
        proof.verify(daemon.session)
    told = Counter((row["type"], row["state"]) for row in exports.export(daemon.session, "orders"))
    for kind in ("stop", "stop-limit", "market-if-touched", "limit-if-touched", "trailing-stop", "trailing-stop-limit"):
        assert told[kind, "held"] > 0, kind
    assert told["limit", "filled"] > 0
    assert told["market", "filled"] > 0
