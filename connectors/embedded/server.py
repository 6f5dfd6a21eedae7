"""The embedded venue behind its port: REST, websockets, faults, and the player, put together and taken apart.

async with EmbeddedVenue(Settings(synthetic=True, seed=7)) as venue:
    ...  # venue.http_url, venue.ws_url
"""

import asyncio
import functools
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from aiohttp import web

from connectors.embedded.admin import Admin
from connectors.embedded.derived import Derived, DerivedStreams
from connectors.embedded.errors import ListenError
from connectors.embedded.exchange.plan import FaultPlan
from connectors.embedded.exchange.spot.sessions import SPOT_METHODS, ApiSession
from connectors.embedded.exchange.usdm.marks import MarkStreams
from connectors.embedded.exchange.usdm.ws_api import USDM_METHODS, UsdmSession
from connectors.embedded.exchanges import Exchanges
from connectors.embedded.frames import Clock, Frame, FrameSource
from connectors.embedded.hook_messages import decoded
from connectors.embedded.hooks import Hooks
from connectors.embedded.http_api import HttpApi
from connectors.embedded.hub import Hub
from connectors.embedded.market import Market, StreamKind
from connectors.embedded.player import Player
from connectors.embedded.recording import Recording
from connectors.embedded.rest import RestMarket
from connectors.embedded.rules_changed import following
from connectors.embedded.session import Session
from connectors.embedded.settings import AtEnd, Settings
from connectors.embedded.synthetic_source import SyntheticSource
from connectors.embedded.view import MarketView
from connectors.embedded.websocket import Connection

# Path prefixes that say which market a websocket is for. USDⓈ-M's own, since 2026-04, are /public, /market and
# /private (https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams); here each
# of them serves every stream.
_PREFIXES = {
    "": None,
    "/spot": Market.SPOT,
    "/usdm": Market.USDM,
    "/fapi": Market.USDM,
    "/public": Market.USDM,
    "/market": Market.USDM,
    "/private": Market.USDM,
}

_DERIVE_EVERY_S = 0.1


def build_source(settings: Settings) -> FrameSource:
    """Make the frames' source that the settings ask for.

    Reads recordings once, so it takes a while. May raise RecordingError.
    """
    if settings.synthetic:
        markets = [settings.market or Market.SPOT]
        if settings.usdm_port is not None and Market.USDM not in markets:
            markets.append(Market.USDM)  # a port for it asks for the market
        return SyntheticSource(settings.seed, *markets)
    return Recording(settings.frames, settings.market)


