"""The loop that is compiled: one event after another through market, kernel, gate, order manager and venue.

It is the compiled form of `engine.Engine.step` inside `engine.virtual.VirtualRun`: the same order of things, with the
records of `tables.py` in place of objects. What decides is called, not repeated: book, touch, gate, order moves,
positions, cash, matching, latency and fees are the hot functions that the live engine calls.

This module, `dealing.py` and `booking.py` are a template: `specialise.py` copies their functions with a kernel's own in
place of the empty ones. `w` is the one record that holds everything.
"""

from collections.abc import Sequence
from typing import Any

from connectors.sim.answers import move_to
from connectors.sim.bars import open_bar
from connectors.sim.events import on_market_event
from connectors.sim.fifo import on_order_event
from connectors.sim.matcher import advance
from connectors.sim.unmoved import is_at_ours, is_met, note_met
from core.book import LIVE, NO_FAULT, apply_level, apply_order
from core.clock import NEVER
from core.hot import delete_at
from core.market import touch_of
from core.records import LAST, NO_INSTRUMENT, NOT_MARKET, PENDING, SELL_AGGRESSOR, Kind
from research.compiled.booking import note, take_answer
from research.compiled.dealing import ask_cancel, send, settle
from research.compiled.tables import DONE, EFFECTS_MAX, FAULT, LOG_FULL, MIXED_BARS, NO_NUMBER, PAYLOAD, SAMPLE
from strategies.kernel import Kernel

World = Any
Record = Any

BOOK_KIND, QUOTE_KIND, TRADE_KIND, BAR_KIND = int(Kind.BOOK), int(Kind.QUOTE), int(Kind.TRADE), int(Kind.BAR)
FIRST_PAYLOAD, LAST_PAYLOAD = int(Kind.INSTRUMENT), int(Kind.CLOCK)
REPORT_KIND, TIME_KIND, MBO_KIND = int(Kind.REPORT), int(Kind.TIME), int(Kind.MBO)
FIRST_MARKET = QUOTE_KIND

at_quote = Kernel.at_quote
at_trade = Kernel.at_trade
at_book = Kernel.at_book
at_bar = Kernel.at_bar
at_wake = Kernel.at_wake


def run(worlds: Sequence[World], slots: Record, begin: int, end: int) -> int:
    """Handle the records from `begin` on; return where it stopped, `w.stop` of the one world says why.

    Cancels that the driver asks for come first; where the records are done and `until_ns` is set, time passes to it.
    At a record with a payload, which the driver handles (`PAYLOAD`), or where the log is full, the record returned is
    the next to handle. Reports and effects of the recorded run are passed over.
    """
    w = worlds[0]
    w.stop = DONE
    if w.cancel_count > 0:
        cancel_listed(w)
    for index in range(begin, end):
        slot = slots[index]
        kind = int(slot.kind)
        if kind < FIRST_MARKET or kind > LAST_PAYLOAD or kind in (REPORT_KIND, TIME_KIND):
            continue
        if len(w.log) - w.log_count < EFFECTS_MAX:
            w.stop = LOG_FULL
            return index
        now_ns = slot.recv_ns
        if kind == BAR_KIND:
            open_bars(w, slots, index, end)
        if now_ns > w.sample_ns:
            sample(w, now_ns)
        if now_ns >= due_of(w):
            catch_up(w, now_ns)
        if kind >= FIRST_PAYLOAD and w.stop == DONE:
            w.stop = PAYLOAD
        if w.stop != DONE:
            return index
        step_market(w, slot, kind, now_ns)
        if w.stop != DONE:
            return index + 1
    if w.until_ns > 0:
        catch_up(w, w.until_ns)
    return end


def cancel_listed(w: World) -> None:
    """Cancel the orders that the driver names, as the engine does when it stops or is told to."""
    begin_step(w, w.now_ns)
    w.events -= 1  # it belongs to an input that the driver has counted
    for place in range(w.cancel_count):
        ask_cancel(w, w.cancels[place])
    w.cancel_count = 0
    settle(w)
    send(w)


