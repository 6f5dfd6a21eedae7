"""What an operator may ask of a running engine: kill, halt, stop entry, arm, cancel, flatten, pause, resume."""

import dataclasses
from typing import ClassVar

import msgspec
import pytest

from core.effects import Alert, FlattenChanged, LatchChanged, OrderFilled
from core.events import CommandReceived, FeedState, InstrumentDefined, LifecycleState, ReportType, StateCarried
from core.instruments import AssetClass
from core.orders import ApprovedCancel, ApprovedSubmit, OrderTerms, OrderType, Refusal, Side, TimeInForce
from core.records import Kind
from engine import build_engine
from oms.fold import Fold
from oms.rules import AccountingRules
from oms.state import restore_state, state_hash
from strategies import Strategy
from tests.engine.scenario import BTC, LOT, SECOND, Stage, only

SCOPES = ["all", "venue:BINANCE", "symbol:BTCUSDT.BINANCE", "strategy:Hand"]
ELSEWHERE = ["venue:KRAKEN", "symbol:ETHUSDT.BINANCE", "strategy:Hands"]
FAR = 97_00


class Hand(Strategy):
    """Does what a test writes on its list at the next quote."""

    wishes: ClassVar[list[tuple[Side, int, int]]] = []

    def on_start(self):
        self.subscribe_quotes(self.markets[0])
        self.starts = getattr(self, "starts", 0) + 1

    def on_quote(self, quote):
        for side, quantity, price in self.wishes:
            (self.buy if side is Side.BUY else self.sell)(self.markets[0], quantity, price)
        self.wishes.clear()


@pytest.fixture
def stage():
    Hand.wishes = []
    made = Stage(Hand)
    made.open()
    return made


def ask(stage, side, quantity, price):
    """Have the strategy ask for an order; what came of it."""
    Hand.wishes = [(side, quantity, price)]
    return stage.quote(99_99, 100_01)


def held(stage, quantity=LOT):
    """Let the strategy hold a position."""
    [order] = only(ask(stage, Side.BUY, quantity, 100_01), ApprovedSubmit)
    stage.report(ReportType.ACCEPTED, order.intent.client_order_id, venue_order_id="v0")
    stage.fill(order.intent.client_order_id, quantity, 100_01)


def resting(stage):
    """Let an order rest, and return its id."""
    [order] = only(ask(stage, Side.BUY, LOT, FAR), ApprovedSubmit)
    stage.report(ReportType.ACCEPTED, order.intent.client_order_id, venue_order_id="v1")
    return order.intent.client_order_id


def give(stage, name, scope="", reason="the market is mad", **args):
    """Give a command."""
    return stage.payload(
        Kind.COMMAND, CommandReceived(name=name, scope=scope, reason=reason, source="uid=1000", args=args)
    )


@pytest.mark.parametrize("scope", SCOPES)
def test_a_kill_cancels_what_works_there_and_lets_nothing_but_cancels_pass(stage, scope):
    held(stage)
    name = resting(stage)
    effects = give(stage, "kill", scope)
    [latch] = only(effects, LatchChanged)
    assert (latch.scope, latch.level, latch.source, latch.reason) == (scope, 3, "uid=1000", "the market is mad")
    assert [cancel.client_order_id for cancel in only(effects, ApprovedCancel)] == [name]
    assert effects.index(latch) < effects.index(only(effects, ApprovedCancel)[0]), "blocked first, then cancelled"
    for side in Side:
        [refusal] = only(ask(stage, side, LOT, FAR if side is Side.BUY else 100_01), Refusal)
        assert refusal.code == "KILLED"
        assert "the market is mad" in refusal.message


@pytest.mark.parametrize("scope", ELSEWHERE)
def test_a_name_that_is_not_here_is_refused_with_those_that_are(stage, scope):
    resting(stage)
    [alert] = give(stage, "kill", scope)
    assert alert.code == "COMMAND_REFUSED"
    known = {"venue": "BINANCE", "symbol": "BTCUSDT.BINANCE", "strategy": "Hand"}[scope.partition(":")[0]]
    assert f"known are {known}, or all" in alert.message
    assert only(ask(stage, Side.BUY, LOT, FAR), ApprovedSubmit)


def test_a_kill_of_one_strategy_concerns_no_other():
    class Other(Hand):
        pass

    Hand.wishes = []
    stage = Stage(Hand, Other)
    stage.open()
    give(stage, "kill", "strategy:Other")
    assert only(ask(stage, Side.BUY, LOT, FAR), ApprovedSubmit)


def test_stopping_entry_lets_pass_what_only_reduces_and_a_halt_does_not(stage):
    held(stage)
    give(stage, "stop-entry", "all")
    assert only(ask(stage, Side.BUY, LOT, FAR), Refusal)[0].code == "REDUCE_ONLY_LATCH"
    give(stage, "halt", "all")
    assert only(ask(stage, Side.BUY, LOT, FAR), Refusal)[0].code == "HALTED"


