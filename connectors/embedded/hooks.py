"""Where the exchange's faults happen: requests on their way in, answers and private events on their way out.

The plan (`exchange/plan.py`) decides; this owns the sockets and the clock. On a good day it costs a message one look.
"""

import asyncio
import contextlib
import heapq
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from aiohttp import web

from connectors.embedded.exchange.faults import (
    Bust,
    Crash,
    Drop,
    Effect,
    Forget,
    MutateRules,
    Place,
    Reply,
    Reuse,
    Stall,
    without_forgotten,
)
from connectors.embedded.exchange.gate import Gate
from connectors.embedded.exchange.plan import Delivery, FaultPlan, Message, Verdict
from connectors.embedded.exchanges import Exchanges
from connectors.embedded.hook_messages import decoded, private_event, rest_request, websocket_request
from connectors.embedded.market import Market
from connectors.embedded.rewritten import Rewritten
from connectors.embedded.rules_changed import RulesChanged
from connectors.embedded.websocket import Connection

_NO_SUCH_ORDER = {"code": -2013, "msg": "Order does not exist."}
Action = Callable[[], Awaitable[None]]
Receive = Callable[[str | bytes], bytes]


class Hooks:
    """Carries a plan out on the connections of one venue."""

    def __init__(
        self,
        plan: FaultPlan,
        exchanges: Exchanges,
        connections: Sequence[Connection],
        flush: Callable[[], Awaitable[None]],
        now_ms: Callable[[], int],
    ) -> None:
        """Let the plan's faults happen to these."""
        self.plan = plan
        self.rules = RulesChanged(exchanges)
        self.rewritten = Rewritten(exchanges, now_ms)
        self._exchanges = exchanges
        self._connections = connections
        self._flush = flush
        self._now_ms = now_ms
        self._late: list[tuple[int, int, Action]] = []
        self._numbers = 0
        self._wake = asyncio.Event()
        self._down_until_ns = 0
        self._ways: dict[tuple[int, bool], Callable[[bytes], Awaitable[None]]] = {}

    def changed(self) -> None:
        """Look at the plan again: it has other faults."""
        self._wake.set()

    async def run(self) -> None:
        """Let happen what is due by the clock; ends when cancelled."""
        while True:
            now_ns = time.monotonic_ns()
            for fault in self.plan.due(now_ns):
                self._happen(fault, None, now_ns)
            ran = False
            while self._late and self._late[0][0] <= time.monotonic_ns():
                ran = True
                await heapq.heappop(self._late)[2]()
            if ran:
                await self._flush()
            self._wake.clear()
            times = [self._late[0][0]] if self._late else []
            next_ns = self.plan.next_ns(now_ns)
            due_ns = min([*times, *([next_ns] if next_ns is not None else [])], default=None)
            with contextlib.suppress(TimeoutError):
                wait_s = None if due_ns is None else max(0.0, (due_ns - time.monotonic_ns()) / 1e9)
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()

    @web.middleware
    async def middleware(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Refuse every connection of a venue that is down; its owner's paths answer on."""
        if time.monotonic_ns() < self._down_until_ns and not request.path.startswith("/emulator"):
            return _ended(request)
        return await handler(request)

    # ------------------------------------------------------------------------------------------------------ websockets

    async def serve(
        self, connection: Connection, receive: Receive, gate: Gate, market: Market, text: str | bytes
    ) -> None:
        """Let a request of a WebSocket API have its answer."""
        raw = text.encode() if isinstance(text, str) else text
        request = websocket_request(raw, gate, market, connection)

        async def act(changed: bytes) -> None:
            await self._act(connection, receive, request, changed)

        refusal = self.rules.refusal(request, decoded(raw).get("params"))
        if refusal is not None:
            await connection.answer(_error(raw, 400, refusal))
            return
        verdict = self._judged(request, connection, act)
        reply = _reply(verdict)
        if reply is not None:
            verdict.deliveries = []
            await connection.answer(_told(raw, reply))
        for delivery in verdict.deliveries:
            await self._now_or_later(delivery, act)

    async def _act(self, connection: Connection, receive: Receive, request: Message, text: bytes) -> None:
        async def send(changed: bytes) -> None:
            await connection.answer(changed)

        answer = receive(text)
        verdict = self._judged(msgspec.structs.replace(request, place=Place.ANSWER, text=answer), connection, send)
        for effect in verdict.effects:
            if isinstance(effect, Forget):
                verdict.deliveries = [
                    msgspec.structs.replace(each, text=self._forgetful(each.text, effect, request))
                    for each in verdict.deliveries
                ]
        reply = _reply(verdict)
        for delivery in verdict.deliveries:
            told = delivery if reply is None else msgspec.structs.replace(delivery, text=_told(text, reply))
            await self._now_or_later(told, send)
        await self._flush()

    def event(self, text: bytes, market: Market, account: str, line: object, send: Callable[[bytes], None]) -> None:
        """Let a private event go out."""
        if not self.plan.active:
            send(text)
            return

        async def sent(changed: bytes) -> None:
            send(changed)

        verdict = self._judged(private_event(text, market, account, line), line, sent)
        for delivery in verdict.deliveries:
            if delivery.delay_ns:
                self._later(delivery, sent)
            else:
                send(delivery.text)

    def _judged(self, message: Message, line: object, way: Callable[[bytes], Awaitable[None]]) -> Verdict:
        now_ns = time.monotonic_ns()
        verdict = self.plan.judge(message, now_ns)
        for effect in verdict.effects:
            self._happen(effect, line, now_ns)
        if verdict.release_after_ns:
            self._ways[id(line), message.place is Place.REQUEST] = way
            self._schedule(verdict.release_after_ns, self._release)
        return verdict

    async def _release(self) -> None:
        for line, inwards, text in self.plan.release(time.monotonic_ns()):
            await self._ways[id(line), inwards](text)

    async def _now_or_later(self, delivery: Delivery, way: Callable[[bytes], Awaitable[None]]) -> None:
        if delivery.delay_ns:
            self._later(delivery, way)
        else:
            await way(delivery.text)

    def _later(self, delivery: Delivery, way: Callable[[bytes], Awaitable[None]]) -> None:
        async def go_on() -> None:
            await way(delivery.text)

        self._schedule(delivery.delay_ns, go_on)

    def _schedule(self, after_ns: int, action: Action) -> None:
        self._numbers += 1
        heapq.heappush(self._late, (time.monotonic_ns() + after_ns, self._numbers, action))
        self._wake.set()

    # ------------------------------------------------------------------------------------------------------------ REST

    async def rest(
        self, request: web.Request, gate: Gate, market: Market, act: Callable[[str, str], web.StreamResponse]
    ) -> web.StreamResponse:
        """Let a REST request have its answer: `act` takes the query and the body."""
        query, body = request.rel_url.raw_query_string, await request.text()
        key = request.headers.get("X-MBX-APIKEY", "")
        asked = rest_request(request.method, request.path, query, body, key, gate, market)
        refusal = self.rules.refusal(asked, None, query or body)
        if refusal is not None:
            return web.json_response(refusal, status=400)
        verdict = self.plan.judge(asked, time.monotonic_ns())
        found = await self._in_place(request, verdict)
        if found is not None:
            return found
        answer: web.StreamResponse | None = None
        for delivery in verdict.deliveries:
            await asyncio.sleep(delivery.delay_ns / 1e9)
            text = delivery.text.decode(errors="replace")
            answer = act(query, text) if body else act(text, body)
            await self._flush()
        assert isinstance(answer, web.Response)
        assert isinstance(answer.body, bytes)
        verdict = self.plan.judge(
            msgspec.structs.replace(asked, place=Place.ANSWER, text=answer.body), time.monotonic_ns()
        )
        found = await self._in_place(request, verdict)
        if found is not None:
            return found
        text_out = verdict.deliveries[0].text
        for effect in verdict.effects:
            if isinstance(effect, Forget) and answer.status == 200:
                text_out, absent = self._without(text_out, effect, asked)
                if absent:
                    return web.json_response(_NO_SUCH_ORDER, status=400)
        await asyncio.sleep(verdict.deliveries[0].delay_ns / 1e9)
        if text_out != answer.body:
            answer.body = text_out
        return answer

    async def _in_place(self, request: web.Request, verdict: Verdict) -> web.StreamResponse | None:
        """Return what is answered in the place of the exchange's answer, if anything is."""
        now_ns = time.monotonic_ns()
        for effect in verdict.effects:
            self._happen(effect, None, now_ns)
            if isinstance(effect, Drop):
                await asyncio.sleep(effect.hang_s)
        if not verdict.deliveries:
            return _ended(request)
        reply = _reply(verdict)
        if reply is None:
            return None
        headers = {"Retry-After": str(reply.retry_after_s)} if reply.retry_after_s else {}
        return web.Response(text=reply.body, status=reply.status, content_type=reply.content_type, headers=headers)

    # --------------------------------------------------------------------------------------------------------- effects

    def _happen(self, effect: Effect, line: object, now_ns: int) -> None:
        if isinstance(effect, Crash):
            self._down_until_ns = now_ns + int(effect.seconds * 1e9)
            for connection in list(self._connections):
                connection.abort()
        elif isinstance(effect, MutateRules):
            self.rules.change(effect)
        elif isinstance(effect, Bust | Reuse):
            self.rewritten.happen(effect)
            self._schedule(0, self._flush)
        elif isinstance(effect, Stall):
            for connection in self._connections:
                if connection is line or (isinstance(line, str) and line in connection.streams):
                    connection.deaf_until_ns = now_ns + int(effect.seconds * 1e9)
            self._schedule(int(effect.seconds * 1e9), self._flush)

    def _forgetful(self, answer: bytes, fault: Forget, request: Message) -> bytes:
        told = dict(decoded(answer))
        if "result" not in told:
            return answer
        result, absent = self._without(msgspec.json.encode(told["result"]), fault, request)
        if absent:
            del told["result"]
            return msgspec.json.encode(told | {"status": 400, "error": _NO_SUCH_ORDER})
        return msgspec.json.encode(told | {"result": msgspec.Raw(result)})

    def _without(self, body: bytes, fault: Forget, request: Message) -> tuple[bytes, bool]:
        """Return an answer without what is forgotten, and whether nothing is left of it."""
        numbers = self._exchanges.order_numbers(request.market, fault.order) if fault.order else ()
        left = without_forgotten(msgspec.json.decode(body), fault, numbers, self._now_ms())
        return msgspec.json.encode(left), left is None


def _reply(verdict: Verdict) -> Reply | None:
    return next((effect for effect in verdict.effects if isinstance(effect, Reply)), None)


def _told(request: bytes, reply: Reply) -> bytes:
    """Write a reply as a WebSocket API does."""
    error = dict(decoded(reply.body))
    if not error:
        return reply.body.encode()
    if reply.retry_after_s:
        now_ms = time.time_ns() // 1_000_000
        error["data"] = {"serverTime": now_ms, "retryAfter": now_ms + reply.retry_after_s * 1_000}
    return _error(request, reply.status, error)


def _error(request: bytes, status: int, error: object) -> bytes:
    return msgspec.json.encode({"id": decoded(request).get("id"), "status": status, "error": error})


def _ended(request: web.Request) -> web.Response:
    """End a request's connection without a word."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)
