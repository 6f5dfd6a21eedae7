"""Every decision about trading at one Binance venue, from commands, bytes and a time passed in.

Pure: no socket, no clock. The transport hands in commands, frames, answers, the opening and closing of connections and
the passing of time; it finds in `events` what the core must hear, in `frames` and `questions` what must leave.

A command leaves in the same call where its budget allows and nothing more urgent waits. It leaves once: by the socket
where one is up, else by REST, and never again unless the venue said that it did nothing with it.
"""

from collections.abc import Mapping, Sequence

import msgspec

from connectors.base import Blocked, never
from connectors.binance.address import Address
from connectors.binance.settings import Market
from connectors.binance.topics import raw_event
from connectors.binance.trading import parse
from connectors.binance.trading.beginning import Beginning
from connectors.binance.trading.budget import Urgency
from connectors.binance.trading.bulk import answered
from connectors.binance.trading.calls import Call, CallKind
from connectors.binance.trading.clock import VenueClock
from connectors.binance.trading.codes import Meaning
from connectors.binance.trading.credentials import Credentials
from connectors.binance.trading.desk import Desk
from connectors.binance.trading.dispatch import Dispatcher
from connectors.binance.trading.links import Link, PrivateEvents
from connectors.binance.trading.logon import Facts
from connectors.binance.trading.messages import ApiError, ApiFrame
from connectors.binance.trading.names import Names
from connectors.binance.trading.outbox import Outbox, Waiting, may_repeat
from connectors.binance.trading.outgoing import Outgoing
from connectors.binance.trading.replies import Refused, read_error, refusal
from connectors.binance.trading.rules import is_of_rules
from connectors.binance.trading.settings import TradingSettings
from core.instruments import Instrument
from core.orders import ApprovedCommand
from core.records import NO_INSTRUMENT, Event

_NS = 1_000_000_000
_NS_PER_MS = 1_000_000
_LATE_NS = 60 * _NS  # how long an answer may come after its outcome was called unknown
_CLOCK_WAIT_NS = _NS
_BUSY_WAIT_NS = _NS // 4
_DOWN_WAIT_NS = 5 * _NS


