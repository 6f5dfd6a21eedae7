"""A websocket connection as an asyncio protocol.

Callbacks only, so that no task switch stands between the arrival of bytes and their events.
"""

import asyncio
import socket
from typing import Protocol, cast

from connectors.stream.frames import ClientFrames

LONG_READ_BYTES = 64 * 1024  # a read as long as this is likely to be followed by another at once
TURN_MESSAGES = 32  # handled in a row: what else is ready, a cancel above all, waits no longer than for these
UNACKNOWLEDGED_MS_MAX = 20_000


class Listener(Protocol):
    """Who is told what happens to a connection. Called from the loop; must not block."""

    def on_open(self, connection: "StreamConnection") -> None:
        """The handshake is done."""
        ...

    def on_messages(self, connection: "StreamConnection", messages: list[bytes], wire_bytes: int) -> None:
        """Data messages, in order, of one chunk of `wire_bytes`; the list may be empty (pings, a part of a frame)."""
        ...

    def on_lost(self, connection: "StreamConnection", reason: str) -> None:
        """Nothing more will come. Told once, and also where the connection never opened."""
        ...


class StreamConnection(asyncio.Protocol):
    """One connection, from the handshake to its end."""

    def __init__(self, frames: ClientFrames, listener: Listener) -> None:
        """Speak through `frames`, tell `listener`."""
        self.frames = frames
        self._listener = listener
        self._transport: asyncio.Transport | None = None
        self._told_open = False
        self._told_lost = False
        self._paused = False
        self._reason = ""
        self._waiting: list[bytes] = []  # messages that wait for their turn; nothing is read meanwhile
        self._gave_way = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without saying so
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux: end a connection whose peer acknowledges nothing
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS_MAX)
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Cut messages out of a chunk and hand them on, so many in a row that nothing else has to wait for long."""
        frames = self.frames
        messages = frames.feed(data)
        if not self._told_open and frames.is_open:
            self._told_open = True
            self._listener.on_open(self)
        if (self._waiting or len(messages) > TURN_MESSAGES) and not frames.is_closing:
            self._waiting += messages
            messages = self._next_turn()
        if self._told_open and not self._told_lost:
            self._listener.on_messages(self, messages, len(data))
        self._flush()
        if frames.refusal is not None or frames.is_closing:
            self._end(frames.close_reason)
        elif self._waiting or len(data) >= LONG_READ_BYTES:
            self._give_way()

    def eof_received(self) -> None:
        """Pass the end of the stream on; the transport closes itself."""
        self.frames.end()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell what had come before the end, then the end, unless it was told."""
        self.frames.end()
        if self._waiting and not self._told_lost and not self._paused:
            self._listener.on_messages(self, self._waiting, 0)
        self._tell_lost(self._reason or self.frames.close_reason or (str(exc) if exc else "connection lost"))

    def ping(self) -> None:
        """Send a ping."""
        self.frames.ping()
        self._flush()

    def send(self, data: bytes) -> bool:
        """Write a text message at once; return False where nothing more can be written."""
        transport = self._transport
        frame = self.frames.text(data)
        if not frame or transport is None or transport.is_closing():
            return False
        transport.write(frame)
        return True

    def close(self) -> None:
        """Leave politely: a closing frame, then the end, without waiting for the venue."""
        self._told_lost = True
        self.frames.close()
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def abort(self, reason: str) -> None:
        """End at once."""
        self._reason = self._reason or reason
        if self._transport is not None:
            self._transport.abort()
        self._tell_lost(reason)

    def pause(self) -> None:
        """Stop reading."""
        self._paused = True
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read again, once nothing waits for its turn any more."""
        self._paused = False
        if self._waiting:
            self._give_way()
        elif self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _give_way(self) -> None:
        """Let timers, signals and other connections have their turn: under a flood libuv reads 32 times in a row."""
        if self._transport is None or self._paused or self._gave_way or self._transport.is_closing():
            return
        self._gave_way = True
        self._transport.pause_reading()
        asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        """Hand on the next messages, or read again where none wait; unless told to pause or to end meanwhile."""
        self._gave_way = False
        if self._paused or self._told_lost:
            return
        if self._waiting:
            self._listener.on_messages(self, self._next_turn(), 0)
            self._flush()
        if not self._paused:  # whoever was told may have asked for it
            self.resume()

    def _next_turn(self) -> list[bytes]:
        """Take so many messages of those that wait."""
        turn, self._waiting = self._waiting[:TURN_MESSAGES], self._waiting[TURN_MESSAGES:]
        return turn

    def _flush(self) -> None:
        """Write what the protocol wants sent."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        for part in self.frames.output():
            if part:
                transport.write(part)

    def _end(self, reason: str) -> None:
        """Close after the protocol said that it is over."""
        self._reason = self._reason or reason
        if self._transport is not None:
            self._transport.close()
        self._tell_lost(self._reason or "closed")

    def _tell_lost(self, reason: str) -> None:
        """Tell the listener once."""
        if not self._told_lost:
            self._told_lost = True
            self._listener.on_lost(self, reason)
