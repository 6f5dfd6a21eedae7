"""The paths that no exchange has: to look at the venue, trouble its clients, let accounts in, see the ledger."""

import asyncio
import time
from collections.abc import Sequence

import msgspec
from aiohttp import web

from connectors.embedded.errors import RequestError, SettingsError
from connectors.embedded.exchange.faults import MutateRules, read_faults
from connectors.embedded.exchange.members import read_members
from connectors.embedded.exchange.usdm.exchange import Decision
from connectors.embedded.exchanges import Exchanges
from connectors.embedded.faults import Clear, Cut, Fault, Http, Inject, decode_fault
from connectors.embedded.frames import Frame
from connectors.embedded.hooks import Hooks
from connectors.embedded.hub import Hub
from connectors.embedded.market import Catalogue, Market
from connectors.embedded.player import Outlet, Player
from connectors.embedded.websocket import Connection
from core.codec import UNREADABLE


class Admin:
    """Handlers of the paths under `/emulator`."""

    def __init__(
        self,
        catalogue: Catalogue,
        hub: Hub,
        player: Player,
        connections: Sequence[Connection],
        outlet: Outlet,
        exchanges: Exchanges,
        hooks: Hooks,
    ) -> None:
        """Act on the parts of one running venue."""
        self._exchanges = exchanges
        self._hooks = hooks
        self._catalogue = catalogue
        self._hub = hub
        self._player = player
        self._connections = connections
        self._outlet = outlet

    def add_routes(self, app: web.Application) -> None:
        """Add the paths."""
        app.router.add_get("/emulator/state", self._state)
        app.router.add_get("/emulator/ledger", self._ledger)
        app.router.add_post("/emulator/accounts", self._accounts)
        app.router.add_post("/emulator/futures", self._futures)
        app.router.add_post("/emulator/faults", self._faults)
        app.router.add_get("/emulator/hooks", self._list_hooks)
        app.router.add_post("/emulator/hooks", self._add_hooks)
        app.router.add_delete("/emulator/hooks", self._clear_hooks)

    async def _state(self, request: web.Request) -> web.Response:
        streams = self._catalogue.streams
        return web.json_response(
            {
                "state": self._player.state,
                "frames_passed": self._player.passed,
                "frames_sent": self._hub.sent,
                "connections": len(self._connections),
                "streams": sorted(f"{stream.market} {stream.name}" for stream in streams if stream.public),
                "subscribed": sorted(f"{streams[n].market} {streams[n].name}" for n in self._hub.subscribed()),
            }
        )

    async def _faults(self, request: web.Request) -> web.Response:
        try:
            fault = decode_fault(await request.read())
            await self._happen(fault)
        except (*UNREADABLE, LookupError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({"ok": True})

    async def _ledger(self, request: web.Request) -> web.Response:
        """Answer with all orders, executions and balances of all accounts: what really happened."""
        return web.Response(body=msgspec.json.encode(self._exchanges.ledger()), content_type="application/json")

    async def _accounts(self, request: web.Request) -> web.Response:
        """Open the accounts of the body, one or an array of them, as `Member` has it."""
        try:
            members = read_members(await request.read())
            for member in members:
                self._exchanges.admit(member)
        except SettingsError as error:
            return web.json_response({"error": str(error)}, status=400)
        await self._outlet.flush()
        return web.json_response({"ok": True, "accounts": [member.name for member in members]})

    async def _futures(self, request: web.Request) -> web.Response:
        """Decide a contract's funding, or move money into or out of a futures account, as `Decision` has it."""
        try:
            self._exchanges.usdm.decide(msgspec.json.decode(await request.read(), type=Decision))
        except (*UNREADABLE, SettingsError, RequestError) as error:
            return web.json_response({"error": str(error)}, status=400)
        await self._outlet.flush()
        return web.json_response({"ok": True})

    async def _list_hooks(self, request: web.Request) -> web.Response:
        """Answer with every fault of the exchange, how many messages it met, and how often it happened."""
        plan = self._hooks.plan
        return web.Response(
            body=msgspec.json.encode({"seed": plan.seed, "faults": plan.told()}), content_type="application/json"
        )

    async def _add_hooks(self, request: web.Request) -> web.Response:
        """Arm the faults of the body, one or an array of them, as `exchange/faults.py` has them."""
        plan = self._hooks.plan
        try:
            faults = read_faults(await request.read())
            for fault in faults:
                if isinstance(fault, MutateRules):
                    self._hooks.rules.check(fault)
            names = [plan.add(fault, time.monotonic_ns()) for fault in faults]
        except SettingsError as error:
            return web.json_response({"error": str(error)}, status=400)
        self._hooks.changed()
        return web.json_response({"ok": True, "names": names})

    async def _clear_hooks(self, request: web.Request) -> web.Response:
        """Take off the faults of `?name=`, or all."""
        taken = self._hooks.plan.clear(request.query.get("name", ""))
        return web.json_response({"ok": True, "cleared": taken})

    async def _happen(self, fault: Fault) -> None:
        if isinstance(fault, Clear):
            self._player.faults.clear()
        elif isinstance(fault, Cut):
            await self._cut(fault.code)
        elif isinstance(fault, Http):
            self._player.faults.add_http(fault)
        elif isinstance(fault, Inject):
            await self._inject(fault)
        else:
            stream = self._stream(fault.stream, fault.market)
            self._player.faults.add(fault, stream, time.monotonic_ns())

    def _stream(self, name: str, market: Market | None) -> int:
        for candidate in (market,) if market else tuple(Market):
            found = self._catalogue.resolve(candidate, name)
            if found:
                return found[0]
        raise LookupError(f"no stream {name!r} is served; GET /emulator/state lists the streams")

    async def _inject(self, fault: Inject) -> None:
        text = fault.text.encode() * fault.repeat
        if fault.stream:
            numbers = [self._stream(fault.stream, fault.market)]
        else:
            markets = (fault.market,) if fault.market else tuple(Market)
            numbers = [self._catalogue.unattributed(market) for market in markets]
        self._hub.rebuild()  # a market without frames of its own has just got its pseudo stream
        for number in numbers:
            self._hub.publish(Frame(time.time_ns(), number, text, 0, len(text)))
        await self._outlet.flush()

    async def _cut(self, code: int) -> None:
        if code == 1006:  # RFC 6455: never sent, it means that no close frame came
            for connection in list(self._connections):
                connection.abort()
        else:
            await asyncio.gather(*(connection.close(code) for connection in self._connections))
