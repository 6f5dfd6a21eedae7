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
from tests.acceptance.processes import Daemon, Json, Venue
from tests.acceptance.settings import live_environment, live_tables, venue_table, write_settings

TWAP = """
[[strategies]]
id = "entry"
use = "twap"
instruments = ["BTCUSDT.BINANCE"]
params = { quantity = "0.012", duration_s = 30, intervals = 12, style = "take" }

[[strategies]]
id = "asking"
use = "asking.py:Asking"
instruments = ["ETHUSDT.BINANCE"]
"""
ASKING = """
from strategies import BUILTIN, Strategy


class Asking(Strategy):
    def on_start(self):
        self.work(
            BUILTIN["twap"], self.markets[0], name="exit", side="sell", quantity="0.24", duration_s=30, intervals=12,
            style="take",
        )
"""


def told(session: Path, parent: str) -> list[ParentProgress]:
    with open_session(session) as reader:
        all_of_them = [decode_payload(each.kind, each.payload) for each in reader.payloads((Kind.PARENT,))]
    return [each for each in all_of_them if isinstance(each, ParentProgress) and each.parent == parent]


def have_ended(status: Json) -> bool:
    """Whether the one of the settings has stopped, and the one that was asked for has left."""
    return [(each["id"], each["state"]) for each in status["strategies"]] == [
        ("entry", "stopped"),
        ("asking", "active"),
    ]


@pytest.mark.slow  # three starts and a schedule of thirty seconds: time goes on while nobody trades
def test_twaps_that_were_killed_in_the_middle_go_on_and_end_with_what_was_asked(tmp_path):
    with Venue(tmp_path, "--synthetic", "--seed", "5") as venue:
        (tmp_path / "asking.py").write_text(ASKING)
        tables = (venue_table(venue, "BTCUSDT", "ETHUSDT"), live_tables(venue, tmp_path, visibility_lag_s=2.0))
        settings = write_settings(tmp_path, *tables, TWAP, mode="live", session='flush = "os"')
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            daemon.wait_status(lambda status: status["fills"] != [], "a fill")
            daemon.process.kill()
            assert daemon.wait() == -9
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            last = daemon.session
            daemon.wait_ready()
            daemon.wait_status(have_ended, "both parents' end")
            daemon.stop()
        orders = venue.ledger()["orders"]
        for parent, symbol, quantity in (("entry", "BTCUSDT", "0.012"), ("asking#exit", "ETHUSDT", "0.24")):
            first, *_, ended = told(last, parent)
            assert first.reason == "goes on after a restart"
            assert 0 < first.filled < first.quantity
            assert (ended.state, ended.filled) == ("filled", ended.quantity)
            executed = [Decimal(order["executedQty"]) for order in orders if order["symbol"] == symbol]
            assert sum(executed) == Decimal(quantity)
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            again = daemon.session
            daemon.wait_ready()
            daemon.wait_status(have_ended, "that they have ended")
            daemon.stop()
        assert [each.state for each in told(again, "entry")] == ["filled"], "it is not begun again"
        assert told(again, "asking#exit") == []
        assert len(venue.ledger()["orders"]) == len(orders)
        for session in sessions(tmp_path / "sessions"):
            assert replay_session(session).ok
