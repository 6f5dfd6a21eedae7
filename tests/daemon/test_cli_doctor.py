"""`tickerd doctor`: each check at its edges, and the whole on this machine."""

import contextlib
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from config.load import parse
from daemon.commands import doctor_machine, doctor_python, doctor_sessions, doctor_venues
from daemon.commands.doctor_finding import Level
from daemon.errors import ExitCode
from tests.daemon.live.heads import SETTINGS as LIVE_SETTINGS
from tests.daemon.sessions import SETTINGS, Recorder, flip_byte, record_crashed_session


@contextlib.contextmanager
def venue(ahead_ms=0, status=200):
    """A venue that knows nothing but its time."""

    class Clock(BaseHTTPRequestHandler):
        def do_GET(self):
            body = b'{"serverTime":%d}' % (time.time_ns() // 1_000_000 + ahead_ms)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Clock) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def settings(tmp_path):
    def write(url):
        path = tmp_path / "my.toml"
        text = SETTINGS.replace("[venues.binance]", f'[venues.binance]\nrest_url = "{url}"')
        path.write_text(
            text.replace("[session]", f'[session]\nroot = "{tmp_path / "kept"}"') + "\n[metrics]\nport = 0\n"
        )
        return path

    return write


def findings(answer):
    return {check["check"]: check for check in answer.json()["checks"]}


def test_doctor_finds_nothing_that_fails_here(tickerd, root):
    answer = tickerd("doctor", "--root", root, "--json")

    failed = [check for check in answer.json()["checks"] if check["level"] == "fail"]
    assert failed == []
    assert answer.json()["ok"] is True
    assert answer.code == 0
    assert not root.exists(), "the doctor leaves nothing behind"


def test_doctor_says_what_to_do_about_everything_that_is_not_well(tickerd, root):
    record_crashed_session(root)

    checks = tickerd("doctor", "--root", root, "--json").json()["checks"]

    assert all(bool(check["advice"]) == (check["level"] != "ok") for check in checks)


def test_doctor_prints_a_table_that_fits_eighty_columns(tickerd, root):
    words = tickerd("doctor", "--root", root)

    assert max(map(len, words.out.splitlines())) <= 80
    assert "tickerd works here" in words.out.splitlines()[-1]


def test_doctor_checks_the_settings_their_root_and_their_venues(tickerd, settings):
    with venue() as url:
        found = findings(tickerd("doctor", "-c", settings(url), "--json"))

    assert found["settings"]["level"] == "ok"
    assert found["venue binance"]["level"] == "ok"
    assert "kept" in found["disk space"]["found"]
    assert found["metrics"]["found"] == "turned off"


def test_doctor_fails_on_wrong_settings(tickerd, tmp_path):
    path = tmp_path / "my.toml"
    path.write_text(SETTINGS.replace("binance-spot", "binance-sport"))

    answer = tickerd("doctor", "-c", path, "--json")

    assert answer.code == ExitCode.INTERNAL
    assert findings(answer)["settings"]["level"] == "fail"
    assert "tickerd config check" in findings(answer)["settings"]["advice"]
    assert "would not work" in tickerd("doctor", "-c", path).out


def test_a_venue_that_cannot_be_reached_is_a_warning(tickerd, settings):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        answer = tickerd("doctor", "-c", settings(f"http://127.0.0.1:{unused.getsockname()[1]}"), "--json")

    assert answer.code == 0
    assert findings(answer)["venue binance"]["level"] == "warn"


def test_a_venue_whose_clock_is_seconds_away_is_a_warning():
    with venue(ahead_ms=5_000) as url:
        finding = doctor_venues.reach("binance", f"{url}/api/v3/time", 5.0)

    assert finding.level is Level.WARN
    assert "NTP" in finding.advice


def test_a_venue_that_refuses_is_a_warning():
    with venue(status=503) as url:
        assert doctor_venues.reach("binance", f"{url}/api/v3/time", 5.0).level is Level.WARN


def test_a_crashed_session_is_told_with_the_command_that_recovers_it(tickerd, root):
    folder = record_crashed_session(root)

    finding = doctor_sessions.crashed(root)
    assert finding.level is Level.WARN
    assert finding.advice == f"tickerd journal recover {folder}"

    tickerd("journal", "recover", folder)
    after = doctor_sessions.crashed(root)
    assert after.level is Level.OK
    assert "1 of them crashed and whole" in after.found


def test_a_damaged_session_is_told_with_the_command_that_says_where(session, root):
    flip_byte(session, 0)

    finding = doctor_sessions.crashed(root)

    assert finding.level is Level.WARN
    assert finding.advice == f"see where: tickerd journal verify {session}"


def test_a_running_session_is_no_crash(root):
    recorder = Recorder(root)
    recorder.open()
    try:
        assert doctor_sessions.crashed(root).level is Level.OK
    finally:
        recorder.crash()


def test_a_root_that_is_not_there_yet_is_tried_where_it_would_be(tmp_path):
    assert doctor_sessions.disk_latency(tmp_path / "new" / "root").level is not Level.FAIL
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no folder in which not even root may make a file")
def test_a_root_that_cannot_be_written_fails():
    assert doctor_sessions.disk_latency(Path("/proc/self")).level is Level.FAIL


@pytest.mark.parametrize(
    ("free", "level"), [((256 << 20) - 1, Level.FAIL), (256 << 20, Level.WARN), (5 << 30, Level.OK)]
)
def test_little_free_space_is_told(monkeypatch, tmp_path, free, level):
    class Usage:
        def __init__(self, _):
            self.free = free

    monkeypatch.setattr("shutil.disk_usage", Usage)

    assert doctor_sessions.free_space(tmp_path).level is level


@pytest.mark.parametrize(("limit", "level"), [(63, Level.FAIL), (1023, Level.WARN), (1024, Level.OK), (-1, Level.OK)])
def test_a_low_limit_on_open_files_is_told(limit, level):
    assert doctor_machine.open_files(limit).level is level


@pytest.mark.parametrize(
    ("wall_ns", "resolution_s", "level"),
    [
        (0, 1e-9, Level.FAIL),
        (1_795_000_000_000_000_000, 1e-9, Level.OK),
        (1_795_000_000_000_000_000, 1e-2, Level.WARN),
        (9_000_000_000_000_000_000, 1e-9, Level.FAIL),
    ],
)
def test_a_clock_that_cannot_be_right_is_told(wall_ns, resolution_s, level):
    assert doctor_machine.clocks(wall_ns, resolution_s).level is level


def test_a_taken_metrics_port_is_a_warning():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        taken = doctor_machine.metrics_port("127.0.0.1", port)

    assert taken.level is Level.WARN
    assert "taken" in taken.found
    assert doctor_machine.metrics_port("127.0.0.1", port).level is Level.OK
    assert doctor_machine.metrics_port("127.0.0.1", 0).found == "turned off"


def test_a_loopback_that_serves_no_websocket_fails(monkeypatch):
    assert doctor_machine.websocket().level is Level.OK
    monkeypatch.setattr(doctor_machine, "LOOPBACK", "192.0.2.1")  # TEST-NET-1 (RFC 5737): no machine has it
    assert doctor_machine.websocket().level is Level.FAIL


@pytest.mark.parametrize(
    ("version", "implementation", "level"),
    [
        ((3, 10), "CPython", Level.FAIL),
        ((3, 11), "CPython", Level.OK),
        ((3, 13), "CPython", Level.OK),
        ((3, 15), "CPython", Level.WARN),
        ((3, 11), "PyPy", Level.WARN),
    ],
)
def test_a_python_that_is_not_tested_is_told(version, implementation, level):
    assert doctor_python.python_version(version, implementation).level is level


def test_a_missing_library_fails_and_a_missing_venue_client_warns(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor_python, "required", lambda _: ["msgspec", "no-such-library"])
    missing = doctor_python.dependencies(tmp_path)
    assert missing.level is Level.FAIL
    assert "no-such-library" in missing.found

    monkeypatch.setattr(doctor_python, "VENUE_CLIENTS", {"no-such-library"})
    assert doctor_python.dependencies(tmp_path).level is Level.WARN


def test_a_library_of_another_version_than_the_locked_one_warns(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor_python, "required", lambda _: ["msgspec"])
    (tmp_path / "requirements.lock").write_text("msgspec==0.0.1 \\\n    --hash=sha256:00\n")

    finding = doctor_python.dependencies(tmp_path)

    assert finding.level is Level.WARN
    assert "(locked: 0.0.1)" in finding.found


def test_assertions_that_are_off_fail():
    assert doctor_python.assertions(0).level is Level.OK
    assert doctor_python.assertions(1).level is Level.FAIL


def test_the_doctor_looks_for_live_secrets_and_shows_none(monkeypatch, tmp_path):
    live = parse(LIVE_SETTINGS).settings
    [finding] = doctor_venues.secrets_findings(live)
    assert (finding.check, finding.level) == ("secrets binance", Level.FAIL)
    assert "demo-api-key" in finding.found
    monkeypatch.setenv("TICKERD_SECRET_DEMO_API_KEY", "the-key")
    monkeypatch.setenv("TICKERD_SECRET_DEMO_API_SECRET", "the-secret")
    [finding] = doctor_venues.secrets_findings(live)
    assert (finding.level, finding.found) == (Level.OK, "demo-api-key and demo-api-secret are there")


def test_a_missing_secret_is_told_before_a_session_begins(tickerd, tmp_path):
    (tmp_path / "live.toml").write_text(f'{LIVE_SETTINGS}\n[live]\nroot = "{tmp_path / "accounts"}"\n')
    answer = tickerd("run", "-c", tmp_path / "live.toml", "--live", "--root", tmp_path / "kept")
    assert answer.code == ExitCode.USAGE
    assert "demo-api-key" in answer.err
    assert not (tmp_path / "kept").exists()
    assert not (tmp_path / "accounts").exists()
