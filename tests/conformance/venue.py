"""What the suite needs of a venue: another venue's connector plugs in by one adapter that has these words."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec

from connectors.base import TradingConnector
from core.instruments import Instrument
from core.orders import Side
from core.records import Event

Sink = Callable[[list[Event]], None]


class VenueLeg(msgspec.Struct, frozen=True):
    """One order as the venue's own ledger has it; quantities in the instrument's units."""

    client_order_id: str
    is_open: bool
    quantity: int
    filled: int


class LedgerFill(msgspec.Struct, frozen=True):
    """One execution; the fee is money as an integer, in text."""

    client_order_id: str
    exec_id: str
    price: int
    quantity: int
    fee: str


class Ledger(msgspec.Struct, frozen=True):
    """What really happened on our account."""

    orders: tuple[VenueLeg, ...]
    fills: tuple[LedgerFill, ...]
    position: int | None = None  # of the instrument, where the venue keeps positions


class Touch(msgspec.Struct, frozen=True):
    """The best prices and what stands there, in the instrument's units."""

    bid: int
    bid_quantity: int
    ask: int
    ask_quantity: int


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """Patterns by which the venue's faults know a request or an event (`what` of a hook)."""

    submit: str
    cancel: str
    cancel_many: str  # several orders in one request
    replace: str
    query: str = "GET *"
    news: str  # any private event of an order
    trade: str  # that of an execution
    trade_text: str  # a text that only an execution's event holds
    symbol_text: str  # how a private event names the instrument
    ended_text: str  # a text that only a cancellation's event holds
    balances: str


class Venue(Protocol):
    """A venue that runs, one account on it that is ours, and another."""

    words: Words
    rules: Instrument
    offers: frozenset[str]  # what a case may ask for: "reduce-only", "iceberg", "listen-key", "halt"

    def connector(self, sink: Sink, **settings: object) -> TradingConnector:
        """Return a connector for our account, not running; its deadlines are short."""
        ...

    async def touch(self) -> Touch:
        """Return the best prices."""
        ...

    async def other(self, side: Side, quantity: int, price: int = 0) -> None:
        """Let the other account trade: at the market, or at a limit what trades at once."""
        ...

    async def human(self, side: Side, quantity: int, price: int) -> str:
        """Let a person place an order on our account; return its name."""
        ...

    async def cancel_by_hand(self, client_order_id: str) -> None:
        """Let a person cancel an order of ours."""
        ...

    async def hook(self, **fault: object) -> str:
        """Arm a fault (`connectors/embedded/exchange/faults.py`); return its name."""
        ...

    async def take_back(self) -> None:
        """Let the venue take back the last execution of our account, and tell nobody."""
        ...

    async def give_again(self, number: str) -> None:
        """Let the next "trade" or "order" bear the number of our account's last."""
        ...

    async def move_money(self) -> None:
        """Let the venue move money of our account without an order: funding of a position, a deposit."""
        ...

    def turn_clock(self, seconds: float) -> None:
        """Let this machine's wall clock be set on by so much, as the connector sees it."""
        ...

    async def fired(self, name: str) -> int:
        """Return how often a fault happened."""
        ...

    async def clear(self) -> None:
        """Take all faults off."""
        ...

    async def end_listen_key(self) -> None:
        """Let a sibling end our private stream's key, where there is one."""
        ...

    async def ledger(self) -> Ledger:
        """Return the venue's own books of our account."""
        ...


Opened = Callable[[], AbstractAsyncContextManager[Venue]]
