"""An order as the venue keeps it while it works."""

from core.orders import OrderIntent, Side


class WorkingOrder:
    """A limit order in the book, with what is believed of the queue before it (`matching.py`)."""

    __slots__ = (
        "ahead",
        "client_order_id",
        "dropped_ns",
        "instrument",
        "joined_update_id",
        "joined_venue_ns",
        "leaves",
        "limit",
        "rank",
        "reduce_only",
        "side",
        "sign",
        "unprinted",
        "venue_order_id",
    )

    def __init__(self, intent: OrderIntent, venue_order_id: str, limit: int) -> None:
        """Begin with the whole quantity to fill and nobody ahead; `limit` is the worst price it may trade at."""
        self.client_order_id = intent.client_order_id
        self.venue_order_id = venue_order_id
        self.instrument = intent.instrument
        self.side: Side = intent.side
        self.sign = int(intent.side)
        self.limit = limit
        self.leaves = intent.quantity  # 0 once the order has ended, however it did
        self.reduce_only = intent.reduce_only
        self.rank = -self.sign * self.limit  # ascending: the best price first
        self.ahead = 0
        self.unprinted = 0
        self.dropped_ns = 0
        self.joined_update_id = 0
        self.joined_venue_ns = 0

    def state(self) -> tuple[object, ...]:
        """Return what a digest covers, in the order of the slots' meaning."""
        return (
            self.client_order_id,
            self.venue_order_id,
            self.sign,
            self.limit,
            self.leaves,
            self.reduce_only,
            self.ahead,
            self.unprinted,
            self.dropped_ns,
            self.joined_update_id,
            self.joined_venue_ns,
        )
