"""Strategies added, disabled and removed in a daemon that runs, as a user does it; and what a restart makes of it."""

import json
import socket
from pathlib import Path

import pytest

from tests.acceptance.processes import Daemon, Json, Venue, said
from tests.acceptance.proof import verify
from tests.acceptance.settings import live_environment, live_tables, venue_table, write_settings

QUOTER = """
[[strategies]]
id = "quoter"
use = "two-sided-quoter"
instruments = ["ETHUSDT.BINANCE"]
params = { quantity = "0.05", half_spread_bps = 20, requote_bps = 5, pause_ms = 50 }
"""
MINE = '''
"""Buys once, and says so."""
from strategies import Strategy, StrategyParams

class Buyer(Strategy):
    class Params(StrategyParams, frozen=True):
        quantity: str = "0.05"

    def on_start(self):
        self.subscribe_quotes(self.markets[0])
        self.bought = self.position(self.markets[0]) != 0

    def on_quote(self, quote):
        if not self.bought:
            self.bought = True
            self.buy(self.markets[0], self.markets[0].instrument.quantity(self.params.quantity))
'''
BUYER = """
[[strategies]]
id = "buyer"
use = "{file}:Buyer"
instruments = ["ETHUSDT.BINANCE"]
params = {{ quantity = "0.05" }}
"""


class Operator:
    """Who speaks to the daemon from a shell."""

    def __init__(self, run_folder: Path) -> None:
        self.folder = run_folder

    def say(self, *words: str | Path, code: int = 0) -> str:
        return said(self.folder, *words, code=code)

    def ask(self, ask: str, strategy: str = "", **args: str) -> Json:
        """The same at the socket, which costs no process."""
        path = max(self.folder.glob("*.sock"), key=lambda each: each.stat().st_mtime_ns)  # others' daemons were killed
        said = {"v": 1, "id": 1, "ask": ask, "strategy": strategy, "reason": "enough", "args": args}
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(30)
            connection.connect(str(path))
            connection.sendall(json.dumps(said).encode() + b"\n")
            with connection.makefile("rb") as stream:
                return json.loads(stream.readline())

    def rows(self) -> dict[str, dict[str, object]]:
        return {each["id"]: each for each in self.ask("strategies")["result"]["rows"]}


def bought(daemon: Daemon) -> None:
    daemon.wait_status(
        lambda status: any(each["id"] == "buyer" and each["fills"] for each in status["strategies"]), "its fill"
    )


def gone(daemon: Daemon) -> None:
    daemon.wait_status(lambda status: all(each["id"] != "buyer" for each in status["strategies"]), "it is gone")


@pytest.mark.slow
def test_on_paper_one_is_added_trades_and_is_removed_and_every_session_replays(tmp_path, run_folder):
    operator = Operator(run_folder)
    with Venue(tmp_path, "--synthetic") as venue:
        settings = write_settings(tmp_path, venue_table(venue, "ETHUSDT"), QUOTER, operator=run_folder)
        (tmp_path / "mine.py").write_text(MINE)
        more = tmp_path / "more"
        more.mkdir()
        added = write_settings(more, venue_table(venue, "ETHUSDT"), BUYER.format(file=tmp_path / "mine.py"))
        with Daemon(settings) as daemon:
            daemon.wait_ready()
            assert "has no strategy 'ema'; it has buyer" in operator.ask("add", "ema", config=str(added))["error"]
            assert "expected one arg, config" in operator.ask("add", "buyer", config="settings.toml")["error"]
            assert "STRATEGY_ADDED" in operator.say("add", "-c", added, "--strategy", "buyer", "--reason", "calm")
            bought(daemon)
            row = operator.rows()["buyer"]
            assert str(row["added_by"]).startswith("socket:uid=")
            assert "already" in operator.ask("add", "buyer", config=str(added))["error"]
            (tmp_path / "mine.py").unlink()  # a replay needs the journal alone
            assert "it holds 0.05" in operator.ask("remove", "buyer")["error"]
            assert operator.ask("disable", "quoter")["ok"]  # whose orders would count against what can be closed
            assert operator.rows()["quoter"]["standing"] == "off"
            operator.say("remove", "buyer", "--flatten", "--collar", "2%", "--reason", "enough")
            gone(daemon)
            first = daemon.session
            daemon.process.kill()
            assert daemon.wait() == -9
        with Daemon(settings) as daemon:
            daemon.wait_status(lambda status: status["orders"].get("accepted", 0) > 0, "a working order")
            assert set(operator.rows()) == {"quoter"}, "paper begins with the settings"
            assert operator.ask("remove", "quoter", flatten="yes")["ok"]
            daemon.wait_status(lambda status: not status["strategies"], "it is gone")
            daemon.stop()
            second = daemon.session
    for session in (first, second):
        verify(session)


@pytest.mark.slow
def test_live_what_was_added_goes_on_after_kill_9_and_what_was_removed_stays_away(tmp_path, run_folder):
    operator = Operator(run_folder)
    sessions = []
    with Venue(tmp_path, "--synthetic") as venue:
        tables = (venue_table(venue, "ETHUSDT"), live_tables(venue, tmp_path))
        told = {"mode": "live", "session": 'flush = "os"', "operator": run_folder}
        settings = write_settings(tmp_path, *tables, QUOTER, **told)
        (tmp_path / "mine.py").write_text(MINE)
        more = tmp_path / "more"
        more.mkdir()
        added = write_settings(more, *tables, BUYER.format(file=tmp_path / "mine.py"), **told)
        environ = live_environment(venue)
        with Daemon(settings, "--live", environ=environ) as daemon:
            daemon.wait_ready()
            assert operator.ask("add", "buyer", config=str(added))["ok"]
            bought(daemon)
            operator.say("retune", "quoter", "half_spread_bps=40", "--reason", "thin")
            operator.say("disable", "quoter", "--reason", "night")
            sessions.append(daemon.session)
            daemon.process.kill()
            assert daemon.wait() == -9
        (tmp_path / "mine.py").unlink()
        with Daemon(settings, "--live", environ=environ) as daemon:
            daemon.wait_ready()
            rows = operator.rows()
            assert (rows["buyer"]["state"], rows["quoter"]["state"]) == ("active", "paused")
            assert rows["quoter"]["params"]["half_spread_bps"] == 40.0  # type: ignore[index]
            operator.say("remove", "buyer", "--flatten", "--collar", "2%", "--reason", "enough")
            gone(daemon)
            operator.say("remove", "quoter", "--flatten", "--collar", "2%", "--reason", "enough")
            daemon.wait_status(lambda status: not status["strategies"], "all are gone")
            sessions.append(daemon.session)
            daemon.process.kill()
            assert daemon.wait() == -9
        with Daemon(settings, "--live", environ=environ) as daemon:
            daemon.wait_ready()
            assert not operator.rows()
            assert "quoter: removed by socket:uid=" in operator.say("strategies", "--running")
            daemon.stop()
            sessions.append(daemon.session)
    for session in sessions:
        verify(session)
