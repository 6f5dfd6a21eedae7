"""The guard cancels everything when the daemon is stuck or gone, and the daemon learns of it."""

import json
import signal

from daemon.replay import replay_session
from tests.acceptance.guarding import GuardProcess, guarded_settings, working
from tests.acceptance.processes import Daemon, Venue, tickerd
from tests.acceptance.settings import live_environment

MS = 1_000_000


def orders_work(status) -> bool:
    return bool(status["orders"].get("accepted", 0))


def test_a_daemon_that_is_frozen_or_gone_has_its_orders_cancelled_and_stays_killed(tmp_path, run_folder):
    with Venue(tmp_path, "--synthetic") as venue:
        settings = guarded_settings(tmp_path, run_folder, venue)
        with GuardProcess(settings, run_folder, venue) as guard:
            with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
                daemon.wait_status(orders_work, "a working order")
                guard.wait_state("ARMED")
                seen = daemon.wait_status(lambda status: status["guard"]["watching"], "its guard")["guard"]
                assert (seen["pid"], seen["problem"]) == (guard.process.pid, "")
                daemon.signal(signal.SIGSTOP)
                told = guard.wait_state("VERIFIED")
                assert "did not beat" in told["reason"]
                assert told["venues"][0]["left"] == 0
                assert working(venue) == 0
                daemon.signal(signal.SIGCONT)
                daemon.wait_status(lambda status: bool(status["latches"]), "the latch")
                guard.wait_state("ARMED")
                assert working(venue) == 0
                daemon.process.kill()
                assert daemon.wait() == -9
                guard.wait_state("VERIFIED")
            with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
                daemon.wait_status(lambda status: len(status["refusals"]) > 0, "a refusal")
                guard.wait_state("ARMED")
                said = tickerd("status", "--json", "--folder", run_folder)
                latches = json.loads(said.stdout)["result"]["latches"]
                assert [(latch["scope"], latch["level"]) for latch in latches] == [("all", "kill")]
                assert working(venue) == 0
                killed = daemon.wait_status(lambda status: status["guard"]["last_kill_ns"] > 0, "its last kill")
                assert "did not beat" in killed["guard"]["last_kill"]
                assert tickerd("arm", "--reason", "thawed", "--folder", run_folder).returncode == 0
                daemon.wait_status(orders_work, "a working order")
                daemon.stop()
                session = daemon.session
            assert guard.wait_state("IDLE")["session"] == ""
            guard.signal(signal.SIGTERM)
            assert guard.wait() == 0
        assert replay_session(session).ok
