"""The venue's own book: what GET depth answers before, at and after a recorded snapshot."""

import json
from typing import Any

from connectors.embedded.book import VenueBook
from connectors.embedded.market import Market
from tests.connectors.embedded.world import depth, snapshot

FIRST = snapshot(10, [["9.9", "1"], ["9.8", "2"]], [["10.1", "3"]])


def book(*snapshots: Any, market: Market = Market.SPOT) -> VenueBook:
    return VenueBook(market, tuple(json.dumps(answer).encode() for answer in snapshots))


def passes(venue: VenueBook, *updates: Any) -> None:
    for update in updates:
        if "lastUpdateId" in update:
            venue.on_snapshot(json.dumps(update).encode())
        else:
            venue.on_diff(json.dumps(update["data"]).encode())


def answer(venue: VenueBook, limit: int = 100) -> Any:
    found = venue.answer(limit)
    return snapshot(found.last_update_id, [list(level) for level in found.bids], [list(level) for level in found.asks])


def test_before_the_snapshot_it_is_the_answer_whatever_was_sent() -> None:
    venue = book(FIRST)
    passes(venue, depth(7, 8, [["9.9", "0"]]))

    assert answer(venue) == FIRST


def test_after_the_snapshot_the_book_follows_the_diffs_those_sent_before_included() -> None:
    venue = book(FIRST)
    passes(venue, depth(7, 9, [["9.9", "5"]]), depth(10, 12, [["9.8", "0"]]), FIRST, depth(13, 13, [["9.7", "4"]]))

    assert answer(venue) == snapshot(13, [["9.9", "1"], ["9.7", "4"]], [["10.1", "3"]])


def test_the_answer_holds_the_best_levels_up_to_the_limit() -> None:
    venue = book(FIRST)
    passes(venue, FIRST, depth(11, 11, [["10.0", "1"]], [["10.05", "1"]]))

    assert answer(venue, 1) == snapshot(11, [["10.0", "1"]], [["10.05", "1"]])


def test_without_a_snapshot_the_diffs_fill_the_book() -> None:
    venue = book()
    passes(venue, depth(1, 2, [["9", "1"]], [["11", "1"]]))

    assert answer(venue) == snapshot(2, [["9", "1"]], [["11", "1"]])


def test_after_a_gap_the_next_recorded_snapshot_speaks_for_the_book() -> None:
    second = snapshot(30, [["8", "1"]], [["12", "1"]])
    venue = book(FIRST, second)
    passes(venue, FIRST, depth(20, 21, [["9", "1"]]))

    assert answer(venue) == second


def test_a_second_snapshot_does_not_replace_a_book_in_sync() -> None:
    second = snapshot(11, [["9.9", "1"]], [["10.1", "3"]])
    venue = book(FIRST, second)
    passes(venue, FIRST, depth(11, 11, [["9.7", "4"]]), second)

    assert answer(venue) == snapshot(11, [["9.9", "1"], ["9.8", "2"], ["9.7", "4"]], [["10.1", "3"]])


def test_after_a_gap_with_no_snapshot_to_come_the_book_goes_on_with_what_there_is() -> None:
    venue = book(FIRST)
    passes(venue, FIRST, depth(20, 21, [["9.7", "4"]]))

    assert answer(venue)["lastUpdateId"] == 21


def test_duplicates_and_malformed_diffs_leave_the_book_alone() -> None:
    venue = book(FIRST)
    passes(venue, FIRST, depth(11, 11, [["9.7", "4"]]), depth(11, 11, [["9.7", "9"]]))
    venue.on_diff(b'{"e":"depthUpdate","U":12,"u":12,"b":[["9.')
    venue.on_diff(json.dumps(depth(12, 12, [["NaN", "1"], ["-1", "1"]])["data"]).encode())

    assert answer(venue) == snapshot(12, [["9.9", "1"], ["9.8", "2"], ["9.7", "4"]], [["10.1", "3"]])


def test_usdm_diffs_are_linked_by_pu_and_not_by_counting() -> None:
    second = snapshot(90, [["8", "1"]])
    venue = book(FIRST, second, market=Market.USDM)
    passes(venue, FIRST, depth(9, 12, [["9.7", "4"]], pu=6), depth(20, 25, [["9.6", "1"]], pu=12))
    assert answer(venue)["lastUpdateId"] == 25

    passes(venue, depth(40, 41, pu=39))
    assert answer(venue) == second
