"""The simulated venue as its driver sees it: requests travel, orders match, reports travel back.

This is the glue between the names of commands and reports and the numbers of the hot functions (`matcher.py`,
`events.py`), which a compiled driver calls without it.
"""

from collections import deque
from collections.abc import Sequence

from connectors.sim.answers import move_to, next_due
from connectors.sim.bars import open_bar, serve_bars
from connectors.sim.clients import Clients
from connectors.sim.codes import NO_REASON, TIME_IN_FORCE_CODES
from connectors.sim.delays import CONSTANT, Delay, delay_state
from connectors.sim.errors import MissingVolume, UnsupportedInstrument
from connectors.sim.events import on_market_event
from connectors.sim.fifo import on_order_event
from connectors.sim.ladder import Ladder, resting, taken_levels
from connectors.sim.listing import Listing, define, venue_numbers
from connectors.sim.matcher import advance, next_arrival, receive_first
from connectors.sim.orders import Request, order_state
from connectors.sim.replacing import (
    ask_for,
    cancel_changed,
    change,
    keeps_place,
    why_cancelled,
    why_not_changed,
)
from connectors.sim.reports import DueReport, Reports, reason_text
from connectors.sim.settings import SimSettings
from connectors.sim.view import touch_met
from core.clock import NEVER
from core.codec import encode_payload
from core.events import OrderReport, ReportType
from core.ids import revision_id
from core.instruments import Instrument
from core.market import Market
from core.orders import ApprovedCancel, ApprovedReplace, ApprovedSubmit, OrderType
from core.records import Event, Kind

_REQUESTS_AT_FIRST = 64
_MARKET = OrderType.MARKET  # a module's attribute costs a quarter of an enumeration's
_MBO = int(Kind.MBO)

Command = ApprovedSubmit | ApprovedCancel | ApprovedReplace


