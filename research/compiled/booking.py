"""Booking in the compiled loop: the venue's answers, the rows of orders, the log.

Functions of the template, see `loop.py`; `w` is the one record that holds everything (`tables.py`).
"""

from typing import Any

from connectors.sim.codes import CANCEL_REJECTED as ANSWER_CANCEL_REJECTED
from connectors.sim.codes import CANCELLED as ANSWER_CANCELLED
from connectors.sim.codes import FILLED as ANSWER_FILLED
from oms.codes import STATE_SUBMITTED, STATE_UNKNOWN
from oms.ledger import trade_flow
from oms.moves import fill_order, learn_name, status_order
from oms.positions import book_fee, fee_value, fill_position
from research.compiled.tables import ANOMALY, CLOSED, FILL, POSITION, UPDATE

World = Any
Record = Any


def take_answer(w: World, now_ns: int) -> None:
    """Book the first answer of the ring."""
    ring = w.ring
    answer = w.answers[ring.head]
    ring.head = (ring.head + 1) % len(w.answers)
    ring.count -= 1
    at = answer.row
    row = w.tickets[at]
    if answer.kind == ANSWER_FILLED:
        book_fill(w, row, answer, now_ns)
    else:
        learnt = learn_number(row, answer.number)
        status = w.statuses[answer.kind]
        previous, _, anomaly, changed = status_order(
            row, w.exposures[row.instrument], w.totals, w.transitions, status, learnt, now_ns
        )
        tell_moved(w, row, previous, anomaly, changed, answer.reason)
        if answer.kind in (ANSWER_CANCELLED, ANSWER_CANCEL_REJECTED):
            row.under_way -= 1
    if row.under_way == 0 and row.state_code > STATE_UNKNOWN:
        give_back(w, at)


def learn_number(row: Record, number: int) -> bool:
    """Keep the venue's number of an order, the first time that it is told."""
    if number == 0:
        return False
    row.venue_number = number
    return learn_name(row)


def book_fill(w: World, row: Record, answer: Record, now_ns: int) -> None:
    """Move positions, cash and the order by one execution."""
    instrument = row.instrument
    own, net, cash, terms = w.own[instrument], w.net[instrument], w.cash[instrument], w.terms[instrument]
    learn_number(row, answer.number)
    own_realised = fill_position(own, row.side, answer.quantity, answer.price)
    realised = fill_position(net, row.side, answer.quantity, answer.price)
    base, value = trade_flow(terms.holds_base, terms.is_option, row.side, answer.quantity, answer.price, realised)
    cash.base += base
    cash.value += value
    if answer.fee != 0:
        in_base = terms.fees_in_base and row.side > 0
        if in_base:
            cash.base_fee += answer.fee
            whole, rest = fee_value(answer.fee, answer.price, terms.price_unit, terms.fee_unit)
        else:
            cash.quote_fee += answer.fee
            whole, rest = fee_value(answer.fee, 1, 1, terms.fee_unit)
        row.fee += answer.fee
        book_fee(own, whole, rest, terms.fee_unit)
        book_fee(net, whole, rest, terms.fee_unit)
    number = row.client_number
    note(
        w,
        FILL,
        number,
        instrument,
        answer.price,
        answer.quantity,
        answer.fee,
        answer.liquidity,
        answer.execution,
        row.side,
        own_realised,
    )
    note(w, POSITION, number, instrument, net.quantity, net.cost, net.realised, net.fees, net.fees_rest, realised, 0)
    previous, _, anomaly = fill_order(
        row, w.exposures[instrument], w.totals, w.transitions, answer.quantity, answer.price, now_ns
    )
    note(w, UPDATE, number, instrument, previous, row.state_code, row.filled, row.venue_number, 0, 0, 0)
    if anomaly != 0:
        note(w, ANOMALY, row.client_number, instrument, anomaly, 0, 0, 0, 0, 0, 0)


def tell_moved(w: World, row: Record, previous: int, anomaly: int, changed: bool, reason: int) -> None:
    """Record what became of an order, if anything did."""
    if changed or row.state_code != previous:
        note(
            w,
            UPDATE,
            row.client_number,
            row.instrument,
            previous,
            row.state_code,
            row.filled,
            row.venue_number,
            reason,
            0,
            0,
        )
    if anomaly != 0:
        note(w, ANOMALY, row.client_number, row.instrument, anomaly, 0, 0, 0, 0, 0, 0)


# -- rows of the order table --------------------------------------------------------------------------------


def free_row(w: World) -> int:
    """Return a row for a new order, -1 where all are taken."""
    if w.rows_free > 0:
        w.rows_free -= 1
        return int(w.free_rows[w.rows_free])
    if w.rows_used == len(w.tickets):
        return -1
    w.rows_used += 1
    return int(w.rows_used - 1)


def give_back(w: World, at: int) -> None:
    """Write down an order that has ended, and let its row be another's."""
    row = w.tickets[at]
    note(
        w,
        CLOSED,
        row.client_number,
        row.instrument,
        row.number,
        row.venue_number,
        row.notional,
        row.fee,
        row.cancel_sent_ns,
        row.closing,
        row.submitted_ns,
    )
    w.free_rows[w.rows_free] = at
    w.rows_free += 1


def clear_ticket(row: Record, number: int, instrument: int, asked: Record, now_ns: int) -> None:
    """Begin an order as SUBMITTED."""
    row.number = number
    row.instrument = instrument
    row.side = asked.side
    row.quantity = asked.quantity
    row.price = asked.price
    row.filled = 0
    row.notional = 0
    row.fee = 0
    row.state_code = STATE_SUBMITTED
    row.acknowledged = False
    row.named = False
    row.submitted_ns = now_ns
    row.updated_ns = now_ns
    row.cancel_sent_ns = 0
    row.closing = 0
    row.is_market = asked.is_market
    row.rests = asked.rests
    row.post_only = asked.post_only
    row.reduce_only = asked.reduce_only
    row.venue_number = 0
    row.under_way = 0


def note(
    w: World, kind: int, number: int, instrument: int, a: int, b: int, c: int, d: int, e: int, f: int, g: int
) -> None:
    """Write one row of the log; before each input there is room for `EFFECTS_MAX`."""
    row = w.log[w.log_count]
    row.event = w.events
    row.now_ns = w.now_ns
    row.kind = kind
    row.number = number
    row.instrument = instrument
    row.a = a
    row.b = b
    row.c = c
    row.d = d
    row.e = e
    row.f = f
    row.g = g
    w.log_count += 1
