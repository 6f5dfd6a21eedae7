"""Breakers in a whole engine: they trip on the figure, not before, stop what they should, and stay until armed."""

import dataclasses
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.codec import decode_payload
from core.controls import BreakerChanged, FlattenChanged, LatchChanged
from core.effects import Alert, Severity
from core.events import (
    AccountMoved,
    ClockMeasured,
    CommandReceived,
    FeedState,
    InstrumentDefined,
    LifecycleState,
    LoopLagged,
    ReportType,
    StateCarried,
)
from core.money import money
from core.orders import ApprovedCancel, ApprovedSubmit, Refusal, Side, TimeInForce
from core.records import Kind
from engine import build_engine
from oms.fold import Fold
from oms.latches import Level
from oms.state import state_hash
from risk.breaker_settings import (
    AfterArm,
    BreakerSettings,
    CancelRow,
    ClockRow,
    CountRow,
    DrawdownRow,
    LagRow,
    LossRow,
    QuorumRow,
    RejectRow,
    RepeatRow,
    SlippageRow,
    SpreadRow,
    StepName,
    StreakRow,
    VolatilityRow,
)
from risk.breakers.board import Board
from risk.limits import RiskLimits
from strategies import Strategy
from tests.engine.scenario import BTC, LOT, SECOND, Stage, only
from tests.engine.test_fold import Journal, Restless, carry_out, steps

UNIT = 100 * LOT  # one whole BTC, so a price unit is a cent of profit


class Idle(Strategy):
    """Asks for nothing by itself: the test says what it buys."""

    def on_start(self):
        self.subscribe_quotes(self.markets[0])


def limits(**rows: Any) -> RiskLimits:
    generous: dict[str, Any] = {
        "max_order_notional": 10_000_000,
        "max_position_notional": 100_000_000,
        "max_price_deviation": "0.9",
    }
    return RiskLimits(**generous, max_orders_per_second=1000, breakers=BreakerSettings(**rows))


class Floor(Stage):
    """A stage whose one strategy is told from outside what to do."""

    def __init__(self, **rows: Any):
        super().__init__(Idle, limits=limits(**rows))
        self.number = 0

    @property
    def idle(self) -> Strategy:
        return self.engine.desk.actors[0].strategy

    def send(self, side: Side, quantity: int = UNIT, price: int = 100_00):
        """Send one order; return (its id, the effects)."""
        self.now_ns += 1000
        self.idle.buy(self.idle.markets[0], quantity, price) if side is Side.BUY else self.idle.sell(
            self.idle.markets[0], quantity, price
        )
        effects = self.quote(*self.touch)
        sent = only(effects, ApprovedSubmit)
        return sent[0].intent.client_order_id if sent else "", effects

    @property
    def touch(self) -> tuple[int, int]:
        market = self.engine.markets[0]
        return market.bid_price, market.ask_price

    def trade(self, side: Side, price: int, quantity: int = UNIT):  # type: ignore[override]
        """Send an order and have it filled."""
        name, effects = self.send(side, quantity, price)
        self.number += 1
        return [*effects, *self.fill(name, quantity, price, f"x{self.number}")]

    def tick(self, bid: int = 0, ask: int = 0, seconds: int = 1):
        """Let seconds pass, with a quote at the beginning of each."""
        effects = []
        for _ in range(seconds):
            bid, ask = (bid, ask) if bid else self.touch
            effects += [*self.quote(bid, ask), *self.time(SECOND)]
        return effects

    def arm(self, scope: str = "all", reason: str = "seen to"):
        command = CommandReceived(name="arm", scope=scope, source="test", reason=reason)
        return self.payload(Kind.COMMAND, command)

    def latch(self, scope: str = "all") -> int:
        latch = self.engine.gate.freezes.latches.held.get(scope)
        return 0 if latch is None else latch.level


def stage(**rows: Any) -> Floor:
    made = Floor(**rows)
    made.open()
    return made


def board(made: Stage) -> Board:
    assert made.engine.breaking is not None
    return made.engine.breaking.board


def steps_told(effects):
    return [(each.breaker, each.step) for each in only(effects, BreakerChanged) if each.step]


