"""Dealing in the compiled loop: generate, check, send, record, as `engine.desk` does.

Functions of the template, see `loop.py`; `w` is the one record that holds everything (`tables.py`).
"""

from bisect import bisect_left
from typing import Any

from connectors.sim.matcher import next_arrival
from core.hot import insert_at
from core.market import touch_of
from oms.codes import STATE_PENDING_CANCEL, STATE_UNKNOWN
from oms.moves import cancel_order, enter_order
from research.compiled.booking import clear_ticket, free_row, note, tell_moved
from research.compiled.tables import (
    CANCEL,
    DESK_OVERFLOWED,
    FILL,
    NO_NUMBER,
    NOT_CANCELLED,
    NUMBERS_MASK,
    ORDERS_FULL,
    REFUSAL,
    RUNAWAY,
    SUBMIT,
    TIMER,
    UPDATE,
    WAKE_IN_THE_PAST,
)
from risk.checks import first_breach
from risk.codes import PASSES
from risk.figures import reference_twice_of
from risk.rate import rate_advance, rate_note
from strategies.desk import ASK_CANCEL, ASK_SUBMIT, FOK, IOC, POST_ONLY, REDUCE_ONLY
from strategies.kernel import Kernel

World = Any
Record = Any

ASKED_MAX = 1_000  # engine.desk.MAX_INTENTS_PER_EVENT

at_order = Kernel.at_order
at_fill = Kernel.at_fill
at_refusal = Kernel.at_refusal


def settle(w: World) -> None:
    """Tell the kernel what happened to its orders and take what it asks for, until nothing is left."""
    desk = w.desk
    w.asked = 0
    while True:
        while w.cursor < w.log_count:
            tell(w, w.log[w.cursor])
            w.cursor += 1
        if desk.overflowed:
            w.stop = DESK_OVERFLOWED
            return
        if desk.asked == 0:
            return
        asked = desk.asked
        desk.asked = 0
        w.asked += asked
        if w.asked > ASKED_MAX:
            w.stop = RUNAWAY
            return
        for place in range(asked):
            carry_out(w, place)


def tell(w: World, row: Record) -> None:
    """Tell the kernel of one effect, where it is about an order of its own."""
    desk = w.desk
    if not w.active:
        return
    if row.kind == UPDATE:
        at_order(w.state, row.number, row.b, row.c, desk)
    elif row.kind == FILL:
        desk.positions[row.instrument] = w.own[row.instrument].quantity
        at_fill(w.state, row.number, row.f, row.a, row.b, desk)
    elif row.kind == REFUSAL:
        at_refusal(w.state, row.number, desk)


def carry_out(w: World, place: int) -> None:
    """Carry out one wish."""
    desk = w.desk
    kind = desk.kinds[place]
    if kind == ASK_SUBMIT:
        submit(w, place)
    elif kind == ASK_CANCEL:
        ask_cancel(w, desk.numbers[place])
    else:
        due_ns = desk.numbers[place]
        if due_ns <= desk.now_ns:
            w.stop = WAKE_IN_THE_PAST
            return
        add_wake(w, due_ns)
        note(w, TIMER, NO_NUMBER, 0, due_ns, 0, 0, 0, 0, 0, 0)


def add_wake(w: World, due_ns: int) -> None:
    """Put a wake-up behind those of the same time or earlier."""
    if w.wakes == len(w.wake_dues):
        w.stop = RUNAWAY
        return
    place = bisect_left(w.wake_dues, due_ns + 1, 0, w.wakes)
    w.wakes_set += 1
    insert_at(w.wake_dues, w.wakes, place, due_ns)
    insert_at(w.wake_marks, w.wakes, place, w.wakes_set)
    w.wakes += 1
    w.wake_ns = w.wake_dues[0]


