"""A small scripted venue on loopback, and what runs a connector against it. Not the embedded venue: it misbehaves."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvloop
from aiohttp import WSMsgType, web

from connectors.binance.settings import BinanceSettings, Market
from connectors.binance.transport import BinanceConnector
from core.records import Event, Kind
from core.rng import Rng

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}
RULES = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "baseAssetPrecision": 8,
    "quotePrecision": 8,
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01000000"},
        {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001000"},
        {"filterType": "NOTIONAL", "minNotional": "5.00000000"},
    ],
}
Script = Callable[[web.WebSocketResponse], Awaitable[None]]
Answer = Callable[[web.Request], web.Response]


def json_answer(data: Any, status: int = 200, **headers: str) -> Answer:
    return lambda _: web.json_response(data, status=status, headers=headers)


def html_answer(status: int = 200, **headers: str) -> Answer:
    return lambda _: web.Response(text="<html>busy</html>", content_type="text/html", status=status, headers=headers)


async def listen(socket: web.WebSocketResponse) -> None:
    """Read until the client goes: answers pings, keeps the connection open."""
    async for message in socket:
        if message.type is WSMsgType.ERROR:
            return


def sends(*frames: bytes) -> Script:
    """Return a script that sends frames and stays."""

    async def script(socket: web.WebSocketResponse) -> None:
        for frame in frames:
            await socket.send_str(frame.decode())
        await listen(socket)

    return script


class Venue:
    """Plays `scripts` to its websocket connections in turn, the last one to all that follow."""

    def __init__(self) -> None:
        self.scripts: list[Script] = [listen]
        self.refusals: list[Answer] = []  # answers to the first handshakes
        self.rules: list[Answer] = [json_answer({"symbols": [RULES]})]
        self.books: list[Answer] = [json_answer({"lastUpdateId": 10, "bids": [["100", "1"]], "asks": [["101", "1"]]})]
        self.klines: list[Answer] = [json_answer([])]
        self.connections = 0
        self.handshakes = 0
        self.open_now = 0
        self.paths: list[str] = []
        self.asked: dict[str, int] = {}
        self.port = 0

    def settings(self, market: Market = Market.SPOT, **changed: Any) -> BinanceSettings:
        base: dict[str, Any] = {
            "rest_url": f"http://127.0.0.1:{self.port}",
            "ws_url": f"ws://127.0.0.1:{self.port}",
            "instruments": ("BTCUSDT",),
            "start_timeout_s": 3.0,
        }
        return BinanceSettings(market=market, **(base | changed))

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["Venue"]:
        app = web.Application()
        for prefix in ("/api/v3", "/fapi/v1"):
            app.router.add_get(f"{prefix}/exchangeInfo", self._rules)
            app.router.add_get(f"{prefix}/depth", self._books)
            app.router.add_get(f"{prefix}/time", self._time)
            app.router.add_get(f"{prefix}/klines", self._klines)
        app.router.add_get("/stream", self._stream)
        app.router.add_get("/market/stream", self._stream)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.port = runner.addresses[0][1]
            yield self
        finally:
            await runner.cleanup()

    async def _rules(self, request: web.Request) -> web.Response:
        return self._answer("rules", self.rules, request)

    async def _books(self, request: web.Request) -> web.Response:
        return self._answer("books", self.books, request)

    async def _klines(self, request: web.Request) -> web.Response:
        return self._answer("klines", self.klines, request)

    def _answer(self, what: str, answers: list[Answer], request: web.Request) -> web.Response:
        number = self.asked.get(what, 0)
        self.asked[what] = number + 1
        return answers[min(number, len(answers) - 1)](request)

    async def _time(self, _: web.Request) -> web.Response:
        return web.json_response({"serverTime": time.time_ns() // 1_000_000 + 5_000})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        self.paths.append(request.path_qs)
        self.handshakes += 1
        if self.handshakes <= len(self.refusals):
            return self.refusals[self.handshakes - 1](request)
        socket = web.WebSocketResponse(compress=False, max_msg_size=0)
        await socket.prepare(request)
        script = self.scripts[min(self.connections, len(self.scripts) - 1)]
        self.connections += 1
        self.open_now += 1
        try:
            await script(socket)
        finally:
            self.open_now -= 1
        return socket


class Recorder:
    """A sink that can be waited on."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.chunks: list[int] = []
        self._news = asyncio.Event()

    def __call__(self, events: list[Event]) -> None:
        self.events += events
        self.chunks.append(len(events))
        self._news.set()

    async def until(self, done: Callable[[list[Event]], bool], seconds: float = 10.0) -> list[Event]:
        """Wait for events that satisfy `done`; fail with what there is otherwise."""
        try:
            async with asyncio.timeout(seconds):
                while not done(self.events):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            told = [event for event in self.events if event[0] != Kind.BOOK][-20:]
            raise AssertionError(f"{len(self.events)} events, the last: {told}") from None
        return self.events

    async def count(self, kind: Kind, number: int) -> list[Event]:
        return await self.until(lambda events: sum(event[0] == kind for event in events) >= number)


async def until(done: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something is so, looking often; fail after `seconds`."""
    async with asyncio.timeout(seconds):
        while not done():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def running(settings: BinanceSettings, sink: Callable[[list[Event]], None]) -> AsyncIterator[BinanceConnector]:
    """Run a connector, its one instrument at index 0, and cancel it at the end."""
    connector = BinanceConnector(settings, time.time_ns, Rng(1), sink)
    rules = await connector.load_instruments()
    connector.assign({each.symbol: index for index, each in enumerate(rules)})
    task = asyncio.create_task(connector.run())
    try:
        yield connector
    finally:
        task.cancel()
        (result,) = await asyncio.gather(task, return_exceptions=True)
        if isinstance(result, Exception):
            raise result


def play(loop: str, scenario: Awaitable[None], seconds: float = 60.0) -> None:
    """Run a scenario on a loop of that kind, for at most `seconds`."""

    async def main() -> None:
        async with asyncio.timeout(seconds):
            await scenario

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(main())
