"""The kill switch practised with real processes on the embedded exchange: what took how long, against what is promised.

Each scenario begins with a live daemon that has orders working, and a guard. Times are from the moment at which the
scenario's fault began, by the machine's clock; the guard's own clock is anchored to the same.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import msgspec

from daemon.errors import NobodyAnswers, StartFailed
from daemon.guard import client
from daemon.guard.drill_settings import ACCOUNT, ENDLESS, endless_text, environment, settings_text
from daemon.guard.protocol import GuardStatus, socket_of
from daemon.guard.watch import GuardState
from daemon.operator.client import ask, find, request
from daemon.operator.kill_file import KILL_FILE

WAIT_S = 60.0
_MS = 1_000_000
_LOOK_S = 0.02
_BLOCKED_MS = 1.0
_TOLD_MS = 50.0
_FROZEN_MS = 500.0
_DOWN_S = 2
_AFTER_DOWN_MS = 1_000.0
_NS = 1_000_000_000
_SOON_NS = 6 * _NS
_CANCELS = {"spot": "DELETE /api/v3/openOrders", "usdm": "DELETE /fapi/v1/allOpenOrders"}
_VENUE = ("--synthetic", "--port", "0", "--usdm-port", "0", "--json")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario, once: times in ms since its fault began; `blocked_ms` since the guard's decision."""

    scenario: str
    decided_ms: float
    blocked_ms: float
    last_cancel_ms: float
    verified_ms: float
    goal_ms: float  # of the last cancel on the wire
    orders: int  # that worked when it began
    left: int  # that work after it, by the exchange's own ledger
    latched: bool  # the daemon, woken or started anew, found itself killed

    @property
    def met(self) -> bool:
        """Whether every goal is met."""
        in_time = self.blocked_ms <= _BLOCKED_MS and 0 < self.last_cancel_ms <= self.goal_ms
        return in_time and self.verified_ms > 0 and not self.left and self.latched


