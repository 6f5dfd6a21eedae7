import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.book import BookFault, BookState, L2Book
from core.records import ASK, EMPTY, FIRST, LAST, PENDING, SNAPSHOT

WHOLE = FIRST | LAST


def snapshot(book: L2Book, bids, asks, last_id: int = 100) -> None:
    levels = [(0, *level) for level in bids] + [(ASK, *level) for level in asks]
    for number, (side, price, quantity) in enumerate(levels):
        ends = (FIRST if number == 0 else 0) | (LAST if number == len(levels) - 1 else 0)
        assert book.apply(SNAPSHOT | side | ends, price, quantity, last_id, 0) is None


@pytest.fixture
def book() -> L2Book:
    made = L2Book()
    snapshot(made, [(99, 5), (98, 6)], [(101, 7), (102, 8)])
    return made


def test_nothing_is_believed_before_a_snapshot():
    book = L2Book()
    book.apply(WHOLE, 99, 5, 101, 100)
    assert (book.state, len(book.bids)) == (BookState.EMPTY, 0)


def test_a_snapshot_makes_the_book_live(book):
    assert book.state == BookState.LIVE
    assert (book.best_bid, book.best_ask, book.last_update_id) == (99, 101, 100)


def test_the_first_delta_may_overlap_the_snapshot(book):
    """Binance: "The first processed event should have U <= lastUpdateId+1 AND u >= lastUpdateId+1"."""
    assert book.apply(WHOLE, 99, 4, 103, 95) is None
    assert (book.bids[99], book.last_update_id) == (4, 103)


def test_a_delta_that_ended_before_the_snapshot_is_old_and_changes_nothing(book):
    assert book.apply(WHOLE, 99, 1, 99, 90) is None
    assert book.bids[99] == 5


def test_later_deltas_must_link_exactly(book):
    book.apply(WHOLE, 99, 4, 103, 95)
    assert book.apply(WHOLE, 99, 3, 110, 103) is None
    assert book.apply(WHOLE, 99, 2, 120, 111) is BookFault.GAP
    assert (book.state, book.bids[99]) == (BookState.INVALID, 3)


def test_an_invalid_book_takes_nothing_until_the_next_snapshot(book):
    book.apply(WHOLE, 99, 2, 120, 111)
    assert book.apply(WHOLE, 99, 1, 121, 120) is None
    assert book.bids[99] == 5
    snapshot(book, [(90, 1)], [(91, 1)], 200)
    assert (book.state, book.best_bid, book.best_ask) == (BookState.LIVE, 90, 91)


def test_a_repeated_delta_changes_nothing(book):
    book.apply(WHOLE, 99, 4, 103, 100)
    book.apply(WHOLE, 98, 1, 104, 103)
    assert book.apply(WHOLE, 99, 9, 104, 103) is None
    assert (book.bids[99], book.state) == (4, BookState.LIVE)


def test_a_level_of_quantity_zero_goes(book):
    book.apply(WHOLE | ASK, 101, 0, 101, 100)
    assert book.best_ask == 102


def test_removing_a_level_that_the_snapshot_did_not_hold_is_normal(book):
    assert book.apply(WHOLE, 50, 0, 101, 100) is None
    assert book.state == BookState.LIVE


def test_a_crossed_book_is_not_believed(book):
    assert book.apply(WHOLE, 101, 1, 101, 100) is BookFault.CROSSED
    assert book.state == BookState.INVALID


def test_a_cross_inside_a_message_that_ends_uncrossed_is_no_fault(book):
    assert book.apply(FIRST, 101, 1, 101, 100) is None
    assert book.apply(LAST | ASK, 101, 0, 101, 100) is None
    assert book.state == BookState.LIVE


def test_pending_levels_are_recorded_not_applied(book):
    book.apply(WHOLE | PENDING, 99, 1, 101, 100)
    assert (book.bids[99], book.last_update_id) == (5, 100)


def test_a_message_without_levels_moves_the_id_alone(book):
    assert book.apply(WHOLE | EMPTY, 0, 0, 105, 100) is None
    assert (book.last_update_id, 0 in book.bids) == (105, False)


def test_levels_are_listed_best_first(book):
    assert book.bid_levels(5) == [(99, 5), (98, 6)]
    assert book.ask_levels(1) == [(101, 7)]


levels = st.lists(st.tuples(st.booleans(), st.integers(1, 40), st.integers(0, 3)), max_size=200)


@given(levels)
def test_the_book_agrees_with_two_plain_dictionaries(changes):
    book = L2Book()
    sides: tuple[dict[int, int], dict[int, int]] = ({}, {})
    for is_ask, price, quantity in changes:
        book.set_level(int(is_ask), price, quantity)
        sides[is_ask].pop(price, None)
        if quantity:
            sides[is_ask][price] = quantity
    bids, asks = sides
    assert (book.bids.as_dict(), book.asks.as_dict()) == (bids, asks)
    assert book.prices() == (sorted(bids), sorted(asks))
    assert (book.best_bid, book.best_ask) == (max(bids, default=0), min(asks, default=0))
    assert book.bid_levels(3) == sorted(bids.items(), reverse=True)[:3]
