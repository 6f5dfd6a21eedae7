"""Asks by REST, within the account's budget."""

import asyncio
from typing import TypeVar

from connectors.base import ClockNs
from connectors.binance import rest
from connectors.binance.settings import Market
from connectors.binance.trading import parse
from connectors.binance.trading.budget import Urgency
from connectors.binance.trading.credentials import Credentials
from connectors.binance.trading.dead_man import DeadMan
from connectors.binance.trading.replies import Asking, Question, Reply, no_reply, reply_of
from connectors.binance.trading.requests import RestRequest, Target, public_request, rest_request
from connectors.binance.trading.session import TradingSession
from connectors.binance.trading.settings import TradingSettings
from connectors.errors import VenueUnreachable
from connectors.rest.transport import Answer, RestClient
from core.codec import KIND_OF
from core.events import ClockMeasured
from core.records import NO_INSTRUMENT

_NS = 1_000_000_000
_NS_PER_MS = 1_000_000
_CLOCK_SAMPLES = 3
_CLOCK_PATHS = {Market.SPOT: "/api/v3/time", Market.USDM: "/fapi/v1/time"}
_LISTEN_KEY = "/fapi/v1/listenKey"

Answered = TypeVar("Answered")


class Asker:
    """One account's REST client. Use within `async with asker.client:`."""

    def __init__(
        self, settings: TradingSettings, credentials: Credentials, session: TradingSession, clock_ns: ClockNs
    ) -> None:
        """Count against the session's budget, and let it know what answers say of it."""
        self.client = RestClient(settings.request_timeout_s)
        self.last_error = ""
        self.clock_uncertainty_ns = 0
        self._settings = settings
        self._credentials = credentials
        self._session = session
        self._clock_ns = clock_ns

    async def answer(self, course: Asking[Answered]) -> Answered:
        """Ask one question of a course after another; return what they come to. Raises what the course raises."""
        reply: Reply | None = None
        while True:
            try:
                question = next(course) if reply is None else course.send(reply)
            except StopIteration as end:
                found: Answered = end.value
                return found
            reply = await self.reply(question)

    async def reply(self, question: Question) -> Reply:
        """Ask one question as soon as its budget allows."""
        session, target = self._session, question.request.target
        now_ns = await self._allowed(target.weight)
        query = question.request.query((now_ns + session.out.offset_ns) // _NS_PER_MS)
        base = question.base or self._settings.rest_base
        if question.signed:
            request = rest_request(base, target, query, self._credentials)
        else:
            request = public_request(base, f"{target.path}?{query}" if query else target.path)
        try:
            answer = await self._send(request)
        except VenueUnreachable as error:
            return no_reply(str(error))
        return reply_of(self._settings.market, answer.status, answer.body)

    async def _allowed(self, weight: int) -> int:
        """Wait until so much may be asked, silences included, and count it; return the time then."""
        budget = self._session.out.budget
        now_ns = self._clock_ns()
        while wait_ns := budget.wait_ns(now_ns, weight, 0, Urgency.REDUCE):
            await asyncio.sleep(wait_ns / _NS)
            now_ns = self._clock_ns()
        budget.spend(now_ns, weight, 0)
        return now_ns

    async def arm(self, dead_man: DeadMan) -> None:
        """Arm every symbol anew, side by side: one that gets no answer must not let the others' timers run out."""
        instruments = self._session.instruments.items()
        await asyncio.gather(*(self._arm(dead_man, index, rules.symbol) for index, rules in instruments))

    async def _arm(self, dead_man: DeadMan, index: int, symbol: str) -> None:
        asked_ns = self._clock_ns()
        reply = await self.reply(dead_man.question(symbol))
        self._session.desk.events += dead_man.answered(index, symbol, reply, asked_ns, self._clock_ns())

    async def command(self, number: int, request: RestRequest) -> None:
        """Send a command and hand its answer, or that there is none, to the session."""
        try:
            answer = await self.client.send(request.verb, request.url, request.headers, request.shown)
        except VenueUnreachable as error:
            self.last_error = str(error)
            self._session.on_rest_failed(number, str(error), self._clock_ns())
        else:
            self._session.on_rest(number, answer.status, answer.body, answer.headers, self._clock_ns())

    async def measure_clock(self) -> None:
        """Measure the venue's clock against ours; the shortest round trip is believed, unless our clock jumped.

        Raises VenueUnreachable, VenueRefused or MalformedMessage.
        """
        jumps = self._session.clock.jumps
        request = public_request(self._settings.rest_base, _CLOCK_PATHS[self._settings.market])
        samples = []
        for _ in range(_CLOCK_SAMPLES):
            asked_ns = await self._allowed(1)
            answer = await self._send(request)
            server_ns = rest.read_server_time(rest.accept(answer, "time"))
            samples.append(rest.clock_sample(asked_ns, self._clock_ns(), server_ns))
        best = min(samples, key=lambda sample: sample.uncertainty_ns)
        if not self._session.on_clock(best.offset_ns, self._clock_ns(), jumps):
            return  # it is wanted again
        self.clock_uncertainty_ns = best.uncertainty_ns
        measured = ClockMeasured(
            venue=self._settings.venue, offset_ns=best.offset_ns, uncertainty_ns=best.uncertainty_ns
        )
        event = (KIND_OF[ClockMeasured], 0, NO_INSTRUMENT, self._clock_ns(), 0, measured, 0, 0, 0, 0)
        self._session.desk.events.append(event)

    async def new_listen_key(self) -> str:
        """Return a listen key: "POST [...] will return the currently active listenKey". Raises VenueUnreachable."""
        answer = await self._listen_key("POST")
        try:
            key = parse.decode_listen_key(answer.body).key if answer.status == 200 else ""
        except parse.MALFORMED:
            key = ""
        if not key:
            raise VenueUnreachable(f"no listen key: HTTP {answer.status}, code {parse.error_of(answer.body).code}")
        return key

    async def extend_listen_key(self) -> int:
        """Extend the listen key's 60 minutes; return the code of the refusal, 0 for none. Raises VenueUnreachable."""
        answer = await self._listen_key("PUT")
        return 0 if answer.status == 200 else parse.error_of(answer.body).code or answer.status

    async def _listen_key(self, verb: str) -> Answer:
        await self._allowed(1)
        target = Target("", verb, _LISTEN_KEY)
        return await self._send(rest_request(self._settings.rest_base, target, "", self._credentials, signed=False))

    async def _send(self, request: RestRequest) -> Answer:
        """Send a request that is no command. Raises VenueUnreachable."""
        try:
            answer = await self.client.send(request.verb, request.url, request.headers, request.shown)
        except VenueUnreachable as error:
            self.last_error = str(error)
            raise
        self.last_error = ""
        self._session.note_headers(answer.status, answer.headers, answer.body, self._clock_ns())
        return answer
