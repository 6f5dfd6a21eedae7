"""Cancels everything at one Binance venue by REST, again and again until the venue shows that nothing is left.

Connections, clock and budget are its own; connections are kept open by asking for the venue's time. What is counted
against the address elsewhere shows in the counts of every answer, and is believed.
"""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Self

import aiohttp
import msgspec

from connectors.base import ClockNs
from connectors.binance import rest
from connectors.binance.settings import Market
from connectors.binance.trading.budget import Budget, Urgency
from connectors.binance.trading.clearing.session import (
    WEIGHT_LIMITS,
    OpenOrder,
    cancel_of,
    cancels_of_all,
    is_done,
    questions_of_open,
    read_open,
)
from connectors.binance.trading.credentials import Credentials
from connectors.binance.trading.replies import Reply, no_reply, reply_of
from connectors.binance.trading.requests import Rare, public_request, rest_request
from connectors.binance.trading.settings import TradingSettings
from connectors.errors import ConnectorError, VenueUnreachable
from connectors.pacing import asked_wait_s
from connectors.rest.transport import RestClient

_NS = 1_000_000_000
_NS_PER_MS = 1_000_000
_TIME_PATHS = {Market.SPOT: "/api/v3/time", Market.USDM: "/fapi/v1/time"}
_WARM_MAX = 4
_PAUSES_S = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5)  # between rounds; the last again and again
_PATIENCE = 20  # a venue that is not there is tried again after a twentieth of the time that it has been so
_URGENT_ROUNDS = 3  # a look may use what is kept for cancels: to know is worth it, to ask for ever would starve them


class Clearance(msgspec.Struct, kw_only=True):
    """How one venue's clearing went; times as the caller's clock has them, 0 for what has not come."""

    venue: str
    began_ns: int
    first_cancel_ns: int = 0  # the first request to cancel was written to its connection
    last_cancel_ns: int = 0
    verified_ns: int = 0  # the answer came that showed nothing open, the last of all symbols
    requests: int = 0
    rounds: int = 0
    found: int = 0  # orders that were still open when they were first asked for
    left: int = -1  # open when last asked, -1 before
    silent_until_ns: int = 0  # the venue asked for silence
    last_error: str = ""