def sample(w: World, now_ns: int) -> None:
    """Write down every position and its mark, at each step of time before `now_ns`, after what fell due before it."""
    while w.sample_ns < now_ns and len(w.log) - w.log_count >= EFFECTS_MAX:
        catch_up(w, w.sample_ns - 1)
        before = w.now_ns
        w.now_ns = w.sample_ns
        for index in range(len(w.markets)):
            held = w.net[index]
            if held.fills > 0:
                note(
                    w,
                    SAMPLE,
                    NO_NUMBER,
                    index,
                    held.quantity,
                    held.cost,
                    held.realised,
                    held.fees,
                    held.fees_rest,
                    mark_of(w.markets[index]),
                    0,
                )
        note(w, SAMPLE, NO_NUMBER, NO_INSTRUMENT, 0, 0, 0, 0, 0, 0, 0)
        w.now_ns = before
        w.sample_ns += w.sample_step_ns


def mark_of(market: Record) -> int:
    """Return the price at which a position is shown, as `core.market.mark_price_of`."""
    bid, _, ask, _, _ = touch_of(market)
    return (bid + ask) // 2 if bid > 0 and ask > 0 else int(market.last_price)


def due_of(w: World) -> int:
    """Return when a request arrives, an answer comes back or the kernel is woken next, NEVER if none of them will."""
    venue, ring = w.venue, w.ring
    due_ns = min(w.wake_ns, venue.bar_due_ns)
    if venue.request_count > 0:
        due_ns = min(due_ns, w.requests[venue.request_head].arrival_ns)
    if ring.count > 0:
        due_ns = min(due_ns, w.answers[ring.head].due_ns)
    return int(due_ns)


def catch_up(w: World, now_ns: int) -> None:
    """Let everything that falls due up to `now_ns` happen, each at its own time."""
    ring = w.ring
    while True:
        due_ns = due_of(w)
        if due_ns > now_ns or due_ns == NEVER:
            return
        advance(w.venue, w.listings, w.markets, w.orders, w.requests, due_ns, w)
        stir(w)
        arrived = 0
        while arrived < ring.count and w.answers[(ring.head + arrived) % len(w.answers)].due_ns <= due_ns:
            arrived += 1
        for _ in range(arrived):
            begin_step(w, due_ns)
            take_answer(w, due_ns)
            settle(w)
            send(w)
        if arrived == 0 and w.wake_ns <= due_ns:
            begin_step(w, due_ns)
            send(w)
        if w.stop != DONE or len(w.log) - w.log_count < EFFECTS_MAX:
            if w.stop == DONE:
                w.stop = LOG_FULL
            return


def stir(w: World) -> None:
    """Note that requests may have changed what rests: the next message of each book is met by all."""
    for index in range(len(w.mets)):
        w.mets[index].known = False


# -- one input ---------------------------------------------------------------------------------------------------------


def begin_step(w: World, now_ns: int) -> None:
    """Begin an input: the time moves, and the kernel is woken where that is due."""
    desk = w.desk
    w.events += 1
    w.now_ns = now_ns
    w.cursor = w.log_count
    w.first = w.log_count
    desk.now_ns = now_ns
    while now_ns >= w.wake_ns:
        pop_wake(w)
        if w.active:
            at_wake(w.state, desk)
            settle(w)


def pop_wake(w: World) -> None:
    """Take the first wake-up off the list."""
    delete_at(w.wake_dues, w.wakes, 0)
    delete_at(w.wake_marks, w.wakes, 0)
    w.wakes -= 1
    w.wake_ns = w.wake_dues[0] if w.wakes > 0 else NEVER


