"""How many orders are rejected of those that are sent, and how many cancels there are for an execution."""

import msgspec

from core.effects import OrderFilled, OrderUpdated
from core.orders import ApprovedCancel, ApprovedGroup, ApprovedSubmit, OrderState, Refusal
from oms.freezes import FROZEN, HALTED, PAUSED, RECONCILING
from oms.latches import CODES
from risk.breaker_settings import CancelRow, RejectRow, Row
from risk.breakers.tally import Tally
from risk.breakers.watch import PPM, Desk, Watch, share_figure

# What is held back already is no new reason: a latch of a breaker would drive the breaker on to its next step.
_HELD_BACK = frozenset((*CODES.values(), FROZEN, HALTED, PAUSED, RECONCILING))
_REJECTED = OrderState.REJECTED


class _Ratio(Watch):
    """One count over another, both within a window."""

    unit = PPM

    def __init__(self, desk: Desk, scope: str, row: RejectRow | CancelRow) -> None:
        """Count nothing yet."""
        super().__init__(desk, scope)
        self._least = row.least
        self._tally = Tally(row.window_s, 2)

    def anew(self, now_ns: int) -> None:
        """Count from nothing."""
        self._tally.clear()

    def text(self, figure: int) -> str:
        """Return a ratio."""
        return share_figure(figure)

    def state(self) -> list[object]:
        """Return what is counted."""
        return self._tally.state()


class RejectRate(_Ratio):
    """Rejected orders as a share of those sent, within a window."""

    tells = (ApprovedSubmit, ApprovedGroup, OrderUpdated, Refusal)

    def __init__(self, desk: Desk, scope: str, row: RejectRow) -> None:
        """Count nothing yet."""
        super().__init__(desk, scope, row)
        self._refusals = row.refusals

    def figure(self, now_ns: int) -> int | None:
        """Return the share, nothing while there are too few orders to say."""
        self._tally.roll(now_ns)
        sent, rejected = self._tally.sums
        return None if sent < self._least else rejected * PPM // sent

    def note(self, effect: msgspec.Struct, now_ns: int) -> bool:
        """Count an order, or that it was rejected."""
        if isinstance(effect, OrderUpdated):
            if effect.state is not _REJECTED or not self.scoped.holds(effect.strategy_id, effect.instrument):
                return False
            self._tally.add(now_ns, 0, 1)
            return True
        if isinstance(effect, ApprovedGroup):
            held = [each for each in effect.orders if self._holds(each)]
            self._tally.add(now_ns, len(held), 0)
            return False
        assert isinstance(effect, ApprovedSubmit | Refusal)
        if not self._holds(effect):
            return False
        if isinstance(effect, ApprovedSubmit):
            self._tally.add(now_ns, 1, 0)
            return False
        if not self._refusals or effect.code in _HELD_BACK:
            return False
        self._tally.add(now_ns, 1, 1)
        return True

    def change(self, row: Row) -> None:
        """Have the windows of a row from now on."""
        assert isinstance(row, RejectRow)
        self._row = row
        self._tally.change(row.window_s)

    def _holds(self, order: ApprovedSubmit | Refusal) -> bool:
        index = order.intent.instrument
        return 0 <= index < len(self.desk.markets) and self.scoped.holds(order.intent.strategy_id, index)


class CancelRatio(_Ratio):
    """Cancels for each execution, within a window; with none, as for one."""

    tells = (ApprovedCancel, OrderFilled)

    def figure(self, now_ns: int) -> int | None:
        """Return the ratio, nothing while there are too few cancels to say."""
        self._tally.roll(now_ns)
        cancels, fills = self._tally.sums
        return None if cancels < self._least else cancels * PPM // max(fills, 1)

    def note(self, effect: msgspec.Struct, now_ns: int) -> bool:
        """Count a cancel or an execution."""
        assert isinstance(effect, ApprovedCancel | OrderFilled)
        if not self.scoped.holds(effect.strategy_id, effect.instrument):
            return False
        cancel = isinstance(effect, ApprovedCancel)
        self._tally.add(now_ns, int(cancel), int(not cancel))
        return cancel

    def change(self, row: Row) -> None:
        """Have the windows of a row from now on."""
        assert isinstance(row, CancelRow)
        self._least = row.least
        self._tally.change(row.window_s)
