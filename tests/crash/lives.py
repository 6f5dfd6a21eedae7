"""Schedules of lives and deaths of one daemon on an exchange of its own; the exchange's ledger judges each."""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from core.money import money
from daemon.live.lease import LeaseRecord
from journal.folders import sessions
from tests.acceptance.processes import ROOT, Venue, environment, until
from tests.acceptance.settings import write_settings
from tests.crash import scripted_day
from tests.crash.boundaries import AFTER, Told
from tests.crash.boundary_child import Ended, Request
from tests.crash.day_market import write_day
from tests.crash.days import SPOT, Act, Day
from tests.crash.futures_ledger import rounding, wallets
from tests.crash.ledger import judge

NEVER = -1
PATIENCE_S = 60.0
HISTORY_S = 10.0
"""How long a life in peace waits, its day over, for the books to agree: what the exchange moved while they were young
is left to its history, which counts once it must show everything (`visibility_lag_s`)."""
_LOOK_S = 0.04
_MARKET_S = 120.0  # longer than any schedule
STRATEGY = """
[[strategies]]
id = "day"
use = "{file}:{strategy}"
instruments = ["ETHUSDT.BINANCE"]

[screen]
refresh_ms = 50

[risk]
max_order_notional = 100_000
max_position_notional = 10_000_000
max_orders_per_second = 1_000
max_orders_per_minute = 50_000
max_open_orders = 200
max_open_orders_total = 500
"""


class Death(msgspec.Struct, frozen=True):
    """Where a life is to end: at which boundary, in which way."""

    at: int = NEVER
    way: str = AFTER


class Outcome(msgspec.Struct, frozen=True):
    """What a schedule came to: its lives, the last one in peace; the states that its orders ended in; executions."""

    lives: list[Told]
    orders: dict[str, int]
    executions: int