class TradingSession:
    """One account at one venue, over all of its connections."""

    def __init__(self, settings: TradingSettings, credentials: Credentials, address: Address | None = None) -> None:
        """Know no instrument, and have no connection."""
        self.blocked: Blocked = never  # asked before anything but a cancel leaves
        self.venue = settings.venue
        self.dropped: list[tuple[int, str]] = []  # (connection, why) to end
        self.rotations: list[int] = []  # connections to be replaced without a break
        self.outbox = Outbox(settings.queue_max)
        self.clock = VenueClock(settings.clock_bound_ms, settings.clock_age_max_s)
        self.rules_wanted = False  # read the symbols' rules now: an order broke one
        self.stopping = False
        self._settings = settings
        self._credentials = credentials
        self.names = Names()
        self.desk = Desk(settings.venue, self.names)
        self.out = Outgoing(settings, credentials, self.desk, address)
        self.link = Link(settings.venue, self.desk.events, needs_private=settings.market is Market.USDM)
        self._private = PrivateEvents(settings.venue, self.desk)
        self._dispatcher = Dispatcher(settings, credentials, self.names)
        self._beginning = Beginning(self.out, self._dispatcher, logs_on=credentials.signer.logs_on)
        self._held_ns = 0  # nothing goes again before: the clock is measured, or the venue is too busy
        self._private_line = 0  # the connection of USDⓈ-M's private stream

    @property
    def instruments(self) -> Mapping[int, Instrument]:
        """The rules of the instruments by index."""
        return self._dispatcher.instruments

    def assign(self, instruments: Mapping[int, Instrument]) -> None:
        """Take the rules of the instruments by index."""
        self._dispatcher.assign(instruments)
        self.desk.assign(instruments)

    def on_facts(self, facts: Facts, now_ns: int) -> None:
        """Take what the checks found."""
        self._dispatcher.take(facts)
        self.out.budget.told(now_ns, facts.limits)

    def take_events(self) -> list[Event]:
        """Return what the core must hear, each event once."""
        taken = self.desk.events[:]
        self.desk.events.clear()
        return taken

    # ---- commands

    def send(self, command: ApprovedCommand, now_ns: int) -> None:
        """Let a command leave now, or wait, or answer it with a refusal."""
        urgency = self._dispatcher.urgency(command)
        if urgency is Urgency.OPEN or self.stopping or self.blocked():
            reason = self._reason_to_refuse(urgency, now_ns)
            if reason:
                self.desk.refuse(command, reason, now_ns, own=True)
                return
        waiting = Waiting(command, now_ns)
        if self.outbox.is_clear(urgency) and self._may_leave(command, urgency, now_ns):
            self._dispatch(waiting, now_ns)
            return
        self.out.sent.throttled += 1
        for gone in self.outbox.put(waiting, urgency):
            full = gone is waiting and urgency is not Urgency.CANCEL
            why = "too many commands wait for the venue's allowances" if full else "overtaken before it was sent"
            self.desk.refuse(gone.command, why, now_ns, own=True)
        self._drain(now_ns)

    def stop(self, now_ns: int) -> None:
        """Send cancels alone from now on."""
        self.stopping = True
        for waiting in self.outbox.take_all_but_cancels():
            self.desk.refuse(waiting.command, "trading ends", now_ns, own=True)

    def _reason_to_refuse(self, urgency: Urgency, now_ns: int) -> str:
        """Return why a command cannot be taken now, empty where it can."""
        if self.blocked():
            return "" if urgency is Urgency.CANCEL else "the guard has killed trading"
        if self.stopping:
            return "" if urgency is Urgency.CANCEL else "trading ends"
        if self.link.maintenance:
            return "the venue is in maintenance"
        return self.clock.doubt(now_ns)

    def _may_leave(self, command: ApprovedCommand, urgency: Urgency, now_ns: int) -> bool:
        if self._held_ns > now_ns or (urgency is not Urgency.CANCEL and (self.link.maintenance or self.blocked())):
            return False
        weight, orders = self._dispatcher.cost(command)
        return not self.out.budget.wait_ns(now_ns, weight, orders, urgency)

    def _dispatch(self, waiting: Waiting, now_ns: int) -> None:
        """Let a command leave, by the socket where one is up."""
        command = waiting.command
        request = self._dispatcher.request(command)
        if isinstance(request, str):
            self.desk.refuse(command, request, now_ns, own=True)
            return
        self.out.leave(Call(0, self._dispatcher.kind(command, request), 0, now_ns, (waiting,)), request, now_ns)

    def _drain(self, now_ns: int) -> None:
        """Let those leave who wait and whose budget allows, most urgent first."""
        while (first := self.outbox.first()) is not None:
            waiting, urgency = first
            command = waiting.command
            if not self._may_leave(command, urgency, now_ns):
                return
            batch = self._dispatcher.batch(command, self.outbox, self.desk.whole)
            if batch is not None:
                call = Call(0, batch.kind, 0, now_ns, batch.items, numbers=batch.numbers)
                self.out.leave(call, batch.request, now_ns)
                continue
            self.outbox.pop(urgency)
            self._dispatch(waiting, now_ns)

    # ---- connections

    def on_open(self, connection: int, now_ns: int, *, private: bool) -> None:
        """Begin on a new connection: subscribe and log on; USDⓈ-M's private stream needs neither."""
        if private:
            self._private_line = connection
            self.link.private_up(now_ns)
        elif self._credentials.signer.logs_on:
            self._beginning.ask(CallKind.LOGON, connection, now_ns)
        elif self._settings.market is Market.SPOT:
            self._beginning.ask(CallKind.SUBSCRIBE, connection, now_ns)
        else:
            self._take_charge(connection, now_ns)

    def on_lost(self, connection: int, now_ns: int, reason: str) -> None:
        """End with a connection: nobody tells any more what became of the requests on it."""
        self._beginning.lost(connection)
        for call in [each for each in self.desk.calls.values() if each.connection == connection]:
            self.desk.lose(call, f"the connection was lost before an answer: {reason}", now_ns)
            if call.kind in {CallKind.LOGON, CallKind.SUBSCRIBE}:
                self.desk.end(call)
        if connection == self.out.connection:
            self.out.connection = 0
            self.desk.whole.down()
            self.link.orders_down(now_ns, reason)
        if connection == self._private_line:
            self._private_line = 0
            self.link.private_down(now_ns, reason)

    def on_unwritten(self, number: int, now_ns: int) -> None:
        """Send by another way what never left: its connection was gone before it was written."""
        call = self.desk.calls.get(number)
        if call is None:
            return
        self.desk.end(call)
        if call.connection == self.out.connection:
            self.out.connection = 0
            self.desk.whole.down()
            self.link.orders_down(now_ns, "the connection ended while a request was written")
        for item in call.items:
            self._dispatch(item, now_ns)

    def on_unsent(self, number: int, reason: str, now_ns: int) -> None:
        """Answer what could not leave at all."""
        call = self.desk.calls.get(number)
        if call is not None:
            self.desk.end(call)
            for item in call.items:
                self.desk.refuse(item.command, reason, now_ns, own=True)

    def on_refused(self, status: int, reason: str, now_ns: int) -> None:
        """Take note that the venue lets no connection be made."""
        if status == 503 and not self.out.connection:
            self.link.in_maintenance(now_ns, reason)
        if status in {429, 418}:
            self._be_silent(status, read_error(self._settings.market, status, b""), 0, now_ns)

    def in_charge(self, connection: int) -> bool:
        """Whether orders are entered, or the private stream is heard, on a connection."""
        return connection in {self.out.connection, self._private_line}

    def _take_charge(self, connection: int, now_ns: int) -> None:
        """Enter orders on a connection from now on."""
        self.out.take_charge(connection, logged_on=self._credentials.signer.logs_on)
        self.link.orders_up(now_ns)
        self.desk.whole.up(now_ns)
        self._drain(now_ns)

    # ---- what comes in

    def receive(self, connection: int, frames: Sequence[bytes], now_ns: int, *, private: bool) -> None:
        """Take frames of a connection, in order. Never raises, accounts for every frame."""
        for frame in frames:
            if private:
                self._private.usdm(frame, now_ns)
                continue
            try:
                told = parse.decode_frame(frame)
            except parse.MALFORMED as error:
                self.desk.keep_malformed(frame, error, now_ns)
                continue
            if told.event:
                self._private.spot(bytes(told.event), now_ns)
            else:
                self._on_answer(connection, told, frame, now_ns)
        if self._private.expired or self._private.shutdown:
            self._change(connection)
        self._drain(now_ns)

    def _change(self, connection: int) -> None:
        """Leave a connection whose stream is over, replace one that the venue will end."""
        if self._private.expired:
            self.dropped.append((connection, "the venue ended the private stream: its key or subscription is gone"))
        else:
            self.rotations.append(connection)
        self._private.expired = self._private.shutdown = False

    def on_rest(self, number: int, status: int, body: bytes, headers: dict[str, str], now_ns: int) -> None:
        """Take the answer to a REST request of a command."""
        self.note_headers(status, headers, body, now_ns, number)
        call = self.desk.calls.get(number)
        if call is None:
            return
        if status == 200:
            self._succeed(call, body, now_ns)
            return
        error = parse.error_of(body)
        refused = refusal(self._settings.market, status, error)
        self._fail(call, status, refused, error, now_ns)
        self._drain(now_ns)

    def on_rest_failed(self, number: int, reason: str, now_ns: int) -> None:
        """Take note that a REST request has no answer."""
        call = self.desk.calls.get(number)
        if call is not None:
            self.desk.lose(call, reason, now_ns)

    def note_headers(self, status: int, headers: dict[str, str], body: bytes, now_ns: int, number: int = 0) -> None:
        """Take the counts of any REST answer, and obey it where it asks for silence."""
        self.out.budget.told_by_headers(now_ns, headers, self.desk.in_flight(number))
        if status in {429, 418}:
            refused = read_error(self._settings.market, status, body)
            text = headers.get("retry-after", "")
            until_ns = now_ns + int(text) * _NS if text.isdecimal() else refused.retry_after_ms * _NS_PER_MS
            self._be_silent(status, refused, until_ns, now_ns)

    def _on_answer(self, connection: int, told: ApiFrame, frame: bytes, now_ns: int) -> None:
        """Take the answer to a request of the WebSocket API."""
        number = told.id if isinstance(told.id, int) else 0
        if told.limits:
            self.out.budget.told(now_ns, told.limits, self.desk.in_flight(number))
        call = self.desk.calls.get(number)
        if call is None:
            self._on_stray(connection, told, frame, now_ns)
        elif told.status == 200:
            self._succeed(call, bytes(told.result), now_ns)
        else:
            error = told.error or ApiError()
            refused = refusal(self._settings.market, told.status, error)
            if told.status in {429, 418}:
                self._be_silent(told.status, refused, refused.retry_after_ms * _NS_PER_MS, now_ns)
            self._fail(call, told.status, refused, error, now_ns)

    def _on_stray(self, connection: int, told: ApiFrame, frame: bytes, now_ns: int) -> None:
        """Take an answer to nothing that we wait for; "id": null with 401 says that the key was revoked."""
        self.desk.events.append(raw_event(self.venue, NO_INSTRUMENT, now_ns, "an answer to no request", frame))
        if told.status == 401:
            self.dropped.append((connection, "the session was revoked: check the API key"))

    def _succeed(self, call: Call, body: bytes, now_ns: int) -> None:
        """Take an answer that grants."""
        if call.kind is CallKind.LOGON:
            self.desk.end(call)
            if self._settings.market is Market.SPOT:
                self._beginning.ask(CallKind.SUBSCRIBE, call.connection, now_ns)
            else:
                self._take_charge(call.connection, now_ns)
            return
        if call.kind is CallKind.SUBSCRIBE:
            self.desk.end(call)
            self._take_charge(call.connection, now_ns)
            return
        try:
            answered(self.desk, call, body, now_ns, stream_is_up=self.link.is_up)
        except parse.MALFORMED as error:
            self.desk.events.append(raw_event(self.venue, NO_INSTRUMENT, now_ns, f"answer: {error}"[:200], body))
            self.desk.lose(call, "the answer cannot be read", now_ns)

    def _fail(self, call: Call, status: int, refused: Refused, error: ApiError, now_ns: int) -> None:
        """Take an answer that does not grant. What the venue did nothing with may go again where it is a cancel."""
        meaning = refused.verdict.meaning
        self.rules_wanted = self.rules_wanted or is_of_rules(refused.code)
        if meaning is Meaning.CLOCK:
            self.clock.wanted = True
            self._held_ns = now_ns + _CLOCK_WAIT_NS
        if meaning is Meaning.DOWN and not self.out.connection:
            self.link.in_maintenance(now_ns, refused.reason)
        if call.kind in {CallKind.LOGON, CallKind.SUBSCRIBE}:
            self.desk.end(call)
            self.dropped.append((call.connection, f"{call.kind}: {refused.reason}"))
            return
        if call.kind in {CallKind.CANCEL, CallKind.BATCH, CallKind.ALL} and may_repeat(call.items[0], meaning):
            self.desk.end(call)
            if meaning is not Meaning.CLOCK and status not in {429, 418}:
                wait_ns = _DOWN_WAIT_NS if meaning is Meaning.DOWN else _BUSY_WAIT_NS
                self._held_ns = now_ns + wait_ns
            for item in reversed(call.items):
                self.outbox.put_back(msgspec.structs.replace(item, tries=item.tries + 1), Urgency.CANCEL)
            return
        self.desk.fail(call, refused, error.data, now_ns)

    def _be_silent(self, status: int, refused: Refused, until_ns: int, now_ns: int) -> None:
        """Obey: "you should back off and stop spamming the API"."""
        default_ns = now_ns + (120 if status == 418 else 10) * _NS
        until_ns = until_ns if until_ns > now_ns else default_ns
        self.out.budget.close(until_ns, orders_only=refused.code == -1015)
        self.link.limited(now_ns, until_ns, refused.reason)

    # ---- time

    def on_clock(self, offset_ns: int, now_ns: int, jumps: int | None = None) -> bool:
        """Take a measure of the venue's clock less ours, see `VenueClock.measured`; return whether it is believed."""
        if not self.clock.measured(offset_ns, now_ns, jumps):
            return False
        self.out.offset_ns = self.out.budget.offset_ns = offset_ns
        self._held_ns = 0
        return True

    def on_drift(self, drift_ns: int, now_ns: int) -> None:
        """See how far the wall clock is from ours; where it jumped, tell it: no measure is believed before the next."""
        jumped_ns = self.clock.looked(drift_ns)
        if jumped_ns:
            self.desk.events.append(self.clock.jump(self.venue, jumped_ns, now_ns))

    def on_time(self, now_ns: int) -> None:
        """See time pass: outcomes that nobody tells, commands that wait too long, silences that end."""
        timeout_ns = int(self._settings.answer_timeout_s * _NS)
        silent: dict[int, None] = {}
        for call in list(self.desk.calls.values()):
            age_ns = now_ns - call.sent_ns
            if call.settle_ns and now_ns >= call.settle_ns:
                self.desk.settle(call, now_ns)
            elif age_ns > _LATE_NS:
                self.desk.end(call)
            elif age_ns > timeout_ns and not call.told_unknown and not call.settle_ns:
                if call.connection:
                    silent[call.connection] = None
                self.desk.lose(call, f"no answer within {self._settings.answer_timeout_s:g} s", now_ns)
                call.told_unknown = True
        # "Silent past its deadline": a request without an answer says more about a connection than pings do.
        self.dropped += [(connection, "a request was not answered in time") for connection in silent]
        for waiting in self.outbox.take_old(now_ns - int(self._settings.queue_age_s * _NS)):
            why = f"waited more than {self._settings.queue_age_s:g} s for the venue's allowances"
            self.desk.refuse(waiting.command, why, now_ns, own=True)
        self.link.on_time(now_ns)
        self._beginning.on_time(now_ns)
        self._drain(now_ns)
