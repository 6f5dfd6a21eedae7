"""Breakers that a person adds, widens and takes off while a daemon trades: through kill -9, in the audit, on replay."""

import datetime as dt
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

[risk.breakers]

[[risk.breakers.reject_rate]]
warn_at = "0.9"
"""
SPREAD = """
[[risk.breakers.spread]]
scope = "symbol:*"
halt_at = "0.000001"
for_s = 2
"""


@pytest.mark.slow
def test_a_breaker_that_was_added_while_trading_stops_it_outlives_kill_9_and_goes_only_with_a_second_person(
    tmp_path, run_folder, say
):
    def shown(word: str) -> dict[str, dict[str, str]]:
        rows = json.loads(say(word, "--json"))["rows"]
        return {row["name"] if word == "limits" else row["breaker"]: row for row in rows}

    def halted(status) -> bool:
        return any(each["source"] == "breaker:spread" for each in status["latches"])

    with Venue(tmp_path, "--synthetic") as venue:
        before = (venue_table(venue, "ETHUSDT"), live_tables(venue, tmp_path))
        plain = write_settings(
            tmp_path, *before, QUOTER, mode="live", session='flush = "os"', operator=run_folder
        ).read_text()
        settings, other = tmp_path / "live.toml", tmp_path / "other.toml"
        settings.write_text(plain)
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            daemon.wait_status(lambda status: status["orders"].get("accepted", 0) > 0, "a working order")
            other.write_text(plain.replace('"0.9"', '"0.9"\nleast = 5\nwindow_s = 30') + SPREAD)
            told = say("reload", "-c", other, "--reason", "thin books today")
            assert "reject_rate.least: 10 to 5 by" in told
            assert "reject_rate.window_s: 60 to 30 allows more: it waits 3600 s" in told
            assert 'symbol:* spread: none to {"after_arm":"anew","for_s":2,"halt_at":"0.000001"} by' in told
            daemon.wait_status(halted, "the new breaker to stop it")
            assert shown("breakers")["spread"]["step"] == "halt"
            daemon.process.kill()
            assert daemon.wait() == -9
            sessions = [daemon.session]
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            daemon.wait_status(halted, "the latch of the session before")
            limits = shown("limits")
            assert (limits["spread"]["value"], limits["spread"]["settings"]) == (
                "halt_at 0.000001, after_arm anew, for_s 2",
                "none",
            )
            assert (limits["reject_rate.least"]["value"], limits["reject_rate.window_s"]["waiting"]) == ("5", "30")
            assert "symbol:* spread" in say("reload", "-c", settings, "--reason", "books are deep again")
            assert shown("limits")["spread"]["waiting"] == "none"
            assert "somebody else has to approve it" in say("approve", "--reason", "I say so", code=2)
            assert shown("breakers")["spread"]["step"] == "halt"
            day = dt.datetime.fromtimestamp(daemon.last_status()["time_ns"] // 10**9, dt.UTC).date()
            daemon.stop()
            sessions.append(daemon.session)
    for session in sessions:
        done = tickerd("replay", session, "--verify")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "identical" in done.stdout
    report = tickerd("audit", "report", "--day", str(day), "--root", sessions[0].parent).stdout
    (line,) = [each for each in report.splitlines() if "limit spread" in each and "(none waits)" not in each]
    assert 'none -> {"after_arm":"anew","for_s":2,"halt_at":"0.000001"}' in line