def test_a_milder_command_does_not_soften_a_stricter_latch(stage):
    give(stage, "kill", "all")
    assert not only(give(stage, "stop-entry", "all"), LatchChanged)
    assert only(ask(stage, Side.BUY, LOT, FAR), Refusal)[0].code == "KILLED"


def test_arming_needs_a_reason_and_that_nothing_is_left_working(stage):
    name = resting(stage)
    give(stage, "kill", "all")
    assert "reason" in only(give(stage, "arm", "all", reason=" "), Alert)[0].message
    assert "1 orders are not known to be over" in only(give(stage, "arm", "all"), Alert)[0].message
    assert only(ask(stage, Side.BUY, LOT, FAR), Refusal)
    stage.report(ReportType.CANCELLED, name, venue_order_id="v1")
    [latch] = only(give(stage, "arm", "all"), LatchChanged)
    assert latch.level == 0
    assert only(ask(stage, Side.BUY, LOT, FAR), ApprovedSubmit)
    assert "nothing is latched" in only(give(stage, "arm", "all"), Alert)[0].message


def test_a_latch_survives_a_restart_by_state_and_by_fold(stage):
    give(stage, "kill", "strategy:Hand")
    give(stage, "stop-entry", "all")
    give(stage, "arm", "all")
    give(stage, "halt", "venue:BINANCE")
    latches = stage.engine.gate.freezes.latches
    state = stage.engine.durable_state()
    again = build_engine(stage.settings)
    again.manager.define(0, stage.engine.markets[0].instrument)
    restore_state(state, again.manager, again.parts())
    assert again.gate.freezes.latches.state() == latches.state() != []
    folded = build_engine(stage.settings)
    fold = Fold(folded.manager, folded.parts())
    engine = build_engine(stage.settings)
    for event in stage.fed:
        for effect in engine.step(event):
            if isinstance(effect, LatchChanged):
                fold.record(Kind.LATCH, 0xFFFF, event[3], effect)
    assert folded.gate.freezes.latches.state() == latches.state()


def test_flattening_sells_what_is_held_within_the_collar_until_nothing_is_left_even_when_killed(stage):
    held(stage, 3 * LOT)
    give(stage, "kill", "all", flatten="yes", collar_ppm="5000")
    [order] = only(stage.time(1), ApprovedSubmit)
    intent = order.intent
    assert (intent.side, intent.quantity, intent.price) == (Side.SELL, 3 * LOT, 99_50)
    assert (intent.type, intent.time_in_force, intent.reduce_only) == (OrderType.LIMIT, TimeInForce.IOC, True)
    assert intent.strategy_id == "Hand", "it is that strategy's position"
    stage.report(ReportType.ACCEPTED, intent.client_order_id, venue_order_id="v2")
    stage.fill(intent.client_order_id, LOT, 99_60, exec_id="e2")
    assert not only(stage.time(SECOND), ApprovedSubmit), "one order at a time"
    stage.report(ReportType.EXPIRED, intent.client_order_id, venue_order_id="v2")
    stage.quote(99_99, 100_01)
    [rest] = only(stage.time(SECOND), ApprovedSubmit)
    assert rest.intent.quantity == 2 * LOT
    stage.report(ReportType.ACCEPTED, rest.intent.client_order_id, venue_order_id="v3")
    assert only(stage.fill(rest.intent.client_order_id, 2 * LOT, 99_60, exec_id="e3"), OrderFilled)
    assert [alert.code for alert in only(stage.time(SECOND), Alert)] == ["FLAT"]
    assert not stage.time(10 * SECOND)
    assert only(ask(stage, Side.SELL, LOT, 100_01), Refusal)[0].code == "KILLED", "the strategy's own may not pass"


def test_flattening_gives_up_where_the_market_is_not_to_be_had_and_says_what_to_do(stage):
    held(stage)
    give(stage, "flatten", "all")
    alerts = []
    for _ in range(70):
        alerts += only(stage.time(SECOND), Alert)
    assert alerts[-1].code == "NOT_FLAT"
    assert "BTCUSDT.BINANCE" in alerts[-1].message


class Both(Strategy):
    """Opens both sides of a position in hedge mode."""

    bought = 2 * LOT

    def on_start(self):
        market = self.markets[0]
        self.buy(market, self.bought, 100_00, terms=OrderTerms(hedge=Side.BUY))
        self.sell(market, LOT, 100_00, terms=OrderTerms(hedge=Side.SELL))


class Even(Both):
    """Both sides alike: the net is nothing."""

    bought = LOT


