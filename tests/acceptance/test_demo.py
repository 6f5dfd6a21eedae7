"""The newcomer's first minute: the demo trades within seconds, tells how it went, and proves what it recorded."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.acceptance import exports
from tests.acceptance.processes import PATIENCE_S, ROOT, command, environment, tickerd

# As a user's shell would find it: the product is installed there, here it is the checkout.
INSTALLED = {"PYTHONPATH": str(ROOT)}


SHADOWS = ("config", "core", "daemon", "engine", "journal", "connectors", "numpy", "json")


class Played(NamedTuple):
    """A demo that ran to its end in a folder of its own."""

    folder: Path
    done: subprocess.CompletedProcess[str]

    @property
    def session(self) -> Path:
        (session,) = (self.folder / "mine").glob("2*")
        return session


@pytest.fixture(scope="module")
def played(tmp_path_factory) -> Played:
    """Run the demo for five seconds, in a folder with modules of the user that are called as ours are."""
    folder = tmp_path_factory.mktemp("demo")
    for name in SHADOWS:
        (folder / f"{name}.py").write_text(f"raise SystemExit('the user\\'s {name} was imported')")
    (folder / "strategies").mkdir()
    (folder / "strategies" / "__init__.py").write_text("raise SystemExit('the user\\'s strategies were imported')")
    # As the installed `tickerd` does, but for its file: the working directory is not on the path.
    words = [sys.executable, "-P", "-m", "daemon", "demo", "--for", "5s", "--plain", "--root", "mine"]
    done = subprocess.run(
        words,
        cwd=folder,
        env=environment(**INSTALLED),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    for name in SHADOWS:
        (folder / f"{name}.py").unlink()
    shutil.rmtree(folder / "strategies")
    return Played(folder, done)


def test_modules_of_the_user_in_the_working_directory_do_not_shadow_ours(played):
    assert "was imported" not in played.done.stdout + played.done.stderr
    assert played.done.returncode == 0, played.done.stderr


def test_the_demo_trades_within_seconds_and_its_replay_command_works_as_printed(played):
    lines = played.done.stdout.splitlines()
    assert "SYNTHETIC" in played.done.stdout, "nobody may take it for a real market"
    first_fill = next(number for number, line in enumerate(lines) if re.search(r"[1-9]\d* filled", line))
    assert "READY" in lines[first_fill], "before the end"
    assert "BINANCE books agreed" in lines[first_fill], "it trades as for real"
    assert exports.export(played.session, "fills")
    printed = lines[-1].removeprefix("replay").strip()
    proof = subprocess.run(
        printed,
        shell=True,
        cwd=played.folder,
        env=environment(**INSTALLED),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert proof.returncode == 0, f"{printed}\n{proof.stderr}"
    assert "identical" in proof.stdout


def test_the_journal_of_the_demo_says_that_its_market_was_synthetic(played):
    shown = tickerd("journal", "ls", "--root", played.folder / "mine", "--json")
    assert shown.returncode == 0, shown.stderr
    assert "synthetic market" in shown.stdout
    assert played.session.name in shown.stdout


# The program that leads a session takes its standard input as the terminal that Ctrl-C comes from.
TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


class Terminal:
    """A terminal of 120 columns with a program on it, and someone at the keyboard."""

    def __init__(self, words: list[str], folder: Path) -> None:
        self._keyboard, screen = pty.openpty()
        termios.tcsetwinsize(screen, (40, 120))
        self.process = subprocess.Popen(
            [sys.executable, "-c", TAKE_TERMINAL, *words],
            cwd=folder,
            env=environment(**INSTALLED, TERM="xterm-256color"),
            stdin=screen,
            stdout=screen,
            stderr=screen,
            start_new_session=True,
        )
        os.close(screen)
        self.shown = ""

    def press(self, keys: bytes) -> None:
        os.write(self._keyboard, keys)

    def watch(self, wanted: Callable[[str], bool], what: str) -> None:
        """Read what is shown until it is what is wanted."""
        deadline = time.monotonic() + PATIENCE_S
        while not wanted(self.shown):
            assert time.monotonic() < deadline, f"not shown: {what}\n{self.shown[-3000:]}"
            assert self._read(), f"ended before: {what}\n{self.shown[-3000:]}"

    def end(self) -> int:
        """Read to the end and return the exit code."""
        deadline = time.monotonic() + PATIENCE_S
        while self._read():
            assert time.monotonic() < deadline, f"does not end\n{self.shown[-3000:]}"
        os.close(self._keyboard)
        return self.process.wait(PATIENCE_S)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._keyboard], [], [], 1.0)
        if not ready:
            return True
        try:
            data = os.read(self._keyboard, 65_536)
        except OSError:  # Linux answers EIO once the last program has left the terminal
            return False
        self.shown += data.decode(errors="replace")
        return bool(data)


def test_on_a_terminal_there_is_a_live_table_and_ctrl_c_drains(tmp_path):
    terminal = Terminal(command("demo", "--for", "60s"), tmp_path)
    try:
        terminal.watch(lambda shown: "READY" in shown and "BTCUSDT" in shown and "ETHUSDT" in shown, "the live table")
        terminal.press(b"\x03")
        code = terminal.end()
    finally:
        if terminal.process.poll() is None:
            terminal.process.kill()
            terminal.process.wait()
    assert code == 0, terminal.shown[-3000:]
    assert terminal.shown.rfind("\x1b[?25h") > terminal.shown.rfind("\x1b[?25l"), "the cursor is back"
    assert terminal.shown.rfind("\x1b[?1049l") >= terminal.shown.rfind("\x1b[?1049h"), "the screen is the user's again"
    assert "Traceback" not in terminal.shown
    assert "--verify" in terminal.shown
    (session,) = (tmp_path / "var" / "sessions").glob("2*")
    states = [row["state"] for row in exports.export(session, "lifecycle")]
    assert states == ["STARTING", "SYNCING", "RECONCILING", "READY", "DRAINING", "STOPPED"]
