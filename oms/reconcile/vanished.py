"""Executions that a venue took back without a word (F14): its order says less than we booked, and its trades do, too.

Binance sends no report of a bust. So where figures differ, the orders that traded are asked for; one that comes back
with less than was booked, its own trades adding up to exactly that, several times and past the visibility lag, had the
others taken back. An order that was replaced is left to a person: its executions are not known leg by leg.
"""

from collections.abc import Sequence

from core.evidence import EvidenceGiven, VenueOrder
from oms.corrections import is_busted
from oms.order import Order
from oms.reconcile.legs import INFERRED
from oms.reconcile.settings import ReconcileSettings


class Vanished:
    """Counts how often in a row a venue told less of an order than was booked."""

    def __init__(self, settings: ReconcileSettings) -> None:
        """Have seen nothing."""
        self.counts: dict[str, tuple[int, int]] = {}
        """(how often, what was told to be filled) by client order id."""
        self._settings = settings

    def look(self, order: Order, told: VenueOrder, given: EvidenceGiven) -> Sequence[str]:
        """Return the executions that were taken back, none while that is not certain."""
        name, settings = order.client_order_id, self._settings
        if order.chain is not None or given.asked_ns <= order.updated_ns + settings.visibility_ns:
            return ()
        there = {fill.exec_id: None for fill in given.fills if fill.instrument == order.instrument}
        booked = {exec_id: each for exec_id, each in order.exec_ids.items() if each[0] > 0 and not is_busted(each)}
        gone = [exec_id for exec_id in booked if exec_id not in there]
        left = sum(each[0] for exec_id, each in booked.items() if exec_id in there)
        if not gone or left != told.filled or any(exec_id.startswith(INFERRED) for exec_id in gone):
            self.counts.pop(name, None)
            return ()
        count, filled = self.counts.get(name, (0, told.filled))
        count = count + 1 if filled == told.filled else 1
        if count < settings.negatives:
            self.counts[name] = (count, told.filled)
            return ()
        self.counts.pop(name, None)
        return gone

    def state(self) -> Sequence[object]:
        """Return everything that a digest must cover."""
        return sorted((name, *counted) for name, counted in self.counts.items())
