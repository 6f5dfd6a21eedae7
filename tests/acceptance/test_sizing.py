"""A strategy that asks for sizes, in a real daemon: scaled by the operator, killed, started again, replayed."""

from pathlib import Path

import pytest

from core.codec import decode_payload
from core.records import Kind
from core.sizes import Sized
from daemon.replay import replay_session
from journal.reader import open_session
from tests.acceptance.processes import Daemon, Venue
from tests.acceptance.settings import live_environment, live_tables, venue_table, write_settings

STRATEGY = '''
"""Opens a position of its size each second and closes the one before."""

from core.orders import Side
from strategies import Strategy

SECOND_NS = 1_000_000_000


class Turns(Strategy):
    def on_start(self):
        self.set_timer("turn", SECOND_NS)

    def on_timer(self, timer):
        market = self.markets[0]
        self.set_timer("turn", SECOND_NS)
        if self.open_orders():
            return
        lot = market.instrument.lot
        held = self.position(market) // lot * lot
        if held:
            self.sell(market, held)
        elif quantity := self.size(market, Side.BUY):
            self.buy(market, quantity)
'''
TABLES = """
[sizing]
sample_s = 1
window = 20
least = 2

[[strategies]]
id = "turns"
use = "{file}:Turns"
instruments = ["ETHUSDT.BINANCE"]

[strategies.sizing]
largest = 0.4
volatility_target = 100
"""


def sizes(session: Path) -> list[tuple[int, str, int]]:
    """(quantity, the rule that bound it, the factor) of each size in a session."""
    with open_session(session, verify=False, whole=False) as reader:
        found = [decode_payload(record.kind, record.payload) for record in reader.payloads((Kind.SIZED,))]
    return [(each.quantity, each.bound_by, each.scale_ppm) for each in found if isinstance(each, Sized)]


@pytest.mark.slow
def test_a_factor_halves_sizes_at_once_outlives_kill_9_and_both_sessions_replay(tmp_path, run_folder, say):
    file = tmp_path / "turns.py"
    file.write_text(STRATEGY)
    with Venue(tmp_path, "--synthetic") as venue:
        tables = (venue_table(venue, "ETHUSDT"), live_tables(venue, tmp_path), TABLES.format(file=file))
        settings = write_settings(tmp_path, *tables, mode="live", session='flush = "os"', operator=run_folder)
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            daemon.wait_status(lambda status: status["orders"].get("filled", 0) > 0, "a fill", 30)
            assert "bound by largest" in say("why", "turns")
            assert "expected 0 to 1000000" in say("scale", "strategy:turns", "2", "--reason", "greed", code=2)
            assert "to 0.5" in say("scale", "strategy:turns", "0.5", "--reason", "wild")
            first = daemon.session
            filled = daemon.last_status()["orders"].get("filled", 0)
            daemon.wait_status(lambda status: status["orders"].get("filled", 0) >= filled + 3, "more fills")
            daemon.process.kill()
            assert daemon.wait() == -9
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            before = daemon.wait_ready()["orders"].get("filled", 0)
            daemon.wait_status(lambda status: status["orders"].get("filled", 0) >= before + 3, "more fills")
            assert "scaled by the operator to 0.5" in " ".join(say("why", "turns").split())
            daemon.stop()
            second = daemon.session

    unit = 10_000_000  # 0.1 ETH
    told = [each for each in sizes(first) if each[1] == "largest"]
    assert told[0] == (4 * unit, "largest", 1_000_000)
    assert told[-1] == (2 * unit, "largest", 500_000)
    assert {(quantity, ppm) for quantity, rule, ppm in sizes(second) if rule == "largest"} == {(2 * unit, 500_000)}
    assert (0, "volatility-unknown") in {each[:2] for each in sizes(second)}
    assert replay_session(first).ok
    assert replay_session(second).ok