# -- losses ----------------------------------------------------------------------------------------------------------


def mid(price: int) -> tuple[int, int]:
    return price - 1, price + 1


@pytest.mark.parametrize("kind", ["loss", "day_loss", "session_loss"])
def test_a_loss_trips_at_its_figure_and_not_a_cent_before(kind):
    floor = stage(**{kind: (LossRow(warn_at=1, reduce_at=2, halt_at=3, flatten_at=4),)})
    floor.trade(Side.BUY, 100_00)
    for dollars, level in ((1, 0), (2, Level.REDUCE), (3, Level.HALT), (4, Level.KILL)):
        assert not steps_told(floor.tick(*mid(100_00 - 100 * dollars + 1)))
        assert steps_told(floor.tick(*mid(100_00 - 100 * dollars))) == [(kind, dollars)]
        assert floor.latch() == level


def test_a_warning_is_told_once_for_each_rise_and_ends_with_hysteresis():
    floor = stage(loss=(LossRow(warn_at=10),))
    floor.trade(Side.BUY, 100_00)
    told = [
        (each.severity, each.code)
        for price in (90_00, 91_00, 90_00, 91_01, 90_00)
        for each in only(floor.tick(*mid(price), seconds=2), Alert)
    ]
    assert told == [
        (Severity.WARNING, "BREAKER_WARN"),
        (Severity.INFO, "BREAKER_CALM"),
        (Severity.WARNING, "BREAKER_WARN"),
    ]
    assert floor.latch() == 0


def test_flatten_stops_cancels_everything_and_closes_within_the_collar():
    floor = stage(day_loss=(LossRow(scope="strategy:Idle", flatten_at=5),), collar="0.02")
    floor.trade(Side.BUY, 100_00)
    resting, _ = floor.send(Side.BUY, LOT, 90_00)
    effects = floor.tick(*mid(95_00))
    assert [each.level for each in only(effects, LatchChanged)] == [Level.KILL]
    assert only(effects, LatchChanged)[0].source == "breaker:day_loss"
    assert only(effects, LatchChanged)[0].reason == "day_loss is 5, flatten at 5"
    assert resting in [each.client_order_id for each in only(effects, ApprovedCancel)]
    assert [each.collar_ppm for each in only(effects, FlattenChanged)] == [20_000]
    floor.report(ReportType.CANCELLED, resting)
    (order,) = [each.intent for each in only(floor.tick(), ApprovedSubmit)]
    assert (order.side, order.quantity, order.time_in_force) == (Side.SELL, UNIT, TimeInForce.IOC)
    assert order.price == 93_10
    assert order.reduce_only


def test_a_trip_is_told_once_by_its_latch_or_by_itself_where_a_stricter_one_is_there():
    floor = stage(day_loss=(LossRow(reduce_at=5, halt_at=6),))
    floor.trade(Side.BUY, 100_00)
    assert [each.code for each in only(floor.tick(*mid(95_00)), Alert)] == ["REDUCE_ONLY_LATCH"]
    floor.payload(Kind.COMMAND, CommandReceived(name="kill", scope="all", source="test", reason="look"))
    assert [each.code for each in only(floor.tick(*mid(94_00)), Alert)] == ["BREAKER_HALT"]
    assert floor.latch() == Level.KILL


@pytest.mark.parametrize(("at", "level"), [("0.428571", Level.HALT), ("0.428572", 0)])
def test_a_share_trips_at_its_millionth(at, level):
    floor = stage(reject_rate=(RejectRow(halt_at=at, least=7),))
    names = [floor.send(Side.BUY, LOT)[0] for _ in range(7)]
    for name in names[:3]:
        floor.report(ReportType.REJECTED, name, reason="no")
    assert floor.latch() == level


