"""The kill switch is practised on the embedded exchange, and a kill finds its way where no daemon answers."""

import json
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.acceptance.guarding import GuardProcess, guarded_settings
from tests.acceptance.processes import Venue, tickerd


@pytest.mark.slow
def test_every_scenario_of_the_drill_meets_its_goals():
    done = tickerd("drill", "--json")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert len(told) == 18, "nine scenarios, on spot and on USDⓈ-M"
    assert all(each["met"] and each["latched"] and not each["left"] for each in told)


@pytest.mark.slow
def test_a_kill_goes_to_the_guard_where_no_daemon_answers(tmp_path):
    run_folder = Path(tempfile.mkdtemp(prefix="t"))
    try:
        with Venue(tmp_path, "--synthetic") as venue:
            settings = guarded_settings(tmp_path, run_folder, venue)
            with GuardProcess(settings, run_folder, venue) as guard:
                assert tickerd("kill", "strategy:quoter", "--folder", run_folder).returncode == 2
                assert tickerd("kill", "symbol:BTCUSDT.BINANCE", "--folder", run_folder).returncode == 2
                assert tickerd("kill", "symbol:ETHUSDT.BINANCE", "--folder", run_folder).returncode == 0
                assert guard.status()["scope"] == "symbol:ETHUSDT.BINANCE"
                said = tickerd("kill", "--reason", "gone", "--folder", run_folder)
                assert said.returncode == 0, said.stderr
                assert "cancelled all; the venues show nothing open there" in said.stdout
                told = guard.status()
                assert (told["state"], told["reason"]) == ("VERIFIED", "gone")
                twice = tickerd("guard", "-c", settings, TICKERD_SECRET_DEMO_API_KEY="k",
                                TICKERD_SECRET_DEMO_API_SECRET="s")  # fmt: skip
                assert twice.returncode == 2
                assert "guarded already" in twice.stderr
    finally:
        shutil.rmtree(run_folder)
