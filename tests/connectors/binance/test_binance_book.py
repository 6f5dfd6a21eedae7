"""The documented book synchronisation: order of snapshot and deltas, gaps, repeats, retries, bounds."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.binance import book as book_rules
from connectors.binance.settings import Market
from connectors.stream.actions import FetchSnapshot
from core.book import BookState, L2Book
from core.records import FIRST, LAST, PENDING, REAPPLIED, SNAPSHOT, Event, Kind
from tests.connectors.binance.support import (
    MARKETS,
    SECOND,
    apply_book,
    depth,
    kinds,
    make_session,
    receive,
    snapshot,
    states,
)


def synced(market: Market = Market.SPOT):
    """Return a session whose book is in sync at update 10."""
    session = make_session(market)
    receive(session, depth(9, 10) if market is Market.SPOT else depth(9, 10, prev=8))
    session.on_snapshot(0, snapshot(10), SECOND)
    session.take_actions()
    return session


def fetches(session) -> list[int]:
    """Return the delays of the snapshots asked for since the last call."""
    return [action.delay_ns for action in session.take_actions() if isinstance(action, FetchSnapshot)]


def test_the_first_delta_asks_for_a_snapshot_once():
    session = make_session()
    assert fetches(session) == []
    receive(session, depth(1, 2))
    receive(session, depth(3, 4))
    assert fetches(session) == [0]


def test_a_market_without_deltas_asks_for_a_snapshot_too():
    session = make_session()
    session.on_time(4 * SECOND)
    assert fetches(session) == [0]


def test_deltas_before_the_snapshot_are_pending_and_those_after_it_come_again():
    session = make_session()
    early = receive(session, depth(1, 5)) + receive(session, depth(6, 8)) + receive(session, depth(9, 12))
    assert all(event[1] & PENDING for event in early)
    events = session.on_snapshot(0, snapshot(7), 2 * SECOND)
    assert [(event[1], event[7], event[8]) for event in events[:-1]] == [
        (SNAPSHOT | FIRST, 7, 7),
        (SNAPSHOT | LAST | 1, 7, 7),
        (REAPPLIED | FIRST | LAST, 6, 8),
        (REAPPLIED | FIRST | LAST, 9, 12),
    ]
    assert {event[3] for event in events} == {2 * SECOND}  # applied now, whenever they arrived
    assert states(events) == ["synced"]
    assert [event[1] for event in receive(session, depth(13, 14))] == [FIRST | LAST]


def test_a_snapshot_without_levels_is_one_empty_record():
    session = make_session()
    (event, _) = session.on_snapshot(0, snapshot(7, [], []), SECOND)
    assert event[5:] == (0, 0, 7, 7, 0)


@pytest.mark.parametrize("first", [8, 11], ids=["overlapping it", "directly after it"])
def test_spot_takes_a_first_delta_that_reaches_the_snapshot(first):
    session = make_session()
    session.on_snapshot(0, snapshot(10), SECOND)
    assert [event[1] for event in receive(session, depth(first, 12))] == [FIRST | LAST]


def test_usdm_takes_a_first_delta_around_the_snapshot_and_then_follows_pu():
    session = make_session(Market.USDM)
    session.on_snapshot(0, snapshot(100), SECOND)
    assert [event[1] for event in receive(session, depth(90, 110, prev=80))] == [FIRST | LAST]
    assert [event[1] for event in receive(session, depth(500, 510, prev=110))] == [FIRST | LAST]
    assert session.counters.gaps == 0


def test_usdm_notices_that_pu_is_not_the_last_update():
    session = synced(Market.USDM)
    events = receive(session, depth(500, 510, prev=400))
    assert states(events) == ["out-of-sync"]
    assert events[-1][1] & PENDING
    assert fetches(session) == [SECOND // 2]


def test_usdm_does_not_stitch_a_delta_that_began_before_the_last_one():
    session = synced(Market.USDM)
    receive(session, depth(11, 15, prev=10))
    assert states(receive(session, depth(12, 20, prev=12))) == ["out-of-sync"]


def test_a_gap_withholds_the_book_at_once_and_asks_for_a_snapshot():
    session = synced()
    events = receive(session, depth(12, 13))
    assert kinds(events) == ["FEED", "BOOK"]
    assert states(events) == ["out-of-sync"]
    assert events[1][1] & PENDING
    assert fetches(session) == [SECOND // 2]
    assert states(session.on_snapshot(0, snapshot(12), SECOND)) == ["synced"]
    assert session.counters.gaps == 1
    assert session.counters.resyncs == 2


def test_a_gap_after_a_long_time_in_sync_asks_without_delay():
    session = synced()
    receive(session, depth(12, 13), 60 * SECOND)
    assert fetches(session) == [0]


def test_a_gap_in_the_buffer_begins_the_buffer_again():
    session = make_session()
    receive(session, depth(1, 5))
    receive(session, depth(9, 10))
    assert session.on_snapshot(0, snapshot(6), SECOND) == []  # between 6 and 9 something is missing
    assert session.counters.stale_snapshots == 1
    events = session.on_snapshot(0, snapshot(9), SECOND)
    assert states(events) == ["synced"]
    assert [event[8] for event in events if event[1] & REAPPLIED] == [10]


def test_a_snapshot_older_than_the_stream_keeps_the_buffer_and_asks_again_ever_later():
    session = make_session()
    receive(session, depth(100, 110))
    assert fetches(session) == [0]
    delays = []
    for _ in range(8):
        assert session.on_snapshot(0, snapshot(50), SECOND) == []
        delays += fetches(session)
    assert delays == sorted(delays)
    assert delays[0] == SECOND // 2
    assert delays[-1] == 10 * SECOND
    receive(session, depth(111, 120))
    events = session.on_snapshot(0, snapshot(105), SECOND)
    assert [event[8] for event in events if event[1] & REAPPLIED] == [110, 120]


def test_a_repeated_delta_is_counted_and_kept_raw():
    session = synced()
    frame = depth(11, 12)
    assert kinds(receive(session, frame)) == ["BOOK"]
    (event,) = receive(session, frame)
    assert kinds([event]) == ["RAW"]
    assert event[5].reason == "duplicate depthUpdate 11..12"  # type: ignore[attr-defined]
    assert event[5].data == frame  # type: ignore[attr-defined]
    assert session.counters.duplicates == 1


def test_a_delta_repeated_while_pending_is_no_delta_either():
    session = make_session()
    receive(session, depth(1, 5))
    assert kinds(receive(session, depth(1, 5))) == ["RAW"]


def test_an_unreadable_delta_withholds_the_book():
    session = synced()
    events = receive(session, b'{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpd')
    assert kinds(events) == ["RAW", "FEED"]
    assert states(events) == ["out-of-sync"]
    assert fetches(session) == [SECOND // 2]


def test_the_core_may_ask_for_the_book_anew():
    session = synced()
    assert states(session.on_resync_needed(0, SECOND, "crossed")) == ["out-of-sync"]
    assert fetches(session) == [SECOND // 2]
    assert session.on_resync_needed(0, SECOND, "crossed") == []
    assert fetches(session) == []


@pytest.mark.parametrize(
    "body",
    [b"<html>busy</html>", b"", b'{"lastUpdateId":5,"bids":[["1","1"]', b'{"lastUpdateId":-1,"bids":[],"asks":[]}'],
)
def test_a_snapshot_that_does_not_read_is_kept_raw_and_asked_for_again(body):
    session = make_session()
    receive(session, depth(1, 5))
    fetches(session)
    (event,) = session.on_snapshot(0, body, SECOND)
    assert event[5].data == body  # type: ignore[attr-defined]
    assert fetches(session) == [SECOND // 2]


def test_a_refused_snapshot_is_asked_for_again_and_its_body_kept():
    session = make_session()
    receive(session, depth(1, 5))
    fetches(session)
    (event,) = session.on_snapshot_failed(0, SECOND, "HTTP 503", b"<html>")
    assert event[5].data == b"<html>"  # type: ignore[attr-defined]
    assert session.on_snapshot_failed(0, SECOND, "no answer") == []
    assert len(fetches(session)) == 2


def test_an_answer_that_never_came_is_asked_for_again():
    session = make_session()
    receive(session, depth(1, 5))
    fetches(session)
    session.on_time(300 * SECOND)
    assert fetches(session) == []
    session.on_time(700 * SECOND)
    assert len(fetches(session)) == 1


def test_a_snapshot_that_comes_while_in_sync_changes_nothing():
    session = synced()
    assert session.on_snapshot(0, snapshot(99), SECOND) == []
    assert [event[1] for event in receive(session, depth(11, 12))] == [FIRST | LAST]


def test_the_buffer_is_bounded(monkeypatch):
    monkeypatch.setattr(book_rules, "BUFFERED_MAX", 5)
    session = make_session()
    for number in range(1, 9):
        receive(session, depth(number, number))
    events = session.on_snapshot(0, snapshot(6), SECOND)
    assert [event[8] for event in events if event[1] & REAPPLIED] == [7, 8]


def test_a_lost_connection_withholds_the_book_and_the_next_one_builds_it_anew():
    session = synced()
    assert states(session.on_close(2 * SECOND, "cut")) == ["out-of-sync", "stale"]
    session.on_open(3 * SECOND)
    events = receive(session, depth(20, 21), 3 * SECOND)
    assert events[0][1] & PENDING
    assert fetches(session) == [0]
    assert session.on_snapshot(0, snapshot(10), 3 * SECOND) == []  # asked for before the cut
    assert states(session.on_snapshot(0, snapshot(20), 3 * SECOND)) == ["synced"]


def make_stream(rng: random.Random, market: Market, messages: int) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Return random depth messages, and the true bids after each (before the first: empty)."""
    truth: dict[str, str] = {}
    stream: list[dict[str, Any]] = []
    truths: list[dict[str, str]] = [{}]
    last = 100
    for _ in range(messages):
        first = last + 1 if market is Market.SPOT else last + rng.randint(1, 50)
        size = rng.randint(0, 3)
        levels = [[f"{rng.randint(90, 99)}.00", str(rng.randint(0, 3))] for _ in range(size)]
        levels = [list(pair) for pair in dict(levels).items()]
        message: dict[str, Any] = {"first": first, "last": first + rng.randint(0, 9), "bids": levels}
        message["prev"] = None if market is Market.SPOT else last
        last = message["last"]
        for price, quantity in levels:
            if quantity == "0":
                truth.pop(price, None)
            else:
                truth[price] = quantity
        stream.append(message)
        truths.append(dict(truth))
    return stream, truths


