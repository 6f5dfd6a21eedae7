"""Where hftbacktest's rules and ours part, on markets small enough to see it; and that nothing else parts them."""

import pytest

from research.fidelity.causes import causes_of, compare, is_same
from research.fidelity.errors import RecordingUnusable
from research.fidelity.fills import Outcome
from research.fidelity.peer_data import rows_of
from research.fidelity.plan import POWER, RISK, Script
from research.fidelity.recording import Recorded
from research.fidelity.replica import ALL, NONE, Replica, Rule
from research.fidelity.singles import run_singles
from tests.research.fidelity.made_market import MS, START_NS, Tape, book_tape, single

ARRIVES, ENDS = START_NS + 10 * MS, START_NS + 500 * MS


def both(recorded: Recorded, script: Script, *, quotes: bool) -> tuple[Outcome, Outcome]:
    """Return the outcome under hftbacktest's rules and at our venue; the replica with our rules must agree with it."""
    view = recorded.view(quotes=quotes)
    rows = rows_of(view)
    (theirs,) = Replica(recorded, rows, script, RISK, NONE).run()
    (replica,) = Replica(recorded, rows, script, RISK, ALL).run()
    (ours,) = run_singles(recorded, script, RISK, quotes=quotes)
    assert is_same(replica, ours)
    return theirs, ours


def filled(outcome: Outcome) -> tuple[int, float, float]:
    """Quantity, and ms from arrival to the first and last fill."""
    return outcome.filled, (outcome.first_ns - ARRIVES) / MS, (outcome.last_ns - ARRIVES) / MS


def arrived(tape: Tape) -> Tape:
    """Let time pass until the order has arrived."""
    tape.now_ns = ARRIVES
    return tape


def test_a_trade_through_the_price_fills_all_there_and_what_was_traded_here() -> None:
    tape = arrived(book_tape()).trade(-1, 99, 2).trade(-1, 99, 2).trade(-1, 99, 2).wait(500).trade(1, 101, 1)
    theirs, ours = both(tape.recorded(), single(ARRIVES, ENDS, 1, 100, 5), quotes=False)
    assert filled(theirs) == (5, 1, 1)
    assert filled(ours) == (5, 1, 3)


def test_the_queue_is_served_alike_until_a_print_reaches_the_order() -> None:
    tape = arrived(book_tape()).trade(-1, 100, 6).trade(-1, 100, 4).trade(-1, 100, 1).wait(500).trade(1, 101, 1)
    theirs, ours = both(tape.recorded(), single(ARRIVES, ENDS, 1, 100, 1), quotes=False)
    assert filled(theirs) == filled(ours) == (1, 3, 3)


def test_a_print_that_the_display_has_shown_counts_twice_there_and_once_here() -> None:
    tape = book_tape().quote(100, 10, 101, 10)
    tape = arrived(tape).quote(100, 4, 101, 10).trade(-1, 100, 6).wait(500).trade(1, 101, 1)
    recorded, script = tape.recorded(), single(ARRIVES, ENDS, 1, 100, 1)
    theirs, ours = both(recorded, script, quotes=True)
    assert filled(theirs) == (1, 2, 2)
    assert ours.filled == 0
    (told,) = causes_of(recorded, rows_of(recorded.events), script, RISK, [theirs], [ours])
    assert told.cause == Rule.QUEUE.value
    assert told.kind == "only_first"


def test_an_order_that_crosses_gets_all_at_the_best_price_there_and_walks_the_levels_here() -> None:
    tape = arrived(book_tape()).wait(600).trade(1, 101, 1)
    theirs, ours = both(tape.recorded(), single(ARRIVES, ENDS, 1, 102, 15, post_only=False), quotes=False)
    assert (theirs.filled, theirs.price) == (15, 101.0)
    assert ours.filled == 15
    assert ours.price == pytest.approx((101 * 10 + 102 * 5) / 15)


def test_a_post_only_order_that_crosses_is_refused_by_both() -> None:
    tape = arrived(book_tape()).wait(600).trade(1, 101, 1)
    theirs, ours = both(tape.recorded(), single(ARRIVES, ENDS, 1, 101), quotes=False)
    assert theirs.refused
    assert ours.refused


def test_the_other_sides_touch_fills_all_there_and_what_it_displays_here() -> None:
    tape = arrived(book_tape()).depth((1, 100, 0), (-1, 100, 2)).wait(600).trade(1, 101, 1)
    theirs, ours = both(tape.recorded(), single(ARRIVES, ENDS, 1, 100, 5), quotes=False)
    assert filled(theirs) == (5, 1, 1)
    assert filled(ours) == (2, 1, 1)


def test_depth_that_is_older_than_our_joining_tells_nothing_here() -> None:
    tape = book_tape().quote(100, 10, 101, 10).quote(101, 5, 102, 5).quote(101, 6, 102, 5)
    late = arrived(tape)
    late.update_id = 1  # the next message is older than the last ticker
    late.depth((1, 100, 1)).trade(-1, 100, 3).wait(500).trade(1, 102, 1)
    theirs, ours = both(late.recorded(), single(ARRIVES, ENDS, 1, 100, 1), quotes=True)
    assert theirs.filled == 1
    assert ours.filled == 0


def test_who_joins_where_nothing_shows_the_level_waits_here_and_is_first_there() -> None:
    tape = arrived(book_tape()).trade(-1, 90, 1).wait(600).trade(1, 101, 1)
    recorded, script = tape.recorded(), single(ARRIVES, ENDS, 1, 90, 1)
    theirs, ours = both(recorded, script, quotes=False)
    assert theirs.filled == 1
    assert ours.filled == 0


def test_estimates_part_where_the_display_falls_by_what_was_printed_late() -> None:
    tape = book_tape().quote(100, 10, 101, 10)
    tape = arrived(tape).quote(100, 4, 101, 10).trade(-1, 100, 6).wait(500).trade(1, 101, 1)
    recorded, script = tape.recorded(), single(ARRIVES, ENDS, 1, 100, 1)
    (theirs,) = Replica(recorded, rows_of(recorded.events), script, POWER, NONE).run()
    (replica,) = Replica(recorded, rows_of(recorded.events), script, POWER, ALL).run()
    (ours,) = run_singles(recorded, script, POWER, quotes=True)
    assert is_same(replica, ours)
    assert theirs.filled == 1
    assert ours.filled == 0


def test_outcomes_are_counted_once_each() -> None:
    none, refused = Outcome(0, 0, 0, 0.0, refused=False), Outcome(0, 0, 0, 0.0, refused=True)
    whole, later = Outcome(5, 1, 1, 100.0, refused=False), Outcome(5, 1, 3_000_001, 100.0, refused=False)
    first = [whole, whole, whole, none, none, whole]
    second = [whole, later, none, whole, refused, Outcome(4, 1, 1, 100.0, refused=False)]
    found = compare(first, second)
    assert (found.same, found.ended, found.only_first, found.only_second, found.refused, found.less) == (
        1, 1, 1, 1, 1, 1,
    )  # fmt: skip
    assert found.median_ms == 3.0


def test_an_order_that_the_gate_refuses_is_told() -> None:
    tape = arrived(book_tape()).wait(600).trade(1, 101, 1)
    with pytest.raises(RecordingUnusable, match="the gate refuses"):
        run_singles(tape.recorded(), single(ARRIVES, ENDS, 1, 0), RISK, quotes=False)
