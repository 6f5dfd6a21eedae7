"""The audit trail of a daemon that trades live on the embedded exchange: signed, killed, restarted, tampered with."""

import csv
import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from daemon.replay import replay_session
from journal.audit.folder import audit
from tests.acceptance.processes import Daemon, Venue, tickerd
from tests.acceptance.settings import live_environment, live_tables, venue_table, write_settings

TRADER = """
[[strategies]]
id = "ema"
use = "ema-cross"
instruments = ["ETHUSDT.BINANCE"]
params = { fast = 2, slow = 4, quantity = "0.05" }
"""


def _statement(path: Path, executions, doctor=lambda row: row) -> Path:
    """What the exchange itself says of the account, as Binance exports it."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("Date(UTC)", "Pair", "Side", "Price", "Executed", "Amount", "Fee"))
        for trade in executions:
            time = dt.datetime.fromtimestamp(trade["time"] // 1000, dt.UTC)
            side = "BUY" if trade["isBuyer"] else "SELL"
            fee = f"{trade['commission']}{trade['commissionAsset']}"
            row = [f"{time:%Y-%m-%d %H:%M:%S}", trade["symbol"], side, trade["price"]]
            writer.writerow(doctor([*row, f"{trade['qty']}ETH", f"{trade['quoteQty']}USDT", fee]))
    return path


@pytest.mark.slow
def test_a_session_that_was_killed_verifies_after_the_next_start_and_what_is_tampered_with_is_found(
    tmp_path, run_folder
):
    key, place, root = tmp_path / "audit.pem", tmp_path / "anchors.jsonl", tmp_path / "sessions"
    assert "the private key" in tickerd("audit", "key", key).stdout
    table = f'[audit]\nkey_file = "{key}"\nanchors = ["{place}"]\nevery_s = 0.2\n'

    def said(*words: object, code: int = 0):
        done = tickerd("audit", *map(str, words), "--root", root, "--json")
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    with Venue(tmp_path, "--synthetic") as venue:
        tables = (venue_table(venue, "ETHUSDT"), live_tables(venue, tmp_path), TRADER, table)
        settings = write_settings(tmp_path, *tables, mode="live", session='flush = "os"', operator=run_folder)
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            daemon.wait_status(lambda status: len(status["fills"]) > 2, "fills")
            running = audit(root).sessions[0]
            assert running.ok
            assert running.state == "running"
            daemon.process.kill()
            assert daemon.wait() == -9
            killed = daemon.session
        assert audit(root, None, [place]).ok
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            daemon.wait_status(lambda status: len(status["fills"]) > 2, "fills")
            halted = tickerd("halt", "all", "--reason", "to be audited", "--folder", str(run_folder))
            assert halted.returncode == 0, halted.stderr
            assert "HALTED" in tickerd("alerts", "--folder", str(run_folder)).stdout
            acknowledged = tickerd("ack", "all", "--reason", "seen", "--folder", str(run_folder))
            assert acknowledged.returncode == 0, acknowledged.stderr
            assert "ACKNOWLEDGED: HALTED x1 by " in acknowledged.stdout
            daemon.wait_status(lambda status: not status["open_alerts"], "nothing to acknowledge")
            daemon.stop()
            ended = daemon.session
        executions = venue.ledger()["executions"]
        secrets: dict[str, Any] = {name: text for name, text in live_environment(venue).items() if "SECRET" in name}
    found = said("verify", "--anchors", place, "--key", f"{key}.pub")["audit"]
    assert [(each["ok"], each["unsigned_slots"]) for each in found["sessions"]] == [(True, 0), (True, 0)]
    assert [each["state"] for each in found["sessions"]] == ["crashed", "ended"]
    assert all(each["anchors"] >= 2 for each in found["sessions"])
    assert replay_session(killed).ok
    assert replay_session(ended).ok

    day = f"{dt.datetime.fromtimestamp(executions[-1]['time'] // 1000, dt.UTC):%Y-%m-%d}"
    told = said("report", "--day", day)
    [halt] = [each for each in told["actions"] if each["what"] == "halt"]
    assert halt["by"]
    assert (halt["reason"], halt["source"].partition("=")[0]) == ("to be audited", "socket:uid")
    assert [(change["before"], change["after"]) for change in halt["changes"] if change["what"] == "latch"] == [
        ("free", "halt")
    ]
    compared = said("reconcile", _statement(tmp_path / "spot.csv", executions), "--day", day)
    assert compared["matched"] + compared["outside"] == len(executions) > 4
    row = len(executions)  # the last one, of the day that is asked for

    def doctored(cells: list[str]) -> list[str]:
        nonlocal row
        row -= 1
        return cells if row else [*cells[:4], "0.07ETH", *cells[5:]]

    broken = said("reconcile", _statement(tmp_path / "doctored.csv", executions, doctored), "--day", day, code=3)
    assert [(each["kind"], each["fields"], each["theirs"]["place"]) for each in broken["breaks"]] == [
        ("differs", ["quantity"], f"line {len(executions) + 1}")
    ]

    def breaks() -> list[tuple[str, str]]:
        return [(each.what.value, each.session) for each in audit(root, None, [place]).all_findings if each.is_break]

    segment = max(ended.glob("*.tkj"))
    whole = segment.read_bytes()
    segment.write_bytes(whole[: len(whole) // 2 // 64 * 64])
    assert breaks() == [("cut", ended.name)]
    segment.write_bytes(whole[:-200] + bytes([whole[-200] ^ 1]) + whole[-199:])
    assert breaks() == [("damaged", ended.name)]
    segment.write_bytes(whole)
    shutil.move(ended, tmp_path / "gone")
    assert breaks() == [("missing", ended.name)]
    shutil.move(tmp_path / "gone", ended)
    shutil.move(killed, tmp_path / "gone")
    done = tickerd("audit", "verify", root)
    assert done.returncode == 3
    assert f"! {killed.name}: missing" in done.stdout
    assert "1 break" in done.stdout
    key.chmod(0o644)
    refused = tickerd("run", "-c", settings, "--live", timeout_s=60, **secrets)
    assert refused.returncode == 2
    assert f"chmod 600 {key}" in refused.stderr
