"""Shares of risk: by inverse volatility, and of equal contributions as scipy finds them."""

import numpy as np
import pytest
import scipy  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from core.money import money
from risk.sizing.parity import by_parity, covariance, equal_risk, inverse_volatility
from tests.risk.sizing.test_sizing_rules import UNIT


def by_scipy(matrix, budgets):
    """The root of C x = budgets / x, normalised."""
    matrix, budgets = np.array(matrix), np.array(budgets)
    start = np.sqrt(budgets / np.diag(matrix))
    scale = np.sqrt(np.diag(matrix))
    correlation = matrix / np.outer(scale, scale)
    found = scipy.optimize.root(
        lambda y: correlation @ y - budgets / y,
        start * scale,
        jac=lambda y: correlation + np.diag(budgets / y**2),
        tol=1e-14,
    )
    shares = found.x / scale
    return shares / shares.sum()


def random_covariance(seed: int, size: int):
    returns = np.random.default_rng(seed).normal(0, 1, (200, size)) @ np.random.default_rng(seed + 1).normal(
        0, 0.01, (size, size)
    )
    return (returns.T @ returns / 200).tolist()


@pytest.mark.parametrize("size", [1, 2, 5, 12])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_equal_risk_contributions_agree_with_scipy(size, seed):
    matrix, budgets = random_covariance(seed, size), [1.0 + 0.5 * (place % 3) for place in range(size)]
    found = equal_risk(matrix, budgets)
    assert found is not None
    assert found == pytest.approx(by_scipy(matrix, budgets).tolist(), rel=1e-9)
    parts = np.array(found) * (np.array(matrix) @ np.array(found))
    assert parts / parts.sum() == pytest.approx(np.array(budgets) / sum(budgets), rel=1e-9)


def test_covariances_agree_with_numpy():
    series = np.random.default_rng(7).normal(0, 0.01, (3, 50))
    assert np.array(covariance(series.tolist())) == pytest.approx(series @ series.T / 50, rel=1e-9)


def test_without_correlations_the_shares_go_by_budget_over_volatility():
    assert inverse_volatility([0.1, 0.2, 0.4], [1.0, 1.0, 1.0]) == pytest.approx([4 / 7, 2 / 7, 1 / 7], rel=1e-12)
    assert inverse_volatility([0.1, 0.1], [3.0, 1.0]) == pytest.approx([0.75, 0.25], rel=1e-12)
    diagonal = [[0.01, 0.0], [0.0, 0.04]]
    assert equal_risk(diagonal, [1.0, 1.0]) == pytest.approx(inverse_volatility([0.1, 0.2], [1.0, 1.0]), rel=1e-12)


def test_a_market_that_does_not_move_has_no_share_of_risk():
    assert equal_risk([[0.0, 0.0], [0.0, 1.0]], [1.0, 1.0]) is None


@settings(max_examples=50)
@given(rows=st.lists(st.lists(st.floats(-0.1, 0.1), min_size=6, max_size=6), min_size=1, max_size=4))
def test_shares_are_positive_and_come_to_one_whatever_the_returns(rows):
    found = equal_risk(covariance(rows), [1.0] * len(rows))
    if found is not None:
        assert sum(found) == pytest.approx(1.0, rel=1e-12)
        assert min(found) > 0.0


def test_a_share_of_the_value_is_a_quantity():
    assert by_parity(money("1000"), 2.0, 0.25, UNIT).quantity == 5_000
    assert by_parity(money("-1000"), 2.0, 0.25, UNIT).quantity == 0
