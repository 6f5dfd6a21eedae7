"""What a person booked of the account: the effect of the operator's `book` commands."""

import msgspec

DIVIDEND, SPLIT, TRANSFER = "dividend", "split", "transfer"


class BookedByHand(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """What a person told of the account was booked: a dividend, a split, a transfer; `oms.by_hand` says as what.

    The fields are those of `core.events.CorporateAction` and `AccountMoved`, `booking_id` the name by which a repeat is
    known. It is told before what it does to positions and balances.
    """

    instrument: int
    what: str  # DIVIDEND, SPLIT, TRANSFER
    venue: str
    booking_id: str
    source: str
    reason: str
    currency: str = ""
    amount: str = "0"
    numerator: int = 1
    denominator: int = 1
    cash_price: int = 0
