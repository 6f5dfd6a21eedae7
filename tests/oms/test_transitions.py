"""The table of transitions: every pair written down a second time, and the rules that it must obey as a whole."""

import itertools

import pytest

from core.orders import OrderState
from oms import codes
from oms.codes import EVENTS, NEXT, next_state, working_state
from oms.diagram import transitions_diagram, transitions_table
from oms.transitions import OPEN_STATES, TABLE, TABLE_STATES, Anomaly, OrderEvent, is_open

# Columns in the order of OrderEvent: accepted, rejected, never-arrived, denied, partial, final, over fill,
# cancel sent, cancelled, cancel rejected, expired, outcome unknown. w is the working state of the order's history.
# A letter after the state is the alert: d denied, r reopened, l late fill, o overfill, c contradiction.
EXPECTED = """
           acc rej nev den par fin ovr sent cxl crej exp unk
    SUB    ACC REJ NEV UNKd PAR FIL FILo PEN CAN SUB EXP UNK
    ACC    ACC UNKd UNKd UNKd PAR FIL FILo PEN CAN ACC EXP ACC
    PAR    PAR UNKd UNKd UNKd PAR FIL FILo PEN CAN PAR EXP PAR
    PEN    PEN REJ NEV UNKd PEN FIL FILo PEN CAN w EXP UNK
    UNK    w REJ NEV UNKd w FIL FILo UNK CAN UNK EXP UNK
    FIL    FIL FILc FILc FILc FILo FILo FILo FILc FILc FIL FILc FIL
    CAN    CAN CANc CANc CANc CANl FILl FILo CANc CAN CAN CAN CAN
    EXP    EXP EXPc EXPc EXPc EXPl FILl FILo EXPc EXP EXP EXP EXP
    REJ    UNKr REJ REJ REJ UNKr FILr FILo REJc CANc REJ EXPc REJ
    NEV    UNKr REJc NEV NEV UNKr FILr FILo NEVc CANc NEV EXPc NEV
"""
STATES = {
    "SUB": OrderState.SUBMITTED,
    "ACC": OrderState.ACCEPTED,
    "PAR": OrderState.PARTIALLY_FILLED,
    "PEN": OrderState.PENDING_CANCEL,
    "UNK": OrderState.UNKNOWN,
    "FIL": OrderState.FILLED,
    "CAN": OrderState.CANCELLED,
    "EXP": OrderState.EXPIRED,
    "REJ": OrderState.REJECTED,
    "NEV": OrderState.NEVER_ARRIVED,
    "w": None,
}
ANOMALIES = {
    "": None,
    "d": Anomaly.DENIED,
    "r": Anomaly.REOPENED,
    "l": Anomaly.LATE_FILL,
    "o": Anomaly.OVERFILL,
    "c": Anomaly.CONTRADICTION,
}
PAIRS = list(itertools.product(TABLE_STATES, OrderEvent))
FILLS = (OrderEvent.PARTIAL_FILL, OrderEvent.FINAL_FILL, OrderEvent.OVER_FILL)
EVIDENCE_OF_THE_END = (
    OrderEvent.REJECTED,
    OrderEvent.NEVER_ARRIVED,
    OrderEvent.FINAL_FILL,
    OrderEvent.OVER_FILL,
    OrderEvent.CANCELLED,
    OrderEvent.EXPIRED,
)


def advance(state, event, acknowledged, filled):
    """The way orders are moved, in words."""
    target, anomaly = next_state(NEXT, codes.STATES.index(state), EVENTS.index(event), acknowledged, filled)
    return codes.STATES[target], codes.ANOMALIES[anomaly]


def expected(state, event):
    for line in EXPECTED.strip().splitlines()[1:]:
        name, *cells = line.split()
        if STATES[name] is state:
            cell = cells[list(OrderEvent).index(event)]
            anomaly = cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") if cell != "w" else ""
            return STATES[cell.removesuffix(anomaly) if anomaly else cell], ANOMALIES[anomaly]
    raise AssertionError(state)


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_every_state_answers_every_event_as_written_here(state, event):
    assert expected(state, event) == TABLE[state, event]


