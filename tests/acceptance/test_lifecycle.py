"""How a session begins and ends, seen from outside: signals, a venue that is not there, a disk that is full."""

import contextlib
import itertools
import json
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet

from core.records import Kind
from journal.verify import VerifyReport, verify
from tests.acceptance import exports, proof
from tests.acceptance.processes import PATIENCE_S, ROOT, Daemon, Venue, command, environment, tickerd, until
from tests.acceptance.settings import strategy_tables, venue_table, write_settings

INSTRUMENT = "BTCUSDT.BINANCE"
SLOW_VENUE = """
[paper.sim]
entry_latency_ns = 1_000_000
response_latency_ns = {response_ns}
"""


@pytest.fixture(scope="module")
def venue(tmp_path_factory) -> Iterator[Venue]:
    """One market for all tests here: they only listen to it, and starting one takes a second."""
    with Venue(tmp_path_factory.mktemp("venue"), "--synthetic", "--seed", "3") as running:
        yield running


def settings_for(folder: Path, venue: Venue, *tables: str, session: str = "") -> Path:
    return write_settings(folder, venue_table(venue, "BTCUSDT"), strategy_tables(INSTRUMENT), *tables, session=session)


def sealed(session: Path) -> VerifyReport:
    """What the journal says of its own end; it must be whole and replay."""
    report = verify(session)
    assert report.ok, report.damage
    proof.verify(session)
    return report


def states(session: Path) -> list[str]:
    return [row["state"] for row in exports.export(session, "lifecycle")]


def in_soak(*case: object) -> ParameterSet:
    """Leave a case to `make soak`: another of the same test starts and ends a session in the same way."""
    return pytest.param(*case, marks=pytest.mark.slow)


