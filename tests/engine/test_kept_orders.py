"""Orders that tickerd keeps, in the engine: what is sent when, and what strategies are told."""

from typing import Any

import msgspec
import pytest

from core.effects import Alert, Effect, OrderUpdated
from core.events import InstrumentDefined, LifecycleState, ReportType
from core.instruments import AssetClass
from core.orders import (
    ApprovedCancel,
    ApprovedGroup,
    ApprovedSubmit,
    Contingency,
    OrderState,
    OrderTerms,
    OrderType,
    Refusal,
    Side,
    TimeInForce,
    TriggerBy,
)
from core.records import Kind
from risk.limits import RiskLimits
from strategies import Strategy
from tests.engine.scenario import BTC, LOT, SECOND, Stage, only

HELD, SUBMITTED, CANCELLED = OrderState.HELD, OrderState.SUBMITTED, OrderState.CANCELLED
DAY = 86_400 * SECOND
BUY, SELL = Side.BUY, Side.SELL


class Desk(Strategy):
    """Does what a test hands it at its next quote."""

    plan: Any = None
    ids: Any  # what the plan returned

    def on_start(self):
        self.told: list[Any] = []
        self.subscribe_quotes(self.markets[0])

    def on_quote(self, quote):
        self.told.append("quote")
        if self.plan is not None:
            plan, self.plan = self.plan, None
            self.ids = plan(self, self.markets[0])

    def on_order(self, update):
        self.told.append((update.client_order_id, update.state))


class Play(Stage):
    def __init__(self, **settings):
        self.all: list[Effect] = []
        super().__init__(Desk, **settings)
        self.open()
        desk = self.engine.desk.actors[0].strategy
        assert isinstance(desk, Desk)
        self.desk = desk

    def ask(self, plan, bid=99_99, ask=100_01):
        """Let the strategy do something at a quote; return (ids, effects)."""
        self.desk.plan = plan
        effects = self.quote(bid, ask)
        return self.desk.ids, effects

    def state(self, name):
        return [each.state for each in self.all if isinstance(each, OrderUpdated) and each.client_order_id == name]

    def step(self, event):
        effects = super().step(event)
        self.all.extend(effects)
        return effects

    def hold(self, quantity=LOT):
        """Own something to protect."""
        name, _ = self.ask(lambda me, market: me.buy(market, quantity))
        self.report(ReportType.ACCEPTED, name, venue_order_id="v" + name)
        self.fill(name, quantity, 100_01, "own" + name)


def sent(effects):
    return [
        (submit.intent.client_order_id, submit.intent.side, submit.intent.type, submit.intent.quantity)
        for submit in only(effects, ApprovedSubmit)
    ]


def cancels(effects):
    return [cancel.client_order_id for cancel in only(effects, ApprovedCancel)]


def test_a_stop_is_held_until_a_trade_reaches_its_trigger_then_goes_out_under_its_own_name():
    play = Play()
    name, effects = play.ask(lambda me, market: me.stop(market, SELL, LOT, 99_50))
    assert [update.state for update in only(effects, OrderUpdated)] == [HELD]
    assert sent(effects) == []
    assert [each.client_order_id for each in play.desk.held_orders()] == [name]
    assert sent(play.trade(99_51)) == []
    assert sent(play.trade(99_50)) == [(name, SELL, OrderType.MARKET, LOT)]
    assert play.state(name) == [HELD, SUBMITTED]
    assert sent(play.trade(99_40)) == []


def test_a_kept_order_reserves_nothing_until_it_is_released():
    play = Play()
    play.ask(lambda me, market: me.stop(market, SELL, LOT, 99_50))
    assert play.engine.manager.exposure(0).open_sell_quantity == 0
    play.trade(99_50)
    assert play.engine.manager.exposure(0).open_sell_quantity == LOT


