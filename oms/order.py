"""One order and its history, as far as it matters for what comes next."""

from core.orders import OrderIntent, OrderState
from oms.transitions import is_open


class Order:
    """An order as the manager knows it. Read it freely; only the manager changes it.

    Price and quantities in the instrument's units, `notional` in price units times quantity units, `fees` money per
    currency. `exec_ids` holds (quantity, price) of each booked execution, so that none is booked twice.
    """

    __slots__ = (
        "acknowledged",
        "cancel_sent_ns",
        "client_order_id",
        "closing",
        "exec_ids",
        "fees",
        "filled",
        "fold",
        "instrument",
        "intent",
        "notional",
        "number",
        "post_only",
        "price",
        "quantity",
        "reduce_only",
        "side",
        "state",
        "strategy_id",
        "submitted_ns",
        "time_in_force",
        "type",
        "updated_ns",
        "venue_order_id",
    )

    def __init__(self, intent: OrderIntent, number: int, now_ns: int) -> None:
        """Begin as SUBMITTED; `number` counts the session's orders from 0."""
        self.intent = intent
        self.number = number
        self.client_order_id = intent.client_order_id
        self.strategy_id = intent.strategy_id
        self.instrument = intent.instrument
        self.side = intent.side
        self.type = intent.type
        self.quantity = intent.quantity
        self.price = intent.price
        self.time_in_force = intent.time_in_force
        self.post_only = intent.post_only
        self.reduce_only = intent.reduce_only
        self.state = OrderState.SUBMITTED
        self.filled = 0
        self.notional = 0
        self.fees: dict[str, int] = {}
        self.exec_ids: dict[str, tuple[int, int]] = {}
        self.venue_order_id = ""
        self.acknowledged = False
        self.submitted_ns = self.updated_ns = now_ns
        self.cancel_sent_ns = 0
        self.closing = 0  # which closing of the session it was, counted from 1; the table drops the lowest first
        self.fold = 0

    @property
    def leaves(self) -> int:
        """The quantity that may still be filled: 0 once the order has ended, never negative."""
        return max(self.quantity - self.filled, 0) if is_open(self.state) else 0

    @property
    def is_open(self) -> bool:
        """Whether it may still be filled, as far as is known (UNKNOWN counts)."""
        return is_open(self.state)

    @property
    def average_price(self) -> float:
        """The average price of its fills in price units, 0.0 before the first: a signal, not money."""
        return self.notional / self.filled if self.filled else 0.0

    def canonical(self) -> tuple[object, ...]:
        """Return everything that can influence what comes next, in plain values; unbounded integers as text."""
        return (
            self.number,
            self.client_order_id,
            self.strategy_id,
            self.instrument,
            int(self.side),
            self.type.value,
            self.quantity,
            self.price,
            self.time_in_force.value,
            self.post_only,
            self.reduce_only,
            self.state.value,
            self.filled,
            str(self.notional),
            [(currency, str(self.fees[currency])) for currency in sorted(self.fees)],
            [(exec_id, *self.exec_ids[exec_id]) for exec_id in sorted(self.exec_ids)],
            self.venue_order_id,
            self.acknowledged,
            self.submitted_ns,
            self.updated_ns,
            self.cancel_sent_ns,
            self.closing,
        )