@pytest.mark.parametrize("strategy", [Both, Even])
def test_in_hedge_mode_both_sides_are_closed_even_where_they_cancel_out(strategy):
    stage = Stage(strategy)
    stage.settings = dataclasses.replace(stage.settings, accounting=AccountingRules(hedging=True))
    stage.engine = build_engine(stage.settings)
    stage.payload(Kind.INSTRUMENT, InstrumentDefined(msgspec.structs.replace(BTC, asset_class=AssetClass.PERPETUAL)), 0)
    stage.feed(FeedState.CONNECTED)
    stage.quote(99_99, 100_01)
    opened = only(stage.lifecycle(LifecycleState.READY), ApprovedSubmit)
    assert len(opened) == 2
    for number, order in enumerate(opened):
        stage.report(ReportType.ACCEPTED, order.intent.client_order_id, venue_order_id=f"v{number}")
        stage.fill(order.intent.client_order_id, order.intent.quantity, 100_00, exec_id=f"e{number}")
    assert (stage.engine.manager.position(0).quantity == 0) is (strategy is Even)
    give(stage, "kill", "all", flatten="yes")
    closing = [order.intent for order in only(stage.time(1), ApprovedSubmit)]
    assert [(each.side, each.quantity, each.terms and each.terms.hedge) for each in closing] == [
        (Side.BUY, LOT, Side.SELL),
        (Side.SELL, strategy.bought, Side.BUY),
    ]
    for number, each in enumerate(closing):
        stage.report(ReportType.ACCEPTED, each.client_order_id, venue_order_id=f"w{number}")
        stage.fill(each.client_order_id, each.quantity, 100_00, exec_id=f"f{number}")
    assert [alert.code for alert in only(stage.time(SECOND), Alert)] == ["FLAT"]


def test_what_strategies_hold_against_each_other_is_told_where_there_is_nothing_to_close():
    class Other(Hand):
        pass

    Hand.wishes = []
    stage = Stage(Hand, Other)
    stage.open()
    held(stage)
    Other.wishes = [(Side.SELL, LOT, 99_99)]
    [order] = only(stage.quote(99_99, 100_01), ApprovedSubmit)
    assert order.intent.strategy_id == "Other"
    stage.report(ReportType.ACCEPTED, order.intent.client_order_id, venue_order_id="v7")
    stage.fill(order.intent.client_order_id, LOT, 99_99, exec_id="e7")
    give(stage, "flatten", "strategy:Other")
    [alert] = only(stage.time(1), Alert)
    assert alert.code == "FLAT_BY_NET"
    assert "Other -0.01" in alert.message


def test_flattening_goes_on_after_a_restart_and_says_so(stage):
    held(stage, 3 * LOT)
    give(stage, "kill", "all", flatten="yes", collar_ppm="5000")
    state = stage.engine.durable_state()
    carried = StateCarried(session="before", seq=9, state=state, digest=state_hash(state))
    again = Stage(Hand)
    again.engine = build_engine(dataclasses.replace(again.settings, epoch=2))
    again.now_ns = stage.now_ns
    again.payload(Kind.INSTRUMENT, InstrumentDefined(BTC), 0)
    told = [alert.code for alert in only(again.payload(Kind.CARRIED, carried), Alert)]
    assert told == ["LATCHED", "FLATTENING"]
    again.feed(FeedState.CONNECTED)
    assert not only(again.quote(99_99, 100_01), ApprovedSubmit), "not before it is READY"
    again.lifecycle(LifecycleState.READY)
    effects = again.time(SECOND)
    [order] = only(effects, ApprovedSubmit)
    assert (order.intent.side, order.intent.quantity, order.intent.price) == (Side.SELL, 3 * LOT, 99_50)
    folded = build_engine(stage.settings)
    fold = Fold(folded.manager, folded.parts())
    live = build_engine(stage.settings)
    for event in stage.fed:
        for effect in live.step(event):
            if isinstance(effect, FlattenChanged):
                fold.record(Kind.FLATTEN, 0xFFFF, event[3], effect)
    assert folded.flattener.durable() == stage.engine.flattener.durable() != b""


def test_flattening_stops_entry_so_that_nobody_opens_again_what_is_closed(stage):
    held(stage)
    give(stage, "flatten", "strategy:Hand")
    assert only(ask(stage, Side.BUY, LOT, FAR), Refusal)[0].code == "REDUCE_ONLY_LATCH"


def test_a_paused_strategy_starts_anew_when_it_is_resumed(stage):
    stage.command("pause", "Hand")
    assert not ask(stage, Side.BUY, LOT, FAR)
    stage.command("resume", "Hand")
    assert only(ask(stage, Side.BUY, LOT, FAR), ApprovedSubmit)
    assert stage.engine.desk.by_id["Hand"].strategy.starts == 2
    assert only(stage.command("resume", "Hand"), Alert)[0].code == "COMMAND_REFUSED"


@pytest.mark.parametrize(
    ("name", "scope", "args", "said"),
    [
        ("kill", "everything", {}, "no scope"),
        ("kill", "venue:", {}, "no scope"),
        ("flatten", "all", {"collar_ppm": "-1"}, "collar_ppm"),
        ("flatten", "all", {"collar_ppm": "500001"}, "collar_ppm"),
        ("dance", "all", {}, "known are kill"),
    ],
)
def test_what_cannot_be_carried_out_changes_nothing_and_says_why(stage, name, scope, args, said):
    before = stage.engine.gate.freezes.latches.state()
    [alert] = give(stage, name, scope, **args)
    assert alert.code == "COMMAND_REFUSED"
    assert said in alert.message
    assert stage.engine.gate.freezes.latches.state() == before
