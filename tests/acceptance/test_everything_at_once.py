"""Every control at once in a daemon that trades live, is told everything, and is killed again and again.

The exchange's own ledger judges: no limit broken at any time there, nothing sent after a kill, the same orders,
executions and money as in the journals; every session replays, the audit trail is whole, latches outlive every death.
"""

import contextlib
import http.client
import json
import random
import shutil
import signal
import socket
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from daemon.errors import UsageError
from daemon.operator.client import Heard, ask, find, request
from daemon.operator.protocol import QUERIES
from journal.audit.folder import audit
from journal.audit.keys import load_public_key
from journal.folders import sessions
from tests.acceptance.everything import LARGEST, MEMBER, OPEN_ALL, OPEN_SYMBOL, RULES, everything
from tests.acceptance.guarding import GuardProcess
from tests.acceptance.processes import Daemon, Json, Venue, tickerd, until
from tests.acceptance.settings import live_environment
from tests.acceptance.venue_limits import accepted, names, working
from tests.crash.ledger import judge

WORDS: tuple[tuple[str, dict[str, str]], ...] = (
    ("halt", {"scope": "symbol:ETHUSDT.BINANCE"}),
    ("stop-entry", {"scope": "strategy:wild"}),
    ("cancel", {"scope": "venue:BINANCE"}),
    ("flatten", {"scope": "strategy:loser", "collar_ppm": "20000"}),
    ("reduce", {"scope": "all", "share_ppm": "500000"}),
    ("kill", {"scope": "strategy:quoter"}),
    ("pause", {"strategy": "quoter"}),
    ("resume", {"strategy": "quoter"}),
    ("retune", {"strategy": "wild", "every_ms": "80"}),
    ("disable", {"strategy": "breakout"}),
    ("enable", {"strategy": "breakout"}),
    ("remove", {"strategy": "guest", "flatten": "yes", "collar_ppm": "20000"}),
    ("scale", {"scope": "strategy:breakout", "scale_ppm": "500000"}),
    ("set", {"scope": "strategy:quoter", "max_gross_notional": "2000"}),
    ("set", {"scope": "all", "max_gross_notional": "8000"}),
    ("set", {"scope": "strategy:loser", "day_loss.flatten_at": "4"}),
    ("withdraw", {}),
    ("release", {}),
    ("ack", {"alerts": "all"}),
)
FAULTS = (
    {"hook": "crash", "seconds": 0.5},
    {"hook": "reply", "place": "answer", "what": "order.place", "count": 2},
    {"hook": "drop", "place": "answer", "what": "order.*", "count": 2},
    {"hook": "drop", "place": "request", "what": "order.cancel"},
    {"hook": "delay", "place": "event", "seconds": 0.5, "count": 4},
    {"hook": "dup", "place": "event", "count": 4},
    {"hook": "drop", "place": "event", "count": 2},
    {"hook": "stall", "place": "event", "seconds": 1.0},
    {"hook": "skew", "offset_ms": 800, "for_s": 1.0},
)


@pytest.fixture
def run_folder():
    """Where sockets are: their paths must be short."""
    folder = Path(tempfile.mkdtemp(prefix="t"))
    folder.chmod(0o700)
    yield folder
    shutil.rmtree(folder)


