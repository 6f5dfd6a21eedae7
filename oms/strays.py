"""Reports that name an order by the venue's id alone, which may come before the venue has told us that id (F04).

They are neither dropped nor guessed at: they wait for the report that joins the two names. What waits is bounded; the
oldest is let go with an alert, and reconciliation finds its executions.
"""

from collections.abc import Callable

import msgspec

from core.effects import Effect, Severity
from core.events import OrderReport
from oms.order import Order
from oms.sections import read_section
from oms.table import OrderTable
from oms.updates import report_alert

STRAYS_MAX = 256

_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decoder = msgspec.msgpack.Decoder(list[tuple[int, OrderReport]])

Apply = Callable[[OrderReport, int, int, list[Effect]], Order | None]
"""`OrderManager.report`."""


class Strays:
    """Reports that wait for their order's name, by the venue's id; a section of the durable state (`oms.section`)."""

    name = "strays"
    version = 1
    __slots__ = ("_apply", "_table", "waiting")

    def __init__(self, table: OrderTable, apply: Apply) -> None:
        """Wait for nothing."""
        self._table = table
        self._apply = apply
        self.waiting: dict[str, list[tuple[int, OrderReport]]] = {}

    def take(self, report: OrderReport, instrument: int, now_ns: int, effects: list[Effect]) -> Order | None:
        """Apply a nameless report to the order that the venue knows by that id; let it wait where none is known."""
        name = self._table.name_at_venue(report.venue_order_id, instrument)
        if name:
            named = msgspec.structs.replace(report, client_order_id=name)
            return self._apply(named, instrument, now_ns, effects)
        self.waiting.setdefault(report.venue_order_id, []).append((instrument, report))
        if sum(map(len, self.waiting.values())) > STRAYS_MAX:
            oldest = next(iter(self.waiting))
            for index, lost in self.waiting.pop(oldest):
                why = f"no order of ours became known as the venue's {oldest}: foreign, or reconcile its executions"
                effects.append(report_alert(Severity.WARNING, "STRAY_REPORT", lost, index, why))
        return None

    def join(self, order: Order, now_ns: int, effects: list[Effect]) -> None:
        """Apply what waited for the venue's id of an order, which has just become known."""
        name = order.name_at_venue(order.venue_order_id)
        for index, report in self.waiting.pop(order.venue_order_id):
            named = msgspec.structs.replace(report, client_order_id=name)
            self._apply(named, index, now_ns, effects)

    def instruments(self) -> list[int]:
        """Return the instruments of what waits."""
        return sorted({index for waiting in self.waiting.values() for index, _ in waiting})

    def durable(self) -> bytes:
        """Return what waits, empty where nothing does."""
        rows = [(index, report) for waiting in self.waiting.values() for index, report in waiting]
        return _encode(rows) if rows else b""

    def restore(self, version: int, data: bytes, indexes: dict[int, int]) -> None:
        """Let wait what waited. Raises BadState."""
        rows = read_section("reports that wait", _decoder, data, version, self.version)
        for index, report in rows:
            self.waiting.setdefault(report.venue_order_id, []).append((indexes.get(index, index), report))

    def canonical(self) -> list[tuple[object, ...]]:
        """Return what waits in plain values."""
        return [
            (index, *(str(field) for field in msgspec.structs.astuple(report)))
            for waiting in self.waiting.values()
            for index, report in waiting
        ]
