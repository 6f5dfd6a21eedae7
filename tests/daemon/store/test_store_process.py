"""The follower as a process of its own: killed at any moment it goes on, and whatever stops it stops it alone."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from daemon.store import process
from daemon.store.process import RESTARTS_MAX, StoreProcess
from tests.acceptance.processes import ROOT, Daemon, Venue, tickerd, until
from tests.acceptance.settings import strategy_tables, venue_table, write_settings
from tests.daemon.sessions import Recorder, record_session
from tests.daemon.store.store_making import digest_of, rebuilt_digest, rows_of

PATIENCE_S = 60.0


def start(folder: Path, file: Path, *, command: tuple[str, ...] = ()) -> StoreProcess:
    return StoreProcess(folder, file, batch=50, commit_ms=20, command=command)


def look_until(store: StoreProcess, wanted: Callable[[], object], what: str) -> list[str]:
    """Look after the process until what is wanted has come; returns what it said."""
    said: list[str] = []

    def looked() -> bool:
        problem = store.look()
        if problem is not None:
            said.append(problem)
        return bool(wanted())

    until(looked, what, PATIENCE_S)
    return said


def cursor(file: Path) -> int:
    """Where the store stands, 0 where it is not made yet."""
    if not file.exists():
        return 0
    try:
        found = rows_of(file, "SELECT next_seq FROM sessions")
    except Exception:  # noqa: BLE001 - it is being made
        return 0
    return int(str(found[0][0])) if found else 0


def is_past(file: Path, seq: int) -> bool:
    return cursor(file) > seq


def is_another(store: StoreProcess, pid: int) -> bool:
    return store.pid not in {None, pid}


@pytest.mark.parametrize("kills", [1, pytest.param(8, marks=pytest.mark.slow)])
def test_killed_while_it_follows_it_is_started_again_and_nothing_is_lost(tmp_path, monkeypatch, kills):
    monkeypatch.setattr(process, "RESTART_AFTER_S", 0.0)
    monkeypatch.setattr(process, "RESTARTS_MAX", kills)
    rng, file = random.Random(kills), tmp_path / "store.db"
    recorder = Recorder(tmp_path, segment_bytes=1 << 18)
    recorder.open()
    store = start(recorder.folder, file)
    said = []
    for _ in range(kills):
        before = cursor(file)
        recorder.trade(rng.randrange(20, 60))
        recorder.journal.flush()
        said += look_until(store, partial(is_past, file, before), "rows")
        recorder.trade(30)
        recorder.journal.flush()
        time.sleep(rng.uniform(0, 0.05))
        killed = store.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        said += look_until(store, partial(is_another, store, killed), "a new process")
    folder = recorder.seal()
    assert store.close(PATIENCE_S) is None

    assert len(said) == kills
    assert all("ended by signal 9; it is started again" in each for each in said)
    assert rows_of(file, "SELECT state FROM sessions") == [("ended",)]
    assert digest_of(file, folder.name) == rebuilt_digest(folder, tmp_path / "other.db")


def test_killed_too_often_it_stays_away_and_says_so_once(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "RESTART_AFTER_S", 0.0)
    command = (sys.executable, "-c", "import os; os.kill(os.getpid(), 9)")
    store = start(tmp_path / "session", tmp_path / "store.db", command=command)
    said: list[str] = []

    def gave_up() -> bool:
        problem = store.look()
        said.extend([problem] if problem else [])
        return bool(said) and "the store stopped" in said[-1]

    until(gave_up, "the end of it", PATIENCE_S)
    assert len(said) == RESTARTS_MAX + 1
    assert "`tickerd store rebuild` brings the store up to date" in said[-1]
    assert store.look() is None
    assert store.close() is None


def test_what_keeps_it_from_writing_is_told_and_it_is_not_started_again(tmp_path):
    folder = record_session(tmp_path, rounds=60)
    file = tmp_path / "store.db"
    words = ["--session", str(folder), "--file", str(file), "--batch", "50", "--commit-ms", "20"]
    code = (
        "import resource, runpy, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"  # as a disk that is full
        f"sys.argv[1:] = {words!r}\n"
        "runpy.run_module('daemon.store', run_name='__main__')"
    )
    store = start(folder, file, command=(sys.executable, "-c", code))
    (said,) = look_until(store, lambda: store.pid is None, "the end of it")

    assert said.startswith(f"the store stopped: cannot read or write {file}")
    assert "The session goes on" in said
    assert store.look() is None
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 200_000
    assert rebuilt_digest(folder, tmp_path / "other.db"), "the journal has everything"


def test_one_that_does_not_end_in_time_is_killed_and_that_is_told(tmp_path):
    store = start(tmp_path, tmp_path / "store.db", command=(sys.executable, "-c", "import time; time.sleep(600)"))
    assert "was not done 0.2 s after the session" in (store.close(0.2) or "")


# ------------------------------------------------------------------------------------------------ a whole daemon


def followers_of(pid: int) -> list[int]:
    """The store processes that a daemon has now."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    return [int(own) for own, parent, words in rows if int(parent) == pid and "daemon.store" in words]


