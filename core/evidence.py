"""What a venue says when it is asked: the words of reconciliation.

The core asks with `EvidenceWanted`, an effect; the connector asks the venue and answers with `EvidenceGiven`, an input,
whether it succeeded or not. Nothing is inferred at the edge: what an answer means is decided in `oms.reconcile`.
"""

import enum

import msgspec

from core.orders import Liquidity, Side


class Subject(enum.StrEnum):
    """What is asked for."""

    OPEN_ORDERS = "open-orders"  # every working order of the account, ours or not
    ORDER = "order"  # one order by its client order id, on every endpoint that may know it
    FILLS = "fills"  # every execution of one instrument since a time
    BALANCES = "balances"
    POSITIONS = "positions"
    ACCOUNT = "account"  # what the account may do: permissions, modes, leverage
    MOVES = "moves"  # money that the venue moved without an order since a time: funding, transfers


class VenueOrderStatus(enum.StrEnum):
    """Where an order is, as its venue tells it."""

    WORKING = "working"
    PENDING = "pending"  # at the venue, waits for its trigger or its parent
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    UNKNOWN = "unknown"  # a status that its documents do not name


class VenueOrder(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One order as the venue tells it, in units of its instrument (NO_INSTRUMENT: none that we trade)."""

    client_order_id: str
    venue_order_id: str
    instrument: int
    symbol: str
    side: Side
    status: VenueOrderStatus
    price: int
    quantity: int
    filled: int
    updated_ns: int
    reason: str = ""
    hedge: Side | None = None  # in hedge mode: the position, long (BUY) or short (SELL), that it works on


class VenueFill(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One execution as the venue tells it; `fee` is money as an integer in text, positive where it is paid."""

    client_order_id: str  # empty where the venue names only its own id
    venue_order_id: str
    exec_id: str
    instrument: int
    side: Side
    price: int
    quantity: int
    fee: str
    fee_currency: str
    liquidity: Liquidity | None
    venue_ns: int
    own: str = ""  # of the venue's own making, by a word of `core.events.AccountTraded`: "liquidation"
    hedge: Side | None = None  # in hedge mode: the position that it was of


class VenueBalance(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """What the account owns of one currency, money as integers in text: all of it, and how much of it is held."""

    currency: str
    total: str
    held: str = "0"


class VenuePosition(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """An open position as the venue tells it: signed quantity, average entry price in units (0: not told)."""

    instrument: int
    symbol: str
    quantity: int
    entry_price: int = 0
    leverage: int = 0
    isolated: bool = False
    hedge: Side | None = None  # the side of hedge mode it belongs to


class VenueMove(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """Money that the venue moved without an order, as its history tells it; `amount` is money as an integer in text.

    `move_id` is the venue's own, unique in that history; `reason` is a word of `core.events.AccountMoved`. `symbol` is
    what the venue says that it is for, traded here or not, empty for nothing.
    """

    move_id: str
    instrument: int  # the position that it is for, NO_INSTRUMENT for none
    currency: str
    amount: str
    reason: str
    venue_ns: int
    detail: str = ""
    symbol: str = ""


class AccountFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the account and its key may do, and how it is set."""

    may_trade: bool
    may_withdraw: bool
    hedge_mode: bool = False
    detail: str = ""


class EvidenceWanted(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """The core asks a venue; `number` counts the session's questions and comes back with the answer.

    `instrument` for FILLS and ORDER; `client_order_id`, and `venue_order_id` where it is known, for ORDER; `since_ns`
    for FILLS and MOVES, and for ORDER where its executions are looked back at.
    """

    number: int
    venue: str
    subject: Subject
    instrument: int = 0xFFFF
    client_order_id: str = ""
    venue_order_id: str = ""
    since_ns: int = 0


class EvidenceGiven(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A venue's answer, or why there was none (`failure`).

    `complete`: the answer covers all that was asked for; a page limit or a partial outage makes it False. `absent`: to
    ORDER, every endpoint that could know the order says that it does not. `asked_ns` is when the question left.
    """

    number: int
    venue: str
    subject: Subject
    asked_ns: int
    complete: bool = True
    failure: str = ""
    absent: bool = False
    orders: tuple[VenueOrder, ...] = ()
    fills: tuple[VenueFill, ...] = ()
    balances: tuple[VenueBalance, ...] = ()
    positions: tuple[VenuePosition, ...] = ()
    account: AccountFacts | None = None
    moves: tuple[VenueMove, ...] = ()
