"""What breakers of orders, markets, the machine and executions measure: they trip on the figure, not before."""

import pytest

from core.controls import LatchChanged
from core.events import (
    ClockMeasured,
    FeedState,
    LoopLagged,
    ReportType,
)
from core.orders import ApprovedSubmit, Refusal, Side
from core.records import Kind
from oms.latches import Level
from risk.breaker_settings import (
    CancelRow,
    ClockRow,
    CountRow,
    LagRow,
    QuorumRow,
    RejectRow,
    RepeatRow,
    SlippageRow,
    SpreadRow,
    StepName,
    VolatilityRow,
)
from tests.engine.breaker_floor import UNIT, mid, stage, steps_told
from tests.engine.scenario import LOT, SECOND, only

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
