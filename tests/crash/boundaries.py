"""Every boundary between a process and the world: what it does to files and what it sends; a kill at any of them.

Works on a daemon that knows nothing of it: the functions through which bytes leave the process are wrapped, counted on
a board that outlives it, and at the one that was asked for the process kills itself: before it, after it, or with half
of the bytes out.
"""

import asyncio
import io
import mmap
import os
import signal
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec
from aiohttp.http_writer import StreamWriter

import journal.files
from connectors.stream.connection import StreamConnection
from daemon.app import Daemon

BEFORE, TORN, AFTER = "before", "torn", "after"
WAYS = (BEFORE, TORN, AFTER)
JOURNAL, SYNC, FILE, ORDERS, STREAM, REST = "JSFOMR"
KINDS = {JOURNAL: "journal write", SYNC: "sync", FILE: "other file operation", ORDERS: "order entry, websocket",
         STREAM: "market data, websocket", REST: "REST request"}  # fmt: skip
STARTING, TRADING, ENDING = "sTe"  # until READY; until it drains; then
_PHASES = {"READY": TRADING, "DRAINING": ENDING}
_BOARD = struct.Struct("<IB")
_FIRST = 8
MOST = 4096
_WRITES = os.O_WRONLY | os.O_RDWR

Result = TypeVar("Result")
_real_write = os.write


class Told(msgspec.Struct, frozen=True):
    """What a life came to: each boundary that it reached, as kind and phase, and how it died there."""

    kinds: str
    phases: str
    way: str  # empty where it was not killed

    @property
    def count(self) -> int:
        return len(self.kinds)


class Board:
    """Memory that a process shares with the one that forked it."""

    def __init__(self) -> None:
        self._map = mmap.mmap(-1, _FIRST + 2 * MOST)

    def clear(self) -> None:
        self._map[:_FIRST] = bytes(_FIRST)

    def note(self, number: int, kind: str, phase: str) -> None:
        assert number < MOST, "a day of more boundaries than anyone planned"
        at = _FIRST + 2 * number
        self._map[at : at + 2] = (kind + phase).encode()
        self._map[: _BOARD.size] = _BOARD.pack(number + 1, 0)

    def died(self, number: int, way: str) -> None:
        self._map[: _BOARD.size] = _BOARD.pack(number + 1, 1 + WAYS.index(way))

    def told(self) -> Told:
        count, way = _BOARD.unpack_from(self._map)
        text = self._map[_FIRST : _FIRST + 2 * count].decode()
        return Told(text[::2], text[1::2], WAYS[way - 1] if way else "")


