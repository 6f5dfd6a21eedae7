"""The operator's commands from the command line, to a daemon that trades live on the embedded exchange."""

import json
import signal

import pytest

from daemon.replay import replay_session
from journal.audit.folder import audit
from journal.audit.keys import make_keys
from tests.acceptance.processes import Daemon, Venue
from tests.acceptance.settings import live_environment, live_tables, venue_table, write_settings

QUOTER = """
[[strategies]]
id = "quoter"
use = "two-sided-quoter"
instruments = ["ETHUSDT.BINANCE"]
params = { quantity = "0.05", half_spread_bps = 20, requote_bps = 5, pause_ms = 50 }
"""
OPEN = {"NEW", "PARTIALLY_FILLED"}


def test_kill_cancels_everything_survives_kill_9_and_only_arming_lets_orders_pass_again(tmp_path, run_folder, say):
    def working() -> int:
        return sum(order["status"] in OPEN for order in venue.ledger()["orders"])

    public, place = make_keys(tmp_path / "audit.pem"), tmp_path / "anchors.jsonl"
    signed = f'[audit]\nkey_file = "{tmp_path / "audit.pem"}"\nanchors = ["{place}"]\nevery_s = 0.5\n'
    with Venue(tmp_path, "--synthetic") as venue:
        tables = (venue_table(venue, "ETHUSDT"), live_tables(venue, tmp_path), signed)
        settings = write_settings(tmp_path, *tables, QUOTER, mode="live", session='flush = "os"', operator=run_folder)
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            daemon.wait_status(lambda status: status["orders"].get("accepted", 0) > 0, "a working order")
            assert "quoter  active" in say("status")
            assert "accepted" in say("orders", "strategy:quoter")
            assert "quoter (active): nothing holds it back" in say("why")
            assert "KILLED" in say("kill", "--reason", "it buys the top")
            daemon.wait_status(lambda status: not status["orders"].get("accepted", 0), "nothing working")
            assert working() == 0
            assert "KILLED all" in say("status")
            daemon.process.kill()
            assert daemon.wait() == -9
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            daemon.wait_status(lambda status: len(status["refusals"]) > 0, "a refusal")
            told = json.loads(say("status", "--json"))["result"]
            assert [(latch["scope"], latch["level"]) for latch in told["latches"]] == [("all", "kill")]
            assert {refusal["code"] for refusal in told["refusals"]} == {"KILLED"}
            assert working() == 0
            assert "the following arguments are required: --reason" in say("arm", code=2)
            say("arm", "--reason", "the quoter is mended")
            daemon.wait_status(lambda status: status["orders"].get("accepted", 0) > 0, "a working order")
            daemon.signal(signal.SIGUSR1)
            daemon.wait_status(lambda status: not status["orders"].get("accepted", 0), "nothing working")
            daemon.stop()
            session = daemon.session
        assert replay_session(session).ok
        assert "no daemon is running here" in say("status", code=2)
    found = audit(tmp_path / "sessions", None, [place], frozenset([public]))
    assert found.ok, found.all_findings
    assert [(each.state, each.unsigned_slots) for each in found.sessions] == [("crashed", 0), ("ended", 0)]


CONTROLS = """
[risk]
raise_delay_s = 3_600

[risk.controls.limits."strategy:quoter"]
max_gross_notional = 10_000
"""


@pytest.mark.slow
def test_a_limit_set_while_running_holds_at_once_outlives_kill_9_and_is_loosened_by_nobody_alone(
    tmp_path, run_folder, say
):
    def limit() -> str:
        rows = json.loads(say("limits", "strategy:quoter", "--json"))["rows"]
        return str(next(row["value"] for row in rows if row["name"] == "max_gross_notional"))

    with Venue(tmp_path, "--synthetic") as venue:
        tables = (venue_table(venue, "ETHUSDT"), live_tables(venue, tmp_path), CONTROLS)
        settings = write_settings(tmp_path, *tables, QUOTER, mode="live", session='flush = "os"', operator=run_folder)
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            daemon.wait_status(lambda status: status["orders"].get("accepted", 0) > 0, "a working order")
            shown = say("limits")
            assert "strategy:quoter" in shown
            assert "max_gross_notional" in shown
            say("set", "max_gross_notional=1", "--scope", "strategy:quoter", "--reason", "thin")
            daemon.wait_status(lambda status: len(status["refusals"]) > 0, "a refusal")
            assert {each["code"] for each in json.loads(say("status", "--json"))["result"]["refusals"]} == {
                "GROSS_NOTIONAL"
            }
            daemon.process.kill()
            assert daemon.wait() == -9
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            daemon.wait_status(lambda status: len(status["refusals"]) > 0, "a refusal")
            assert limit() == "1"
            waits = say("set", "max_gross_notional=10_000", "--scope", "strategy:quoter", "--reason", "calm again")
            assert "it waits 3600 s, or until somebody else" in waits
            assert "somebody else has to approve it" in say("approve", "--reason", "I say so", code=2)
            say("withdraw", "--reason", "not today")
            assert limit() == "1"
            assert "no limit differs" not in say("reload", "-c", str(settings), "--reason", "as it was")
            assert "expected a limit of all" in say("set", "max_gros=1", "--reason", "typo", code=2)
            daemon.stop()
            session = daemon.session
        assert replay_session(session).ok
