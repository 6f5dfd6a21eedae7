"""Binance's market data, live: rules, lines, books and clock. The only file of this folder that awaits."""

import asyncio
from collections.abc import Mapping

from connectors.base import ClockNs, ConnectorStats, Sink
from connectors.binance import rest
from connectors.binance.address import Address
from connectors.binance.instruments import find_symbol, read_exchange_info, to_instrument
from connectors.binance.messages import SymbolInfo
from connectors.binance.parse import UnitsPool, read_bars
from connectors.binance.requests import (
    EXCHANGE_INFO_WEIGHT,
    TIME_WEIGHT,
    depth_url,
    depth_weight,
    exchange_info_url,
    klines_url,
    klines_weight,
    lines,
    time_url,
)
from connectors.binance.session import MarketSession
from connectors.binance.settings import BinanceSettings
from connectors.binance.streams import VenueLink
from connectors.errors import ConnectorError, VenueRefused, VenueUnreachable
from connectors.pacing import Backoff, TokenBucket
from connectors.rest.transport import Answer, RestClient
from connectors.stream.lines import LineSetup
from connectors.stream.transport import LineSupervisor
from core.instruments import Instrument
from core.records import Event
from core.rng import Rng

_NS = 1_000_000_000
_CLOCK_SAMPLES = 5
_CLOCK_RETRY_S = 30.0


