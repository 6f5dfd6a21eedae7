"""Histories of different lengths and with holes become one matrix, and what is left out is told."""

import numpy as np
import pytest

from risk.portfolio.concentration import concentration
from risk.portfolio.errors import NotComparable, TooFewObservations
from risk.portfolio.returns import align, prices

MINUTE = 60_000_000_000


def history(times, closes):
    return prices(np.array(times) * MINUTE, closes)


def test_returns_are_of_the_bars_that_all_names_have():
    found = align({"b": history([1, 2, 3, 4], [10, 11, 12, 13]), "a": history([2, 3, 4, 5], [100, 110, 99, 1])})

    assert found.names == ("a", "b")
    assert (found.times_ns // MINUTE).tolist() == [3, 4]
    assert found.returns == pytest.approx(np.array([[0.1, 12 / 11 - 1], [-0.1, 13 / 12 - 1]]))
    assert found.missing == {"a": 1, "b": 1}
    assert found.column("b").tolist() == found.returns[:, 1].tolist()


def test_a_return_over_a_hole_is_of_another_horizon_and_dropped():
    holed = {"a": history([1, 2, 4, 5], [10, 11, 20, 22])}

    kept, whole = align(holed), align(holed, step_ns=MINUTE)

    assert len(kept.returns) == 3
    assert whole.returns[:, 0].tolist() == pytest.approx([0.1, 0.1])
    assert whole.dropped == 1


def test_a_name_with_too_few_bars_is_left_out_and_told():
    found = align({"old": history([1, 2, 3], [1, 2, 4]), "new": history([3], [7])}, least=2)

    assert found.names == ("old",)
    assert found.left_out == {"new": 1}
    with pytest.raises(NotComparable, match="no returns of new: 1 bars"):
        found.column("new")


def test_logarithmic_returns_add_up():
    found = align({"a": history([1, 2, 3], [10, 5, 20])}, kind="log")

    assert found.returns.sum() == pytest.approx(np.log(2.0), rel=1e-12)


def test_no_common_history_is_refused_with_what_each_lacks():
    with pytest.raises(TooFewObservations, match="lacking"):
        align({"a": history([1, 2], [1, 1]), "b": history([3, 4], [1, 1])})
    with pytest.raises(TooFewObservations, match="follow each other"):
        align({"a": history([1, 3], [1, 1])}, step_ns=MINUTE)
    with pytest.raises(TooFewObservations, match="wait for history"):
        align({})


@pytest.mark.parametrize(
    ("times", "closes", "why"),
    [([1, 1], [1, 2], "ascend"), ([1, 2], [1, 0], "above 0"), ([1, 2], [1, np.nan], "above 0"), ([1], [1, 2], "times")],
)
def test_a_history_that_is_none_is_refused(times, closes, why):
    with pytest.raises(NotComparable, match=why):
        history(times, closes)


def test_equal_shares_are_as_concentrated_as_their_number():
    found = concentration([("a", 10.0), ("b", -10.0), ("c", 10.0), ("d", 10.0)])

    assert (found.hhi, found.effective, found.top_share, found.gross) == pytest.approx((0.25, 4.0, 0.25, 40.0))


def test_what_hedges_within_a_name_is_netted_first():
    found = concentration([("tech", 30.0), ("tech", -10.0), ("energy", -60.0)])

    assert found.shares == pytest.approx({"energy": 0.75, "tech": 0.25})
    assert found.top == "energy"
    assert found.hhi == pytest.approx(0.625)
    assert concentration([]).effective == 0.0
