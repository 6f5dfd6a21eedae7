import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time

import msgspec
import pytest

from daemon.screen import ScreenProcess
from daemon.status import Status
from tests.daemon.status_samples import NOON_NS, SECOND_NS, crowded_status, status

# Reads nothing until the file named by its first argument exists, then checks every line and says how many there were.
SLOW_READER = """
import pathlib, sys, time
while not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.01)
import msgspec
from daemon.status import Status
lines = sys.stdin.buffer.read().splitlines()
states = [msgspec.json.decode(line, type=Status).state for line in lines]
pathlib.Path(sys.argv[2]).write_text(f"{len(lines)} {states[-1]}")
"""


@pytest.fixture
def start():
    screens: list[ScreenProcess] = []

    def starting(**how) -> ScreenProcess:
        screens.append(ScreenProcess.start(**how))
        return screens[-1]

    yield starting
    for screen in screens:
        if screen._child.returncode is None:
            screen.close(timeout_s=0.0)


def python(*arguments: object) -> list[str]:
    return [sys.executable, *map(str, arguments)]


def test_without_a_terminal_there_is_a_line_a_second_and_the_last_state(start, tmp_path):
    with (tmp_path / "out").open("wb") as out:
        screen = start(stdout=out)
        screen.show(status())
        screen.close(status(state="STOPPED", time_ns=NOON_NS + 2 * SECOND_NS), timeout_s=30.0)

    lines = (tmp_path / "out").read_text(encoding="utf-8").splitlines()
    assert lines[-1].startswith("12:00:02 STOPPED 1,234 ev/s  age 12 ms")
    assert lines[0].startswith(("12:00:01 READY", "12:00:02 STOPPED")), "only the newest status has to be shown"


def test_ctrl_c_is_the_daemons_to_decide_even_while_the_screen_still_starts(start, tmp_path):
    with (tmp_path / "out").open("wb") as out:
        screen = start(stdout=out)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
            os.kill(screen._child.pid, number)
        screen.close(status(), timeout_s=30.0)

    assert screen._child.returncode == 0
    assert "READY" in (tmp_path / "out").read_text(encoding="utf-8")


def test_a_full_pipe_drops_frames_and_never_cuts_one(start, tmp_path):
    go, told = tmp_path / "go", tmp_path / "told"
    screen = start(command=python("-c", SLOW_READER, go, told))
    crowd = crowded_status()
    assert len(msgspec.json.encode(crowd)) > 1 << 16, "more than a pipe holds"

    began = time.monotonic()
    for _ in range(50):
        screen.show(crowd)
    took_s = time.monotonic() - began
    go.touch()
    screen.close(status(state="STOPPED"), timeout_s=30.0)

    assert screen.dropped == 49
    assert took_s < 5.0, "nothing reads, and nothing waited"
    assert told.read_text(encoding="utf-8") == "2 STOPPED", "the one that was begun, and the last"


def test_frames_go_on_once_the_pipe_is_read_again(start, tmp_path):
    go, told = tmp_path / "go", tmp_path / "told"
    screen = start(command=python("-c", SLOW_READER, go, told))
    for _ in range(3):
        screen.show(crowded_status())
    go.touch()
    while screen._rest:
        assert select.select([], [screen._fd], [], 30.0)[1]
        screen._push()
    screen.show(status())
    screen.close(timeout_s=30.0)

    assert screen.dropped == 2
    assert told.read_text(encoding="utf-8") == "2 READY"


def test_a_dead_screen_is_told_once_and_costs_nothing_more(start):
    warnings: list[str] = []
    screen = start(command=python("-c", "raise SystemExit(3)"), warn=warnings.append)
    screen._child.wait()

    for _ in range(3):
        screen.show(status())
    screen.close(status())

    assert warnings == ["the screen ended with status 3; the session goes on without it"]
    assert not screen.alive


def test_a_stuck_screen_cannot_hold_up_the_end(start):
    screen = start(command=python("-c", "import time; time.sleep(600)"))
    screen.show(status())

    began = time.monotonic()
    screen.close(status(), timeout_s=0.2)

    assert time.monotonic() - began < 10.0
    assert screen._child.returncode == -signal.SIGKILL


def test_packages_of_the_working_directory_do_not_stand_in_for_ours(start, tmp_path, monkeypatch):
    for name in ("daemon.py", "msgspec.py", "rich.py"):
        (tmp_path / name).write_text("raise SystemExit('the wrong one')")
    monkeypatch.chdir(tmp_path)

    with (tmp_path / "out").open("wb") as out:
        screen = start(stdout=out)
        screen.close(status(), timeout_s=30.0)

    assert "READY" in (tmp_path / "out").read_text(encoding="utf-8")


def test_the_screen_ends_quietly_when_nobody_reads_its_lines():
    reader, writer = os.pipe()
    os.close(reader)
    child = subprocess.run(
        python("-m", "daemon.screen"),
        input=b"".join(msgspec.json.encode(status(time_ns=n * SECOND_NS)) + b"\n" for n in range(3)),
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(writer)

    assert (child.returncode, child.stderr) == (0, b"")


class Terminal:
    """A terminal of a given size; whatever is drawn on it is read at once, as a real one does."""

    def __init__(self, width: int, height: int) -> None:
        self._master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self._drawn = bytearray()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        # Linux tells that the last one to hold the other side has gone by an error, other systems by nothing.
        with contextlib.suppress(OSError):
            while chunk := os.read(self._master, 1 << 16):
                self._drawn += chunk

    def text(self) -> str:
        """Everything that was drawn, once all programs have gone."""
        os.close(self.slave)
        self._reader.join()
        os.close(self._master)
        return self._drawn.decode()


def test_on_a_terminal_there_is_a_live_table_that_stays_when_it_ends(start, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = Terminal(120, 40)
    screen = start(run_for_ns=60 * SECOND_NS, stdout=terminal.slave)
    screen.close(status(), timeout_s=30.0)
    text = terminal.text()

    for wanted in ["READY", "SYNTHETIC MARKET", "ends in", "Ctrl-C drains and seals"]:
        assert wanted in text
    assert text.endswith("\x1b[?25h"), "the cursor is given back"
    assert "\x1b[?1049h" not in text, "the alternate screen would take the last frame away"


def test_on_a_dumb_terminal_there_are_plain_lines(start, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    terminal = Terminal(120, 40)
    start(stdout=terminal.slave).close(status(), timeout_s=30.0)

    assert terminal.text().startswith("12:00:01 READY 1,234 ev/s")


def test_plain_lines_may_be_asked_for_on_any_terminal(start, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = Terminal(120, 40)
    start(plain=True, stdout=terminal.slave).close(status(), timeout_s=30.0)

    assert terminal.text().startswith("12:00:01 READY 1,234 ev/s")


def test_a_status_is_small_change_for_the_loop(start, tmp_path):
    with (tmp_path / "out").open("wb") as out:
        screen = start(stdout=out)
        shown: Status = status()
        began = time.perf_counter()
        for _ in range(200):
            screen.show(shown)
        each_s = (time.perf_counter() - began) / 200
        screen.close(timeout_s=30.0)

    assert each_s < 0.005, "a status takes some tens of microseconds; only a loop that waits takes milliseconds"
