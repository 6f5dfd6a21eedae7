"""Exits in a real daemon: a position that its strategy never closes is closed at its stop or profit, and replays."""

from pathlib import Path

import pytest

from core.codec import decode_payload
from core.exits import ExitChanged
from core.orders import Refusal
from core.records import Kind
from core.sizes import Sized
from daemon.replay import replay_session
from journal.reader import open_session
from tests.acceptance.processes import Daemon, Json, Venue
from tests.acceptance.settings import live_environment, live_tables, venue_table, write_settings

STRATEGY = '''
"""Buys whenever it holds nothing, and never sells."""

from core.orders import Side
from strategies import Strategy

SECOND_NS = 1_000_000_000


class Holds(Strategy):
    def on_start(self):
        self.set_timer("buy", SECOND_NS // 4)

    def on_timer(self, timer):
        market = self.markets[0]
        self.set_timer("buy", SECOND_NS // 4)
        if self.position(market) < market.instrument.lot and not self.open_orders():
            self.buy(market, self.size(market, Side.BUY))
'''
TABLES = """
[sizing]
sample_s = 1
window = 20
least = 5
atr_bar_s = 1
atr_period = 2

[sizing.regime]
short = 5
wild = 0.9
calm = 0.9
normal = 0.9

[[strategies]]
id = "holds"
use = "{file}:Holds"
instruments = ["ETHUSDT.BINANCE"]

[strategies.sizing]
largest = 0.1
risk_per_trade = 0.9
kelly = 0.5
kelly_least = 500
parity = 1
unproven = 0.1

[strategies.exits]
stop_loss = "0.05"
take_profit = "0.05"
trailing = "2 atr"
max_holding_s = 20
cool_down_s = 1
collar = "0.5%"
"""


def exits(session: Path) -> tuple[list[ExitChanged], set[str]]:
    """What became of positions in a session, and the codes of its refusals."""
    with open_session(session, verify=False, whole=False) as reader:
        told = [decode_payload(each.kind, each.payload) for each in reader.payloads((Kind.EXIT, Kind.REFUSAL))]
    return [each for each in told if isinstance(each, ExitChanged)], {
        each.code for each in told if isinstance(each, Refusal)
    }


def trades_seen(session: Path) -> list[int]:
    """How many closed trades each size of a session counted; each size is nine tenths of 0.1."""
    with open_session(session, verify=False, whole=False) as reader:
        told = [decode_payload(each.kind, each.payload) for each in reader.payloads((Kind.SIZED,))]
    sizes = [each for each in told if isinstance(each, Sized)]
    assert {each.quantity for each in sizes} == {9_000_000}
    return [int(each.figures["kelly_needs"].split()[-2]) for each in sizes]


@pytest.mark.slow
def test_positions_are_closed_at_their_stops_before_and_after_kill_9_and_both_sessions_replay(tmp_path, run_folder):
    file = tmp_path / "holds.py"
    file.write_text(STRATEGY)

    def closed(status: Json, times: int) -> bool:
        return int(status["strategies"][0]["fills"]) >= 2 * times

    with Venue(tmp_path, "--synthetic") as venue:
        tables = (venue_table(venue, "ETHUSDT"), live_tables(venue, tmp_path), TABLES.format(file=file))
        settings = write_settings(tmp_path, *tables, mode="live", session='flush = "os"', operator=run_folder)
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            daemon.wait_status(lambda status: closed(status, 2), "two positions closed", 60)
            daemon.wait_status(lambda status: bool(status["positions"]), "a position", 60)
            first = daemon.session
            daemon.process.kill()
            assert daemon.wait() == -9
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            daemon.wait_status(lambda status: closed(status, 2), "two positions closed", 60)
            daemon.stop()
            second = daemon.session

    before, after = trades_seen(first), trades_seen(second)
    assert before[0] == 0
    assert before == sorted(before)
    assert after[0] >= before[-1] >= 1, "the trades of before the restart count"
    for session in (first, second):
        told, refused = exits(session)
        ended = [each for each in told if each.state == "closed"]
        assert len(ended) >= 1
        assert {each.reason for each in ended} <= {"stop loss", "take profit", "trailing stop", "holding time"}
        assert refused <= {"COOL_DOWN"}
        assert replay_session(session).ok
