"""The book by orders: CME's rules of priority, and what must be true of every book."""

import pytest

from research.l3.book import OrderBook
from research.l3.errors import BookBroken, RecordingUnreadable
from research.l3.records import group, read_events
from tests.research.l3.line import ASK, BID, event, opening


def opened():
    book = OrderBook()
    book.apply(opening())
    return book


def line(book, side, price):
    level = book.half(side).levels.get(price)
    return [(order.order_id, order.size) for order in level.orders.values()] if level else []


def test_levels_show_the_sum_of_their_orders_first_come_first() -> None:
    book = opened()
    assert (book.bids.best(), book.asks.best()) == (100, 101)
    assert line(book, BID, 100) == [(1, 2), (2, 3)]
    assert book.bids.total(100) == 5
    assert (book.bids.behind(1), book.bids.behind(2)) == (99, 0)
    book.check()


def test_a_smaller_quantity_keeps_its_place_and_a_larger_one_goes_to_the_end() -> None:
    book = opened()
    book.apply(event(1, ("M", BID, 100, 1, 1)))
    assert line(book, BID, 100) == [(1, 1), (2, 3)]
    book.apply(event(2, ("M", BID, 100, 2, 1)))
    assert line(book, BID, 100) == [(2, 3), (1, 2)]
    book.check()


def test_a_new_price_goes_to_the_end_of_its_new_level() -> None:
    book = opened()
    book.apply(event(1, ("M", BID, 100, 1, 3)))
    assert line(book, BID, 100) == [(1, 2), (2, 3), (3, 1)]
    assert line(book, BID, 99) == []
    book.check()


def test_a_fill_leaves_the_book_by_what_follows_it_and_keeps_the_place() -> None:
    book = opened()
    outcome = book.apply(event(1, ("T", ASK, 100, 1, 9), ("F", BID, 100, 1, 1), ("M", BID, 100, 1, 1)))
    assert line(book, BID, 100) == [(1, 1), (2, 3)]
    assert outcome.trades == [(100, 1, ASK)]
    assert outcome.cancels == []
    assert (book.served_in_line, book.served_out_of_line) == (1, 0)


def test_the_next_part_of_an_iceberg_goes_to_the_end() -> None:
    book = opened()
    book.apply(event(1, ("T", ASK, 100, 2, 9), ("F", BID, 100, 2, 1), ("M", BID, 100, 2, 1)))
    assert line(book, BID, 100) == [(2, 3), (1, 2)]


def test_parts_of_an_iceberg_told_in_one_fill_came_after_everybody_displayed() -> None:
    book = opened()
    rank_of_2 = book.orders[2].rank
    outcome = book.apply(
        event(
            1,
            ("T", ASK, 100, 6, 9),
            ("F", BID, 100, 3, 2),
            ("F", BID, 100, 3, 1),
            ("C", BID, 100, 3, 2),
            ("M", BID, 100, 1, 1),
        )
    )
    assert [quantity for _, _, rank, quantity in outcome.served if rank > rank_of_2] == [1]
    assert book.served_out_of_line == 0


def test_an_aggressor_that_rested_elsewhere_is_not_served_at_the_trade_price() -> None:
    book = opened()
    outcome = book.apply(
        event(
            1,
            ("T", BID, 101, 2, 3),
            ("F", BID, 101, 2, 3),
            ("F", ASK, 101, 2, 4),
            ("M", BID, 99, 2, 3),
            ("M", ASK, 101, 3, 4),
        )
    )
    assert [(side, price) for side, price, _, _ in outcome.served] == [(ASK, 101)]


def test_a_cancellation_tells_where_in_its_line_it_stood() -> None:
    book = opened()
    outcome = book.apply(event(1, ("C", BID, 100, 3, 2)))
    assert outcome.cancels == [(3, 2, 0)]
    assert outcome.before == {(BID, 100): 5}


def test_an_order_passed_over_is_counted_unless_it_left_in_the_same_event() -> None:
    book = opened()
    book.apply(event(1, ("T", ASK, 100, 3, 9), ("F", BID, 100, 3, 2), ("C", BID, 100, 3, 2)))
    assert (book.served_in_line, book.served_out_of_line) == (0, 1)
    book = opened()
    skipped = (("T", ASK, 100, 3, 9), ("F", BID, 100, 3, 2), ("C", BID, 100, 3, 2), ("C", BID, 100, 2, 1))
    book.apply(event(1, *skipped))  # order 1 is the aggressor's own: the venue cancels rather than trades
    assert (book.served_in_line, book.served_out_of_line) == (1, 0)


def test_a_recording_that_lacks_records_is_named() -> None:
    with pytest.raises(BookBroken, match="not in the book"):
        opened().apply(event(1, ("C", BID, 100, 1, 77)))
    with pytest.raises(BookBroken, match="added twice"):
        opened().apply(event(1, ("A", BID, 100, 1, 1)))


def test_a_broken_book_is_found() -> None:
    book = opened()
    book.bids.levels[100].total += 1
    with pytest.raises(BookBroken, match="shows 6"):
        book.check()


def test_an_event_cut_short_is_refused() -> None:
    whole = opening()
    cut = event(1, ("T", ASK, 100, 1, 9), ("F", BID, 100, 1, 1))[:1]
    with pytest.raises(RecordingUnreadable, match="ends within an event"):
        list(group([*whole, *cut]))


def test_what_is_no_recording_is_refused(tmp_path) -> None:
    pytest.importorskip("databento_dbn")
    for name in ("x.dbn", "x.dbn.zst"):
        path = tmp_path / name
        path.write_bytes(b"no market data, but long enough to be read as a head of something" * 4)
        with pytest.raises(RecordingUnreadable):
            list(read_events(path))


def test_the_recorded_lines_are_whole_and_served_first_come_first(recorded_dir) -> None:
    pytest.importorskip("databento_dbn")
    (path,) = (recorded_dir / "l3").glob("*.mbo.dbn.zst")
    book = OrderBook()
    for place, each in enumerate(read_events(path)):
        book.apply(each)
        if place % 1_000 == 0:
            book.check()
    book.check()
    assert not book.crossed
    assert book.served_in_line > 1_000
    assert book.served_out_of_line == 0
