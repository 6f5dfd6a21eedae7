"""The daemon's end of the store: a child process that follows the journal, and is looked after, never waited for."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from config.invocation import child

CLOSE_S = 10.0
RESTARTS_MAX = 3
RESTART_AFTER_S = 1.0
SAID_BYTES_MAX = 4096


class StoreProcess:
    """A running follower. Whatever happens to it, the session goes on: nothing that it needs is only here."""

    def __init__(self, folder: Path, file: Path, *, batch: int, commit_ms: int, command: Sequence[str] = ()) -> None:
        """Start following the session in `folder` into the store `file`. Raises OSError."""
        words = ("--session", str(folder), "--file", str(file), "--batch", str(batch), "--commit-ms", str(commit_ms))
        self._command, self._environ = child("daemon.store", *words)
        self._command = list(command) or self._command
        self._restarts = 0
        self._restart_at: float | None = None
        self._child: subprocess.Popen[bytes] | None = self._start()

    @property
    def pid(self) -> int | None:
        """The follower's process, None while there is none."""
        return self._child.pid if self._child is not None else None

    def look(self) -> str | None:
        """Return what a person should know of it, once, None where it is well. To be called every second or so.

        One that was killed is started again, a few times; one that gave up (a full disk, a locked file) is not.
        """
        if self._child is None:
            if self._restart_at is None or time.monotonic() < self._restart_at:
                return None
            self._restart_at = None
            try:
                self._child = self._start()
            except OSError as error:
                return _gave_up(str(error))
            return None
        status = self._child.poll()
        if status is None:
            return None
        said = self._part()
        if status == 0:  # it has read the session's seal
            return None
        if status > 0 or self._restarts >= RESTARTS_MAX:
            return _gave_up(said or f"its process ended with status {status}")
        self._restarts += 1
        self._restart_at = time.monotonic() + RESTART_AFTER_S
        return f"the store's process was ended by signal {-status}; it is started again and goes on where it was"

    def close(self, timeout_s: float = CLOSE_S) -> str | None:
        """Have it take what was written to the end, and end; return what a person should know of that.

        One that is not done after `timeout_s` is killed, which loses nothing: the store stands where it stood.
        """
        self._restart_at = None
        if self._child is None:
            return None
        assert self._child.stdin is not None, "the child was given a pipe"
        self._child.stdin.close()
        try:
            status = self._child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
            self._part()
            return _gave_up(f"it was not done {timeout_s:g} s after the session")
        said = self._part()
        return _gave_up(said or f"its process ended with status {status}") if status else None

    def _start(self) -> "subprocess.Popen[bytes]":
        """Start the child; a session of its own keeps it out of the way of a terminal's signals."""
        return subprocess.Popen(
            self._command,
            env=self._environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )

    def _part(self) -> str:
        """Let go of a child that has ended; return the last it said."""
        ended, self._child = self._child, None
        assert ended is not None, "a child has ended"
        assert ended.stdin is not None, "it was given a pipe"
        assert ended.stdout is not None, "it was given a pipe"
        ended.stdin.close()
        with ended.stdout:
            return ended.stdout.read(SAID_BYTES_MAX).decode(errors="replace").strip()


def _gave_up(why: str) -> str:
    """Return the sentence of a store that stopped alone."""
    return f"the store stopped: {why}. The session goes on; `tickerd store rebuild` brings the store up to date"