class Lives:
    """An exchange, and lives of daemons that trade on it."""

    def __init__(self, folder: Path, day: Day = SPOT, *, hasty: bool = False) -> None:
        """Begin; use as a context. `hasty`: every life but the last of a schedule sends before it journals."""
        self._day = day
        self._hasty = hasty
        self._folder = folder
        self._frames = folder / "day.frames"
        self._strategy = folder / "scripted_day.py"  # outside of the repository: nothing uncommitted trades live
        shutil.copy(scripted_day.__file__, self._strategy)
        write_day(self._frames, _MARKET_S, usdm=day.usdm)
        self._errors = (folder / "lives.err").open("wb")
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.boundary_child"],
            cwd=ROOT,
            env=environment(OPENBLAS_NUM_THREADS="1"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,  # so that `select` sees a line that has come
        )
        self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        if error is not None:
            self._server.kill()
        self._server.wait(PATIENCE_S)
        self._server.stdout.close()
        self._errors.close()

    def schedule(self, deaths: list[Death]) -> Outcome:
        """Live and die as told, then live once in peace, and have the ledger judge; the same account throughout."""
        self._number += 1
        folder = self._folder / f"schedule-{self._number}"
        folder.mkdir()
        words = ("--frames", str(self._frames), "--start", "now", "--no-wait-snapshot", "--port", "0", "--json")
        output = folder / "venue"
        number = self._begin(Request(["emulate", "binance", *words, *self._day.emulate], str(output)))
        try:
            venue = Exchange(output, self._day)
            if self._day.set_up is not None:
                self._day.set_up(venue)
            return self._schedule(folder, venue, deaths)
        finally:
            self._ask(Request([], "", ends=number))

    def _schedule(self, folder: Path, venue: "Exchange", deaths: list[Death]) -> Outcome:
        """Live, die and be judged on one exchange."""
        day = self._day
        looks = {"balances_s": 1.0} if day.usdm else {}  # at what the exchange moved while the books were young
        tables = day.tables(venue, folder, visibility_lag_s=2.0, sweep_s=0.5, **looks)
        file = STRATEGY.format(file=self._strategy, strategy=day.strategy)
        settings = write_settings(folder, *tables, file, mode="live", session='flush = "disk"')
        environ = {"TICKERD_SECRET_DEMO_API_KEY": venue.api_key, "TICKERD_SECRET_DEMO_API_SECRET": venue.api_secret}
        environ["PATH"] = str(folder)  # no git to ask: nothing here is in a repository
        told: list[Told] = []
        output = folder
        for number, death in enumerate([*deaths, Death()]):
            output = folder / f"life-{number}"
            words = ["run", "-c", str(settings), "--live", "--json"]
            hasty = self._hasty and number < len(deaths)
            request = Request(words, str(output), environ, str(folder), death.at, death.way, hasty=hasty)
            told.append(self._live(request, output, venue))
            if number < len(day.while_dead) and told[-1].way:
                day.while_dead[number](venue)
        status = _last_status(output)
        assert not status["live"]["freezes"], f"not in peace: {status['live']['freezes']}"
        lease = msgspec.json.decode((folder / "accounts" / "demo" / "lease.json").read_bytes(), type=LeaseRecord)
        ledger = venue.ledger(day.market)
        books = judge(ledger, sessions(folder / "sessions"), Path(lease.session), status["balances"])
        ended_as = Counter(order.state.value for order in books.closed_orders())
        shutil.rmtree(folder)
        return Outcome(told, dict(ended_as), len(ledger["executions"]))

    def _live(self, request: Request, output: Path, venue: "Exchange") -> Told:
        """One life: it dies where it was told to, or is asked to stop once its day is over."""
        assert self._server.stdout is not None
        process = self._begin(request)
        deadline = time.monotonic() + PATIENCE_S

        def stop(_: Venue) -> None:
            with contextlib.suppress(ProcessLookupError):  # killed meanwhile
                os.kill(process, signal.SIGINT)

        in_peace, over_s = request.at == NEVER and self._day.usdm, 0.0
        awaited: dict[str, Act] = {**self._day.meanwhile, scripted_day.OVER: (lambda _: None) if in_peace else stop}
        with output.open() as said:
            while not select.select([self._server.stdout], [], [], _LOOK_S)[0]:
                heard = said.read()
                for word in [word for word in awaited if word in heard]:
                    awaited.pop(word)(venue)
                    over_s = time.monotonic() if word == scripted_day.OVER else over_s
                if in_peace and over_s and (time.monotonic() - over_s > HISTORY_S or _agree(output, venue)):
                    stop(venue)
                    in_peace = False
                if time.monotonic() > deadline:
                    os.kill(process, signal.SIGKILL)
                    self._server.stdout.readline()
                    raise AssertionError(f"neither dead nor done after {PATIENCE_S:g} s\n{_story(request)}")
        ended = msgspec.json.decode(self._server.stdout.readline(), type=Ended)
        assert ended.status == (-signal.SIGKILL if ended.told.way else 0), f"{ended.status}\n{_story(request)}"
        return ended.told

    def _begin(self, request: Request) -> int:
        """Begin a process; return its number."""
        assert self._server.stdout is not None
        Path(request.output).touch()
        self._ask(request)
        return int(self._server.stdout.readline())

    def _ask(self, request: Request) -> None:
        assert self._server.stdin is not None
        self._server.stdin.write(msgspec.json.encode(request) + b"\n")
        self._server.stdin.flush()


class Exchange(Venue):
    """An exchange that was begun by another process; `output` is what it says."""

    def __init__(self, output: Path, day: Day) -> None:
        until(lambda: output.read_text().endswith("\n"), "the exchange's address")
        said = json.loads(output.read_text())
        self.rest_url, self.ws_url = said["rest_url"], said["ws_url"]
        self.ws_api_url = said["usdm_ws_api_url" if day.usdm else "ws_api_url"]
        self.usdm_ws_url = said.get("usdm_ws_url", self.ws_url)
        self.api_key, self.api_secret = said["api_key"], said["api_secret"]


def _agree(output: Path, venue: Exchange) -> bool:
    """Whether the last status tells the money that a futures exchange tells; it does not always come to rest so."""
    told = {asset: money(amount) for asset, amount in _last_status(output)["balances"].items()}
    ledger = venue.ledger("usdm")
    most = rounding(ledger)
    return all(abs(told.get(asset, 0) - money(str(owned))) <= most for asset, owned in wallets(ledger).items())


def _last_status(output: Path) -> dict[str, Any]:
    """The last status that a life told."""
    told = [json.loads(line) for line in output.read_text().splitlines()]
    return next(each for each in reversed(told) if each["event"] == "status")


def _story(request: Request) -> str:
    """What a life said last."""
    errors = Path(f"{request.output}.err").read_text(errors="replace")
    return f"{request}\n{Path(request.output).read_text(errors='replace')[-1500:]}\n{errors[-6000:]}"
