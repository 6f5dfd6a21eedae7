"""Inputs that carry a payload: everything that the core can see beside quotes, trades, book levels and time.

Each struct is one record kind; `core.codec` maps them both ways.
"""

import enum

import msgspec

from core.instruments import Instrument
from core.orders import Liquidity, Side


class LifecycleState(enum.StrEnum):
    """The daemon's life, in order."""

    STARTING = "STARTING"
    SYNCING = "SYNCING"
    RECONCILING = "RECONCILING"  # live: cancels work, opens do not, until our books and the venue's agree
    READY = "READY"
    DRAINING = "DRAINING"
    STOPPED = "STOPPED"


class InstrumentDefined(msgspec.Struct, frozen=True, omit_defaults=True):
    """The rules of one instrument, as the venue gave them; the record's `instrument` is the index given to it.

    `min_notional_text` is the journal's own: that rule as text where it leaves 64 bits (`core.codec`).
    """

    instrument: Instrument
    min_notional_text: str = ""


class ReportType(enum.StrEnum):
    """What a venue said of one order."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    FILLED = "filled"  # one execution, whole or part
    CANCELLED = "cancelled"
    CANCEL_REJECTED = "cancel-rejected"
    EXPIRED = "expired"  # ended by the venue itself: IOC remainder, self-trade prevention, end of day
    OUTCOME_UNKNOWN = "outcome-unknown"  # a request timed out, or its answer says nothing certain
    NEVER_ARRIVED = "never-arrived"  # proven absent, past the venue's visibility lag
    TRIGGERED = "triggered"  # a stop that waits at the venue has become an order of its market
    REPLACED = "replaced"  # `price` and `quantity` (in all, filled included) are the order's from now on
    REPLACE_REJECTED = "replace-rejected"  # the order stays as it was
    BUSTED = "busted"  # the venue took back the execution `exec_id`; a correction is a bust and a new execution
    UNKNOWN_STATUS = "unknown-status"  # a word that the venue's documents do not name, quoted in `reason`


class OrderReport(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One message of a venue about one order. Price and quantity in the instrument's units; `fee` is money.

    `client_order_id` may be that of a revision (`core.ids.revision_id`). `exec_id`, `fee`, `fee_currency` and
    `liquidity` belong to FILLED alone, `price` and `quantity` to FILLED and REPLACED, `exec_id` to BUSTED as well. A
    positive fee is paid, a negative one is a rebate.
    """

    type: ReportType
    client_order_id: str
    venue_order_id: str = ""
    exec_id: str = ""
    price: int = 0
    quantity: int = 0
    fee: str = "0"  # money, as an integer in text: msgpack integers end at 64 bits
    fee_currency: str = ""
    liquidity: Liquidity | None = None
    reason: str = ""
    own: bool = False  # REJECTED and its like by our own connector: the venue never saw the command


class FeedState(enum.StrEnum):
    """What became of one feed."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    SYNCED = "synced"  # the book follows the venue again
    OUT_OF_SYNC = "out-of-sync"  # a gap, a cross, a malformed message: the book is withheld
    STALE = "stale"
    FRESH = "fresh"


class FeedChanged(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A change of a whole venue's feed where `channel` is empty, else of one channel of the record's instrument."""

    venue: str
    state: FeedState
    channel: str = ""  # "quotes", "trades", "book"
    reason: str = ""


CANCEL_ALL = "cancel-all"
RELEASE = "release"  # `strategy_id` names the instrument to release; empty: all, and a halt with them