class Clearer:
    """One venue's. Use within `async with clearer:`."""

    def __init__(
        self, settings: TradingSettings, credentials: Credentials, clock_ns: ClockNs, symbols: Sequence[str]
    ) -> None:
        """Prepare; nothing is opened yet."""
        self.problem = "not asked yet"
        """Why the venue could not be asked last, empty where it could."""
        self.offset_ns = 0  # the venue's clock less ours
        self._settings = settings
        self._credentials = credentials
        self._clock_ns = clock_ns
        self.symbols = tuple(symbols)
        self._budget = Budget(settings.cancel_share, 0.0)
        self._budget.weight.limit = WEIGHT_LIMITS[settings.market]
        self._told: Clearance | None = None
        self._answered = True  # in the last round, by anybody
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(self._written)
        self._client = RestClient(settings.request_timeout_s, traces=(trace,))

    @property
    def venue(self) -> str:
        """The venue's name."""
        return self._settings.venue

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._client.__aexit__(*error)

    async def warm(self) -> None:
        """Measure the venue's clock once on several connections, which then stand ready."""
        count = min(_WARM_MAX, len(self.symbols))
        if self._wait_ns(count, Urgency.REDUCE):
            return  # a venue that wants silence is not asked for its time
        samples = await asyncio.gather(*(self._measure() for _ in range(count)), return_exceptions=True)
        good = [each for each in samples if not isinstance(each, BaseException)]
        if good:
            self.offset_ns = self._budget.offset_ns = min(good, key=lambda each: each.uncertainty_ns).offset_ns
            self.problem = ""
            return
        self.problem = str(samples[0])
        for each in samples:
            if isinstance(each, BaseException) and not isinstance(each, ConnectorError):
                raise each

    async def clear(self, told: Clearance, symbols: Sequence[str] | None = None) -> None:
        """Cancel everything, look what is left, and again, until nothing is; `told` is kept up to date meanwhile.

        `symbols`: only these.
        """
        self._told, self._answered = told, True
        chosen = self.symbols if symbols is None else symbols
        while not told.verified_ns:
            await asyncio.sleep(self._pause_s(told))
            told.rounds += 1
            self._answered = False
            if self._settings.alone:
                await self._cancel_all(told, chosen)
            await self._look(told, chosen)

    def _pause_s(self, told: Clearance) -> float:
        """Return how long to wait before the next round. What is not answered costs none of the venue's allowances."""
        if self._answered:
            return _PAUSES_S[min(told.rounds, len(_PAUSES_S) - 1)]
        return min(max((self._clock_ns() - told.began_ns) / _NS / _PATIENCE, _PAUSES_S[1]), _PAUSES_S[-1])

    async def is_clear(self, symbols: Sequence[str] | None = None) -> bool:
        """Whether nothing of ours is open, as the venue shows it now; False where it does not tell."""
        told = Clearance(venue=self.venue, began_ns=self._clock_ns())
        return await self._open(told, self.symbols if symbols is None else symbols) == []

    async def _cancel_all(self, told: Clearance, symbols: Sequence[str]) -> None:
        """Cancel all of every symbol, side by side."""
        requests = [each for symbol in symbols for each in cancels_of_all(self._settings, symbol)]
        replies = await asyncio.gather(*(self._ask(each, told, Urgency.CANCEL) for each in requests))
        self._note(told, [each for each in replies if not is_done(each)])

    async def _look(self, told: Clearance, symbols: Sequence[str]) -> None:
        """Ask what works; where others' orders must be let be, cancel ours of them one by one."""
        found = await self._open(told, symbols)
        if found is None:
            return
        told.left = len(found)
        told.found = max(told.found, told.left)
        if not found:
            told.verified_ns, told.last_error = self._clock_ns(), ""
        elif not self._settings.alone:
            cancels = [cancel_of(self._settings, each) for each in found]
            replies = await asyncio.gather(*(self._ask(each, told, Urgency.CANCEL) for each in cancels))
            self._note(told, [each for each in replies if not is_done(each)])

    async def _open(self, told: Clearance, symbols: Sequence[str]) -> list[OpenOrder] | None:
        """Return the orders that work, None where one answer is missing."""
        requests = [each for symbol in symbols for each in questions_of_open(self._settings, symbol)]
        urgency = Urgency.CANCEL if 0 < told.rounds <= _URGENT_ROUNDS else Urgency.REDUCE
        replies = await asyncio.gather(*(self._ask(each, told, urgency) for each in requests))
        lists = [read_open(each) for each in replies]
        if any(each is None for each in lists):
            self._note(told, [each for each, found in zip(replies, lists, strict=True) if found is None])
            return None
        return [order for each in lists if each for order in each if self._settings.alone or order.is_ours]

    def _note(self, told: Clearance, failed: Sequence[Reply]) -> None:
        if failed:
            told.last_error = failed[0].reason[:300] or "an answer does not read as documented"

    async def _ask(self, request: Rare, told: Clearance, urgency: Urgency) -> Reply:
        """Send one signed request as soon as the budget allows."""
        weight = request.target.weight
        while wait_ns := self._wait_ns(weight, urgency):
            told.silent_until_ns = self._clock_ns() + wait_ns
            await asyncio.sleep(wait_ns / _NS)
        now_ns = self._clock_ns()
        self._budget.spend(now_ns, weight, 0)
        query = request.query((now_ns + self.offset_ns) // _NS_PER_MS)
        signed = rest_request(self._settings.rest_base, request.target, query, self._credentials)
        told.requests += 1
        try:
            answer = await self._client.send(signed.verb, signed.url, signed.headers, signed.shown)
        except VenueUnreachable as error:
            return no_reply(str(error))
        self._answered = True
        self._heed(answer.status, answer.headers)
        return reply_of(self._settings.market, answer.status, answer.body)

    async def _measure(self) -> rest.ClockSample:
        """Ask for the venue's time. Raises ConnectorError."""
        request = public_request(self._settings.rest_base, _TIME_PATHS[self._settings.market])
        asked_ns = self._clock_ns()
        self._budget.spend(asked_ns, 1, 0)
        answer = await self._client.send(request.verb, request.url, request.headers, request.shown)
        self._heed(answer.status, answer.headers)
        server_ns = rest.read_server_time(rest.accept(answer, "time"))
        return rest.clock_sample(asked_ns, self._clock_ns(), server_ns)

    def _heed(self, status: int, headers: dict[str, str]) -> None:
        """Take the counts of an answer, and be silent where it asks for that."""
        now_ns = self._clock_ns()
        self._budget.told_by_headers(now_ns, headers)
        wait_s = asked_wait_s(status, headers.get("retry-after", ""))
        if wait_s > 0:
            self._budget.close(now_ns + int(wait_s * _NS), orders_only=False)

    def _wait_ns(self, weight: int, urgency: Urgency) -> int:
        return self._budget.wait_ns(self._clock_ns(), weight, 0, urgency)

    async def _written(
        self, _session: aiohttp.ClientSession, _context: SimpleNamespace, sent: aiohttp.TraceRequestHeadersSentParams
    ) -> None:
        """Note when a cancel's bytes were handed to its connection."""
        if sent.method == "DELETE" and self._told is not None:
            self._told.last_cancel_ns = self._clock_ns()
            self._told.first_cancel_ns = self._told.first_cancel_ns or self._told.last_cancel_ns
