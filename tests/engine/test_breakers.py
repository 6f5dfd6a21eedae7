"""Breakers in a whole engine: they trip on the figure, not before, stop what they should, and stay until armed."""

import msgspec
import pytest

from core.controls import BreakerChanged, FlattenChanged, LatchChanged
from core.effects import Alert, Severity
from core.events import (
    AccountMoved,
    CommandReceived,
    InstrumentDefined,
    ReportType,
)
from core.money import money
from core.orders import ApprovedCancel, ApprovedSubmit, Side, TimeInForce
from core.records import Kind
from oms.latches import Level
from risk.breaker_settings import (
    AfterArm,
    DrawdownRow,
    LossRow,
    QuorumRow,
    RejectRow,
    StepName,
    StreakRow,
)
from tests.engine.breaker_floor import UNIT, Floor, mid, stage, steps_told
from tests.engine.scenario import BTC, LOT, only


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