def test_a_fill_is_looked_at_at_once_and_reduce_leaves_what_only_closes():
    floor = stage(day_loss=(LossRow(reduce_at=5),))
    floor.trade(Side.BUY, 100_00)
    closing, _ = floor.send(Side.SELL, UNIT // 2, 120_00)
    too_much, _ = floor.send(Side.SELL, UNIT, 121_00)
    opening, _ = floor.send(Side.BUY, LOT, 90_00)
    effects = floor.trade(Side.BUY, 105_00)  # worth 100.00 at once
    assert steps_told(effects) == [("day_loss", 2)]
    cancelled = [each.client_order_id for each in only(effects, ApprovedCancel)]
    assert closing not in cancelled
    assert sorted(cancelled) == sorted([opening])
    assert too_much in [
        each.client_order_id for each in floor.engine.manager.open_orders()
    ]  # of the two that are held now it closes no more than one


def test_what_cannot_be_valued_warns_after_a_while_and_fails_as_closed_as_it_is_told_to():
    for step, level in ((StepName.WARN, 0), (StepName.HALT, Level.HALT)):
        floor = stage(day_loss=(LossRow(flatten_at=5),), unvalued=step, unvalued_after_s=3, base_currency="EUR")
        floor.trade(Side.BUY, 100_00)
        assert not steps_told(floor.tick(*mid(99_00), seconds=3))
        effects = floor.tick(*mid(99_00))
        assert [each.reason for each in only(effects, BreakerChanged)] == ["cannot be valued: USDT has no rate to EUR"]
        assert floor.latch() == level


def test_a_new_day_counts_anew_at_the_hour_of_the_settings_and_lifts_no_latch():
    later = stage(day_loss=(LossRow(reduce_at=5),), day_begins="00:02")
    later.trade(Side.BUY, 100_00)
    later.tick(*mid(96_00), seconds=130)  # the new day begins at 96
    later.tick(*mid(91_01))
    assert later.latch() == 0
    later.tick(*mid(91_00))
    assert later.latch() == Level.REDUCE
    later.tick(seconds=2)
    assert later.latch() == Level.REDUCE


def test_arming_needs_a_reason_and_counts_from_then_on():
    floor = stage(day_loss=(LossRow(halt_at=5),))
    floor.trade(Side.BUY, 100_00)
    floor.tick(*mid(95_00))
    assert "give the reason" in only(floor.arm(reason=" "), Alert)[0].message
    assert floor.latch() == Level.HALT
    assert "BREAKER_ARMED" in [each.code for each in only(floor.arm(), Alert)]
    assert floor.latch() == 0
    floor.tick(*mid(95_00), seconds=3)
    floor.tick(*mid(90_01))
    assert floor.latch() == 0
    floor.tick(*mid(90_00))
    assert floor.latch() == Level.HALT


def test_arming_stops_again_at_once_where_the_settings_say_that_the_old_loss_counts_on():
    floor = stage(day_loss=(LossRow(halt_at=5, after_arm=AfterArm.ON),))
    floor.trade(Side.BUY, 100_00)
    floor.tick(*mid(95_00))
    floor.arm()
    assert floor.latch() == 0
    floor.tick()
    assert floor.latch() == Level.HALT


# -- drawdown and streak ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("share", "at", "cents"), [(False, 50, 50_00), (True, "0.001", 100_10)])
def test_a_drawdown_counts_from_the_peak_of_equity_and_a_transfer_is_none(share, at, cents):
    floor = stage(drawdown=(DrawdownRow(reduce_at=at, share=share),))
    floor.trade(Side.BUY, 100_00)
    floor.tick(*mid(200_00))  # the peak: 100100
    paid = AccountMoved(venue="BINANCE", move_id="w", currency="USDT", amount=str(-40 * 10**18), reason="transfer")
    if not share:
        floor.payload(Kind.ACCOUNT_MOVE, paid)
    floor.tick(*mid(200_00 - cents + 1))
    assert floor.latch() == 0
    floor.tick(*mid(200_00 - cents))
    assert floor.latch() == Level.REDUCE


def test_a_drawdown_of_a_strategy_counts_from_the_peak_of_what_it_earned():
    floor = stage(drawdown=(DrawdownRow(scope="strategy:*", halt_at=10),))
    floor.trade(Side.BUY, 100_00)
    floor.tick(*mid(108_00))
    floor.tick(*mid(98_01))
    assert floor.latch("strategy:Idle") == 0
    floor.tick(*mid(98_00))
    assert floor.latch("strategy:Idle") == Level.HALT


def test_a_streak_counts_losing_trades_in_a_row_from_flat_to_flat():
    floor = stage(loss_streak=(StreakRow(scope="strategy:Idle", reduce_at=3),))
    for out in (99_00, 98_00, 101_00, 99_00, 98_00):
        floor.trade(Side.BUY, 100_00)
        floor.trade(Side.SELL, out, UNIT // 2)
        floor.trade(Side.SELL, out, UNIT // 2)
    assert floor.latch("strategy:Idle") == 0
    floor.trade(Side.BUY, 100_00)
    floor.trade(Side.SELL, 99_99, UNIT // 2)
    assert floor.latch("strategy:Idle") == 0
    floor.trade(Side.SELL, 99_99, UNIT // 2)
    assert floor.latch("strategy:Idle") == Level.REDUCE


def test_a_streak_takes_what_a_fee_left_for_flat():
    floor = stage(loss_streak=(StreakRow(reduce_at=3),))
    small = msgspec.structs.replace(BTC, min_notional=money("10"))
    floor.payload(Kind.INSTRUMENT, InstrumentDefined(small), 0)
    dust = 10 * small.lot  # worth a cent
    for number in range(3):
        assert floor.latch() == 0
        floor.trade(Side.BUY, 100_00)
        floor.trade(Side.SELL, 99_00, UNIT - dust)
        assert floor.engine.manager.position(0).quantity == (number + 1) * dust
    assert floor.latch() == Level.REDUCE


def test_a_trade_that_turns_the_position_ends_one_and_begins_the_next():
    floor = stage(loss_streak=(StreakRow(reduce_at=2),))
    floor.trade(Side.BUY, 100_00)
    floor.trade(Side.SELL, 99_00, 2 * UNIT)
    assert floor.latch() == 0
    floor.trade(Side.BUY, 99_50, 2 * UNIT)
    assert floor.latch() == Level.REDUCE


# -- orders ----------------------------------------------------------------------------------------------------------


def test_the_reject_rate_needs_evidence_and_trips_at_its_share():
    floor = stage(reject_rate=(RejectRow(halt_at="0.5", least=4, window_s=60),))
    names = [floor.send(Side.BUY, LOT)[0] for _ in range(3)]
    for name in names[:2]:
        floor.report(ReportType.REJECTED, name, reason="no")
    assert floor.latch() == 0  # two of three: too few to say
    floor.send(Side.BUY, LOT)
    floor.send(Side.BUY, LOT)
    assert floor.latch() == 0  # two of five
    floor.report(ReportType.REJECTED, names[2], reason="no")
    assert floor.latch() == Level.HALT
    floor.arm()
    floor.tick(seconds=2)
    assert floor.latch() == 0


@pytest.mark.parametrize(("refusals", "level"), [(False, 0), (True, Level.REDUCE)])
def test_what_our_own_limits_refuse_counts_where_it_is_asked_for_and_what_is_held_back_never(refusals, level):
    floor = stage(reject_rate=(RejectRow(reduce_at="0.5", halt_at="0.9", least=2, refusals=refusals),))
    assert only(floor.send(Side.BUY, LOT)[1], ApprovedSubmit)
    assert only(floor.send(Side.BUY, LOT, 1)[1], Refusal)
    assert floor.latch() == level
    for _ in range(30):
        floor.send(Side.BUY, LOT)
    assert floor.latch() == level  # all of them were refused by the latch itself, which is no new reason


def test_rejections_leave_the_window():
    floor = stage(reject_rate=(RejectRow(halt_at="0.5", least=2, window_s=2),))
    first, _ = floor.send(Side.BUY, LOT)
    floor.report(ReportType.REJECTED, first, reason="no")
    floor.tick(seconds=3)
    names = [floor.send(Side.BUY, LOT)[0] for _ in range(3)]
    floor.report(ReportType.REJECTED, names[0], reason="no")
    assert floor.latch() == 0


def test_too_many_cancels_for_an_execution_trip():
    floor = stage(cancel_ratio=(CancelRow(scope="strategy:*", warn_at=3, least=3),))
    floor.trade(Side.BUY, 100_00, LOT)
    told = []
    for _ in range(3):
        floor.send(Side.BUY, LOT)
        floor.now_ns += 1000
        floor.idle.cancel_all()
        told.append(steps_told(floor.quote(*floor.touch)))
    assert told == [[], [], [("cancel_ratio", 1)]]


@pytest.mark.parametrize(("price", "level"), [(100_99, 0), (101_00, Level.REDUCE)])
def test_slippage_is_measured_against_the_middle_when_the_order_was_sent(price, level):
    floor = stage(slippage=(SlippageRow(reduce_at="0.01", least=2),))
    for _ in range(2):
        assert floor.latch() == 0
        floor.trade(Side.BUY, price, LOT)
    assert floor.latch() == level


@pytest.mark.parametrize(("orders", "level"), [(2, 0), (3, Level.HALT)])
def test_the_same_action_executed_too_often_stops_until_a_person_arms(orders, level):
    floor = stage(repeats=(RepeatRow(scope="strategy:*", halt_at=3, window_s=5),))
    floor.trade(Side.SELL, 100_00, LOT)
    for _ in range(orders):
        floor.trade(Side.BUY, 100_00, LOT)
    assert floor.latch("strategy:Idle") == level


def test_parts_of_one_order_are_one_action_and_old_ones_are_forgotten():
    floor = stage(repeats=(RepeatRow(halt_at=2, window_s=5),))
    name, _ = floor.send(Side.BUY, UNIT)
    for part in range(3):
        floor.fill(name, LOT, 100_00, f"p{part}")
    floor.tick(seconds=5)
    floor.trade(Side.BUY, 100_00, LOT)
    assert floor.latch() == 0


# -- markets and machines --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("half", "level"), [(99, 0), (100, Level.REDUCE)])
def test_a_spread_that_stays_wide_trips_and_a_wide_moment_does_not(half, level):
    floor = stage(spread=(SpreadRow(scope="symbol:*", reduce_at="0.02", for_s=3),))
    floor.tick(90_00, 110_00, seconds=2)
    floor.tick(*mid(100_00))
    assert floor.latch("symbol:BTCUSDT.BINANCE") == 0
    floor.tick(100_00 - half, 100_00 + half, seconds=3)
    assert floor.latch("symbol:BTCUSDT.BINANCE") == level


@pytest.mark.parametrize(("move", "level"), [(2, 0), (3, Level.HALT)])
def test_a_market_that_moves_so_many_times_as_far_as_usual_trips(move, level):
    floor = stage(volatility=(VolatilityRow(scope="symbol:BTCUSDT.BINANCE", halt_at="2.5", short_s=4, long_s=24),))
    for number in range(30):
        floor.tick(*mid(100_00 + 10 * (number % 2)))
    assert floor.latch("symbol:BTCUSDT.BINANCE") == 0
    for number in range(4):
        floor.tick(*mid(100_00 + 10 * move * (number % 2 == 0)))
    assert floor.latch("symbol:BTCUSDT.BINANCE") == level


def test_fewer_fresh_feeds_than_asked_for_trip():
    floor = stage(feed_quorum=(QuorumRow(reduce_below=1, max_age_ms=2000),))
    floor.tick(seconds=2)
    assert floor.latch() == 0
    floor.feed(FeedState.DISCONNECTED)
    floor.time(SECOND)
    assert floor.latch() == Level.REDUCE


@pytest.mark.parametrize(("offset_ns", "level"), [(-49_999_999, 0), (-50_000_000, Level.HALT)])
def test_a_clock_too_far_from_ours_trips(offset_ns, level):
    floor = stage(clock_offset_ms=(ClockRow(scope="venue:*", halt_at=50),))
    floor.payload(Kind.CLOCK, ClockMeasured(venue="BINANCE", offset_ns=offset_ns, uncertainty_ns=1))
    floor.tick()
    assert floor.latch("venue:BINANCE") == level


@pytest.mark.parametrize(("lag_ns", "level"), [(249_999_999, 0), (250_000_000, Level.REDUCE)])
def test_a_loop_that_is_late_trips_at_once(lag_ns, level):
    floor = stage(loop_lag_ms=(LagRow(reduce_at=250, window_s=3),))
    floor.payload(Kind.LAG, LoopLagged(lag_ns=lag_ns))
    assert floor.latch() == level
    floor.tick(seconds=3)
    floor.arm()
    floor.tick(seconds=2)
    assert floor.latch() == 0


# -- the second count ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("price", "level"), [(99_99, 0), (100_00, Level.HALT)])
def test_the_second_count_trips_at_a_hard_figure(price, level):
    floor = stage(second_count=(CountRow(halt_at=300),))
    floor.trade(Side.BUY, 100_00, 3 * UNIT)
    floor.trade(Side.BUY, 100_00, UNIT)
    floor.trade(Side.SELL, 100_00, UNIT)
    floor.arm()
    floor.tick(*mid(price), seconds=2)
    assert floor.latch() == level


def test_books_that_differ_from_the_executions_trip_and_arming_takes_the_books_as_they_are():
    floor = stage(second_count=(CountRow(on_difference=StepName.FLATTEN),))
    floor.trade(Side.BUY, 100_00)
    floor.tick()
    assert floor.latch() == 0
    floor.engine.manager.position(0).quantity -= 1  # a defect of the books
    effects = floor.tick()
    assert floor.latch() == Level.KILL
    reason = only(effects, LatchChanged)[0].reason
    assert "BTCUSDT.BINANCE is 1 by executions, 0.99999999 in the books" in reason


def test_an_execution_that_the_venue_took_back_is_taken_off_the_second_count():
    floor = stage(second_count=(CountRow(),))
    name, _ = floor.send(Side.BUY)
    floor.fill(name, UNIT, 100_00, "x")
    floor.report(ReportType.BUSTED, name, exec_id="x")
    floor.tick()
    assert floor.engine.manager.position(0).quantity == 0
    assert floor.latch() == 0


# -- changed while running --------------------------------------------------------------------------------------------


def change(floor: Floor, word: str, scope: str = "all", **args: str):
    command = CommandReceived(name=word, scope=scope, source="socket:uid=1", reason="calmer", args=args)
    return [(each.code, each.message) for each in only(floor.payload(Kind.COMMAND, command), Alert)]


def test_a_step_is_made_stricter_at_once_and_a_looser_one_waits():
    floor = stage(day_loss=(LossRow(scope="strategy:*", halt_at=9),), feed_quorum=(QuorumRow(warn_below=1),))
    floor.trade(Side.BUY, 100_00)
    floor.tick(*mid(95_00))
    assert floor.latch("strategy:Idle") == 0
    ((code, message),) = change(floor, "set", "strategy:*", **{"day_loss.halt_at": "5"})
    assert (code, message) == ("LIMIT", "strategy:* day_loss.halt_at: 9 to 5 by socket:uid=1 (calmer)")
    floor.tick()
    assert floor.latch("strategy:Idle") == Level.HALT
    assert change(floor, "set", "strategy:*", **{"day_loss.halt_at": "50"})[0][0] == "LIMIT_WAITS"
    assert change(floor, "set", **{"feed_quorum.warn_below": "2"})[0][0] == "LIMIT"
    assert change(floor, "set", **{"feed_quorum.warn_below": "1"})[0][0] == "LIMIT_WAITS"
    assert change(floor, "set", "strategy:*", **{"day_loss.halt_at": "none"})[0][0] == "LIMIT_WAITS"


@pytest.mark.parametrize(
    ("scope", "name", "value", "why"),
    [
        ("all", "day_loss.halt_at", "5", "none there; a row of the settings adds one, by `tickerd reload`"),
        ("strategy:*", "day_loss.halt_below", "5", "day_loss.warn_at, day_loss.reduce_at"),
        ("strategy:*", "day_loss.halt_at", "0", "a number above 0"),
        ("strategy:*", "day_loss.halt_at", "x", "a number, 0 or more"),
        ("all", "drawdown.halt_at", "none", "none there"),
    ],
)
def test_a_step_that_cannot_be_is_refused_and_changes_nothing(scope, name, value, why):
    floor = stage(day_loss=(LossRow(scope="strategy:*", halt_at=9),))
    ((code, message),) = change(floor, "set", scope, **{name: value})
    assert code == "COMMAND_REFUSED"
    assert why in message


def test_a_row_of_its_own_comes_before_one_of_each():
    floor = stage(day_loss=(LossRow(scope="strategy:*", halt_at=9), LossRow(scope="strategy:Idle", halt_at=3)))
    floor.trade(Side.BUY, 100_00)
    floor.tick(*mid(97_00))
    assert floor.latch("strategy:Idle") == Level.HALT


# -- what survives ---------------------------------------------------------------------------------------------------

EVERYTHING = {
    "loss": (LossRow(scope="strategy:*", warn_at=1, reduce_at=40),),
    "day_loss": (LossRow(warn_at="0.5", flatten_at=30),),
    "drawdown": (DrawdownRow(warn_at=1, halt_at=20),),
    "loss_streak": (StreakRow(scope="symbol:*", warn_at=1, reduce_at=3),),
    "reject_rate": (RejectRow(halt_at="0.9", least=3),),
    "repeats": (RepeatRow(scope="strategy:*", warn_at=2),),
    "second_count": (CountRow(halt_at=100_000),),
}


@settings(max_examples=50)
@given(st.lists(steps, max_size=40), st.integers(1, 1000))
def test_folding_a_journal_gives_the_breakers_that_the_engine_had(script, seed):
    made = Stage(Restless, seed=seed, limits=limits(**EVERYTHING))
    made.open()
    journal = Journal(made)
    journal.keep_inputs()
    for what in script:
        carry_out(journal, what)
    scratch = build_engine(made.settings)
    fold = Fold(scratch.manager, scratch.parts())
    first = made.engine.breakers_kept
    for told in journal_of_opening(made):
        fold.record(Kind.BREAKER, 0xFFFF, 0, told)
    for kind, index, now_ns, payload in journal.records:
        fold.record(kind, index, now_ns, decode_payload(kind, payload))
    assert scratch.breakers_kept.told == first.told
    assert not first.told["second_count", "all"].step  # the books agree with the executions, whatever was told
    assert fold.durable_state() == made.engine.durable_state()


def journal_of_opening(made):
    """What the breakers told at READY, before the journal of the test began."""
    again = Stage(Restless, seed=made.settings.seed, limits=made.settings.limits)
    return only(again.open(), BreakerChanged)


moves = st.one_of(
    st.tuples(st.just("price"), st.integers(80_00, 120_00)),
    st.tuples(st.just("trade"), st.sampled_from(Side)),
    st.just(("wait", 3)),
    st.just(("arm", 0)),
)


@settings(max_examples=60)
@given(st.lists(moves, max_size=30))
def test_nothing_lowers_a_step_that_was_reached_but_a_person(script):
    floor = stage(
        day_loss=(LossRow(warn_at=1, reduce_at=3, halt_at=6, flatten_at=9),),
        drawdown=(DrawdownRow(reduce_at=2, halt_at=5),),
        loss_streak=(StreakRow(warn_at=1, halt_at=2),),
    )
    reached: dict[str, int] = {}
    for what, how in script:
        if what == "arm":
            if not floor.engine.manager.open_orders():
                reached = {} if floor.latch() else reached
            else:
                reached = {} if floor.latch() and floor.latch() < Level.KILL else reached
            floor.arm()
        elif what == "price":
            floor.tick(*mid(how))
        elif what == "wait":
            floor.tick(seconds=how)
        elif not floor.latch():
            floor.trade(Side(how), floor.touch[1])
        for breaker in board(floor).breakers.values():
            assert breaker.step >= reached.get(breaker.kind, 0)
            if breaker.step > 1:
                reached[breaker.kind] = int(breaker.step)
                assert floor.latch() >= min(breaker.step - 1, 3)


def carried(floor: Floor, after: Stage) -> None:
    state = floor.engine.durable_state()
    after.payload(Kind.INSTRUMENT, floor.fed[0][5], 0)
    after.payload(Kind.CARRIED, StateCarried(session="s", seq=1, state=state, digest=state_hash(state)))
    after.now_ns = floor.now_ns + SECOND
    after.feed(FeedState.CONNECTED)
    after.quote(*floor.touch)


def ready(after: Stage):
    return after.lifecycle(LifecycleState.READY)


def test_a_restart_goes_on_with_the_day_the_peak_and_the_streak_and_a_session_begins_anew():
    rows = {
        "day_loss": (LossRow(halt_at=5),),
        "session_loss": (LossRow(halt_at=5),),
        "loss_streak": (StreakRow(halt_at=3),),
        "drawdown": (DrawdownRow(halt_at=5),),
    }
    floor = stage(**rows)
    floor.trade(Side.BUY, 100_00)
    floor.trade(Side.SELL, 98_00)
    floor.trade(Side.BUY, 98_00)
    floor.tick(*mid(96_00))
    assert floor.latch() == 0
    after = Floor(**rows)
    after.settings = of_epoch(after, 2)
    after.engine = build_engine(after.settings)
    carried(floor, after)
    ready(after)
    figures = {kind: each.figure_text for (kind, _), each in board(after).breakers.items()}
    assert figures == {
        "day_loss": "4",
        "session_loss": "0",
        "loss_streak": "1",
        "drawdown": "4",
    }
    after.tick(*mid(95_00))
    assert after.latch() == Level.HALT
    told = after.engine.breakers_kept.told
    assert sorted(kind for (kind, _), each in told.items() if each.step) == ["day_loss", "drawdown"]


def of_epoch(made: Stage, epoch: int):
    return dataclasses.replace(made.settings, epoch=epoch)


def test_a_latch_of_a_breaker_survives_and_a_session_without_breakers_still_carries_it():
    floor = stage(day_loss=(LossRow(halt_at=5),))
    floor.trade(Side.BUY, 100_00)
    floor.tick(*mid(95_00))
    without = Stage(Idle)
    carried(floor, without)
    ready(without)
    assert without.engine.gate.freezes.latches.held["all"].source == "breaker:day_loss"
    assert without.engine.breakers_kept.told == floor.engine.breakers_kept.told
    other = Floor(drawdown=(DrawdownRow(halt_at=5),))
    carried(floor, other)
    assert not other.engine.breakers_kept.told  # the settings have no such breaker any more; the latch stays
    assert other.latch() == Level.HALT


def test_a_latch_that_was_taken_off_in_a_session_without_breakers_has_armed_them():
    floor = stage(day_loss=(LossRow(halt_at=5),))
    floor.trade(Side.BUY, 100_00)
    floor.tick(*mid(95_00))
    without = Floor()
    without.settings = dataclasses.replace(without.settings, limits=RiskLimits())
    without.engine = build_engine(without.settings)
    carried(floor, without)
    ready(without)
    without.arm()
    again = Floor(day_loss=(LossRow(halt_at=5),))
    carried(without, again)
    ready(again)
    assert again.latch() == 0
    again.tick(*mid(90_01))
    assert again.latch() == 0
    again.tick(*mid(90_00))
    assert again.latch() == Level.HALT


def test_without_breakers_nothing_is_told_and_no_digest_knows_of_them():
    plain = Stage(Idle)
    plain.open()
    plain.payload(Kind.LAG, LoopLagged(lag_ns=10**9))
    assert plain.engine.breaking is None
    assert not [entry for entry in plain.engine.timers.state() if entry[2] == "breakers:"]
    with_none = Floor(day_loss=(LossRow(warn_at=1),))
    with_none.open()
    assert with_none.engine.digest() != plain.engine.digest()


def test_the_same_inputs_give_the_same_breakers_again():
    made = Stage(Restless, limits=limits(**EVERYTHING))
    made.open()
    journal = Journal(made)
    for price in (100_00, 99_00, 95_00, 90_00):
        made.quote(*mid(price))
        for number in range(1, 4):
            carry_out(journal, ("report", ReportType.FILLED, number, price, 0.4))
        carry_out(journal, ("time", 1.0))
    assert made.engine.breakers_kept.told
    again = build_engine(made.settings)
    for event in made.fed:
        again.step(event)
    assert again.digest() == made.engine.digest()
    assert again.durable_state() == made.engine.durable_state()
