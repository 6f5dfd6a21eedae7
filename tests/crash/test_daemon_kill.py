"""kill -9 of a real daemon while it ingests as fast as it can: every journal opens, verifies and replays, none lost.

`make crash` does it at least a hundred times (TICKERD_CRASH_KILLS); the suite does it three times.
"""

import contextlib
import json
import os
import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.records import SLOT_BYTES
from daemon.replay import replay_session
from journal.errors import JournalNotFound
from journal.head import SessionState
from journal.verify import verify
from tests.acceptance.processes import Daemon, Venue, tickerd
from tests.acceptance.settings import strategy_tables, venue_table, write_settings

KILLS = int(os.environ.get("TICKERD_CRASH_KILLS", "100"))
SHARES = 5  # so that test processes share the work
FEW = 3
GROWN_BYTES_MAX = 4 << 20
CUT_BYTES_MAX = 200_000
CLI_EVERY = 10
RECORD_BYTES_MAX = 16_384  # no record of these sessions is larger: their heads, with the strategies' source, are not


@contextlib.contextmanager
def busy_market(folder: Path) -> Iterator[Venue]:
    """A market without end that comes as fast as it is read."""
    with Venue(folder, "--synthetic", "--seed", "9", "--speed", "max") as venue:
        yield venue


def written(session: Path) -> list[tuple[str, bytes]]:
    """The bytes of every segment as the kernel has them now, without anything that the daemon says."""
    return [(path.name, path.read_bytes()) for path in sorted(session.glob("*.tkj"))]


def kill_once(venue: Venue, folder: Path, seed: int) -> tuple[Path | None, list[tuple[str, bytes]], int]:
    """Start a daemon and kill it somewhere on its way: one in six as it starts, the others as the journal grows.

    Returns its session (None where it died before it had one), the bytes that were in the kernel a moment before, and
    how many bytes of journal it had last told of.
    """
    rng = random.Random(seed)
    policy = rng.choice(("os", "os", "disk"))
    table = venue_table(venue, "BTCUSDT", "ETHUSDT")
    extra = f'flush = "{policy}"\nsegment_mib = 1\ndigest_every = 20_000'
    settings = write_settings(folder, table, strategy_tables("BTCUSDT.BINANCE"), session=extra)
    with Daemon(settings) as daemon:
        early_s, grown_bytes = rng.uniform(0.0, 1.0), rng.randrange(GROWN_BYTES_MAX)
        late_s = rng.uniform(0.0, 0.03)
        if rng.randrange(6) == 0:
            watch(daemon, time.monotonic() + early_s)
        else:
            session = daemon.session
            while total(session) < grown_bytes:
                watch(daemon, time.monotonic() + 0.001)
            watch(daemon, time.monotonic() + late_s)
        known = daemon.session if daemon.lines else None
        before = written(known) if known is not None else []
        daemon.process.kill()
        assert daemon.wait() == -9
        told = max((status["journal_bytes"] for status in daemon.statuses()), default=0)
    return known, before, told


def watch(daemon: Daemon, until: float) -> None:
    """Let time pass; the daemon must not end by itself."""
    while time.monotonic() < until:
        assert daemon.process.poll() is None, f"ended by itself\n{daemon.story()}"
        time.sleep(0.0005)


def check(session: Path, before: list[tuple[str, bytes]], told_bytes: int, *, by_command: bool) -> int:
    """What the kernel had is there, the intact prefix verifies, and it replays; returns how many inputs it holds."""
    after = dict(written(session))
    for name, data in before:
        assert after[name].startswith(data), f"{name} lost what the kernel had"
    report = verify(session)
    assert report.ok, report.damage
    assert report.state is SessionState.CRASHED
    assert report.slots * SLOT_BYTES >= told_bytes, "it told of records that are not there"
    torn_bytes = report.torn.bytes if report.torn is not None else 0
    assert torn_bytes < RECORD_BYTES_MAX, "a record may be cut, no more than that"
    assert report.slots * SLOT_BYTES + torn_bytes == sum(map(len, after.values())), "every byte is accounted for"
    result = replay_session(session)
    assert result.ok, result.first_difference
    assert result.events == report.inputs
    if by_command:
        check_by_command(session, torn=report.torn is not None)
    return report.inputs


def cut_and_check(session: Path, seed: int) -> None:
    """Cut the journal at some byte near its end, as a lost page would: what is before it is as good as ever."""
    last = max(session.glob("*.tkj"))
    size = last.stat().st_size
    os.truncate(last, size - random.Random(seed).randrange(1, min(size, CUT_BYTES_MAX)))
    try:
        report = verify(session)
    except JournalNotFound:
        assert last.name == "000000.tkj", "only a session whose very head was cut is none"
        return
    assert report.ok, report.damage
    assert (report.torn is None) == (report.slots * SLOT_BYTES == total(session))
    assert replay_session(session).ok


def total(session: Path) -> int:
    return sum(path.stat().st_size for path in session.glob("*.tkj"))


def check_by_command(session: Path, *, torn: bool) -> None:
    """The same as an operator sees it, in fresh processes; then recovery changes nothing that was whole."""
    verified = tickerd("journal", "verify", session)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert ("torn" in verified.stdout) is torn, verified.stdout
    first = tickerd("replay", session, "--verify", "--json")
    assert first.returncode == 0, first.stdout + first.stderr
    assert tickerd("journal", "recover", session).returncode == 0
    again = tickerd("replay", session, "--verify", "--json")
    assert again.returncode == 0, again.stdout + again.stderr
    names = ("ok", "events", "effects", "digest")
    assert [json.loads(first.stdout)[name] for name in names] == [json.loads(again.stdout)[name] for name in names]


def kill_and_check(folder: Path, seeds: range) -> None:
    """Kill as many daemons as there are seeds, one after another, all following one market."""
    inputs = []
    with busy_market(folder) as venue:
        for seed in seeds:
            session, before, told_bytes = kill_once(venue, folder, seed)
            if session is None:
                for folder_left in (folder / "sessions").glob("2*"):
                    with contextlib.suppress(JournalNotFound):
                        assert verify(folder_left).ok
            else:
                inputs.append(check(session, before, told_bytes, by_command=seed % CLI_EVERY == 0))
                cut_and_check(session, seed)
            shutil.rmtree(folder / "sessions", ignore_errors=True)
    assert max(inputs) > 5_000, f"killed while ingesting, not only before: {inputs}"


def test_a_daemon_killed_while_it_ingests_leaves_a_whole_journal_that_replays(tmp_path):
    kill_and_check(tmp_path, range(1_000, 1_000 + FEW))


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_a_daemon_killed_at_any_moment_leaves_a_whole_journal_that_replays(tmp_path, share):
    kill_and_check(tmp_path, range(share * KILLS // SHARES, (share + 1) * KILLS // SHARES))
