"""Real recorded frames through the session: every number exact, the book equal to one rebuilt independently."""

import json
from typing import Any

import pytest

from connectors.binance.settings import Market
from core.book import BookState, L2Book
from core.records import ASK, EMPTY, FIRST, LAST, PENDING, REAPPLIED, SNAPSHOT, Event, Kind
from tests.connectors.binance.support import (
    RECORDED,
    PlainBook,
    apply_book,
    is_fresh,
    make_session,
    recorded_lines,
    states,
    units,
)

# One recording here, the others by `make soak`.
each_recording = pytest.mark.parametrize(
    ("name", "market", "symbol"),
    [pytest.param(*case, id=case[0], marks=[pytest.mark.slow] * (case[0] != "spot-btcusdt")) for case in RECORDED],
)


def expected_numbers(data: dict[str, Any], market: Market) -> list[tuple[object, ...]]:
    """Return what a frame says: prices in 0.01, quantities in 10^-8, ids, times in ms."""
    if data.get("e") == "trade":
        return [(units(data["p"], 2), units(data["q"], 8), data["t"], data["T"], data["m"])]
    if data.get("e") == "depthUpdate":
        prev = data["U"] - 1 if market is Market.SPOT else data["pu"]
        return [
            (units(price, 2), units(quantity, 8), is_ask, data["U"], data["u"], prev, data["E"])
            for is_ask, levels in ((False, data["b"]), (True, data["a"]))
            for price, quantity in levels
        ]
    bid, ask = (units(data["b"], 2), units(data["B"], 8)), (units(data["a"], 2), units(data["A"], 8))
    return [(*bid, *ask, data["u"], data.get("E", 0))]


def told_numbers(event: Event) -> tuple[object, ...]:
    """Return what an event says, in the same form."""
    venue_ms, remainder = divmod(event[4], 1_000_000)
    assert remainder == 0
    if event[0] == Kind.TRADE:
        return (*event[5:8], venue_ms, bool(event[1]))
    if event[0] == Kind.BOOK:
        return (*event[5:7], bool(event[1] & ASK), *event[7:], venue_ms)
    return (*event[5:], venue_ms)


@each_recording
def test_every_number_of_every_frame_comes_out_exactly(recorded_dir, name, market, symbol):
    session = make_session(market, (symbol,))
    frames = 0
    for recv_ns, frame in recorded_lines(recorded_dir, name):
        if frame.startswith(b'{"lastUpdateId"'):
            continue
        frames += 1
        events = [event for event in session.receive([frame], recv_ns) if not is_fresh(event)]
        assert [told_numbers(event) for event in events] == expected_numbers(json.loads(frame)["data"], market)
        assert all(event[2] == 0 and event[3] == recv_ns for event in events)
        assert events[0][1] & FIRST or events[0][0] != Kind.BOOK
        assert events[-1][1] & LAST or events[-1][0] != Kind.BOOK
    assert frames > 30_000
    counters = session.counters
    assert (counters.raw, counters.duplicates, counters.gaps, counters.ignored) == ({}, 0, 0, 0)


@each_recording
@pytest.mark.parametrize("delay", [0, 40, 400], ids=lambda delay: f"snapshot-{delay}-frames-late")
def test_the_book_equals_one_rebuilt_from_the_file(recorded_dir, name, market, symbol, delay):
    lines = list(recorded_lines(recorded_dir, name))
    body = next(frame for _, frame in lines if frame.startswith(b'{"lastUpdateId"'))
    depth = [(ns, frame) for ns, frame in lines if b"@depth" in frame[:45]]
    at = next(
        place
        for place, (_, frame) in enumerate(depth)
        if json.loads(frame)["data"]["u"] >= json.loads(body)["lastUpdateId"]
    )
    session, book, plain = make_session(market, (symbol,)), L2Book(), PlainBook(body)
    events: list[Event] = []
    for place, (recv_ns, frame) in enumerate(depth):
        events += session.receive([frame], recv_ns)
        plain.apply(json.loads(frame)["data"])
        if place == at + delay:
            events += session.on_snapshot(0, body, recv_ns)
    assert apply_book(book, events) == []
    assert states(events)[-1] == "synced"
    assert session.counters.gaps == 0
    assert book.state == BookState.LIVE
    assert book.last_update_id == plain.last
    assert plain.equals(book)


@each_recording
def test_a_snapshot_ahead_of_the_stream_still_leads_to_the_right_book(recorded_dir, name, market, symbol):
    lines = list(recorded_lines(recorded_dir, name))
    body = next(frame for _, frame in lines if frame.startswith(b'{"lastUpdateId"'))
    depth = [frame for _, frame in lines if b"@depth" in frame[:45]]
    session, book, plain = make_session(market, (symbol,)), L2Book(), PlainBook(body)
    events = session.on_snapshot(0, body, 1)
    for frame in depth:
        events += session.receive([frame], 2)
        plain.apply(json.loads(frame)["data"])
    assert apply_book(book, events) == []
    assert book.state == BookState.LIVE
    assert plain.equals(book)
    levels = sum(len(json.loads(frame)["data"][side]) for frame in depth for side in "ab")
    told = [event for event in events if event[0] == Kind.BOOK and not event[1] & (SNAPSHOT | REAPPLIED | EMPTY)]
    assert len(told) == levels  # what the snapshot already held is recorded all the same
    assert any(event[1] & PENDING for event in told)
