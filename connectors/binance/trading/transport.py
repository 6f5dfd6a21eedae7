"""Trading at one Binance venue, live: connections, REST, clock, keys and timers. The only file here that awaits."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence

from connectors.base import Blocked, ClockNs, Sink, TradingStats, never
from connectors.binance.address import Address
from connectors.binance.settings import Market
from connectors.binance.trading.asking.transport import Asker
from connectors.binance.trading.credentials import Credentials
from connectors.binance.trading.dead_man import DeadMan
from connectors.binance.trading.inquiry import Inquirer
from connectors.binance.trading.logon import log_on
from connectors.binance.trading.requests import RestRequest
from connectors.binance.trading.rules import read_rules
from connectors.binance.trading.session import TradingSession
from connectors.binance.trading.settings import TradingSettings
from connectors.binance.trading.stats import stats_of
from connectors.errors import ConnectorError, MalformedMessage, VenueUnreachable
from connectors.pacing import Backoff
from connectors.stream.duplex.transport import DuplexLine, DuplexSetup
from core.codec import KIND_OF
from core.events import InstrumentDefined
from core.evidence import EvidenceWanted
from core.instruments import Instrument
from core.orders import ApprovedCommand
from core.rng import Rng

_TICK_S = 0.1
_BUSY_TICK_S = 0.01  # while commands wait for their budget
_CLOCK_RETRY_S = 1.0
_KEY_RETRY_S = 5.0
_RULES_PAUSE_S = 1.0  # rejections in a row ask once
_INVALID_LISTEN_KEY = -1125


class BinanceTrading:
    """Order entry, private stream and account queries; see `connectors.base.TradingConnector`."""

    def __init__(
        self,
        settings: TradingSettings,
        credentials: Credentials,
        clock_ns: ClockNs,
        rng: Rng,
        sink: Sink,
        address: Address | None = None,
        wall_ns: ClockNs = time.time_ns,
        blocked: Blocked = never,
    ) -> None:
        """Prepare; nothing is opened before `check` or `run`. `wall_ns` tells when the machine's clock is set."""
        self._settings = settings
        self._credentials = credentials
        self._clock_ns = clock_ns
        self._wall_ns = wall_ns
        self._sink = sink
        self._session = TradingSession(settings, credentials, address)
        self._session.blocked = blocked
        self._session.on_drift(wall_ns() - clock_ns(), clock_ns())
        self._inquirer = Inquirer(settings, {}, self._session.names)
        self._asker = Asker(settings, credentials, self._session, clock_ns)
        self._connections = 0
        self._opened: dict[int, DuplexLine] = {}
        self._group: asyncio.TaskGroup | None = None
        self._asked_early: list[EvidenceWanted] = []
        self._checked = False
        self._native: Mapping[str, tuple[str, ...]] = {}
        self._failure: Exception | None = None
        self._failed = asyncio.Event()
        self._problem = ""  # of a chore, empty since it last went well
        self._dead_man = DeadMan(settings)
        self._rng = Rng(rng.next_u32(), stream=0)
        self._orders_line = DuplexLine(self._setup(self._orders_url, 1), self)
        self._private_line: DuplexLine | None = None
        if settings.market is Market.USDM:
            self._private_line = DuplexLine(self._setup(self._private_url, 2), self)

    @property
    def venue(self) -> str:
        """The venue's name."""
        return self._settings.venue

    @property
    def stats(self) -> TradingStats:
        """Counters and allowances."""
        now_ns, asker = self._clock_ns(), self._asker
        lines = [line for line in (self._orders_line, self._private_line) if line is not None]
        return stats_of(
            self._session,
            now_ns,
            reconnects=sum(max(line.attempts - 1, 0) for line in lines),
            requests=asker.client.requests,
            last_error=next(
                (line.last_error for line in lines if line.last_error),
                asker.last_error or self._problem or self._dead_man.problem,
            ),
            clock_uncertainty_ns=asker.clock_uncertainty_ns,
            dead_man_until_ns=self._dead_man_until_ns(now_ns),
        )

    def _dead_man_until_ns(self, now_ns: int) -> int | None:
        """Return when the first of the venue's dead-man timers runs out, 0 where one is not armed, None for spot."""
        if self._settings.market is Market.SPOT:
            return None
        until_ns = min(
            (self._dead_man.until_ns.get(each.symbol, 0) for each in self._session.instruments.values()), default=0
        )
        return until_ns if until_ns > now_ns else 0

    @property
    def native(self) -> Mapping[str, tuple[str, ...]]:
        """Words for `Instrument.native` by symbol, once `check` has asked: what may be left to this venue."""
        return self._native

    def assign(self, instruments: Mapping[int, Instrument]) -> None:
        """Take the rules of the instruments by index, before `run`."""
        self._session.assign(instruments)
        self._inquirer = Inquirer(self._settings, instruments, self._session.names)

    async def check(self) -> None:
        """Compare key, account and symbols with the settings, and measure the clock, before `run`; `run` does it too.

        Raises ConnectorError for what must be put right, VenueUnreachable where the venue did not answer in time.
        """
        assigned = (rules.symbol for rules in self._session.instruments.values())
        # Instruments are assigned after this: what the venue keeps itself becomes a part of their definition.
        symbols = list(dict.fromkeys([*self._settings.instruments, *assigned]))
        backoff = Backoff(self._rng, first_s=0.2, cap_s=2.0)
        last = "no answer"
        try:
            async with asyncio.timeout(self._settings.start_timeout_s), self._asker.client:
                while True:
                    try:
                        await self._asker.measure_clock()
                        facts = await self._asker.answer(log_on(self._settings, symbols))
                    except (VenueUnreachable, MalformedMessage) as error:
                        last = str(error)
                        await asyncio.sleep(backoff.next_s())
                        continue
                    self._session.on_facts(facts, self._clock_ns())
                    self._native = facts.native
                    self._checked = True
                    return
        except TimeoutError:
            raise VenueUnreachable(
                f"{self.venue} did not let us check the key and the account within "
                f"{self._settings.start_timeout_s:g} s; check rest_url ({self._settings.rest_base}) and the network. "
                f"Last: {last}"
            ) from None

    async def run(self) -> None:
        """Log on, follow the private stream, send what is handed over; until cancelled or until the sink raises.

        Raises what `check` raises.
        """
        if not self._checked:
            await self.check()
        try:
            async with self._asker.client, asyncio.TaskGroup() as group:
                self._group = group
                group.create_task(self._orders_line.run())
                if self._private_line is not None:
                    group.create_task(self._private_line.run())
                    group.create_task(self._keep_listen_key())
                    group.create_task(self._keep_alive())
                group.create_task(self._watch_clock())
                group.create_task(self._watch_rules())
                group.create_task(self._tick())
                for wanted in self._asked_early:
                    group.create_task(self._inquire(wanted))
                self._asked_early.clear()
                await self._failed.wait()
                assert self._failure is not None
                raise self._failure
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures
        finally:
            self._group = None

    def send(self, command: ApprovedCommand, now_ns: int) -> None:
        """Send an approved command: it is written before this returns where its budget allows."""
        self._session.send(command, now_ns)
        self._flush()

    def ask(self, wanted: EvidenceWanted, now_ns: int) -> None:
        """Ask the venue for evidence."""
        if self._group is None:
            self._asked_early.append(wanted)
        else:
            self._start(self._inquire(wanted))

    def _start(self, work: Coroutine[object, object, None]) -> bool:
        """Start something that ends with `run`; False, and nothing is started, where that is ending already."""
        assert self._group is not None
        try:
            self._group.create_task(work)
        except RuntimeError:  # how a group that is ending refuses
            work.close()
            return False
        return True

    async def close(self, grace_s: float) -> None:
        """Let cancels that wait go out and be answered, for at most `grace_s`; `run` is the caller's to cancel."""
        self._session.stop(self._clock_ns())
        self._flush()
        until_s = asyncio.get_running_loop().time() + grace_s
        while asyncio.get_running_loop().time() < until_s:
            if not len(self._session.outbox) and not self._session.desk.has_open_calls:
                return
            await asyncio.sleep(_BUSY_TICK_S)

    # ---- what the lines tell

    def next_connection(self) -> int:
        """Return a number that no connection had."""
        self._connections += 1
        return self._connections

    def on_open(self, line: DuplexLine, connection: int) -> None:
        """Begin on a connection."""
        self._opened[connection] = line
        self._session.on_open(connection, self._clock_ns(), private=line is self._private_line)
        self._flush()

    def on_messages(self, line: DuplexLine, connection: int, messages: Sequence[bytes]) -> None:
        """Take messages; the time is taken once for all of them."""
        self._session.receive(connection, messages, self._clock_ns(), private=line is self._private_line)
        self._flush()

    def on_lost(self, line: DuplexLine, connection: int, reason: str) -> None:
        """End with a connection."""
        self._opened.pop(connection, None)
        self._session.on_lost(connection, self._clock_ns(), reason)
        self._flush()

    def on_refused(self, line: DuplexLine, status: int, reason: str) -> None:
        """Take note that there is no connection."""
        self._session.on_refused(status, reason, self._clock_ns())
        self._flush()

    def in_charge(self, connection: int) -> bool:
        """Whether a connection has taken over."""
        return self._session.in_charge(connection)

    # ---- what the session wants

    def _flush(self) -> None:
        """Write frames first, then hand events on, then do the rest."""
        session = self._session
        while session.out.frames:
            for connection, number, frame in session.out.take_frames():
                line = self._opened.get(connection)
                if line is None or not line.write(connection, frame):
                    session.on_unwritten(number, self._clock_ns())
        if session.out.questions:
            for number, request in session.out.take_questions():
                self._spawn(number, request)
        events = session.take_events()
        if events and self._failure is None:
            try:
                self._sink(events)
            except Exception as error:  # noqa: BLE001  # raised again by `run`
                self._failure = error
                self._failed.set()
        if session.dropped or session.rotations:
            # Later: an abort from within a connection's own callback would tell of its end in its middle.
            asyncio.get_running_loop().call_soon(self._change_connections)

    def _change_connections(self) -> None:
        """End and replace connections."""
        session = self._session
        dropped, rotations = session.dropped[:], session.rotations[:]
        session.dropped.clear()
        session.rotations.clear()
        for connection, reason in dropped:
            if line := self._opened.get(connection):
                line.abort(connection, reason)
        for connection in rotations:
            if line := self._opened.get(connection):
                line.rotate()

    def _spawn(self, number: int, request: RestRequest) -> None:
        """Send a command by REST."""
        if self._group is None or not self._start(self._send_rest(number, request)):
            self._session.on_unsent(number, "the connector is not running", self._clock_ns())

    async def _send_rest(self, number: int, request: RestRequest) -> None:
        """Send a command by REST and hand on what its answer comes to."""
        await self._asker.command(number, request)
        self._flush()

    async def _inquire(self, wanted: EvidenceWanted) -> None:
        """Ask for evidence and hand it in, whatever it came to."""
        given = await self._asker.answer(self._inquirer.ask(wanted, self._clock_ns()))
        self._session.desk.given(given, self._clock_ns())
        self._flush()

    # ---- chores

    async def _tick(self) -> None:
        """Show the session the time."""
        while True:
            await asyncio.sleep(_BUSY_TICK_S if len(self._session.outbox) else _TICK_S)
            now_ns = self._clock_ns()
            self._session.on_drift(self._wall_ns() - now_ns, now_ns)
            self._session.on_time(now_ns)
            self._flush()

    async def _watch_clock(self) -> None:
        """Measure the venue's clock every so often, and when a request's time was refused."""
        while True:
            waited_s = 0.0
            while waited_s < self._settings.clock_every_s and not self._session.clock.wanted:
                await asyncio.sleep(_TICK_S)
                waited_s += _TICK_S
            try:
                await self._asker.measure_clock()
            except ConnectorError as error:
                self._problem = str(error)
                await asyncio.sleep(_CLOCK_RETRY_S)
            else:
                self._problem = ""
            self._flush()

    async def _watch_rules(self) -> None:
        """Read the symbols' rules every so often, and when an order broke one; tell those that are others now."""
        session = self._session
        while True:
            waited_s = 0.0
            while waited_s < self._settings.rules_every_s and not session.rules_wanted:
                await asyncio.sleep(_TICK_S)
                waited_s += _TICK_S
            session.rules_wanted = False
            try:
                changed = await self._asker.answer(read_rules(self._settings.market, session.instruments))
            except ConnectorError as error:
                self._problem = str(error)
            else:
                if changed:
                    self.assign({**session.instruments, **changed})
                session.desk.events += [
                    (KIND_OF[InstrumentDefined], 0, index, self._clock_ns(), 0, InstrumentDefined(rules), 0, 0, 0, 0)
                    for index, rules in changed.items()
                ]
            self._flush()
            await asyncio.sleep(_RULES_PAUSE_S)

    async def _keep_alive(self) -> None:
        """Arm the venue's dead-man timer again and again while orders can be entered."""
        if self._settings.dead_man_s <= 0:
            return
        while not self._session.stopping:
            if not self._session.link.is_up:
                await asyncio.sleep(_TICK_S)
                continue
            await self._asker.arm(self._dead_man)
            self._flush()
            await asyncio.sleep(self._settings.dead_man_s / 3)

    async def _keep_listen_key(self) -> None:
        """Extend the listen key: "a User Data Stream listenKey is valid for 60 minutes after creation"."""
        every_s = self._settings.listen_key_every_s
        while True:
            await asyncio.sleep(every_s)
            try:
                code = await self._asker.extend_listen_key()
            except VenueUnreachable:
                every_s = min(_KEY_RETRY_S, self._settings.listen_key_every_s)
                continue
            every_s = self._settings.listen_key_every_s
            if code == _INVALID_LISTEN_KEY:
                # "if response -1125 error "This listenKey does not exist." Please use POST to recreate listenKey"
                for connection, line in list(self._opened.items()):
                    if line is self._private_line:
                        line.abort(connection, "the listen key is gone")

    async def _orders_url(self) -> str:
        """Return where orders are entered."""
        return self._settings.ws_api_base

    async def _private_url(self) -> str:
        """Return where the private stream is, with a key of now. Raises VenueUnreachable."""
        return f"{self._settings.private_base}/ws/{await self._asker.new_listen_key()}"

    def _setup(self, url: Callable[[], Awaitable[str]], stream: int) -> DuplexSetup:
        """Return what a line works with."""
        settings = self._settings
        return DuplexSetup(
            url=url,
            clock_ns=self._clock_ns,
            wall_ns=self._wall_ns,
            bucket=self._session.out.budget.address.connects,
            quiet=self._session.out.budget.address,
            backoff=Backoff(Rng(self._rng.next_u32(), stream=stream), first_s=0.25, cap_s=30.0),
            connect_timeout_s=settings.connect_timeout_s,
            ping_after_s=settings.ping_after_s,
            rotate_after_s=settings.rotate_after_s,
        )
