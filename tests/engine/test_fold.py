"""A journal folded without strategies and markets gives the books that the engine had, at every record."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.codec import KIND_OF, decode_payload, encode_payload
from core.events import AccountMoved, FeedState, LifecycleState, OrderReport, ReportType, StateCarried
from core.money import MONEY_UNIT
from core.records import NO_INSTRUMENT, Kind
from engine.errors import NotFirst
from oms.errors import BadState
from oms.fold import Fold
from oms.manager import OrderManager
from oms.state import state_hash
from strategies import Strategy
from tests.engine.scenario import LOT, SECOND, Stage


class Restless(Strategy):
    """Buys, sells and cancels by its own dice, on quotes, timers and answers."""

    def on_start(self):
        self.subscribe_quotes(self.markets[0])
        self.set_timer("wake", SECOND)

    def on_quote(self, quote):
        self.act(quote.bid_price)

    def on_timer(self, timer):
        self.set_timer("wake", SECOND)
        self.act(100_00)

    def on_fill(self, fill):
        self.act(fill.price)

    def act(self, price):
        market, dice = self.markets[0], self.rng.below(6)
        if dice < 2:
            self.buy(market, LOT, price)
        elif dice == 2:
            self.sell(market, LOT, price)
        elif dice == 3:
            self.cancel_all()


def after(seconds):
    return int(seconds * SECOND)


steps = st.one_of(
    st.just(("quote",)),
    st.tuples(
        st.just("report"),
        st.sampled_from(ReportType),
        st.integers(1, 6),
        st.integers(1, 3),
        st.sampled_from([0, 0.4, 1]),
    ),
    st.tuples(st.just("account"), st.integers(1, 3)),
    st.tuples(st.just("time"), st.sampled_from([0.3, 1.0])),
)


class Journal:
    """The payload records of a stage, as a journal keeps them: bytes."""

    def __init__(self, stage):
        self.stage = stage
        self.records = []

    def write(self, kind, index, now_ns, payload):
        self.records.append((kind, index, now_ns, encode_payload(payload)))

    def step(self, kind, payload=None, index=NO_INSTRUMENT):
        """One input and its effects; a timer that fell due comes first, as the pipeline has it."""
        stage = self.stage
        if payload is not None:
            if stage.now_ns >= stage.engine.next_due_ns:
                self.step(Kind.TIME)
            self.write(kind, index, stage.now_ns, payload)
            effects = stage.payload(kind, payload, index)
        else:
            effects = stage.step((kind, 0, index, stage.now_ns, 0, 0, 0, 0, 0, 0))
        for effect in effects:
            self.write(KIND_OF[type(effect)], NO_INSTRUMENT, stage.now_ns, effect)

    def keep_inputs(self):
        """Write down what the stage did on its own before."""
        for event in self.stage.fed:
            if isinstance(event[5], msgspec.Struct):
                self.write(event[0], event[2], event[3], event[5])


def carry_out(journal, what):
    stage = journal.stage
    if what[0] == "quote":
        for effect in stage.quote(99_99, 100_01):
            journal.write(KIND_OF[type(effect)], NO_INSTRUMENT, stage.now_ns, effect)
    elif what[0] == "time":
        stage.now_ns += after(what[1])
        journal.step(Kind.TIME)
    elif what[0] == "account":
        journal.step(Kind.ACCOUNT_MOVE, moved(what[1]), 0)
    else:
        _, type_, order, execution, wait = what
        stage.now_ns += after(wait)
        name = stage.engine._counter.id_of(order)
        fill: dict[str, Any] = {}
        if type_ is ReportType.FILLED:
            fill = {"quantity": LOT // 2, "price": 100_00, "exec_id": f"e{execution}"}
        journal.step(Kind.REPORT, OrderReport(type=type_, client_order_id=name, **fill), 0)


def moved(number):
    return AccountMoved(venue="BINANCE", move_id=f"m{number}", currency="USDT", amount="-7", reason="borrow")


def fold_of(records, parts=()):
    fold = Fold(OrderManager({"USDT": 100_000 * MONEY_UNIT}), parts)
    for kind, index, now_ns, payload in records:
        fold.record(kind, index, now_ns, decode_payload(kind, payload))
    return fold


def running(seed):
    stage = Stage(Restless, seed=seed)
    stage.open()
    journal = Journal(stage)
    journal.keep_inputs()
    return journal


@settings(max_examples=80)
@given(st.lists(steps, max_size=40), st.integers(1, 1000))
def test_folding_a_journal_gives_the_books_that_the_engine_had(script, seed):
    journal = running(seed)
    for what in script:
        carry_out(journal, what)
    fold = fold_of(journal.records)
    assert fold.manager.state() == journal.stage.engine.manager.state()
    assert fold.durable_state() == journal.stage.engine.durable_state()


def carried(state, digest=None):
    return StateCarried(session="s", seq=9, state=state, digest=digest or state_hash(state))


@settings(max_examples=40)
@given(st.lists(steps, max_size=30), st.lists(steps, max_size=30))
def test_a_session_goes_on_with_the_books_of_the_one_before_and_can_be_folded_itself(first, second):
    before = running(1)
    for what in first:
        carry_out(before, what)
    stage = Stage(Restless, seed=2)
    journal = Journal(stage)
    stage.payload(Kind.INSTRUMENT, before.stage.fed[0][5], 0)
    journal.keep_inputs()
    state = fold_of(before.records).durable_state()
    journal.step(Kind.CARRIED, carried(state))
    assert stage.engine.manager.state() == before.stage.engine.manager.state()
    stage.feed(FeedState.CONNECTED)
    journal.step(Kind.LIFECYCLE, decode_payload(Kind.LIFECYCLE, encode_payload(before.stage.fed[3][5])))
    for what in second:
        carry_out(journal, what)
    fold = fold_of(journal.records)
    assert fold.durable_state() == stage.engine.durable_state()


def test_a_strategy_sees_the_position_that_it_had_before_the_restart():
    before = running(1)
    for _ in range(20):
        carry_out(before, ("quote",))
    order = before.stage.engine.manager.open_orders()[0]
    before.stage.now_ns += 1
    before.stage.fill(order.client_order_id, order.quantity, order.price)
    stage = Stage(Restless)
    stage.payload(Kind.INSTRUMENT, before.stage.fed[0][5], 0)
    fresh = stage.engine.digest()
    stage.payload(Kind.CARRIED, carried(before.stage.engine.durable_state()))
    assert stage.engine.digest() != fresh
    stage.lifecycle(LifecycleState.READY)
    strategy = stage.engine.desk.actors[0].strategy
    assert strategy.position(strategy.markets[0]) == order.side * order.quantity


def test_a_state_comes_before_the_sessions_own_orders_and_matches_its_digest():
    journal = running(1)
    state = journal.stage.engine.durable_state()
    journal.step(Kind.ACCOUNT_MOVE, moved(1), 0)
    with pytest.raises(NotFirst):
        journal.stage.payload(Kind.CARRIED, carried(state))
    with pytest.raises(BadState, match="does not match its digest"):
        Stage().payload(Kind.CARRIED, carried(state, digest=b"x" * 32))


def test_the_fold_names_the_kinds_of_record_that_it_needs():
    fold = Fold(OrderManager({}))
    assert Kind.SUBMIT in fold.kinds
    assert Kind.QUOTE not in fold.kinds
