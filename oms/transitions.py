"""The life of an order as one total table: every state and every event has an answer, none is an exception.

Three rules make the table:

- *Fills are truth.* An execution is booked whatever the state; a state that calls itself ended is soft.
- *Doubt reserves.* Where the venue contradicts itself about an order that may be alive, the order is UNKNOWN: its
  full remaining quantity counts as exposure until evidence ends it.
- *Repeats are silent.* A report that says again what is known changes nothing and alarms nobody.

This is the table as a person reads it; `codes.py` derives from it the numbers that orders are moved by.
"""

import enum
from typing import NamedTuple

from core.orders import OrderState


class OrderEvent(enum.StrEnum):
    """What can happen to an order, venue reports already compared with what is known of the order."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"  # of an order that the venue had never acknowledged
    NEVER_ARRIVED = "never-arrived"  # likewise
    DENIED = "denied"  # rejected or never-arrived, said of an order that the venue had acknowledged or filled
    PARTIAL_FILL = "partial-fill"  # an execution that leaves something open
    FINAL_FILL = "final-fill"  # an execution that completes the quantity
    OVER_FILL = "over-fill"  # an execution that goes beyond the quantity
    CANCEL_SENT = "cancel-sent"
    CANCELLED = "cancelled"
    CANCEL_REJECTED = "cancel-rejected"
    EXPIRED = "expired"
    OUTCOME_UNKNOWN = "outcome-unknown"


class Anomaly(enum.StrEnum):
    """What a person should know about a transition; the code of the alert."""

    LATE_FILL = "LATE_FILL"  # an execution of an order that had ended: booked
    OVERFILL = "OVERFILL"  # more executed than ordered: booked
    DENIED = "DENIED"  # the venue denies an order that it had acknowledged
    REOPENED = "REOPENED"  # the venue speaks of an order that it had denied
    CONTRADICTION = "CONTRADICTION"  # a report that cannot be true beside an earlier one, and changes no exposure


class Transition(NamedTuple):
    """Where an event leads; `state` None stands for the working state that the order's history gives."""

    state: OrderState | None
    anomaly: Anomaly | None = None


OPEN_STATES = (
    OrderState.SUBMITTED,
    OrderState.ACCEPTED,
    OrderState.PARTIALLY_FILLED,
    OrderState.PENDING_CANCEL,
    OrderState.UNKNOWN,
)
"""The states in which the remaining quantity counts as exposure."""


def is_open(state: OrderState) -> bool:
    """Whether an order in this state may still be filled, as far as is known."""
    return state in OPEN_STATES


_WORKING = Transition(None)

_SUBMITTED = Transition(OrderState.SUBMITTED)
_ACCEPTED = Transition(OrderState.ACCEPTED)
_PARTIAL = Transition(OrderState.PARTIALLY_FILLED)
_PENDING = Transition(OrderState.PENDING_CANCEL)
_UNKNOWN = Transition(OrderState.UNKNOWN)
_FILLED = Transition(OrderState.FILLED)
_CANCELLED = Transition(OrderState.CANCELLED)
_EXPIRED = Transition(OrderState.EXPIRED)
_REJECTED = Transition(OrderState.REJECTED)
_ABSENT = Transition(OrderState.NEVER_ARRIVED)

_OVERFILLED = Transition(OrderState.FILLED, Anomaly.OVERFILL)
_DENIED = Transition(OrderState.UNKNOWN, Anomaly.DENIED)
_REOPENED = Transition(OrderState.UNKNOWN, Anomaly.REOPENED)
_REOPENED_FILLED = Transition(OrderState.FILLED, Anomaly.REOPENED)
_LATE_FILLED = Transition(OrderState.FILLED, Anomaly.LATE_FILL)
_CANCELLED_LATE = Transition(OrderState.CANCELLED, Anomaly.LATE_FILL)
_EXPIRED_LATE = Transition(OrderState.EXPIRED, Anomaly.LATE_FILL)
_FILLED_ODD = Transition(OrderState.FILLED, Anomaly.CONTRADICTION)
_CANCELLED_ODD = Transition(OrderState.CANCELLED, Anomaly.CONTRADICTION)
_EXPIRED_ODD = Transition(OrderState.EXPIRED, Anomaly.CONTRADICTION)
_REJECTED_ODD = Transition(OrderState.REJECTED, Anomaly.CONTRADICTION)
_ABSENT_ODD = Transition(OrderState.NEVER_ARRIVED, Anomaly.CONTRADICTION)

