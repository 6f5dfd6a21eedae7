"""Orders that wait for the price: stop-loss, take-profit and trailing ones of one symbol. No I/O.

Source: https://developers.binance.com/docs/binance-spot-api-docs/faqs/trailing-stop-faq
"""

import heapq

from connectors.embedded.exchange.orders import Order, Side

_BIPS = 10_000


def rises_to_stop(order: Order) -> bool:
    """Return whether the stop price is reached from below: buying stops and selling take-profits."""
    return (order.side is Side.BUY) is order.type.is_stop


def reached(order: Order, price: int) -> bool:
    """Return whether a price meets the order's stop price ("market price >= stop price", or <=)."""
    return price >= order.stop_price if rises_to_stop(order) else price <= order.stop_price


def triggers_at_once(order: Order, last_price: int) -> bool:
    """Return whether the order would trigger immediately, for which the venue refuses it; 0 is no price yet."""
    return last_price > 0 and order.trailing_bips == 0 and reached(order, last_price)


class TriggerBook:
    """The waiting orders of one symbol and one reference price."""

    def __init__(self) -> None:
        """Start empty."""
        self._orders: dict[int, Order] = {}
        self._rising: list[tuple[int, int, Order]] = []  # by stop price, lowest first; then by arrival
        self._falling: list[tuple[int, int, Order]] = []  # by stop price, highest first
        self._trailing: dict[int, Order] = {}
        self._arrivals = 0

    def __len__(self) -> int:
        return len(self._orders)

    def add(self, order: Order, last_price: int = 0) -> None:
        """Let an order wait; a trailing one without a stop price tracks from the last price on."""
        self._orders[order.order_id] = order
        self._arrivals += 1
        if order.trailing_bips:
            self._trailing[order.order_id] = order
            if not order.stop_price:
                order.trail_extreme = last_price
        elif rises_to_stop(order):
            heapq.heappush(self._rising, (order.stop_price, self._arrivals, order))
        else:
            heapq.heappush(self._falling, (-order.stop_price, self._arrivals, order))

    def remove(self, order: Order) -> None:
        """Forget an order that was cancelled."""
        self._orders.pop(order.order_id, None)
        self._trailing.pop(order.order_id, None)
        if len(self._rising) + len(self._falling) > 2 * len(self._orders) + 64:
            self._compact()

    def on_price(self, price: int) -> list[Order]:
        """Take a price; returns the orders that it triggers, nearest stop first, and forgets them."""
        fired = _due(self._rising, price, self._orders)
        fired += _due(self._falling, -price, self._orders)
        if self._trailing:
            fired += [order for order in self._trailing.values() if _trails_to_trigger(order, price)]
        for order in fired:
            self._orders.pop(order.order_id, None)
            self._trailing.pop(order.order_id, None)
        return fired

    def _compact(self) -> None:
        for heap in (self._rising, self._falling):
            heap[:] = [entry for entry in heap if self._orders.get(entry[2].order_id) is entry[2]]
            heapq.heapify(heap)


def _due(heap: list[tuple[int, int, Order]], price: int, waiting: dict[int, Order]) -> list[Order]:
    fired = []
    while heap and heap[0][0] <= price:
        order = heapq.heappop(heap)[2]
        if waiting.get(order.order_id) is order:
            fired.append(order)
    return fired


def _trails_to_trigger(order: Order, price: int) -> bool:
    """Arm the order, follow the price, and return whether it came back by the delta from its best."""
    if order.trail_extreme == 0:
        if order.stop_price and not reached(order, price):
            return False
        order.trail_extreme = price  # "the first trade that meets this condition sets the" extreme
        return False
    if order.side is Side.SELL:
        order.trail_extreme = max(order.trail_extreme, price)
        return price * _BIPS <= order.trail_extreme * (_BIPS - order.trailing_bips)
    order.trail_extreme = min(order.trail_extreme, price)
    return price * _BIPS >= order.trail_extreme * (_BIPS + order.trailing_bips)
