"""Orders as strategies ask for them, and as the gate lets them through.

An `OrderIntent` is a wish. Only `risk.gate` turns it into an `ApprovedSubmit`, and connectors accept nothing else.
"""

import enum

import msgspec


class Side(enum.IntEnum):
    """Which way; the value is the sign that a fill adds to a position."""

    BUY = 1
    SELL = -1

    @property
    def opposite(self) -> "Side":
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(enum.StrEnum):
    """How the price is found."""

    MARKET = "market"
    LIMIT = "limit"


class TimeInForce(enum.StrEnum):
    """How long an order lives."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"


class Liquidity(enum.StrEnum):
    """Which side of a fill rested in the book."""

    MAKER = "maker"
    TAKER = "taker"


class OrderState(enum.StrEnum):
    """Where an order is in its life; `oms.transitions` holds the table."""

    SUBMITTED = "submitted"  # handed to the connector, no answer yet
    ACCEPTED = "accepted"
    PARTIALLY_FILLED = "partially-filled"
    PENDING_CANCEL = "pending-cancel"
    UNKNOWN = "unknown"  # the outcome of a request is not known: full exposure stays reserved
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    NEVER_ARRIVED = "never-arrived"  # the venue's evidence says that it never had the order


class OrderIntent(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """What a strategy wants. Price (0 for market) and quantity in the instrument's units; `instrument` is its index."""

    client_order_id: str
    strategy_id: str
    instrument: int
    side: Side
    type: OrderType
    quantity: int
    price: int = 0
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False


class CancelIntent(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A strategy's, or the engine's own, wish to cancel a working order."""

    client_order_id: str
    strategy_id: str


class ApprovedSubmit(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """An order that passed every check; made by the gate alone, the only order type that a connector takes."""

    intent: OrderIntent
    reference_price: int  # the fresh price it was valued at
    limits_version: int


class ApprovedCancel(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A cancel that may go out; made by the gate alone."""

    client_order_id: str
    strategy_id: str
    instrument: int
    venue_order_id: str


class Refusal(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """Why an order did not pass: a value, journaled and shown, never an exception.

    `limit` and `figure` are decimal texts in the unit that `message` names; `figure` is what broke the limit.
    """

    code: str
    limit: str
    figure: str
    message: str
    intent: OrderIntent
    limits_version: int


ApprovedCommand = ApprovedSubmit | ApprovedCancel
