"""Make before break: two connections deliver the same streams, and every update comes out once, in order."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.binance.settings import Market
from core.book import L2Book
from core.records import Event, Kind
from tests.connectors.binance.support import (
    MARKETS,
    SECOND,
    apply_book,
    depth,
    kinds,
    make_session,
    quote,
    snapshot,
    states,
    trade,
)


def streams(rng: random.Random, market: Market, count: int) -> list[bytes]:
    """Return frames of all three streams, interleaved as one connection would deliver them."""
    frames, trades, last = [], 0, 10
    for number in range(1, count + 1):
        match rng.randrange(3):
            case 0:
                frames.append(quote(number, market))
            case 1:
                trades += 1
                frames.append(trade(trades, market))
            case 2:
                first = last + 1 if market is Market.SPOT else last + rng.randint(1, 9)
                prev = None if market is Market.SPOT else last
                last = first + rng.randint(0, 3)
                frames.append(depth(first, last, prev))
    return frames


def told(events: list[Event]) -> list[tuple[object, ...]]:
    """Return what market data says, without times and flags."""
    return [(event[0], *event[5:]) for event in events if event[0] in {Kind.QUOTE, Kind.TRADE, Kind.BOOK}]


def alone(market: Market, frames: list[bytes]) -> list[tuple[object, ...]]:
    """Return what one connection tells that never ends."""
    session = make_session(market)
    session.on_snapshot(0, snapshot(10), SECOND)
    return told(session.receive(frames, SECOND))


@given(seed=st.integers(0, 10**9), market=st.sampled_from(MARKETS))
def test_nothing_is_lost_or_told_twice_however_two_connections_interleave(seed, market):
    rng = random.Random(seed)
    frames = streams(rng, market, rng.randint(5, 80))
    session, book = make_session(market), L2Book()
    events = session.on_snapshot(0, snapshot(10), SECOND)
    head = len(events)
    subscribed = rng.randrange(len(frames))  # the joining connection delivers everything from here on
    old, new, now, switched = 0, subscribed, 2 * SECOND, False
    session.on_joining_open(now)
    while new < len(frames) or (old < len(frames) and not switched):
        now += rng.randint(1, SECOND // 2)
        if old < subscribed and now > 4 * SECOND:  # what was under way then has arrived by now
            events += session.receive(frames[old:subscribed], now)
            old = subscribed
        if not switched and session.may_switch(now):
            session.on_switched(now)
            switched = True
        elif not switched and old < len(frames) and rng.random() < 0.5:
            events += session.receive([frames[old]], now)
            old += 1
        elif new < len(frames):
            receive = session.receive if switched else session.receive_joining
            events += receive([frames[new]], now)
            new += 1
    expected = alone(market, frames)
    for kind in (Kind.QUOTE, Kind.TRADE, Kind.BOOK):
        assert [each for each in told(events[head:]) if each[0] == kind] == [
            each for each in expected if each[0] == kind
        ]
    assert apply_book(book, events) == []
    assert session.counters.gaps == session.counters.duplicates == 0
    assert "RAW" not in kinds(events)


def test_the_old_connection_is_kept_until_it_delivered_what_the_new_one_began_with():
    session = make_session(channels=("trades",))
    session.receive([trade(1), trade(2)], SECOND)
    session.on_joining_open(2 * SECOND)
    assert session.receive_joining([trade(5)], 3 * SECOND) == []  # 3 and 4 are still with the old one
    assert not session.may_switch(20 * SECOND)
    assert kinds(session.receive([trade(3), trade(4), trade(5)], 20 * SECOND)) == ["TRADE"] * 3
    assert session.may_switch(20 * SECOND)
    assert kinds(session.receive_joining([trade(6)], 20 * SECOND)) == ["TRADE"]
    assert session.receive([trade(6)], 20 * SECOND) == []
    assert session.counters.overlaps == 2
    assert session.counters.duplicates == 0


def test_an_old_connection_that_lost_a_stream_does_not_hold_up_the_change_for_ever():
    session = make_session(channels=("trades",))
    session.receive([trade(1)], SECOND)
    session.on_joining_open(2 * SECOND)
    session.receive_joining([trade(5)], 3 * SECOND)
    assert not session.may_switch(50 * SECOND)
    assert session.may_switch(63 * SECOND)
    session.on_switched(63 * SECOND)
    assert states(session.receive([trade(6)], 63 * SECOND), "trades") == ["out-of-sync"]


def test_a_stream_silent_on_the_old_connection_is_taken_from_the_new_one_at_once():
    session = make_session(channels=("quotes",))
    session.receive([quote(1)], SECOND)
    assert states(session.on_time(20 * SECOND), "quotes") == ["stale"]
    session.on_joining_open(21 * SECOND)
    assert kinds(session.receive_joining([quote(9)], 22 * SECOND)) == ["FEED", "QUOTE"]


def test_changing_over_needs_time_for_what_is_under_way():
    session = make_session()
    session.on_joining_open(2 * SECOND)
    assert not session.may_switch(4 * SECOND)
    assert session.may_switch(6 * SECOND)
    session.on_joining_lost(7 * SECOND)
    assert not session.may_switch(100 * SECOND)


def test_repeats_are_forgiven_for_a_while_after_the_change_and_not_longer():
    session = make_session(channels=("trades",))
    session.receive([trade(1)], SECOND)
    session.on_joining_open(2 * SECOND)
    session.on_switched(6 * SECOND)
    assert session.receive([trade(1)], 7 * SECOND) == []
    session.on_time(17 * SECOND)
    assert kinds(session.receive([trade(1)], 17 * SECOND)) == ["RAW"]


@pytest.mark.parametrize("market", MARKETS)
def test_updates_cut_at_other_ids_by_the_new_connection_link_to_the_book(market):
    def cut(first: int, last: int, quantity: str) -> bytes:
        return depth(first, last, None if market is Market.SPOT else first - 1, [["100.00", quantity]])

    session, book = make_session(market, channels=("book",)), L2Book()
    events = session.on_snapshot(0, snapshot(10), SECOND)
    events += session.receive([cut(11, 20, "1")], SECOND)
    session.on_joining_open(2 * SECOND)
    events += session.receive_joining([cut(16, 25, "2")], 3 * SECOND)
    events += session.receive([cut(21, 30, "3")], 3 * SECOND)
    events += session.receive_joining([cut(26, 35, "4")], 3 * SECOND)
    assert apply_book(book, events) == []
    assert session.counters.gaps == 0
    assert book.bids[10_000] == 4 * 10**8
    assert book.last_update_id == 35
