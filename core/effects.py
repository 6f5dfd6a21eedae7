"""What the engine wants done, and what it did: the outputs of `step`. All of them are journaled.

The approved commands (`core.orders`) leave the process; the rest inform: projections, metrics, the screen.
"""

import enum

import msgspec

from core.bookings import BookedByHand
from core.controls import BreakerChanged, FlattenChanged, LatchChanged, LimitChanged
from core.evidence import EvidenceWanted
from core.exits import ExitChanged
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
from core.roster import RosterChanged
from core.sizes import ScaleChanged, Sized


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


class HeldChanged(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """What tickerd keeps of an order changed: a restart goes on from `state`, which is `oms.held`'s to read.

    Empty once the order and all that hung together with it have ended.
    """

    client_order_id: str
    strategy_id: str
    instrument: int
    state: bytes


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
    """An instrument was frozen (orders may only be cancelled or reduce) or released.

    With a `key` nothing is frozen or released: the operator took note of the difference of that name and `figure`
    (an integer in text), and it is no reason to freeze any more, as long as it stays the same. With "restated" in the
    place of a name, `figure` is money that the instrument's position has realised more than it had here.
    """

    instrument: int
    frozen: bool
    reason: str
    key: str = ""
    figure: str = ""


class ParentProgress(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """How far an execution algorithm has come with its parent order: at its start, at each child's end, at its own.

    Slippages in 10^-6 of what they are measured against, positive where it cost. `arrival_twice` is bid plus ask in
    price units when the parent arrived; notionals are price units times quantity units in text.
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


class RouteDecided(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """What the router saw of one venue when it decided, and what it sent there: one for each venue of a decision.

    Prices and quantities in units of `instrument`, the venue's. `score_ppm` is what the router adds to the venue's
    prices, 10^-6 of them: the fee, what latency is expected to cost, and what is expected to be missed.
    """

    parent: str
    strategy_id: str
    decision: int  # counts the parent's decisions from 1
    reason: str  # what woke the router: "market", a timer, or how the last child ended
    instrument: int
    side: Side
    state: str  # "sent"; else why nothing was: "worse", "busy", "paused", "down", "stale" or "empty"
    levels: str  # that could be traded at, best first: "price x quantity" in decimals, split by spaces
    age_ns: int  # of what the venue showed
    fee_ppm: int
    latency_ns: int
    fill_ppm: int  # how much of what was asked for lately was got
    score_ppm: int
    quantity: int  # sent, 0 for none
    price: int
    client_order_id: str


class Remembered(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a strategy, or a parent order by its name, wants to know after a restart: this alone; empty for nothing."""

    strategy: str
    data: bytes


class LotChange(enum.StrEnum):
    """What became of a tax lot."""

    OPENED = "opened"
    CLOSED = "closed"  # `quantity` of it; see `left`
    REVERSED = "reversed"  # the execution that opened or closed `quantity` of it was taken back
    SPLIT = "split"  # it holds `left` from now on


class LotChanged(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A strategy's tax lot was opened or closed, by `exec_id`; what is closed leaves the memory, the journal keeps it.

    `cost`, `fees`, `proceeds` and `realised` are of `quantity`, money as integers in text; `fees` holds its share of
    what opening and closing cost, and `realised` is before fees. `side` is the position's: SELL for a short lot.
    """

    instrument: int
    strategy_id: str
    number: int  # counts the lots of this strategy in this instrument from 1
    change: LotChange
    side: Side
    quantity: int
    left: int
    cost: str
    fees: str
    opened_by: str
    opened_ns: int
    exec_id: str
    proceeds: str = "0"
    realised: str = "0"
    held_ns: int = 0
    size: int = 0  # what was opened in all, splits counted in
    gained: str = "0"  # what the lot has realised so far, this included
    method: str = ""  # "fifo", "lifo"


class ConversionUsed(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A rate with which the books counted an amount of one currency in another: what it was, and where it is from.

    `value` is `amount * numerator / denominator`, a fee rounded up; `path` names the markets whose touch gave the rate.
    """

    instrument: int
    strategy_id: str
    reason: str  # "fee"
    reference: str  # the execution that it is for
    source: str
    target: str
    amount: str
    value: str
    numerator: str
    denominator: str
    path: str
    priced_ns: int  # when the older of the touches was received
    hedge: Side | None = None  # in hedge mode: of which position


Effect = (
    ApprovedSubmit
    | ApprovedCancel
    | ApprovedReplace
    | ApprovedGroup
    | EvidenceWanted
    | Reconciled
    | FreezeChanged
    | LatchChanged
    | LimitChanged
    | FlattenChanged
    | BreakerChanged
    | Sized
    | ScaleChanged
    | ExitChanged
    | BookedByHand
    | RosterChanged
    | ParentProgress
    | RouteDecided
    | Remembered
    | LotChanged
    | ConversionUsed
    | Refusal
    | OrderUpdated
    | OrderFilled
    | OrderBusted
    | HeldChanged
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
    "BookedByHand",
    "BreakerChanged",
    "ConversionUsed",
    "Effect",
    "EvidenceWanted",
    "ExitChanged",
    "FlattenChanged",
    "FreezeChanged",
    "HeldChanged",
    "LatchChanged",
    "LimitChanged",
    "LotChange",
    "LotChanged",
    "OrderBusted",
    "OrderFilled",
    "OrderUpdated",
    "ParentProgress",
    "PositionChanged",
    "ReconcileState",
    "Reconciled",
    "Refusal",
    "Remembered",
    "RosterChanged",
    "RouteDecided",
    "ScaleChanged",
    "Severity",
    "Sized",
    "StrategyChanged",
    "StrategyState",
    "TimerSet",
]
