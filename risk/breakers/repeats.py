"""The same action again and again: how often a strategy was executed in an instrument on one side, in a short while.

Counted by orders: one that fills in a hundred parts was one decision.
"""

import msgspec

from core.effects import OrderFilled
from risk.breaker_settings import RepeatRow, Row
from risk.breakers.tally import SECOND_NS
from risk.breakers.watch import Desk, Watch

ORDERS_MOST = 10_000  # of one action; more of them are no worse

Action = tuple[str, int, int]


class Repeats(Watch):
    """The greatest count of any action in the scope."""

    tells = (OrderFilled,)

    def __init__(self, desk: Desk, scope: str, row: RepeatRow) -> None:
        """Count nothing yet."""
        super().__init__(desk, scope)
        self._window_ns = row.window_s * SECOND_NS
        self._executed: dict[Action, dict[str, int]] = {}  # when each order was executed first

    def figure(self, now_ns: int) -> int | None:
        """Return the count of the action that was repeated most."""
        for action in list(self._executed):
            self._forget(action, now_ns)
        return max(map(len, self._executed.values()), default=0)

    def note(self, effect: msgspec.Struct, now_ns: int) -> bool:
        """Count an order at its first execution."""
        assert isinstance(effect, OrderFilled)
        if not effect.strategy_id or not self.scoped.holds(effect.strategy_id, effect.instrument):
            return False  # the venue's own executions are nobody's action
        action = (effect.strategy_id, effect.instrument, int(effect.side))
        orders = self._executed.setdefault(action, {})
        if effect.client_order_id in orders or len(orders) >= ORDERS_MOST:
            return False
        orders[effect.client_order_id] = now_ns
        return True

    def change(self, row: Row) -> None:
        """Have the windows of a row from now on."""
        assert isinstance(row, RepeatRow)
        self._window_ns = row.window_s * SECOND_NS

    def anew(self, now_ns: int) -> None:
        """Count from nothing."""
        self._executed.clear()

    def state(self) -> list[object]:
        """Return what is counted."""
        return [[*action, *orders.items()] for action, orders in sorted(self._executed.items())]

    def _forget(self, action: Action, now_ns: int) -> None:
        orders = self._executed[action]
        for name in [name for name, at_ns in orders.items() if now_ns - at_ns >= self._window_ns]:
            del orders[name]
        if not orders:
            del self._executed[action]
