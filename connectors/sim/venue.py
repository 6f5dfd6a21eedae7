"""The simulated venue as its driver sees it: requests travel, orders match, reports travel back."""

from collections import deque

from connectors.sim import rules
from connectors.sim.errors import UnsupportedInstrument
from connectors.sim.matcher import Matcher
from connectors.sim.orders import WorkingOrder
from connectors.sim.reports import DueReport, Reports
from connectors.sim.settings import SimSettings
from core.codec import encode_payload
from core.instruments import Instrument
from core.market import Market
from core.orders import ApprovedCancel, ApprovedSubmit
from core.records import Event


class SimVenue:
    """A venue without a network: the same settings, commands and events give the same reports.

    The driver keeps one rule: an event goes first into the `Market`, then into `on_event`. For a request to meet the
    market of its arrival rather than that of the next event, call `advance` before the market moves:

        venue.advance(event[3])
        effects = engine.step(event)  # moves the market; its approved commands go to `submit` and `cancel`
        venue.on_event(event)
        for due_ns, instrument, report in venue.poll(now_ns): ...  # the next inputs
    """

    __slots__ = ("_matchers", "_reports", "_requests", "_settings", "_working")

    def __init__(self, settings: SimSettings, venue_name: str) -> None:
        """Start empty; `venue_name` begins every venue order id and exec id."""
        self._settings = settings
        self._reports = Reports(settings, venue_name)
        self._requests: deque[tuple[int, ApprovedSubmit | ApprovedCancel]] = deque()
        self._matchers: dict[int, Matcher] = {}
        self._working: dict[str, WorkingOrder] = {}

    def define(self, index: int, instrument: Instrument, market: Market) -> None:
        """List an instrument, or change its rules; `market` is read only. Raises UnsupportedInstrument."""
        if instrument.inverse:
            raise UnsupportedInstrument(
                f"{instrument.id} is an inverse contract, whose notional the simulated venue cannot price; "
                "take it out of this paper session's instruments"
            )
        if index in self._matchers:
            self._matchers[index].redefine(instrument, market)
        else:
            self._matchers[index] = Matcher(
                instrument, market, self._reports, self._working, self._settings.print_lag_ns
            )

    def submit(self, command: ApprovedSubmit, now_ns: int) -> None:
        """Send an order; the matching sees it an entry latency later."""
        self._send(command, now_ns)

    def cancel(self, command: ApprovedCancel, now_ns: int) -> None:
        """Send a cancel; the order may fill before it arrives."""
        self._send(command, now_ns)

    def on_event(self, event: Event) -> None:
        """Match on an event that the market has taken in, then take requests that arrived by its time."""
        matcher = self._matchers.get(event[2])
        if matcher is not None and matcher.active:
            matcher.on_event(event)
        if self._requests and self._requests[0][0] <= event[3]:
            self._reports.move_to(event[3])
            self.advance(event[3])

    @property
    def active(self) -> bool:
        """Whether a market event could matter: an order of ours rests, or took what the market has not yet refilled."""
        return any(matcher.active for matcher in self._matchers.values())

    def advance(self, now_ns: int) -> None:
        """Take the requests that have arrived by `now_ns`, each at its time, on the market as it stands."""
        while self._requests and self._requests[0][0] <= now_ns:
            arrival_ns, command = self._requests.popleft()
            self._reports.move_to(arrival_ns)
            if isinstance(command, ApprovedSubmit):
                self._receive_submit(command)
            else:
                self._receive_cancel(command)

    def next_due_ns(self) -> int:
        """When a request arrives or a report reaches us next, 0 if neither is under way."""
        arrival_ns = self._requests[0][0] if self._requests else 0
        due_ns = self._reports.next_due_ns
        if arrival_ns and due_ns:
            return min(arrival_ns, due_ns)
        return arrival_ns or due_ns

    def poll(self, now_ns: int) -> list[DueReport]:
        """Remove and return, in order, the (due_ns, instrument, report) that have reached us by `now_ns`."""
        return self._reports.take_due(now_ns)

    def state(self) -> list[object]:
        """Return everything that decides what comes next, as plain values, the same on every machine."""
        requests = [(when, type(command).__name__, encode_payload(command)) for when, command in self._requests]
        return [
            requests,
            self._reports.state(),
            [(index, self._matchers[index].state()) for index in sorted(self._matchers)],
        ]

    def _send(self, command: ApprovedSubmit | ApprovedCancel, now_ns: int) -> None:
        """Put a request on its way, behind those sent before it."""
        self._requests.append((now_ns + self._settings.entry_latency_ns, command))

    def _receive_submit(self, command: ApprovedSubmit) -> None:
        """Hand an order to its instrument's matching."""
        intent = command.intent
        matcher = self._matchers.get(intent.instrument)
        if matcher is None:
            self._reports.refuse(intent.instrument, intent.client_order_id, rules.NO_SUCH_SYMBOL)
        else:
            matcher.submit(intent)

    def _receive_cancel(self, command: ApprovedCancel) -> None:
        """Cancel an order that still works; one that filled meanwhile is unknown, as at Binance (-2011)."""
        order = self._working.get(command.client_order_id)
        if order is None:
            self._reports.refuse_cancel(command.instrument, command.client_order_id, rules.NO_SUCH_ORDER)
        else:
            self._matchers[order.instrument].cancel(order)
