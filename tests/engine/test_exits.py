"""Positions are closed by their exits whatever their strategy does; it is told, waits, and all of it replays."""

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

import msgspec
import pytest

from core.clock import NEVER
from core.effects import Alert, Effect, ExitChanged
from core.events import CommandReceived, FeedState, InstrumentDefined, LifecycleState, ReportType, StateCarried
from core.instruments import AssetClass
from core.money import money
from core.orders import ApprovedCancel, ApprovedSubmit, OrderTerms, OrderType, Refusal, Side, TimeInForce
from core.records import Kind
from engine import StrategySpec, build_engine
from engine.coast import coast
from oms.fold import Fold
from oms.rules import AccountingRules
from oms.state import state_hash
from risk.exits.settings import StrategyExits
from strategies import Strategy
from tests.engine.scenario import BTC, LOT, SECOND, Stage, only


class Hand(Strategy):
    """Does what a test writes on its list at the next quote; notes what it hears of exits."""

    wishes: ClassVar[list[tuple[Side, int, int]]] = []
    heard: ClassVar[list[str]] = []

    def on_start(self):
        self.subscribe_quotes(self.markets[0])

    def on_quote(self, quote):
        for side, quantity, price in self.wishes:
            (self.buy if side is Side.BUY else self.sell)(self.markets[0], quantity, price)
        self.wishes.clear()

    def on_exit(self, change):
        self.heard.append(change.state)


class Once(Strategy):
    """Buys once."""

    def on_start(self):
        self.buy(self.markets[0], 2 * LOT)


def staged(kind: type[Strategy] = Hand, **exits: object) -> Stage:
    Hand.wishes.clear()
    Hand.heard.clear()
    spec = StrategySpec(
        id="hand",
        strategy=kind,
        params=kind.Params(),
        instruments=(BTC.id,),
        exits=msgspec.convert(exits, StrategyExits),
    )
    stage = Stage(spec, carried=True)
    stage.open()
    return stage


def ask(stage: Stage, side: Side, quantity: int, price: int = 0) -> Sequence[Effect]:
    Hand.wishes.append((side, quantity, price))
    market = stage.engine.markets[0]
    return stage.quote(market.bid_price, market.ask_price)


def held(stage: Stage, side: Side = Side.BUY, quantity: int = 2 * LOT, price: int = 100_00) -> Sequence[Effect]:
    """Let the strategy open a position at a price."""
    [order] = only(ask(stage, side, quantity), ApprovedSubmit)
    name = order.intent.client_order_id
    stage.report(ReportType.ACCEPTED, name, venue_order_id="v" + name)
    return stage.fill(name, quantity, price, "x" + name)


def filled(stage: Stage, effects: Sequence[Effect], quantity: int, price: int) -> Sequence[Effect]:
    """Fill the closing order that was sent."""
    [order] = only(effects, ApprovedSubmit)
    name = order.intent.client_order_id
    stage.report(ReportType.ACCEPTED, name, venue_order_id="v" + name)
    return stage.fill(name, quantity, price, "x" + name)


def codes(effects: Sequence[Effect]) -> list[str]:
    return [alert.code for alert in only(effects, Alert)]


def test_a_stop_closes_a_long_position_at_its_trigger_and_not_one_tick_before():
    stage = staged(stop_loss="2%")
    held(stage)
    assert not only(stage.quote(98_01, 98_03), ApprovedSubmit)
    effects = stage.quote(98_00, 98_02)
    [order], [change] = only(effects, ApprovedSubmit), only(effects, ExitChanged)
    intent = order.intent
    assert (intent.side, intent.quantity, intent.type) == (Side.SELL, 2 * LOT, OrderType.LIMIT)
    assert (intent.time_in_force, intent.reduce_only, intent.strategy_id) == (TimeInForce.IOC, True, "hand")
    assert intent.price == 97_02, "within one per cent of the middle"
    assert (change.state, change.reason, change.trigger) == ("closing", "stop loss", 98_00)
    assert codes(effects) == ["EXIT"]
    assert Hand.heard == ["closing"]


def test_a_stop_closes_a_short_position_when_the_ask_rises_to_it():
    stage = staged(stop_loss="2%")
    held(stage, Side.SELL)
    assert not only(stage.quote(101_97, 101_99), ApprovedSubmit)
    [order] = only(stage.quote(101_98, 102_00), ApprovedSubmit)
    assert (order.intent.side, order.intent.quantity) == (Side.BUY, 2 * LOT)


@pytest.mark.parametrize(("side", "before", "at"), [(Side.BUY, 103_99, 104_00), (Side.SELL, 96_01, 96_00)])
def test_a_profit_is_taken_at_a_distance_in_the_quote_currency(side, before, at):
    stage = staged(take_profit="4")
    held(stage, side)
    spread = -2 if side is Side.SELL else 2
    assert not only(stage.quote(*sorted((before, before + spread))), ApprovedSubmit)
    effects = stage.quote(*sorted((at, at + spread)))
    assert len(only(effects, ApprovedSubmit)) == 1
    assert only(effects, ExitChanged)[0].reason == "take profit"