def test_triggers_are_pulled_before_the_strategy_hears_of_the_event():
    play = Play()
    name, _ = play.ask(lambda me, market: me.stop(market, SELL, LOT, 99_50, by=TriggerBy.TOUCH))
    play.desk.told.clear()
    play.quote(99_49, 99_52)
    assert play.desk.told == [(name, SUBMITTED), "quote"]


@pytest.mark.parametrize(
    ("by", "moves"),
    [
        (TriggerBy.LAST, lambda play: play.trade(100_50)),
        (TriggerBy.TOUCH, lambda play: play.quote(100_40, 100_50)),
        (TriggerBy.MID, lambda play: play.quote(100_45, 100_55)),
    ],
)
def test_the_trigger_reference_is_chosen(by, moves):
    play = Play()
    play.ask(lambda me, market: me.stop(market, BUY, LOT, 100_50, by=by))
    assert sent(play.quote(100_30, 100_49)) == []
    assert len(sent(moves(play))) == 1


def test_a_contract_is_triggered_by_its_mark_price():
    contract = msgspec.structs.replace(BTC, asset_class=AssetClass.PERPETUAL)
    play = Play()
    play.payload(Kind.INSTRUMENT, InstrumentDefined(contract), 0)
    untold, _ = play.ask(lambda me, market: me.stop(market, SELL, LOT, 99_50, by=TriggerBy.MARK))
    assert not play.engine.desk.keeper.held.knows(untold), "it would wait for ever"
    play.step((Kind.MARK, 0, 0, play.now_ns, 0, 99_90, 99_92, 100, 0, 0))
    before = play.engine.digest()
    play.ask(lambda me, market: me.stop(market, SELL, LOT, 99_50, by=TriggerBy.MARK))
    assert sent(play.step((Kind.MARK, 0, 0, play.now_ns, 0, 99_51, 99_52, 100, 0, 0))) == []
    assert len(sent(play.step((Kind.MARK, 0, 0, play.now_ns, 0, 99_50, 99_52, 100, 0, 0)))) == 1
    assert play.engine.digest() != before


def test_a_stop_limit_becomes_a_limit_order_and_a_touch_waits_on_the_other_side():
    play = Play()
    stop, _ = play.ask(lambda me, market: me.stop(market, BUY, LOT, 100_50, 100_60))
    touch, _ = play.ask(lambda me, market: me.touch(market, BUY, LOT, 99_50))
    assert sent(play.trade(100_50)) == [(stop, BUY, OrderType.LIMIT, LOT)]
    assert sent(play.trade(99_50)) == [(touch, BUY, OrderType.MARKET, LOT)]


def test_a_trigger_that_has_been_met_already_is_pulled_at_once():
    play = Play()
    name, effects = play.ask(lambda me, market: me.stop(market, SELL, LOT, 100_50, by=TriggerBy.TOUCH))
    assert sent(effects) == [(name, SELL, OrderType.MARKET, LOT)]


def test_a_trailing_stop_follows_the_market_and_never_goes_back():
    play = Play()
    name, _ = play.ask(lambda me, market: me.trail(market, SELL, LOT, distance=50))
    for price in (100_00, 100_70, 100_30):
        assert sent(play.trade(price)) == []
    assert play.desk.held_orders()[0].trigger == 100_20
    assert sent(play.trade(100_20)) == [(name, SELL, OrderType.MARKET, LOT)]


def test_a_trailing_stop_limit_waits_for_its_activation_and_lies_beyond_its_trigger():
    play = Play()
    play.ask(lambda me, market: me.trail(market, BUY, LOT, ppm=10_000, activation=99_00, limit_offset=10))
    play.trade(99_50)
    assert play.desk.held_orders()[0].trigger == 0
    play.trade(99_00)
    assert play.desk.held_orders()[0].trigger == 99_99
    [submit] = only(play.trade(99_99), ApprovedSubmit)
    assert (submit.intent.type, submit.intent.price) == (OrderType.LIMIT, 100_09)


