"""Executions that a venue took back without a word (F14): its order says less than we booked, and its trades do, too.

Binance sends no report of a bust. So where figures differ, the orders that traded are asked for; one that comes back
with less than was booked, its own trades adding up to exactly that, several times and past the visibility lag, had the
others taken back. An order that was replaced is asked for leg by leg: its executions are known by their ids, of which
each leg tells its own: so what no leg tells any more was taken back of those that say less.
"""

from collections.abc import Mapping, Sequence

from core.evidence import EvidenceGiven, VenueOrder
from oms.corrections import is_busted
from oms.order import Booked, Order
from oms.reconcile.legs import INFERRED, revision_of
from oms.reconcile.settings import ReconcileSettings

_GONE_MAX = 12  # more at once of one replaced order are left to a person: which leg each was of is searched for
Leg = tuple[int, int, list[str]]
"""(when it was asked for, what was told to be filled, the executions that were told) of one leg."""


class Vanished:
    """Counts how often in a row a venue told less of an order than was booked."""

    def __init__(self, settings: ReconcileSettings) -> None:
        """Have seen nothing."""
        self.counts: dict[str, tuple[int, int]] = {}
        """(how often, what was told to be filled) by client order id."""
        self.legs: dict[str, dict[int, Leg]] = {}
        """What was told of the legs of replaced orders since all of them were last told, by client order id."""
        self._settings = settings

    def look(self, order: Order, told: VenueOrder, given: EvidenceGiven) -> Sequence[str]:
        """Return the executions that were taken back of an order without replacements, none while it is not certain."""
        name = order.client_order_id
        if order.chain is not None or not self._is_late(order, given.asked_ns):
            return ()
        there = {fill.exec_id: None for fill in given.fills if fill.instrument == order.instrument}
        booked = _booked(order)
        gone = [exec_id for exec_id in booked if exec_id not in there]
        left = sum(each[0] for exec_id, each in booked.items() if exec_id in there)
        if not gone or left != told.filled or any(exec_id.startswith(INFERRED) for exec_id in gone):
            self.counts.pop(name, None)
            return ()
        return gone if self._is_certain(name, told.filled) else ()

    def look_at_leg(self, order: Order, told: VenueOrder, given: EvidenceGiven) -> Mapping[str, int]:
        """Return the executions that were taken back of a replaced order, with the revision that each was of."""
        name, chain = order.client_order_id, order.chain
        there = [fill.exec_id for fill in given.fills if fill.instrument == order.instrument]
        legs = self.legs.pop(name, {}) | {revision_of(told.client_order_id): (given.asked_ns, told.filled, there)}
        legs = {each: leg for each, leg in legs.items() if self._is_late(order, leg[0])}
        if chain is None or not legs:
            return {}
        if any(filled and revision not in legs for revision, filled in chain.fills.items()):
            self.legs[name] = legs  # the others are asked for, too
            return {}
        known = {exec_id: None for _, _, ids in legs.values() for exec_id in ids}
        booked = _booked(order)
        gone = {exec_id: each[0] for exec_id, each in booked.items() if exec_id not in known}
        missing = {each: chain.fills.get(each, 0) - leg[1] for each, leg in sorted(legs.items())}
        whole = all(
            filled == sum(booked[exec_id][0] for exec_id in ids if exec_id in booked)
            for _, filled, ids in legs.values()
        )
        found = _shared_out(list(gone.items()), missing) if whole and 0 < len(gone) <= _GONE_MAX else None
        if found is None or any(exec_id.startswith(INFERRED) for exec_id in gone):
            self.counts.pop(name, None)
            return {}
        return found if self._is_certain(name, sum(leg[1] for leg in legs.values())) else {}

    def forget(self, names: Sequence[str]) -> None:
        """Let go of what was noted of orders that are no more."""
        for name in names:
            self.counts.pop(name, None)
            self.legs.pop(name, None)

    def _is_late(self, order: Order, asked_ns: int) -> bool:
        """Whether the answer to a question of then cannot be older than what we know of an order."""
        return asked_ns > order.updated_ns + self._settings.visibility_ns

    def _is_certain(self, name: str, filled: int) -> bool:
        """Count a finding, and return whether it was made often enough."""
        count, before = self.counts.pop(name, (0, filled))
        count = count + 1 if before == filled else 1
        if count >= self._settings.negatives:
            return True
        self.counts[name] = (count, filled)
        return False

    def state(self) -> Sequence[object]:
        """Return everything that a digest must cover, nothing where nothing was seen."""
        counts = [(name, *counted) for name, counted in sorted(self.counts.items())]
        legs = [(name, sorted(told.items())) for name, told in sorted(self.legs.items())]
        return [*counts, *legs]


def _booked(order: Order) -> dict[str, Booked]:
    """Return the executions of an order that stand."""
    return {exec_id: each for exec_id, each in order.exec_ids.items() if each[0] > 0 and not is_busted(each)}


def _shared_out(gone: list[tuple[str, int]], missing: Mapping[int, int]) -> dict[str, int] | None:
    """Return of which leg each execution was, so that each leg lacks what is missing of it; None where none fits.

    Where several ways fit, they come to the same: the same executions are taken back, and as much of each leg.
    """
    if not gone:
        return None if any(missing.values()) else {}
    (exec_id, quantity), *others = gone
    for revision, lacks in missing.items():
        if lacks >= quantity:
            found = _shared_out(others, {**missing, revision: lacks - quantity})
            if found is not None:
                return {exec_id: revision, **found}
    return None
