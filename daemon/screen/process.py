"""The daemon's end of the screen: a child process and a pipe that is never waited for."""

import os
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import msgspec

from daemon.status import Status

CLOSE_S = 5.0
_PACKAGES = str(Path(__file__).resolve().parents[2])

Warn = Callable[[str], object]


class ScreenProcess:
    """A running screen. The daemon goes on whatever happens to it: a full pipe drops frames, its death is told once."""

    def __init__(self, child: "subprocess.Popen[bytes]", warn: Warn) -> None:
        """Take over a child that reads statuses from its stdin; `start` makes one."""
        assert child.stdin is not None, "the child was not given a pipe"
        self.dropped = 0
        self._child = child
        self._fd = child.stdin.fileno()
        self._warn = warn
        self._rest = b""
        self._broken = False
        self._encoder = msgspec.json.Encoder()
        self._terminal = _terminal_settings()
        os.set_blocking(self._fd, False)

    @classmethod
    def start(
        cls,
        *,
        run_for_ns: int | None = None,
        plain: bool = False,
        stdout: IO[bytes] | int | None = None,
        warn: Warn | None = None,
        command: Sequence[str] | None = None,
    ) -> "ScreenProcess":
        """Start the screen on `stdout` (default: ours). Raises OSError.

        `run_for_ns` gives it a countdown; `plain` makes it write lines even on a terminal. `warn` is called once, with
        a sentence, should the child die; without it the sentence is logged.
        """
        arguments = ["--plain"] if plain else []
        if run_for_ns is not None:
            arguments += ["--for-ns", str(run_for_ns)]
        # -P and our own PYTHONPATH: nothing in the working directory may stand in for our packages.
        command = command or [sys.executable, "-P", "-m", "daemon.screen", *arguments]
        path = os.pathsep.join(filter(None, [_PACKAGES, os.environ.get("PYTHONPATH")]))
        # The mask is inherited: a Ctrl-C before the child has learned to ignore it waits instead of killing it.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=stdout, env={**os.environ, "PYTHONPATH": path}, bufsize=0
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        if warn is None:
            import structlog  # not at the top: the child imports this file too, and has to be drawing soon

            warn = structlog.get_logger("tickerd").warning
        return cls(child, warn)

    @property
    def alive(self) -> bool:
        """Whether the child still takes statuses, as far as is known."""
        return not self._broken

    def show(self, status: Status) -> None:
        """Hand over one status and return at once; it is dropped if the child has not read the ones before."""
        if self._broken:
            return
        self._push()
        if self._rest:
            self.dropped += 1
            return
        self._rest = self._encoder.encode(status) + b"\n"
        self._push()

    def close(self, last: Status | None = None, timeout_s: float = CLOSE_S) -> None:
        """Have `last` and what was begun shown, and wait for the child to end; after `timeout_s` it is killed."""
        assert self._child.stdin is not None, "the child was given a pipe"
        deadline = time.monotonic() + timeout_s
        self._finish(deadline)
        if last is not None and not self._rest:
            self.show(last)
            self._finish(deadline)
        self._broken = True
        self._child.stdin.close()
        try:
            self._child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
            _restore_terminal(self._terminal)

    def _finish(self, deadline: float) -> None:
        """Write what was begun, waiting no longer than `deadline`."""
        while self._rest and not self._broken and (left_s := deadline - time.monotonic()) > 0:
            select.select([], [self._fd], [], left_s)
            self._push()

    def _push(self) -> None:
        """Write as much of the line that was begun as the pipe takes; a line is never begun before one is done."""
        try:
            while self._rest:
                self._rest = self._rest[os.write(self._fd, self._rest) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._broken = True
            self._rest = b""
            status = self._child.poll()
            how = "has closed its pipe" if status is None else f"ended with status {status}"
            self._warn(f"the screen {how}; the session goes on without it")


def _terminal_settings() -> list[object] | None:
    """Return how the terminal is set, for the case that the child cannot put it back; None without one."""
    try:
        return list(termios.tcgetattr(sys.stdout.fileno()))
    except (OSError, ValueError, termios.error):
        return None


def _restore_terminal(settings: list[object] | None) -> None:
    """Undo what a killed child had set."""
    if settings is not None:
        termios.tcsetattr(sys.stdout.fileno(), termios.TCSANOW, settings)  # type: ignore[arg-type]