def settings_of(folder: Path, venue: Venue) -> Path:
    store = f'[store]\nenabled = true\nfile = "{folder / "store.db"}"\nbatch = 200\ncommit_ms = 20\n'
    table = venue_table(venue, "BTCUSDT", "ETHUSDT")
    return write_settings(folder, table, strategy_tables("BTCUSDT.BINANCE"), store, session="segment_mib = 1")


def compared(folder: Path, session: Path) -> None:
    """What the follower wrote is what a rebuild makes of the journal."""
    file = folder / "store.db"
    assert digest_of(file, session.name) == rebuilt_digest(session, folder / "other.db")
    counted = rows_of(file, "SELECT count(*) FROM orders")[0][0]
    assert int(str(counted)) > 0


def test_a_running_daemon_has_its_store_written_and_ends_with_all_of_it(tmp_path):
    with Venue(tmp_path, "--synthetic", "--seed", "9") as venue, Daemon(settings_of(tmp_path, venue)) as daemon:
        daemon.wait_ready()
        daemon.wait_status(lambda status: sum(status["orders"].values()) > 1, "orders")
        summary = daemon.stop()
        session = ROOT / summary["session"]

    assert rows_of(tmp_path / "store.db", "SELECT state, folder FROM sessions") == [("ended", str(session))]
    assert rows_of(tmp_path / "store.db", "SELECT count(*) FROM orders") == [(sum(summary["orders"].values()),)]
    compared(tmp_path, session)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_daemon_whose_follower_is_killed_again_and_again_trades_on_and_loses_no_row(tmp_path, seed):
    rng, kills = random.Random(seed), 0
    with (
        Venue(tmp_path, "--synthetic", "--seed", str(seed), "--speed", "max") as venue,
        Daemon(settings_of(tmp_path, venue)) as daemon,
    ):
        daemon.wait_ready()
        while kills <= RESTARTS_MAX:
            until(lambda: bool(followers_of(daemon.process.pid)), "a follower")
            time.sleep(rng.uniform(0.0, 1.5))
            for pid in followers_of(daemon.process.pid):
                os.kill(pid, signal.SIGKILL)
                kills += 1
        told = daemon.wait_status(
            lambda status: any("the store stopped" in alert["message"] for alert in status["alerts"]), "alert"
        )
        assert told["state"] == "READY"
        daemon.wait_status(lambda status: status["inputs"] > told["inputs"] + 1000, "trading")
        session = ROOT / daemon.stop()["session"]

    caught_up = tickerd("store", "rebuild", "--root", session.parent, "--file", tmp_path / "store.db", "--json")
    assert caught_up.returncode == 0, caught_up.stderr
    assert json.loads(caught_up.stdout)["session"] == session.name
    compared(tmp_path, session)


@pytest.mark.slow
def test_a_daemon_that_is_killed_leaves_a_store_that_its_follower_completes(tmp_path):
    with (
        Venue(tmp_path, "--synthetic", "--seed", "4", "--speed", "max") as venue,
        Daemon(settings_of(tmp_path, venue)) as daemon,
    ):
        daemon.wait_ready()
        daemon.wait_status(lambda status: status["inputs"] > 20_000, "a busy session")
        followers, session = followers_of(daemon.process.pid), daemon.session
        daemon.process.kill()
        daemon.wait()
        until(lambda: rows_of(tmp_path / "store.db", "SELECT state FROM sessions") == [("crashed",)], "the end")

    assert len(followers) == 1
    compared(tmp_path, ROOT / session)
