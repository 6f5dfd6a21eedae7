"""Hostile bytes: nothing raises, nothing vanishes, nothing wrong gets in."""

import functools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.binance.session import MarketSession
from connectors.binance.settings import Market
from core import records
from core.book import L2Book
from core.codec import decode_payload, encode_payload
from core.records import Event, Kind
from tests.connectors.binance.support import (
    MARKETS,
    RECORDED,
    SECOND,
    apply_book,
    depth,
    make_session,
    quote,
    recorded_lines,
    snapshot,
    trade,
)

NASTY = [
    b"\x00",
    b"\xff",
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b"-",
    b".",
    b"e",
    b"NaN",
    b"null",
    b"1e999",
    b"9" * 30,
    b",",
    b"\\u0000",
]


def accounted(session: MarketSession, frame: bytes, recv_ns: int = SECOND) -> list[Event]:
    """Receive a frame; assert that it became events, or was counted, and that every event can be journaled."""
    before = session.counters.ignored + session.counters.overlaps
    events = session.receive([frame], recv_ns)
    counted = session.counters.ignored + session.counters.overlaps - before
    assert counted or any(event[0] != Kind.FEED for event in events), frame
    for event in events:
        if event[0] < records.FIRST_PAYLOAD_INPUT:
            records.BODY.pack(*event)
        else:
            assert decode_payload(event[0], encode_payload(event[5])) == event[5]
        if event[0] == Kind.QUOTE:
            assert all(isinstance(number, int) and number > 0 for number in event[5:])
    return events


def sample_frames(market: Market) -> list[bytes]:
    spot = market is Market.SPOT
    return [
        quote(5, market),
        trade(5, market),
        depth(5, 6, None if spot else 4, [["1.00", "2"], ["1.01", "0"]], [["2.00", "1"]]),
        depth(5, 6, None if spot else 4, []),
        snapshot(5),
    ]


def mutate(frame: bytes, rng: random.Random) -> bytes:
    """Return a frame with a few bytes cut, doubled, exchanged or replaced by something nasty."""
    data = bytearray(frame)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(data) + 1)
        end = min(len(data), place + rng.randint(1, 12))
        match rng.randrange(5):
            case 0:
                del data[place:]
            case 1:
                del data[place:end]
            case 2:
                data[place:place] = data[place:end]
            case 3:
                data[place:end] = rng.choice(NASTY)
            case 4:
                data[place:place] = bytes([rng.randrange(256)])
    return bytes(data)


@given(frame=st.binary(max_size=300), market=st.sampled_from(MARKETS))
def test_arbitrary_bytes_are_accounted_for(frame, market):
    session = make_session(market)
    accounted(session, frame)
    session.receive_joining([frame], SECOND)
    session.on_snapshot(0, frame, SECOND)


@given(seed=st.integers(0, 10**9), market=st.sampled_from(MARKETS))
def test_mutated_frames_are_accounted_for(seed, market):
    rng = random.Random(seed)
    session = make_session(market)
    for _ in range(10):
        frame = mutate(rng.choice(sample_frames(market)), rng)
        accounted(session, frame)
        session.receive_joining([frame], SECOND)


@functools.cache
def a_minute(folder, name) -> list[bytes]:
    """Return the first frames of a recording, its snapshot among them."""
    return [frame for _, frame in list(recorded_lines(folder, name))[:1_500]]


@pytest.mark.parametrize(("name", "market", "symbol"), RECORDED, ids=[case[0] for case in RECORDED])
def test_a_recording_with_damaged_frames_never_gives_a_wrong_book(recorded_dir, name, market, symbol):
    rng = random.Random(7)
    session, book = make_session(market, (symbol,)), L2Book()
    damaged = 0
    for frame in a_minute(recorded_dir, name):
        if frame.startswith(b'{"lastUpdateId"'):
            events = session.on_snapshot(0, frame, SECOND)
        else:
            hit = rng.random() < 0.02
            damaged += hit
            events = accounted(session, mutate(frame, rng) if hit else frame)
        faults = apply_book(book, events)
        assert "gap" not in faults
    assert damaged > 10
    assert sum(session.counters.raw.values()) + session.counters.duplicates > 5
