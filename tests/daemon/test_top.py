"""`tickerd top`: the picture fits every terminal, keys send what was confirmed, and the terminal is left whole."""

import asyncio
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from rich.text import Text

from core.events import CommandReceived
from daemon.limits_view import LimitRow, LimitsView
from daemon.operator.client import request
from daemon.operator.door import Door
from daemon.operator.operated import Operated
from daemon.screen.history import History
from daemon.status import BreakerStatus
from daemon.top.breakers import worst
from daemon.top.keys import WORDS, Prompt, keys_of, press
from daemon.top.picture import Looked, in_use, picture
from daemon.views.orders import OrderRow, OrdersView
from tests.daemon import status_samples as samples

ROOT = Path(__file__).resolve().parents[2]
WAIT_S = 20.0
SIZES = [(80, 24), (40, 8), (20, 4), (100, 40), (120, 50), (200, 60), (79, 21), (101, 31)]


def order(number: int) -> OrderRow:
    return OrderRow(
        id=f"t0cx0m1c{number:07}",
        strategy="quoter",
        instrument="ETHUSDT.BINANCE",
        side="buy",
        type="limit",
        state="accepted",
        quantity="0.05",
        filled="0.01",
        leaves="0.04",
        price="2500.1",
    )


def limit(name: str, used: str, value: str = "20") -> LimitRow:
    return LimitRow(scope="all", name=name, value=value, used=used)


LIMITS = [limit("max_open_orders_total", "18"), limit("max_gross_notional", "0"), limit("max_fees_per_day", "20.5")]


def breaker(kind: str, step: str, figure: str, at: str, problem: str = "", **ladder: str) -> BreakerStatus:
    latched = step in {"reduce", "halt", "flatten"}
    return BreakerStatus(
        breaker=kind,
        scope="strategy:quoter",
        step=step,
        figure=figure,
        next=at,
        ladder=ladder,
        since_ns=0,
        problem=problem,
        rearm="tickerd arm strategy:quoter --reason ..." if latched else "",
    )


BREAKERS = [
    breaker("loss_streak", "calm", "1", "6", reduce="6"),
    breaker("drawdown", "calm", "71.5", "100", warn="100", halt="200"),
    breaker("day_loss", "halt", "812.25", "1000", reduce="500", halt="800", flatten="1000"),
    breaker("feed_quorum", "calm", "2", "2", reduce="2", halt="1"),
    breaker("feed_quorum", "calm", "2", "3", reduce="3"),
    breaker("loss", "warn", "260", "300", warn="250", halt="300"),
    breaker("slippage", "calm", "", "0.002", reduce="0.002"),
    breaker("second_count", "flatten", "", "", halt="100000"),
    breaker("spread", "calm", "", "0.01", problem="BTCUSDT.BINANCE has no price", halt="0.01"),
]


def looked(orders: int = 3, breakers: Sequence[BreakerStatus] = ()) -> Looked:
    status = msgspec.structs.replace(samples.status(), breakers=list(breakers))
    return Looked(status, [order(number) for number in range(orders)], LIMITS)


def plain(lines: list[Text]) -> str:
    return "\n".join(line.plain for line in lines)


# -- the picture -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("prompt", [None, Prompt("kill", typed="strategy:" + "x" * 150)], ids=["watching", "asking"])
@pytest.mark.parametrize("orders", [0, 3, 40])
@pytest.mark.parametrize("breakers", [(), BREAKERS], ids=["calm", "stopped"])
def test_the_picture_fits_every_terminal(width, height, prompt, orders, breakers):
    for notice in ("", "kill all: done; KILLED: " + "x" * 300):
        lines = picture(looked(orders, breakers), History(), prompt, notice, width, height)
        assert len(lines) <= height
        assert max(line.cell_len for line in lines) <= width
        shown = plain(lines)
        assert "q quit"[: width - 5] in shown or "kill" in shown


def test_on_80_by_24_there_are_positions_orders_strategies_limits_and_keys():
    shown = plain(picture(looked(), History(), None, "", 80, 24))
    for part in ("MARKET", "POSITIONS", "STRATEGIES", "ORDERS", "LIMITS", "k kill  h halt  f flatten", "18", "102%"):
        assert part in shown


@pytest.mark.parametrize(("width", "height", "rows"), [(80, 24, 2), (120, 50, 4)])
def test_breakers_that_stopped_or_are_near_it_stand_above_the_limits(width, height, rows):
    shown = plain(picture(looked(3, BREAKERS), History(), None, "", width, height))
    assert "POSITIONS" in shown.upper()
    lines = [line.strip("│ ").split() for line in shown.splitlines() if "strategy:quoter" in line]
    assert len(lines) == rows
    assert lines[0] == ["second_count", "strategy:quoter", "flatten", "none", "until", "armed"]
    assert lines[1] == ["day_loss", "strategy:quoter", "halt", "812.25", "flatten", "at", "1000", "until", "armed"]
    assert (
        lines[2:]
        == [
            ["loss", "strategy:quoter", "warn", "260", "halt", "at", "300"],
            ["spread", "strategy:quoter", "calm", "not", "valued", "halt", "at", "0.01"],
        ][: rows - 2]
    )
    assert "BREAKERS" not in plain(picture(looked(3), History(), None, "", width, height)).upper()


def test_the_worst_breakers_come_first_and_those_far_from_their_step_not_at_all():
    assert [(row.breaker, row.step) for row in worst(BREAKERS)] == [
        ("second_count", "flatten"),
        ("day_loss", "halt"),
        ("loss", "warn"),
        ("spread", "calm"),
        ("feed_quorum", "calm"),
        ("drawdown", "calm"),
    ]


