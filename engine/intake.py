"""Whether an order of more words than market and limit can be taken in: what its check needs, looked up."""

from collections.abc import Callable, Sequence

from core.clock import EventClock
from core.market import Market
from core.orders import OrderIntent, Refusal
from engine.native import NO_TERMS, keeps_alone, native_group
from oms.manager import OrderManager
from risk.gate import Gate
from risk.held_checks import Wish
from risk.holding import check_hold, refusal


class Intake:
    """Looks at orders that are to be kept, or sent with all their words; changes nothing."""

    __slots__ = ("_clock", "_gate", "_held", "_is_ready", "_manager", "_markets", "_native")

    def __init__(
        self,
        gate: Gate,
        manager: OrderManager,
        clock: EventClock,
        markets: list[Market],
        is_ready: Callable[[], bool],
        *,
        native: bool,
    ) -> None:
        """Look at what the keeper has."""
        self._gate = gate
        self._manager = manager
        self._clock = clock
        self._markets = markets
        self._is_ready = is_ready
        self._native = native
        self._held = manager.held

    def check(self, intent: OrderIntent, together: Sequence[OrderIntent], *, known: bool = False) -> Refusal | None:
        """Return why one order cannot be taken in; `known`: it is kept already and shall change."""
        index, name = intent.instrument, intent.client_order_id
        limits = self._gate.limits_of(index)
        if limits is None or not 0 <= index < len(self._markets):
            return refusal(
                self._gate, "UNKNOWN_INSTRUMENT", f"instrument {index} is not defined", intent, "", str(index)
            )
        terms = intent.terms or NO_TERMS
        by_parent = self._held.family_of(intent.strategy_id, terms.parent, "") or terms.parent
        if by_parent and self._held.family_of(intent.strategy_id, "", terms.group) not in ("", by_parent):
            why = f"group {terms.group!r} belongs to another parent than {terms.parent!r}: give it a name of its own"
            return refusal(self._gate, "GROUP", why, intent)
        instrument = self._markets[index].instrument
        native = self._native and bool(keeps_alone(intent, instrument) or native_group(together, instrument))
        taken = not known and (not name or self._manager.knows(name) or self._held.knows(name))
        return check_hold(
            self._gate,
            Wish(
                intent=intent,
                terms=terms,
                instrument=instrument,
                native=native,
                parent_quantity=self._parent_quantity(intent, together),
                ready=self._is_ready(),
                id_known=taken or sum(each.client_order_id == name for each in together) > 1,
                kept=len(self._held.of_strategy(instrument=index)) - known,
                kept_max=limits.max_open_orders,
                now_ns=self._clock.now_ns,
                marked=self._markets[index].mark_ns > 0,
                changes=known,
            ),
        )

    def _parent_quantity(self, intent: OrderIntent, together: Sequence[OrderIntent]) -> int:
        """Return the quantity of the order that this one waits for, -1 where there is none that may fill."""
        name = (intent.terms or NO_TERMS).parent
        for each in together:
            if each.client_order_id == name and each is not intent:
                return each.quantity
        kept = self._held.orders.get(name)
        if kept is not None and kept.strategy_id == intent.strategy_id and (not kept.ended or kept.filled):
            return kept.intent.quantity
        order = self._manager.order(name) if name else None
        if order is not None and order.strategy_id == intent.strategy_id and (order.is_open or order.filled):
            return order.quantity
        return -1
