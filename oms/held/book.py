"""Where kept orders are: by name, by family, by slice, by instrument; and what a restart needs of them."""

from collections.abc import Iterable

import msgspec

from core.effects import HeldChanged
from oms.errors import BadState
from oms.held.order import HeldOrder, Slice, Stage, from_saved
from oms.order import Order

VERSION = 1


class HeldBook:
    """The kept orders by client order id, in the order in which they came; empty for a session without any."""

    __slots__ = ("_by_slice", "_families", "orders", "watched")

    name = "held"
    version = VERSION

    def __init__(self) -> None:
        """Keep nothing."""
        self.orders: dict[str, HeldOrder] = {}
        self.watched: list[list[HeldOrder]] = []
        """By instrument: the orders whose trigger the market may pull. What the hot path looks at."""
        self._families: dict[str, list[HeldOrder]] = {}
        self._by_slice: dict[str, HeldOrder] = {}

    def define(self, index: int) -> None:
        """Make room for one more instrument."""
        while len(self.watched) <= index:
            self.watched.append([])

    # -- what is known ---------------------------------------------------------------------------------------------

    def get(self, client_order_id: str) -> HeldOrder | None:
        """Return a kept order that has not ended."""
        order = self.orders.get(client_order_id)
        return None if order is None or order.ended else order

    def knows(self, client_order_id: str) -> bool:
        """Whether the name is that of a kept order, which may have ended while its family lives."""
        return client_order_id in self.orders

    def of_strategy(self, strategy_id: str = "", instrument: int | None = None) -> list[HeldOrder]:
        """Return the kept orders that have not ended, of one strategy or of all, of one instrument or of all."""
        return [
            order
            for order in self.orders.values()
            if not order.ended
            and strategy_id in ("", order.strategy_id)
            and (instrument is None or order.instrument == instrument)
        ]

    def family_of(self, strategy_id: str, parent: str, group: str) -> str:
        """Return the name of the family that an order with this parent or group joins, "" for a new one."""
        if parent:
            known = self.orders.get(parent)
            return known.family if known is not None and known.strategy_id == strategy_id else ""
        if group:
            for order in self.orders.values():
                if order.strategy_id == strategy_id and order.terms.group == group:
                    return order.family
        return ""

    # -- what outlives the process (oms.section.Section) -----------------------------------------------------------

    def state(self) -> list[object]:
        """Return every order as plain values, in the order in which they came; empty without any."""
        return [order.plain() for order in self.orders.values()]

    def durable(self) -> bytes:
        """Return what must survive a restart."""
        return msgspec.msgpack.encode([order.save() for order in self.orders.values()]) if self.orders else b""

    def restore(self, version: int, data: bytes, indexes: dict[int, int]) -> None:
        """Become, from empty, what wrote `data`. Raises BadState. Then `align`, and set the end times."""
        if version != VERSION:
            raise BadState(f"held orders of version {version}: this build reads {VERSION}, use the one that wrote it")
        try:
            for saved in msgspec.msgpack.decode(data, type=list[bytes]):
                self._put(from_saved(saved, indexes))
        except (msgspec.MsgspecError, KeyError, ValueError) as error:
            raise BadState(f"held orders of {len(data)} bytes do not decode: {error}") from error

    def follow(self, change: HeldChanged) -> None:
        """Take one change from a journal, as it was written down."""
        known = self.orders.get(change.client_order_id)
        if known is not None and not change.state:
            self._forget(known)
        elif change.state:
            if known is not None:
                self._families[known.family].remove(known)
            self._put(from_saved(change.state))

    def align(self, orders: Iterable[Order]) -> None:
        """Take from the order table what became of the slices: the process may have ended before it was written down.

        A slice that was sent, but not noted, is found by its parent's name, or by the kept order's own.
        """
        for order in orders:
            name, terms = order.client_order_id, order.intent.terms
            kept = self.orders.get(name) or (None if terms is None else self.orders.get(terms.parent))
            if kept is not None and kept.side is order.intent.side:  # a child on the other side is no slice
                part = kept.slices.setdefault(name, Slice(order.quantity))
                part.quantity, part.filled, part.open = order.quantity, order.filled, order.is_open
                self._by_slice[name] = kept
        for kept in self.orders.values():
            kept.filled = sum(part.filled for part in kept.slices.values())
            if kept.slices and kept.stage is Stage.WATCHING:
                kept.stage, kept.fired = Stage.READY, True
            self._watch(kept)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _keep(self, order: HeldOrder) -> None:
        """Put an order where it belongs."""
        self.define(order.instrument)
        self.orders[order.client_order_id] = order
        self._families.setdefault(order.family, []).append(order)

    def _put(self, order: HeldOrder) -> None:
        """Put an order that was read back where it belongs."""
        self._keep(order)
        for name in order.slices:
            self._by_slice[name] = order

    def _forget(self, order: HeldOrder) -> None:
        """Keep an order no longer."""
        del self.orders[order.client_order_id]
        for name in order.slices:
            del self._by_slice[name]
        family = self._families[order.family]
        family.remove(order)
        if not family:
            del self._families[order.family]

    def _watch(self, order: HeldOrder) -> None:
        """Let the market's events find an order, or not, as its stage says."""
        looks = (order.stage is Stage.WATCHING and order.armed > 0) or order.waits
        wanted_now = looks and order.ending is None and not order.ended
        if wanted_now and not order.watched:
            self.watched[order.instrument].append(order)
        elif order.watched and not wanted_now:
            self.watched[order.instrument].remove(order)
        order.watched = wanted_now
