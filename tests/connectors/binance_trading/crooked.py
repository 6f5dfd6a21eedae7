"""A websocket proxy before the embedded venue that loses, holds, doubles and alters what passes through it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import aiohttp
from aiohttp import WSMsgType, web

Bend = Callable[[str], list[str]]


def straight(text: str) -> list[str]:
    """Let a message pass as it is."""
    return [text]


def swallow(log: list[str]) -> Bend:
    """Let no message pass, and keep them."""

    def bend(text: str) -> list[str]:
        log.append(text)
        return []

    return bend


def listen(log: list[str]) -> Bend:
    """Let messages pass, and keep them."""

    def bend(text: str) -> list[str]:
        log.append(text)
        return [text]

    return bend


class Crooked:
    """`to_venue` and `to_client` say what becomes of each message; `cut` ends every connection."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.url = ""
        self.to_venue: Bend = straight
        self.to_client: Bend = straight
        self.connections = 0
        self.refuses = 0  # with this status, where not 0
        self.deaf = False  # a half-open connection: nothing is passed on, no ping answered
        self._open: list[web.WebSocketResponse] = []

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if self.refuses:
            return web.Response(status=self.refuses, text="<html>later</html>", content_type="text/html")
        self.connections += 1
        near = web.WebSocketResponse(autoping=False)
        await near.prepare(request)
        self._open.append(near)
        path = request.match_info.get("tail", "")
        async with aiohttp.ClientSession() as client, client.ws_connect(f"{self.target}{path}") as far:

            async def back() -> None:
                async for message in far:
                    for text in [] if self.deaf else self.to_client(message.data):
                        await near.send_str(text)
                await near.close()

            task = asyncio.create_task(back())
            try:
                async for message in near:
                    if self.deaf or message.type is WSMsgType.PONG:
                        continue
                    if message.type is WSMsgType.PING:
                        await near.pong(message.data)
                        continue
                    for text in self.to_venue(message.data):
                        await far.send_str(text)
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                    await task
                self._open.remove(near)
        return near

    async def say(self, text: str) -> None:
        """Tell every client something that the venue did not."""
        for near in list(self._open):
            await near.send_str(text)

    async def cut(self) -> None:
        """End every connection without a word."""
        for near in list(self._open):
            transport = near._req.transport if near._req is not None else None
            if transport is not None:
                transport.abort()


@contextlib.asynccontextmanager
async def crooked(target: str) -> AsyncIterator[Crooked]:
    """Serve a proxy before `target` on a free port."""
    proxy = Crooked(target)
    app = web.Application()
    app.router.add_get("/api{tail:.*}", proxy.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    proxy.url = f"ws://127.0.0.1:{port}/api"
    try:
        yield proxy
    finally:
        await proxy.cut()
        await runner.cleanup()
