"""Users' rules in a daemon that trades live on the embedded exchange: refuse, shrink, reload, kill -9, replay."""

import json

import pytest

from tests.acceptance.processes import Daemon, Venue, tickerd
from tests.acceptance.settings import live_environment, live_tables, venue_table, write_settings

QUOTER = """
[[strategies]]
id = "quoter"
use = "two-sided-quoter"
instruments = ["ETHUSDT.BINANCE"]
params = { quantity = "0.05", half_spread_bps = 20, requote_bps = 5, pause_ms = 50 }

[risk]
raise_delay_s = 3_600

[risk.rules]
file = "rules.toml"
functions = ["desk.py:calm"]
"""
SMALL = """
[[rule]]
name = "small"
when = { strategy = "quoter", quantity = { above = "0.02" } }
then = "shrink"
to = { quantity = "0.02" }
message = "a new strategy begins small"
"""
NO_SELLS = """
[[rule]]
name = "no-sells"
when = { side = "sell" }
then = "reject"
message = "nothing may be sold short today"
"""
DESK = '''
from risk.rules import BookView, MarketView, OrderView, Pass, Reject


def calm(order: OrderView, market: MarketView, book: BookView) -> Pass | Reject:
    """Let nothing be opened while the spread is above a hundredth of the price."""
    return Reject("SPREAD") if market.spread * 200 > market.middle_twice else Pass()
'''


@pytest.mark.slow
def test_rules_shrink_and_refuse_change_while_running_outlive_kill_9_and_replay_without_their_files(
    tmp_path, run_folder, say
):
    def rules() -> dict[str, dict[str, str]]:
        rows = json.loads(say("limits", "rules", "--json"))["rows"]
        return {row["name"]: row for row in rows}

    with Venue(tmp_path, "--synthetic") as venue:
        (tmp_path / "rules.toml").write_text(SMALL)
        (tmp_path / "desk.py").write_text(DESK)
        tables = (venue_table(venue, "ETHUSDT"), live_tables(venue, tmp_path), QUOTER)
        settings = write_settings(tmp_path, *tables, mode="live", session='flush = "os"', operator=run_folder)
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            daemon.wait_status(lambda status: status["orders"].get("accepted", 0) > 0, "a working order")
            assert {order["origQty"].rstrip("0") for order in venue.ledger()["orders"]} == {"0.02"}
            small = rules()["small"]["value"]
            assert small == "shrink to quantity 0.02 when strategy quoter, quantity above 0.02"
            assert "source" in say("limits")
            assert "function desk.py:calm" in rules()["calm"]["value"]
            assert int(rules()["small"]["used"].split()[2]) > 0
            (tmp_path / "rules.toml").write_text(SMALL + NO_SELLS)
            told = say("reload", "-c", settings, "--reason", "the desk is short of ETH")
            assert "rules no-sells: none to {" in told
            daemon.wait_status(lambda status: len(status["refusals"]) > 0, "a refusal")
            assert {each["code"] for each in json.loads(say("status", "--json"))["result"]["refusals"]} == {
                "RULE_NO_SELLS"
            }
            assert "nothing may be sold short today" in say("why")
            daemon.process.kill()
            assert daemon.wait() == -9
            first = daemon.session
        (tmp_path / "rules.toml").write_text(SMALL)  # as it was: the change is the daemon's, and outlives it
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            daemon.wait_status(lambda status: len(status["refusals"]) > 0, "a refusal")
            assert rules()["no-sells"]["settings"] == "none"
            waits = say("reload", "-c", settings, "--reason", "the desk is long again")
            assert "it waits 3600 s, or until somebody else" in waits
            assert rules()["no-sells"]["waiting"] == "none"
            assert "somebody else has to approve it" in say("approve", "--reason", "I say so", code=2)
            (tmp_path / "rules.toml").write_text(SMALL.replace("above", "abve"))
            wrong = say("reload", "-c", settings, "--reason", "typo", code=2)
            assert "rules.toml:4: rule[0].when.quantity.abve" in wrong
            assert "did you mean above?" in wrong
            (tmp_path / "rules.toml").write_text(SMALL)
            (tmp_path / "desk.py").write_text(DESK + "# another one\n")
            refused = say("reload", "-c", settings, "--reason", "another function", code=2)
            assert "risk.rules.functions, or what a function is made of, differs" in refused
            daemon.stop()
            second = daemon.session
    for session in (first, second):
        done = tickerd("replay", session, "--verify")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "identical" in done.stdout
