"""What a person tells of the account, as the event that a venue would have told: a dividend, a split, a transfer."""

from core.bookings import SPLIT, TRANSFER, BookedByHand
from core.events import AccountMoved, CorporateAction, CorporateKind


def event_of(booked: BookedByHand) -> AccountMoved | CorporateAction:
    """Return what is booked."""
    if booked.what == TRANSFER:
        return AccountMoved(
            venue=booked.venue,
            move_id=booked.booking_id,
            currency=booked.currency,
            amount=booked.amount,
            reason=TRANSFER,
            detail=booked.reason,
        )
    return CorporateAction(
        venue=booked.venue,
        action_id=booked.booking_id,
        kind=CorporateKind.SPLIT if booked.what == SPLIT else CorporateKind.DIVIDEND,
        currency=booked.currency,
        amount=booked.amount,
        numerator=booked.numerator,
        denominator=booked.denominator,
        cash_price=booked.cash_price,
    )