def test_cancelling_a_kept_order_ends_it_at_once():
    play = Play()
    name, _ = play.ask(lambda me, market: me.stop(market, SELL, LOT, 99_50))
    _, effects = play.ask(lambda me, market: me.cancel(name))
    assert cancels(effects) == []
    assert play.state(name) == [HELD, CANCELLED]
    assert sent(play.trade(99_00)) == []
    assert play.engine.manager.held.orders == {}


@pytest.mark.parametrize("end", ["drain", "pause", "cancel-all"])
def test_kept_orders_end_with_their_strategy_and_at_the_operators_word(end):
    play = Play()
    name, _ = play.ask(lambda me, market: me.stop(market, SELL, LOT, 99_50))
    effects = play.lifecycle(LifecycleState.DRAINING) if end == "drain" else play.command(end, "Desk")
    assert [(each.client_order_id, each.state) for each in only(effects, OrderUpdated)] == [(name, CANCELLED)]


def test_nothing_is_released_while_the_market_cannot_be_trusted():
    play = Play()
    name, _ = play.ask(lambda me, market: me.stop(market, SELL, LOT, 99_50))
    play.trade(99_40, after_ns=6 * SECOND)
    assert play.state(name) == [HELD]
    assert sent(play.quote(99_39, 99_41)) == [(name, SELL, OrderType.MARKET, LOT)]


def test_a_release_that_the_gate_refuses_is_told_to_strategy_and_person():
    play = Play()
    name, _ = play.ask(lambda me, market: me.stop(market, SELL, LOT, 99_50, reduce_only=True))
    effects = play.trade(99_50)
    assert [refusal.code for refusal in only(effects, Refusal)] == ["REDUCE_ONLY"]
    assert play.state(name) == [HELD, OrderState.REJECTED]
    assert [alert.code for alert in only(effects, Alert)] == ["HELD_ORDER_REFUSED"]


def test_a_reduce_only_stop_is_cut_to_the_position():
    play = Play()
    play.hold(LOT)
    name, _ = play.ask(lambda me, market: me.stop(market, SELL, 3 * LOT, 99_50, reduce_only=True))
    assert sent(play.trade(99_50)) == [(name, SELL, OrderType.MARKET, LOT)]


def test_a_good_till_date_order_is_cancelled_at_its_time():
    play = Play()
    until = play.now_ns + 10 * SECOND
    name, effects = play.ask(
        lambda me, market: me.buy(market, LOT, 99_00, time_in_force=TimeInForce.GTD, terms=OrderTerms(expire_ns=until))
    )
    assert sent(effects) == [(name, BUY, OrderType.LIMIT, LOT)]
    play.report(ReportType.ACCEPTED, name, venue_order_id="v1")
    assert cancels(play.time(9 * SECOND)) == []
    assert cancels(play.time(1 * SECOND)) == [name]
    play.report(ReportType.CANCELLED, name)
    assert play.engine.manager.held.orders == {}


def test_a_day_order_that_is_held_expires_at_midnight_utc():
    play = Play()
    until = {"time_in_force": TimeInForce.DAY, "terms": OrderTerms(trigger_price=99_00)}
    play.ask(lambda me, market: me.submit(me.order(market, SELL, OrderType.STOP, LOT, **until)))
    [held] = play.desk.held_orders()
    assert play.engine.next_due_ns == DAY
    effects = play.time(DAY - play.now_ns)
    assert [each.state for each in only(effects, OrderUpdated)] == [OrderState.EXPIRED]
    assert held.ended


def test_an_iceberg_shows_one_slice_after_another_and_never_more_than_there_is():
    play = Play()
    terms = OrderTerms(display_quantity=2 * LOT)
    name, effects = play.ask(lambda me, market: me.buy(market, 5 * LOT, 99_90, terms=terms))
    shown = []
    for number in range(3):
        [submit] = only(effects, ApprovedSubmit)
        slice_name, quantity = submit.intent.client_order_id, submit.intent.quantity
        assert submit.intent.terms == OrderTerms(parent=name)
        shown.append(quantity)
        effects = play.fill(slice_name, quantity, 99_90, f"e{number}")
    assert shown == [2 * LOT, 2 * LOT, LOT]
    assert play.state(name) == [HELD, HELD, HELD, HELD, OrderState.FILLED]
    assert play.engine.manager.position(0).quantity == 5 * LOT