class World:
    """An exchange, a guard and one daemon after the other."""

    def __init__(self, folder: Path, run_folder: Path, market: str, seed: int) -> None:
        self.folder, self.run_folder, self.market = folder, run_folder, market
        self.daemon: Daemon
        self.rng = random.Random(seed)
        accounts = folder / "accounts.json"
        accounts.write_text(json.dumps([MEMBER]))
        more = ("--market", market) if market == "usdm" else ()
        self.venue = Venue(
            folder, "--synthetic", "--seed", str(seed), "--no-demo", "--accounts", accounts, *more
        )  # fmt: skip
        self.venue.api_key, self.venue.api_secret = str(MEMBER["key"]), str(MEMBER["secret"])
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.settings = everything(folder, run_folder, self.venue, market, self.port)
        self.latches: dict[str, str] = {}

    def ledger(self) -> Json:
        return self.venue.ledger(self.market)

    def say(self, word: str, *, scope: str = "", strategy: str = "", **args: str) -> Heard:
        return ask(
            find(self.run_folder),
            request(word, scope=scope, strategy=strategy, reason="to see what happens", **args),
            60.0,
        )

    def held(self) -> dict[str, str]:
        """The latches that hold now."""
        told = msgspec.json.decode(bytes(self.say("status").result))
        return {each["scope"]: each["level"] for each in told["latches"]}

    def arm(self) -> None:
        """Take every latch off, as soon as that may be, and accept what is frozen."""

        def armed() -> bool:
            self.say("release")
            for scope in self.held():
                self.say("arm", scope=scope)
            return not self.held()

        until(armed, "everything armed", 60)

    def look(self) -> None:
        """Ask for everything, and hold the exchange's ledger against the limits."""
        for word in QUERIES:
            reply = self.say(word)
            assert reply.ok, f"{word}: {reply.error}"
            json.loads(bytes(reply.result))
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.request("GET", "/metrics")
            assert b"tickerd_breaker_step" in connection.getresponse().read()
        for each in accepted(self.ledger()):
            symbol = each.order["symbol"]
            assert each.open_all <= OPEN_ALL, each
            assert each.open_symbol <= OPEN_SYMBOL, each
            assert each.worst <= Decimal(LARGEST[symbol]), each

    def kill(self, how: signal.Signals | None) -> None:
        """Kill trading: nothing is left open at the exchange, and nothing comes after it."""
        if how is None:
            assert self.say("kill", scope="all").ok
        else:
            self.daemon.signal(how)
        until(lambda: self.held().get("all") == "kill", "the latch", 20)
        until(lambda: not working(self.ledger()), "nothing open", 30)
        before = names(self.ledger())
        time.sleep(0.5)
        assert names(self.ledger()) == before, "sent after a kill"

    def turn(self) -> None:
        """One of the many things that may happen."""
        dice = self.rng.randrange(10)
        if dice < 6:
            word, said = self.rng.choice(WORDS)
            self.say(word, **said)  # a refusal is an answer
        elif dice < 8:
            self.venue.hook(**self.rng.choice(FAULTS))
        elif dice == 8:
            self.daemon.signal(signal.SIGSTOP)
            time.sleep(self.rng.choice((0.1, 2.5)))
            self.daemon.signal(signal.SIGCONT)
        else:
            text = RULES.replace("0.03", self.rng.choice(("0.02", "0.025", "0.03")))
            (self.folder / "rules.toml").write_text(text)
            tickerd("reload", "-c", self.settings, "--reason", "new rules", "--folder", self.run_folder)
        time.sleep(self.rng.random() * 0.4)

    def live(self, number: int) -> Path:
        """One life: it begins with the latches that the one before ended with, and is killed in the middle."""
        with Daemon(self.settings, "--live", environ=live_environment(self.venue)) as self.daemon:
            session = self.daemon.session
            if number == 1:
                self.daemon.signal(signal.SIGUSR1)  # while it starts: there may be no handler yet
                self.latches = {**self.latches, "all": "kill"}
            self.daemon.wait_ready()
            lost = {scope: level for scope, level in self.latches.items() if scope not in self.held()}
            assert not lost, "latches that a restart took off"
            self.arm()
            self.say("add", strategy="guest", config=str(self.folder / "more" / "settings.toml"))
            before = len(self.ledger()["executions"])

            def traded() -> bool:
                self.arm()  # on a busy machine the guard may have missed a beat
                return len(self.ledger()["executions"]) > before + 5

            until(traded, "executions", 60)
            for _ in range(8):
                self.turn()
            self.calm()
            self.look()
            if number != 1:
                self.arm()
                self.kill(signal.SIGUSR1 if number else None)
            self.latches = self.held()
            self.daemon.process.kill()
            assert self.daemon.wait() == -9
        assert "Traceback" not in self.daemon.stderr
        return session

    def calm(self) -> None:
        """End the exchange's troubles."""

        def cleared() -> bool:
            with contextlib.suppress(OSError):
                self.venue.request("DELETE", "/emulator/hooks", None)
                return True
            return False

        until(cleared, "no more faults", 20)

    def rest(self) -> tuple[Path, dict[str, str]]:
        """The last life ends in peace; return its session and balances."""
        with Daemon(self.settings, "--live", environ=live_environment(self.venue)) as self.daemon:
            session = self.daemon.session
            self.daemon.wait_ready()
            self.say("release")
            self.arm()
            time.sleep(2)
            self.look()
            self.daemon.wait_status(_agree, "books that agree", 60)
            self.daemon.stop()
        assert "Traceback" not in self.daemon.stderr
        return session, self.daemon.last_status()["balances"]


def _agree(status: Json) -> bool:
    """Whether nothing is in doubt."""
    venues = status["live"]["venues"]
    return not status["live"]["freezes"] and all(
        each["books"] == "agreed" and not each["unknown_orders"] for each in venues
    )


@pytest.mark.slow
@pytest.mark.parametrize(("market", "seed"), [("spot", 1), ("usdm", 2)])
def test_with_every_control_on_no_limit_breaks_nothing_follows_a_kill_and_all_of_it_is_proven(
    tmp_path, run_folder, market, seed
):
    world = World(tmp_path, run_folder, market, seed)
    with world.venue, GuardProcess(world.settings, run_folder, world.venue):
        lived = [world.live(number) for number in range(3)]
        last, balances = world.rest()
        ledger = world.ledger()
    judge(ledger, sessions(tmp_path / "sessions"), last, balances)
    done = tickerd("replay", lived[-1], "--verify")
    assert "identical" in done.stdout, done.stdout + done.stderr
    for place in ("a", "b"):
        keys = frozenset([load_public_key(tmp_path / "key.pem.pub")])
        found = audit(tmp_path / "sessions", None, [tmp_path / "anchors" / f"{place}.jsonl"], keys)
        assert found.ok, found.all_findings
    with pytest.raises(UsageError):
        world.say("status")