@given(seed=st.integers(0, 10**9), market=st.sampled_from(MARKETS))
def test_whatever_is_lost_repeated_or_late_a_book_in_sync_is_the_true_book(seed, market):
    rng = random.Random(seed)
    stream, truths = make_stream(rng, market, 40)
    session, book = make_session(market), L2Book()
    pending: list[tuple[int, bytes]] = []  # snapshots under way: when they arrive, what they say
    told = 0
    for place, message in enumerate(stream):
        fate = rng.random()
        frame = depth(message["first"], message["last"], message["prev"], message["bids"])
        arriving = [] if fate < 0.05 else [frame, frame] if fate < 0.1 else [frame]
        events: list[Event] = []
        for each in arriving:
            got = session.receive([each], SECOND)
            assert got, "a frame vanished"
            told += 1
            events += got
        for action in session.take_actions():
            assert isinstance(action, FetchSnapshot)
            taken = rng.randint(max(0, place - 2), place)  # the venue may answer from a replica that lags
            last = stream[taken]["last"]
            body = snapshot(last, [list(pair) for pair in truths[taken + 1].items()], [])
            pending.append((place + rng.randint(0, 5), body))
        for due, body in list(pending):
            if due <= place:
                pending.remove((due, body))
                events += session.on_snapshot(0, body, SECOND)
        assert apply_book(book, events) == [], "the core found what the session did not"
        if session._books[0].synced and book.last_update_id == message["last"]:
            assert book.state == BookState.LIVE
            scaled = {int(price[:2]) * 100: int(quantity) * 10**8 for price, quantity in truths[place + 1].items()}
            assert book.bids.as_dict() == scaled
    assert told or not stream
    assert not [event for event in session.receive([b""], SECOND) if event[0] == Kind.BOOK]
