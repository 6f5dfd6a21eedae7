"""The whole flow of matching, compiled beside plain: the same answers, orders, ladders, draws and volumes."""

import random
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

import msgspec
import numba
import numpy as np
import pytest

from connectors.sim import (
    FeeTier,
    ImpactModel,
    ImpactSettings,
    LatencyModel,
    LatencySettings,
    QueueModel,
    SimSettings,
    answers,
    bars,
    delays,
    draws,
    events,
    fees,
    impact,
    ladder,
    matcher,
    matching,
    place,
    queues,
    rules,
    taking,
    view,
)
from connectors.sim.bars import open_bar
from connectors.sim.events import on_market_event
from connectors.sim.listing import Listing, define, venue_numbers
from connectors.sim.matcher import advance, next_arrival
from connectors.sim.orders import Order, Request
from core import book, market
from core.book import apply_level
from core.hot import LENGTH
from core.market import MarketNumbers
from core.records import ASK, FIRST, LAST, SELL_AGGRESSOR, SNAPSHOT, Kind
from research.compiled.layout import fill, table_of
from research.compiled.registry import register
from research.compiled.tables import Answer, Ring
from tests.connectors.sim.world import PLAIN

pytestmark = pytest.mark.slow  # compiles for half a minute and more

register(
    book,
    market,
    matching,
    queues,
    view,
    draws,
    delays,
    ladder,
    fees,
    impact,
    answers,
    place,
    rules,
    taking,
    events,
    bars,
    matcher,
)

QUOTE, TRADE, BOOK = int(Kind.QUOTE), int(Kind.TRADE), int(Kind.BOOK)
SUBMIT, CANCEL, TIME, OPEN = 100, 101, 102, 103
ROWS, RING, ANSWERS, STEPS = 32, 16, 8_192, 240
OPENING = [(0, 100, 5), (0, 99, 7), (0, 97, 2), (ASK, 102, 4), (ASK, 103, 3), (ASK, 104, 6)]


@numba.njit
def play(steps, venue, listings, markets, orders, requests, out):
    """Drive the matching as a driver does; a step is kind, flags, time, venue time and five numbers."""
    for index in range(len(steps)):
        kind, flags, now_ns, venue_ns, a, b, c, d, e = steps[index]
        advance(venue[0], listings, markets, orders, requests, now_ns, out)
        seen = markets[0]
        if kind == OPEN:
            open_bar(venue[0], listings[0], orders, seen, now_ns, now_ns + e, a, b, c, out)
        elif kind >= SUBMIT and kind != TIME:
            request = requests[(venue[0].request_head + venue[0].request_count) % len(requests)]
            venue[0].request_count += 1
            request.arrival_ns = next_arrival(venue[0], now_ns)
            request.is_cancel = kind == CANCEL
            request.row = a
            request.instrument = 0
            request.sign = 1 if flags & 1 else -1
            request.is_market = (flags & 2) != 0
            request.post_only = (flags & 4) != 0
            request.reduce_only = (flags & 8) != 0
            request.time_in_force = b
            request.quantity = c
            request.price = d
        elif kind == QUOTE:
            seen.bid_price, seen.bid_quantity, seen.ask_price, seen.ask_quantity = a, b, c, d
            seen.update_id, seen.quote_ns, seen.venue_ns = e, now_ns, venue_ns
        elif kind == BOOK:
            apply_level(seen.book, flags, a, b, d, e)
        if kind <= BOOK and listings[0].active:
            on_market_event(venue[0], listings[0], orders, seen, kind, flags, now_ns, venue_ns, a, b, out)


class Sink(NamedTuple):
    """What takes the answers of compiled code: a ring and its rows."""

    ring: Any
    answers: Any


@numba.njit
def play_rows(steps, venue, listings, markets, orders, requests, ring, rows):
    """Drive the compiled form."""
    play(steps, venue, listings, markets, orders, requests, Sink(ring[0], rows))


def bars_of(seed):
    """Draw bars of 20 ns with pauses, and requests in between."""
    draw = random.Random(seed)
    steps = []
    for open_ns in range(100, 100 + 20 * 14, 20):
        price = draw.randint(95, 105)
        if draw.random() < 0.8:
            steps.append((OPEN, 0, open_ns, 0, price, price + draw.randint(0, 5), price - draw.randint(0, 5), 0, 20))
        for now_ns in sorted(draw.sample(range(open_ns, open_ns + 20), 5)):
            flags = draw.choice((0, 1)) | draw.choice((0, 0, 0, 0, 2, 4, 8))
            body = (draw.randrange(ROWS), draw.choice((0, 0, 0, 0, 1, 2)), draw.randint(1, 9), draw.randint(93, 107), 0)
            steps.append((draw.choice((SUBMIT, SUBMIT, CANCEL)), flags, now_ns, 0, *body))
    return [*steps, (TIME, 0, 10_000, 0, 0, 0, 0, 0, 0)]


