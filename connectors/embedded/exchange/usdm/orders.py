"""USDⓈ-M's order records: what futures add to the venue's order, and conditional orders of the Algo Service."""

import enum

import msgspec

from connectors.embedded.exchange.orders import UNIT, Order, OrderType, Side
from connectors.embedded.exchange.usdm.positions import PositionSide


class WorkingType(enum.StrEnum):
    """Which price triggers a conditional order."""

    CONTRACT_PRICE = "CONTRACT_PRICE"
    MARK_PRICE = "MARK_PRICE"


class AlgoStatus(enum.StrEnum):
    """Where a conditional order stands."""

    NEW = "NEW"
    CANCELED = "CANCELED"
    TRIGGERING = "TRIGGERING"  # met its condition, on its way to the matching engine
    TRIGGERED = "TRIGGERED"  # placed into the matching engine
    FINISHED = "FINISHED"  # and filled or cancelled there
    REJECTED = "REJECTED"  # denied by the matching engine, for margin or position
    EXPIRED = "EXPIRED"  # cancelled by the system


class Expiry(enum.StrEnum):
    """ORDER_TRADE_UPDATE's "er": why an order expired."""

    NONE = "0"
    SELF_TRADE = "1"
    IMMEDIATE = "2"  # "IOC order could not be filled completely, remaining quantity is canceled"
    KNOCKED_OUT = (
        "4"  # "knocked out by another higher priority RO (market) order or reversed positions would be opened"
    )
    LIQUIDATION = "5"  # "Order has expired when the account was liquidated"


class FuturesOrder(Order, kw_only=True, eq=False, gc=False):
    """An order in the book. `quote` and `executed` give its average price."""

    original_type: OrderType = OrderType.LIMIT
    price_match: str = "NONE"
    expiry: Expiry = Expiry.NONE
    modifications: int = 0
    queued: int = 0  # its place among all orders that were queued, the lowest first
    algo_id: int = 0
    respond_result: bool = False

    @property
    def signed(self) -> int:
        """1 where it buys, -1 where it sells."""
        return 1 if self.side is Side.BUY else -1

    @property
    def average(self) -> int:
        """The average price of what was executed."""
        return self.quote * UNIT // self.executed if self.executed else 0

    @property
    def position(self) -> PositionSide:
        """The position that it trades for."""
        return PositionSide(self.position_side)

    @property
    def only_closes(self) -> bool:
        """Whether it may only make its position smaller: by its own word, or because of its side in hedge mode."""
        if self.reduce_only:
            return True
        return self.position_side == ("LONG" if self.side is Side.SELL else "SHORT")


class AlgoOrder(Order, kw_only=True, eq=False, gc=False):
    """A conditional order; `order_id` is its algo id, `client_order_id` its clientAlgoId.

    A trailing one has its activation price in `stop_price` and its callback rate in `trailing_bips`.
    """

    algo_status: AlgoStatus = AlgoStatus.NEW
    price_match: str = "NONE"
    triggered_ms: int = 0
    actual: FuturesOrder | None = None
    reason: str = ""

    @property
    def position(self) -> PositionSide:
        """The position that it trades for."""
        return PositionSide(self.position_side)


class AccountTrade(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One execution as its account sees it."""

    trade_id: int
    order_id: int
    symbol: str
    side: Side
    position_side: PositionSide
    price: int
    quantity: int
    quote: int
    realised: int  # money
    commission: int  # money
    asset: str
    time_ms: int
    maker: bool
