"""Covariance, correlation, their breaks and beta, against numpy, pandas, scikit-learn and scipy."""

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest
import scipy  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.covariance import LedoitWolf

from risk.portfolio.beta import beta_of
from risk.portfolio.correlation import correlation_matrix, matrix_break, pair_breaks
from risk.portfolio.covariance import (
    component_shares,
    deviation_of,
    ewma_covariance,
    ledoit_wolf,
    sample_covariance,
)
from risk.portfolio.errors import NotComparable, PortfolioError, TooFewObservations
from risk.portfolio.returns import Floats
from risk.portfolio.special import chi_squared_tail, normal_cdf, normal_quantile


def returns(bars: int, names: int, seed: int = 7, together: float = 0.5) -> Floats:
    generator = np.random.Generator(np.random.PCG64(seed))
    common = generator.standard_normal((bars, 1))
    own = generator.standard_normal((bars, names))
    scale = np.linspace(0.005, 0.03, names)
    return np.asarray((together * common + own) * scale + 0.0002)


def test_the_sample_covariance_is_numpys():
    table = returns(250, 6)

    assert sample_covariance(table) == pytest.approx(np.cov(table, rowvar=False), rel=1e-9)


def test_the_forgetting_covariance_is_pandas_weighting_of_products():
    table = returns(120, 3)
    frame = pd.DataFrame(table)

    found = ewma_covariance(table, 0.94)

    for i in range(3):
        for j in range(3):
            expected = (frame[i] * frame[j]).ewm(alpha=0.06, adjust=True).mean().iloc[-1]
            assert found[i, j] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("bars", "names"), [(500, 5), (60, 20), (15, 40), (30, 1)])
def test_the_shrunk_covariance_is_scikit_learns(bars, names):
    table = returns(bars, names)
    reference = LedoitWolf().fit(table)

    found = ledoit_wolf(table)

    assert found.shrinkage == pytest.approx(reference.shrinkage_, rel=1e-9, abs=1e-12)
    assert found.covariance == pytest.approx(reference.covariance_, rel=1e-9, abs=1e-18)


def test_more_names_than_bars_can_be_inverted_once_shrunk():
    assert np.linalg.eigvalsh(ledoit_wolf(returns(15, 40)).covariance).min() > 0


def test_the_parts_of_a_portfolios_variance_are_its_whole():
    covariance, values = sample_covariance(returns(250, 3)), np.array([100.0, -40.0, 25.0])

    assert component_shares(values, covariance).sum() == pytest.approx(1.0, rel=1e-12)
    assert deviation_of(values, covariance) == pytest.approx(np.std(returns(250, 3) @ values, ddof=1), rel=1e-9)
    assert not component_shares(np.zeros(3), covariance).any()


def test_correlations_are_numpys_and_of_what_does_not_move_nought():
    table = returns(200, 4)
    still = np.column_stack([table, np.full(200, 0.5)])

    assert correlation_matrix(table) == pytest.approx(np.corrcoef(table, rowvar=False), rel=1e-9)
    assert correlation_matrix(still)[4, :4].tolist() == [0.0] * 4


def test_the_pair_that_broke_is_named_first():
    before, after = returns(300, 4, seed=1, together=1.0), returns(300, 4, seed=2, together=1.0)
    after[:, 2] = -after[:, 0] + 0.1 * after[:, 2]

    found = pair_breaks(("a", "b", "c", "d"), before, after)

    assert (found[0].first, found[0].second) == ("a", "c")
    assert found[0].adjusted < 1e-6
    assert matrix_break(before, after).p_value < 1e-6


def test_fishers_test_is_the_formula_on_scipys_correlations():
    before, after = returns(100, 2, seed=3), returns(80, 2, seed=4)
    old, new = scipy.stats.pearsonr(*before.T).statistic, scipy.stats.pearsonr(*after.T).statistic
    z = (np.arctanh(new) - np.arctanh(old)) / np.sqrt(1 / 97 + 1 / 77)

    (found,) = pair_breaks(("a", "b"), before, after)

    assert (found.before, found.after, found.z) == pytest.approx((old, new, z), rel=1e-9)
    assert found.p_value == pytest.approx(2 * scipy.stats.norm.sf(abs(z)), rel=1e-9)
    assert found.adjusted == found.p_value