class Boundaries:
    """Counts, and kills at number `at` (-1: never) in one of `WAYS`; what cannot be torn dies before it."""

    def __init__(self, board: Board, root: Path, at: int, way: str) -> None:
        """Watch files under `root` only, and all that is sent."""
        self.phase = STARTING
        self._board = board
        self._root = str(root)
        self._at = at
        self._way = way
        self._next = 0
        self._journals: set[int] = set()

    def pass_(self, kind: str, act: Callable[[], Result], tear: Callable[[], object] | None = None) -> Result:
        """Do what lies beyond a boundary, unless it is the last thing that this process does."""
        number, self._next = self._next, self._next + 1
        self._board.note(number, kind, self.phase)
        if number != self._at:
            return act()
        if self._way == AFTER:
            act()
        elif self._way == TORN and tear is not None:
            tear()
        self._board.died(number, BEFORE if self._way == TORN and tear is None else self._way)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("SIGKILL did not kill")

    # ---- wrapping

    def install(self) -> None:
        """Wrap everything; there is no way back, the process is about to be a daemon."""
        for name in ("mkdir", "replace", "rename", "unlink", "symlink", "ftruncate", "truncate"):
            self._wrap_file_operation(name)
        self._wrap_opening()
        self._wrap_writing()
        self._wrap_sending()
        entered, phases = Daemon._enter, self

        def enter(daemon: Daemon, state: Any, reason: str = "") -> None:
            phases.phase = _PHASES.get(state.value, phases.phase)
            entered(daemon, state, reason)

        _put(Daemon, "_enter", enter)

    def _is_ours(self, path: object) -> bool:
        """Whether a file, told by path or by number, is one of those that are watched."""
        if isinstance(path, int):
            return path in self._journals
        return isinstance(path, str | os.PathLike) and os.fspath(path).startswith(self._root)

    def _wrap_file_operation(self, name: str) -> None:
        real = getattr(os, name)

        def operate(path: Any, *rest: Any, **options: Any) -> Any:
            ours = self._is_ours(path) or (name == "symlink" and self._is_ours(rest[0]))
            if not ours:
                return real(path, *rest, **options)
            return self.pass_(FILE, lambda: real(path, *rest, **options))

        _put(os, name, operate)

    def _wrap_opening(self) -> None:
        real_open, real_io_open, real_close = os.open, io.open, os.close

        def open_(path: Any, flags: int, *rest: Any, **options: Any) -> int:
            if not (self._is_ours(path) and flags & (os.O_CREAT | os.O_TRUNC)):
                return real_open(path, flags, *rest, **options)
            fd = self.pass_(FILE, lambda: real_open(path, flags, *rest, **options))
            if str(path).endswith(".tkj"):
                self._journals.add(fd)
            return fd

        def close(fd: int) -> None:
            self._journals.discard(fd)
            real_close(fd)

        def io_open(file: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
            if not self._is_ours(file) or mode.startswith("r"):
                return real_io_open(file, mode, *rest, **options)
            return self.pass_(FILE, lambda: real_io_open(file, mode, *rest, **options))

        for owner, name, wrapped in ((os, "open", open_), (os, "close", close), (io, "open", io_open)):
            _put(owner, name, wrapped)

    def _wrap_writing(self) -> None:
        def write(fd: int, data: Any) -> int:
            if fd not in self._journals:
                return _real_write(fd, data)
            return self.pass_(
                JOURNAL, lambda: _real_write(fd, data), lambda: _real_write(fd, bytes(data)[: _half(data)])
            )

        def syncing(real: Callable[[int], None]) -> Callable[[int], None]:
            return lambda fd: self.pass_(SYNC, lambda: real(fd))

        _put(os, "write", write)
        _put(os, "fsync", syncing(os.fsync))
        _put(journal.files, "_sync_data", syncing(journal.files._sync_data))

    def _wrap_sending(self) -> None:
        made, boundaries, real_write = StreamConnection.connection_made, self, StreamWriter._write

        def connection_made(connection: StreamConnection, transport: Any) -> None:
            made(connection, cast("asyncio.BaseTransport", _Sending(transport, boundaries)))

        def write(writer: StreamWriter, chunk: Any) -> None:
            transport = writer.transport
            if transport is None or transport.is_closing():
                real_write(writer, chunk)
                return
            data = bytes(chunk)
            boundaries.pass_(
                REST,
                lambda: _send(transport, data) if boundaries.dying else real_write(writer, chunk),
                lambda: _send(transport, data[: _half(data)]),
            )

        _put(StreamConnection, "connection_made", connection_made)
        _put(StreamWriter, "_write", write)

    @property
    def dying(self) -> bool:
        """Whether the boundary that is being passed is the last one."""
        return self._next - 1 == self._at


class _Sending:
    """A websocket's transport whose writes are boundaries.

    The loop's own transport keeps bytes until its turn ends; who dies right after sending has them in the kernel.
    """

    def __init__(self, transport: Any, boundaries: Boundaries) -> None:
        self._transport = transport
        self._boundaries = boundaries
        self._kind = ""
        self._kept: list[bytes] = []  # written in this turn of the loop

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._transport.get_write_buffer_size():
            self._kept.clear()
        if not self._kind:  # the handshake names what is on the other side
            self._kind = ORDERS if data.startswith((b"GET /ws-api", b"GET /ws-fapi")) else STREAM
        self._boundaries.pass_(
            self._kind,
            lambda: self._send(data),
            lambda: _send(self._transport, b"".join((*self._kept, data[: _half(data)]))),
        )

    def _send(self, data: bytes) -> None:
        if self._boundaries.dying:
            _send(self._transport, b"".join((*self._kept, data)))
        else:
            self._kept.append(data)
            self._transport.write(data)


def _put(owner: object, name: str, wrapped: object) -> None:
    """Put a function into another's place, for good."""
    setattr(owner, name, wrapped)


def _send(transport: Any, data: bytes) -> None:
    """Put bytes into the kernel at once."""
    _real_write(transport.get_extra_info("socket").fileno(), data)


def _half(data: Any) -> int:
    return max(1, len(data) // 2)
