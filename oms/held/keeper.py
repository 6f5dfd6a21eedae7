"""Every kept order of the session, and the one loop that carries them on.

`advance` looks at an order's family (its parent, its children, its group) again and again until nothing moves. What
must leave the core goes through a `Door`: the engine's passes the gate, a test's is a venue in ten lines.
"""

from collections.abc import Sequence

from core.effects import OrderUpdated
from core.orders import OrderIntent, OrderState, OrderType, TriggerBy
from oms.held.book import HeldBook
from oms.held.door import Door
from oms.held.groups import armed_by, ended_by_siblings, is_complete, siblings_of, slice_quantity, wanted
from oms.held.order import NO_TERMS, HeldOrder, Slice, Stage
from oms.held.triggers import TRAILING, activated, followed, pulled
from oms.transitions import is_open

_READY, _TOUCH = Stage.READY, TriggerBy.TOUCH  # asked for each event: an enumeration's attribute costs four times this
_REFUSED_CANCEL = (OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED)


class HeldOrders(HeldBook):
    """The kept orders and what becomes of them; empty for a session without any."""

    __slots__ = ()

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
            if order.watched and self._is_hit(order, door):
                self._fire(order, door)

    def cancel(self, order: HeldOrder, reason: str, door: Door) -> None:
        """End an order: at once where nothing of it is at the venue, else after the cancel of what is."""
        order.end(OrderState.CANCELLED, reason)
        self.advance(order, door)

    def cancel_all(self, strategy_id: str, reason: str, door: Door) -> None:
        """End every order of one strategy, or of all."""
        self.cancel_these(self.of_strategy(strategy_id), reason, door)

    def cancel_these(self, ending: Sequence[HeldOrder], reason: str, door: Door) -> None:
        """End some orders, all of them before what hangs on them is looked at."""
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
        if order.watched and self._is_hit(order, door):
            self._fire(order, door)

    def expire(self, client_order_id: str, door: Door) -> None:
        """End an order whose time is over."""
        order = self.get(client_order_id)
        if order is not None:
            order.end(OrderState.EXPIRED, "its time is over")
            self.advance(order, door)

    def wake(self, client_order_id: str, door: Door) -> None:
        """Let an order out whose time has come, as soon as its market can be trusted."""
        order = self.get(client_order_id)
        if order is not None and order.stage is Stage.EARLY:
            order.stage = Stage.READY
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
            if order.watched and self._is_hit(order, door):
                group = (order.strategy_id, order.terms.group if order.exclusive else order.client_order_id)
                if group not in fired:  # of a group that excludes itself one leg at a time
                    fired.append(group)
                    self._fire(order, door)

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
        if room == 0 or order.stage is not Stage.READY:
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
        if answer is None:
            order.waits = True
            return False
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

    def _is_hit(self, order: HeldOrder, door: Door) -> bool:
        """Whether the market pulls an order's trigger, or the order only waited for one to trust; else move it."""
        if order.stage is _READY:
            return True
        low, high = door.reference(order, _TOUCH if order.touched else order.terms.trigger_by)
        if low <= 0:
            return False
        if pulled(order.rise, order.trigger, low, high):
            return True
        if order.trails:
            self._follow(order, low, high)
            self._save(order, order.save(), door)
        return False

    def _fire(self, order: HeldOrder, door: Door) -> None:
        """Let an order out whose trigger was pulled."""
        if order.stage is Stage.WATCHING:
            order.stage, order.fired = Stage.READY, True
        self.advance(order, door)

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

    def _save(self, order: HeldOrder, data: bytes, door: Door) -> None:
        """Have an order written down where it changed."""
        if data != order.saved:
            order.saved = data
            door.save(order, data)
