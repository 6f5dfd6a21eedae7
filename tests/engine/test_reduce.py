"""A share of what is held is closed for the operator: exactly so much, inside the collar, whatever strategies do."""

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.effects import Alert, Effect
from core.events import CommandReceived, FeedState, InstrumentDefined, LifecycleState, ReportType
from core.instruments import AssetClass
from core.orders import ApprovedSubmit, OrderTerms, OrderType, Refusal, Side, TimeInForce
from core.records import Kind
from engine import build_engine
from oms.rules import AccountingRules
from strategies import Strategy
from tests.engine.scenario import BTC, LOT, SECOND, Stage, only


class Hand(Strategy):
    """Does what a test writes on its list at the next quote."""

    wishes: ClassVar[list[tuple[Side, int, int]]] = []

    def on_start(self):
        self.subscribe_quotes(self.markets[0])

    def on_quote(self, quote):
        for side, quantity, price in self.wishes:
            (self.buy if side is Side.BUY else self.sell)(self.markets[0], quantity, price)
        self.wishes.clear()


class Once(Strategy):
    """Buys once."""

    def on_start(self):
        self.buy(self.markets[0], 4 * LOT, 100_01)


class Sides(Strategy):
    """Opens both sides of a position in hedge mode."""

    def on_start(self):
        self.buy(self.markets[0], 4 * LOT, 100_00, terms=OrderTerms(hedge=Side.BUY))
        self.sell(self.markets[0], 2 * LOT, 100_00, terms=OrderTerms(hedge=Side.SELL))


@pytest.fixture
def stage() -> Stage:
    return opened()


def opened() -> Stage:
    Hand.wishes = []
    made = Stage(Hand)
    made.open()
    return made


def trade(stage: Stage, side: Side, quantity: int, price: int, exec_id: str) -> None:
    Hand.wishes = [(side, quantity, price)]
    [order] = only(stage.quote(99_99, 100_01), ApprovedSubmit)
    stage.report(ReportType.ACCEPTED, order.intent.client_order_id, venue_order_id=exec_id)
    stage.fill(order.intent.client_order_id, quantity, price, exec_id=exec_id)


def reduce(stage: Stage, share_ppm: object, scope: str = "all", reason: str = "too big", **args: str):
    given = CommandReceived(
        name="reduce", scope=scope, reason=reason, source="uid=1000", args={"share_ppm": str(share_ppm), **args}
    )
    return stage.payload(Kind.COMMAND, given)


def orders(effects: Sequence[Effect]) -> list[Any]:
    return [each.intent for each in only(effects, ApprovedSubmit)]


def codes(effects: Sequence[Effect]) -> list[str]:
    return [alert.code for alert in only(effects, Alert)]


def test_a_share_is_closed_inside_the_collar_and_the_rest_is_kept(stage):
    trade(stage, Side.BUY, 4 * LOT, 100_01, "e0")
    assert codes(reduce(stage, 250_000, collar_ppm="5000")) == ["REDUCING"]
    [intent] = orders(stage.time(1))
    assert (intent.side, intent.quantity, intent.price, intent.strategy_id) == (Side.SELL, LOT, 99_50, "Hand")
    assert (intent.type, intent.time_in_force, intent.reduce_only) == (OrderType.LIMIT, TimeInForce.IOC, True)
    stage.report(ReportType.ACCEPTED, intent.client_order_id, venue_order_id="v2")
    stage.fill(intent.client_order_id, LOT, 99_60, exec_id="e2")
    assert codes(stage.time(SECOND)) == ["REDUCED"]
    assert stage.engine.manager.position(0).quantity == 3 * LOT
    assert not stage.engine.reducer.wanted
    assert not stage.time(10 * SECOND)


def test_what_a_strategy_trades_meanwhile_changes_nothing_about_how_much_is_closed(stage):
    trade(stage, Side.BUY, 4 * LOT, 100_01, "e0")
    reduce(stage, 500_000)
    [intent] = orders(stage.time(1))
    stage.report(ReportType.ACCEPTED, intent.client_order_id, venue_order_id="v2")
    stage.fill(intent.client_order_id, LOT, 99_60, exec_id="e2")
    trade(stage, Side.BUY, 2 * LOT, 100_01, "e3")
    assert not orders(stage.time(SECOND)), "one order at a time"
    stage.report(ReportType.EXPIRED, intent.client_order_id, venue_order_id="v2")
    stage.quote(99_99, 100_01)
    [rest] = orders(stage.time(SECOND))
    assert rest.quantity == LOT


def test_where_the_strategy_closed_it_itself_there_is_nothing_left_to_do(stage):
    trade(stage, Side.BUY, 4 * LOT, 100_01, "e0")
    reduce(stage, 500_000)
    [intent] = orders(stage.time(1))
    stage.report(ReportType.ACCEPTED, intent.client_order_id, venue_order_id="v2")
    stage.report(ReportType.EXPIRED, intent.client_order_id, venue_order_id="v2")
    trade(stage, Side.SELL, 4 * LOT, 99_99, "e1")
    assert codes(stage.time(SECOND)) == ["REDUCED"]


