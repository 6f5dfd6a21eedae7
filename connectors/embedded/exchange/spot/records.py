"""What the spot exchange remembers besides orders: fills, prevented matches, amendments, order lists. No I/O."""

import msgspec

from connectors.embedded.exchange.matching import Book
from connectors.embedded.exchange.orders import Order
from connectors.embedded.exchange.spot.rules import SpotRules
from connectors.embedded.exchange.triggers import TriggerBook

OCO = "OCO"
OTO = "OTO"
EXECUTING = "EXECUTING"
ALL_DONE = "ALL_DONE"
EXEC_STARTED = "EXEC_STARTED"


class Fill(msgspec.Struct, frozen=True, gc=False):
    """One side of one trade."""

    trade_id: int
    symbol: str
    order_id: int
    list_id: int
    account: str
    price: int
    quantity: int
    quote: int
    commission: int
    commission_asset: str
    time_ms: int
    is_buyer: bool
    is_maker: bool


class Prevented(msgspec.Struct, frozen=True, gc=False):
    """One prevented match of one account's orders."""

    match_id: int
    symbol: str
    account: str
    taker_order_id: int
    maker_order_id: int
    trade_group: int
    mode: str
    price: int
    maker_quantity: int
    taker_quantity: int
    time_ms: int


class Amendment(msgspec.Struct, frozen=True, gc=False):
    """One reduction of an order's quantity."""

    symbol: str
    order_id: int
    execution_id: int
    old_client_id: str
    new_client_id: str
    old_quantity: int
    new_quantity: int
    time_ms: int


class OrderList(msgspec.Struct, kw_only=True, eq=False):
    """Orders that belong together. Of an OTO the first is the working order, the others wait for it."""

    list_id: int
    account: str
    symbol: str
    contingency: str
    client_id: str
    orders: list[Order]
    time_ms: int
    status_type: str = EXEC_STARTED
    order_status: str = EXECUTING
    pending_started: bool = False

    @property
    def is_open(self) -> bool:
        """Whether any of its orders can still trade."""
        return self.order_status == EXECUTING


class SymbolState:
    """One symbol: its rules, book, waiting orders, and all that ever happened on it."""

    def __init__(self, rules: SpotRules) -> None:
        """Start without orders and without a price."""
        self.rules = rules
        self.book = Book(lot=rules.step)
        self.triggers = TriggerBook()
        self.last_price = 0
        self.prices: list[int] = []  # traded, and not yet shown to the waiting orders
        self.orders: dict[int, Order] = {}
        self.open: dict[str, dict[int, Order]] = {}  # account -> its open orders
        self.by_client: dict[tuple[str, str], Order] = {}  # the latest order of each client order id
        self.account_orders: dict[str, list[Order]] = {}
        self.fills: dict[str, list[Fill]] = {}
        self.order_fills: dict[int, list[Fill]] = {}
        self.prevented: list[Prevented] = []
        self.amendments: list[Amendment] = []
        self.working = 0  # open orders of all accounts

    def open_of(self, account: str) -> list[Order]:
        """Return an account's open orders, oldest first."""
        return list(self.open.get(account, {}).values())