@pytest.mark.parametrize("number", [in_soak(signal.SIGINT), signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_drains_and_seals_the_session_as_ended(tmp_path, venue, number):
    with Daemon(settings_for(tmp_path, venue)) as daemon:
        daemon.wait_status(lambda status: sum(status["orders"].values()) > 0, "orders")
        asked = time.monotonic()
        daemon.signal(number)
        assert daemon.wait() == 0, daemon.story()
        assert time.monotonic() - asked < 10.0, "the drain's budget"
        summary = daemon.summary()
    assert summary["state"] == "ended"
    assert number.name in summary["reason"]
    assert not set(summary["orders"]) - {"filled", "cancelled", "rejected", "expired"}, "nothing is left open"
    assert sealed(daemon.session).state == "ended"
    assert states(daemon.session) == ["STARTING", "SYNCING", "READY", "DRAINING", "STOPPED"]


@pytest.mark.slow
def test_a_daemon_that_was_stopped_trades_on_nothing_that_waited_meanwhile(tmp_path, venue):
    """F62: what its sockets held is as old as the stop was long, and would have been read as of now."""
    with Daemon(settings_for(tmp_path, venue)) as daemon:
        daemon.wait_status(lambda status: sum(status["orders"].values()) > 0, "orders")
        daemon.signal(signal.SIGSTOP)
        time.sleep(8.0)  # the stop itself
        daemon.signal(signal.SIGCONT)
        status = daemon.wait_status(lambda status: status["reconnects"] > 0, "the connection is made anew")
        orders = sum(status["orders"].values())
        daemon.wait_status(lambda status: sum(status["orders"].values()) > orders, "it trades again")
        daemon.stop()
    sealed(daemon.session)
    shown = tickerd("journal", "show", daemon.session, "--json").stdout.splitlines()
    records = [json.loads(line) for line in shown]
    stops = [
        number for number, (before, after) in enumerate(itertools.pairwise(records), start=1)
        if after["recv_ns"] - before["recv_ns"] > 5 * 10**9
    ]  # fmt: skip
    assert len(stops) == 1
    after = [each for each in records[stops[0] :] if each["kind"] in {"quote", "trade", "book", "feed", "submit"}]
    back = next(
        number for number, each in enumerate(after) if each["kind"] == "feed" and each["fields"]["state"] == "connected"
    )
    assert {each["kind"] for each in after[:back]} == {"feed"}, "nothing of the market, no order"
    assert "did not run for" in after[0]["fields"]["reason"]


def test_a_second_signal_ends_at_once_and_seals_the_session_as_crashed(tmp_path, venue):
    slow = SLOW_VENUE.format(response_ns=60_000_000_000)  # no answer comes while we wait
    with Daemon(settings_for(tmp_path, venue, slow, session="drain_budget_s = 60")) as daemon:
        daemon.wait_status(lambda status: sum(status["orders"].values()) > 0, "orders")
        daemon.signal(signal.SIGTERM)
        daemon.wait_status(lambda status: status["state"] == "DRAINING", "DRAINING")
        asked = time.monotonic()
        daemon.signal(signal.SIGINT)
        assert daemon.wait() == 7, daemon.story()
        assert time.monotonic() - asked < 30.0, "half of the budget"
        assert daemon.summary()["state"] == "crashed"
    assert sealed(daemon.session).state == "crashed"


def test_a_drain_that_gets_no_answer_ends_with_its_budget_and_says_what_is_open(tmp_path, venue):
    slow = SLOW_VENUE.format(response_ns=60_000_000_000)
    with Daemon(settings_for(tmp_path, venue, slow, session="drain_budget_s = 1")) as daemon:
        daemon.wait_status(lambda status: sum(status["orders"].values()) > 0, "orders")
        asked = time.monotonic()
        daemon.signal(signal.SIGTERM)
        assert daemon.wait() == 0, daemon.story()
        assert 1.0 <= time.monotonic() - asked < 30.0, "long before the venue answers"
    assert "still open" in daemon.summary()["reason"]
    sealed(daemon.session)


@pytest.mark.slow
def test_every_line_of_json_is_an_object_and_they_tell_a_story(tmp_path, venue):
    with Daemon(settings_for(tmp_path, venue), "--for", "1500ms") as daemon:
        assert daemon.wait() == 0, daemon.story()
    told = [json.loads(line) for line in daemon.lines]
    assert [said["event"] for said in told] == ["session", *["status"] * (len(told) - 2), "summary"]
    statuses = told[1:-1]
    assert statuses[-1]["state"] == "STOPPED"
    order = ["STARTING", "SYNCING", "READY", "DRAINING", "STOPPED"]
    assert [status["state"] for status in statuses] == sorted((s["state"] for s in statuses), key=order.index)
    assert {"feeds", "orders", "positions", "refusals", "malformed"} <= statuses[-1].keys()
    assert told[-1]["inputs"] == proof.verify(daemon.session)["events"]


def test_without_a_terminal_there_are_plain_lines_and_the_summary_ends_with_the_replay(tmp_path, venue):
    done = tickerd("run", "-c", settings_for(tmp_path, venue), "--for", "1500ms")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("session ")
    assert any("READY" in line for line in lines)
    assert "replay" in lines[-1]
    assert lines[-1].endswith("--verify")


@pytest.mark.slow
@pytest.mark.parametrize("reader", ["gone", pytest.param("asleep", marks=pytest.mark.slow)])
def test_whoever_reads_the_output_cannot_hold_up_the_session(tmp_path, venue, reader):
    settings = settings_for(tmp_path, venue, "[screen]\nrefresh_ms = 50")
    words = command("run", "-c", settings, "--json", "--for", "6s")
    with subprocess.Popen(words, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        session = Path(json.loads(process.stdout.readline())["session"])
        if reader == "gone":
            process.stdout.close()
        until(lambda: bool(sealed_state(session) == "ended"), "the session's end")
        if reader == "asleep":
            assert json.loads(process.stdout.read().splitlines()[-1])["event"] == "summary"
        assert process.wait(PATIENCE_S) == 0
    quotes = [row["recv_ns"] for row in exports.export(session, "quotes")]
    assert max(later - earlier for earlier, later in itertools.pairwise(quotes)) < 3_000_000_000
    assert quotes[-1] - quotes[0] > 5_000_000_000


def sealed_state(session: Path) -> str:
    done = tickerd("journal", "ls", "--root", session.parent, "--json")
    assert done.returncode == 0, done.stderr
    (known,) = [json.loads(line) for line in done.stdout.splitlines()]
    return str(known["state"])


def test_a_running_session_can_be_read_exported_and_replayed(tmp_path, venue):
    with Daemon(settings_for(tmp_path, venue)) as daemon:
        session = daemon.session
        daemon.wait_status(lambda status: sum(status["orders"].values()) > 0, "orders")
        assert sealed_state(session) == "running"
        assert exports.export(session, "quotes")
        assert sealed(session).state == "running"
        assert proof.verify(session)["state"] == "running"
        daemon.stop()
    assert sealed(session).state == "ended"


@contextlib.contextmanager
def nobody() -> Iterator[str]:
    """An address where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


@contextlib.contextmanager
def mute() -> Iterator[str]:
    """An address where somebody listens and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("place", [nobody, in_soak(mute)], ids=lambda place: place.__name__)
def test_a_venue_that_is_not_there_ends_the_start_in_bounded_time_saying_what_to_look_at(tmp_path, place):
    with place() as address:
        table = f"""
[venues.binance]
connector = "binance-spot"
rest_url = "http://{address}"
ws_url = "ws://{address}"
instruments = ["BTCUSDT"]
start_timeout_s = 1.5
request_timeout_s = 1.0
"""
        with Daemon(write_settings(tmp_path, table)) as daemon:
            session = daemon.session
            began = time.monotonic()
            assert daemon.wait() == 5, daemon.story()
            assert time.monotonic() - began < 20.0
    assert address in daemon.summary()["reason"]
    assert address in daemon.stderr
    assert "Traceback" not in daemon.stderr
    assert sealed(session).state == "crashed"


@pytest.mark.parametrize(("signals", "code", "state"), [in_soak(1, 0, "ended"), (2, 7, "crashed")])
def test_a_start_that_waits_for_its_venue_can_be_stopped_at_once(tmp_path, signals, code, state):
    with mute() as address:
        table = f"""
[venues.binance]
connector = "binance-spot"
rest_url = "http://{address}"
ws_url = "ws://{address}"
instruments = ["BTCUSDT"]
start_timeout_s = 60
request_timeout_s = 60
"""
        with Daemon(write_settings(tmp_path, table)) as daemon:
            daemon.wait_status(lambda status: status["state"] == "STARTING", "STARTING")
            asked = time.monotonic()
            for _ in range(signals):
                daemon.signal(signal.SIGINT)
            assert daemon.wait() in {code, 0}, daemon.story()
            assert time.monotonic() - asked < 30.0, "half of what it would have waited"
            session = daemon.session
    assert sealed(session).state in {state, "ended"}, "the first signal may have done it before the second came"


DEFECT = """
import sys

import daemon.app
from daemon.cli import main


class Broken(daemon.app.Pipeline):
    calls = 0

    def feed(self, events):
        Broken.calls += 1
        if Broken.calls > 100 and any(event[0] == {kind} for event in events):
            raise KeyError("on purpose")
        super().feed(events)


daemon.app.Pipeline = Broken
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("kind", [in_soak(Kind.QUOTE), Kind.REPORT], ids=lambda kind: kind.name)
def test_a_defect_of_the_program_stops_it_at_once_saying_that_it_is_one(tmp_path, venue, kind):
    settings = settings_for(tmp_path, venue)
    words = [sys.executable, "-c", DEFECT.format(kind=int(kind)), "run", "-c", str(settings), "--json", "--for", "30s"]
    done = subprocess.run(
        words, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 1, done.stderr[-3000:]
    assert "KeyError" in done.stderr
    assert "in feed" in done.stderr, "the traceback"
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert told[-1]["state"] == "crashed"
    assert "defect" in told[-1]["reason"]
    assert sealed(Path(told[0]["session"])).state == "crashed"


def test_a_symbol_that_the_venue_does_not_know_is_told_with_the_nearest(tmp_path, venue):
    with Daemon(write_settings(tmp_path, venue_table(venue, "BTCUSD"))) as daemon:
        assert daemon.wait() in {2, 5}, daemon.story()
    assert "BTCUSD" in daemon.stderr
    assert "BTCUSDT" in daemon.stderr


@pytest.mark.slow
def test_market_data_that_never_comes_ends_the_start_in_bounded_time(tmp_path, venue):
    """Rules come by REST, but the websocket leads nowhere."""
    with nobody() as address:
        table = venue_table(venue, "BTCUSDT").replace(venue.ws_url, f"ws://{address}")
        with Daemon(write_settings(tmp_path, table, session="sync_budget_s = 2")) as daemon:
            assert daemon.wait() == 5, daemon.story()
    assert "BTCUSDT.BINANCE" in daemon.summary()["reason"]
    assert address in daemon.summary()["reason"]


class Full:
    """How a disk may be full: each gives where sessions are kept, and the most bytes that a file may have."""

    @staticmethod
    @contextlib.contextmanager
    def file_limit(folder: Path) -> Iterator[tuple[Path, int]]:
        if not hasattr(resource, "prlimit"):
            pytest.skip("another process's limits can be set on Linux alone")
        yield folder, 1 << 20

    @staticmethod
    @contextlib.contextmanager
    def small_disk(folder: Path) -> Iterator[tuple[Path, int]]:
        disk = folder / "disk"
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(disk)]
        try:
            done = subprocess.run(mount, capture_output=True, text=True, check=False)
        except FileNotFoundError as error:
            pytest.skip(f"no mount here: {error}")
        if done.returncode:
            pytest.skip(f"a small disk needs to be mounted by root: {done.stderr.strip()}")
        try:
            yield disk, resource.RLIM_INFINITY
        finally:
            subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("how", [in_soak(Full.small_disk), Full.file_limit], ids=lambda how: how.__name__)
def test_a_full_disk_stops_trading_says_so_and_loses_nothing_that_was_written(tmp_path, how):
    with Venue(tmp_path, "--synthetic", "--speed", "max") as venue, how(tmp_path) as (root, limit):
        settings = settings_for(tmp_path, venue)
        settings.write_text(settings.read_text().replace(str(tmp_path / "sessions"), str(root / "sessions")))
        with Daemon(settings) as daemon:
            if limit != resource.RLIM_INFINITY:
                resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (limit, limit))
            session = daemon.session
            assert daemon.wait() == 6, daemon.story()
        summary = daemon.summary()
        assert "full" in summary["reason"] or "File too large" in summary["reason"], summary["reason"]
        assert "free space" in summary["reason"].lower(), "what to do"
        assert "Traceback" not in daemon.stderr
        report = sealed(session)
        assert report.torn is None, "the file ends with a whole record"
        assert report.inputs > 10_000
        if how is Full.small_disk:
            assert report.state == "ended", "the reserve is for the drain and the seal"
            assert report.inputs == summary["inputs"], "every input that was seen is there"
            assert not set(summary["orders"]) - {"filled", "cancelled", "rejected", "expired"}
