"""The ready-made file for audited live trading, as its own comments say to use it, on the embedded exchange."""

import contextlib
import http.client
import re
import shlex
import shutil
import socket
import tempfile
from pathlib import Path

import pytest

from config.load import ready_made
from tests.acceptance.processes import Daemon, Venue, tickerd
from tests.acceptance.settings import live_environment


@pytest.fixture
def run_folder():
    """Where sockets are: their paths must be short."""
    folder = Path(tempfile.mkdtemp(prefix="t"))
    folder.chmod(0o700)
    yield folder
    shutil.rmtree(folder)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


def metrics_of(port: int) -> str:
    """What a scrape is told."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/metrics")
    with contextlib.closing(connection):
        return connection.getresponse().read().decode()


@pytest.mark.slow
def test_the_audited_ready_made_file_signs_anchors_tells_metrics_and_verifies_after_kill_9(tmp_path, run_folder):
    text = ready_made()["binance-spot-live-audited"].read_text()
    there = {
        r"(?<!/)audit\.pem": f"{tmp_path}/audit.pem",
        "var/sessions": f"{tmp_path}/sessions",
        "/mnt/audit": str(tmp_path),
    }
    for was, becomes in there.items():
        text = re.sub(was, becomes, text)
    made, _, verify = (shlex.split(line)[2:] for line in re.findall(r"^#   (tickerd .*)$", text, re.MULTILINE))
    assert "the private key" in tickerd("audit", *made).stdout
    with Venue(tmp_path, "--synthetic") as venue:
        settings = tmp_path / "audited.toml"
        venue_lines = f'rest_url = "{venue.rest_url}"\nws_url = "{venue.ws_url}"\ninstruments = ["ETHUSDT"]'
        for was, becomes in (
            (', "syslog:/dev/log"', ""),
            ("every_s = 60.0", "every_s = 0.5"),
            ('instruments = ["BTCUSDT"]', venue_lines),
            ("BTCUSDT.BINANCE", "ETHUSDT.BINANCE"),
            ("fast = 200, slow = 1_000", "fast = 2, slow = 4"),
            ('quantity = "0.0002"', 'quantity = "0.01"'),
            ('key = "binance"', f'key = "demo"\nws_api_url = "{venue.ws_api_url}"'),
            ('signing = "ed25519"', 'signing = "hmac"'),
            ("port = 9_184", f"port = {free_port()}"),
            ("[store]", f'[operator]\nfolder = "{run_folder}"\n\n[store]'),
            ('account = "binance-spot"', f'account = "demo"\nroot = "{tmp_path / "accounts"}"'),
        ):
            assert was in text, was
            text = text.replace(was, becomes)
        settings.write_text(text)
        port = re.search(r"port = (\d+)", text)
        assert port is not None
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            daemon.wait_status(lambda status: len(status["fills"]) > 0, "a fill")
            daemon.wait_status(
                lambda status: (
                    status["audit"]["places"][0]["age_ns"] >= 0 and not status["audit"]["places"][0]["pending"]
                ),
                "a signature in the second place",
            )
            told = metrics_of(int(port[1]))
            figures = dict(line.rsplit(" ", 1) for line in told.splitlines() if line.startswith("tickerd_audit"))
            assert float(figures["tickerd_audit_signed_age_seconds"]) < 30
            (age,) = [float(value) for name, value in figures.items() if "anchored_age" in name]
            assert 0 <= age < 30
            shown = tickerd("breakers", "--folder", str(run_folder)).stdout
            assert "day_loss" in shown
            assert "second_count" in shown
            daemon.process.kill()
            assert daemon.wait() == -9
            killed = daemon.session
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            daemon.wait_ready()
            daemon.stop()
    done = tickerd("audit", *verify)
    assert done.returncode == 0, done.stdout + done.stderr
    assert tickerd("replay", killed, "--verify").returncode == 0