class EmbeddedVenue:
    """A running venue. Start it with `async with`, or `start()` and `close()`."""

    def __init__(self, settings: Settings, clock: Clock = time.time_ns) -> None:
        """Prepare; nothing is read or listened on yet."""
        self.settings = settings
        self._clock = clock
        self._connections: list[Connection] = []
        self._spot_sessions: list[ApiSession] = []
        self._runners: list[web.AppRunner] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.plan = FaultPlan(settings.fault_script.seed)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Read the recordings, listen, and let playback begin as the settings say."""
        source = await asyncio.to_thread(build_source, self.settings)
        self.source = source
        self.markets = tuple(market for market in Market if any(l.market is market for l in source.listings))
        views = {
            (listing.market, listing.symbol): MarketView(listing, source.snapshots(listing.market, listing.symbol))
            for listing in source.listings
        }
        self.hub = Hub(source.catalogue)
        self.player = Player(source, self.hub, views, self, self.settings, self._clock)
        self.exchanges = Exchanges(views, self.settings, self._now_ms, self._publish_usdm)
        self.hooks = Hooks(self.plan, self.exchanges, self._connections, self.flush, self._now_ms)
        self._follow_marks()
        rest = {
            market: RestMarket(
                market,
                {symbol: view for (owner, symbol), view in views.items() if owner is market},
                self._now_ms,
                self.exchanges.gates[market].limits.limits,
                lambda listing: self.exchanges.spot.rules(listing.symbol),
            )
            for market in Market
        }
        rest[Market.USDM].endpoints.update(self.exchanges.usdm.public.endpoints(self.exchanges.usdm.follow))
        listed = rest[Market.USDM].endpoints
        listed["exchangeInfo"] = following(self.hooks.rules, listed["exchangeInfo"])
        self._derived: list[Derived] = [MarkStreams(self.exchanges.usdm)]
        self._derived += [
            DerivedStreams(market, {symbol: view for (owner, symbol), view in views.items() if owner is market})
            for market in self.markets
        ]
        http = HttpApi(rest, self.exchanges.gates, self.player, self.flush, self.hooks, synthetic=source.synthetic)
        admin = Admin(source.catalogue, self.hub, self.player, self._connections, self, self.exchanges, self.hooks)
        self._port = await self._listen(http, admin, self.settings.port, None)
        self._usdm_port = self._port
        if self.settings.usdm_port is not None:
            self._usdm_port = await self._listen(http, admin, self.settings.usdm_port, Market.USDM)
        self._tasks = [
            asyncio.create_task(self.player.run(), name="playback"),
            asyncio.create_task(self._derive(), name="derived streams"),
            asyncio.create_task(self.hooks.run(), name="faults"),
        ]
        for fault in self.settings.fault_script.fault:
            self.plan.add(fault, time.monotonic_ns())
        self.hooks.changed()

    async def close(self) -> None:
        """End playback, close every connection, and stop listening; raises what ended playback before."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for session in self._spot_sessions:
            session.announce_shutdown()
        await self.flush()
        await self.close_all()
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()
        for task in tasks:
            if not task.cancelled():
                task.result()

    async def serve(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set, or the recording has ended where the settings say that this is the end."""
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([stopping, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in self._tasks:
                if task.done():
                    task.result()  # raises what ended it
            if self.settings.at_end is not AtEnd.EXIT:
                await stopping
        finally:
            stopping.cancel()

    @property
    def http_url(self) -> str:
        """The REST base URL, of every market."""
        return f"http://{self._authority(self._port)}"

    @property
    def ws_url(self) -> str:
        """The websocket base URL of spot, or of the only market there is."""
        return f"ws://{self._authority(self._port)}"

    @property
    def usdm_ws_url(self) -> str:
        """The websocket base URL of USDⓈ-M; a path prefix tells it from spot where both share a port."""
        shared = self._usdm_port == self._port and len(self.markets) > 1
        return f"ws://{self._authority(self._usdm_port)}{'/usdm' if shared else ''}"

    @property
    def usdm_ws_api_url(self) -> str:
        """The URL of USDⓈ-M's WebSocket API."""
        return f"ws://{self._authority(self._usdm_port)}/ws-fapi/v1"

    @property
    def ws_api_url(self) -> str:
        """The URL of spot's WebSocket API."""
        return f"ws://{self._authority(self._port)}/ws-api/v3"

    def _now_ms(self) -> int:
        now_ns = self._clock()
        if self.plan.active:
            now_ns += self.plan.clock_offset_ns(time.monotonic_ns())
        return now_ns // 1_000_000

    def _authority(self, port: int) -> str:
        host = self.settings.host
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def flush(self) -> None:
        """Write what is queued for every connection and wait for their readers (the player's outlet)."""
        waiting = [connection for connection in self._connections if connection.out]
        if len(waiting) == 1:
            await waiting[0].flush()
        elif waiting:
            await asyncio.gather(*(connection.flush() for connection in waiting))

    async def close_all(self) -> None:
        """End every connection with a close frame."""
        await asyncio.gather(*(connection.close() for connection in self._connections))

    async def _derive(self) -> None:
        """Send the streams that are made from what was sent, to those who subscribed to any."""
        while True:
            await asyncio.sleep(_DERIVE_EVERY_S)
            for derived in self._derived:
                for name in self.hub.unnumbered(derived.market):
                    event = derived.update(name, self._clock())
                    if event is not None:
                        self.hub.publish_named(derived.market, name, event)
            self.exchanges.usdm.tick()
            await self.flush()

    def _publish_usdm(self, name: str, event: bytes) -> None:
        account = self.exchanges.usdm.listen_keys.account_of(name) if self.plan.active else None
        if account is None:
            self.hub.publish_named(Market.USDM, name, event)
        else:
            send = functools.partial(self.hub.publish_named, Market.USDM, name)
            self.hooks.event(event, Market.USDM, account, name, send)

    def _follow_marks(self) -> None:
        """Let recorded mark prices be the exchange's own."""
        for number, stream in enumerate(self.source.catalogue.streams):
            if stream.market is Market.USDM and "@markPrice" in stream.name and stream.symbol:
                self.player.tap(number, functools.partial(self._on_mark, stream.symbol))

    def _on_mark(self, symbol: str, _: StreamKind, frame: Frame) -> None:
        self.exchanges.usdm.on_mark(symbol, frame.data)

    async def _listen(self, http: HttpApi, admin: Admin, port: int, market: Market | None) -> int:
        app = web.Application(middlewares=[self.hooks.middleware])
        http.add_routes(app)
        admin.add_routes(app)
        self._add_websocket_api(app, http)
        for prefix, named in _PREFIXES.items():
            self._add_websocket_routes(app, prefix, named or market)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await runner.setup()
        self._runners.append(runner)
        try:
            await web.TCPSite(runner, self.settings.host, port).start()
        except OSError as error:
            raise ListenError(
                f"cannot listen on {self.settings.host}:{port}: {error.strerror or error}; choose another --port"
            ) from error
        listening: int = runner.addresses[0][1]
        return listening

    def _add_websocket_routes(self, app: web.Application, prefix: str, market: Market | None) -> None:
        async def raw(request: web.Request) -> web.StreamResponse:
            # USDⓈ-M's private stream: wss://fstream.binance.com/private/ws?listenKey=<listenKey>
            names = [*request.match_info.get("names", "").split("/"), request.query.get("listenKey", "")]
            return await self._websocket(request, names, market, combined=False)

        async def combined(request: web.Request) -> web.StreamResponse:
            names = [*request.query.get("streams", "").split("/"), request.query.get("listenKey", "")]
            return await self._websocket(request, names, market, combined=True)

        app.router.add_get(f"{prefix}/ws", raw)
        app.router.add_get(f"{prefix}/ws/{{names:.*}}", raw)
        app.router.add_get(f"{prefix}/stream", combined)

    async def _websocket(
        self, request: web.Request, names: Sequence[str], market: Market | None, *, combined: bool
    ) -> web.StreamResponse:
        if request.query.get("timeUnit", "").lower() == "microsecond":
            return web.json_response(
                {"code": -1194, "msg": "Invalid value for time unit; frames here are in MILLISECOND."}, status=400
            )
        session = Session(names, combined=combined)
        connection = Connection(request, session, market or self._market_of(session.streams))
        decided = market is not None or bool(session.streams)
        await connection.open()
        self._connections.append(connection)
        self.hub.add(connection)
        self.player.subscriptions_changed()
        watch = asyncio.create_task(
            connection.watch(self._clock, *self.settings.keepalive(connection.market), self.settings.connection_life_s)
        )
        try:
            while (text := await connection.receive()) is not None:
                await connection.reply(session.receive(text))
                if not decided and session.streams:
                    connection.market, decided = self._market_of(session.streams), True
                self.hub.rebuild()
                self.player.subscriptions_changed()
        finally:
            watch.cancel()
            self._connections.remove(connection)
            self.hub.remove(connection)
            self.player.subscriptions_changed()
        return connection.socket

    def _add_websocket_api(self, app: web.Application, http: HttpApi) -> None:
        async def spot(request: web.Request) -> web.StreamResponse:
            return await self._websocket_api(request, http, Market.SPOT)

        async def usdm(request: web.Request) -> web.StreamResponse:
            return await self._websocket_api(request, http, Market.USDM)

        app.router.add_get("/ws-api/v3", spot)
        app.router.add_get("/ws-fapi/v1", usdm)

    def _api_session(
        self, request: web.Request, http: HttpApi, connection: Connection, market: Market
    ) -> ApiSession | UsdmSession:
        gate, address = self.exchanges.gates[market], request.remote or ""
        methods = SPOT_METHODS if market is Market.SPOT else USDM_METHODS
        calls = {method: functools.partial(http.market_call, market, name) for method, name in methods.items()}
        tell_limits = request.query.get("returnRateLimits", "true").lower() != "false"
        if market is Market.USDM:
            return UsdmSession(gate, calls, address=address, tell_limits=tell_limits)

        def push(text: bytes) -> None:
            account = session.account_of(decoded(text).get("subscriptionId")) if self.plan.active else ""
            self.hooks.event(text, market, account, connection, connection.queue)

        session = ApiSession(self.exchanges.spot, gate, calls, address=address, push=push, tell_limits=tell_limits)
        return session

    async def _websocket_api(self, request: web.Request, http: HttpApi, market: Market) -> web.StreamResponse:
        """Serve one connection of a WebSocket API; spot's user data events go out with all other frames."""
        connection = Connection(request, Session((), combined=False), market)
        session = self._api_session(request, http, connection, market)
        await connection.open()
        self._connections.append(connection)
        if isinstance(session, ApiSession):
            self._spot_sessions.append(session)
        watch = asyncio.create_task(
            connection.watch(self._clock, *self.settings.keepalive(market), self.settings.connection_life_s)
        )
        try:
            while (message := await connection.receive()) is not None:
                if self.plan.active:
                    gate = self.exchanges.gates[market]
                    await self.hooks.serve(connection, session.receive, gate, market, message)
                else:
                    await connection.answer(session.receive(message))
                await self.flush()
        finally:
            watch.cancel()
            session.end()
            self._connections.remove(connection)
            if isinstance(session, ApiSession):
                self._spot_sessions.remove(session)
        return connection.socket

    def _market_of(self, names: Sequence[str]) -> Market:
        """Return the only market there is, or the one that serves more of these very names; spot where it is even."""
        if len(self.markets) == 1:
            return self.markets[0]
        if any(self.exchanges.usdm.listen_keys.account_of(name) is not None for name in names):
            return Market.USDM
        served = {
            market: sum(self.source.catalogue.exact(market, name) is not None for name in names) for market in Market
        }
        return Market.USDM if served[Market.USDM] > served[Market.SPOT] else Market.SPOT