def test_a_trailing_stop_follows_the_best_price_and_never_goes_back():
    stage = staged(trailing="1%")
    held(stage)
    trail = [change.trail for change in only(stage.quote(102_00, 102_02), ExitChanged)]
    assert trail == [100_98]
    assert not only(stage.quote(101_00, 101_02), ExitChanged)
    effects = stage.quote(100_98, 101_00)
    assert only(effects, ExitChanged)[0].reason == "trailing stop"
    assert only(effects, ApprovedSubmit)[0].intent.quantity == 2 * LOT


def test_a_position_is_closed_when_it_is_too_old():
    stage = staged(max_holding_s=10)
    held(stage)
    stage.time(9 * SECOND)
    stage.quote(99_99, 100_01)
    effects = stage.time(SECOND)
    assert only(effects, ExitChanged)[0].reason == "holding time"
    assert only(effects, ApprovedSubmit)


def test_the_average_price_of_more_bought_moves_the_stop():
    stage = staged(stop_loss="2%")
    held(stage)
    held(stage, quantity=2 * LOT, price=99_00)
    assert not only(stage.quote(97_52, 97_54), ApprovedSubmit), "99.50 less 1.99 is 97.51"
    assert only(stage.quote(97_51, 97_53), ApprovedSubmit)[0].intent.quantity == 4 * LOT


@pytest.mark.parametrize(
    ("reference", "pulls"),
    [
        ("last", lambda stage: stage.trade(98_00)),
        ("mid", lambda stage: stage.quote(97_99, 98_01)),
        ("mark", lambda stage: stage.step((Kind.MARK, 0, 0, stage.now_ns, 0, 98_00, 98_00, 0, 0, 0))),
    ],
)
def test_the_reference_that_was_chosen_pulls_the_trigger(reference, pulls):
    stage = staged(stop_loss="2%", reference=reference)
    held(stage)
    assert not only(stage.quote(98_00, 98_50), ApprovedSubmit), "the touch alone does not"
    assert only(pulls(stage), ApprovedSubmit)


def test_once_closed_the_strategy_waits_and_then_may_enter_again():
    stage = staged(stop_loss="2%", cool_down_s=5)
    held(stage)
    working = only(ask(stage, Side.BUY, LOT, 97_50), ApprovedSubmit)[0].intent.client_order_id
    stage.report(ReportType.ACCEPTED, working, venue_order_id="w")
    effects = stage.quote(98_00, 98_02)
    assert [each.client_order_id for each in only(effects, ApprovedCancel)] == [working]
    assert only(ask(stage, Side.BUY, LOT), Refusal)[0].code == "COOL_DOWN"
    stage.report(ReportType.CANCELLED, working)
    told = filled(stage, effects, 2 * LOT, 98_00)
    assert [change.state for change in only(told, ExitChanged)] == ["closed"]
    assert codes(told) == ["EXITED"]
    assert Hand.heard == ["closing", "closed"]
    assert only(ask(stage, Side.BUY, LOT), Refusal)[0].code == "COOL_DOWN"
    stage.time(5 * SECOND)
    assert only(ask(stage, Side.BUY, LOT), ApprovedSubmit)


def test_what_is_left_is_offered_again_each_second():
    stage = staged(stop_loss="2%")
    held(stage)
    first = only(stage.quote(98_00, 98_02), ApprovedSubmit)[0].intent.client_order_id
    assert not only(stage.time(SECOND), ApprovedSubmit), "the first is still out"
    stage.report(ReportType.ACCEPTED, first, venue_order_id="v")
    stage.fill(first, LOT, 98_00)
    stage.report(ReportType.EXPIRED, first)
    stage.quote(98_00, 98_02)
    [again] = only(stage.time(SECOND), ApprovedSubmit)
    assert again.intent.quantity == LOT


def test_a_stop_entry_lets_an_exit_pass_and_a_halt_makes_it_wait():
    stage = staged(stop_loss="2%")
    held(stage)
    command = CommandReceived(name="halt", strategy_id="", source="test", reason="news", scope="all", args={})
    stage.payload(Kind.COMMAND, command)
    effects = stage.quote(98_00, 98_02)
    assert only(effects, ExitChanged)[0].state == "closing"
    assert not only(effects, ApprovedSubmit)
    assert not only(effects, Refusal)
    stage.payload(Kind.COMMAND, msgspec.structs.replace(command, name="arm"))
    stage.payload(Kind.COMMAND, msgspec.structs.replace(command, name="stop-entry"))
    assert only(stage.time(SECOND), ApprovedSubmit)


