"""The simulated venue's true queues beside the study's truth: the same places, and fills at the same moments."""

import random
from collections import defaultdict
from typing import Any

import pytest

from connectors.sim import QueueModel, SimSettings, SimVenue
from core.book import apply_order
from core.events import OrderReport, ReportType
from core.market import Market
from core.orders import ApprovedSubmit, OrderIntent, OrderType, Side
from core.records import Kind
from research.history.mbo import mbo_records
from research.l3.book import OrderBook
from research.l3.continuous import begin_of
from research.l3.ghosts import Line, join
from research.l3.records import read_events
from tests.research.history.test_history_mbo import CENT, ES

SECOND = 1_000_000_000
LIFE_NS = 60 * SECOND
AT_ONCE = SimSettings(entry_latency_ns=0, response_latency_ns=0, queue_model=QueueModel.FIFO)


class Placed:
    """One order of one contract at a venue of its own, beside the hypothetical one of the study."""

    def __init__(self, ghost, market):
        self.ghost = ghost
        self.venue = SimVenue(AT_ONCE, "CME")
        self.venue.define(0, ES, market)
        self.filled_ns = 0
        side = Side.BUY if ghost.side > 0 else Side.SELL
        intent = OrderIntent(
            client_order_id="A",
            strategy_id="test",
            instrument=0,
            side=side,
            type=OrderType.LIMIT,
            quantity=1,
            price=ghost.price // CENT,
            post_only=True,
        )
        self.venue.submit(ApprovedSubmit(intent=intent, reference_price=1, limits_version=1), ghost.joined_ns)
        self.venue.advance(ghost.joined_ns)
        ((_, _, report),) = self.venue.poll(ghost.joined_ns)
        assert isinstance(report, OrderReport)
        assert report.type is ReportType.ACCEPTED

    def poll(self, now_ns):
        for due_ns, _, report in self.venue.poll(now_ns):
            assert isinstance(report, OrderReport)
            assert report.type is ReportType.FILLED
            self.filled_ns = due_ns

    @property
    def ahead(self):
        state: Any = self.venue.state()
        (_, (_, *sides)) = state[2][0]
        ((order,),) = [orders for orders, _ in sides if orders]
        return order[6]


def records_by_event(events, first):
    """Return the records that each event becomes."""
    at = [0]
    found = defaultdict(list)

    def watched():
        for at[0], event in enumerate(events):
            yield event

    for record in mbo_records(watched(), first, ES, 0, "orders"):
        found[at[0]].append(record)
    return found


def hold_both_beside(path, orders, seed):
    """Let orders join at random moments, up to 3 levels behind the touch; return (filled, never filled)."""
    events = list(read_events(path))
    first, total = begin_of(events)
    records = records_by_event(events, first)
    draw = random.Random(seed)
    last_ns = events[-1][-1].recv_ns - LIFE_NS
    places = [place for place in range(first, total) if events[place][-1].recv_ns < last_ns]
    joins: defaultdict[int, int] = defaultdict(int)
    for _ in range(orders):
        joins[draw.choice(places)] += 1
    truth, line, market = OrderBook(), Line(), Market(0, ES)
    alive: list[Any] = []
    done: list[Any] = []
    for place, event in enumerate(events):
        for record in records.get(place, ()):
            if record[0] == Kind.MBO:
                assert apply_order(market.book, record[1], record[5], record[6], record[8]) == 0
            if record[0] < Kind.INSTRUMENT:
                for each in alive:
                    each.venue.on_event(record)
        outcome = truth.apply(event)
        line.on_event(truth, outcome)
        for each in alive:
            each.poll(outcome.ns)
            assert each.filled_ns == each.ghost.filled_ns
            assert place % 16 or each.filled_ns or each.ahead == each.ghost.ahead
        for each in [each for each in alive if each.filled_ns or outcome.ns > each.ghost.until_ns]:
            alive.remove(each)
            line.remove(each.ghost)
            done.append(each)
        for _ in range(joins[place]):
            ghost = join(truth, draw.choice((1, -1)), draw.randrange(4), outcome.ns, LIFE_NS)
            if ghost is not None:
                line.add(ghost)
                alive.append(Placed(ghost, market))
    assert len(done) + len(alive) == orders
    filled = sum(bool(each.filled_ns) for each in done)
    return filled, len(done) - filled


def the_file(recorded_dir):
    pytest.importorskip("databento_dbn")
    (path,) = (recorded_dir / "l3").glob("*.mbo.dbn.zst")
    return path


@pytest.mark.slow
def test_orders_at_the_venue_stand_and_fill_as_the_true_line_says(recorded_dir):
    filled, others = hold_both_beside(the_file(recorded_dir), orders=200, seed=7)
    assert min(filled, others) > 40


@pytest.mark.slow
def test_thousands_of_orders_at_the_venue_stand_and_fill_as_the_true_line_says(recorded_dir):
    filled, others = hold_both_beside(the_file(recorded_dir), orders=5_000, seed=1)
    assert min(filled, others) > 1_000
