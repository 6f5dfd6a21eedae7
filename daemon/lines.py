"""Lines to stdout that never keep the daemon waiting: whoever reads us may be slow, or have stopped reading."""

import os
import select

CHUNK_BYTES = select.PIPE_BUF  # what a pipe that select calls writable takes without blocking


class Lines:
    """Writes whole lines to a file descriptor; `offer` drops a line rather than wait, `put` waits."""

    def __init__(self, fd: int) -> None:
        """Write to `fd`, which stays blocking: others may share it."""
        self.dropped = 0
        self._fd = fd
        self._rest = b""

    def offer(self, line: bytes) -> None:
        """Write a line if the reader keeps up, else drop it. A line is never begun before the last one is done."""
        self._push(wait=False)
        if self._rest:
            self.dropped += 1
            return
        self._rest = line + b"\n"
        self._push(wait=False)

    def put(self, line: bytes) -> None:
        """Write a line however long that takes: for the first and the last words."""
        self._rest += line + b"\n"
        self._push(wait=True)

    def _push(self, *, wait: bool) -> None:
        """Write what was begun, as much as does not block; all of it with `wait`."""
        while self._rest:
            if not wait and not select.select([], [self._fd], [], 0)[1]:
                return
            self._rest = self._rest[os.write(self._fd, self._rest[:CHUNK_BYTES]) :]
