"""An altered future is valid: the same records, no crossed quote or book, every level met by its delta."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from core.book import NO_FAULT, L2Book, apply_order
from core.events import InstrumentDefined
from core.records import ASK, FIRST, LAST, SELL_AGGRESSOR, SNAPSHOT, Event, Kind
from core.rng import Rng
from research.lookahead.altering import Alteration
from tests.research.backtest.made import SECOND_NS, START_NS, bars, instrument
from tests.research.lookahead.cheats import bids, walk

CUT_NS = START_NS + 20 * SECOND_NS
DEFINED: Event = (Kind.INSTRUMENT, 0, 0, START_NS, 0, InstrumentDefined(instrument("BTCUSDT")), 0, 0, 0, 0)


def altered(events: Sequence[Event], seed: int = 1, cut_ns: int = CUT_NS) -> list[Any]:
    prices = [event[5] for event in events if isinstance(event[5], int)]
    alteration = Alteration(seed, cut_ns, {0: (min(prices), max(prices))})
    alteration.take(DEFINED)
    return [alteration.take(event) for event in events]


def deltas(count: int) -> list[Any]:
    """A snapshot and deltas of a book that follows a wandering mid, never crossed."""
    rng, mid, last_id, events = Rng(9), 10_000, 1, list[Event]()
    book = {(0, mid - 1 - away): 50 for away in range(5)} | {(1, mid + 1 + away): 50 for away in range(5)}
    levels = [(side, price, quantity) for (side, price), quantity in book.items()]
    messages = [(START_NS, SNAPSHOT, levels)]
    for number in range(1, count):
        mid += rng.below(3) - 1
        gone = [key for key in book if key[1] >= mid if not key[0]] + [key for key in book if key[1] <= mid if key[0]]
        new = [(side, mid + (1 if side else -1) * (1 + rng.below(5))) for side in (0, 1)]
        changes = [(*key, 0) for key in gone] + [(*key, 1_000 * (1 + rng.below(9))) for key in new]
        for key in gone:
            del book[key]
        book.update(dict.fromkeys(new, 1))
        messages.append((START_NS + number * SECOND_NS // 10, 0, changes))
    for now_ns, flags, changes in messages:
        for place, (side, price, quantity) in enumerate(changes):
            marks = (FIRST if not place else 0) | (LAST if place == len(changes) - 1 else 0) | (ASK if side else 0)
            events.append((Kind.BOOK, flags | marks, 0, now_ns, 0, price, quantity, last_id, last_id, last_id - 1))
        last_id += 1
    return events


def test_what_comes_before_the_cut_stays_and_every_later_quote_moves_apart():
    events: list[Any] = walk(1_000)
    told = altered(events)

    assert [event for event in told if event[3] < CUT_NS] == [event for event in events if event[3] < CUT_NS]
    later = [(old, new) for old, new in zip(events, told, strict=True) if old[3] >= CUT_NS]
    assert all(old[:5] == new[:5] and old[9] == new[9] for old, new in later)
    assert all(new[5] <= old[5] < old[7] <= new[7] for old, new in later)
    assert all(new[6] > 0 and new[6] % 1_000 == 0 and new[8] > 0 for _, new in later)
    moves = {old[5] - new[5] for old, new in later}
    assert len(moves) > 30
    assert max(moves) > (max(bids(events)) - min(bids(events))) // 2


def test_a_seed_gives_one_future_and_another_seed_another():
    events = walk(400)

    assert altered(events) == altered(events)
    assert altered(events) != altered(events, seed=2)


def test_an_altered_book_stays_linked_uncrossed_and_keeps_as_many_levels():
    events = deltas(2_000)
    was, became = L2Book(), L2Book()

    touches = []
    for old, new in zip(events, altered(events), strict=True):
        assert old[:5] == new[:5]
        assert not was.apply(old[1], old[5], old[6], old[8], old[9])
        assert not became.apply(new[1], new[5], new[6], new[8], new[9])
        if old[1] & LAST:
            assert became.is_live
            assert became.best_bid <= was.best_bid < was.best_ask <= became.best_ask
            touches.append((was.best_bid - became.best_bid, became.best_ask - was.best_ask))
    assert was.last_update_id == became.last_update_id == 2_000
    assert 0 < became.bids.count <= was.bids.count
    assert 0 < became.asks.count <= was.asks.count
    assert touches[0] == (0, 0)
    assert len(set(touches)) > 50


def orders(count: int) -> list[Any]:
    """Orders that join around a wandering mid, shrink, and leave before it reaches them; never crossed."""
    rng, mid, events, alive = Rng(5), 10_000, list[Event](), list[list[int]]()

    def tell(now_ns: int, flags: int, side: int, price: int, change: int, rank: int) -> None:
        sequence = len(events) + 1
        events.append((Kind.MBO, flags | side, 0, now_ns, 0, price, change, 7, sequence, rank or sequence))

    for away in range(6):
        marks = SNAPSHOT | (FIRST if not away else 0) | (LAST if away == 5 else 0)
        side, price = away % 2, mid + (1 + away if away % 2 else -1 - away)
        tell(START_NS, marks, side, price, 5, 0)
        alive.append([side, price, 5, len(events)])
    for number in range(1, count):
        now_ns = START_NS + number * SECOND_NS // 10
        mid += rng.below(3) - 1
        for order in [each for each in alive if (each[1] >= mid if not each[0] else each[1] <= mid)]:
            tell(now_ns, FIRST | LAST, order[0], order[1], -order[2], order[3])
            alive.remove(order)
        side, away = rng.below(2), 1 + rng.below(5)
        tell(now_ns, FIRST | LAST, side, mid + (away if side else -away), 4, 0)
        alive.append([side, events[-1][5], 4, len(events)])  # type: ignore[list-item]
        shrinking = alive[rng.below(len(alive))]
        if shrinking[2] > 1:
            shrinking[2] -= 1
            tell(now_ns, FIRST | LAST, shrinking[0], shrinking[1], -1, shrinking[3])
    return events


def test_an_altered_book_by_order_stays_linked_and_uncrossed_and_every_order_leaves_where_it_joined():
    events = orders(2_000)
    was, became = L2Book(), L2Book()

    moved = 0
    for old, new in zip(events, altered(events), strict=True):
        assert old[:5] == new[:5]
        assert old[6:] == new[6:]
        assert apply_order(was, old[1], old[5], old[6], old[8]) == NO_FAULT
        assert apply_order(became, new[1], new[5], new[6], new[8]) == NO_FAULT
        if old[1] & LAST and was.bids.count and was.asks.count:
            assert became.best_bid <= was.best_bid < was.best_ask <= became.best_ask
            moved += became.best_bid < was.best_bid
        assert sum(was.bids.quantities) == sum(became.bids.quantities)
        assert sum(was.asks.quantities) == sum(became.asks.quantities)
        assert old == new or old[3] >= CUT_NS
    assert moved > 100


def test_trades_move_with_the_side_that_they_hit():
    events: list[Event] = [
        (Kind.TRADE, SELL_AGGRESSOR * (number % 2), 0, CUT_NS + number, 0, 50_000, 7_000, number, 0, 0)
        for number in range(200)
    ]
    told = altered(events)

    assert all(event[5] >= 50_000 for event in told[::2])
    assert all(event[5] <= 50_000 for event in told[1::2])
    assert len({event[5] for event in told}) > 10


def test_an_altered_bar_is_a_bar_and_keeps_an_open_that_was_known_before_the_cut():
    events: list[Any] = bars(bids(walk(50)))
    cut_ns = events[20][3] - 1  # inside the bar that closes as the twenty-first
    told = altered(events, cut_ns=cut_ns)

    assert told[:20] == events[:20]
    assert told[20][5] == events[20][5]
    assert told[20][8] != events[20][8]
    for event in told:
        opened, high, low, close, volume = event[5:]
        assert 0 < low <= min(opened, close) <= max(opened, close) <= high
        assert volume >= 0
    assert all(old[5] != new[5] for old, new in zip(events[22:], told[22:], strict=True))
    assert all(old[3] < new[3] for old, new in pairwise(told))


def test_a_bar_is_the_same_at_its_opening_as_at_its_close():
    events = bars(bids(walk(30)))
    alteration = Alteration(3, events[10][3], {0: (1, 10_000_000)})
    alteration.take(DEFINED)

    assert [alteration.bar(event) for event in events] == [alteration.take(event) for event in events]
