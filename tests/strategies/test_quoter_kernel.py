"""The two-sided quoter as a kernel does as the Python strategy does."""

from typing import Any

import pytest

from strategies import TwoSidedQuoter, TwoSidedQuoterKernel
from tests.engine.scenario import LOT
from tests.strategies.compiled_kernel import hold_both
from tests.strategies.twins import TIGHT, WIDE, position_of, trade

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


@pytest.mark.slow  # compiles the kernel
def test_the_quoter_kernel_is_the_same_compiled():
    assert hold_both(TwoSidedQuoterKernel, **PARAMS) > 200