def test_it_gives_up_where_a_halt_stands_and_says_what_to_do(stage):
    trade(stage, Side.BUY, 4 * LOT, 100_01, "e0")
    halt = CommandReceived(name="halt", scope="all", reason="news", source="uid=1000")
    stage.payload(Kind.COMMAND, halt)
    reduce(stage, 500_000)
    told, refused = [], []
    for _ in range(70):
        stage.quote(99_99, 100_01)
        effects = stage.time(SECOND)
        told += codes(effects)
        refused += only(effects, Refusal)
    assert told[-1] == "NOT_REDUCED"
    assert {each.code for each in refused} == {"HALTED"}
    assert stage.engine.manager.position(0).quantity == 4 * LOT


@pytest.mark.parametrize(
    ("share", "scope", "reason", "said"),
    [
        (0, "all", "x", "share_ppm is '0'"),
        (1_000_001, "all", "x", "expected 1 to 1000000"),
        ("1" * 5_000, "all", "x", "expected 1 to 1000000"),
        ("half", "all", "x", "share_ppm is 'half'"),
        (500_000, "strategy:Hands", "x", "known are Hand"),
        (500_000, "all", " ", "give the reason"),
        (500_000, "all", "x", "nothing is held there"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(stage, share, scope, reason, said):
    [alert] = only(reduce(stage, share, scope, reason), Alert)
    assert alert.code == "COMMAND_REFUSED"
    assert said in alert.message


def test_in_hedge_mode_each_side_is_reduced_by_its_share():
    stage = Stage(Sides)
    stage.settings = dataclasses.replace(stage.settings, accounting=AccountingRules(hedging=True))
    stage.engine = build_engine(stage.settings)
    stage.payload(Kind.INSTRUMENT, InstrumentDefined(msgspec.structs.replace(BTC, asset_class=AssetClass.PERPETUAL)), 0)
    stage.feed(FeedState.CONNECTED)
    stage.quote(99_99, 100_01)
    for number, order in enumerate(only(stage.lifecycle(LifecycleState.READY), ApprovedSubmit)):
        stage.report(ReportType.ACCEPTED, order.intent.client_order_id, venue_order_id=f"v{number}")
        stage.fill(order.intent.client_order_id, order.intent.quantity, 100_00, exec_id=f"e{number}")
    reduce(stage, 500_000)
    closing = orders(stage.time(1))
    assert sorted((each.side, each.quantity) for each in closing) == [(Side.SELL, 2 * LOT), (Side.BUY, LOT)]
    for number, each in enumerate(closing):
        stage.report(ReportType.ACCEPTED, each.client_order_id, venue_order_id=f"w{number}")
        stage.fill(each.client_order_id, each.quantity, 100_00, exec_id=f"f{number}")
    assert codes(stage.time(SECOND)) == ["REDUCED"]
    assert {sign: leg.net.quantity for sign, leg in stage.engine.manager.legs(0).items()} == {1: 2 * LOT, -1: -LOT}


@given(
    share=st.integers(1, 1_000_000),
    lots=st.integers(1, 50),
    short=st.booleans(),
    fills=st.lists(st.integers(0, 5), max_size=8),
)
def test_never_more_than_the_share_is_closed_however_it_fills(share, lots, short, fills):
    stage = opened()
    side, price = (Side.SELL, 99_99) if short else (Side.BUY, 100_01)
    trade(stage, side, lots * BTC.lot, price, "e0")
    reduce(stage, share)
    for number, part in enumerate([*fills, 50]):
        for intent in orders([*stage.quote(99_99, 100_01), *stage.time(SECOND)]):
            filled = min(part * BTC.lot, intent.quantity)
            stage.report(ReportType.ACCEPTED, intent.client_order_id, venue_order_id=f"v{number}")
            if filled:
                stage.fill(intent.client_order_id, filled, 100_00, exec_id=f"f{number}")
            if filled < intent.quantity:
                stage.report(ReportType.EXPIRED, intent.client_order_id, venue_order_id=f"v{number}")
    stage.time(SECOND)
    wanted = lots * BTC.lot * share // 1_000_000 // BTC.lot * BTC.lot
    assert abs(stage.engine.manager.position(0).quantity) == lots * BTC.lot - wanted
    assert not stage.engine.reducer.wanted


def test_what_is_under_way_replays_to_the_same_digest():
    stage = Stage(Once)
    [bought] = orders(stage.open())
    stage.report(ReportType.ACCEPTED, bought.client_order_id, venue_order_id="v0")
    stage.fill(bought.client_order_id, bought.quantity, 100_01, exec_id="e0")
    before = stage.engine.digest()
    reduce(stage, 500_000)
    stage.time(1)
    assert stage.engine.reducer.state()
    assert stage.engine.digest() != before
    again = build_engine(stage.settings)
    for event in stage.fed:
        again.step(event)
    assert again.digest() == stage.engine.digest()
