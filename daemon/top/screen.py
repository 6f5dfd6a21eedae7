"""The loop of `tickerd top`: look at the daemon, draw, take keys; until `q`, or until the daemon has gone."""

import os
import select
import sys
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from rich.console import Console
from rich.live import Live
from rich.text import Text

from daemon.errors import UsageError
from daemon.limits_view import LimitsView
from daemon.operator.client import Heard, answers, ask, request
from daemon.operator.messages import Request
from daemon.screen.history import Recorder
from daemon.status import Status
from daemon.top.keys import Prompt, keys_of, press
from daemon.top.picture import Looked, picture
from daemon.views.orders import OrdersView

LOOK_S = 1.0
PATIENCE_S = 2.0  # a daemon that takes longer is stuck: the picture says how old it is
NOTICE_NS = 15_000_000_000
SECOND_NS = 1_000_000_000


def look(path: Path, patience_s: float = PATIENCE_S) -> Looked:
    """Ask the daemon for what is shown. Raises UsageError."""
    told = msgspec.json.decode(_asked(path, request("status"), patience_s), type=Status)
    orders = msgspec.json.decode(_asked(path, request("orders", last="0"), patience_s), type=OrdersView)
    limits = msgspec.json.decode(_asked(path, request("limits"), patience_s), type=LimitsView)
    return Looked(told, [*orders.kept, *orders.working], limits.rows)


def _asked(path: Path, wanted: Request, patience_s: float) -> bytes:
    """Return the answer to a question. Raises UsageError."""
    reply = ask(path, wanted, patience_s)
    if not reply.ok:
        raise UsageError(reply.error)
    return bytes(reply.result)


class Top:
    """The screen, from the first look to the last."""

    def __init__(self, path: Path, console: Console, every_s: float = LOOK_S) -> None:
        """Show the daemon behind a socket on a terminal."""
        self._path = path
        self._console = console
        self._every_s = every_s
        self._recorder = Recorder()
        self._looked: Looked | None = None
        self._heard_ns = 0
        self._prompt: Prompt | None = None
        self._notice, self._notice_ns = "", 0

    def run(self, fd: int) -> None:
        """Show and obey until `q`. Raises UsageError once the daemon has gone."""
        self._look()
        due = time.monotonic() + self._every_s
        live = Live(
            console=self._console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        )
        with keys_at_once(fd), live:
            while True:
                self._draw(live)
                ready = select.select([fd], [], [], max(0.0, due - time.monotonic()))[0]
                if ready and not self._pressed(os.read(fd, 1024)):
                    return
                if time.monotonic() >= due:
                    self._look()
                    due = time.monotonic() + self._every_s

    def _look(self) -> None:
        """Look once more; one who does not answer is waited for, one who is gone is not."""
        try:
            self._looked = look(self._path)
        except UsageError as error:
            if self._looked is None or not answers(self._path):
                ended = "" if self._looked is None else "the daemon has gone: "
                raise UsageError(f"{ended}{error}") from error
            return
        self._heard_ns = time.monotonic_ns()
        self._recorder.add(self._looked.status)

    def _draw(self, live: Live) -> None:
        """Draw what is known, at the terminal's present size."""
        assert self._looked is not None
        now_ns, size = time.monotonic_ns(), self._console.size
        if now_ns - self._notice_ns > NOTICE_NS:
            self._notice = ""
        history = self._recorder.history(now_ns - self._heard_ns)
        lines = picture(self._looked, history, self._prompt, self._notice, size.width, size.height)
        live.update(Text("\n", no_wrap=True, overflow="crop", end="").join(lines), refresh=True)

    def _pressed(self, data: bytes) -> bool:
        """Obey keys; return whether to go on."""
        if not data:
            return False  # nobody is at the terminal any more
        for key in keys_of(data):
            pressed = press(self._prompt, key)
            self._prompt = pressed.prompt
            if pressed.quits:
                return False
            if pressed.send is not None:
                self._notice, self._notice_ns = self._sent(pressed.send), time.monotonic_ns()
                self._look()
        return True

    def _sent(self, wanted: Request) -> str:
        """Send a command and return what came of it, in a line."""
        try:
            reply: Heard = ask(self._path, wanted)
        except UsageError as error:
            return f"{wanted.ask}: NOT ANSWERED: {error}"
        what = f"{wanted.ask} {wanted.scope or wanted.strategy}".strip()
        if not reply.ok:
            return f"REFUSED: {reply.error}"
        return f"{what}: done" + (f"; {reply.said[-1]}" if reply.said else "")


@contextmanager
def keys_at_once(fd: int) -> Iterator[None]:
    """Let keys come as they are pressed and off the picture; Ctrl-C works as ever."""
    before = termios.tcgetattr(fd)
    tty.setcbreak(fd, termios.TCSANOW)
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSAFLUSH, before)


def is_terminal() -> bool:
    """Whether there is a terminal to draw on and to take keys from."""
    return sys.stdin.isatty() and sys.stdout.isatty()
