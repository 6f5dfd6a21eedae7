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
    """How the price is found, and what must happen before the order enters the market.

    A STOP waits until the market moves against it (a buy: up to its trigger), an IF_TOUCHED until it comes to it (a
    buy: down): "take profit" is what some venues call the latter. Then the order is a market or limit order.
    """

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop-limit"
    MARKET_IF_TOUCHED = "market-if-touched"
    LIMIT_IF_TOUCHED = "limit-if-touched"
    TRAILING_STOP = "trailing-stop"  # a STOP whose trigger follows the market at a distance
    TRAILING_STOP_LIMIT = "trailing-stop-limit"


class TimeInForce(enum.StrEnum):
    """How long an order lives."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    GTD = "gtd"  # until `OrderTerms.expire_ns`
    DAY = "day"  # until the instrument's session ends; around the clock: until midnight UTC
    AT_OPEN = "at-open"  # in the opening auction alone
    AT_CLOSE = "at-close"  # in the closing auction alone


class TriggerBy(enum.StrEnum):
    """Which price pulls a trigger."""

    LAST = "last"  # the last trade
    TOUCH = "touch"  # what one would get: the ask for a buy, the bid for a sell
    MID = "mid"
    MARK = "mark"  # the venue's mark price


class Contingency(enum.StrEnum):
    """What the orders of one group do to each other."""

    OCO = "oco"  # one cancels the other: the first fill of one ends the rest
    OUO = "ouo"  # one updates the other: what fills of one is taken off the rest
    OTO = "oto"  # one triggers the other: the rest wait for the first to fill


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
    HELD = "held"  # kept by tickerd until its trigger, its parent or its time: nothing is at the venue (`oms.held`)


class OrderTerms(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """What an order asks for beyond price and quantity; a plain market or limit order has none of it (None).

    Prices and quantities in the instrument's units; 0 and "" stand for "not asked for".
    """

    trigger_price: int = 0  # of STOP and IF_TOUCHED; where a trailing stop's first trigger stands, 0: at its distance
    trigger_by: TriggerBy = TriggerBy.LAST
    trail: int = 0  # the distance of a trailing stop in price units, or
    trail_ppm: int = 0  # in millionths of the price
    activation_price: int = 0  # a trailing stop follows only once the market has been here
    limit_offset: int = 0  # of TRAILING_STOP_LIMIT: how far beyond its trigger the limit lies, price units
    display_quantity: int = 0  # an iceberg shows this much at a time
    hidden: bool = False  # shows nothing; only where the venue offers it
    expire_ns: int = 0  # of GTD
    group: str = ""  # orders with the same group name of one strategy belong together
    contingency: Contingency | None = None
    parent: str = ""  # the client order id that must fill first: what fills of it releases as much of this one
    keep: bool = False  # keep the trigger in tickerd though the venue offers the type
    hedge: Side | None = None  # in hedge mode: the position, long (BUY) or short (SELL), that it works on


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
    terms: OrderTerms | None = None


class CancelIntent(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A strategy's, or the engine's own, wish to cancel a working order."""

    client_order_id: str
    strategy_id: str


class ReplaceIntent(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A strategy's wish to change a working order: its price, its total quantity (filled included), or both.

    0 leaves as it is.
    """

    client_order_id: str
    strategy_id: str
    price: int = 0
    quantity: int = 0


class ApprovedSubmit(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """An order that passed every check; made by the gate alone, the only order type that a connector takes."""

    intent: OrderIntent
    reference_price: int  # the fresh price it was valued at
    limits_version: int
    shrunk: str = ""  # by which rule of a user's, from what to what; else empty: it has the quantity that was asked for


class ApprovedCancel(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A cancel that may go out; made by the gate alone."""

    client_order_id: str
    strategy_id: str
    instrument: int
    venue_order_id: str


class ApprovedReplace(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A change of a working order that passed every check; made by the gate alone.

    The order keeps its client order id for us; where the venue makes a new order of it, that one is called
    `core.ids.revision_id(client_order_id, revision)`. `price` and `quantity` are what the order shall have in all;
    `filled` is what we knew to be filled of it. Not `native`: the venue has no such command, and nothing is sent of
    this one: a cancel goes out for it, and what is left as a new order when the old one has ended.
    """

    client_order_id: str
    strategy_id: str
    instrument: int
    venue_order_id: str
    revision: int  # of the order as it shall be; the one as submitted is 0
    side: Side
    type: OrderType
    price: int
    quantity: int
    filled: int
    reference_price: int
    limits_version: int
    native: bool = True
    shrunk: str = ""  # as in `ApprovedSubmit`


class ApprovedGroup(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Orders that the venue takes as one list (OCO, OTO, OTOCO), each of which passed every check.

    OCO: two orders. OTO: the working order, then the pending one. OTOCO: the working order, then the pending two.
    """

    group: str
    contingency: Contingency
    orders: tuple[ApprovedSubmit, ...]


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


ApprovedCommand = ApprovedSubmit | ApprovedCancel | ApprovedReplace | ApprovedGroup


def goes_out(command: ApprovedCommand) -> bool:
    """Whether a command is sent to its venue: all are, but for replacements that the venue does not offer."""
    return type(command) is not ApprovedReplace or command.native
