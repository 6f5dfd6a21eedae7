"""One side of a symbol's book: the accounts' queues by price, and beside them the market's displayed levels. No I/O."""

from bisect import bisect_left, insort
from collections import deque

from connectors.embedded.exchange.orders import Order

_COMPACT_SLACK = 32  # cancelled orders that a queue may carry besides as many as are alive


class Queue:
    """Orders of accounts at one price, first come first; cancelled ones are skipped when they come to the front."""

    __slots__ = ("live", "orders")

    def __init__(self) -> None:
        self.orders: deque[Order] = deque()
        self.live = 0


class Half:
    """One side of the book. Keys are prices signed so that the best is the largest: `keys[-1]`, `shown_keys[-1]`."""

    __slots__ = ("keys", "left", "queues", "shown", "shown_keys", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.queues: dict[int, Queue] = {}
        self.keys: list[int] = []  # of `queues`, sorted
        self.shown: dict[int, int] = {}  # as displayed
        self.left: dict[int, int] = {}  # of it, what accounts and trades have not taken
        self.shown_keys: list[int] = []  # those with something left, sorted

    def rest(self, order: Order) -> None:
        """Put an order at the end of the queue of its price."""
        key = order.price * self.sign
        queue = self.queues.get(key)
        if queue is None:
            queue = self.queues[key] = Queue()
            insort(self.keys, key)
        remaining = order.quantity - order.executed - order.prevented
        order.visible = min(order.iceberg, remaining) if order.iceberg else remaining
        order.ahead = self.left.get(key, 0)
        order.resting = True
        queue.orders.append(order)
        queue.live += 1

    def take_off(self, order: Order) -> None:
        """Take a resting order out of its queue."""
        order.resting = False
        key = order.price * self.sign
        queue = self.queues[key]
        queue.live -= 1
        if queue.live == 0:
            del self.queues[key]
            del self.keys[bisect_left(self.keys, key)]
        elif queue.orders[0] is order:
            queue.orders.popleft()
        elif len(queue.orders) > 2 * queue.live + _COMPACT_SLACK:
            queue.orders = deque(waiting for waiting in queue.orders if waiting.resting)

    def best(self) -> int | None:
        """Return the best key there is."""
        if not self.shown_keys:
            return self.keys[-1] if self.keys else None
        if not self.keys:
            return self.shown_keys[-1]
        return max(self.keys[-1], self.shown_keys[-1])

    def show(self, price: int, quantity: int) -> bool:
        """Display a level; returns whether that changed anything."""
        key = price * self.sign
        if self.shown.get(key, 0) == quantity:
            return False
        self.set_left(key, quantity)
        if quantity:
            self.shown[key] = quantity
        else:
            del self.shown[key]
        queue = self.queues.get(key)
        if queue is not None:
            for order in queue.orders:
                order.ahead = min(order.ahead, quantity)
        return True

    def set_left(self, key: int, quantity: int) -> None:
        """Set what is left of a displayed level."""
        if key in self.left:
            if not quantity:
                del self.left[key]
                del self.shown_keys[bisect_left(self.shown_keys, key)]
                return
        elif quantity:
            insort(self.shown_keys, key)
        else:
            return
        self.left[key] = quantity

    def take_shown(self, key: int, quantity: int) -> None:
        """Take from a level what may be more than is left of it; the queue behind it moves up."""
        self.set_left(key, max(0, self.left.get(key, 0) - quantity))
