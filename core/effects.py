"""What the engine wants done, and what it did: the outputs of `step`. All of them are journaled.

The approved commands (`core.orders`) leave the process; the rest inform: projections, metrics, the screen.
"""

import enum

import msgspec

from core.evidence import EvidenceWanted
from core.orders import (
    ApprovedCancel,
    ApprovedGroup,
    ApprovedReplace,
    ApprovedSubmit,
    Liquidity,
    OrderState,
    OrderType,
    Refusal,
    Side,
)


class Severity(enum.StrEnum):
    """How much an alert matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class StrategyState(enum.StrEnum):
    """Where a strategy actor is."""

    LOADED = "loaded"
    ACTIVE = "active"
    PAUSED = "paused"
    STOPPED = "stopped"


class OrderUpdated(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """An order changed state, or stayed in it while its filled quantity moved."""

    client_order_id: str
    strategy_id: str
    instrument: int
    side: Side
    type: OrderType
    price: int
    quantity: int
    filled: int
    previous: OrderState | None
    state: OrderState
    venue_order_id: str
    reason: str


class OrderFilled(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One execution, booked once. Fee and realised profit are money as integers in text."""

    client_order_id: str
    strategy_id: str
    instrument: int
    side: Side
    exec_id: str
    price: int
    quantity: int
    fee: str
    fee_currency: str
    liquidity: Liquidity | None
    realised: str


class OrderBusted(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """The venue took back one execution: what it had booked is undone, exactly.

    The fee as it had been paid; `realised` is by how much the strategy's realised profit moves. Both money in text.
    """

    client_order_id: str
    strategy_id: str
    instrument: int
    side: Side
    exec_id: str
    price: int
    quantity: int
    fee: str
    fee_currency: str
    realised: str


class PositionChanged(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A position after a fill: net quantity in units, cost and realised profit as money in text."""

    instrument: int
    quantity: int
    cost: str
    realised: str
    fees: str


class BalanceChanged(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A currency's balance after a change, both money as integers in text."""

    currency: str
    delta: str
    balance: str
    reason: str


class Alert(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """Something a person should know."""

    severity: Severity
    code: str
    message: str
    instrument: int = 0xFFFF


class StrategyChanged(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A strategy actor changed state; `traceback` tells where it raised."""

    strategy_id: str
    state: StrategyState
    reason: str
    traceback: str = ""


class TimerSet(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A strategy asked to be called at `due_ns`, event time."""

    strategy_id: str
    name: str
    due_ns: int


class BookResyncNeeded(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """The core's book found a gap or a cross that the session did not: fetch a snapshot."""

    instrument: int
    reason: str


class ReconcileState(enum.StrEnum):
    """How far a venue's account has been compared with ours."""

    STARTED = "started"
    AGREED = "agreed"
    BROKEN = "broken"  # something differs and stays different: see the freezes and alerts beside it


class Reconciled(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """The comparison of a venue's account with ours began or ended."""

    venue: str
    state: ReconcileState
    reason: str = ""


class FreezeChanged(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """An instrument was frozen (orders may only be cancelled or reduce) or released."""

    instrument: int
    frozen: bool
    reason: str


class ParentProgress(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """How far an execution algorithm has come with its parent order: at its start, at each child's end, at its own.

    Slippages in 10^-6 of what they are measured against, positive where it cost. `arrival_twice` is bid plus ask in
    price units when the parent arrived; notionals are price units times quantity units in text, the market's since then.
    """

    parent: str
    strategy_id: str
    algorithm: str
    instrument: int
    side: Side
    state: str  # "started", "working", then "filled", "expired" or "stopped"
    quantity: int
    filled: int
    children: int
    started_ns: int
    arrival_twice: int
    notional: str
    market_volume: str
    market_notional: str
    arrival_slippage_ppm: int
    vwap_slippage_ppm: int
    mid_slippage_ppm: int
    participation_ppm: int
    reason: str = ""


Effect = (
    ApprovedSubmit
    | ApprovedCancel
    | ApprovedReplace
    | ApprovedGroup
    | EvidenceWanted
    | Reconciled
    | FreezeChanged
    | ParentProgress
    | Refusal
    | OrderUpdated
    | OrderFilled
    | OrderBusted
    | PositionChanged
    | BalanceChanged
    | Alert
    | StrategyChanged
    | TimerSet
    | BookResyncNeeded
)

__all__ = [
    "Alert",
    "ApprovedCancel",
    "ApprovedGroup",
    "ApprovedReplace",
    "ApprovedSubmit",
    "BalanceChanged",
    "BookResyncNeeded",
    "Effect",
    "EvidenceWanted",
    "FreezeChanged",
    "OrderBusted",
    "OrderFilled",
    "OrderUpdated",
    "ParentProgress",
    "PositionChanged",
    "ReconcileState",
    "Reconciled",
    "Refusal",
    "Severity",
    "StrategyChanged",
    "StrategyState",
    "TimerSet",
]
