"""The breakout: entry, trailing stop, reversal, lost orders; the kernel does as the Python strategy does."""

from typing import Any

import pytest

from core.events import ReportType
from core.orders import ApprovedSubmit, OrderType, Side
from core.records import Kind
from risk.limits import RiskLimits
from strategies import Breakout, BreakoutKernel
from tests.engine.scenario import LOT, SECOND, Stage, only
from tests.strategies.compiled_kernel import hold_both
from tests.strategies.twins import TIGHT, WIDE, opened, position_of, strategy_of, trade

BOTH = pytest.mark.parametrize("strategy", [Breakout, BreakoutKernel])
QUICK: dict[str, Any] = {"bar_seconds": 1, "channel": 5, "atr": 4, "stop_atrs": 2.0}
VENUE: dict[str, Any] = QUICK | {"bar_seconds": 0}


def submits(effects):
    return [submit.intent for submit in only(effects, ApprovedSubmit)]


def bar_of(stage: Stage, price: int):
    """One bar from quotes: high, low, close are 10 above, 10 below, and the price; it closes with the next one."""
    orders = []
    for each in (price + 10, price - 10, price):
        orders += submits(stage.quote(each - 1, each + 1, after_ns=SECOND // 4))
    stage.now_ns = stage.now_ns // SECOND * SECOND + SECOND - 1
    return orders


def venue_bar(stage: Stage, high: int, low: int, close: int):
    """One bar from the venue, after a quote at its close."""
    assert submits(stage.quote(close - 1, close + 1, after_ns=SECOND)) == []
    return submits(stage.step((Kind.BAR, 1, 0, stage.now_ns, stage.now_ns - SECOND, close, high, low, close, LOT)))


def entered(strategy, **params):
    """A stage on which the strategy has gone long at a bar that closed at 100.50."""
    stage = opened(strategy, **QUICK | params)
    stage.now_ns = 10 * SECOND
    waited = [bar_of(stage, 100_00) for _ in range(6)]
    assert waited == [[]] * 6
    assert bar_of(stage, 100_50) == []
    [order] = bar_of(stage, 100_50)
    return stage, order


@BOTH
def test_it_buys_when_a_bar_has_closed_above_the_channel(strategy):
    stage, order = entered(strategy)
    assert (order.side, order.type, order.quantity) == (Side.BUY, OrderType.MARKET, LOT)
    assert bar_of(stage, 100_60) == []  # one order at a time


@BOTH
def test_the_stop_ends_the_trade_at_the_quote_that_touches_it(strategy):
    stage, order = entered(strategy)
    stage.fill(order.client_order_id, LOT, 100_51)
    assert submits(stage.quote(100_49, 100_51)) == []  # closes a bar, so that none closes below
    stop = strategy_of(stage).save()["stop"] / 2
    assert 99_80 < stop < 100_20
    above, below = int(stop) + 1, int(stop)
    assert submits(stage.quote(above, above + 2)) == []
    [order] = submits(stage.quote(below, below + 2))
    assert (order.side, order.quantity) == (Side.SELL, LOT)
    stage.fill(order.client_order_id, LOT, below)
    assert submits(stage.quote(below, below + 2)) == []


@BOTH
def test_the_stop_follows_the_price_up_and_never_down(strategy):
    stage, order = entered(strategy)
    stage.fill(order.client_order_id, LOT, 100_51)
    stops = []
    for price in (100_70, 101_00, 101_30, 101_25, 101_20):
        bar_of(stage, price)
        stops.append(strategy_of(stage).save()["stop"])
    assert stops == sorted(stops)
    assert stops[2] > stops[0]


@BOTH
def test_it_goes_short_only_where_that_is_allowed(strategy):
    for allowed in (False, True):
        stage = opened(strategy, **QUICK, allow_short=allowed)
        stage.now_ns = 10 * SECOND
        orders = [order for price in [100_00] * 6 + [99_50] * 2 for order in bar_of(stage, price)]
        assert [order.side for order in orders] == [Side.SELL] * allowed


@BOTH
def test_venue_bars_decide_where_they_are_chosen(strategy):
    stage = opened(strategy, **VENUE)
    assert [venue_bar(stage, 100_10, 99_90, 100_00) for _ in range(6)] == [[]] * 6
    [order] = venue_bar(stage, 100_60, 100_00, 100_50)
    stage.fill(order.client_order_id, LOT, 100_51)
    [order] = venue_bar(stage, 100_50, 99_00, 99_95)
    assert (order.side, order.quantity) == (Side.SELL, LOT)


@BOTH
def test_a_rejected_entry_is_given_up(strategy):
    stage, order = entered(strategy)
    stage.report(ReportType.REJECTED, order.client_order_id, reason="no")
    stage.time(2 * SECOND)
    assert submits(stage.quote(100_49, 100_51)) == []


@BOTH
def test_a_rejected_exit_is_tried_again_after_the_pause(strategy):
    stage, order = entered(strategy, pause_ms=100)
    stage.fill(order.client_order_id, LOT, 100_51)
    [order] = submits(stage.quote(99_00, 99_02))
    stage.report(ReportType.REJECTED, order.client_order_id, reason="no")
    assert submits(stage.quote(99_00, 99_02)) == []
    stage.time(SECOND // 10)
    assert [order.side for order in submits(stage.quote(99_00, 99_02))] == [Side.SELL]


@BOTH
def test_a_part_of_an_entry_is_kept_when_the_rest_is_lost(strategy):
    stage, order = entered(strategy)
    stage.fill(order.client_order_id, LOT // 4, 100_51)
    stage.report(ReportType.EXPIRED, order.client_order_id)
    stage.time(2 * SECOND)
    assert submits(stage.quote(100_49, 100_51)) == []
    [order] = submits(stage.quote(99_00, 99_02))
    assert (order.side, order.quantity) == (Side.SELL, LOT // 4)


@BOTH
def test_a_refused_entry_is_not_asked_for_at_every_quote(strategy):
    stage = opened(strategy, limits=RiskLimits(max_order_notional="0.5"), **QUICK)
    stage.now_ns = 10 * SECOND
    for price in [100_00] * 6 + [100_50]:
        bar_of(stage, price)
    assert len(stage.quote(100_49, 100_51, after_ns=2)) == 2  # the refusal and the timer of the pause
    assert stage.quote(100_49, 100_51) == ()


@pytest.mark.parametrize("limits", [WIDE, TIGHT], ids=["wide", "tight"])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("allow_short", [False, True])
def test_the_kernel_sends_what_the_python_strategy_sends(seed, limits, allow_short):
    params = QUICK | {"channel": 3, "atr": 2, "stop_atrs": 1.0, "allow_short": allow_short}
    python = trade(Breakout, seed, limits=limits, quotes=600, after_ms=400, takers_fill=True, **params)
    kernel = trade(BreakoutKernel, seed, limits=limits, quotes=600, after_ms=400, takers_fill=True, **params)

    assert kernel.story == python.story
    assert len(python.story) > 5
    assert python.most_open == 1
    assert python.furthest <= LOT
    assert position_of(kernel.stage) == position_of(python.stage)


@pytest.mark.slow  # compiles the kernel
@pytest.mark.parametrize("bar_seconds", [0, 1])
def test_the_kernel_is_the_same_compiled(bar_seconds):
    assert hold_both(BreakoutKernel, **QUICK | {"bar_seconds": bar_seconds, "allow_short": True}) > 20


@pytest.mark.parametrize("wrong", [{"bar_seconds": -1}, {"stop_atrs": 0.0}, {"pause_ms": 0}])
def test_parameters_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must be"):
        Breakout.Params(**wrong)