def test_nothing_is_closed_by_a_market_that_cannot_be_trusted():
    stage = staged(stop_loss="2%")
    held(stage)
    stage.feed(FeedState.STALE, "quotes")
    assert not only(stage.quote(97_00, 97_02), ExitChanged)
    stage.feed(FeedState.FRESH, "quotes")
    assert only(stage.quote(97_00, 97_02), ExitChanged)


def test_a_strategy_that_is_paused_is_closed_all_the_same():
    stage = staged(stop_loss="2%")
    held(stage)
    stage.command("pause", "hand")
    assert only(stage.quote(98_00, 98_02), ApprovedSubmit)
    assert Hand.heard == []


def test_a_position_that_the_strategy_closes_itself_is_guarded_no_more_and_nobody_waits():
    stage = staged(stop_loss="2%")
    held(stage)
    told = held(stage, Side.SELL)
    assert [change.state for change in only(told, ExitChanged)] == ["gone"]
    assert not stage.engine.exits.watched[0]
    assert only(ask(stage, Side.BUY, LOT), ApprovedSubmit)


def closing(stage: Stage) -> Stage:
    held(stage)
    stage.quote(102_00, 102_02)
    stage.quote(100_98, 101_00)
    return stage


def test_exits_replay_to_the_same_digest_and_fold_to_the_same_state():
    stage = staged(Once, trailing="1%")
    [order] = stage.engine.manager.open_orders()
    stage.report(ReportType.ACCEPTED, order.client_order_id, venue_order_id="v")
    stage.fill(order.client_order_id, 2 * LOT, 100_00)
    stage.quote(102_00, 102_02)
    stage.quote(100_98, 101_00)
    assert stage.engine.exits.guards.held["hand", 0, 0].reason == "trailing stop"
    again = build_engine(stage.settings)
    folded = build_engine(stage.settings)
    fold = Fold(folded.manager, folded.parts())
    for event in stage.fed:
        for effect in again.step(event):
            if isinstance(effect, ExitChanged):
                fold.record(Kind.EXIT, 0, event[3], effect)
    assert again.digest() == stage.engine.digest()
    assert folded.exits.guards.durable() == stage.engine.exits.guards.durable() != b""


def test_plain_events_in_runs_meet_the_guards_as_well():
    stage = staged(Once, trailing="1%")
    [order] = stage.engine.manager.open_orders()
    stage.report(ReportType.ACCEPTED, order.client_order_id, venue_order_id="v")
    stage.fill(order.client_order_id, 2 * LOT, 100_00)
    for bid in (100_50, 102_00, 101_50, 100_98, 100_00):
        stage.quote(bid, bid + 2)
    again = build_engine(stage.settings)
    events, told = iter(stage.fed), list[Effect]()
    while (found := coast(again, events, NEVER))[0] is not None:
        told += again.step(found[0]) if found[1] is None else found[1]
    assert [change.state for change in only(told, ExitChanged)] == ["guarded", "guarded", "guarded", "closing"]
    assert again.digest() == stage.engine.digest()


def restarted(stage: Stage, **exits: str) -> tuple[Stage, Sequence[Effect]]:
    """A session that goes on from where the stage stands, not READY yet."""
    state = stage.engine.durable_state()
    carried = StateCarried(session="before", seq=9, state=state, digest=state_hash(state))
    again = staged(Hand, **exits)
    again.engine = build_engine(dataclasses.replace(again.settings, epoch=2))
    again.now_ns = stage.now_ns
    again.payload(Kind.INSTRUMENT, InstrumentDefined(BTC), 0)
    told = again.payload(Kind.CARRIED, carried)
    again.feed(FeedState.CONNECTED)
    return again, told


def test_the_trailing_stop_stands_where_it_stood_after_a_restart():
    stage = staged(trailing="1%")
    held(stage)
    stage.quote(102_00, 102_02)
    again, _ = restarted(stage, trailing="1%")
    again.quote(101_00, 101_02)
    again.lifecycle(LifecycleState.READY)
    assert not only(again.quote(100_99, 101_01), ApprovedSubmit)
    assert only(again.quote(100_98, 101_00), ApprovedSubmit)


def test_what_was_being_closed_goes_on_after_a_restart_and_says_so():
    stage = closing(staged(trailing="1%"))
    order = stage.engine.manager.open_orders()[-1].client_order_id
    stage.report(ReportType.EXPIRED, order)
    again, told = restarted(stage, trailing="1%")
    assert "EXITING" in codes(told)
    again.quote(100_98, 101_00)
    again.lifecycle(LifecycleState.READY)
    assert only(again.time(SECOND), ApprovedSubmit)[0].intent.quantity == 2 * LOT


