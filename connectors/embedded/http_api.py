"""REST over HTTP: paths to endpoints, refusals to statuses, request weight to the documented headers.

Market data is public; what a market's gate lists is signed for. Both use up the weight of the address.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from aiohttp import web

from connectors.embedded import refusals
from connectors.embedded.answer import Answer
from connectors.embedded.errors import RequestError
from connectors.embedded.exchange.gate import Endpoint, Gate
from connectors.embedded.hooks import Hooks
from connectors.embedded.market import Market
from connectors.embedded.player import Player
from connectors.embedded.rest import RestMarket

_BASES = {"/api/v3": Market.SPOT, "/fapi/v1": Market.USDM, "/fapi/v2": Market.USDM, "/fapi/v3": Market.USDM}


class HttpApi:
    """Both markets' REST paths on one application."""

    def __init__(
        self,
        rest: Mapping[Market, RestMarket],
        gates: Mapping[Market, Gate],
        player: Player,
        flush: Callable[[], Awaitable[None]],
        hooks: Hooks,
        *,
        synthetic: bool,
    ) -> None:
        """Answer from `rest` and `gates`; the player is told which depth was read, and knows the faults.

        `flush` sends what a request made the venue tell others.
        """
        self._rest = rest
        self._gates = gates
        self._player = player
        self._flush = flush
        self._hooks = hooks
        self._headers = {"X-Synthetic": "true"} if synthetic else {}

    def add_routes(self, app: web.Application) -> None:
        """Add every REST path; what is not served answers as Binance does for unknown paths."""
        for market, gate in self._gates.items():
            for (verb, path), endpoint in gate.rest.items():
                app.router.add_route(verb, path, self._signed(market, gate, endpoint))
        for base, market in _BASES.items():
            app.router.add_route("*", f"{base}/{{endpoint:.+}}", self._handler(market))
        # Clients such as ccxt load every market at once: COIN-M exists, and lists nothing.
        app.router.add_get("/dapi/v1/exchangeInfo", self._coin_margined)

    def _handler(self, market: Market) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            fault = await self._fault(request)
            if fault is None and self._hooks.plan.active:
                gate = self._gates[market]
                return await self._hooks.rest(request, gate, market, lambda _, __: self._answer(market, request))
            return fault or self._answer(market, request)

        return handle

    def _signed(
        self, market: Market, gate: Gate, endpoint: Endpoint
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            fault = await self._fault(request)
            if fault is not None:
                return fault

            def answer(query: str, body: str) -> web.Response:
                reply = gate.answer_rest(
                    endpoint,
                    query=query,
                    body=body,
                    api_key=request.headers.get("X-MBX-APIKEY"),
                    address=request.remote or "",
                )
                return self._response(market, msgspec.json.encode(reply.body), reply.status, reply.headers)

            if self._hooks.plan.active:
                return await self._hooks.rest(request, gate, market, answer)
            response = answer(request.rel_url.raw_query_string, await request.text())
            await self._flush()
            return response

        return handle

    async def _fault(self, request: web.Request) -> web.StreamResponse | None:
        fault = self._player.faults.take_http(request.path)
        if fault is None:
            return None
        await asyncio.sleep(fault.delay_s)
        if not fault.status:
            return None
        return web.Response(text=fault.body, status=fault.status, content_type=fault.content_type)

    def market_call(self, market: Market, endpoint: str, parameters: Mapping[str, str]) -> tuple[object, int]:
        """Answer a request for market data that came by websocket; returns the body and its weight."""
        answer = self._rest[market].endpoints[endpoint](parameters)
        if answer.depth_of:
            self._player.depth_fetched((market, answer.depth_of))
        return answer.body, answer.weight

    def _answer(self, market: Market, request: web.Request) -> web.Response:
        gate, address = self._gates[market], request.remote or ""
        try:
            endpoint = self._rest[market].endpoints.get(request.match_info["endpoint"])
            if endpoint is None or request.method != "GET":
                raise refusals.invalid_path(request.path, request.method)
            answer: Answer = endpoint(request.query)
            headers = gate.answer_market(answer.weight, address)
        except RequestError as error:
            return self._refusal(market, gate, error, address)
        if answer.depth_of:
            self._player.depth_fetched((market, answer.depth_of))
        return self._response(market, msgspec.json.encode(answer.body), 200, headers)

    def _refusal(self, market: Market, gate: Gate, error: RequestError, address: str) -> web.Response:
        body = msgspec.json.encode({"code": error.code, "msg": error.message})
        if error.retry_after_s:
            headers = gate.limits.headers(address, None, gate.now_ms())
            return self._response(market, body, error.status, headers | {"Retry-After": str(error.retry_after_s)})
        return self._response(market, body, error.status, gate.answer_market(1, address))

    def _response(self, market: Market, body: bytes, status: int, told: Mapping[str, str]) -> web.Response:
        # The venue's rule: every answer carries X-MBX-USED-WEIGHT-(intervalNum)(intervalLetter).
        headers = {**self._headers, **told}
        if market is Market.SPOT:
            headers["X-MBX-USED-WEIGHT"] = told.get("X-MBX-USED-WEIGHT-1M", "0")
        return web.Response(body=body, status=status, content_type="application/json", charset="UTF-8", headers=headers)

    async def _coin_margined(self, request: web.Request) -> web.Response:
        body = {"timezone": "UTC", "serverTime": time.time_ns() // 1_000_000, "rateLimits": [], "exchangeFilters": []}
        return web.json_response({**body, "symbols": []}, headers=self._headers)
