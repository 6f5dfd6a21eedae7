"""One websocket of a client: the only place where frames become bytes on a socket.

Frames are queued as ready websocket bytes and written in large batches: a message object for each frame would cost
more than the frame. Only the last of a batch goes through aiohttp, because its `send_frame` waits until the client has
read enough (`writer_limit=0`: it looks after every frame), and that wait is the backpressure.
"""

import asyncio
import time

from aiohttp import WSCloseCode, WSMsgType, web

from connectors.embedded.frames import Clock, text_header
from connectors.embedded.market import Market
from connectors.embedded.session import Session

_CLOSE_TIMEOUT_S = 2.0


class Connection:
    """A websocket, its session, and the frames waiting to be written (`out`: headers and payloads in turn)."""

    def __init__(self, request: web.Request, session: Session, market: Market) -> None:
        """Belong to a request that asks for a websocket; `open` answers it."""
        self.market = market
        self.session = session
        self.out: list[bytes] = []
        self.deaf_until_ns = 0  # a half-open line until then: nothing comes in, nothing goes out, no ping is answered
        self._request = request
        # Binance does not compress, and compressing would cost more than all the rest.
        self.socket = web.WebSocketResponse(
            autoping=False, compress=False, timeout=_CLOSE_TIMEOUT_S, writer_limit=0, max_msg_size=1 << 20
        )
        self._opened_ns = time.monotonic_ns()
        self._pong_ns = self._opened_ns

    @property
    def streams(self) -> tuple[str, ...]:
        """The names subscribed to."""
        return self.session.streams

    @property
    def combined(self) -> bool:
        """Whether frames are wrapped with their stream's name."""
        return self.session.combined

    async def open(self) -> None:
        """Answer the handshake."""
        await self.socket.prepare(self._request)

    async def flush(self) -> None:
        """Write what is queued, and return when the client has read enough to be sent more."""
        if not self.out or time.monotonic_ns() < self.deaf_until_ns:
            return
        last = self.out.pop()
        self.out.pop()  # its header: aiohttp makes that one
        batch = b"".join(self.out)
        self.out.clear()
        transport = self._request.transport
        if transport is None or transport.is_closing() or self.socket.closed:
            return
        if batch:
            transport.write(batch)
        try:
            await self.socket.send_frame(last, WSMsgType.TEXT)
        except ConnectionError:
            return  # the client left, before or while it was waited for; its own reading takes it off the hub

    async def receive(self) -> str | bytes | None:
        """Return the next request, None when the connection ended."""
        while True:
            message = await self.socket.receive()
            await self._hear()
            if message.type is WSMsgType.TEXT or message.type is WSMsgType.BINARY:
                data: str | bytes = message.data
                return data
            if message.type is WSMsgType.PING:
                await self.socket.pong(message.data)
            elif message.type is WSMsgType.PONG:
                self._pong_ns = time.monotonic_ns()
            else:
                return None

    def queue(self, text: bytes) -> None:
        """Queue a message behind all others; `flush` sends it."""
        self.out += (text_header(len(text)), text)

    async def reply(self, text: bytes) -> None:
        """Answer a request."""
        await self.socket.send_frame(text, WSMsgType.TEXT)

    async def answer(self, text: bytes) -> None:
        """Answer a request; a client that left meanwhile has its request carried out all the same."""
        await self._hear()
        try:
            await self.socket.send_frame(text, WSMsgType.TEXT)
        except ConnectionError:
            return  # its own reading ends the connection

    async def _hear(self) -> None:
        left_ns = self.deaf_until_ns - time.monotonic_ns()
        if left_ns > 0:
            await asyncio.sleep(left_ns / 1e9)

    async def watch(self, clock: Clock, ping_interval_s: float, pong_timeout_s: float, life_s: float) -> None:
        """Ping, cut a client that does not answer, and end the connection at its age limit."""
        end_ns = self._opened_ns + int(life_s * 1e9)
        while True:
            left_s = (end_ns - time.monotonic_ns()) / 1e9
            await asyncio.sleep(max(0.0, min(ping_interval_s, left_s)))
            now_ns = time.monotonic_ns()
            if now_ns >= end_ns:
                # Binance: a single connection is valid for 24 hours, expect to be disconnected at that mark.
                await self.close(WSCloseCode.GOING_AWAY, b"connection is 24 hours old")
                return
            if (now_ns - self._pong_ns) / 1e9 > pong_timeout_s:
                self.abort()
                return
            if now_ns < self.deaf_until_ns:
                continue
            # "you must send a pong with a copy of ping's payload": the payload is the time, as on Binance.
            await self.socket.ping(str(clock() // 1_000_000).encode())

    async def close(self, code: int = WSCloseCode.OK, message: bytes = b"") -> None:
        """End the connection with a close frame."""
        await self.socket.close(code=code, message=message)

    def abort(self) -> None:
        """End the connection without a word, as a broken line does."""
        if self._request.transport is not None:
            self._request.transport.abort()
