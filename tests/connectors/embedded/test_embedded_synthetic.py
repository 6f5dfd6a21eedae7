"""The synthetic market: the same for a seed, consistent within itself, and lively."""

import hashlib
import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.embedded.market import Market, StreamKind
from connectors.embedded.synthetic import BestPrices, DepthUpdate, Execution, MarketEvent, SyntheticMarket
from connectors.embedded.synthetic_source import SyntheticSource, default_specs
from core.rng import Rng
from tests.connectors.embedded.world import LocalBook

START_NS = 1_700_000_000_000_000_000


def market(seed: int, kind: Market = Market.SPOT, index: int = 0) -> SyntheticMarket:
    return SyntheticMarket(default_specs(kind)[index], Rng(seed), START_NS)


def seconds(opened: SyntheticMarket, count: float) -> list[MarketEvent]:
    end_ns = START_NS + int(count * 1e9)
    return list(itertools.takewhile(lambda event: event.at_ns < end_ns, opened.events()))


def frames(source: SyntheticSource, count: int) -> list[tuple[int, int, bytes]]:
    return [(f.at_ns, f.stream, f.text) for f in itertools.islice(source.open(START_NS), count)]


@pytest.mark.parametrize("kind", Market)
def test_a_seed_gives_the_same_frames_and_another_seed_others(kind: Market) -> None:
    assert frames(SyntheticSource(7, kind), 3000) == frames(SyntheticSource(7, kind), 3000)
    assert frames(SyntheticSource(7, kind), 3000) != frames(SyntheticSource(8, kind), 3000)


def test_the_frames_of_a_seed_are_the_same_on_every_machine_and_python() -> None:
    text = b"".join(text for _, _, text in frames(SyntheticSource(7), 5000))

    assert hashlib.sha256(text).hexdigest()[:16] == "882417e2dfb7b4bd"


@settings(max_examples=12)
@given(st.integers(0, 2**32), st.sampled_from(list(Market)), st.integers(0, 1))
def test_the_book_is_never_crossed_never_thin_and_its_best_prices_are_the_tickers(
    seed: int, kind: Market, index: int
) -> None:
    opened = market(seed, kind, index)
    end_ns = START_NS + 3_000_000_000
    for event in itertools.takewhile(lambda event: event.at_ns < end_ns, opened.events()):
        book = opened.book
        assert book.bid_prices[-1] < book.ask_prices[0]
        assert book.bid_prices == sorted(book.bids)
        assert book.ask_prices == sorted(book.asks)
        assert min(len(book.bids), len(book.asks)) >= 20
        assert min([*book.bids.values(), *book.asks.values()]) > 0
        if isinstance(event, BestPrices):
            assert (event.bid, event.bid_quantity, event.ask, event.ask_quantity) == book.best()
            assert event.update_id == book.update_id


@pytest.mark.parametrize("seed", range(3))
def test_depth_updates_alone_rebuild_the_book_with_contiguous_ids(seed: int) -> None:
    opened = market(seed)
    bids, asks, last = dict(opened.book.bids), dict(opened.book.asks), opened.book.update_id
    for event in itertools.islice(opened.events(), 5000):
        if isinstance(event, DepthUpdate):
            assert (event.first_update_id, event.previous_update_id) == (last + 1, last)
            last = event.last_update_id
            for side, levels in ((bids, event.bids), (asks, event.asks)):
                side.update(levels)
            assert {p: q for p, q in bids.items() if q} == opened.book.bids
            assert {p: q for p, q in asks.items() if q} == opened.book.asks


def test_trades_take_what_was_offered_at_the_best_price() -> None:
    opened = market(5)
    best = opened.book.best()
    trades = 0
    for event in itertools.islice(opened.events(), 5000):
        if isinstance(event, Execution):
            trades += 1
            assert event.quantity > 0
            assert event.price <= best[0] if event.buyer_is_maker else event.price >= best[2]
        elif isinstance(event, BestPrices):
            best = (event.bid, event.bid_quantity, event.ask, event.ask_quantity)
    assert trades > 500


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("index", [0, 1])
def test_rates_are_realistic_and_averages_of_the_price_cross_within_seconds(seed: int, index: int) -> None:
    events = seconds(market(seed, index=index), 20)
    tickers = [event for event in events if isinstance(event, BestPrices)]
    fast = slow = float(tickers[0].bid)
    crossings, above = 0, False
    for event in tickers:
        fast += (event.bid - fast) * 2 / 21
        slow += (event.bid - slow) * 2 / 101
        crossings += above != (fast > slow)
        above = fast > slow

    assert 100 < len(events) / 20 < 450
    assert crossings >= 4
    assert all(1 <= event.ask - event.bid <= 6 for event in tickers)


@pytest.mark.parametrize("kind", Market)
def test_frames_are_written_as_the_market_writes_them(kind: Market) -> None:
    source = SyntheticSource(3, kind)
    seen: dict[StreamKind, Any] = {}
    for frame in itertools.islice(source.open(START_NS), 2000):
        seen.setdefault(source.catalogue.streams[frame.stream].kind, json.loads(frame.data))

    usdm = kind is Market.USDM
    assert ("pu" in seen[StreamKind.DEPTH], "T" in seen[StreamKind.DEPTH]) == (usdm, usdm)
    assert ("e" in seen[StreamKind.TICKER]) is usdm
    assert ("M" in seen[StreamKind.TRADE]) is not usdm
    assert len(seen[StreamKind.TRADE]["q"].partition(".")[2]) == (3 if usdm else 8)


@pytest.mark.parametrize("kind", Market)
def test_the_opening_snapshot_and_the_depth_frames_make_the_documented_book(kind: Market) -> None:
    source = SyntheticSource(9, kind)
    (opening,) = source.snapshots(kind, "ETHUSDT")
    book = LocalBook()
    book.load(json.loads(opening))
    for frame in itertools.islice(source.open(START_NS), 5000):
        if source.catalogue.streams[frame.stream].name == "ethusdt@depth@100ms":
            assert book.apply(json.loads(frame.data))
    (bid, _), (ask, _) = (side[0] for side in book.top(1))
    assert float(bid) < float(ask)
