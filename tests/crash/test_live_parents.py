"""kill -9 in the middle of a TWAP on the exchange: the next daemon goes on with it, and it ends with what was asked."""

from decimal import Decimal
from pathlib import Path

import pytest

from core.codec import decode_payload
from core.effects import ParentProgress
from core.records import Kind
from daemon.replay import replay_session
from journal.folders import sessions
from journal.reader import open_session
from tests.acceptance.processes import Daemon, Venue
from tests.acceptance.settings import live_environment, live_tables, venue_table, write_settings

TWAP = """
[[strategies]]
id = "entry"
use = "twap"
instruments = ["BTCUSDT.BINANCE"]
params = { quantity = "0.012", duration_s = 12, intervals = 12, style = "take" }
"""


def told(session: Path) -> list[ParentProgress]:
    with open_session(session) as reader:
        return [decode_payload(each.kind, each.payload) for each in reader.payloads((Kind.PARENT,))]  # type: ignore[misc]


@pytest.mark.slow  # two starts and a schedule of twelve seconds
def test_a_twap_that_was_killed_in_the_middle_goes_on_and_ends_with_what_was_asked(tmp_path):
    with Venue(tmp_path, "--synthetic", "--seed", "5") as venue:
        tables = (venue_table(venue, "BTCUSDT"), live_tables(venue, tmp_path, visibility_lag_s=1.0))
        settings = write_settings(tmp_path, *tables, TWAP, mode="live", session='flush = "os"')
        for _ in range(2):
            with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
                daemon.wait_status(lambda status: status["fills"] != [], "a fill")
                daemon.process.kill()
                assert daemon.wait() == -9
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            last = daemon.session
            daemon.wait_ready()
            done = daemon.wait_status(lambda status: status["strategies"][0]["state"] == "stopped", "the parent's end")
            assert done
            daemon.stop()
        executed = [Decimal(order["executedQty"]) for order in venue.ledger()["orders"]]
        first, *_, ended = told(last)
        assert first.reason == "goes on after a restart"
        assert 0 < first.filled < first.quantity
        assert (ended.state, ended.filled) == ("filled", ended.quantity)
        assert sum(executed) == Decimal("0.012")
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            again = daemon.session
            daemon.wait_ready()
            daemon.wait_status(lambda status: status["strategies"][0]["state"] == "stopped", "that it has ended")
            daemon.stop()
        assert [each.state for each in told(again)] == ["filled"], "it is not begun again"
        assert len(venue.ledger()["orders"]) == len(executed)
        for session in sessions(tmp_path / "sessions"):
            assert replay_session(session).ok
