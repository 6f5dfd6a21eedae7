"""One order and its history, as far as it matters for what comes next."""

from dataclasses import dataclass

from core.ids import revision_id
from core.orders import OrderIntent, OrderState, OrderType, TimeInForce
from oms.chain import Chain
from oms.codes import STATE_SUBMITTED, STATE_UNKNOWN, STATES

# `.value` of an enumeration's member takes ten times as long, and every closed order is hashed.
_STATE_VALUES = tuple(state.value for state in STATES)
Booked = tuple[int, int, int, str, int, int]
"""One booked execution: (quantity, price, fee, its currency, what it realised for the strategy, for the account).

The realised profits in price units times quantity units. See `oms.busts` for those that were taken back."""

_VALUES: dict[OrderType | TimeInForce, str] = {each: each.value for each in (*OrderType, *TimeInForce)}


@dataclass(slots=True, eq=False)
class OrderNumbers:
    """The numbers of an order: all that hot functions touch, live on `Order`, compiled as a row of the order table.

    Price and quantities in the instrument's units, `side` the sign of a `Side`, `notional` in price units times
    quantity units, times in ns. Bounds that keep them inside 64 bits: a price below 2**40, a quantity below 2**50, and
    what is filled of one order worth less than 2**63 price units times quantity units (Python has no such bound).
    """

    number: int = 0  # counts the session's orders from 0
    instrument: int = 0
    side: int = 1
    quantity: int = 0
    price: int = 0  # 0 for a market order
    filled: int = 0
    notional: int = 0
    fee: int = 0  # where fees are counted in one unit and one currency; live they are money, in `Order.fees`
    state_code: int = STATE_SUBMITTED
    acknowledged: bool = False
    named: bool = False  # whether the venue's own id for it is known
    submitted_ns: int = 0
    updated_ns: int = 0
    cancel_sent_ns: int = 0
    closing: int = 0  # which closing of the session it was, counted from 1; the table drops the lowest first


class Order(OrderNumbers):
    """An order as the manager knows it. Read it freely; only the manager changes it.

    `fees` is money per currency. `exec_ids` holds each booked execution, so that none is booked twice and one can be
    taken back. `fold` and `written` are what `oms.table` and `oms.written` remember of it. `chain` is what its
    replacements made of it, None for an order that was never to be replaced; while a replacement is not answered,
    `quantity` is the greatest that the order may come to.
    """

    __slots__ = (
        "chain",
        "client_order_id",
        "exec_ids",
        "fees",
        "fold",
        "intent",
        "post_only",
        "reduce_only",
        "strategy_id",
        "time_in_force",
        "type",
        "venue_order_id",
        "written",
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
        self.state_code = STATE_SUBMITTED
        self.filled = self.notional = self.fee = self.cancel_sent_ns = self.closing = self.fold = 0
        self.fees: dict[str, int] = {}
        self.exec_ids: dict[str, Booked] = {}
        self.chain: Chain | None = None
        self.venue_order_id = ""
        self.written = b""
        self.acknowledged = self.named = False
        self.submitted_ns = self.updated_ns = now_ns

    @property
    def state(self) -> OrderState:
        """Where it is in its life."""
        return STATES[self.state_code]

    @property
    def leaves(self) -> int:
        """The quantity that may still be filled: 0 once the order has ended, never negative."""
        return leaves_of(self)

    @property
    def is_open(self) -> bool:
        """Whether it may still be filled, as far as is known (UNKNOWN counts)."""
        return self.state_code <= STATE_UNKNOWN

    @property
    def average_price(self) -> float:
        """The average price of its fills in price units, 0.0 before the first: a signal, not money."""
        return self.notional / self.filled if self.filled else 0.0

    def name_at_venue(self, venue_order_id: str) -> str:
        """Return our name of what the venue calls by an id of its own: that of one leg, "" where none is called so.

        An order that was replaced by a new one has an id for each, and what is told of one is not told of the others.
        """
        if not venue_order_id:
            return ""
        if self.chain is None:
            return self.client_order_id if self.venue_order_id == venue_order_id else ""
        revision = self.chain.revision_at(venue_order_id)
        return "" if revision is None else revision_id(self.client_order_id, revision)

    def canonical(self) -> tuple[object, ...]:
        """Return everything that can influence what comes next, in plain values; unbounded integers as text."""
        return (
            self.number,
            self.client_order_id,
            self.strategy_id,
            self.instrument,
            int(self.side),
            _VALUES[self.type],
            self.quantity,
            self.price,
            _VALUES[self.time_in_force],
            self.post_only,
            self.reduce_only,
            _STATE_VALUES[self.state_code],
            self.filled,
            str(self.notional),
            [(currency, str(self.fees[currency])) for currency in sorted(self.fees)],
            [(exec_id, *self.exec_ids[exec_id][:2]) for exec_id in sorted(self.exec_ids)],
            self.venue_order_id,
            self.acknowledged,
            self.submitted_ns,
            self.updated_ns,
            self.cancel_sent_ns,
            self.closing,
            *(() if self.chain is None else (self.chain.canonical(),)),
        )


def leaves_of(order: OrderNumbers) -> int:
    """Return the quantity that may still be filled: 0 once the order has ended, never negative."""
    if order.state_code > STATE_UNKNOWN or order.filled >= order.quantity:
        return 0
    return order.quantity - order.filled


HOT = (leaves_of,)
