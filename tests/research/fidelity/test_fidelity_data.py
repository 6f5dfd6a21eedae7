"""What hftbacktest is handed: levels and trades of a view, in an order in which nothing crosses."""

import numpy as np

from research.fidelity.peer_data import (
    BUY,
    CLEAR,
    DEPTH,
    EXCHANGE,
    LOCAL,
    SELL,
    TRADE,
    peer_events,
    rows_of,
    venue_time_events,
)
from research.fidelity.plan import LARGE_SHARE, ORDERS, SECOND, STEP_NS, script_of, steps_of
from tests.research.fidelity.made_market import MS, PLAIN, START_NS, Tape, book_tape


def said(tape: Tape) -> list[tuple[int, int, int, int]]:
    """Kind, side, price and quantity of the rows after the snapshot's."""
    rows = rows_of(tape.events)
    return [(int(r["kind"]), int(r["side"]), int(r["price"]), int(r["quantity"])) for r in rows[5:]]


def test_a_snapshot_clears_the_book_and_shows_its_levels() -> None:
    rows = rows_of(book_tape().events)
    assert rows["kind"].tolist() == [CLEAR, DEPTH, DEPTH, DEPTH, DEPTH]
    assert rows["price"].tolist()[1:] == [99, 100, 101, 102]
    assert len(set(rows["message"].tolist())) == 1


def test_a_level_that_stays_as_it_was_is_no_row() -> None:
    assert said(book_tape().depth((1, 100, 10), (-1, 101, 7))) == [(DEPTH, -1, 101, 7)]


def test_a_ticker_that_rises_takes_asks_away_before_it_shows_bids() -> None:
    tape = book_tape().quote(100, 10, 101, 10).quote(101, 5, 102, 9)
    assert said(tape) == [(DEPTH, -1, 101, 0), (DEPTH, -1, 102, 9), (DEPTH, 1, 101, 5)]


def test_a_ticker_that_falls_takes_bids_away_before_it_shows_asks() -> None:
    tape = book_tape().quote(100, 10, 101, 10).quote(99, 5, 100, 9)
    assert said(tape) == [(DEPTH, 1, 100, 0), (DEPTH, 1, 99, 5), (DEPTH, -1, 100, 9)]


def test_a_book_that_is_late_changes_nothing_at_or_before_the_touch() -> None:
    tape = book_tape().quote(101, 5, 102, 9).depth((1, 101, 3), (1, 100, 4), (-1, 101, 0), (-1, 102, 8))
    assert said(tape)[-1] == (DEPTH, 1, 100, 4)
    assert (DEPTH, 1, 101, 3) not in said(tape)
    assert (DEPTH, -1, 102, 8) not in said(tape)


def test_what_the_book_said_before_the_touch_came_back_is_shown_at_the_next_message() -> None:
    tape = book_tape().quote(99, 5, 101, 10).depth((1, 100, 8)).quote(101, 2, 102, 3).depth((-1, 103, 1))
    assert said(tape)[-4:] == [(DEPTH, 1, 101, 2), (DEPTH, 1, 99, 10), (DEPTH, 1, 100, 8), (DEPTH, -1, 103, 1)]


def test_events_have_hftbacktests_flags_prices_and_one_clock() -> None:
    rows = rows_of(book_tape().trade(-1, 100, 3).events)
    events = peer_events(rows, PLAIN)
    assert int(events["ev"][-1]) == TRADE | SELL | EXCHANGE | LOCAL
    assert int(events["ev"][1]) == DEPTH | BUY | EXCHANGE | LOCAL
    assert (events["exch_ts"] == events["local_ts"]).all()
    assert (events["px"][-1], events["qty"][-1]) == (100.0, 3.0)


def test_on_the_venues_time_a_snapshot_took_as_long_as_what_follows_it() -> None:
    tape = book_tape().wait(9).trade(1, 101, 1, venue_ns=START_NS + 5 * MS)
    events = venue_time_events(rows_of(tape.events), PLAIN)
    assert set((events["local_ts"] - events["exch_ts"]).tolist()) == {6 * MS}
    assert not (events["ev"] & np.uint64(EXCHANGE | LOCAL)).any()


def test_single_orders_are_drawn_at_the_ticker_and_the_same_each_time() -> None:
    times = START_NS + np.arange(60) * SECOND
    touches = np.column_stack([times, 100 + np.arange(60), 103 + np.arange(60)])
    script, again = (script_of(touches, int(times[-1]), 1, 10) for _ in range(2))
    assert (script == again).all()
    seen = touches[np.searchsorted(times, script["submit_ns"], side="right") - 1]
    touch = np.where(script["side"] > 0, seen[:, 1], seen[:, 2])
    assert ((touch - script["tick"]) * script["side"] == script["behind"]).all()
    assert (script["post_only"] == (script["behind"] >= 0)).all()
    assert abs((script["quantity"] == 10).sum() / ORDERS - LARGE_SHARE) < 0.05


def test_steps_begin_after_the_books_are_there_and_end_before_the_data() -> None:
    steps = steps_of(START_NS, START_NS + 60 * SECOND)
    assert steps.first_ns == START_NS + 5 * SECOND + 1
    assert steps.first_ns + steps.count * STEP_NS <= START_NS + 59 * SECOND
