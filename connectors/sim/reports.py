"""The venue's answers as order reports, on their way back: names for numbers, and when each reaches us."""

from collections import deque

from connectors.sim.answers import Answer
from connectors.sim.clients import Clients
from connectors.sim.codes import (
    ACCEPTED,
    CANCELLED,
    EXPIRED,
    FILLED,
    LIQUIDITIES,
    REASON_TEXTS,
    REPORT_TYPES,
)
from connectors.sim.fees import fee_unit
from connectors.sim.settings import FeeCurrency, SimSettings
from core.clock import NEVER
from core.codec import encode_payload
from core.events import AccountMoved, AccountTraded, OrderReport, ReportType
from core.instruments import Instrument

# How many of a row's requests an answer is the last of: a cancellation ends the order and answers its cancel.
_FILLED = ReportType.FILLED  # a module's attribute costs a quarter of an enumeration's
_RELEASED = {ACCEPTED: 0, EXPIRED: 1, CANCELLED: 2}

VenueReport = OrderReport | AccountMoved | AccountTraded
"""What the venue tells: of an order, or what it did to the account by itself."""
DueReport = tuple[int, int, VenueReport]
"""(due_ns, instrument, report)"""


class Reports:
    """Takes the answers of the matching (`append`) and keeps them, as reports, until each is due."""

    __slots__ = ("_clients", "_due", "_fee_unit", "_in_base", "_instruments", "_venue")

    def __init__(self, settings: SimSettings, venue: str, clients: Clients, instruments: dict[int, Instrument]) -> None:
        """Begin ids with the name `venue`; `clients` and `instruments` are the venue's own and change with it."""
        self._venue = venue
        self._clients = clients
        self._instruments = instruments
        self._fee_unit = fee_unit(settings)
        self._in_base = settings.fee_currency is FeeCurrency.RECEIVED
        self._due: deque[DueReport] = deque()

    def append(self, answer: Answer, /) -> None:
        """Take one answer, and free the row of an order that it was the last of."""
        due_ns, index, kind, row, number, _, price, quantity, leaves, _, _, reason = answer
        clients = self._clients
        name = clients.names[row]
        report: VenueReport
        if kind == FILLED:
            report = self._fill(name, answer)
            released = 0 if leaves else 1
        elif number:
            report = OrderReport(
                type=REPORT_TYPES[kind],
                client_order_id=name,
                venue_order_id=f"{self._venue}-O{number}",
                reason=REASON_TEXTS[reason],
            )
            released = _RELEASED[kind]
        else:
            text = reason_text(reason, self._instruments.get(index), price, quantity)
            report = OrderReport(type=REPORT_TYPES[kind], client_order_id=name, reason=text)
            released = 1
        self._due.append((due_ns, index, report))
        if released:
            clients.release(row, released)

    def put(self, due_ns: int, index: int, report: VenueReport) -> None:
        """Take what the venue tells that is no answer of the matching; `due_ns` is not before that of the last one."""
        self._due.append((due_ns, index, report))

    def next_due_ns(self) -> int:
        """When the first report reaches us, NEVER without one."""
        return self._due[0][0] if self._due else NEVER

    def take_due(self, now_ns: int) -> list[DueReport]:
        """Remove and return the reports that have reached us by `now_ns`."""
        due: list[DueReport] = []
        while self._due and self._due[0][0] <= now_ns:
            due.append(self._due.popleft())
        return due

    def state(self) -> list[object]:
        """Return what a digest covers."""
        return [(due_ns, index, encode_payload(report)) for due_ns, index, report in self._due]

    def _fill(self, name: str, answer: Answer) -> VenueReport:
        """Say that a quantity was executed at a price, and what it cost."""
        _, index, _, row, number, execution, price, quantity, _, fee, liquidity, _ = answer
        instrument = self._instruments[index]
        is_base = self._in_base and instrument.holds_base and self._clients.orders[row].sign > 0
        return OrderReport(
            type=_FILLED,
            client_order_id=name,
            venue_order_id=f"{self._venue}-O{number}",
            exec_id=f"{self._venue}-X{execution}",
            price=price,
            quantity=quantity,
            fee=str(fee * self._fee_unit),
            fee_currency=instrument.base if is_base else instrument.currency,
            liquidity=LIQUIDITIES[liquidity],
        )


def reason_text(reason: int, instrument: Instrument | None, price: int, quantity: int) -> str:
    """Return a reason in words, completed with the figure of the order that broke the rule."""
    text = REASON_TEXTS[reason]
    if instrument is None or "{" not in text:
        return text
    return text.format(
        instrument=instrument.id, price=instrument.price_text(price), quantity=instrument.quantity_text(quantity)
    )
