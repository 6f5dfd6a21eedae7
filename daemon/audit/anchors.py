"""Second places for signatures: a file on another disk, the system's log, an address, a command.

Each is waited for in a thread of its own, so one that hangs holds up neither trading nor the others. What could not be
put is kept, the newest `PENDING_MAX`, and tried again: each signature covers all records before it, so that with the
newest one nothing is lost but how finely a break is located.
"""

import asyncio
import collections
import contextlib
import logging.handlers
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from journal.audit.trail import append_line

PENDING_MAX = 1_440
TIMEOUT_S = 10.0
RETRY_S = 5.0
_SYSLOG_PORT = 514
_SYSLOG_BYTES_MAX = 2048  # RFC 5424, 6.1: a receiver SHOULD take messages of that size


class Place(Protocol):
    """Where a line can be put."""

    name: str

    def put(self, line: bytes) -> None:
        """Put one line there and wait until it is. Raises OSError."""


class FileAnchor:
    """A file, another disk's at best. Its folder must be there: a mount point without its disk is no second place."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path

    def put(self, line: bytes) -> None:
        """Append and sync; a line that was cut short before stays a line of its own."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            torn = size and os.pread(descriptor, 1, size - 1) != b"\n"
            append_line(descriptor, b"\n" + line if torn else line)
        finally:
            os.close(descriptor)


class SyslogAnchor:
    """The system's log, or another machine's, as one notice a line of the facility `auth`."""

    def __init__(self, name: str, address: str | tuple[str, int]) -> None:
        self.name = name
        self._address = address

    def put(self, line: bytes) -> None:
        """Send one datagram."""
        facility = logging.handlers.SysLogHandler.LOG_AUTH
        handler_priority = facility << 3 | logging.handlers.SysLogHandler.LOG_NOTICE
        message = f"<{handler_priority}>tickerd-audit: ".encode() + line
        if len(message) > _SYSLOG_BYTES_MAX:
            raise OSError(f"a line of {len(message)} bytes is more than syslog takes")
        if isinstance(self._address, str):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as local:
                local.settimeout(TIMEOUT_S)
                local.sendto(message, self._address)
            return
        family, kind, protocol, _, address = socket.getaddrinfo(*self._address, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as remote:
            remote.settimeout(TIMEOUT_S)
            remote.sendto(message, address)


class HttpAnchor:
    """An address that takes a POST and answers 2xx once it has the line."""

    def __init__(self, url: str) -> None:
        self.name = url
        self._url = url

    def put(self, line: bytes) -> None:
        """Post it from a loop of this thread's own."""
        import aiohttp

        try:
            asyncio.run(self._post(line))
        except (aiohttp.ClientError, TimeoutError) as error:
            raise OSError(str(error) or type(error).__name__) from error

    async def _post(self, line: bytes) -> None:
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        headers = {"Content-Type": "application/json"}
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(self._url, data=line, headers=headers) as answer,
        ):
            if not answer.ok:
                raise OSError(f"it answered {answer.status}")


class CommandAnchor:
    """A command that gets the line on its standard input and ends with 0 once it has kept it."""

    def __init__(self, command: Sequence[str]) -> None:
        self.name = command[0]
        self._command = list(command)

    def put(self, line: bytes) -> None:
        """Run it to its end."""
        try:
            done = subprocess.run(
                self._command, input=line + b"\n", capture_output=True, timeout=TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise OSError(f"it did not end within {TIMEOUT_S:g} s") from error
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise OSError(f"it ended with {done.returncode}{': ' + said[-1] if said else ''}")


def place_of(text: str) -> Place:
    """Return the place that an entry of `[audit] anchors` names."""
    if text.startswith(("http://", "https://")):
        return HttpAnchor(text)
    if text.startswith("syslog://"):
        address = urlsplit(text)
        return SyslogAnchor(text, (address.hostname or "localhost", address.port or _SYSLOG_PORT))
    if text.startswith("syslog:"):
        return SyslogAnchor(text, text.removeprefix("syslog:"))
    return FileAnchor(Path(text))


class Anchor:
    """One place and the thread that waits for it."""

    def __init__(self, place: Place, tell: Callable[[str], None]) -> None:
        """`tell` hears, from that thread, what went wrong and when it is right again."""
        self.place = place
        self.put_total = 0
        self.put_ns = 0
        """When the newest line that is there was signed, 0 where none is."""
        self._tell = tell
        self._lines: collections.deque[tuple[bytes, int]] = collections.deque(maxlen=PENDING_MAX)
        self._wanted = threading.Condition()
        self._closing = False
        self._failing = False
        self._thread = threading.Thread(target=self._run, name=f"anchor {place.name}", daemon=True)
        self._thread.start()

    def offer(self, line: bytes, signed_ns: int) -> None:
        """Have one more line put there; nobody is waited for."""
        with self._wanted:
            self._lines.append((line, signed_ns))
            self._wanted.notify()

    @property
    def pending(self) -> int:
        """How many lines are not there yet."""
        return len(self._lines)

    def close(self, timeout_s: float) -> bool:
        """Wait at most so long until everything is put; whether it was."""
        with self._wanted:
            self._closing = True
            self._wanted.notify()
        self._thread.join(timeout_s)
        return not self._lines

    def _run(self) -> None:
        while True:
            with self._wanted:
                while not self._lines and not self._closing:
                    self._wanted.wait()
                if not self._lines:
                    return
                first = self._lines[0]
            try:
                self.place.put(first[0])
            except (OSError, ValueError) as error:  # ValueError: what can be no name of a host
                self._failed(error)
                if self._closing:
                    return
                with self._wanted:
                    self._wanted.wait(RETRY_S)
                continue
            self.put_total += 1
            self.put_ns = first[1]
            if self._failing:
                self._failing = False
                self._tell("")
            with self._wanted, contextlib.suppress(IndexError):  # it fell out at the old end meanwhile
                if self._lines[0] is first:
                    self._lines.popleft()

    def _failed(self, error: Exception) -> None:
        """Tell once how it fails, until it works again."""
        if not self._failing:
            self._failing = True
            self._tell(f"{getattr(error, 'strerror', '') or error}")