def test_guards_of_a_strategy_that_has_no_exits_any_more_are_let_go():
    stage = staged(trailing="1%")
    held(stage)
    state = stage.engine.durable_state()
    later = Stage(dataclasses.replace(stage.settings.strategies[0], exits=None), carried=True)
    later.payload(Kind.INSTRUMENT, InstrumentDefined(BTC), 0)
    later.payload(Kind.CARRIED, StateCarried(session="b", seq=1, state=state, digest=state_hash(state)))
    told = later.lifecycle(LifecycleState.READY)
    assert [change.state for change in only(told, ExitChanged)] == ["gone"]
    assert later.engine.exits.guards.durable() == b""


def test_a_stop_in_average_true_ranges_begins_once_the_range_is_known_and_stays_as_it_was_then():
    stage = staged(stop_loss="2 atr")
    figures = stage.engine.sizing.sizer.figures
    told = held(stage)
    assert "EXIT_WAITS" in codes(told)
    assert not only(stage.quote(90_00, 90_02), ExitChanged)
    stage.quote(99_99, 100_01)
    seen: list[Effect] = []
    for bar in range(16):  # each bar of a minute spans 0.50
        for price in (100_00, 100_50, 100_00):
            seen += stage.trade(price, after_ns=20 * SECOND)
            seen += stage.quote(price - 1, price + 1)
        assert bar >= 14 or figures.atr(0) is None
    assert figures.atr(0) == 50.0
    assert [change.atr for change in only(seen, ExitChanged)] == [50]
    assert not only(stage.quote(99_01, 99_03), ApprovedSubmit)
    assert only(stage.quote(99_00, 99_02), ExitChanged)[0].trigger == 99_00
    again = build_engine(stage.settings)
    assert again.sizing.sizer.figures.atr(0) is None


def test_of_spot_no_more_is_offered_than_a_fee_left_and_the_rest_is_dust():
    stage = staged(Once, stop_loss="2%")
    small = msgspec.structs.replace(BTC, min_notional=money("1"))
    stage.payload(Kind.INSTRUMENT, InstrumentDefined(small), 0)
    [order] = stage.engine.manager.open_orders()
    stage.report(ReportType.ACCEPTED, order.client_order_id, venue_order_id="v")
    fee = str(money("0.0000205"))
    bought = {"quantity": 2 * LOT, "price": 100_00, "exec_id": "e", "fee": fee, "fee_currency": "BTC"}
    stage.report(ReportType.FILLED, order.client_order_id, **bought)
    effects = stage.quote(98_00, 98_02)
    [closing_order] = only(effects, ApprovedSubmit)
    assert closing_order.intent.quantity == 2 * LOT - 3_000, "in whole lots of 1000"
    assert [each.state for each in only(filled(stage, effects, 2 * LOT - 3_000, 98_00), ExitChanged)] == ["closed"]


class Sides(Strategy):
    """Opens both sides of a position in hedge mode."""

    def on_start(self):
        self.buy(self.markets[0], 4 * LOT, 100_01, terms=OrderTerms(hedge=Side.BUY))
        self.sell(self.markets[0], 2 * LOT, 99_99, terms=OrderTerms(hedge=Side.SELL))


def test_in_hedge_mode_each_side_has_exits_of_its_own():
    stage = staged(Sides, stop_loss="2%")
    stage.settings = dataclasses.replace(stage.settings, accounting=AccountingRules(hedging=True))
    stage.engine = build_engine(stage.settings)
    perpetual = msgspec.structs.replace(BTC, asset_class=AssetClass.PERPETUAL)
    stage.payload(Kind.INSTRUMENT, InstrumentDefined(perpetual), 0)
    stage.feed(FeedState.CONNECTED)
    stage.quote(99_99, 100_01)
    opened = only(stage.lifecycle(LifecycleState.READY), ApprovedSubmit)
    for number, order in enumerate(opened):
        stage.report(ReportType.ACCEPTED, order.intent.client_order_id, venue_order_id=f"v{number}")
        stage.fill(order.intent.client_order_id, order.intent.quantity, 100_00, exec_id=f"e{number}")
    effects = stage.quote(98_00, 98_02)
    [first] = [each.intent for each in only(effects, ApprovedSubmit)]
    assert (first.side, first.quantity, first.terms and first.terms.hedge) == (Side.SELL, 4 * LOT, Side.BUY)
    assert [(each.hedge, each.state) for each in only(effects, ExitChanged)] == [(1, "closing")]
    stage.report(ReportType.ACCEPTED, first.client_order_id, venue_order_id="w")
    stage.fill(first.client_order_id, 4 * LOT, 98_00, exec_id="f")
    assert list(stage.engine.exits.guards.held) == [("hand", 0, -1)]
    [other] = [each.intent for each in only(stage.quote(102_00, 102_02), ApprovedSubmit)]
    assert (other.side, other.quantity, other.terms and other.terms.hedge) == (Side.BUY, 2 * LOT, Side.SELL)
