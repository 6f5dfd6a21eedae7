"""The venue's answers on their way back: ids, fees, and when each reaches us."""

from collections import deque

from connectors.sim.fees import fee_of
from connectors.sim.orders import WorkingOrder
from connectors.sim.settings import SimSettings
from core.codec import encode_payload
from core.events import OrderReport, ReportType
from core.instruments import Instrument
from core.orders import Liquidity

DueReport = tuple[int, int, OrderReport]
"""(due_ns, instrument, report)"""


class Reports:
    """Reports in the order in which they were made, each due a response latency after its match."""

    __slots__ = ("_due", "_execs", "_orders", "_settings", "_venue", "match_ns")

    def __init__(self, settings: SimSettings, venue: str) -> None:
        """Number orders and executions of `venue` from 1."""
        self._settings = settings
        self._venue = venue
        self._due: deque[DueReport] = deque()
        self._orders = 0
        self._execs = 0
        self.match_ns = 0  # the time of what is matched now

    def move_to(self, now_ns: int) -> None:
        """Set the time of what is matched next; it never runs backwards, whatever the caller's clock does."""
        self.match_ns = max(self.match_ns, now_ns)

    @property
    def next_due_ns(self) -> int:
        """When the first report reaches us, 0 without one."""
        return self._due[0][0] if self._due else 0

    def new_order_id(self) -> str:
        """Return the next venue order id."""
        self._orders += 1
        return f"{self._venue}-O{self._orders}"

    def refuse(self, instrument: int, client_order_id: str, reason: str) -> None:
        """Say that an order never entered the book."""
        report = OrderReport(type=ReportType.REJECTED, client_order_id=client_order_id, reason=reason)
        self._put(instrument, report)

    def refuse_cancel(self, instrument: int, client_order_id: str, reason: str) -> None:
        """Say that there is nothing to cancel."""
        report = OrderReport(type=ReportType.CANCEL_REJECTED, client_order_id=client_order_id, reason=reason)
        self._put(instrument, report)

    def tell(self, kind: ReportType, order: WorkingOrder, reason: str = "") -> None:
        """Say that an order was accepted, cancelled or expired."""
        report = OrderReport(
            type=kind, client_order_id=order.client_order_id, venue_order_id=order.venue_order_id, reason=reason
        )
        self._put(order.instrument, report)

    def fill(
        self, order: WorkingOrder, instrument: Instrument, price: int, quantity: int, liquidity: Liquidity
    ) -> None:
        """Say that `quantity` was executed at `price`, and what it cost."""
        self._execs += 1
        fee, currency = fee_of(self._settings, instrument, order.side, price, quantity, liquidity)
        report = OrderReport(
            type=ReportType.FILLED,
            client_order_id=order.client_order_id,
            venue_order_id=order.venue_order_id,
            exec_id=f"{self._venue}-X{self._execs}",
            price=price,
            quantity=quantity,
            fee=str(fee),
            fee_currency=currency,
            liquidity=liquidity,
        )
        self._put(order.instrument, report)

    def take_due(self, now_ns: int) -> list[DueReport]:
        """Remove and return the reports that have reached us by `now_ns`."""
        due: list[DueReport] = []
        while self._due and self._due[0][0] <= now_ns:
            due.append(self._due.popleft())
        return due

    def state(self) -> list[object]:
        """Return what a digest covers."""
        pending = [(due_ns, instrument, encode_payload(report)) for due_ns, instrument, report in self._due]
        return [self.match_ns, self._orders, self._execs, pending]

    def _put(self, instrument: int, report: OrderReport) -> None:
        """Send a report on its way."""
        self._due.append((self.match_ns + self._settings.response_latency_ns, instrument, report))
