"""Kept orders outlive the process: what the journal says of them is all that a restart needs."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from core.codec import KIND_OF
from core.effects import OrderUpdated
from core.events import (
    FeedChanged,
    FeedState,
    InstrumentDefined,
    LifecycleState,
    OrderReport,
    ReportType,
    StateCarried,
)
from core.orders import ApprovedSubmit, OrderState, OrderTerms, OrderType, Side, TimeInForce, TriggerBy
from core.records import Kind
from oms.state import state_hash
from tests.engine.scenario import BTC, LOT, SECOND, Stage, only
from tests.engine.test_fold import Journal, Restless, carry_out, fold_of, steps
from tests.engine.test_kept_orders import Desk, Play, cancels, sent

BUY, SELL = Side.BUY, Side.SELL


class Keeping(Restless):
    """Asks for orders of every kind by its own dice."""

    def act(self, price):
        market, dice = self.markets[0], self.rng.below(9)
        side = BUY if self.rng.below(2) else SELL
        if dice == 0:
            self.stop(market, side, LOT, price + 3 * side, by=TriggerBy.TOUCH)
        elif dice == 1:
            self.touch(market, side, LOT, price - 2 * side, price, by=TriggerBy.MID)
        elif dice == 2:
            self.trail(market, side, LOT, distance=4, by=TriggerBy.MID)
        elif dice == 3:
            self.bracket(
                market, side, 2 * LOT, price, profit=price + 5 * side, stop=price - 3 * side, by=TriggerBy.TOUCH
            )
        elif dice == 4:
            self.oco(market, side, LOT, limit=price - 5 * side, stop=price + 2 * side, by=TriggerBy.TOUCH)
        elif dice == 5:
            self.buy(market, 3 * LOT, price, terms=OrderTerms(display_quantity=LOT))
        elif dice == 6:
            self.cancel_all()


def quoted(journal, bid):
    stage = journal.stage
    for effect in stage.quote(bid, bid + 2):
        journal.write(KIND_OF[type(effect)], 0, stage.now_ns, effect)


@settings(max_examples=30)
@given(
    st.lists(st.one_of(steps, st.tuples(st.just("price"), st.integers(99_90, 100_10))), max_size=30),
    st.integers(1, 1000),
)
def test_a_fold_of_the_journal_has_the_kept_orders_of_the_engine_after_every_record(script, seed):
    stage = Stage(Keeping, seed=seed)
    stage.open()
    journal = Journal(stage)
    journal.keep_inputs()
    for what in script:
        if what[0] == "price":
            quoted(journal, what[1])
        else:
            carry_out(journal, what)
        if what[0] == "report":
            assert fold_of(journal.records).durable_state() == stage.engine.durable_state()
    assert fold_of(journal.records).durable_state() == stage.engine.durable_state()


def carried(state: bytes) -> Play:
    """A new session that goes on from `state`; READY is for the test to say."""
    play = Play.__new__(Play)
    play.all = []
    Stage.__init__(play, Desk)
    play.payload(Kind.INSTRUMENT, InstrumentDefined(msgspec.structs.replace(BTC, symbol="ETHUSDT")), 0)
    play.payload(Kind.INSTRUMENT, InstrumentDefined(BTC), 1)
    play.payload(Kind.CARRIED, StateCarried(session="before", seq=1, state=state, digest=state_hash(state)))
    play.payload(Kind.FEED, FeedChanged(venue="BINANCE", state=FeedState.CONNECTED), 1)
    return play


def quote(play, bid):
    play.now_ns += 1000
    play.update_id += 1
    return play.step((Kind.QUOTE, 0, 1, play.now_ns, 0, bid, LOT, bid + 2, LOT, play.update_id))


def trade(play, price):
    play.now_ns += 1000
    return play.step((Kind.TRADE, 0, 1, play.now_ns, 0, price, LOT, play.now_ns, 0, 0))


def test_a_stop_waits_through_a_restart_until_the_daemon_is_ready_and_the_market_pulls_it():
    before = Play()
    name, _ = before.ask(lambda me, market: me.stop(market, SELL, LOT, 99_50))
    play = carried(before.engine.durable_state())
    quote(play, 99_60)
    assert sent(trade(play, 99_40)) == [], "nothing is opened before READY"
    assert sent(play.lifecycle(LifecycleState.READY)) == [(name, SELL, OrderType.MARKET, LOT)]


def test_a_slice_that_was_sent_but_not_written_down_is_not_sent_again():
    before = Play()
    terms = OrderTerms(display_quantity=LOT)
    name, effects = before.ask(lambda me, market: me.buy(market, 2 * LOT, 99_90, terms=terms))
    [submit] = only(effects, ApprovedSubmit)
    held = before.engine.manager.held.orders[name]
    held.slices.clear()
    play = carried(before.engine.durable_state())
    quote(play, 99_98)
    assert sent(play.lifecycle(LifecycleState.READY)) == []
    kept = play.engine.manager.held.orders[name]
    assert [(part, each.open) for part, each in kept.slices.items()] == [(submit.intent.client_order_id, True)]


def test_what_ended_while_nobody_looked_is_noticed_when_it_is_told():
    before = Play()
    name, effects = before.ask(
        lambda me, market: me.buy(market, 2 * LOT, 99_90, terms=OrderTerms(display_quantity=LOT))
    )
    [(part, *_)] = sent(effects)
    play = carried(before.engine.durable_state())
    quote(play, 99_98)
    play.payload(Kind.REPORT, filled(part), 1)
    assert play.engine.manager.held.orders[name].filled == LOT
    assert [quantity for *_, quantity in sent(play.lifecycle(LifecycleState.READY))] == [LOT]


def filled(name):
    return OrderReport(
        type=ReportType.FILLED,
        client_order_id=name,
        quantity=LOT,
        price=99_90,
        exec_id="e1",
        fee="0",
        fee_currency="USDT",
    )


def test_an_end_time_that_passed_meanwhile_ends_the_order():
    before = Play()
    terms = OrderTerms(trigger_price=99_00, expire_ns=before.now_ns + 5 * SECOND)
    before.ask(
        lambda me, market: me.submit(
            me.order(market, SELL, OrderType.STOP, LOT, terms=terms, time_in_force=TimeInForce.GTD)
        )
    )
    play = carried(before.engine.durable_state())
    assert play.engine.next_due_ns == terms.expire_ns
    [update] = only(play.time(10 * SECOND), OrderUpdated)
    assert update.state is OrderState.EXPIRED


def test_a_stop_whose_market_went_blind_goes_out_when_it_can_be_seen_again():
    play = Play()
    play.hold()
    (limit, stop), _ = play.ask(lambda me, market: me.oco(market, SELL, LOT, limit=101_00, stop=99_50))
    play.report(ReportType.ACCEPTED, limit, venue_order_id="v1")
    assert cancels(play.trade(99_50)) == [limit]
    play.feed(FeedState.DISCONNECTED)
    assert sent(play.report(ReportType.CANCELLED, limit)) == []
    play.feed(FeedState.CONNECTED)
    assert sent(play.quote(99_40, 99_42)) == [(stop, SELL, OrderType.MARKET, LOT)]
    assert OrderState.REJECTED not in play.state(stop)
