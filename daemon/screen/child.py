"""The screen's own process: reads one `Status` a line from stdin, draws the newest, ends when stdin does."""

import os
import select
import signal
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Protocol

import msgspec
from rich.console import Console
from rich.live import Live

from daemon.screen.history import Recorder
from daemon.screen.lines import LinesView
from daemon.screen.render import render
from daemon.screen.words import SECOND_NS
from daemon.status import Status

FRAME_NS = SECOND_NS // 4
CHUNK = 1 << 18
NICENESS = 5  # the daemon's own thread comes first


class View(Protocol):
    """Whatever shows statuses."""

    def show(self, status: Status) -> None:
        """Show one status."""

    def silent(self, silent_ns: int) -> None:
        """Be told that no status came for so long."""

    def close(self) -> None:
        """Leave the last status to be read."""


class TableView:
    """The live table. It leaves the terminal's scroll-back alone and its last frame on the screen."""

    def __init__(self, console: Console, run_for_ns: int | None) -> None:
        """Draw on `console`."""
        self._console = console
        self._recorder = Recorder(run_for_ns)
        self._live: Live | None = None
        self._size = console.size
        self._status: Status | None = None

    def show(self, status: Status) -> None:
        """Draw one status."""
        self._status = status
        self._recorder.add(status)
        self._draw(0)

    def silent(self, silent_ns: int) -> None:
        """Say on the table that it is old."""
        self._draw(silent_ns)

    def close(self) -> None:
        """Stop drawing; the cursor goes below the last frame."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _draw(self, silent_ns: int) -> None:
        """Draw the newest status at the terminal's present size."""
        if self._status is None:
            return
        size = self._console.size
        if self._live is not None and size != self._size:
            # The terminal has folded or cut the old frame: its height is unknown, so begin on a clean screen.
            self.close()
            self._console.clear()
        self._size = size
        if self._live is None:
            self._live = Live(
                console=self._console,
                auto_refresh=False,
                redirect_stdout=False,
                redirect_stderr=False,
                vertical_overflow="crop",
            )
            self._live.start()
        history = self._recorder.history(silent_ns)
        self._live.update(render(self._status, history, size.width, size.height), refresh=True)


class Lines:
    """Cuts what the pipe gives into lines."""

    def __init__(self) -> None:
        """Start empty."""
        self._rest = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that `chunk` completes."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return [line for line in lines if line]


def serve(fd: int, view: View) -> None:
    """Show what comes in on `fd`, at most four statuses a second and always the newest, until it ends."""
    lines, decoder = Lines(), msgspec.json.Decoder(Status)
    newest: Status | None = None
    heard_ns = time.monotonic_ns()
    due_ns = heard_ns
    while True:
        now_ns = time.monotonic_ns()
        if newest is not None and now_ns >= due_ns:
            view.show(newest)
            newest = None
            due_ns = now_ns + FRAME_NS
        wait_s = (due_ns - now_ns) / SECOND_NS if newest is not None else 1.0
        if not select.select([fd], [], [], wait_s)[0]:
            if newest is None:
                view.silent(time.monotonic_ns() - heard_ns)
            continue
        chunk = os.read(fd, CHUNK)
        if not chunk:
            break
        for line in lines.feed(chunk):
            newest = decoder.decode(line)
            heard_ns = time.monotonic_ns()
    if newest is not None:
        view.show(newest)


def in_foreground(fd: int) -> bool:
    """Whether `fd` is a terminal that is ours to set: not from the background, nor when we belong to another one."""
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return False


@contextmanager
def quiet_keys(fd: int) -> Iterator[None]:
    """Keep what is typed off the picture, and out of the shell afterwards; Ctrl-C and Ctrl-Z work as ever."""
    if not in_foreground(fd):
        yield
        return
    before, changed = termios.tcgetattr(fd), termios.tcgetattr(fd)
    changed[3] &= ~termios.ECHO
    termios.tcsetattr(fd, termios.TCSANOW, changed)
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSAFLUSH, before)


def choose_view(run_for_ns: int | None, *, plain: bool) -> View:
    """Return the table on a terminal that can move its cursor, lines everywhere else."""
    console = Console(file=sys.stdout, highlight=False)
    if sys.stdout.isatty() and not console.is_dumb_terminal and not plain:
        return TableView(console, run_for_ns)
    return LinesView(sys.stdout)


def main(run_for_ns: int | None, *, plain: bool) -> int:
    """Run until stdin ends; return the exit status."""
    # The daemon decides when it is over: it drains after Ctrl-C, and that is to be seen.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    os.nice(NICENESS)
    view = choose_view(run_for_ns, plain=plain)
    drawing = quiet_keys(sys.stdout.fileno()) if isinstance(view, TableView) else nullcontext()
    try:
        with drawing:
            try:
                serve(sys.stdin.fileno(), view)
            finally:
                view.close()
    except BrokenPipeError:
        # Whoever read our lines has gone (`| head`). Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
