"""`tickerd compare` of a session that traded live: its replaced orders are laid beside the simulated venue's too."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from core.codec import decode_payload
from core.events import ReportType
from core.records import Kind
from journal.reader import open_session
from tests.acceptance import exports, proof
from tests.acceptance.processes import Daemon, Venue, tickerd
from tests.acceptance.settings import live_environment, live_tables, venue_table, write_settings

AMENDER = Path(__file__).parent.parent / "research" / "compare" / "amender.py"
TABLES = """
[[strategies]]
id = "amender"
use = "{file}:Amender"
instruments = ["BTCUSDT.BINANCE"]

[risk]
max_order_notional = 100_000
max_position_notional = 1_000_000
max_orders_per_second = 1_000
max_orders_per_minute = 50_000
"""
REPLACED = 20


@pytest.mark.slow
def test_a_live_session_with_amended_orders_is_compared_order_by_order(tmp_path):
    with Venue(tmp_path, "--synthetic", "--seed", "5") as venue:
        tables = (venue_table(venue, "BTCUSDT"), live_tables(venue, tmp_path))
        file = shutil.copy(AMENDER, tmp_path)  # live mode takes no file of a checkout that has changes
        settings = write_settings(tmp_path, *tables, TABLES.replace("{file}", str(file)), mode="live")
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            daemon.wait_ready()
            daemon.wait_status(lambda status: sum(status["orders"].values()) >= REPLACED, "orders")
            daemon.stop()
            session = daemon.session
        proof.verify(session)
    events = exports.export(session, "orders")
    assert len(events) > REPLACED
    done = tickerd("compare", session, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["orders"] >= REPLACED // 2
    assert sum(row["replaced"] for row in found["rows"]) > REPLACED
    assert not [row for row in found["rows"] if row["skipped"]]
    alike = [row for row in found["rows"] if row["real"]["filled"] == row["sim"]["filled"]]
    assert len(alike) > len(found["rows"]) // 2
    assert found["advice"][0]["takers"] > 0


@pytest.mark.slow
def test_a_paper_session_replaces_at_the_simulated_venue_as_live_does_and_replays(tmp_path):
    with Venue(tmp_path, "--synthetic", "--seed", "5") as venue:
        settings = write_settings(tmp_path, venue_table(venue, "BTCUSDT"), TABLES.replace("{file}", str(AMENDER)))
        with Daemon(settings) as daemon:
            daemon.wait_status(lambda status: sum(status["orders"].values()) >= REPLACED, "orders")
            daemon.stop()
            session = daemon.session
        proof.verify(session)
    with open_session(session) as reader:
        sent: Any = [decode_payload(each.kind, each.payload) for each in reader.payloads((Kind.REPLACE,))]
        told: Any = [decode_payload(each.kind, each.payload) for each in reader.payloads((Kind.REPORT,))]
    assert sent
    assert all(command.native for command in sent)
    assert sum(report.type is ReportType.REPLACED for report in told) > len(sent) // 2
