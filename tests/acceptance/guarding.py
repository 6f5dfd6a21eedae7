"""`tickerd guard` and a daemon that it guards, as processes, trading on the embedded exchange."""

import json
import socket
from pathlib import Path
from typing import Any

from tests.acceptance.processes import Child, Json, Venue, command, until
from tests.acceptance.settings import live_environment, live_tables, venue_table, write_settings

OPEN = {"NEW", "PARTIALLY_FILLED"}
QUOTER = """
[[strategies]]
id = "quoter"
use = "two-sided-quoter"
instruments = ["ETHUSDT.BINANCE"]
params = { quantity = "0.05", half_spread_bps = 20, requote_bps = 5, pause_ms = 50 }
[guard]
enabled = true
"""


class GuardProcess(Child):
    """`tickerd guard`; what it does is asked for at its socket."""

    def __init__(self, config: Path, run_folder: Path, venue: Venue) -> None:
        words = command("guard", "-c", config)
        super().__init__(words, config.with_name("guard.err"), live_environment(venue))
        self.socket = run_folder / "demo.guard"
        until(self.socket.exists, "the guard's socket")

    def ask(self, **said: object) -> Json:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(str(self.socket))
            connection.sendall(json.dumps({"v": 1, **said}).encode() + b"\n")
            with connection.makefile("rb") as stream:
                return json.loads(stream.readline())

    def status(self) -> dict[str, Any]:
        return dict(self.ask(ask="status")["status"])

    def wait_state(self, *states: str) -> dict[str, Any]:
        until(lambda: self.status()["state"] in states, f"{states}, {self.stderr[-3000:]}", 20)
        return self.status()


def guarded_settings(folder: Path, run_folder: Path, venue: Venue, more: str = "") -> Path:
    tables = (venue_table(venue, "ETHUSDT"), live_tables(venue, folder), QUOTER + more)
    return write_settings(folder, *tables, mode="live", session='flush = "os"', operator=run_folder)


def working(venue: Venue) -> int:
    return sum(order["status"] in OPEN for order in venue.ledger()["orders"])