class CommandReceived(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An operator's command, let in through the sequenced door: `engine.commands` says what each does."""

    name: str
    strategy_id: str = ""
    source: str = ""  # "signal:SIGTERM", "socket:uid=1000,pid=4711", "file:KILL"
    reason: str = ""
    scope: str = ""  # what it is about, see `core.scopes`; empty for the commands that name a strategy
    args: dict[str, str] = {}  # what else it needs, by name
    user: str = ""  # who the system says that the source's uid is, "" where it does not


class RawReceived(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Bytes that could not become an event, kept as they came. `data` holds the first bytes of `total_bytes`."""

    venue: str
    reason: str
    data: bytes
    total_bytes: int


class LifecycleChanged(msgspec.Struct, frozen=True, omit_defaults=True):
    """The daemon entered a state."""

    state: LifecycleState
    reason: str = ""


class LinkState(enum.StrEnum):
    """What became of the way by which orders reach a venue and its word on them comes back."""

    UP = "up"  # orders may be sent, and the private stream tells what becomes of them
    DOWN = "down"
    MAINTENANCE = "maintenance"  # the venue says so: opens wait, cancels are kept and sent when it is over
    LIMITED = "limited"  # the venue asked for silence (429, 418): only what may not wait goes out


class LinkChanged(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The trading connection of a venue changed. After each UP the account is reconciled before anything is opened."""

    venue: str
    state: LinkState
    reason: str = ""
    until_ns: int = 0  # of LIMITED: when the silence ends


class DeadManChanged(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The venue's own timer, which cancels an instrument's orders if we fall silent, could not be armed, or can again.

    Told once for each outage of each instrument; nothing is told of a timer that was armed from the first.
    """

    venue: str
    armed: bool
    reason: str = ""


class StateCarried(msgspec.Struct, frozen=True, kw_only=True):
    """What a session takes over from the one before it: orders, fills, positions, cash, as `oms.state` writes them.

    `digest` is SHA-256 over `state`; `session` and `seq` name the record up to which the predecessor was folded in.
    """

    session: str
    seq: int
    state: bytes
    digest: bytes


class ClockMeasured(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The venue's clock less ours, and how far that can be trusted (half the round trip).

    `jumped_ns` is 0 for a measure. Else this machine's wall clock moved so far against the monotonic one: the measure
    before, which it repeats, is not believed any more, and nothing opens at the venue until the next.
    """

    venue: str
    offset_ns: int
    uncertainty_ns: int
    jumped_ns: int = 0


class LoopLagged(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The event loop ran what was due so much too late: told at most once a second, the worst since it was told last.

    Told only where a breaker asks for it, and only from its first step on.
    """

    lag_ns: int


class AccountMoved(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Money that a venue moved on our account without an order: funding, interest, a transfer, a loan.

    `move_id` is the venue's own name of the move, by which a repeat is known. `amount` is money as an integer in text,
    positive where we receive it. The record's `instrument` is the position that it is for, NO_INSTRUMENT for none.
    "borrow" for a position is what holding it cost; for none it is a loan: the money came, and is owed until "repay".
    `moved_ns` is when it moved by the venue's clock, 0 where nobody told: what its history tells is paired by it.
    """

    venue: str
    move_id: str
    currency: str
    amount: str
    reason: str  # "funding", "borrow", "repay", "interest", "transfer", "dividend", "sweep"; see `oms.books`
    detail: str = ""
    moved_ns: int = 0


class AccountTraded(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One execution of the venue's own making on our account: it closes a position that we did not ask it to close.

    `order_id` is the venue's name of its order, as on Binance "autoclose-..." for a liquidation; `fee` is money as an
    integer in text, price and quantity are in units of the record's instrument. `exec_id` is unique at the venue: where
    its numbers are so within a symbol alone, the symbol is in front, "ETHUSDT:7".
    """

    venue: str
    order_id: str
    exec_id: str
    side: Side
    price: int
    quantity: int
    fee: str = "0"
    fee_currency: str = ""
    reason: str = ""  # "liquidation", "sweep": of dust, as Binance converts small balances on request
    hedge: Side | None = None  # in hedge mode: the position, long (BUY) or short (SELL), that it was of


class CorporateKind(enum.StrEnum):
    """What an issuer did."""

    DIVIDEND = "dividend"
    SPLIT = "split"  # a reverse split too: the numerator is the smaller number then


class CorporateAction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What an issuer did to whoever holds the record's instrument when it takes effect.

    `amount` is the dividend of one whole share, net of `withheld`, both money as integers in text; who is short pays
    it. A split makes `numerator` shares of every `denominator`; fractions that the instrument cannot count are paid out
    at `cash_price` a new share (price units, 0 for nothing).
    """

    venue: str
    action_id: str  # the venue's own name of it, by which a repeat is known
    kind: CorporateKind
    currency: str = ""
    amount: str = "0"
    withheld: str = "0"
    numerator: int = 1
    denominator: int = 1
    cash_price: int = 0