def test_the_fullest_limits_come_first_and_those_of_which_nothing_is_used_not_at_all():
    assert [row.name for row in in_use(LIMITS)] == ["max_fees_per_day", "max_open_orders_total"]


# -- the keys ----------------------------------------------------------------------------------------------------------


def typed(text: str):
    """What came of typing: what was sent, and where the prompt stands."""
    prompt, sent = None, []
    for key in text:
        pressed = press(prompt, key)
        prompt = pressed.prompt
        if pressed.send is not None:
            sent.append(pressed.send)
    return sent, prompt


def test_a_command_is_sent_once_it_was_confirmed():
    assert typed("k\rmad\ry") == ([request("kill", scope="all", reason="mad")], None)
    assert typed("fsymbol:X.Y\r\ry") == ([request("flatten", scope="symbol:X.Y")], None)
    assert typed("pema\rodd\ry") == ([request("pause", strategy="ema", reason="odd")], None)


@pytest.mark.parametrize("text", ["k\rmad\rn", "k\rmad\r\r", "k\rmad\r\x1b", "k\x1by", "xyz\r\ry", "", "k\rmad"])
def test_whatever_is_not_confirmed_is_not_sent(text):
    assert typed(text)[0] == []


def test_what_must_be_said_is_asked_for_again():
    assert typed("p\r")[1] == Prompt("pause", wrong="name a strategy")
    sent, prompt = typed("a\r\r")
    assert sent == []
    assert "why it is safe" in prompt.wrong
    assert typed("a\r\rmended\ry")[0] == [request("arm", scope="all", reason="mended")]


def test_a_slip_can_be_mended_and_arrows_do_nothing():
    assert typed("kalk\x7fl\r\ry")[0] == [request("kill", scope="all")]
    assert keys_of(b"\x1b[Ak\x1bOBq\x1b[15~\x1b") == ["k", "q", "\x1b"]
    assert keys_of("ü".encode()) == ["ü"]


def test_every_key_that_commands_is_told():
    assert set(WORDS.values()) == {"kill", "halt", "flatten", "pause", "resume", "arm"}
    assert press(None, "q").quits


# -- in a terminal -----------------------------------------------------------------------------------------------------


class Terminal:
    """`tickerd top` in a terminal of 80 by 24."""

    def __init__(self, *words: str) -> None:
        self.fd, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
        self.before = termios.tcgetattr(inside)
        environ = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"}
        for name in ("COLUMNS", "LINES"):
            environ.pop(name, None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "daemon", "top", *words],
            stdin=inside,
            stdout=inside,
            stderr=subprocess.PIPE,
            env=environ,
        )
        self.inside = inside
        self.seen = ""

    def until(self, text: str) -> None:
        """Read until a text was drawn."""
        deadline = time.monotonic() + WAIT_S
        begin = len(self.seen)
        while text not in self.seen[begin:]:
            assert time.monotonic() < deadline, f"not drawn: {text!r}\n{self.seen[-3000:]}"
            if select.select([self.fd], [], [], 0.1)[0]:
                self.seen += os.read(self.fd, 1 << 16).decode("utf-8", "replace")

    def press(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def end(self) -> tuple[int, str]:
        """Wait for its end while reading what it draws; (exit code, what it complained of)."""
        deadline = time.monotonic() + WAIT_S
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "still running"
            if select.select([self.fd], [], [], 0.05)[0]:
                self.seen += os.read(self.fd, 1 << 16).decode("utf-8", "replace")
        assert self.process.stderr is not None
        with self.process.stderr:
            said = self.process.stderr.read().decode()
        assert termios.tcgetattr(self.inside) == self.before, "the terminal is as it was"
        os.close(self.inside)
        os.close(self.fd)
        return self.process.returncode, said


def test_in_a_terminal_it_kills_when_told_quits_and_says_when_the_daemon_has_gone(tmp_path):
    commands: list[CommandReceived] = []

    def command(given: CommandReceived) -> list[str]:
        commands.append(given)
        return ["KILLED: all: is killed"]

    queries = {
        "status": lambda _request: samples.status(),
        "orders": lambda _request: OrdersView(time_ns=1, parents=[], working=[order(1)], kept=[], closed=[]),
        "limits": lambda _request: LimitsView(version=1, base_currency="", rows=LIMITS),
    }

    def first(path: Path) -> None:
        terminal = Terminal("--socket", str(path), "--every", "0.2")
        terminal.until("k kill")
        terminal.press("k\rit buys the top\r")
        terminal.until("y sends it")
        terminal.press("y")
        terminal.until("kill all: done; KILLED: all: is killed")
        terminal.press("q")
        assert terminal.end() == (0, "")

    async def main() -> Terminal:
        door = Door(tmp_path / "run" / "s.sock", Operated(command, queries))
        await door.open()
        try:
            await asyncio.to_thread(first, door.path)
            second = Terminal("--socket", str(door.path), "--every", "0.2")
            await asyncio.to_thread(second.until, "k kill")
        finally:
            await door.close()
        return second

    code, said = asyncio.run(main()).end()
    assert (code, "the daemon has gone" in said) == (2, True), said
    assert [(each.name, each.scope, each.reason) for each in commands] == [("kill", "all", "it buys the top")]


def test_without_a_daemon_or_a_terminal_it_says_so(tickerd, tmp_path):
    answer = tickerd("top", "--folder", tmp_path)
    assert answer.code == 2
    assert "no daemon is running here" in answer.err
    answer = tickerd("top", "--socket", tmp_path / "none.sock")
    assert answer.code == 2
    assert "needs a terminal" in answer.err
