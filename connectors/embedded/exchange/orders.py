"""The venue's order record and its words, shared by spot and USDⓈ-M futures. No I/O.

Every price, quantity and amount is an int in units of 10^-8 (`UNIT` is one), whatever the tick and lot of the symbol;
times are ms since the Unix epoch, as the venue tells them.
Source: https://developers.binance.com/docs/binance-spot-api-docs/enums
"""

import enum

import msgspec

from connectors.embedded.market import SPOT_WIRE_DECIMALS

DECIMALS = SPOT_WIRE_DECIMALS
UNIT: int = 10**DECIMALS


class Side(enum.StrEnum):
    """Which way an order trades."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def other(self) -> "Side":
        """The side that it trades with."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(enum.StrEnum):
    """Spot's and USDⓈ-M's types; TAKE_PROFIT is a market order on spot and a limit order on USDⓈ-M."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    LIMIT_MAKER = "LIMIT_MAKER"
    STOP_LOSS = "STOP_LOSS"
    STOP_LOSS_LIMIT = "STOP_LOSS_LIMIT"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_LIMIT = "TAKE_PROFIT_LIMIT"
    STOP = "STOP"
    STOP_MARKET = "STOP_MARKET"
    TAKE_PROFIT_MARKET = "TAKE_PROFIT_MARKET"
    TRAILING_STOP_MARKET = "TRAILING_STOP_MARKET"
    LIQUIDATION = "LIQUIDATION"

    @property
    def is_stop(self) -> bool:
        """Whether it waits for the price to move against the position that it ends."""
        return self in _STOPS

    @property
    def is_take_profit(self) -> bool:
        """Whether it waits for the price to move the way its owner wants; a trailing stop arms itself so."""
        return self in _TAKE_PROFITS

    @property
    def is_contingent(self) -> bool:
        """Whether it waits for a trigger before it works."""
        return self in _STOPS or self in _TAKE_PROFITS


_STOPS = frozenset({OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT, OrderType.STOP, OrderType.STOP_MARKET})
_TAKE_PROFITS = frozenset(
    {
        OrderType.TAKE_PROFIT,
        OrderType.TAKE_PROFIT_LIMIT,
        OrderType.TAKE_PROFIT_MARKET,
        OrderType.TRAILING_STOP_MARKET,
    }
)


class TimeInForce(enum.StrEnum):
    """How long an order works."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTX = "GTX"  # USDⓈ-M: post only
    GTD = "GTD"  # USDⓈ-M: until `good_till_ms`


class Status(enum.StrEnum):
    """Where an order stands."""

    NEW = "NEW"
    PENDING_NEW = "PENDING_NEW"  # of an order list, waiting for the working order to fill
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"  # by self-trade prevention

    @property
    def is_open(self) -> bool:
        """Whether the order can still trade."""
        return self in _OPEN


_OPEN = frozenset({Status.NEW, Status.PENDING_NEW, Status.PARTIALLY_FILLED})


class SelfTrade(enum.StrEnum):
    """Self-trade prevention: what happens in the place of a trade with oneself."""

    NONE = "NONE"
    EXPIRE_TAKER = "EXPIRE_TAKER"
    EXPIRE_MAKER = "EXPIRE_MAKER"
    EXPIRE_BOTH = "EXPIRE_BOTH"
    DECREMENT = "DECREMENT"


class Order(msgspec.Struct, kw_only=True, eq=False, gc=False):
    """One order of one account, changed in place by the matching and by its market.

    `quantity` is 0 while a MARKET order with `quote_quantity` has not traded. What it can still trade is `remaining`.
    No field may hold a container: the struct is not tracked by the garbage collector.
    """

    order_id: int
    account: str
    symbol: str
    side: Side
    type: OrderType
    quantity: int
    price: int = 0  # 0: no limit
    tif: TimeInForce = TimeInForce.GTC
    client_order_id: str = ""
    created_ms: int = 0
    updated_ms: int = 0
    working_ms: int = -1  # since when it works on the book
    status: Status = Status.NEW
    executed: int = 0
    quote: int = 0  # cumulative quote amount of what was executed
    prevented: int = 0  # expired by self-trade prevention
    quote_quantity: int = 0  # quoteOrderQty
    stop_price: int = 0
    trailing_bips: int = 0
    trail_extreme: int = 0  # highest (SELL) or lowest (BUY) price since a trailing order is armed; 0 before
    iceberg: int = 0  # icebergQty: how much of it is shown at a time
    stp: SelfTrade = SelfTrade.NONE
    trade_group: int = -1
    list_id: int = -1
    triggered: bool = False
    trailing_ms: int = -1  # since when a trailing order tracks the price
    reserve_price: int = 0  # at what a buy without a limit is reserved for
    expiry_reason: str = ""
    prevented_match_id: int = -1
    amends: int = 0
    strategy_id: int | None = None
    strategy_type: int | None = None
    # USDⓈ-M
    position_side: str = "BOTH"
    reduce_only: bool = False
    close_position: bool = False
    working_type: str = "CONTRACT_PRICE"
    price_protect: bool = False
    good_till_ms: int = 0
    # the matching's own
    resting: bool = False
    visible: int = 0  # of what rests, how much can be hit before it loses its place in the queue
    ahead: int = 0  # displayed quantity of the market that stands before it at its price

    @property
    def remaining(self) -> int:
        """What it can still trade: "original order quantity - executed quantity - prevented quantity"."""
        return self.quantity - self.executed - self.prevented

    @property
    def is_open(self) -> bool:
        """Whether it can still trade."""
        return self.status in _OPEN

    @property
    def waits_for_trigger(self) -> bool:
        """Whether it is a contingent order whose trigger has not come."""
        return not self.triggered and self.type.is_contingent


def amount(price: int, quantity: int) -> int:
    """Return price times quantity in units of 10^-8 of the quote asset, cut as the venue cuts."""
    return price * quantity // UNIT
