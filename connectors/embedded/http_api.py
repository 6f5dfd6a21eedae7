"""REST over HTTP: paths to endpoints, refusals to statuses, request weight to the documented headers."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from aiohttp import web

from connectors.embedded import refusals
from connectors.embedded.errors import RequestError
from connectors.embedded.market import Market
from connectors.embedded.player import Player
from connectors.embedded.rest import Answer, RestMarket

_BASES = {"/api/v3": Market.SPOT, "/fapi/v1": Market.USDM, "/fapi/v2": Market.USDM}


class _Weight:
    """Request weight used in the current minute."""

    def __init__(self) -> None:
        self._minute = 0
        self._used = 0

    def add(self, weight: int) -> int:
        minute = time.time_ns() // 60_000_000_000
        if minute != self._minute:
            self._minute, self._used = minute, 0
        self._used += weight
        return self._used


class HttpApi:
    """Both markets' REST paths on one application."""

    def __init__(self, rest: Mapping[Market, RestMarket], player: Player, *, synthetic: bool) -> None:
        """Answer from `rest`; the player is told which depth was read, and knows the faults."""
        self._rest = rest
        self._player = player
        self._headers = {"X-Synthetic": "true"} if synthetic else {}
        self._weights = {market: _Weight() for market in Market}

    def add_routes(self, app: web.Application) -> None:
        """Add every REST path; what is not served answers as Binance does for unknown paths."""
        for base, market in _BASES.items():
            app.router.add_get(f"{base}/{{endpoint:.+}}", self._handler(market))
        # Clients such as ccxt load every market at once: COIN-M exists, and lists nothing.
        app.router.add_get("/dapi/v1/exchangeInfo", self._coin_margined)

    def _handler(self, market: Market) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            fault = self._player.faults.take_http(request.path)
            if fault is not None:
                await asyncio.sleep(fault.delay_s)
                if fault.status:
                    return web.Response(text=fault.body, status=fault.status, content_type=fault.content_type)
            return self._answer(market, request)

        return handle

    def _answer(self, market: Market, request: web.Request) -> web.Response:
        try:
            endpoint = self._rest[market].endpoints.get(request.match_info["endpoint"])
            if endpoint is None:
                raise refusals.invalid_path(request.path, request.method)
            answer: Answer = endpoint(request.query)
        except RequestError as error:
            body = msgspec.json.encode({"code": error.code, "msg": error.message})
            return self._response(market, body, error.status, 1)
        if answer.depth_of:
            self._player.depth_fetched((market, answer.depth_of))
        return self._response(market, msgspec.json.encode(answer.body), 200, answer.weight)

    def _response(self, market: Market, body: bytes, status: int, weight: int) -> web.Response:
        # The venue's rule: every answer carries X-MBX-USED-WEIGHT-(intervalNum)(intervalLetter).
        used = str(self._weights[market].add(weight))
        headers = {**self._headers, "X-MBX-USED-WEIGHT-1M": used}
        if market is Market.SPOT:
            headers["X-MBX-USED-WEIGHT"] = used
        return web.Response(body=body, status=status, content_type="application/json", charset="UTF-8", headers=headers)

    async def _coin_margined(self, request: web.Request) -> web.Response:
        body = {"timezone": "UTC", "serverTime": time.time_ns() // 1_000_000, "rateLimits": [], "exchangeFilters": []}
        return web.json_response({**body, "symbols": []}, headers=self._headers)
