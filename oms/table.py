"""Where orders are kept: the open ones, the recently closed ones, and what is remembered of older ones."""

import hashlib
from collections.abc import Iterable, Mapping

import msgspec

from oms.codes import STATE_UNKNOWN
from oms.moves import Exposure, Totals, enter_order
from oms.order import Order
from oms.rows import Rows

__all__ = ["Exposure", "OrderTable"]

_FOLD_BYTES = 16
_FOLD_MASK = (1 << (8 * _FOLD_BYTES)) - 1
_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decode = msgspec.msgpack.Decoder(tuple[str, int, tuple[str, ...]]).decode
_UNFOLDED_MAX = 1_024  # what a digest has to catch up with takes no longer than 5 ms


class OrderTable:
    """All orders by client order id, bounded.

    Closed orders stay in full until `keep_closed` newer ones have closed; after that only their execution ids stay,
    for `keep_forgotten` orders more, so that a repeated fill is known to be a repeat. The closed part enters the
    state as a sum of hashes kept incrementally, since a digest must not cost as much as the history is long. An order
    is hashed when the state is asked for, or after many others have closed: not while a fill waits for its answer.
    """

    __slots__ = (
        "_closed",
        "_fold",
        "_forgotten",
        "_forgotten_fold",
        "_keep_closed",
        "_keep_forgotten",
        "_open",
        "_unfolded",
        "totals",
    )

    def __init__(self, keep_closed: int, keep_forgotten: int) -> None:
        """Be empty."""
        self._open: dict[str, Order] = {}
        self._closed: dict[str, Order] = {}
        self._unfolded: dict[str, Order] = {}  # closed orders that changed since `_fold` saw them
        self._forgotten = Rows()
        self._fold = self._forgotten_fold = 0
        self._keep_closed = keep_closed
        self._keep_forgotten = keep_forgotten
        self.totals = Totals()

    def get(self, client_order_id: str) -> Order | None:
        """Return an open or recently closed order."""
        return self._open.get(client_order_id) or self._closed.get(client_order_id)

    def forgotten_fills(self, client_order_id: str) -> tuple[str, ...] | None:
        """Return the execution ids of an order dropped from the table, None for one not remembered at all."""
        row = self._forgotten.get(client_order_id)
        return None if row is None else _decode(row)[2]

    def knows(self, client_order_id: str) -> bool:
        """Whether the id is taken, as far back as is remembered."""
        return client_order_id in self._open or client_order_id in self._closed or client_order_id in self._forgotten

    def name_at_venue(self, venue_order_id: str, instrument: int) -> str:
        """Return our name of the order, or of its leg, that the venue knows by an id of its own, "" for none.

        It looks at every order, open ones first: for the rare report that lacks our name.
        """
        for orders in (self._open, self._closed):
            for order in orders.values():
                if order.instrument == instrument and (name := order.name_at_venue(venue_order_id)):
                    return name
        return ""

    def open_orders(self) -> list[Order]:
        """Return the open orders, oldest first; an order reopened counts from its reopening."""
        return list(self._open.values())

    def closed_orders(self) -> list[Order]:
        """Return the closed orders still kept, in the order in which they closed."""
        return list(self._closed.values())

    def insert(self, order: Order, exposure: Exposure) -> None:
        """Take a new order and reserve its exposure at once, before any acknowledgement."""
        self._open[order.client_order_id] = order
        enter_order(order, exposure, self.totals)

    def settle(self, order: Order, previous: int) -> None:
        """Put `order` where it belongs after it moved from state `previous`; drop what is beyond the bounds."""
        order.written = b""
        if order.state_code <= STATE_UNKNOWN:
            if previous > STATE_UNKNOWN:
                self._take_out(order)
                self._open[order.client_order_id] = order
            return
        if previous <= STATE_UNKNOWN:
            del self._open[order.client_order_id]
            self._closed[order.client_order_id] = order
        self._unfolded[order.client_order_id] = order
        if len(self._unfolded) > _UNFOLDED_MAX:
            self._fold_in(order)  # this one, and not the oldest: it is in the processor's cache
        while len(self._closed) > self._keep_closed:
            self._drop(next(iter(self._closed.values())))

    def forgotten_written(self) -> bytes:
        """Return (id, closing, execution ids) of the orders dropped and still remembered, oldest first, encoded."""
        return self._forgotten.written()

    def restore(
        self,
        open_orders: Iterable[Order],
        closed_orders: Iterable[Order],
        totals: Totals,
        drop: int,
        forgotten: Mapping[str, tuple[int, tuple[str, ...]]],
    ) -> None:
        """Become, from empty, the table that lived through these orders; `drop` of the closed ones, the first, went.

        Closed orders come in the order in which they closed. Those beyond both bounds may be left out; `forgotten` ones
        were dropped before them.
        """
        self.totals.submitted, self.totals.closings = totals.submitted, totals.closings
        self.totals.counts[:] = totals.counts
        for name, remembered in forgotten.items():
            self._remember(name, *remembered)
        self._forgotten_fold &= _FOLD_MASK
        for order in open_orders:
            self._open[order.client_order_id] = order
        self.totals.open_orders = len(self._open)
        for number, order in enumerate(closed_orders):
            order.fold = 0
            self._closed[order.client_order_id] = self._unfolded[order.client_order_id] = order
            if number < drop or len(self._closed) > self._keep_closed:
                self._drop(next(iter(self._closed.values())))

    def _take_out(self, order: Order) -> None:
        """Take an order out of the closed ones and of their fold."""
        del self._closed[order.client_order_id]
        self._unfolded.pop(order.client_order_id, None)
        self._fold -= order.fold
        order.fold = 0

    def _fold_in(self, order: Order) -> None:
        """Bring the fold up to date with one closed order."""
        del self._unfolded[order.client_order_id]
        before = order.fold
        order.fold = _hash(_encode(order.canonical()))
        self._fold = (self._fold + order.fold - before) & _FOLD_MASK

    def _drop(self, order: Order) -> None:
        """Keep no more than the execution ids of the order that closed first."""
        self._take_out(order)
        order.written = b""
        self._remember(order.client_order_id, order.closing, tuple(sorted(order.exec_ids)))
        while len(self._forgotten) > self._keep_forgotten:
            self._forgotten_fold -= _hash(self._forgotten.drop_oldest())
        self._forgotten_fold &= _FOLD_MASK

    def _remember(self, name: str, closing: int, exec_ids: tuple[str, ...]) -> None:
        """Keep what is left of a dropped order."""
        row = _encode((name, closing, exec_ids))
        self._forgotten.add(name, row)
        self._forgotten_fold += _hash(row)

    def canonical(self) -> list[object]:
        """Return the table in plain values: open orders in full and in order, the rest as counts and folds."""
        for order in list(self._unfolded.values()):
            self._fold_in(order)
        return [
            [order.canonical() for order in self._open.values()],
            self.totals.closings,
            len(self._closed),
            f"{self._fold & _FOLD_MASK:032x}",
            len(self._forgotten),
            f"{self._forgotten_fold:032x}",
            list(self.totals.counts),
        ]


def _hash(packed: bytes) -> int:
    """Return a 128-bit number that stands for encoded values, the same in every process."""
    return int.from_bytes(hashlib.blake2b(packed, digest_size=_FOLD_BYTES).digest(), "big")
