"""A strategy that loses on the embedded exchange is stopped and closed, through kill -9, until a person arms it."""

import ast
import json

import pytest

from daemon.replay import replay_session
from tests.acceptance.processes import Daemon, Venue, tickerd
from tests.acceptance.settings import live_environment, live_tables, venue_table, write_settings

LOSER = '''
from strategies import Strategy, StrategyParams


class Loser(Strategy):
    """Crosses the spread again and again, buying twice what it sells."""

    class Params(StrategyParams, frozen=True):
        quantity: str = "0.02"

    def on_start(self) -> None:
        self.turns = 0
        self.subscribe_quotes(self.markets[0])
        self.set_timer("turn", 100_000_000)

    def on_timer(self, timer) -> None:
        self.set_timer("turn", 100_000_000)
        if self.open_orders():
            return
        market = self.markets[0]
        size = market.instrument.quantity(self.params.quantity)
        self.turns += 1
        if self.turns % 3 and self.position(market) < 10 * size:
            self.buy(market, size)
        elif self.position(market) > 0:
            self.sell(market, size)
'''
TABLES = """
[[strategies]]
id = "loser"
use = "loser.py:Loser"
instruments = ["ETHUSDT.BINANCE"]

[risk]
max_order_notional = 1_000

[risk.breakers]
collar = "0.02"

[[risk.breakers.day_loss]]
scope = "strategy:*"
warn_at = "0.05"
flatten_at = "0.5"

[[risk.breakers.drawdown]]
warn_at = 100_000

[[risk.breakers.loop_lag_ms]]
warn_at = 1

[[risk.breakers.second_count]]
"""


@pytest.mark.slow
def test_a_losing_strategy_is_flattened_stays_stopped_through_kill_9_and_trades_again_once_armed(
    tmp_path, run_folder, say
):
    def tripped(status) -> bool:
        return any(each["source"] == "breaker:day_loss" for each in status["latches"])

    def flat(status) -> bool:
        held = [each for each in status["positions"] if float(each["quantity"])]
        return not held and not any(status["orders"].get(state) for state in ("accepted", "partially-filled"))

    (tmp_path / "loser.py").write_text(LOSER)
    with Venue(tmp_path, "--synthetic") as venue:
        tables = (venue_table(venue, "ETHUSDT"), live_tables(venue, tmp_path), TABLES)
        settings = write_settings(tmp_path, *tables, mode="live", session='flush = "os"', operator=run_folder)
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            daemon.wait_status(lambda status: len(status["fills"]) > 0, "a fill")
            shown = say("breakers")
            assert "second_count" in shown
            daemon.wait_status(tripped, "the day's loss to trip")
            daemon.wait_status(flat, "everything closed")
            assert "day_loss of strategy:loser stays at flatten until a person arms it" in say("breakers")
            assert "by breaker:day_loss: day_loss is" in say("why", "loser")
            session = daemon.session
            daemon.process.kill()
            assert daemon.wait() == -9
        assert tickerd("replay", session, "--verify").returncode == 0
        with Daemon(settings, "--live", environ=live_environment(venue)) as daemon:
            daemon.wait_status(lambda status: len(status["refusals"]) > 0, "a refusal")
            told = json.loads(say("breakers", "strategy:loser", "--json"))["rows"]
            assert [(each["breaker"], each["step"]) for each in told] == [("day_loss", "flatten")]
            assert float(told[0]["figure"]) >= 0.5
            assert "the following arguments are required: --reason" in say("arm", "strategy:loser", code=2)
            assert "day_loss armed again" in say("arm", "strategy:loser", "--reason", "it crosses less now")
            daemon.wait_status(lambda status: len(status["fills"]) > 0, "a fill once armed")
            daemon.stop()
            session = daemon.session
        assert replay_session(session).ok
        lines = tickerd("journal", "show", session, "--kind", "breaker", "--json").stdout.splitlines()
        told = [json.loads(line)["fields"] for line in lines]
        told = [each for each in told if each["breaker"] == "day_loss"]
        armed = next(place for place, each in enumerate(told) if each["reason"].startswith("armed"))
        assert told[armed]["memory"] == "{}"
        counts_from = int(ast.literal_eval(told[armed + 1]["memory"])["at:USDT"])
        assert counts_from <= -(10**18) // 2  # what was lost by then: it is not lost once more