class SimVenue:
    """A venue without a network: the same settings, commands and events give the same reports.

    The driver keeps one rule: an event goes first into the `Market`, then into `on_event`. For a request to meet the
    market of its arrival rather than that of the next event, call `advance` before the market moves:

        venue.advance(event[3])
        effects = engine.step(event)  # moves the market; its approved commands go to `submit` and `cancel`
        venue.on_event(event)
        for due_ns, instrument, report in venue.poll(now_ns): ...  # the next inputs
    """

    __slots__ = (
        "_clients",
        "_commands",
        "_instruments",
        "_listings",
        "_markets",
        "_name",
        "_numbers",
        "_replaces",
        "_reports",
        "_requests",
        "_settings",
    )

    def __init__(self, settings: SimSettings, venue_name: str) -> None:
        """Start empty; `venue_name` begins every venue order id and exec id."""
        self._settings = settings
        self._name = venue_name
        self._numbers = venue_numbers(settings)
        self._clients = Clients()
        self._instruments: dict[int, Instrument] = {}
        self._listings: list[Listing] = []
        self._markets: list[Market] = []
        self._requests = [Request() for _ in range(_REQUESTS_AT_FIRST)]
        self._commands: deque[Command] = deque()  # those of the requests under way
        self._replaces = 0  # how many of them are replacements
        self._reports = Reports(settings, venue_name, self._clients, self._instruments)

    def define(self, index: int, instrument: Instrument, market: Market) -> None:
        """List an instrument, or change its rules; `market` is read only. Raises SimError."""
        impact = self._settings.impact
        if impact.needs_volume and instrument.id not in impact.daily_volumes:
            unit = "contracts" if instrument.inverse else f"whole units of {instrument.base}"
            raise MissingVolume(
                f"the impact model {impact.model.value!r} needs to know how much of {instrument.id} trades a day; "
                f'write it in {unit}: impact.daily_volumes."{instrument.id}" = 1000'
            )
        while len(self._listings) <= index:
            self._listings.append(Listing())
            self._markets.append(market)
        self._markets[index] = market
        self._instruments[index] = instrument
        try:
            define(self._listings[index], self._settings, instrument)
        except OverflowError as error:
            raise UnsupportedInstrument(
                f"the fees of {instrument.id} in {self._settings.fee_decimals} decimals are beyond 64 bits: "
                "lower fee_decimals"
            ) from error

    def submit(self, command: ApprovedSubmit, now_ns: int) -> None:
        """Send an order; the matching sees it an entry latency later."""
        intent = command.intent
        request = self._send(command, intent.client_order_id, now_ns)
        request.is_cancel = False
        request.instrument = intent.instrument
        request.sign = int(intent.side)
        request.is_market = intent.type is _MARKET
        request.time_in_force = TIME_IN_FORCE_CODES[intent.time_in_force]
        request.quantity = intent.quantity
        request.price = intent.price
        request.post_only = intent.post_only
        request.reduce_only = intent.reduce_only

    def cancel(self, command: ApprovedCancel, now_ns: int) -> None:
        """Send a cancel; the order may fill before it arrives."""
        request = self._send(command, command.client_order_id, now_ns)
        request.is_cancel = True
        request.instrument = command.instrument

    def replace(self, command: ApprovedReplace, now_ns: int) -> None:
        """Send a replacement; what the order fills before it arrives counts, one that is gone by then is refused."""
        request = self._send(command, command.client_order_id, now_ns)
        self._replaces += 1
        request.is_cancel = False
        request.instrument = command.instrument
        request.quantity = command.quantity
        request.price = command.price

    def on_event(self, event: Event) -> None:
        """Match on an event that the market has taken in, then take requests that arrived by its time."""
        index = event[2]
        listings = self._listings
        if index < len(listings) and listings[index].active:
            kind, flags, _, now_ns, venue_ns, price, quantity, _, _, rank = event
            assert isinstance(price, int)
            numbers, listing, market, out = self._numbers, listings[index], self._markets[index], self._reports
            orders = self._clients.orders
            if kind == _MBO:
                on_order_event(numbers, listing, orders, market, flags, now_ns, price, quantity, rank, out)
            else:
                on_market_event(numbers, listing, orders, market, kind, flags, now_ns, venue_ns, price, quantity, out)
        if self._arrival_ns() <= event[3]:
            self._numbers.match_ns = max(self._numbers.match_ns, event[3])
            self.advance(event[3])

    def on_bar(self, bar: Event) -> None:
        """See a BAR that has closed: nothing to the matching, which was told of it at its opening."""

    def open_bar(self, bar: Event) -> None:
        """Take a BAR at its opening time (`venue_ns`), for a market of bars alone: requests trade at its open.

        Its low and high serve resting orders later, at its close (`recv_ns`): they are not seen before.
        """
        index = bar[2]
        _, _, _, close_ns, open_ns, price, high, low, _, _ = bar
        if index < len(self._listings) and self._listings[index].listed:
            assert isinstance(price, int)
            self.advance(open_ns - 1)
            market = self._markets[index]
            table = self._clients.orders
            open_bar(
                self._numbers, self._listings[index], table, market, open_ns, close_ns, price, high, low, self._reports
            )

    @property
    def active(self) -> bool:
        """Whether a market event could matter: an order of ours rests, or took what the market has not yet refilled."""
        for listing in self._listings:  # noqa: SIM110 - `any` of a generator costs four times as much
            if listing.active:
                return True
        return False

    def listing(self, index: int) -> Listing:
        """The numbers of one instrument, for drivers that look at `quiet_low` and `quiet_high` before `on_event`."""
        return self._listings[index]

    def advance(self, now_ns: int) -> None:
        """Take the requests that have arrived by `now_ns`, each at its time, on the market as it stands."""
        numbers = self._numbers
        if numbers.bar_due_ns > now_ns and self._arrival_ns() > now_ns:
            return
        if self._replaces:
            self._advance_singly(now_ns)
            return
        advance(numbers, self._listings, self._markets, self._clients.orders, self._requests, now_ns, self._reports)
        while len(self._commands) > numbers.request_count:
            self._commands.popleft()

    def next_due_ns(self) -> int:
        """When a request arrives or a report reaches us next, 0 if neither is under way."""
        arrival_ns, report_ns, bar_ns = self._arrival_ns(), self._reports.next_due_ns(), self._numbers.bar_due_ns
        due_ns = arrival_ns if arrival_ns < report_ns else report_ns  # noqa: FURB136 - `min` takes as long as all else
        due_ns = due_ns if due_ns < bar_ns else bar_ns  # noqa: FURB136 - likewise
        return due_ns if due_ns != NEVER else 0

    def poll(self, now_ns: int) -> list[DueReport]:
        """Remove and return, in order, the (due_ns, instrument, report) that have reached us by `now_ns`."""
        return self._reports.take_due(now_ns)

    def state(self) -> list[object]:
        """Return everything that decides what comes next, as plain values, the same on every machine."""
        numbers = self._numbers
        requests = [
            (self._request(place).arrival_ns, type(command).__name__, encode_payload(command))
            for place, command in enumerate(self._commands)
        ]
        counts = [numbers.match_ns, numbers.orders, numbers.executions, self._reports.state(), *self._drawn()]
        return [
            requests,
            counts,
            [(index, self._state_of(self._listings[index])) for index in sorted(self._instruments)],
        ]

    def _advance_singly(self, now_ns: int) -> None:
        """Do as `matcher.advance`, which knows no replacements."""
        numbers = self._numbers
        while min(numbers.bar_due_ns, self._arrival_ns()) <= now_ns:
            if numbers.bar_due_ns < self._arrival_ns():
                serve_bars(numbers, self._listings, self._clients.orders, self._reports)
            else:
                self._receive()

    def _receive(self) -> None:
        """Take the first request under way."""
        command = self._commands.popleft()
        if isinstance(command, ApprovedReplace):
            self._receive_replace(command)
            return
        receive_first(self._numbers, self._listings, self._markets, self._clients.orders, self._requests, self._reports)

    def _receive_replace(self, command: ApprovedReplace) -> None:
        """Take the first request under way, a replacement: change its order, or say why not."""
        numbers, orders = self._numbers, self._clients.orders
        request = self._request(0)
        numbers.request_head = (numbers.request_head + 1) % len(self._requests)
        numbers.request_count -= 1
        self._replaces -= 1
        move_to(numbers, request.arrival_ns)
        row, index = request.row, request.instrument
        order, listing, market = orders[row], self._listings[index], self._markets[index]
        ask_for(request, order)
        touch = touch_met(market, listing.bar_open, listing.bar_open_ns, listing.half_spread_ppm, listing.tick)
        keeps = keeps_place(order, request, self._instruments[index].holds_base)
        reason = why_not_changed(listing, order, request, touch)
        if reason == NO_REASON:
            reason = why_cancelled(order, request, touch, keeps)
            if reason != NO_REASON:
                cancel_changed(numbers, listing, order, row, reason, self._reports)
            elif not keeps:
                reason = self._verdict(request)
        self._reports.put(next_due(numbers), index, self._answer(command, order.number, reason))
        if reason == NO_REASON:
            change(numbers, listing, orders, market, request, touch, keeps, self._reports)
        self._clients.release(row, 1)

    def _verdict(self, request: Request) -> int:
        """Say why the account does not allow a replacement, NO_REASON where it does: nobody keeps one here."""
        del request
        return NO_REASON

    def _answer(self, command: ApprovedReplace, number: int, reason: int) -> OrderReport:
        """Say that a replacement is in force, under its revision's name and the order's number, or why it is not."""
        name = revision_id(command.client_order_id, command.revision)
        if reason != NO_REASON:
            text = reason_text(reason, self._instruments.get(command.instrument), command.price, command.quantity)
            return OrderReport(type=ReportType.REPLACE_REJECTED, client_order_id=name, reason=text)
        return OrderReport(
            type=ReportType.REPLACED,
            client_order_id=name,
            venue_order_id=f"{self._name}-O{number}",
            price=command.price,
            quantity=command.quantity,
        )

    def _arrival_ns(self) -> int:
        """When the first request under way arrives, NEVER without one."""
        numbers = self._numbers
        return self._requests[numbers.request_head].arrival_ns if numbers.request_count else NEVER

    def _request(self, place: int) -> Request:
        """Return the request that was sent `place` requests after the first one under way."""
        return self._requests[(self._numbers.request_head + place) % len(self._requests)]

    def _send(self, command: Command, client_order_id: str, now_ns: int) -> Request:
        """Put a request on its way, behind those sent before it."""
        numbers = self._numbers
        if numbers.request_count == len(self._requests):
            head = numbers.request_head
            fresh = [Request() for _ in range(numbers.request_count)]
            self._requests = self._requests[head:] + self._requests[:head] + fresh
            numbers.request_head = 0
        request = self._requests[(numbers.request_head + numbers.request_count) % len(self._requests)]
        numbers.request_count += 1
        self._commands.append(command)
        request.arrival_ns = next_arrival(numbers, now_ns)
        request.row = self._clients.hold(client_order_id)
        return request

    def _state_of(self, listing: Listing) -> list[object]:
        """Return what a digest covers of one instrument."""
        return [listing.position, self._ladder_state(listing.bids), self._ladder_state(listing.asks)]

    def _ladder_state(self, ladder: Ladder) -> list[object]:
        """Return what a digest covers of one side."""
        clients = self._clients
        rows: Sequence[int] = ladder.rows[: ladder.count]
        orders = [
            order_state(order, clients.names[row], f"{self._name}-O{order.number}")
            for row, order in zip(rows, resting(ladder, clients.orders), strict=True)
        ]
        return [orders, taken_levels(ladder)]

    def _drawn(self) -> list[object]:
        """Return what models beyond the default ones remember."""
        numbers = self._numbers
        drawn: list[object] = []
        delays: tuple[Delay, ...] = (numbers.feed, numbers.entry, numbers.response)
        if any(delay.model != CONSTANT for delay in delays):
            drawn.append([numbers.last_due_ns, *map(delay_state, delays)])
        if numbers.volume.tier_count > 1:
            volume = numbers.volume
            drawn.append([volume.tier, volume.day, volume.today, volume.total, list(volume.days)])
        return drawn
