"""Mean reversion: entry, exit, the longest holding time; the kernel does as the Python strategy does."""

from typing import Any

import pytest

from core.events import ReportType
from core.orders import ApprovedSubmit, OrderType, Side
from strategies import MeanReversion, MeanReversionKernel
from tests.engine.scenario import LOT, SECOND, Stage, only
from tests.strategies.compiled_kernel import hold_both
from tests.strategies.twins import TIGHT, WIDE, opened, position_of, trade

BOTH = pytest.mark.parametrize("strategy", [MeanReversion, MeanReversionKernel])
QUICK: dict[str, Any] = {"period": 10, "sample_ms": 0, "entry": 2.0, "exit": 0.5}
FLAT = [100_00, 100_02] * 6


def submits(effects):
    return [submit.intent for submit in only(effects, ApprovedSubmit)]


def mids(stage: Stage, prices):
    """Quote these mids; return the orders of each quote."""
    return [submits(stage.quote(price - 1, price + 1)) for price in prices]


def entered(strategy, **params):
    stage = opened(strategy, **QUICK | params)
    *waited, [order] = mids(stage, [*FLAT, 99_90])
    assert waited == [[]] * 12
    return stage, order


@BOTH
def test_it_buys_what_fell_far_below_its_mean(strategy):
    stage, order = entered(strategy)
    assert (order.side, order.type, order.quantity) == (Side.BUY, OrderType.MARKET, LOT)
    assert mids(stage, [99_80, 99_70]) == [[], []]  # one order at a time


@BOTH
def test_it_leaves_when_the_price_is_back(strategy):
    stage, order = entered(strategy)
    stage.fill(order.client_order_id, LOT, 99_91)
    still, [order] = mids(stage, [99_91, 100_01])
    assert still == []
    assert (order.side, order.quantity) == (Side.SELL, LOT)


@BOTH
def test_no_order_before_the_window_is_full(strategy):
    stage = opened(strategy, **QUICK)
    assert mids(stage, [*FLAT[:8], 90_00]) == [[]] * 9


@BOTH
def test_a_flat_price_has_no_score(strategy):
    stage = opened(strategy, **QUICK)
    assert mids(stage, [100_00] * 30) == [[]] * 30


@BOTH
def test_it_sells_short_only_where_that_is_allowed(strategy):
    for allowed in (False, True):
        stage = opened(strategy, **QUICK, allow_short=allowed)
        orders = [order.side for orders in mids(stage, [*FLAT, 100_15]) for order in orders]
        assert orders == [Side.SELL] * allowed


@BOTH
def test_what_is_held_too_long_is_sold_and_not_bought_again_before_the_price_was_back(strategy):
    stage, order = entered(strategy, max_holding_s=1)
    stage.fill(order.client_order_id, LOT, 99_91)
    stage.now_ns += SECOND
    [order] = submits(stage.quote(99_39, 99_41))
    assert (order.side, order.quantity) == (Side.SELL, LOT)
    stage.fill(order.client_order_id, LOT, 99_40)
    assert mids(stage, [98_00]) == [[]]  # as far below its mean as before
    back = mids(stage, FLAT)
    assert back == [[]] * 12
    assert [order.side for order in mids(stage, [99_90])[0]] == [Side.BUY]


@BOTH
def test_samples_are_taken_in_their_time_only(strategy):
    stage = opened(strategy, **QUICK | {"sample_ms": 1000})
    assert mids(stage, [*FLAT, 99_90]) == [[]] * 13  # all within one second
    orders = [submits(stage.quote(price - 1, price + 1, after_ns=SECOND)) for price in [*FLAT, 99_90]]
    assert [len(each) for each in orders] == [0] * 12 + [1]


@BOTH
def test_a_rejected_exit_is_tried_again_after_the_pause(strategy):
    stage, order = entered(strategy, pause_ms=100)
    stage.fill(order.client_order_id, LOT, 99_91)
    [[order]] = mids(stage, [100_01])
    stage.report(ReportType.REJECTED, order.client_order_id, reason="no")
    assert mids(stage, [100_01]) == [[]]
    stage.time(SECOND // 10)
    assert [order.side for order in mids(stage, [100_01])[0]] == [Side.SELL]


@BOTH
def test_what_is_less_than_a_lot_is_left(strategy):
    stage, order = entered(strategy)
    odd = 155_500 + 1
    stage.fill(order.client_order_id, odd, 99_91)
    stage.report(ReportType.EXPIRED, order.client_order_id)
    stage.time(2 * SECOND)
    [[order]] = mids(stage, [100_01])
    assert order.quantity == 155_000
    stage.fill(order.client_order_id, 155_000, 100_00, "e2")
    assert mids(stage, [100_01, 100_01]) == [[], []]


@pytest.mark.parametrize("limits", [WIDE, TIGHT], ids=["wide", "tight"])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("allow_short", [False, True])
def test_the_kernel_sends_what_the_python_strategy_sends(seed, limits, allow_short):
    params = QUICK | {"sample_ms": 100, "entry": 1.5, "max_holding_s": 1, "allow_short": allow_short}
    python = trade(MeanReversion, seed, limits=limits, takers_fill=True, **params)
    kernel = trade(MeanReversionKernel, seed, limits=limits, takers_fill=True, **params)

    assert kernel.story == python.story
    assert len(python.story) > 5
    assert python.most_open == 1
    assert python.furthest <= LOT
    assert position_of(kernel.stage) == position_of(python.stage)


@pytest.mark.slow  # compiles the kernel
def test_the_kernel_is_the_same_compiled():
    assert hold_both(MeanReversionKernel, **QUICK | {"allow_short": True, "max_holding_s": 1}) > 20


@pytest.mark.parametrize("wrong", [{"exit": 2.0}, {"entry": -1.0, "exit": -2.0}, {"max_holding_s": 0}])
def test_parameters_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must be"):
        MeanReversion.Params(**wrong)
