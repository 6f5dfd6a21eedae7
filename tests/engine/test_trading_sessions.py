"""Instruments with a table of sessions, in the engine: what is sent when, what ends when, over restarts too."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.codec import KIND_OF, decode_payload, encode_payload
from core.effects import OrderUpdated
from core.events import FeedChanged, FeedState, InstrumentDefined, LifecycleState, ReportType, StateCarried
from core.orders import (
    ApprovedCancel,
    ApprovedReplace,
    ApprovedSubmit,
    OrderState,
    OrderTerms,
    OrderType,
    Refusal,
    Side,
    TimeInForce,
    TriggerBy,
)
from core.records import Kind
from core.sessions import SESSIONS_MAX, check_sessions, place_of, session_at
from oms.held.expiry import CLOSING_LEAD_NS, OPENING_WINDOW_NS
from oms.state import state_hash
from tests.engine.scenario import BTC, LOT, SECOND, Stage, only
from tests.engine.test_kept_orders import Desk

BUY, SELL = Side.BUY, Side.SELL
MINUTE, HOUR = 60 * SECOND, 3_600 * SECOND
IOC, GTC, DAY = TimeInForce.IOC, TimeInForce.GTC, TimeInForce.DAY
AT_OPEN, AT_CLOSE = TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE
TABLE = ((10 * HOUR, 16 * HOUR), (34 * HOUR, 40 * HOUR))
STOCK = msgspec.structs.replace(BTC, calendar="XNYS", sessions=TABLE)
EXPIRED, HELD = OrderState.EXPIRED, OrderState.HELD


class Floor(Stage):
    """A stage whose instrument has sessions and whose venue answers at once; it can die and start again."""

    def __init__(self, now_ns, sessions=TABLE, state=None, epoch=1):
        super().__init__(Desk, epoch=epoch)
        self.sessions = sessions
        self.all = []
        self.sent_ns = {}
        self.now_ns = now_ns
        self.payload(Kind.INSTRUMENT, InstrumentDefined(msgspec.structs.replace(STOCK, sessions=sessions)), 0)
        if state is not None:
            carried = StateCarried(session="before", seq=1, state=state, digest=state_hash(state))
            self.payload(Kind.CARRIED, carried)
        self.payload(Kind.FEED, FeedChanged(venue="BINANCE", state=FeedState.CONNECTED), 0)
        self.lifecycle(LifecycleState.READY)

    def restart(self, after_ns=0):
        """Die, and come back with what was journaled."""
        epoch = self.settings.epoch + 1
        return Floor(self.now_ns + after_ns, self.sessions, self.engine.durable_state(), epoch)

    def step(self, event):
        effects = super().step(event)
        self.all.extend(effects)
        for effect in effects:
            if isinstance(effect, ApprovedSubmit):
                self.sent_ns[effect.intent.client_order_id] = self.now_ns
                self.answer(ReportType.ACCEPTED, effect.intent.client_order_id, venue_order_id="v")
            elif isinstance(effect, ApprovedCancel):
                self.answer(ReportType.CANCELLED, effect.client_order_id)
        return effects

    def answer(self, type_, name, **fields):
        self.now_ns -= 1000  # what `report` adds
        self.report(type_, name, **fields)

    def at(self, now_ns, bid=99_99, ask=100_01):
        """Quote at a time."""
        return self.quote(bid, ask, after_ns=now_ns - self.now_ns)

    def tick(self, now_ns):
        """Tell the time alone."""
        return self.time(now_ns - self.now_ns)

    def ask(self, plan, now_ns):
        """Let the strategy do something at a quote; return (ids, effects)."""
        desk: Any = self.engine.desk.actors[0].strategy
        desk.plan = plan
        effects = self.at(now_ns)
        return desk.ids, effects

    def order(self, now_ns, until, type_=OrderType.MARKET, price=0, **words):
        def plan(me, market):
            intent = me.order(market, BUY, type_, LOT, price, time_in_force=until, **words)
            me.submit(intent)
            return intent.client_order_id

        return self.ask(plan, now_ns)

    def state(self, name):
        return [each.state for each in self.all if isinstance(each, OrderUpdated) and each.client_order_id == name]


def refusals(effects):
    return [each.code for each in only(effects, Refusal)]


def test_a_plain_order_is_refused_between_sessions_and_after_the_last():
    floor = Floor(9 * HOUR)
    _, effects = floor.order(10 * HOUR - 1, GTC, OrderType.LIMIT, 99_00)
    assert refusals(effects) == ["SESSION_CLOSED"]
    assert f"opens at {10 * HOUR}" in only(effects, Refusal)[0].message
    name, effects = floor.order(10 * HOUR, GTC, OrderType.LIMIT, 99_00)
    assert only(effects, ApprovedSubmit), "from the open on"
    _, effects = floor.ask(lambda me, market: me.replace(name, price=98_00), 16 * HOUR)
    assert refusals(effects) == ["SESSION_CLOSED"], "what is replaced, too"
    _, effects = floor.ask(lambda me, market: me.cancel(name), 17 * HOUR)
    assert only(effects, ApprovedCancel), "cancels always pass"
    _, effects = floor.order(40 * HOUR, IOC)
    assert "its table of sessions ends" in only(effects, Refusal)[0].message


def test_an_instrument_without_a_table_is_traded_always():
    floor = Floor(9 * HOUR, sessions=())
    assert only(floor.order(20 * HOUR, IOC)[1], ApprovedSubmit)


def test_a_day_order_ends_at_the_close_of_its_session():
    floor = Floor(9 * HOUR)
    name, effects = floor.order(11 * HOUR, DAY, OrderType.LIMIT, 99_00)
    assert only(effects, ApprovedSubmit)
    floor.tick(16 * HOUR - 1)
    assert OrderState.CANCELLED not in floor.state(name)
    floor.tick(16 * HOUR)
    assert floor.state(name)[-1] is OrderState.CANCELLED
    assert not floor.engine.manager.held.orders


def test_a_stop_asked_for_in_the_evening_waits_for_the_morning_and_ends_with_that_day():
    floor = Floor(17 * HOUR)
    stop = {"terms": OrderTerms(trigger_price=101_00, trigger_by=TriggerBy.TOUCH)}
    name, _ = floor.order(18 * HOUR, DAY, OrderType.STOP_LIMIT, 101_00, **stop)
    assert only(floor.at(20 * HOUR, 101_00, 101_01), ApprovedSubmit) == [], "pulled, but outside of sessions"
    assert only(floor.tick(34 * HOUR), ApprovedSubmit) == [], "the price of the evening says nothing"
    assert only(floor.at(34 * HOUR + 1, 101_00, 101_01), ApprovedSubmit)
    floor.tick(40 * HOUR)
    assert floor.state(name)[-1] is OrderState.CANCELLED


@pytest.mark.parametrize(("type_", "price", "becomes"), [(OrderType.MARKET, 0, IOC), (OrderType.LIMIT, 99_00, GTC)])
def test_an_order_for_the_open_goes_out_at_the_first_price_of_the_session(type_, price, becomes):
    floor = Floor(9 * HOUR)
    name, effects = floor.order(9 * HOUR + 1, AT_OPEN, type_, price)
    assert [each.state for each in only(effects, OrderUpdated)] == [HELD]
    assert only(floor.at(10 * HOUR - 1), ApprovedSubmit) == []
    assert only(floor.tick(10 * HOUR), ApprovedSubmit) == [], "the price of before the open"
    [submit] = only(floor.at(10 * HOUR + SECOND), ApprovedSubmit)
    assert (submit.intent.client_order_id, submit.intent.type, submit.intent.time_in_force) == (name, type_, becomes)
    floor.tick(10 * HOUR + OPENING_WINDOW_NS - 1)
    assert floor.state(name)[-1] is OrderState.ACCEPTED
    floor.tick(10 * HOUR + OPENING_WINDOW_NS)
    assert floor.state(name)[-1] is OrderState.CANCELLED, "what the opening left ends"


def test_an_order_for_the_open_ends_unsent_where_no_price_comes_in_the_window():
    floor = Floor(9 * HOUR)
    name, _ = floor.order(9 * HOUR + 1, AT_OPEN)
    floor.tick(10 * HOUR)
    floor.at(10 * HOUR + OPENING_WINDOW_NS)
    assert (floor.state(name), floor.sent_ns) == ([HELD, EXPIRED], {})


def test_an_order_for_the_open_of_a_short_session_ends_with_it():
    floor = Floor(9 * HOUR, sessions=((10 * HOUR, 10 * HOUR + MINUTE), (34 * HOUR, 40 * HOUR)))
    name, _ = floor.order(9 * HOUR + 1, AT_OPEN, OrderType.LIMIT, 99_00)
    floor.at(10 * HOUR + SECOND)
    floor.tick(10 * HOUR + MINUTE)
    assert floor.state(name)[-1] is OrderState.CANCELLED


def test_an_order_for_the_open_that_comes_during_a_session_is_for_the_next():
    floor = Floor(9 * HOUR)
    name, _ = floor.order(10 * HOUR + 1, AT_OPEN)
    floor.at(11 * HOUR)
    floor.at(34 * HOUR + 1)
    assert floor.sent_ns == {name: 34 * HOUR + 1}


def test_an_order_for_the_close_goes_out_a_minute_before_and_ends_with_it():
    floor = Floor(9 * HOUR)
    name, _ = floor.order(11 * HOUR, AT_CLOSE, OrderType.LIMIT, 99_00)
    floor.at(16 * HOUR - CLOSING_LEAD_NS - SECOND)
    assert floor.sent_ns == {}
    floor.tick(16 * HOUR - CLOSING_LEAD_NS)
    assert floor.sent_ns == {name: 16 * HOUR - CLOSING_LEAD_NS}, "the market is trusted: at that very time"
    floor.tick(16 * HOUR)
    assert floor.state(name)[-1] is OrderState.CANCELLED


def test_an_order_for_the_close_may_come_within_its_last_minute():
    floor = Floor(9 * HOUR)
    name, _ = floor.order(16 * HOUR - SECOND, AT_CLOSE)
    floor.tick(16 * HOUR - SECOND + 1)
    assert name in floor.sent_ns


@pytest.mark.parametrize("until", [DAY, AT_OPEN, AT_CLOSE])
def test_an_order_for_a_session_that_the_table_does_not_have_is_refused_saying_so(until):
    floor = Floor(9 * HOUR)
    _, effects = floor.order(40 * HOUR, until, OrderType.LIMIT, 99_00)
    assert refusals(effects) == ["SESSIONS_END"]
    assert f"ends at {40 * HOUR}" in only(effects, Refusal)[0].message


def test_an_order_for_the_open_is_refused_in_the_last_session():
    floor = Floor(9 * HOUR)
    assert refusals(floor.order(35 * HOUR, AT_OPEN)[1]) == ["SESSIONS_END"]


def test_an_auction_takes_whole_market_and_limit_orders_alone():
    floor = Floor(9 * HOUR)
    stop = {"terms": OrderTerms(trigger_price=101_00)}
    assert refusals(floor.order(11 * HOUR, AT_CLOSE, OrderType.STOP, **stop)[1]) == ["NO_AUCTION"]
    shown = {"terms": OrderTerms(display_quantity=1000)}
    assert refusals(floor.order(12 * HOUR, AT_OPEN, OrderType.LIMIT, 99_00, **shown)[1]) == ["NO_AUCTION"]


def test_an_order_that_waits_for_the_open_can_be_changed_and_cancelled():
    floor = Floor(9 * HOUR)
    name, _ = floor.order(34 * HOUR - 2, AT_OPEN, OrderType.LIMIT, 99_00)
    floor.ask(lambda me, market: me.replace(name, price=98_00), 34 * HOUR - 1)
    [submit] = only(floor.at(34 * HOUR + 1), ApprovedSubmit)
    assert submit.intent.price == 98_00
    other, _ = floor.order(34 * HOUR + 2, AT_CLOSE)
    floor.ask(lambda me, market: me.cancel(other), 35 * HOUR)
    floor.at(40 * HOUR - SECOND)
    assert floor.state(other) == [HELD, OrderState.CANCELLED]


def test_an_order_for_the_open_outlives_a_restart_and_goes_out_once():
    floor = Floor(9 * HOUR)
    name, _ = floor.order(9 * HOUR + 1, AT_OPEN, OrderType.LIMIT, 99_00)
    floor = floor.restart(after_ns=SECOND)
    assert floor.sent_ns == {}
    floor.at(10 * HOUR + 1)
    assert floor.sent_ns == {name: 10 * HOUR + 1}
    floor = floor.restart(after_ns=SECOND)
    floor.at(10 * HOUR + 2 * SECOND)
    assert floor.sent_ns == {}, "it is at the venue already"
    floor.tick(10 * HOUR + OPENING_WINDOW_NS)
    assert floor.state(name)[-1] is OrderState.CANCELLED


def test_an_order_that_was_sent_at_the_open_but_not_written_down_is_not_sent_again():
    floor = Floor(9 * HOUR)
    name, _ = floor.order(9 * HOUR + 1, AT_OPEN, OrderType.LIMIT, 99_00)
    waiting = floor.engine.manager.held.orders[name].saved
    floor.at(10 * HOUR + 1)
    kept = floor.engine.manager.held.orders[name]
    kept.slices.clear()
    kept.stage = type(kept.stage).EARLY
    assert kept.save() == waiting
    floor = floor.restart()
    floor.at(10 * HOUR + SECOND)
    assert floor.sent_ns == {}


def test_an_order_whose_open_passed_while_tickerd_was_away_ends():
    floor = Floor(9 * HOUR)
    name, _ = floor.order(9 * HOUR + 1, AT_OPEN)
    floor = floor.restart(after_ns=2 * HOUR)
    floor.at(11 * HOUR + SECOND)
    assert (floor.state(name), floor.sent_ns) == ([EXPIRED], {})


def test_a_table_is_journaled_with_its_instrument_and_an_older_journal_has_none():
    defined = InstrumentDefined(STOCK)
    assert decode_payload(Kind.INSTRUMENT, encode_payload(defined)) == defined
    assert b"sessions" not in encode_payload(InstrumentDefined(BTC))
    assert KIND_OF[InstrumentDefined] is Kind.INSTRUMENT


@pytest.mark.parametrize(
    "wrong",
    [
        ((5, 5),),
        ((5, 4),),
        ((1, 3), (2, 4)),
        ((1, 3), (3, 4)),
        ((-1, 4),),
        tuple((n, n + 1) for n in range(SESSIONS_MAX + 1)),
    ],
)
def test_a_table_that_is_none_is_refused(wrong):
    assert check_sessions(wrong)
    with pytest.raises(ValueError, match=r"BTCUSDT\.BINANCE"):
        msgspec.structs.replace(BTC, sessions=wrong)


spans = st.lists(st.tuples(st.integers(1, 20 * MINUTE), st.integers(1, 20 * MINUTE)), min_size=1, max_size=5)


@st.composite
def tables(draw):
    now_ns, table = HOUR, []
    for gap_ns, length_ns in draw(spans):
        table.append((now_ns + gap_ns, now_ns + gap_ns + length_ns))
        now_ns = table[-1][1]
    return tuple(table)


@given(tables(), st.integers(0, 5 * HOUR))
def test_a_time_is_in_the_one_session_that_spans_it(table, now_ns):
    assert check_sessions(table) == ""
    spanning = [span for span in table if span[0] <= now_ns < span[1]]
    assert [session_at(table, now_ns)] == (spanning or [None])
    assert place_of(table, now_ns) == sum(close_ns <= now_ns for _, close_ns in table)


asked = st.tuples(
    st.just("order"),
    st.sampled_from([GTC, IOC, DAY, AT_OPEN, AT_CLOSE]),
    st.sampled_from([(OrderType.MARKET, 0), (OrderType.LIMIT, 99_00), (OrderType.STOP, 0)]),
)
happening = st.one_of(
    asked,
    st.tuples(st.sampled_from(["quote", "quote", "time", "high", "restart"])),
    st.tuples(st.just("close")),
)


@settings(max_examples=60)
@given(tables(), st.lists(st.tuples(happening, st.integers(1, 8 * MINUTE)), max_size=25))
def test_nothing_is_sent_outside_a_session_nor_left_alive_after_its_own(table, script):
    floor = Floor(table[0][0] - MINUTE, table)
    wanted = {}
    for what, after_ns in script:
        now_ns = floor.now_ns + after_ns
        if what[0] == "close":  # the instants at which things change
            now_ns = min((t for span in table for t in span if t > floor.now_ns), default=now_ns)
        if what[0] == "order":
            until, (type_, price) = what[1:]
            terms = OrderTerms(trigger_price=101_00, trigger_by=TriggerBy.TOUCH) if type_ is OrderType.STOP else None
            name, _ = floor.order(now_ns, until, type_, price, terms=terms)
            wanted[name] = (until, now_ns)
        elif what[0] == "restart":
            check(floor, wanted)
            floor = floor.restart(after_ns)
        elif what[0] == "time":
            floor.tick(now_ns)
        else:
            floor.at(now_ns, *((101_00, 101_01) if what[0] == "high" else (99_99, 100_01)))
        for order in floor.engine.manager.held.orders.values():
            assert not order.expire_ns or order.expire_ns > floor.now_ns
    check(floor, wanted)


def check(floor, wanted):
    assert not any(isinstance(each, ApprovedReplace) for each in floor.all)
    assert "SESSION_CLOSED" not in {
        each.code for each in only(floor.all, Refusal) if wanted[each.intent.client_order_id][0] in (AT_OPEN, AT_CLOSE)
    }, "a kept order waits, it is not refused"
    for name, sent_ns in floor.sent_ns.items():
        session = session_at(floor.sessions, sent_ns)
        assert session is not None
        until, asked_ns = wanted[name]
        if until is AT_OPEN:
            assert asked_ns <= session[0] <= sent_ns < session[0] + OPENING_WINDOW_NS
        elif until is AT_CLOSE:
            assert asked_ns < session[1] <= sent_ns + CLOSING_LEAD_NS
        elif until is DAY:
            assert place_of(floor.sessions, asked_ns) == place_of(floor.sessions, sent_ns)
