"""The book that is told order by order: its levels are the sums of the orders."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.book import CROSSED, GAP, NO_FAULT, BookState, L2Book, apply_order, change_level
from core.records import ASK, FIRST, LAST, SNAPSHOT

WHOLE = FIRST | LAST


@pytest.fixture
def book() -> L2Book:
    made = L2Book()
    rows = [(0, 99, 5), (0, 98, 6), (ASK, 101, 7), (ASK, 101, 1)]
    for number, (side, price, quantity) in enumerate(rows):
        ends = (FIRST if number == 0 else 0) | (LAST if number == len(rows) - 1 else 0)
        assert apply_order(made, SNAPSHOT | side | ends, price, quantity, 10 + number) == NO_FAULT
    return made


def test_a_snapshot_sums_orders_to_levels(book):
    assert (book.state, book.last_update_id) == (BookState.LIVE, 13)
    assert (book.bid_levels(9), book.ask_levels(9)) == ([(99, 5), (98, 6)], [(101, 8)])


def test_nothing_is_believed_before_a_snapshot_nor_inside_of_one():
    book = L2Book()
    assert apply_order(book, WHOLE, 99, 5, 1) == NO_FAULT
    assert (book.state, len(book.bids), book.skipping) == (BookState.EMPTY, 0, True)
    apply_order(book, SNAPSHOT | FIRST, 99, 5, 2)
    apply_order(book, WHOLE, 99, 5, 3)
    assert (book.state, book.bids[99], book.skipping) == (BookState.LOADING, 5, True)


def test_changes_add_up_and_the_last_order_takes_its_level_along(book):
    apply_order(book, FIRST, 99, 2, 14)
    apply_order(book, LAST, 99, -5, 15)
    assert book.bids[99] == 2
    apply_order(book, WHOLE, 99, -2, 16)
    assert book.best_bid == 98


def test_a_record_told_before_changes_nothing(book):
    apply_order(book, WHOLE, 99, 2, 14)
    assert apply_order(book, WHOLE, 99, 2, 14) == NO_FAULT
    assert (book.bids[99], book.skipping) == (7, True)


def test_a_missing_record_makes_the_book_invalid_until_a_snapshot(book):
    assert apply_order(book, WHOLE, 99, 2, 15) == GAP
    assert (book.state, book.bids[99], book.skipping) == (BookState.INVALID, 5, True)
    assert apply_order(book, WHOLE, 99, 2, 16) == NO_FAULT
    assert book.bids[99] == 5
    apply_order(book, WHOLE | SNAPSHOT, 90, 1, 40)
    assert (book.state, book.bid_levels(9), book.ask_levels(9)) == (BookState.LIVE, [(90, 1)], [])


def test_more_leaving_than_is_there_is_a_gap(book):
    assert apply_order(book, WHOLE, 99, -6, 14) == GAP
    assert (book.state, book.bids[99]) == (BookState.INVALID, 5)


def test_a_cross_counts_at_the_end_of_a_message_only(book):
    assert apply_order(book, FIRST, 101, 2, 14) == NO_FAULT
    assert apply_order(book, LAST, 101, -2, 15) == NO_FAULT
    assert apply_order(book, WHOLE, 102, 1, 16) == CROSSED
    assert book.state == BookState.INVALID


@given(st.lists(st.tuples(st.booleans(), st.integers(95, 99), st.integers(-4, 6)), max_size=60))
def test_a_level_is_what_joined_less_what_left(changes):
    book = L2Book()
    sums: Counter[tuple[bool, int]] = Counter()
    for is_ask, price, change in changes:
        levels = book.asks if is_ask else book.bids
        now = change_level(levels, price, change)
        assert now == sums[is_ask, price] + change
        if now >= 0:
            sums[is_ask, price] = now
        for side, each in ((False, book.bids), (True, book.asks)):
            known = {price: quantity for (at, price), quantity in sums.items() if at == side and quantity}
            assert each.as_dict() == known
            assert each.prices() == sorted(known)