def script_of(seed, with_quotes):
    """Draw steps around a book whose prices are near 100; rows are given out as orders end elsewhere: at random."""
    draw = random.Random(seed)
    steps, last = [], 1
    for number, (side, price, quantity) in enumerate(OPENING):
        place_in = (FIRST if number == 0 else 0) | (LAST if number == len(OPENING) - 1 else 0)
        steps.append((BOOK, side | place_in | SNAPSHOT, 1, 0, price, quantity, 1, 1, 1))
    for now_ns in range(2, STEPS, 2):
        kind = draw.choices((QUOTE, TRADE, BOOK, SUBMIT, CANCEL, TIME), (3 if with_quotes else 0, 3, 2, 5, 1, 1))[0]
        flags, venue_ns, row = 0, draw.choice((0, now_ns, 60)), draw.randrange(ROWS)
        body = (0, 0, 0, 0, 0)
        if kind == QUOTE:
            bid = draw.randint(96, 104)
            body = (bid, draw.randint(0, 9), bid + draw.randint(1, 3), draw.randint(1, 9), now_ns)
        elif kind == TRADE:
            flags, body = draw.choice((0, SELL_AGGRESSOR)), (draw.randint(95, 105), draw.randint(1, 9), 1, 0, 0)
        elif kind == BOOK:
            flags = FIRST | LAST | draw.choice((0, ASK))
            body = (draw.randint(95, 105), draw.randint(0, 9), last + 1, last + 1, last)
            last += 1
        elif kind == SUBMIT:
            flags = draw.choice((0, 1)) | draw.choice((0, 0, 0, 0, 2, 4, 8, 8))
            body = (row, draw.choice((0, 0, 0, 0, 1, 2)), draw.randint(1, 9), draw.randint(95, 106), 0)
        elif kind == CANCEL:
            body = (row, 0, 0, 0, 0)
        steps.append((kind, flags, now_ns, venue_ns, *body))
    return [*steps, (TIME, 0, STEPS + 10_000, 0, 0, 0, 0, 0, 0)]


PLAINLY = SimSettings(entry_latency_ns=3, response_latency_ns=2, print_lag_ns=10)
DRAWN = LatencySettings(model=LatencyModel.LOGNORMAL, least_ns=1, spread_ns=6)
RECORDED = LatencySettings(model=LatencyModel.RECORDED, recorded=((0, 3), (90, 30), (150, 1)))
UNIFORM = LatencySettings(model=LatencyModel.UNIFORM, least_ns=1, spread_ns=3)
TIERS = tuple(FeeTier(volume=n * 600, maker_fee_ppm=900 - 400 * n, taker_fee_ppm=1_000 - 77 * n) for n in range(3))
SQUARE_ROOT = ImpactSettings(model=ImpactModel.SQUARE_ROOT, daily_volumes={PLAIN.id: 50})
SETTINGS = {
    "default": PLAINLY,
    "power-queue": msgspec.structs.replace(PLAINLY, queue_model=QueueModel.POWER, queue_shape=3, refill_ns=20),
    "log-queue": msgspec.structs.replace(
        PLAINLY, queue_model=QueueModel.LOG, impact=ImpactSettings(model=ImpactModel.TICKS)
    ),
    "drawn": msgspec.structs.replace(
        PLAINLY, entry_latency=DRAWN, response_latency=UNIFORM, feed_latency=RECORDED, impact=SQUARE_ROOT
    ),
    "dear": msgspec.structs.replace(
        PLAINLY,
        fee_tiers=TIERS,
        bar_half_spread_ppm=9_000,
        bar_touch_fills=True,
        volume_before=500,
        minimum_fee="0.005",
        impact=ImpactSettings(model=ImpactModel.LINEAR_DEPTH),
    ),
}


def same(record, row):
    """Whether a record and a row hold the same numbers; a list is compared as far as it goes."""
    for each in fields(record):
        value, other = getattr(record, each.name), row[each.name]
        if is_dataclass(value):
            same(value, other)
        elif LENGTH in each.metadata:
            assert list(value) == other[: len(value)].tolist(), each.name
        else:
            assert value == other, each.name


def tables(settings):
    """Return venue, listings, markets, orders and requests of one instrument, all fresh."""
    listing = Listing()
    define(listing, settings, PLAIN)
    return [venue_numbers(settings)], [listing], [MarketNumbers()], [Order() for _ in range(ROWS)], requests_of(RING)


def requests_of(length):
    return [Request() for _ in range(length)]


def as_rows(records):
    rows = table_of(type(records[0]), len(records))
    for row, record in zip(rows, records, strict=True):
        fill(row, record)
    return rows


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("seen", ["quotes", "book", "bars"])
def test_compiled_and_plain_matching_give_the_same_answers_and_end_alike(name, seen):
    heard = 0
    for seed in range(12):
        steps = bars_of(seed) if seen == "bars" else script_of(seed, seen == "quotes")
        plain = tables(SETTINGS[name])
        said: list[tuple[int, ...]] = []
        play.py_func(steps, *plain, said)

        rows = [as_rows(table) for table in tables(SETTINGS[name])]
        ring, ring_rows = table_of(Ring, 1), table_of(Answer, ANSWERS)
        play_rows(np.array(steps, "i8"), *rows, ring, ring_rows)

        assert [tuple(int(n) for n in row) for row in ring_rows[: ring[0]["count"]]] == said
        for table, compiled in zip(plain, rows, strict=True):
            for record, row in zip(table, compiled, strict=True):
                same(record, row)
        heard += len(said)
    assert heard > 300