def test_holms_adjustment_is_the_textbooks():
    found = pair_breaks("abcde", returns(60, 5, seed=5), returns(60, 5, seed=6))
    plain = [each.p_value for each in found]

    expected = np.maximum.accumulate([min(1.0, (10 - rank) * p) for rank, p in enumerate(plain)])

    assert plain == sorted(plain)
    assert [each.adjusted for each in found] == pytest.approx(expected.tolist(), rel=1e-12)


def test_jennrichs_statistic_is_chi_squared_where_nothing_broke():
    chances = []
    for seed in range(100):
        table = returns(400, 3, seed=seed)
        found = matrix_break(table[:200], table[200:])
        assert found.p_value == pytest.approx(scipy.stats.chi2.sf(found.statistic, found.degrees), rel=1e-9)
        chances.append(found.p_value)

    assert scipy.stats.kstest(chances, "uniform").pvalue > 0.01


def test_jennrichs_statistic_of_two_names_is_the_one_worked_by_hand():
    before, after = returns(50, 2, seed=8), returns(90, 2, seed=9)
    r_1, r_2 = correlation_matrix(before)[0, 1], correlation_matrix(after)[0, 1]
    mean = (50 * r_1 + 90 * r_2) / 140
    by_hand = 50 * 90 / 140 * (r_2 - r_1) ** 2 / (1 - mean**2) ** 2  # the 2 x 2 case multiplied out

    assert matrix_break(before, after).statistic == pytest.approx(by_hand, rel=1e-9)


def test_beta_is_scipys_regression():
    table = returns(200, 2)
    reference = scipy.stats.linregress(table[:, 0], table[:, 1])

    found = beta_of(table[:, 1], table[:, 0])

    assert (found.beta, found.alpha) == pytest.approx((reference.slope, reference.intercept), rel=1e-9)
    assert (found.correlation, found.error) == pytest.approx((reference.rvalue, reference.stderr), rel=1e-9)


def test_beta_is_empyricals():
    generator = np.random.Generator(np.random.PCG64(20240805))
    benchmark = generator.standard_t(5, 500) * 0.01
    own = 0.0003 + 0.8 * benchmark + generator.standard_t(4, 500) * 0.008

    # empyrical-reloaded 0.7.1: beta(r, benchmark), alpha(r, benchmark, annualization=1)
    assert beta_of(own, benchmark).beta == pytest.approx(0.8071245902303918, rel=1e-9)
    assert beta_of(own, benchmark).alpha == pytest.approx(8.036906378161568e-05, rel=1e-9)


@given(st.floats(0.001, 300), st.integers(1, 200))
@settings(max_examples=40)
def test_the_chi_squared_tail_is_scipys(x, degrees):
    assert chi_squared_tail(x, degrees) == pytest.approx(scipy.stats.chi2.sf(x, degrees), rel=1e-9, abs=1e-300)


@given(st.floats(1e-9, 1 - 1e-9))
def test_normal_quantiles_and_tails_are_scipys(probability):
    assert normal_quantile(probability) == pytest.approx(scipy.stats.norm.ppf(probability), rel=1e-9, abs=1e-12)
    x = normal_quantile(probability)
    assert normal_cdf(x) == pytest.approx(scipy.stats.norm.cdf(x), rel=1e-9)


def test_what_cannot_be_computed_is_refused_in_words():
    with pytest.raises(TooFewObservations, match="at least 2 bars"):
        sample_covariance(np.zeros((1, 3)))
    with pytest.raises(PortfolioError, match="decay"):
        ewma_covariance(np.zeros((5, 2)), 1.0)
    with pytest.raises(TooFewObservations, match="at least 4"):
        pair_breaks("ab", np.zeros((3, 2)), np.zeros((9, 2)))
    with pytest.raises(NotComparable, match="did not move"):
        beta_of(np.arange(5.0), np.ones(5))
    same = np.column_stack([np.arange(9.0)] * 2)
    with pytest.raises(NotComparable, match="as one"):
        matrix_break(same, same)
