"""The table of transitions in whole numbers: the form in which live and compiled orders are moved.

`transitions.py` is what a person reads and changes. The codes here follow the order of its enumerations, and `NEXT` is
derived from its `TABLE`, so there is one table and no second one to keep in step.
"""

from collections.abc import Sequence

from core.orders import OrderState
from oms.transitions import TABLE, TABLE_STATES, Anomaly, OrderEvent

STATE_SUBMITTED = 0
STATE_ACCEPTED = 1
STATE_PARTIALLY_FILLED = 2
STATE_PENDING_CANCEL = 3
STATE_UNKNOWN = 4  # the last open one: every greater code has ended
STATE_FILLED = 5
STATE_CANCELLED = 6
STATE_EXPIRED = 7
STATE_REJECTED = 8
STATE_NEVER_ARRIVED = 9
STATE_COUNT = 10

EVENT_ACCEPTED = 0
EVENT_REJECTED = 1
EVENT_NEVER_ARRIVED = 2
EVENT_DENIED = 3
EVENT_PARTIAL_FILL = 4
EVENT_FINAL_FILL = 5
EVENT_OVER_FILL = 6
EVENT_CANCEL_SENT = 7
EVENT_CANCELLED = 8
EVENT_CANCEL_REJECTED = 9
EVENT_EXPIRED = 10
EVENT_OUTCOME_UNKNOWN = 11
EVENT_COUNT = 12

ANOMALY_NONE = 0
ANOMALY_LATE_FILL = 1
ANOMALY_OVERFILL = 2
ANOMALY_DENIED = 3
ANOMALY_REOPENED = 4
ANOMALY_CONTRADICTION = 5

STATES = TABLE_STATES
"""State by code."""

EVENTS: tuple[OrderEvent, ...] = tuple(OrderEvent)
"""Event by code."""

ANOMALIES: tuple[Anomaly | None, ...] = (None, *Anomaly)
"""Anomaly by code; None at `ANOMALY_NONE`."""

WORKING = STATE_COUNT  # in `NEXT` alone: the working state that the order's history gives
ANOMALY_RADIX = 8  # a cell of `NEXT` is target * ANOMALY_RADIX + anomaly


def _cell(state: OrderState, event: OrderEvent) -> int:
    """Return one transition as a number."""
    target, anomaly = TABLE[state, event]
    return (WORKING if target is None else STATES.index(target)) * ANOMALY_RADIX + ANOMALIES.index(anomaly)


NEXT: tuple[int, ...] = tuple(_cell(state, event) for state in STATES for event in EVENTS)
"""The whole table, a row of `EVENT_COUNT` cells for each state: live as it stands, compiled as an int64 array."""


def working_state(acknowledged: bool, filled: int) -> int:
    """Return the state of a live order from its history: the answer to a rejected cancel, and to UNKNOWN resolved."""
    if filled != 0:
        return STATE_PARTIALLY_FILLED
    return STATE_ACCEPTED if acknowledged else STATE_SUBMITTED


def next_state(table: Sequence[int], state: int, event: int, acknowledged: bool, filled: int) -> tuple[int, int]:
    """Return (state, anomaly) after `event` by `NEXT`; `acknowledged` and `filled` include the event."""
    cell = table[state * EVENT_COUNT + event]
    target = cell // ANOMALY_RADIX
    anomaly = cell % ANOMALY_RADIX
    if target == WORKING:
        target = working_state(acknowledged, filled)
    return target, anomaly


def status_event(event: int, acknowledged: bool) -> int:
    """Return the event that a status report is; a denial of an acknowledged order is a contradiction."""
    if acknowledged and EVENT_REJECTED <= event <= EVENT_NEVER_ARRIVED:  # the two denials are neighbours
        return EVENT_DENIED
    return event


def fill_event(filled: int, quantity: int) -> int:
    """Return the event of an execution after which `filled` of `quantity` is done."""
    if filled < quantity:
        return EVENT_PARTIAL_FILL
    return EVENT_FINAL_FILL if filled == quantity else EVENT_OVER_FILL


HOT = (working_state, next_state, status_event, fill_event)