def test_an_iceberg_whose_slice_the_venue_ends_ends_with_it():
    play = Play()
    name, effects = play.ask(lambda me, market: me.buy(market, 4 * LOT, 99_90, terms=OrderTerms(display_quantity=LOT)))
    [(slice_name, *_)] = sent(effects)
    play.report(ReportType.REJECTED, slice_name, reason="no")
    assert play.state(name)[-1] is OrderState.REJECTED
    assert play.engine.manager.held.orders == {}


def test_of_an_oco_the_limit_works_and_its_fill_ends_the_stop():
    play = Play()
    play.hold()
    (limit, stop), effects = play.ask(lambda me, market: me.oco(market, SELL, LOT, limit=101_00, stop=99_50))
    assert sent(effects) == [(limit, SELL, OrderType.LIMIT, LOT)]
    assert play.state(stop) == [HELD]
    play.fill(limit, LOT // 2, 101_00, "f1")
    assert play.state(stop) == [HELD, CANCELLED]
    assert sent(play.trade(99_50)) == []


def test_when_the_stop_of_an_oco_is_pulled_the_limit_is_cancelled_first_and_its_fills_shrink_the_stop():
    play = Play()
    play.hold(2 * LOT)
    (limit, stop), _ = play.ask(lambda me, market: me.oco(market, SELL, 2 * LOT, limit=101_00, stop=99_50))
    play.report(ReportType.ACCEPTED, limit, venue_order_id="v1")
    effects = play.trade(99_50)
    assert (cancels(effects), sent(effects)) == ([limit], [])
    assert sent(play.fill(limit, LOT, 101_00, "late")) == []
    [(name, side, type_, quantity)] = sent(play.report(ReportType.CANCELLED, limit))
    assert (side, type_, quantity) == (SELL, OrderType.MARKET, LOT)
    play.fill(name, LOT, 99_49, "out")
    assert play.engine.manager.position(0).quantity == 0
    assert play.state(stop)[-1] is CANCELLED
    assert play.engine.manager.held.orders == {}


def test_a_refused_cancel_of_the_working_leg_is_asked_for_again():
    play = Play()
    play.hold()
    (limit, _stop), _ = play.ask(lambda me, market: me.oco(market, SELL, LOT, limit=101_00, stop=99_50))
    play.report(ReportType.ACCEPTED, limit, venue_order_id="v1")
    assert cancels(play.trade(99_50)) == [limit]
    assert cancels(play.report(ReportType.CANCEL_REJECTED, limit)) == []
    assert cancels(play.time(SECOND)) == [limit]


def test_a_bracket_enters_and_leaves_as_far_as_the_entry_fills():
    play = Play()
    (entry, profit, stop), effects = play.ask(
        lambda me, market: me.bracket(market, BUY, 4 * LOT, 99_90, profit=101_00, stop=99_00)
    )
    assert sent(effects) == [(entry, BUY, OrderType.LIMIT, 4 * LOT)]
    assert sent(play.trade(98_90)) == [], "a stop waits for its parent"
    play.quote(99_89, 99_91)
    [(first, _, type_, quantity)] = sent(play.fill(entry, LOT, 99_90, "f1"))
    assert (type_, quantity) == (OrderType.LIMIT, LOT)
    play.fill(first, LOT, 101_00, "p1")
    [(second, _, _, quantity)] = sent(play.fill(entry, 3 * LOT, 99_90, "f2"))
    assert quantity == 3 * LOT
    play.report(ReportType.ACCEPTED, second, venue_order_id="v2")
    assert cancels(play.trade(99_00)) == [second]
    [(out, _, type_, quantity)] = sent(play.report(ReportType.CANCELLED, second))
    assert (type_, quantity) == (OrderType.MARKET, 3 * LOT)
    play.fill(out, 3 * LOT, 99_00, "s1")
    assert play.engine.manager.position(0).quantity == 0
    assert play.state(profit)[-1] is CANCELLED
    assert play.state(stop)[-1] is CANCELLED
    assert play.engine.manager.held.orders == {}


def test_children_end_with_a_parent_that_filled_nothing():
    play = Play()
    (entry, profit, stop), _ = play.ask(
        lambda me, market: me.bracket(market, BUY, LOT, 99_90, profit=101_00, stop=99_00)
    )
    play.report(ReportType.REJECTED, entry, reason="no")
    assert play.state(profit) == play.state(stop) == [HELD, CANCELLED]
    assert play.engine.manager.held.orders == {}


def test_a_stop_may_be_hung_on_an_order_that_is_at_the_venue_already():
    play = Play()
    entry, _ = play.ask(lambda me, market: me.buy(market, 2 * LOT, 99_90))
    terms = OrderTerms(trigger_price=99_00, parent=entry)
    play.ask(lambda me, market: me.submit(me.order(market, SELL, OrderType.STOP, 2 * LOT, terms=terms)))
    play.fill(entry, LOT, 99_90, "f1")
    assert [quantity for *_, quantity in sent(play.trade(99_00))] == [LOT]


def test_orders_that_belong_together_are_refused_together():
    play = Play()
    _, effects = play.ask(lambda me, market: me.bracket(market, BUY, LOT, 99_90, profit=101_00, stop=0))
    assert [refusal.code for refusal in only(effects, Refusal)] == ["GROUP_REFUSED", "GROUP_REFUSED", "TRIGGER_PRICE"]
    assert sent(effects) == []


def test_cancelling_all_ends_what_is_held_and_what_is_out_of_it_once():
    play = Play()
    play.ask(lambda me, market: me.bracket(market, BUY, LOT, 99_90, profit=101_00, stop=99_00))
    entry = play.desk.ids[0]
    play.report(ReportType.ACCEPTED, entry, venue_order_id="v1")
    _, effects = play.ask(lambda me, market: me.cancel_all())
    assert cancels(effects) == [entry]
    assert only(effects, Alert) == []
    play.report(ReportType.CANCELLED, entry)
    assert play.engine.manager.held.orders == {}


def test_what_is_kept_survives_as_plain_values():
    play = Play()
    play.ask(lambda me, market: me.bracket(market, BUY, LOT, 99_90, profit=101_00, stop=99_00))
    play.ask(lambda me, market: me.trail(market, SELL, LOT, distance=50))
    held = play.engine.manager.held
    other = Play()
    other.engine.manager.held.restore(1, held.durable(), {0: 0})
    other.engine.desk.keeper.restored()
    assert other.engine.manager.held.state() == held.state()
    assert [each.client_order_id for each in other.engine.manager.held.watched[0]] == [
        each.client_order_id for each in play.engine.manager.held.watched[0]
    ]


def test_a_group_of_the_venues_own_is_sent_as_one_list():
    play = native("oco", "oto", "stop", "stop-limit")
    (limit, stop), effects = play.ask(lambda me, market: me.oco(market, SELL, LOT, limit=101_00, stop=99_50))
    [group] = only(effects, ApprovedGroup)
    assert (group.contingency, [each.intent.client_order_id for each in group.orders]) == (
        Contingency.OCO,
        [limit, stop],
    )
    assert play.engine.manager.open_count == 2
    assert play.engine.manager.held.orders == {}


def test_a_bracket_goes_to_the_venue_whole_only_where_the_strategy_asked_for_its_rule():
    play = native("oco", "oto", "stop")

    def bracket(me, market):
        return me.bracket(market, BUY, LOT, 99_90, profit=101_00, stop=99_00, contingency=rule)

    rule = Contingency.OCO
    _, effects = play.ask(bracket)
    assert [len(each.orders) for each in only(effects, ApprovedGroup)] == [3]
    rule = Contingency.OUO
    _, effects = play.ask(bracket)
    assert len(sent(effects)) == 1


def test_a_stop_goes_to_the_venue_that_has_it_unless_the_strategy_keeps_it():
    play = native("stop")
    name, effects = play.ask(lambda me, market: me.stop(market, SELL, LOT, 99_50))
    assert sent(effects) == [(name, SELL, OrderType.STOP, LOT)]
    play.ask(lambda me, market: me.stop(market, SELL, LOT, 99_50, by=TriggerBy.MID))
    keep = OrderTerms(trigger_price=99_50, keep=True)
    play.ask(lambda me, market: me.submit(me.order(market, SELL, OrderType.STOP, LOT, terms=keep)))
    assert len(play.desk.held_orders()) == 2


def test_a_native_stop_is_valued_and_collared_at_its_trigger():
    play = native("stop", "stop-limit")
    _, effects = play.ask(lambda me, market: me.stop(market, SELL, LOT, 50_00, 49_00))
    assert len(sent(effects)) == 1
    _, effects = play.ask(lambda me, market: me.stop(market, SELL, LOT, 50_00, 40_00))
    assert [refusal.code for refusal in only(effects, Refusal)] == ["PRICE_COLLAR"]


def native(*words):
    """A play on a venue that keeps some words itself."""
    play = Play(native_orders=True)
    play.payload(Kind.INSTRUMENT, InstrumentDefined(msgspec.structs.replace(BTC, native=words)), 0)
    return play


@pytest.mark.parametrize(
    ("side", "trigger", "price", "sends"), [(BUY, 100_50, 100_68, 100_60), (SELL, 99_50, 99_41, 99_50)]
)
def test_a_limit_off_a_tick_that_grew_while_it_was_held_goes_out_at_the_next_price_of_less_risk(
    side, trigger, price, sends
):
    play = Play()
    play.ask(lambda me, market: me.stop(market, side, LOT, trigger, price))
    play.payload(Kind.INSTRUMENT, InstrumentDefined(msgspec.structs.replace(BTC, tick=10)), 0)
    (submit,) = only(play.trade(trigger), ApprovedSubmit)
    assert submit.intent.price == sends


def test_a_held_stop_takes_another_trigger_and_quantity():
    play = Play()
    name, _ = play.ask(lambda me, market: me.stop(market, SELL, LOT, 99_50))
    play.ask(lambda me, market: me.replace(name, price=99_20, quantity=2 * LOT))
    assert sent(play.trade(99_50)) == []
    assert sent(play.trade(99_20)) == [(name, SELL, OrderType.MARKET, 2 * LOT)]


def test_a_change_that_cannot_be_is_refused_and_changes_nothing():
    play = Play()
    name, _ = play.ask(lambda me, market: me.stop(market, SELL, LOT, 99_50))
    trail, _ = play.ask(lambda me, market: me.trail(market, SELL, LOT, distance=100))
    _, effects = play.ask(lambda me, market: me.replace(name, quantity=7))
    assert [refusal.code for refusal in only(effects, Refusal)] == ["LOT_SIZE"]
    _, effects = play.ask(lambda me, market: me.replace(trail, price=99_00))
    assert [alert.code for alert in only(effects, Alert)] == ["REPLACE_NOT_SENT"]
    assert sent(play.trade(99_50)) == [(name, SELL, OrderType.MARKET, LOT)]


def test_an_iceberg_that_is_repriced_cancels_its_slice_and_shows_the_next_at_the_new_price():
    play = Play()
    terms = OrderTerms(display_quantity=LOT)
    name, effects = play.ask(lambda me, market: me.buy(market, 3 * LOT, 99_90, terms=terms))
    [(first, *_)] = sent(effects)
    play.report(ReportType.ACCEPTED, first, venue_order_id="v1")
    _, effects = play.ask(lambda me, market: me.replace(name, price=99_95))
    assert cancels(effects) == [first]
    [submit] = only(play.report(ReportType.CANCELLED, first), ApprovedSubmit)
    assert (submit.intent.price, submit.intent.quantity) == (99_95, LOT)


def test_a_released_order_is_replaced_at_the_venue_and_its_keeper_follows():
    play = Play()
    until = play.now_ns + 60 * SECOND
    terms = OrderTerms(expire_ns=until)
    name, _ = play.ask(lambda me, market: me.buy(market, 2 * LOT, 99_90, time_in_force=TimeInForce.GTD, terms=terms))
    play.report(ReportType.ACCEPTED, name, venue_order_id="v1")
    _, effects = play.ask(lambda me, market: me.replace(name, quantity=LOT))
    assert cancels(effects) == [name]
    [(revision, *_, quantity)] = sent(play.report(ReportType.CANCELLED, name))
    assert quantity == LOT
    play.report(ReportType.ACCEPTED, revision, venue_order_id="v2")
    play.fill(revision, LOT, 99_90)
    assert play.engine.manager.held.orders == {}
    assert play.engine.manager.position(0).quantity == LOT


def test_what_reconciliation_holds_back_waits_and_what_reduces_does_not():
    play = Play()
    play.hold()
    opening, _ = play.ask(lambda me, market: me.stop(market, SELL, LOT, 99_50))
    closing, _ = play.ask(lambda me, market: me.stop(market, SELL, LOT, 99_50, reduce_only=True))
    play.engine.gate.freezes.block("BINANCE", "the link was down")
    assert [name for name, *_ in sent(play.trade(99_40))] == [closing]
    play.engine.gate.freezes.unblock("BINANCE")
    assert [name for name, *_ in sent(play.trade(99_40))] == [opening]
    assert OrderState.REJECTED not in play.state(opening)


def test_stops_beyond_the_order_rate_go_out_when_it_allows():
    play = Play(limits=RiskLimits(max_orders_per_second=2, max_order_notional=1_000_000))
    for _ in range(3):
        play.ask(lambda me, market: me.stop(market, SELL, LOT, 99_50))
    assert len(sent(play.trade(99_40))) == 2
    assert sent(play.quote(99_39, 99_41)) == []
    assert len(sent(play.quote(99_39, 99_41, after_ns=SECOND))) == 1


def test_a_group_cannot_belong_to_two_parents():
    play = Play()

    def hang(me, market):
        rule: dict[str, Any] = {"group": "g", "contingency": Contingency.OCO}
        for _ in range(2):
            parent = me.buy(market, LOT, 99_00)
            me.submit(me.order(market, SELL, OrderType.LIMIT, LOT, 101_00, terms=OrderTerms(parent=parent, **rule)))

    _, effects = play.ask(hang)
    play.desk.ids = None
    assert [refusal.code for refusal in only(effects, Refusal)] == ["GROUP"]


def test_cancelling_what_is_being_replaced_drops_the_replacement():
    play = Play()
    until = OrderTerms(expire_ns=play.now_ns + 60 * SECOND)
    name, _ = play.ask(lambda me, market: me.buy(market, 2 * LOT, 99_90, time_in_force=TimeInForce.GTD, terms=until))
    play.report(ReportType.ACCEPTED, name, venue_order_id="v1")
    play.ask(lambda me, market: me.replace(name, quantity=LOT))
    play.ask(lambda me, market: me.cancel(name))
    effects = play.report(ReportType.CANCELLED, name)
    assert sent(effects) == []
    order = play.engine.manager.order(name)
    assert order is not None
    assert order.state is CANCELLED
    assert play.engine.manager.held.orders == {}
