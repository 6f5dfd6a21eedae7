"""One daemon an account: the lease, and the epoch that must not come again."""

import os
import signal
import subprocess
import sys

import pytest

from core.ids import session_epoch
from daemon.errors import AccountBusy, StartFailed
from daemon.live.lease import Lease

START_NS = 1_800_000_000_000_000_000
HOLDER = """
import sys
from pathlib import Path
from daemon.live.lease import Lease
lease = Lease(Path(sys.argv[1]))
lease.hold(Path(sys.argv[2]), int(sys.argv[3]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the account."""
    words = [sys.executable, "-c", HOLDER, str(tmp_path / "main"), str(tmp_path / "session"), str(START_NS)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()
    process.stdin.close()


def test_a_second_daemon_on_the_account_is_refused_and_told_who_has_it(tmp_path, holder):
    with pytest.raises(AccountBusy, match=f"main is being traded by process {holder.pid} .*stop it first"):
        Lease(tmp_path / "main")


def test_a_stopped_process_keeps_the_account(tmp_path, holder):
    os.kill(holder.pid, signal.SIGSTOP)
    with pytest.raises(AccountBusy):
        Lease(tmp_path / "main")
    os.kill(holder.pid, signal.SIGCONT)


def test_a_killed_process_lets_go_and_leaves_its_session_to_go_on_from(tmp_path, holder):
    holder.kill()
    holder.wait()
    lease = Lease(tmp_path / "main")
    assert lease.previous is not None
    assert lease.previous.session == str(tmp_path / "session")
    assert lease.previous.epoch == session_epoch(START_NS)
    lease.release()


def test_a_clock_behind_the_last_session_is_refused_since_order_ids_would_come_again(tmp_path):
    first = Lease(tmp_path)
    first.hold(tmp_path / "a", START_NS)
    first.release()
    second = Lease(tmp_path)
    with pytest.raises(StartFailed, match=r"clock is 2\.000 s behind .* order ids would come again"):
        second.hold(tmp_path / "b", START_NS - 2_000_000_000)
    record = second.hold(tmp_path / "b", START_NS + 1_000_000)
    assert record.epoch == session_epoch(START_NS) + 1
    second.release()


def test_a_session_has_taken_over_once_it_says_so(tmp_path):
    lease = Lease(tmp_path / "main")
    lease.hold(tmp_path / "b", START_NS, tmp_path / "a")
    lease.release()
    again = Lease(tmp_path / "main")
    assert again.previous is not None
    assert (again.previous.before, again.previous.taken_over) == (str(tmp_path / "a"), False)
    again.taken_over()
    again.release()
    last = Lease(tmp_path / "main")
    assert last.previous is not None
    assert last.previous.taken_over
    last.release()


def test_a_damaged_record_is_not_taken_for_a_first_start(tmp_path):
    (tmp_path / "lease.json").write_bytes(b"{half")
    with pytest.raises(StartFailed, match="does not read"):
        Lease(tmp_path)
