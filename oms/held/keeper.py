"""Every kept order of the session, and the one loop that carries them on.

`advance` looks at an order's family (its parent, its children, its group) again and again until nothing moves. What
must leave the core goes through a `Door`: the engine's passes the gate, a test's is a venue in ten lines.
"""

from collections.abc import Iterable, Sequence

import msgspec

from core.effects import HeldChanged, OrderUpdated
from core.orders import OrderIntent, OrderState, OrderType, TriggerBy
from oms.errors import BadState
from oms.held.door import Door
from oms.held.groups import armed_by, ended_by_siblings, is_complete, siblings_of, slice_quantity, wanted
from oms.held.order import NO_TERMS, HeldOrder, Slice, Stage, from_saved
from oms.held.triggers import TRAILING, activated, followed, pulled
from oms.order import Order
from oms.transitions import is_open

VERSION = 1
_REFUSED_CANCEL = (OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED)


class HeldOrders:
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

    # -- taking in and ending --------------------------------------------------------------------------------------

    def adopt(self, order: HeldOrder, filled: int, quantity: int, *, is_open: bool) -> None:
        """Take in an order that is at the venue under its own name already: a parent whose children come later."""
        order.slices[order.client_order_id] = Slice(quantity, filled, is_open=is_open)
        order.filled = filled
        self._keep(order)
        self._by_slice[order.client_order_id] = order

    def take(self, orders: Sequence[HeldOrder], door: Door) -> None:
        """Take in orders that belong together, or one; each is told HELD unless it goes out whole at once."""
        for order in orders:
            if order.exclusive and order.intent.type is OrderType.LIMIT:
                self._keep_off(order)
            self._keep(order)
            at_once = order.stage is Stage.READY and order.armed == order.quantity and not order.terms.display_quantity
            if not at_once:
                order.told = True
                door.hold(order, None)
        for order in orders:
            self.advance(order, door)
        for order in orders:
            if order.watched:
                self._look_at(order, door)

    def cancel(self, order: HeldOrder, reason: str, door: Door) -> None:
        """End an order: at once where nothing of it is at the venue, else after the cancel of what is."""
        order.end(OrderState.CANCELLED, reason)
        self.advance(order, door)

    def cancel_all(self, strategy_id: str, reason: str, door: Door) -> None:
        """End every order of one strategy, or of all."""
        ending = self.of_strategy(strategy_id)
        for order in ending:
            order.end(OrderState.CANCELLED, reason)
        for order in ending:
            self.advance(order, door)

    def change(self, order: HeldOrder, intent: OrderIntent, door: Door) -> None:
        """Let an order ask for another price or quantity; what is at the venue at the old price is cancelled first."""
        repriced = intent.price != order.intent.price
        self._resize(order, intent.quantity - order.intent.quantity)
        order.intent, order.terms = intent, intent.terms or NO_TERMS
        if order.stage is Stage.WATCHING and intent.type not in TRAILING:
            order.trigger = intent.price if order.touched else order.terms.trigger_price
        door.hold(order, OrderState.HELD)
        if repriced:
            self._withdraw(order, door)
        self.advance(order, door)
        if order.watched:
            self._look_at(order, door)

    def expire(self, client_order_id: str, door: Door) -> None:
        """End an order whose time is over."""
        order = self.get(client_order_id)
        if order is not None:
            order.end(OrderState.EXPIRED, "its time is over")
            self.advance(order, door)

    def retry(self, client_order_id: str, door: Door) -> None:
        """Ask again for the cancels that the venue refused."""
        order = self.orders.get(client_order_id)
        if order is not None:
            for each in order.slices.values():
                each.asked = False
            self.advance(order, door)

    # -- what happens ----------------------------------------------------------------------------------------------

    def moved(self, update: OrderUpdated, door: Door) -> None:
        """Take what became of an order at the venue, if it is a slice of a kept one."""
        order = self._by_slice.get(update.client_order_id)
        if order is None or update.state is OrderState.HELD or update.previous is OrderState.HELD:
            return
        part = order.slices[update.client_order_id]
        was_open = part.open
        news = update.filled - part.filled
        order.filled += news
        if update.client_order_id == order.client_order_id:
            self._resize(order, update.quantity - part.quantity)  # it was replaced at the venue
        part.quantity, part.filled, part.open = update.quantity, update.filled, is_open(update.state)
        if part.asked and update.previous is OrderState.PENDING_CANCEL and update.state in _REFUSED_CANCEL:
            door.again(order)
        if was_open and not part.open and not part.asked and part.filled < part.quantity:
            order.end(update.state, update.reason)
        if news and order.told and update.client_order_id != order.client_order_id:
            door.hold(order, OrderState.HELD)
        self.advance(order, door)

    def look(self, index: int, door: Door) -> None:
        """Let the market of one instrument pull triggers and move trailing ones."""
        fired: list[tuple[str, str]] = []
        for order in self.watched[index][:]:
            group = (order.strategy_id, order.terms.group if order.exclusive else order.client_order_id)
            if order.watched and group not in fired and self._look_at(order, door):
                fired.append(group)

    def advance(self, first: HeldOrder, door: Door) -> None:
        """Carry an order's family on until nothing moves; forget it when all of it has ended."""
        family = self._families.get(first.family, [])
        moving = True
        while moving:
            moving = False
            for order in family[:]:
                if not order.ended and self._step(order, family, door):
                    moving = True
        over = all(order.ended for order in family)
        for order in family[:]:
            self._watch(order)
            if over:
                self._forget(order)
            self._save(order, b"" if over else order.save(), door)

    def resume(self, door: Door) -> None:
        """Carry every family on: what had to wait, because nothing may be opened before READY, goes on now."""
        for family in list(self._families.values()):
            self.advance(family[0], door)

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
            if kept is not None:
                part = kept.slices.setdefault(name, Slice(order.quantity))
                part.quantity, part.filled, part.open = order.quantity, order.filled, order.is_open
                self._by_slice[name] = kept
        for kept in self.orders.values():
            kept.filled = sum(part.filled for part in kept.slices.values())
            if kept.slices and kept.stage is Stage.WATCHING:
                kept.stage, kept.fired = Stage.READY, True
            self._watch(kept)

    # -- one step --------------------------------------------------------------------------------------------------

    def _step(self, order: HeldOrder, family: Sequence[HeldOrder], door: Door) -> bool:
        """Carry one order one step on; return whether that may move another."""
        siblings = siblings_of(order, family)
        parent = self.orders.get(order.terms.parent)
        if parent is not None:
            order.armed = armed_by(parent, order)
        why = ended_by_siblings(order, siblings)
        if why:
            order.end(OrderState.CANCELLED, why)
        want = wanted(order, siblings)
        if order.ending is None and is_complete(order, want, parent):
            self._complete(order)
        if order.ending is not None:
            return self._finish(order, door)
        room = want - order.filled - order.leaves
        if room < 0:
            return self._withdraw(order, door)
        if room == 0 or order.stage is Stage.WATCHING:
            return False
        if order.told and not door.can_release(order):
            order.waits = True
            return False
        order.waits = False
        working = [each for each in siblings if each.is_open_at_venue]
        for each in working:
            each.end(OrderState.CANCELLED, f"one leg at a time: {order.client_order_id} was triggered")
        if working:
            return any(self._withdraw(each, door) for each in working)
        return self._release(order, room, parent, door)

    def _release(self, order: HeldOrder, room: int, parent: HeldOrder | None, door: Door) -> bool:
        """Send what may go out, unless that is too little for the venue and more is to come."""
        display, least = order.terms.display_quantity, door.least(order)
        if display and order.is_open_at_venue:
            return False
        if room < least and parent is not None and not parent.ended and order.armed < order.quantity:
            return False
        asked = slice_quantity(room, display, least)
        answer = door.release(order, asked)
        if isinstance(answer, str):
            order.end(OrderState.REJECTED, answer)
        else:
            name, quantity = answer
            order.quantity -= asked - quantity  # reduce-only: what the position is too small for is never asked again
            order.slices[name] = Slice(quantity)
            self._by_slice[name] = order
        return True

    def _resize(self, order: HeldOrder, delta: int) -> None:
        """Ask for so much more of an order, or less."""
        order.quantity += delta
        if not order.terms.parent:
            order.armed += delta

    def _complete(self, order: HeldOrder) -> None:
        """End an order of which nothing more can come."""
        if order.filled >= order.quantity:
            order.end(OrderState.FILLED, "")
        elif order.armed < order.quantity:
            order.end(OrderState.CANCELLED, f"its parent {order.terms.parent} ended, {order.filled} units of it filled")
        else:
            order.end(OrderState.CANCELLED, "the other orders of its group were filled")

    def _finish(self, order: HeldOrder, door: Door) -> bool:
        """End an order that is to end, once nothing of it is at the venue."""
        assert order.ending is not None
        if order.is_open_at_venue:
            return self._withdraw(order, door)
        order.ended = True
        state = OrderState.FILLED if order.filled >= order.intent.quantity else order.ending
        door.end(order, state)
        return True

    def _withdraw(self, order: HeldOrder, door: Door) -> bool:
        """Ask for the cancel of what is at the venue; return whether anything was asked that had not been."""
        asked = False
        for name, each in order.slices.items():
            if each.open and not each.asked:
                each.asked = asked = True
                door.withdraw(order, name)
        return asked

    # -- triggers --------------------------------------------------------------------------------------------------

    def _look_at(self, order: HeldOrder, door: Door) -> bool:
        """Let the market pull one order's trigger, or move it; return whether it was pulled."""
        if order.stage is Stage.READY:  # it waited for a market to trust
            self.advance(order, door)
            return False
        terms = order.terms
        low, high = door.reference(order, TriggerBy.TOUCH if order.touched else terms.trigger_by)
        hit = pulled(order.rise, order.trigger, low, high)
        if not hit and order.intent.type in TRAILING:
            self._follow(order, low, high)
            self._save(order, order.save(), door)
        if hit:
            order.stage, order.fired = Stage.READY, True
            self.advance(order, door)
        return hit

    def _follow(self, order: HeldOrder, low: int, high: int) -> None:
        """Move a trailing trigger after the market."""
        terms = order.terms
        if not order.following and low > 0:
            order.following = activated(order.side, terms.activation_price, low, high)
        if order.following:
            tick = order.tick
            order.trigger = followed(order.side, order.trigger, low, high, terms.trail, terms.trail_ppm, tick)

    def _keep_off(self, order: HeldOrder) -> None:
        """Let a limit leg wait for its price where another leg of its group is the one that works at the venue."""
        group = order.terms.group
        for each in self.orders.values():
            same = each.strategy_id == order.strategy_id and each.terms.group == group
            if same and not each.ended and each.intent.type is OrderType.LIMIT and not each.touched:
                order.stage, order.touched, order.trigger = Stage.WATCHING, True, order.intent.price
                return

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

    def _save(self, order: HeldOrder, data: bytes, door: Door) -> None:
        """Have an order written down where it changed."""
        if data != order.saved:
            order.saved = data
            door.save(order, data)

    def _watch(self, order: HeldOrder) -> None:
        """Let the market's events find an order, or not, as its stage says."""
        looks = (order.stage is Stage.WATCHING and order.armed > 0) or order.waits
        wanted_now = looks and order.ending is None and not order.ended
        if wanted_now and not order.watched:
            self.watched[order.instrument].append(order)
        elif order.watched and not wanted_now:
            self.watched[order.instrument].remove(order)
        order.watched = wanted_now
