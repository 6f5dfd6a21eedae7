"""How much worse executions were than the middle of the market when their order was sent."""

import msgspec

from core.effects import OrderFilled, OrderUpdated
from core.orders import ApprovedGroup, ApprovedSubmit
from risk.breaker_settings import Row, SlippageRow
from risk.breakers.tally import Tally
from risk.breakers.watch import PPM, Desk, Watch, share_figure

ORDERS_MOST = 10_000


class Slippage(Watch):
    """The cost of executions as a share of their value, weighed by value, within a window.

    What an order of before a restart cost is not known: its reference is not kept.
    """

    unit = PPM
    tells = (ApprovedSubmit, ApprovedGroup, OrderFilled, OrderUpdated)

    def __init__(self, desk: Desk, scope: str, row: SlippageRow) -> None:
        """Count nothing yet."""
        super().__init__(desk, scope)
        self._least = row.least
        self._tally = Tally(row.window_s, 3)  # cost in money times a million, value in money, executions
        self._references: dict[str, int] = {}

    def figure(self, now_ns: int) -> int | None:
        """Return the share, nothing while there are too few executions to say; negative where they were better."""
        self._tally.roll(now_ns)
        cost, value, count = self._tally.sums
        return None if count < self._least or not value else cost // value

    def note(self, effect: msgspec.Struct, now_ns: int) -> bool:
        """Keep what the market said when an order left, compare an execution with it."""
        if isinstance(effect, OrderFilled):
            return self._filled(effect, now_ns)
        if isinstance(effect, ApprovedGroup):
            for order in effect.orders:
                self._sent(order)
        elif isinstance(effect, ApprovedSubmit):
            self._sent(effect)
        elif isinstance(effect, OrderUpdated):
            known = self.desk.manager.order(effect.client_order_id)
            if known is None or not known.is_open:
                self._references.pop(effect.client_order_id, None)
        return False

    def change(self, row: Row) -> None:
        """Have the windows of a row from now on."""
        assert isinstance(row, SlippageRow)
        self._least = row.least
        self._tally.change(row.window_s)

    def anew(self, now_ns: int) -> None:
        """Count from nothing."""
        self._tally.clear()

    def text(self, figure: int) -> str:
        """Return a share."""
        return share_figure(figure)

    def state(self) -> list[object]:
        """Return what is counted, and what waits for its execution."""
        return [self._tally.state(), sorted(self._references.items())]

    def _sent(self, order: ApprovedSubmit) -> None:
        intent = order.intent
        if order.reference_price > 0 and self.scoped.holds(intent.strategy_id, intent.instrument):
            if len(self._references) >= ORDERS_MOST:
                del self._references[next(iter(self._references))]
            self._references[intent.client_order_id] = order.reference_price

    def _filled(self, fill: OrderFilled, now_ns: int) -> bool:
        reference = self._references.get(fill.client_order_id)
        if reference is None:
            return False
        terms = self.desk.manager.terms(fill.instrument)
        value = abs(terms.value(fill.quantity, reference)) * terms.value_factor
        cost_ppm = int(fill.side) * (fill.price - reference) * PPM // reference
        self._tally.add(now_ns, cost_ppm * value, value, 1)
        return True