_E = OrderEvent
_ROWS: dict[OrderState, dict[OrderEvent, Transition]] = {
    OrderState.SUBMITTED: {
        _E.ACCEPTED: _ACCEPTED,
        _E.REJECTED: _REJECTED,
        _E.NEVER_ARRIVED: _ABSENT,
        _E.DENIED: _DENIED,
        _E.PARTIAL_FILL: _PARTIAL,  # a fill may overtake the acknowledgement
        _E.FINAL_FILL: _FILLED,
        _E.OVER_FILL: _OVERFILLED,
        _E.CANCEL_SENT: _PENDING,
        _E.CANCELLED: _CANCELLED,
        _E.CANCEL_REJECTED: _SUBMITTED,
        _E.EXPIRED: _EXPIRED,  # an IOC order may end without an acknowledgement
        _E.OUTCOME_UNKNOWN: _UNKNOWN,
    },
    OrderState.ACCEPTED: {
        _E.ACCEPTED: _ACCEPTED,
        # A rejection after the acknowledgement is as likely that of a retried duplicate: the first may be alive.
        _E.REJECTED: _DENIED,
        _E.NEVER_ARRIVED: _DENIED,
        _E.DENIED: _DENIED,
        _E.PARTIAL_FILL: _PARTIAL,
        _E.FINAL_FILL: _FILLED,
        _E.OVER_FILL: _OVERFILLED,
        _E.CANCEL_SENT: _PENDING,
        _E.CANCELLED: _CANCELLED,
        _E.CANCEL_REJECTED: _ACCEPTED,
        _E.EXPIRED: _EXPIRED,
        _E.OUTCOME_UNKNOWN: _ACCEPTED,  # a late timeout of a submit that is known to have arrived
    },
    OrderState.PARTIALLY_FILLED: {
        _E.ACCEPTED: _PARTIAL,
        _E.REJECTED: _DENIED,
        _E.NEVER_ARRIVED: _DENIED,
        _E.DENIED: _DENIED,
        _E.PARTIAL_FILL: _PARTIAL,
        _E.FINAL_FILL: _FILLED,
        _E.OVER_FILL: _OVERFILLED,
        _E.CANCEL_SENT: _PENDING,
        _E.CANCELLED: _CANCELLED,
        _E.CANCEL_REJECTED: _PARTIAL,
        _E.EXPIRED: _EXPIRED,
        _E.OUTCOME_UNKNOWN: _PARTIAL,
    },
    OrderState.PENDING_CANCEL: {
        _E.ACCEPTED: _PENDING,
        _E.REJECTED: _REJECTED,
        _E.NEVER_ARRIVED: _ABSENT,
        _E.DENIED: _DENIED,
        _E.PARTIAL_FILL: _PENDING,
        _E.FINAL_FILL: _FILLED,
        _E.OVER_FILL: _OVERFILLED,
        _E.CANCEL_SENT: _PENDING,
        _E.CANCELLED: _CANCELLED,
        _E.CANCEL_REJECTED: _WORKING,
        _E.EXPIRED: _EXPIRED,
        _E.OUTCOME_UNKNOWN: _UNKNOWN,
    },
    OrderState.UNKNOWN: {
        _E.ACCEPTED: _WORKING,
        _E.REJECTED: _REJECTED,
        _E.NEVER_ARRIVED: _ABSENT,
        _E.DENIED: _DENIED,
        _E.PARTIAL_FILL: _WORKING,  # it did arrive; if a cancel reached it too, CANCELLED follows
        _E.FINAL_FILL: _FILLED,
        _E.OVER_FILL: _OVERFILLED,
        _E.CANCEL_SENT: _UNKNOWN,  # asking for a cancel is no evidence
        _E.CANCELLED: _CANCELLED,
        _E.CANCEL_REJECTED: _UNKNOWN,  # "unknown order" may be a lagging replica speaking
        _E.EXPIRED: _EXPIRED,
        _E.OUTCOME_UNKNOWN: _UNKNOWN,
    },
    OrderState.FILLED: {
        _E.ACCEPTED: _FILLED,  # the acknowledgement came last
        _E.REJECTED: _FILLED_ODD,
        _E.NEVER_ARRIVED: _FILLED_ODD,
        _E.DENIED: _FILLED_ODD,
        _E.PARTIAL_FILL: _OVERFILLED,
        _E.FINAL_FILL: _OVERFILLED,
        _E.OVER_FILL: _OVERFILLED,
        _E.CANCEL_SENT: _FILLED_ODD,
        _E.CANCELLED: _FILLED_ODD,
        _E.CANCEL_REJECTED: _FILLED,  # the fill won the race against the cancel
        _E.EXPIRED: _FILLED_ODD,
        _E.OUTCOME_UNKNOWN: _FILLED,
    },
    OrderState.CANCELLED: {
        _E.ACCEPTED: _CANCELLED,
        _E.REJECTED: _CANCELLED_ODD,
        _E.NEVER_ARRIVED: _CANCELLED_ODD,
        _E.DENIED: _CANCELLED_ODD,
        _E.PARTIAL_FILL: _CANCELLED_LATE,
        _E.FINAL_FILL: _LATE_FILLED,
        _E.OVER_FILL: _OVERFILLED,
        _E.CANCEL_SENT: _CANCELLED_ODD,
        _E.CANCELLED: _CANCELLED,
        _E.CANCEL_REJECTED: _CANCELLED,
        _E.EXPIRED: _CANCELLED,
        _E.OUTCOME_UNKNOWN: _CANCELLED,
    },
    OrderState.EXPIRED: {
        _E.ACCEPTED: _EXPIRED,
        _E.REJECTED: _EXPIRED_ODD,
        _E.NEVER_ARRIVED: _EXPIRED_ODD,
        _E.DENIED: _EXPIRED_ODD,
        _E.PARTIAL_FILL: _EXPIRED_LATE,
        _E.FINAL_FILL: _LATE_FILLED,
        _E.OVER_FILL: _OVERFILLED,
        _E.CANCEL_SENT: _EXPIRED_ODD,
        _E.CANCELLED: _EXPIRED,
        _E.CANCEL_REJECTED: _EXPIRED,
        _E.EXPIRED: _EXPIRED,
        _E.OUTCOME_UNKNOWN: _EXPIRED,
    },
    OrderState.REJECTED: {
        _E.ACCEPTED: _REOPENED,
        _E.REJECTED: _REJECTED,
        _E.NEVER_ARRIVED: _REJECTED,
        _E.DENIED: _REJECTED,
        _E.PARTIAL_FILL: _REOPENED,
        _E.FINAL_FILL: _REOPENED_FILLED,
        _E.OVER_FILL: _OVERFILLED,
        _E.CANCEL_SENT: _REJECTED_ODD,
        _E.CANCELLED: _CANCELLED_ODD,
        _E.CANCEL_REJECTED: _REJECTED,
        _E.EXPIRED: _EXPIRED_ODD,
        _E.OUTCOME_UNKNOWN: _REJECTED,
    },
    OrderState.NEVER_ARRIVED: {
        _E.ACCEPTED: _REOPENED,
        _E.REJECTED: _REJECTED_ODD,
        _E.NEVER_ARRIVED: _ABSENT,
        _E.DENIED: _ABSENT,
        _E.PARTIAL_FILL: _REOPENED,
        _E.FINAL_FILL: _REOPENED_FILLED,
        _E.OVER_FILL: _OVERFILLED,
        _E.CANCEL_SENT: _ABSENT_ODD,
        _E.CANCELLED: _CANCELLED_ODD,
        _E.CANCEL_REJECTED: _ABSENT,
        _E.EXPIRED: _EXPIRED_ODD,
        _E.OUTCOME_UNKNOWN: _ABSENT,
    },
}

TABLE: dict[tuple[OrderState, OrderEvent], Transition] = {
    (state, event): transition for state, row in _ROWS.items() for event, transition in row.items()
}
TABLE_STATES: tuple[OrderState, ...] = tuple(state for state in OrderState if state is not OrderState.HELD)
"""The states of the table. An order that tickerd holds back enters it once it is released."""

assert len(TABLE) == len(TABLE_STATES) * len(OrderEvent), "the table must answer every event in every state"