class Drill:
    """The processes, and what is done to them."""

    def __init__(self, folder: Path, market: str = "spot") -> None:
        """Keep everything under `folder`, whose path must be short: sockets are in it."""
        self.market = market
        self._folder = folder
        self._socket = socket_of(folder, ACCOUNT)
        self._stack = contextlib.ExitStack()
        self._settings = folder / "drill.toml"
        self._environ: dict[str, str] = {}
        self._rest_url = ""
        self._rounds = 0
        self._daemon: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._stack = stack
            told = self._start_venue()
            self._rest_url = told["rest_url"]
            self._environ = environment(told)
            self._settings.write_text(settings_text(told, self._folder, self.market), encoding="utf-8")
            self._guard = self._start("guard", "guard", "-c", str(self._settings))
            self._start_daemon()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def scenarios(self) -> dict[str, Callable[[], Outcome]]:
        """Return what can be practised, by name."""
        return {
            "told by operator": self.told,
            "SIGUSR1": self.by_signal,
            "file KILL": self.by_file,
            "loop frozen": self.frozen,
            "daemon killed -9": self.killed,
            "venue down": self.venue_down,
            "rate ban": self.rate_ban,
            "address banned": self.banned,
            "endless strategy": self.endless,
        }

    # ---- scenarios

    def told(self) -> Outcome:
        """Tell the guard while the daemon lives."""
        return self._practise("told by operator", lambda: client.kill(self._socket, "drill"), _TOLD_MS)

    def by_signal(self) -> Outcome:
        """Signal the guard while the daemon lives."""
        assert self._guard is not None
        number = self._guard.pid
        return self._practise("SIGUSR1", lambda: os.kill(number, signal.SIGUSR1), _TOLD_MS)

    def by_file(self) -> Outcome:
        """Put the file there."""
        return self._practise("file KILL", (self._folder / KILL_FILE).touch, _TOLD_MS)

    def frozen(self) -> Outcome:
        """Stop the daemon's process; nobody says a word."""
        return self._practise("loop frozen", self._freeze, _FROZEN_MS, thaw=True)

    def killed(self) -> Outcome:
        """Kill the daemon's process; another one starts after it."""
        return self._practise("daemon killed -9", self._kill_daemon, _FROZEN_MS, restart=True)

    def venue_down(self) -> Outcome:
        """End every connection and refuse new ones for a while, with the daemon frozen."""

        def begin() -> None:
            self._freeze()
            self._hook(hook="crash", seconds=_DOWN_S)
            client.kill(self._socket, "drill: venue down")

        return self._practise("venue down", begin, _DOWN_S * 1000 + _AFTER_DOWN_MS, thaw=True)

    def rate_ban(self) -> Outcome:
        """Have the first cancel answered with 429 and Retry-After, with the daemon frozen."""
        return self._refused("rate ban", 429, "Too many requests.")

    def banned(self) -> Outcome:
        """The same with 418, as of an address that went on asking."""
        return self._refused("address banned", 418, "Way too many requests; IP banned.")

    def _refused(self, name: str, status: int, message: str) -> Outcome:
        def begin() -> None:
            self._freeze()
            self._hook(
                hook="reply", place="request", what=_CANCELS[self.market], status=status, retry_after_s=_DOWN_S,
                body=json.dumps({"code": -1003, "msg": message}),
            )  # fmt: skip
            client.kill(self._socket, f"drill: {name}")

        return self._practise(name, begin, _DOWN_S * 1000 + _AFTER_DOWN_MS, thaw=True)

    def endless(self) -> Outcome:
        """Add a strategy to the daemon that never returns from a quote; the daemon is killed after it."""
        self._rounds += 1
        name = f"{ENDLESS}-{self._rounds}"

        def begin() -> int:
            at_ns = time.time_ns() + _SOON_NS
            added = self._folder / f"{name}.toml"
            text = endless_text(self._settings.read_text(encoding="utf-8"), self._folder, name, at_ns)
            added.write_text(text, encoding="utf-8")
            reply = ask(find(self._folder), request("add", strategy=name, reason="drill", config=str(added)))
            if not reply.ok or time.time_ns() > at_ns:
                raise StartFailed(f"the endless strategy could not be added in time: {reply.error}")
            time.sleep((at_ns - time.time_ns()) / _NS)
            return at_ns

        told = self._practise("endless strategy", begin, _FROZEN_MS, restart=True)
        gone = request("remove", strategy=name, reason="the drill is over")
        self._until(lambda: ask(find(self._folder), gone).ok, "the endless strategy is removed")
        return told

    def _practise(
        self, name: str, begin: Callable[[], int | None], goal_ms: float, *, thaw: bool = False, restart: bool = False
    ) -> Outcome:
        """Go through one scenario, and put everything right again after it; `begin` may say when its fault began."""
        self._until(lambda: client.status(self._socket).state == GuardState.ARMED, "the guard is armed")
        self._until(lambda: self._working() > 0, "an order works")
        orders, began_ns = self._working(), time.time_ns()
        began_ns = begin() or began_ns
        told = self._verified(began_ns)
        left = self._working()
        if thaw:
            self._signal(signal.SIGCONT)
        if restart:
            self._kill_daemon()
            self._start_daemon()
        latched = self._latched()
        self._until(lambda: client.status(self._socket).state == GuardState.ARMED, "the daemon has latched the kill")
        left = max(left, self._working())
        self._arm()
        cancels = [each.last_cancel_ns for each in told.first]
        return Outcome(
            scenario=name,
            decided_ms=(told.decided_ns - began_ns) / _MS,
            blocked_ms=(told.blocked_ns - told.decided_ns) / _MS,
            last_cancel_ms=(max(cancels) - began_ns) / _MS if all(cancels) else 0.0,
            verified_ms=(told.first_verified_ns - began_ns) / _MS if told.first_verified_ns else 0.0,
            goal_ms=goal_ms,
            orders=orders,
            left=left,
            latched=latched,
        )

    def _verified(self, began_ns: int) -> GuardStatus:
        """Return the guard's account of its first clearing after a time; the one after the latch is another."""
        found: list[GuardStatus] = []

        def look() -> bool:
            told = client.status(self._socket)
            done = told.decided_ns > began_ns and bool(told.first_verified_ns)
            found[:] = [told] if done else []
            return done

        self._until(look, "the guard has verified that nothing is open")
        return found[0]

    # ---- what is done to the processes

    def _freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def _signal(self, number: signal.Signals) -> None:
        assert self._daemon is not None
        self._daemon.send_signal(number)

    def _kill_daemon(self) -> None:
        assert self._daemon is not None
        self._daemon.kill()
        self._daemon.wait(WAIT_S)

    def _latched(self) -> bool:
        """Whether the daemon says that all is killed."""

        def killed() -> bool:
            latches = self._status()["latches"]
            return any(each["scope"] == "all" and each["level"] == "kill" for each in latches)

        with contextlib.suppress(StartFailed):
            self._until(killed, "the daemon is killed")
            return True
        return False

    def _arm(self) -> None:
        """Let the daemon trade again, as soon as it may."""
        arm = request("arm", scope="all", reason="the drill goes on")
        self._until(lambda: ask(find(self._folder), arm).ok, "the daemon may be armed")

    def _status(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads(bytes(ask(find(self._folder), request("status")).result))

    def _working(self) -> int:
        """How many orders work, as the exchange's ledger has it."""
        orders = self._http("GET", "/emulator/ledger")[self.market]["accounts"]["demo"]["orders"]
        return sum(each["status"] in {"NEW", "PARTIALLY_FILLED"} for each in orders)

    def _hook(self, **fault: object) -> None:
        self._http("POST", "/emulator/hooks", json.dumps(fault))

    def _http(self, method: str, path: str, body: str | None = None) -> Any:  # noqa: ANN401 - JSON
        """Ask the embedded exchange; it may be playing dead."""
        import http.client
        from urllib.parse import urlsplit

        address = urlsplit(self._rest_url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=WAIT_S)
        with contextlib.closing(connection):
            connection.request(method, path, body)
            return json.loads(connection.getresponse().read())

    # ---- starting

    def _start_venue(self) -> dict[str, str]:
        """Start the embedded exchange; return what it says of itself."""
        venue = self._start("venue", "emulate", "binance", *_VENUE, piped=True)
        assert venue.stdout is not None
        line = venue.stdout.readline()
        if not line:
            raise StartFailed(f"the embedded exchange did not start: see {self._folder / 'venue.log'}")
        told: dict[str, str] = json.loads(line)
        return told

    def _start_daemon(self) -> None:
        self._daemon = self._start("daemon", "run", "-c", str(self._settings), "--live", "--json")

    def _start(self, name: str, *words: str, piped: bool = False) -> "subprocess.Popen[bytes]":
        """Start one process that ends with the drill."""
        with (self._folder / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "daemon", *words],
                env=self._environ or environment({}),
                stdout=subprocess.PIPE if piped else log,
                stderr=log,
            )
        self._stack.callback(_end, child)
        return child

    def _until(self, condition: Callable[[], bool], what: str) -> None:
        """Look until it holds. Raises StartFailed where it does not."""
        deadline = time.monotonic() + WAIT_S
        while not self._holds(condition):
            if time.monotonic() > deadline:
                raise StartFailed(f"not within {WAIT_S:g} s: {what}; see the logs in {self._folder}")
            time.sleep(_LOOK_S)

    @staticmethod
    def _holds(condition: Callable[[], bool]) -> bool:
        try:
            return condition()
        except (NobodyAnswers, OSError, ValueError):  # it is starting, or plays dead
            return False


@contextlib.contextmanager
def drill_folder() -> Iterator[Path]:
    """Return a folder for one drill, for us alone and short enough for sockets; it goes when the drill went well."""
    with tempfile.TemporaryDirectory(prefix="tickerd-") as name:
        yield Path(name)


def _end(child: "subprocess.Popen[bytes]") -> None:
    """End a process, stopped or not."""
    if child.poll() is None:
        child.kill()
    child.wait(WAIT_S)
    if child.stdout is not None:
        child.stdout.close()
