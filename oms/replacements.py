"""The order manager's part in replacements: which orders have any, and what is told of them.

`replacing.py` moves the order; here it is found, by whichever of its names, and what became of it is said.
"""

from collections.abc import Callable

from core.effects import Effect, Severity
from core.events import OrderReport
from core.evidence import VenueOrder
from core.ids import parse_revision_id
from core.orders import ApprovedReplace, ApprovedSubmit
from oms.errors import UnknownOrder
from oms.holding import Holding
from oms.legs import report_of_chain
from oms.moves import Totals
from oms.order import Order
from oms.replacing import (
    Moved,
    doubt,
    drop_replacement,
    end_chain,
    learn_leg,
    send_replacement,
    send_rest,
    take_terms,
)
from oms.table import OrderTable
from oms.updates import report_alert

Tell = Callable[[Order, int, int, int, bool, str, list[Effect]], None]
"""`OrderManager`'s own way to say what became of an order that was moved."""


class Replacements:
    """The open orders with a replacement under way, wished for, or in force."""

    __slots__ = ("_holdings", "_table", "_tell", "_totals", "open")

    def __init__(self, table: OrderTable, holdings: dict[int, Holding], totals: Totals, tell: Tell) -> None:
        """Share what the manager keeps."""
        self._table = table
        self._holdings = holdings
        self._totals = totals
        self._tell = tell
        self.open: dict[str, Order] = {}
        """By client order id: what `engine.replacer` tends. Empty in a session that replaces nothing."""

    def find(self, name: str) -> tuple[Order | None, int]:
        """Return the order, and the revision, that a name like a revision's stands for."""
        parsed = parse_revision_id(name)
        return (None, 0) if parsed is None else (self._table.get(parsed[0]), parsed[1])

    def sent(self, command: ApprovedReplace, now_ns: int, effects: list[Effect]) -> None:
        """Note that a replacement leaves for the venue; not `native`: that a cancel will, to make place for it.

        Until the venue answers, the order's quantity is the greatest that it may come to. Raises UnknownOrder.
        """
        order, _ = self.find(command.client_order_id)
        if order is None:
            raise UnknownOrder(f"replacement of {command.client_order_id}, an order that was never submitted")
        self.open[order.client_order_id] = order
        moved = send_replacement(order, self._holdings[order.instrument].exposure, command, now_ns)
        self.tell(order, moved, effects)

    def rest_sent(self, command: ApprovedSubmit, now_ns: int, effects: list[Effect]) -> None:
        """Note that the rest of an order that was cancelled to be replaced is submitted. Raises UnknownOrder."""
        order, _ = self.find(command.intent.client_order_id)
        if order is None:
            raise UnknownOrder(f"{command.intent.client_order_id} revises an order that was never submitted")
        exposure = self._holdings[order.instrument].exposure
        self.tell(order, send_rest(order, exposure, self._totals, command.intent.quantity, now_ns), effects)

    def failed(self, order: Order, reason: str, now_ns: int, effects: list[Effect]) -> None:
        """Give up a replacement whose rest the gate refused: the order ends as its old leg has."""
        exposure = self._holdings[order.instrument].exposure
        self.tell(order, end_chain(order, exposure, self._totals, reason, now_ns), effects)

    def drop(self, order: Order, now_ns: int) -> None:
        """Note that a cancel leaves: where one was under way to make place for a replacement, that is not to be."""
        drop_replacement(order, self._holdings[order.instrument].exposure, now_ns)

    def refused(self, name: str, reason: str, now_ns: int, effects: list[Effect]) -> None:
        """Take a refusal of the gate: that of a rest gives up its replacement, others are none of ours."""
        order, revision = self.find(name)
        chain = None if order is None else order.chain
        if order is None or chain is None or chain.pending is None or chain.pending.revision != revision:
            return
        if chain.ended and not chain.pending.sent:
            self.failed(order, reason, now_ns, effects)

    def report(self, order: Order, report: OrderReport, revision: int, now_ns: int, effects: list[Effect]) -> None:
        """Apply a report, fills apart, to an order with replacements."""
        exposure = self._holdings[order.instrument].exposure
        learnt, known = learn_leg(order, revision, report.venue_order_id)
        if known:
            why = f"it names venue order {report.venue_order_id}, known as {known}; check for a twin"
            effects.append(report_alert(Severity.ERROR, "VENUE_ID_DIFFERS", report, order.instrument, why))
        moved = report_of_chain(order, exposure, self._totals, report, revision, learnt, now_ns)
        self.tell(order, moved, effects)

    def found(self, order: Order, told: VenueOrder, now_ns: int, effects: list[Effect], *, priced: bool) -> None:
        """Take what a venue shows of an order that works on other terms than we knew; `priced`: its price, too.

        Told by the name of a replacement that had been given up, this came to be after all, and the order with it.
        """
        exposure = self._holdings[order.instrument].exposure
        _, revision = parse_revision_id(told.client_order_id) or ("", 0)
        if told.venue_order_id:
            learn_leg(order, revision, told.venue_order_id)
        price = told.price if priced else 0
        moved = take_terms(order, exposure, self._totals, revision, price, told.quantity, now_ns)
        self.open[order.client_order_id] = order
        self.tell(order, moved, effects)

    def quarantine(self, order: Order, report: OrderReport, now_ns: int, effects: list[Effect]) -> None:
        """Let an order be UNKNOWN of which the venue says what nobody can read: its evidence decides (F16)."""
        why = f"the venue says {report.reason!r}, which its documents do not name; ask it for the order"
        effects.append(report_alert(Severity.ERROR, "UNKNOWN_STATUS", report, order.instrument, why))
        exposure = self._holdings[order.instrument].exposure
        self.tell(order, doubt(order, exposure, self._totals, report.reason, now_ns), effects)

    def tell(self, order: Order, moved: Moved | None, effects: list[Effect]) -> None:
        """Say what became of an order with replacements."""
        order.written = b""  # its chain may have moved without anything to tell
        if moved is not None:
            self._tell(order, moved.previous, moved.event, moved.anomaly, moved.changed, moved.reason, effects)
        if not order.is_open:
            self.open.pop(order.client_order_id, None)