def submit(w: World, place: int) -> None:
    """Check an order; send it, or record why not."""
    desk, asked = w.desk, w.wish
    instrument = desk.instruments[place]
    flags = desk.flags[place]
    number = desk.numbers[place]
    asked.side = desk.sides[place]
    asked.quantity = desk.quantities[place]
    asked.price = desk.prices[place]
    asked.is_market = asked.price == 0
    asked.rests = flags & (IOC | FOK) == 0
    asked.post_only = flags & POST_ONLY != 0
    asked.reduce_only = flags & REDUCE_ONLY != 0
    touch = touch_of(w.markets[instrument])
    code = gate_code(w, instrument, touch)
    if code != PASSES:
        note(w, REFUSAL, number, instrument, code, asked.side, asked.quantity, asked.price, flags, 0, 0)
        return
    rate_note(w.rates, w.times, w.now_ns)
    place_of = number & NUMBERS_MASK
    other = w.tickets[w.row_of[place_of]]
    if other.client_number & NUMBERS_MASK == place_of and other.client_number > 0 and other.state_code <= STATE_UNKNOWN:
        w.stop = ORDERS_FULL  # an order of 65,536 orders ago is still open
        return
    at = free_row(w)
    if at < 0:
        w.stop = ORDERS_FULL
        return
    row = w.tickets[at]
    clear_ticket(row, w.totals.submitted, instrument, asked, w.now_ns)
    row.client_number = number
    row.time_in_force = 1 if flags & IOC else 2 if flags & FOK else 0
    w.row_of[place_of] = at
    enter_order(row, w.exposures[instrument], w.totals)
    reference = reference_twice_of(touch[0], touch[2]) // 2
    note(w, SUBMIT, number, instrument, asked.side, asked.quantity, asked.price, at, reference, flags, 0)
    note(w, UPDATE, number, instrument, -1, row.state_code, 0, 0, 0, 0, 0)


def gate_code(w: World, instrument: int, touch: tuple[int, int, int, int, int]) -> int:
    """Return the number of the first check that the order breaks, 0 where it passes all."""
    rates = w.rates
    rate_advance(rates.second, w.times, w.now_ns)
    rate_advance(rates.minute, w.times, w.now_ns)
    return first_breach(
        w.wish,
        w.rules[instrument],
        w.limits[instrument],
        w.markets[instrument],
        touch,
        w.exposures[instrument],
        w.totals.open_orders,
        w.net[instrument].quantity,
        rates,
        w.ready,
        False,
        w.now_ns,
    )


def ask_cancel(w: World, number: int) -> None:
    """Check a cancel; send it, or record that there is nothing to send."""
    at = w.row_of[number & NUMBERS_MASK]
    row = w.tickets[at]
    # The simulated venue always answers, so no order of this run is ever UNKNOWN.
    if row.client_number != number or row.state_code >= STATE_PENDING_CANCEL:
        note(w, NOT_CANCELLED, number, 0, 0, 0, 0, 0, 0, 0, 0)
        return
    note(w, CANCEL, number, row.instrument, at, 0, 0, 0, 0, 0, 0)
    previous, anomaly = cancel_order(row, w.exposures[row.instrument], w.totals, w.transitions, w.now_ns)
    tell_moved(w, row, previous, anomaly, False, 0)


def send(w: World) -> None:
    """Let the commands of this input travel to the venue, in their order."""
    for place in range(w.first, w.log_count):
        row = w.log[place]
        if row.kind == SUBMIT:
            send_request(w, row.d, False, row.now_ns)
        elif row.kind == CANCEL:
            send_request(w, row.a, True, row.now_ns)


def send_request(w: World, at: int, is_cancel: bool, now_ns: int) -> None:
    """Put one request on its way."""
    venue, ticket = w.venue, w.tickets[at]
    if venue.request_count == len(w.requests):
        w.stop = ORDERS_FULL
        return
    request = w.requests[(venue.request_head + venue.request_count) % len(w.requests)]
    request.arrival_ns = next_arrival(venue, now_ns)
    request.is_cancel = is_cancel
    request.row = at
    request.instrument = ticket.instrument
    request.sign = ticket.side
    request.is_market = ticket.is_market
    request.time_in_force = ticket.time_in_force
    request.quantity = ticket.quantity
    request.price = ticket.price
    request.post_only = ticket.post_only
    request.reduce_only = ticket.reduce_only
    venue.request_count += 1
    if is_cancel:
        ticket.under_way += 1