class BinanceConnector:
    """Market data of one Binance venue; see `connectors.base.MarketDataConnector`."""

    def __init__(
        self, settings: BinanceSettings, clock_ns: ClockNs, rng: Rng, sink: Sink, address: Address | None = None
    ) -> None:
        """Prepare; nothing is opened before `load_instruments`."""
        self._settings = settings
        self._clock_ns = clock_ns
        self._rng = rng
        self._sink = sink
        self._rest = RestClient(settings.request_timeout_s)
        self._address = address or Address()
        # Spaced, too, so that other requests find their turn between them.
        self._book_bucket = TokenBucket(per_second=1.0, burst=20)
        self._instruments: dict[str, Instrument] = {}
        self._sessions: list[MarketSession] = []
        self._supervisors: list[LineSupervisor] = []
        self._clock_error = ""

    @property
    def venue(self) -> str:
        """The venue's name."""
        return self._settings.venue

    @property
    def stats(self) -> ConnectorStats:
        """Counters and ages of all lines together."""
        now_ns = self._clock_ns()
        counters = [session.counters for session in self._sessions]
        raw: dict[str, int] = {}
        for each in counters:
            for why, count in each.raw.items():
                raw[why] = raw.get(why, 0) + count
        errors = [line.last_error for line in self._supervisors] + [self._clock_error]
        return ConnectorStats(
            frames=sum(line.frames for line in self._supervisors),
            bytes=sum(line.wire_bytes for line in self._supervisors),
            raw=raw,
            duplicates=sum(each.duplicates for each in counters),
            overlaps=sum(each.overlaps for each in counters),
            gaps=sum(each.gaps for each in counters),
            resyncs=sum(each.resyncs for each in counters),
            connects=sum(line.attempts for line in self._supervisors),
            reconnects=sum(max(session.opens - 1, 0) for session in self._sessions),
            rotations=sum(each.rotations for each in counters),
            requests=self._rest.requests,
            last_error=next((error for error in errors if error), ""),
            topics=tuple(topic for session in self._sessions for topic in session.topic_stats(now_ns)),
        )

    async def load_instruments(self) -> list[Instrument]:
        """Return the rules of the configured instruments, in their order.

        Raises UnknownSymbol, VenueUnreachable after `start_timeout_s`, VenueRefused, MalformedMessage.
        """
        settings = self._settings
        symbols = await self._read_rules_in_time()
        found = [
            to_instrument(find_symbol(symbols, symbol, self.venue), settings.market, self.venue)
            for symbol in settings.instruments
        ]
        self._instruments = {rules.symbol: rules for rules in found}
        return found

    def assign(self, indexes: Mapping[str, int], rules: Mapping[str, Instrument] | None = None) -> None:
        """Take the index of each symbol and make the lines' sessions, which tell events in the units of `rules`."""
        known = {**self._instruments, **(rules or {})}
        symbols = [symbol for symbol in self._settings.instruments if symbol in indexes]
        plan = lines(self._settings, symbols)
        link = VenueLink(self.venue, len(plan))
        pool = UnitsPool()
        self._sessions, self._supervisors = [], []
        for number, line in enumerate(plan):
            told = {indexes[stream.symbol]: known[stream.symbol] for stream in line.streams}
            session = MarketSession(self._settings, line.streams, told, link, pool)
            setup = LineSetup(
                url=line.url,
                connect_timeout_s=self._settings.connect_timeout_s,
                clock_ns=self._clock_ns,
                sink=self._sink,
                fetch_book=self._fetch_book,
                bucket=self._address.connects,
                quiet=self._address,
                backoff=Backoff(Rng(self._rng.next_u32(), stream=number), first_s=0.25, cap_s=30.0),
            )
            self._sessions.append(session)
            self._supervisors.append(LineSupervisor(setup, session))

    async def run(self) -> None:
        """Follow all lines and the venue's clock, until cancelled or until the sink raises."""
        try:
            async with self._rest, asyncio.TaskGroup() as group:
                for line in self._supervisors:
                    group.create_task(line.run(group))
                group.create_task(self._measure_clock())
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures

    async def load_bars(self, symbol: str, index: int, limit: int) -> list[Event]:
        """Return the symbol's latest closed bars of `bar_interval`, oldest first, at most `limit`.

        Raises VenueUnreachable, VenueRefused or MalformedMessage.
        """
        url = klines_url(self._settings, symbol, limit + 1)
        async with RestClient(self._settings.request_timeout_s) as client:
            answer = await self._get(url, klines_weight(self._settings, limit + 1), client)
        body = rest.accept(answer, "klines")
        return read_bars(body, self._clock_ns(), index, self._instruments[symbol])[-limit:]

    def request_snapshot(self, index: int, reason: str) -> None:
        """Withhold the book of an instrument and fetch it again."""
        for line in self._supervisors:
            line.request_snapshot(index, reason)

    def pause(self) -> None:
        """Stop reading from every connection."""
        for line in self._supervisors:
            line.pause()

    def resume(self) -> None:
        """Read again."""
        for line in self._supervisors:
            line.resume()

    async def _read_rules_in_time(self) -> dict[str, SymbolInfo]:
        """Ask for the trading rules until there is an answer, or no more time."""
        settings = self._settings
        backoff = Backoff(self._rng, first_s=0.1, cap_s=2.0)
        last = ""
        try:
            async with asyncio.timeout(settings.start_timeout_s), self._rest:
                while True:
                    try:
                        return await self._read_rules()
                    except VenueUnreachable as error:
                        last, wait_s = str(error), backoff.next_s()
                    except VenueRefused as error:
                        if error.retry_after_s <= 0:
                            raise
                        last, wait_s = str(error), error.retry_after_s
                    await asyncio.sleep(wait_s)
        except TimeoutError as error:
            raise VenueUnreachable(
                f"{self.venue} gave no trading rules within {settings.start_timeout_s:g} s; check rest_url "
                f"({settings.rest_base}) and the network. Last: {last or 'no answer'}"
            ) from error

    async def _read_rules(self) -> dict[str, SymbolInfo]:
        """Return the venue's symbols: ours alone where the market can filter and knows them all."""
        settings, weight = self._settings, EXCHANGE_INFO_WEIGHT[self._settings.market]
        try:
            answer = await self._get(exchange_info_url(settings, settings.instruments), weight)
            body = rest.accept(answer, "exchangeInfo")
        except VenueRefused as error:
            if error.status != 400:
                raise
            # "-1121 Invalid symbol.": one of them is unknown; the whole list tells which, and what is near.
            body = rest.accept(await self._get(exchange_info_url(settings), weight), "exchangeInfo")
        symbols = read_exchange_info(body)
        self._address.told_limits(rest.read_limits(body))
        return symbols

    async def _get(self, url: str, weight: int, client: RestClient | None = None) -> Answer:
        """Ask by REST as soon as the address has so much weight left that trading does not keep for itself.

        Not at all while the venue wants silence from this address, whoever of us it was told. Raises VenueRefused or
        VenueUnreachable.
        """
        while True:
            now_ns = self._clock_ns()
            if wait_ns := self._address.wait_ns(now_ns):
                wait_s = wait_ns / _NS
                raise VenueRefused(
                    f"the venue asked for silence for another {wait_s:.0f} s", status=429, retry_after_s=wait_s
                )
            if not (wait_ns := self._address.data_wait_ns(now_ns, weight)):
                break
            await asyncio.sleep(wait_ns / _NS)
        self._address.spend(now_ns, weight)
        try:
            answer = await (client or self._rest).get(url)
        except VenueRefused as error:
            self._address.close(self._clock_ns() + int(error.retry_after_s * _NS))
            raise
        self._address.told_by_headers(self._clock_ns(), answer.headers)
        return answer

    async def _fetch_book(self, symbol: str) -> bytes:
        """Return the body of a book snapshot. Raises VenueRefused or VenueUnreachable."""
        await asyncio.sleep(self._book_bucket.take(self._clock_ns()) / _NS)
        return rest.accept(await self._get(depth_url(self._settings, symbol), depth_weight(self._settings)), "depth")

    async def _measure_clock(self) -> None:
        """Measure the venue's clock against ours, now and every `clock_every_s`."""
        while True:
            try:
                samples = [await self._clock_sample() for _ in range(_CLOCK_SAMPLES)]
            except ConnectorError as error:
                self._clock_error = str(error)
                await asyncio.sleep(min(_CLOCK_RETRY_S, self._settings.clock_every_s))
                continue
            self._clock_error = ""
            self._sink([rest.clock_event(self.venue, self._clock_ns(), samples)])
            await asyncio.sleep(self._settings.clock_every_s)

    async def _clock_sample(self) -> rest.ClockSample:
        """Return one round trip's measure."""
        asked_ns = self._clock_ns()
        answer = await self._get(time_url(self._settings), TIME_WEIGHT)
        answered_ns = self._clock_ns()
        server_ns = rest.read_server_time(rest.accept(answer, "time"))
        return rest.clock_sample(asked_ns, answered_ns, server_ns)
