"""The grid maker: its levels, what it keeps and cancels, its limits; the kernel does as the Python strategy does."""

from typing import Any

import pytest

from core.events import ReportType
from core.orders import ApprovedCancel, ApprovedSubmit, Side
from risk.limits import RiskLimits
from strategies import GridMaker, GridMakerKernel
from tests.engine.scenario import LOT, only
from tests.strategies.compiled_kernel import hold_both
from tests.strategies.twins import TIGHT, WIDE, opened, position_of, trade

BOTH = pytest.mark.parametrize("strategy", [GridMaker, GridMakerKernel])
PLAIN: dict[str, Any] = {
    "levels": 3,
    "interval_bps": 10.0,
    "half_spread_bps": 15.0,
    "skew_bps": 0.0,
}  # at 100.00: 10, 15 ticks
LEANED: dict[str, Any] = {
    "levels": 3,
    "interval_bps": 3.0,
    "half_spread_bps": 3.0,
    "skew_bps": 1.0,
    "max_inventory": "0.05",
}


def submits(effects):
    return [submit.intent for submit in only(effects, ApprovedSubmit)]


def prices(intents, side):
    return [intent.price for intent in intents if intent.side is side]


@BOTH
def test_the_levels_lie_on_multiples_of_the_interval(strategy):
    stage = opened(strategy, **PLAIN)
    intents = submits(stage.quote(99_99, 100_01))

    assert prices(intents, Side.BUY) == [99_80, 99_70, 99_60]
    assert prices(intents, Side.SELL) == [100_20, 100_30, 100_40]
    assert all(intent.post_only for intent in intents)


@BOTH
def test_what_is_still_in_the_grid_stays_and_what_left_it_is_cancelled(strategy):
    stage = opened(strategy, **PLAIN)
    first = {intent.price: intent.client_order_id for intent in submits(stage.quote(99_99, 100_01))}
    effects = stage.quote(100_09, 100_11)

    assert [cancel.client_order_id for cancel in only(effects, ApprovedCancel)] == [first[99_60], first[100_20]]
    assert submits(effects) == []  # a place is free once its order has ended
    stage.report(ReportType.CANCELLED, first[99_60])
    stage.report(ReportType.CANCELLED, first[100_20])
    later = submits(stage.quote(100_09, 100_11))
    assert [(intent.side, intent.price) for intent in later] == [(Side.BUY, 99_90), (Side.SELL, 100_50)]


@BOTH
def test_a_quote_within_the_interval_costs_nothing(strategy):
    stage = opened(strategy, **PLAIN)
    stage.quote(99_99, 100_01)
    assert [stage.quote(99_99 + number, 100_01 + number) for number in (1, 2, 1, 0)] == [()] * 4


@BOTH
def test_the_grid_never_crosses_the_market(strategy):
    stage = opened(strategy, **PLAIN | {"half_spread_bps": 0.0})
    intents = submits(stage.quote(99_85, 100_15))
    assert max(prices(intents, Side.BUY)) == 99_80
    assert min(prices(intents, Side.SELL)) == 100_20


@BOTH
def test_inventory_moves_the_grid_down(strategy):
    stage = opened(strategy, **PLAIN | {"skew_bps": 10.0})
    [nearest] = [intent for intent in submits(stage.quote(99_99, 100_01)) if intent.price == 99_80]
    stage.fill(nearest.client_order_id, LOT, nearest.price)
    intents = submits(stage.quote(99_99, 100_01))
    assert prices(intents, Side.BUY) == [99_50]
    assert prices(intents, Side.SELL) == []  # 100.10 waits for the place of the one that left the grid


@BOTH
def test_a_side_has_no_more_levels_than_fit_the_inventory(strategy):
    stage = opened(strategy, **PLAIN | {"max_inventory": "0.02"})
    intents = submits(stage.quote(99_99, 100_01))
    assert prices(intents, Side.BUY) == [99_80, 99_70]
    stage.fill(intents[0].client_order_id, LOT, 99_80)
    effects = stage.quote(99_99, 100_01)
    assert [intent.side for intent in submits(effects)] == [Side.SELL]  # one more to sell, none more to buy
    assert len(only(effects, ApprovedCancel)) == 1  # 99.70 is beyond the first level, which is all that fits


@BOTH
def test_a_cancel_that_the_venue_refuses_is_asked_for_again_after_a_pause(strategy):
    stage = opened(strategy, **PLAIN | {"pause_ms": 300})
    stage.quote(99_99, 100_01)
    [bid, ask] = [cancel.client_order_id for cancel in only(stage.quote(100_09, 100_11), ApprovedCancel)]
    stage.report(ReportType.CANCEL_REJECTED, bid)
    assert stage.quote(100_09, 100_11) == ()
    stage.report(ReportType.CANCELLED, ask)
    stage.time(300_000_000)
    again = only(stage.quote(100_09, 100_11), ApprovedCancel)
    assert [cancel.client_order_id for cancel in again] == [bid]


@BOTH
def test_refusals_of_many_levels_make_one_pause(strategy):
    stage = opened(strategy, limits=RiskLimits(max_order_notional="0.5"), **PLAIN)
    stage.quote(99_99, 100_01)
    assert stage.quote(99_99, 100_01) == ()
    stage.time(250_000_000)
    assert len(stage.quote(99_99, 100_01)) == 6 + 1  # all levels again, and one timer


@pytest.mark.parametrize("limits", [WIDE, TIGHT], ids=["wide", "tight"])
@pytest.mark.parametrize("seed", range(5))
def test_the_kernel_sends_what_the_python_strategy_sends(seed, limits):
    python = trade(GridMaker, seed, limits=limits, **LEANED)
    kernel = trade(GridMakerKernel, seed, limits=limits, **LEANED)

    assert kernel.story == python.story
    assert len(python.story) > 20
    assert python.most_open == 3
    assert python.furthest <= 5 * LOT
    assert position_of(kernel.stage) == position_of(python.stage)


@pytest.mark.slow  # compiles the kernel
def test_the_kernel_is_the_same_compiled():
    assert hold_both(GridMakerKernel, **LEANED) > 200


@pytest.mark.parametrize("wrong", [{"levels": 0}, {"levels": 17}, {"interval_bps": 0.0}, {"pause_ms": 0}])
def test_parameters_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=r"levels must be|must be above 0"):
        GridMaker.Params(**wrong)
