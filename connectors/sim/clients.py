"""Which row of the table of orders stands for which client order id."""

from connectors.sim.orders import Order


class Clients:
    """Gives out rows, and takes each back once nothing of its client order id is under way or works.

    Every submit is answered by one final report (a refusal, an end, the last fill) and every cancel by one answer: the
    requests of a row that still wait for theirs hold the row.
    """

    __slots__ = ("_free", "_held", "_rows", "names", "orders")

    def __init__(self) -> None:
        """Start with an empty table."""
        self.orders: list[Order] = []
        self.names: list[str] = []  # by row
        self._held: list[int] = []
        self._free: list[int] = []
        self._rows: dict[str, int] = {}

    def hold(self, client_order_id: str) -> int:
        """Return the row of a request's client order id, held by one request more."""
        row = self._rows.get(client_order_id)
        if row is None:
            row = self._new(client_order_id)
        self._held[row] += 1
        return row

    def release(self, row: int, requests: int) -> None:
        """Note that so many of a row's requests have had their last answer."""
        self._held[row] -= requests
        if not self._held[row]:
            del self._rows[self.names[row]]
            self._free.append(row)

    def _new(self, client_order_id: str) -> int:
        """Give out a row that nobody holds."""
        if self._free:
            row = self._free.pop()
            self.names[row] = client_order_id
        else:
            row = len(self.orders)
            self.orders.append(Order())
            self.names.append(client_order_id)
            self._held.append(0)
        self._rows[client_order_id] = row
        return row