def step_market(w: World, slot: Record, kind: int, now_ns: int) -> None:
    """Let one market event move the market and the kernel, then meet the orders that rest at the venue."""
    begin_step(w, now_ns)
    instrument = int(slot.instrument)
    flags = int(slot.flags)
    active = w.active
    m = w.markets[instrument]
    if kind == QUOTE_KIND:
        m.bid_price = slot.a
        m.bid_quantity = slot.b
        m.ask_price = slot.c
        m.ask_quantity = slot.d
        m.update_id = slot.e
        m.venue_ns = slot.venue_ns
        m.quote_ns = now_ns
        if active:
            at_quote(w.state, m, w.desk)
    elif kind == TRADE_KIND:
        if flags & NOT_MARKET == 0:
            m.last_price = slot.a
            m.last_quantity = slot.b
            m.trade_ns = now_ns
            if active:
                at_trade(w.state, m, slot.a, slot.b, -1 if flags & SELL_AGGRESSOR else 1, w.desk)
    elif kind == BOOK_KIND:
        fault = apply_level(m.book, flags, slot.a, slot.b, slot.d, slot.e)
        step_book(w, m, fault, flags & (LAST | PENDING) == LAST, now_ns)
    elif kind == MBO_KIND:
        fault = apply_order(m.book, flags, slot.a, slot.b, slot.d)
        step_book(w, m, fault, flags & LAST != 0, now_ns)
    elif kind == BAR_KIND:
        m.bar_price = slot.d
        m.bar_ns = now_ns
        if flags != 0 and active:
            at_bar(w.state, m, slot.a, slot.b, slot.c, slot.d, slot.e, w.desk)
    if w.desk.asked > 0:
        settle(w)
    listing = w.listings[instrument]
    if listing.active and kind == BOOK_KIND:
        meet_book(w, listing, m, slot, flags, now_ns)
    elif listing.active and kind == MBO_KIND:
        w.mets[instrument].known = False
        on_order_event(w.venue, listing, w.orders, m, flags, now_ns, slot.a, slot.b, slot.e, w)
    elif listing.active:
        w.mets[instrument].known = False
        on_market_event(w.venue, listing, w.orders, m, kind, flags, now_ns, slot.venue_ns, slot.a, slot.b, w)
    if w.log_count > w.first:
        send(w)


def step_book(w: World, m: Record, fault: int, is_whole: bool, now_ns: int) -> None:
    """Note a fault that a record revealed; tell the kernel where its message is whole."""
    if fault != NO_FAULT:
        note(w, FAULT, NO_NUMBER, m.index, fault, m.book.last_update_id, 0, 0, 0, 0, 0)
    if is_whole and m.book.state == LIVE:
        m.book_ns = now_ns
        if w.active:
            at_book(w.state, m, w.desk)


def meet_book(w: World, listing: Record, m: Record, slot: Record, flags: int, now_ns: int) -> None:
    """Let one level of a book's message meet the orders that rest; a message that moves none of them is passed over."""
    met = w.mets[m.index]
    if met.known and is_at_ours(listing, flags, slot.a):
        met.known = False
    if flags & (LAST | PENDING) != LAST:
        return
    if met.known and is_met(met, m):
        move_to(w.venue, now_ns)
        return
    on_market_event(w.venue, listing, w.orders, m, BOOK_KIND, flags, now_ns, slot.venue_ns, slot.a, slot.b, w)
    note_met(met, listing, w.orders, m)


def open_bars(w: World, slots: Record, index: int, end: int) -> None:
    """Tell the venue of every bar that opened before the bar at `index` closes, each at its opening time.

    Bars that close together stand together, so those to open now are the run of bars from `index` on: while all are of
    one length. A longer one would have to be opened long before its place.
    """
    now_ns = slots[index].recv_ns
    at = max(index, w.bars_opened)
    while at < end and slots[at].kind == BAR_KIND and slots[at].venue_ns < now_ns:
        slot = slots[at]
        instrument = int(slot.instrument)
        open_ns = slot.venue_ns
        length = int(slot.flags) + 1
        if w.bar_length != length:
            if w.bar_length != 0:
                w.stop = MIXED_BARS
                break
            w.bar_length = length
        if due_of(w) < open_ns:
            catch_up(w, open_ns - 1)
            if w.stop != DONE:
                break
        open_bar(
            w.venue,
            w.listings[instrument],
            w.orders,
            w.markets[instrument],
            open_ns,
            slot.recv_ns,
            slot.a,
            slot.b,
            slot.c,
            w,
        )
        at += 1
    w.bars_opened = at
