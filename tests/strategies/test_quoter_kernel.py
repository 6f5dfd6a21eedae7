"""The two-sided quoter as a kernel does as the Python strategy does."""

from typing import Any

import pytest

from core.events import ReportType
from core.orders import ApprovedCancel, ApprovedSubmit, Side
from strategies import TwoSidedQuoter, TwoSidedQuoterKernel
from tests.engine.scenario import LOT, only
from tests.strategies.compiled_kernel import hold_both
from tests.strategies.twins import TIGHT, WIDE, opened, position_of, trade

PARAMS: dict[str, Any] = {"quantity": "0.01", "max_inventory": "0.03", "half_spread_bps": 3.0}


@pytest.mark.parametrize("limits", [WIDE, TIGHT], ids=["wide", "tight"])
@pytest.mark.parametrize("seed", range(5))
def test_the_quoter_kernel_sends_what_the_python_quoter_sends(seed, limits):
    python = trade(TwoSidedQuoter, seed, limits=limits, **PARAMS)
    kernel = trade(TwoSidedQuoterKernel, seed, limits=limits, **PARAMS)

    assert kernel.story == python.story
    assert len(python.story) > 10
    assert python.most_open == 1
    assert python.furthest <= 4 * LOT
    assert position_of(kernel.stage) == position_of(python.stage)


@pytest.mark.parametrize("strategy", [TwoSidedQuoter, TwoSidedQuoterKernel])
def test_a_side_whose_cancel_the_venue_refused_is_moved_after_a_pause(strategy):
    stage = opened(strategy, pause_ms=300, **PARAMS)
    stage.quote(99_99, 100_01)
    [bid, ask] = [cancel.client_order_id for cancel in only(stage.quote(109_99, 110_01), ApprovedCancel)]
    stage.report(ReportType.CANCELLED, ask)
    stage.report(ReportType.CANCEL_REJECTED, bid)

    assert stage.quote(109_99, 110_01) == ()
    stage.time(300_000_000)
    effects = stage.quote(109_99, 110_01)
    assert [cancel.client_order_id for cancel in only(effects, ApprovedCancel)] == [bid]
    assert [submit.intent.side for submit in only(effects, ApprovedSubmit)] == [Side.SELL]
    stage.report(ReportType.CANCELLED, bid)
    assert [submit.intent.side for submit in only(stage.quote(109_99, 110_01), ApprovedSubmit)] == [Side.BUY]


@pytest.mark.slow  # compiles the kernel
def test_the_quoter_kernel_is_the_same_compiled():
    assert hold_both(TwoSidedQuoterKernel, **PARAMS) > 200