def test_the_table_has_no_answer_to_a_pair_that_does_not_exist():
    assert sorted(TABLE) == sorted(PAIRS)


@pytest.mark.parametrize("state", OPEN_STATES)
@pytest.mark.parametrize("event", [event for event in OrderEvent if event not in EVIDENCE_OF_THE_END])
def test_an_open_order_never_ends_without_the_venues_evidence(state, event):
    after, _ = advance(state, event, acknowledged=True, filled=1)
    assert is_open(after)


@pytest.mark.parametrize("event", [OrderEvent.OUTCOME_UNKNOWN, OrderEvent.CANCEL_SENT, OrderEvent.CANCEL_REJECTED])
def test_nothing_but_evidence_moves_an_unknown_order(event):
    assert advance(OrderState.UNKNOWN, event, acknowledged=False, filled=0) == (OrderState.UNKNOWN, None)


@pytest.mark.parametrize("state", TABLE_STATES)
@pytest.mark.parametrize("event", [OrderEvent.FINAL_FILL, OrderEvent.OVER_FILL])
def test_a_complete_quantity_is_filled_whatever_was_said_before(state, event):
    assert advance(state, event, acknowledged=True, filled=10)[0] is OrderState.FILLED


@pytest.mark.parametrize("state", [state for state in TABLE_STATES if not is_open(state)])
@pytest.mark.parametrize("event", FILLS)
def test_a_fill_of_an_order_that_had_ended_always_alarms(state, event):
    assert advance(state, event, acknowledged=True, filled=1)[1] is not None


@pytest.mark.parametrize("state", [state for state in TABLE_STATES if not is_open(state)])
@pytest.mark.parametrize("event", [event for event in OrderEvent if event not in FILLS])
def test_only_a_denied_order_that_is_acknowledged_after_all_opens_again_by_a_status(state, event):
    after, anomaly = advance(state, event, acknowledged=True, filled=0)
    reopened = state in (OrderState.REJECTED, OrderState.NEVER_ARRIVED) and event is OrderEvent.ACCEPTED
    assert is_open(after) == reopened
    assert (anomaly is Anomaly.REOPENED) == reopened


@pytest.mark.parametrize(("state", "event"), [pair for pair in PAIRS if pair[1] not in FILLS])
def test_a_repeated_status_leaves_the_state_where_the_first_one_put_it(state, event):
    once, first_anomaly = advance(state, event, acknowledged=True, filled=0)
    twice, _ = advance(once, event, acknowledged=True, filled=0)
    # After REOPENED a second acknowledgement is the evidence that doubt waits for; after DENIED the repeat is DENIED
    # itself, since the order is acknowledged (`oms.codes.status_event`).
    if first_anomaly not in (Anomaly.REOPENED, Anomaly.DENIED):
        assert twice is once


@pytest.mark.parametrize(
    ("acknowledged", "filled", "state"),
    [
        (False, 0, OrderState.SUBMITTED),
        (True, 0, OrderState.ACCEPTED),
        (True, 1, OrderState.PARTIALLY_FILLED),
        (False, 1, OrderState.PARTIALLY_FILLED),
    ],
)
def test_the_working_state_follows_from_the_orders_history(acknowledged, filled, state):
    assert codes.STATES[working_state(acknowledged, filled)] is state


def test_the_drawn_table_shows_every_state_event_and_alert():
    drawn = transitions_table()
    lines = drawn.splitlines()
    assert len(lines) == 2 + len(TABLE_STATES)
    assert all(line.count("|") == len(OrderEvent) + 2 for line in lines)
    assert "| **rejected** | unknown !REOPENED |" in drawn
    assert "| **pending-cancel** | · | rejected |" in drawn


def test_the_diagram_draws_the_ordinary_life_and_no_alarms():
    drawn = transitions_diagram()
    assert "    submitted --> accepted: accepted" in drawn
    assert "    pending_cancel --> working: cancel-rejected" in drawn
    assert "    filled --> [*]" in drawn
    assert "unknown --> [*]" not in drawn
    assert "rejected --> unknown" not in drawn
