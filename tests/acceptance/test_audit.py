"""The audit trail of a real daemon: signed, anchored, killed, restarted, tampered with."""

import json
import shutil

from daemon.replay import replay_session
from journal.audit.folder import audit
from tests.acceptance.processes import Daemon, Venue, tickerd
from tests.acceptance.settings import strategy_tables, venue_table, write_settings


def test_a_session_that_was_killed_verifies_after_the_next_start_and_what_is_cut_or_taken_away_is_found(tmp_path):
    key, place = tmp_path / "audit.pem", tmp_path / "anchors.jsonl"
    assert "the private key" in tickerd("audit", "key", key).stdout
    table = f'[audit]\nkey_file = "{key}"\nanchors = ["{place}"]\nevery_s = 0.2\n'
    root = tmp_path / "sessions"

    def verify(*, code: int = 0):
        done = tickerd("audit", "verify", "--root", root, "--anchors", place, "--key", f"{key}.pub", "--json")
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)["audit"]

    with Venue(tmp_path, "--synthetic") as venue:
        tables = (venue_table(venue, "BTCUSDT"), strategy_tables("BTCUSDT.BINANCE"), table)
        settings = write_settings(tmp_path, *tables)
        with Daemon(settings) as daemon:
            daemon.wait_status(lambda status: sum(status["orders"].values()) > 3, "orders")
            running = audit(root).sessions[0]
            assert running.ok
            assert running.state == "running"
            daemon.process.kill()
            assert daemon.wait() == -9
            killed = daemon.session
        assert audit(root, None, [place]).ok
        with Daemon(settings) as daemon:
            daemon.wait_ready()
            daemon.stop()
            ended = daemon.session
    found = verify()
    assert [(each["ok"], each["unsigned_slots"]) for each in found["sessions"]] == [(True, 0), (True, 0)]
    assert [each["state"] for each in found["sessions"]] == ["crashed", "ended"]
    assert all(each["anchors"] >= 2 for each in found["sessions"])
    assert replay_session(killed).ok
    assert replay_session(ended).ok

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
    refused = tickerd("run", "-c", settings)
    assert refused.returncode == 2
    assert f"chmod 600 {key}" in refused.stderr
