"""What the built-in strategies do with orders and positions of an earlier session."""

from typing import Any

import pytest

from core.events import ReportType
from core.orders import ApprovedCancel, ApprovedSubmit
from strategies import EmaCross, EmaCrossKernel, GridMaker, GridMakerKernel, MeanReversion, Strategy, TwoSidedQuoter
from tests.strategies.algos.lasting_place import LastingPlace
from tests.strategies.algos.market_place import LOT


def restarted(strategy: type[Strategy], **params: Any) -> LastingPlace:
    """One whose orders of before still work."""
    place = LastingPlace(strategy, **params)
    place.quote(99_99, 100_01)
    place.obey()
    assert place.leaves
    after = place.died()
    after.ready()
    return after


@pytest.mark.parametrize("strategy", [TwoSidedQuoter, GridMaker])
def test_a_maker_takes_its_working_orders_over_and_asks_for_no_second_ones(strategy):
    place = restarted(strategy, quantity="0.01", half_spread_bps=1.0)
    working = list(place.leaves)
    for number in range(4):
        place.quote(99_99 + number, 100_01 + number)
        place.obey()
        assert len(place.leaves) <= len(working)
    names = {order.client_order_id for order in place.algo.open_orders()}
    assert names == set(place.leaves)


def test_a_grid_that_shrank_cancels_what_has_no_place_any_more():
    place = LastingPlace(GridMaker, quantity="0.01", levels=5)
    place.quote(99_99, 100_01)
    place.obey()
    assert len(place.leaves) == 10
    place = place.died(levels=2)
    place.ready()
    assert [type(each) for each in place.inbox] == [ApprovedCancel] * 6


def test_a_kernel_cancels_what_an_earlier_session_left_and_knows_its_position():
    place = LastingPlace(GridMakerKernel, quantity="0.01")
    place.quote(99_99, 100_01)
    place.obey()
    left = list(place.leaves)
    place.execute(left[0], LOT)
    place = place.died()
    place.ready()
    assert place.algo.desk.positions[0] == place.algo.position(place.algo.markets[0]) == LOT
    assert [each.client_order_id for each in place.inbox if isinstance(each, ApprovedCancel)] == left[1:]
    place.quote(99_99, 100_01)
    before = place.algo.save()
    place.report(ReportType.CANCELLED, left[1])
    assert place.algo.save() == before, "an order of another session has no number here"


def test_a_kernels_last_number_of_before_is_not_taken_for_its_own():
    place = LastingPlace(EmaCrossKernel)
    assert place.algo._number_of("t00000001000007") == 7
    after = place.died()
    assert after.algo._number_of("t00000001000007") == -1
    assert after.algo._number_of("autoclose-9") == 0


def test_ema_cross_counts_from_the_position_that_it_had():
    place = LastingPlace(EmaCross, fast=2, slow=3, quantity="0.02")
    for bid in (99_00, 99_10, 99_20, 99_30, 99_40, 99_50):
        place.quote(bid, bid + 2)
        place.obey(fill=True)
    assert place.executed == 2 * LOT
    place = place.died()
    place.ready()
    for bid in (99_50, 99_40, 99_30, 99_20, 99_10, 99_00):
        place.quote(bid, bid + 2)
        place.obey(fill=True)
    assert place.algo.position(place.algo.markets[0]) == 0


def test_a_taker_closes_what_it_held_and_waits_for_the_order_that_is_still_out():
    place = LastingPlace(MeanReversion, quantity="0.02")
    place.quote(99_99, 100_01)
    place.algo.target = 2 * LOT
    place.quote(99_99, 100_01)
    [bought] = [command.intent.client_order_id for command in place.inbox if isinstance(command, ApprovedSubmit)]
    place = place.died(arrived=1)
    place.ready()
    place.quote(99_99, 100_01)
    assert not place.inbox
    place.execute(bought, 2 * LOT)
    place.quote(99_99, 100_01)
    place.obey(fill=True)
    assert place.algo.position(place.algo.markets[0]) == 0
