"""The orders of a compiled run as the order manager would keep them, for restoring a live engine from it."""

from collections import deque

from core.orders import OrderIntent
from oms.manager import KEEP_CLOSED, KEEP_FORGOTTEN
from oms.order import Order


class Past:
    """Open orders by number, and the closed ones that a live order manager would still remember."""

    def __init__(self) -> None:
        """Know none."""
        self._orders: dict[int, Order] = {}
        self._closed: deque[Order] = deque(maxlen=KEEP_CLOSED + KEEP_FORGOTTEN)
        self._submitted = 0

    def submitted(self, number: int, intent: OrderIntent, now_ns: int) -> None:
        """Take a new order."""
        self._orders[number] = Order(intent, self._submitted, now_ns)
        self._submitted += 1

    def updated(self, number: int, state: int, filled: int, venue_id: str, now_ns: int) -> Order:
        """Follow an order's state; the first word of the venue names it."""
        order = self._orders[number]
        order.state_code, order.filled, order.updated_ns = state, filled, now_ns
        if venue_id:
            order.venue_order_id, order.named, order.acknowledged = venue_id, True, True
        return order

    def filled(self, number: int, exec_id: str, quantity: int, price: int, fee: int, currency: str) -> Order:
        """Book an execution on its order."""
        order = self._orders[number]
        order.exec_ids[exec_id] = (quantity, price, fee, currency, 0, 0)
        order.notional += quantity * price
        if fee:
            order.fees[currency] = order.fees.get(currency, 0) + fee
        return order

    def cancelled(self, number: int, now_ns: int) -> None:
        """Note when a cancel left."""
        self._orders[number].cancel_sent_ns = now_ns

    def venue_id(self, number: int) -> str:
        """Return the venue's id of an order, "" where it has told none yet."""
        return self._orders[number].venue_order_id

    def closed(self, number: int, numbers: list[int]) -> None:
        """Take an order whose life is over; `numbers` are the rest of its row of the log."""
        order = self._orders.pop(number)
        order.closing = numbers[5]
        assert (order.number, order.notional) == (numbers[0], numbers[2]), f"order {number} was told otherwise"
        self._closed.append(order)

    def open_orders(self) -> list[Order]:
        """Return the open orders, oldest first."""
        return [order for order in self._orders.values() if order.is_open]

    def closed_orders(self, closings: dict[int, int]) -> list[Order]:
        """Return the closed orders by closing; `closings` gives it for those whose rows are still held."""
        held = [(number, order) for number, order in self._orders.items() if not order.is_open]
        for number, order in held:
            order.closing = closings[number]
        return sorted([*self._closed, *(order for _, order in held)], key=lambda order: order.closing)
