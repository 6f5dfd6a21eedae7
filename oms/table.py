"""Where orders are kept: the open ones, the recently closed ones, and what is remembered of older ones."""

import hashlib

import msgspec

from core.orders import OrderState
from oms.order import Order

_FOLD_BYTES = 16
_FOLD_MASK = (1 << (8 * _FOLD_BYTES)) - 1


class Exposure:
    """What the open orders of one instrument may still do, UNKNOWN and unacknowledged ones in full.

    Quantities in the instrument's units. One object per instrument, kept current; do not change it.
    """

    __slots__ = ("open_buy_quantity", "open_orders", "open_sell_quantity")

    def __init__(self) -> None:
        """Have nothing open."""
        self.open_orders = self.open_buy_quantity = self.open_sell_quantity = 0


class OrderTable:
    """All orders by client order id, bounded.

    Closed orders stay in full until `keep_closed` newer ones have closed; after that only their execution ids stay,
    for `keep_forgotten` orders more, so that a repeated fill is known to be a repeat. The closed part enters the
    state as a sum of hashes kept incrementally, since a digest must not cost as much as the history is long.
    """

    __slots__ = (
        "_closed",
        "_closings",
        "_fold",
        "_forgotten",
        "_forgotten_fold",
        "_keep_closed",
        "_keep_forgotten",
        "_open",
        "counts",
    )

    def __init__(self, keep_closed: int, keep_forgotten: int) -> None:
        """Be empty."""
        self._open: dict[str, Order] = {}
        self._closed: dict[str, Order] = {}
        self._forgotten: dict[str, tuple[int, tuple[str, ...]]] = {}
        self._fold = self._forgotten_fold = self._closings = 0
        self._keep_closed = keep_closed
        self._keep_forgotten = keep_forgotten
        self.counts = dict.fromkeys(OrderState, 0)

    @property
    def open_count(self) -> int:
        """How many orders are open, over all instruments."""
        return len(self._open)

    def get(self, client_order_id: str) -> Order | None:
        """Return an open or recently closed order."""
        return self._open.get(client_order_id) or self._closed.get(client_order_id)

    def forgotten_fills(self, client_order_id: str) -> tuple[str, ...] | None:
        """Return the execution ids of an order dropped from the table, None for one not remembered at all."""
        remembered = self._forgotten.get(client_order_id)
        return None if remembered is None else remembered[1]

    def knows(self, client_order_id: str) -> bool:
        """Whether the id is taken, as far back as is remembered."""
        return self.get(client_order_id) is not None or client_order_id in self._forgotten

    def open_orders(self) -> list[Order]:
        """Return the open orders, oldest first; an order reopened counts from its reopening."""
        return list(self._open.values())

    def closed_orders(self) -> list[Order]:
        """Return the closed orders still kept, in the order in which they closed."""
        return list(self._closed.values())

    def insert(self, order: Order, exposure: Exposure) -> None:
        """Take a new order and reserve its exposure at once, before any acknowledgement."""
        self._open[order.client_order_id] = order
        self.counts[order.state] += 1
        exposure.open_orders += 1
        _reserve(order, exposure, order.leaves)

    def change(self, order: Order, state: OrderState, filled: int, exposure: Exposure) -> None:
        """Set state and filled quantity, and move the reserved exposure by the difference."""
        was_open, leaves = order.is_open, order.leaves
        self.counts[order.state] -= 1
        self.counts[state] += 1
        order.state = state
        order.filled = filled
        _reserve(order, exposure, order.leaves - leaves)
        if was_open and not order.is_open:
            exposure.open_orders -= 1
            self._closings += 1
            order.closing = self._closings
            del self._open[order.client_order_id]
            self._closed[order.client_order_id] = order
        elif order.is_open and not was_open:
            exposure.open_orders += 1
            del self._closed[order.client_order_id]
            self._open[order.client_order_id] = order

    def settle(self, order: Order) -> None:
        """Bring the fold up to date after `order` changed, and drop what is beyond the bounds. Call it last."""
        before = order.fold
        order.fold = 0 if order.is_open else _hash(order.canonical())
        self._fold = (self._fold + order.fold - before) & _FOLD_MASK
        while len(self._closed) > self._keep_closed:
            self._drop(next(iter(self._closed.values())))

    def _drop(self, order: Order) -> None:
        """Keep no more than the execution ids of the order that closed first."""
        del self._closed[order.client_order_id]
        self._fold = (self._fold - order.fold) & _FOLD_MASK
        remembered = (order.closing, tuple(sorted(order.exec_ids)))
        self._forgotten[order.client_order_id] = remembered
        self._forgotten_fold += _hash((order.client_order_id, *remembered))
        while len(self._forgotten) > self._keep_forgotten:
            oldest = next(iter(self._forgotten))
            self._forgotten_fold -= _hash((oldest, *self._forgotten.pop(oldest)))
        self._forgotten_fold &= _FOLD_MASK

    def canonical(self) -> list[object]:
        """Return the table in plain values: open orders in full and in order, the rest as counts and folds."""
        return [
            [order.canonical() for order in self._open.values()],
            self._closings,
            len(self._closed),
            f"{self._fold:032x}",
            len(self._forgotten),
            f"{self._forgotten_fold:032x}",
            [self.counts[state] for state in OrderState],
        ]


def _reserve(order: Order, exposure: Exposure, delta: int) -> None:
    """Move the reserved quantity of the order's side."""
    if order.side > 0:
        exposure.open_buy_quantity += delta
    else:
        exposure.open_sell_quantity += delta


def _hash(canonical: tuple[object, ...]) -> int:
    """Return a 128-bit number that stands for plain values, the same in every process."""
    packed = msgspec.msgpack.encode(canonical)
    return int.from_bytes(hashlib.blake2b(packed, digest_size=_FOLD_BYTES).digest(), "big")
