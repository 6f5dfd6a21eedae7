"""The daemon's end of the operator's socket: who speaks is checked, what is said is bounded, each command journaled.

The folder is 0700 and the socket 0600, and beside that the kernel says who is at the other end (SO_PEERCRED): only the
daemon's own user and root are let in, and their uid and pid stand in the journal with what they asked.
"""

import asyncio
import contextlib
import math
import os
import socket
import stat
import struct
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol, cast

import msgspec
import structlog

from daemon.errors import UsageError
from daemon.operator.client import SUFFIX, answers
from daemon.operator.messages import LINE_BYTES_MAX, VERSION, Reply

CONNECTIONS_MAX = 16
SILENCE_S = 30.0
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid (unix(7))
_MAKING_S = 10.0
_ROUNDS = 10
_PATH_BYTES_MAX = 107  # of a socket's address, its end not counted (unix(7))

log = structlog.get_logger("tickerd")


class Behind(Protocol):
    """Who answers behind a door."""

    def answer(self, line: bytes, source: str) -> msgspec.Struct | Awaitable[msgspec.Struct]:
        """Answer one line, at once or later; `source` is who said it."""
        ...


class Door:
    """Listens while a session lives."""

    def __init__(self, path: Path, behind: Behind, refused: Callable[[str, str], None] | None = None) -> None:
        """Listen at `path` once `open` is called.

        `refused` hears, at most once a second, who was turned away and why.
        """
        self.path = path
        self.behind = behind
        self._refused = refused
        self._turned_away = 0
        self._told_s = -math.inf
        self.guests: set[_Guest] = set()
        self.later: set[asyncio.Future[msgspec.Struct]] = set()  # answers that take their time
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Begin to listen. Raises UsageError where the folder is not ours alone, or the path too long."""
        _own_folder(self.path.parent)
        if len(os.fsencode(self.path)) > _PATH_BYTES_MAX:
            raise UsageError(
                f"the operator's socket {self.path} has more than {_PATH_BYTES_MAX} characters: "
                "set a shorter [operator] folder"
            )
        _clear_up(self.path.parent)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.setblocking(False)
        before = os.umask(0o177)
        try:
            listening.bind(os.fspath(self.path))
        finally:
            os.umask(before)
        self._server = await asyncio.get_running_loop().create_unix_server(lambda: _Guest(self), sock=listening)

    def turn_away(self, source: str, why: str) -> None:
        """Tell that somebody was refused; who knocks again and again fills no journal."""
        self._turned_away += 1
        now_s = asyncio.get_running_loop().time()
        if self._refused is not None and now_s - self._told_s >= 1:
            times = f", {self._turned_away} times" if self._turned_away > 1 else ""
            self._told_s, self._turned_away = now_s, 0
            self._refused(source, f"{why}{times}")

    async def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            for _ in range(_ROUNDS):  # who knocks just now is let in first: asyncio would leave it half open otherwise
                await asyncio.sleep(0)
            self._server.close()
            for task in list(self.later):
                task.cancel()
            for guest in list(self.guests):
                guest.leave()
            await asyncio.sleep(0)
            await self._server.wait_closed()
        self.path.unlink(missing_ok=True)


class _Guest(asyncio.Protocol):
    """One connection."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._transport: asyncio.Transport | None = None
        self._held = b""
        self._source = ""
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Look who it is."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without saying so
        who = _peer(transport.get_extra_info("socket"))
        self._source = f"socket:{who}"
        if who.uid not in {os.getuid(), 0, -1}:
            log.warning("the operator's socket refused somebody", uid=who.uid, pid=who.pid)
            self._door.turn_away(self._source, "neither the daemon's own user nor root")
            self._refuse("only the daemon's own user and root may speak here")
        elif len(self._door.guests) >= CONNECTIONS_MAX:
            self._refuse(f"{CONNECTIONS_MAX} others are connected already: try again")
        else:
            self._door.guests.add(self)
            self._wait()

    def data_received(self, data: bytes) -> None:
        """Answer every whole line."""
        if self not in self._door.guests:
            return
        self._held += data
        *lines, self._held = self._held.split(b"\n")
        for line in lines:
            if line.strip() and len(line) <= LINE_BYTES_MAX:
                self._answer(line)
        if any(len(line) > LINE_BYTES_MAX for line in (*lines, self._held)):
            self._refuse(f"a request ends after {LINE_BYTES_MAX} bytes")
        elif lines:
            self._wait()

    def _answer(self, line: bytes) -> None:
        """Answer one line, now or once it is known."""
        answer = self._door.behind.answer(line, self._source)
        if isinstance(answer, msgspec.Struct):
            self._say(answer)
        else:
            task = asyncio.ensure_future(answer)
            self._door.later.add(task)
            task.add_done_callback(self._later)

    def _later(self, task: "asyncio.Future[msgspec.Struct]") -> None:
        """Say what took its time, to whoever is still there."""
        self._door.later.discard(task)
        if task.cancelled():
            return
        if (error := task.exception()) is None:
            self._say(task.result())
        else:
            log.error("a request was not answered: a defect", reason=repr(error), exc_info=error)
            self._refuse(f"a defect of the program, {error!r}: the log shows where")

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._door.guests.discard(self)
        if self._patience is not None:
            self._patience.cancel()

    def leave(self) -> None:
        """Hang up."""
        self._door.guests.discard(self)
        if self._transport is not None:
            self._transport.close()

    def _wait(self) -> None:
        """Give it so long for the next whole line."""
        if self._patience is not None:
            self._patience.cancel()
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(SILENCE_S, self._refuse, f"nothing whole came within {SILENCE_S:g} s")

    def _refuse(self, why: str) -> None:
        self._say(Reply(v=VERSION, id=0, ok=False, error=why))
        self.leave()

    def _say(self, reply: msgspec.Struct) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(msgspec.json.encode(reply) + b"\n")


class _Peer(msgspec.Struct, frozen=True):
    """Who is at the other end; -1 where the system does not say."""

    pid: int
    uid: int

    def __str__(self) -> str:
        return f"uid={self.uid},pid={self.pid}"


def _peer(sock: socket.socket) -> _Peer:
    """Return who is at the other end of a Unix socket; elsewhere than on Linux the file's mode alone says who may."""
    if not hasattr(socket, "SO_PEERCRED"):
        return _Peer(-1, -1)
    pid, uid, _ = _CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return _Peer(pid, uid)


def _clear_up(folder: Path) -> None:
    """Take away the sockets of daemons that were killed; one that is only just being made is left alone."""
    for path in folder.glob(f"*{SUFFIX}"):
        with contextlib.suppress(FileNotFoundError):  # another daemon that starts was quicker
            if time.time() - path.lstat().st_mtime > _MAKING_S and not answers(path):
                path.unlink()


def _own_folder(folder: Path) -> None:
    """Make the folder, for us alone. Raises UsageError where somebody else could put a socket there."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = os.lstat(folder)
    except OSError as error:
        raise UsageError(f"the operator's folder {folder} cannot be made: {error}; set [operator] folder") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise UsageError(
            f"the operator's folder {folder} must be a directory of this user with mode 0700: "
            f"chmod 700 {folder}, or set [operator] folder"
        )
