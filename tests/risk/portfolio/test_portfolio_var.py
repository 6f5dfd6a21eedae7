"""VaR and shortfall against scipy, against what other libraries gave, and against the axioms of coherent measures."""

import math
from itertools import pairwise

import numpy as np
import pytest
import scipy  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.portfolio.errors import PortfolioError, TooFewObservations
from risk.portfolio.returns import Floats
from risk.portfolio.var import (
    Moments,
    QuantileRule,
    cornish_fisher,
    cornish_fisher_holds,
    historical,
    moments_of,
    normal,
)

EXACT = pytest.approx
few = settings(max_examples=30)
LEVELS = (0.90, 0.95, 0.975, 0.99, 0.999)
RULES: tuple[QuantileRule, ...] = ("linear", "lower", "higher")


def fat_tailed(seed: int = 20240805) -> tuple[Floats, Floats]:
    """Returns of a benchmark and of something that follows it; the golden figures below are of these."""
    generator = np.random.Generator(np.random.PCG64(seed))
    benchmark = generator.standard_t(5, 500) * 0.01
    return 0.0003 + 0.8 * benchmark + generator.standard_t(4, 500) * 0.008, benchmark


@pytest.mark.parametrize(
    ("confidence", "var", "es"),
    [
        # empyrical-reloaded 0.7.1: -value_at_risk(r, cutoff), -conditional_value_at_risk(r, cutoff)
        (0.95, 0.02236326932523331, 0.029601361475200077),
        (0.99, 0.0320957405058298, 0.042850300890571576),
    ],
)
def test_historical_figures_are_those_of_empyrical(confidence, var, es):
    found = historical(fat_tailed()[0], confidence)

    assert found.var == EXACT(var, rel=1e-9)
    assert found.es == EXACT(es, rel=1e-9)


@pytest.mark.parametrize(
    ("confidence", "var"),
    [(0.95, 0.024391547537509817), (0.99, 0.03446258865353632)],  # quantstats 0.0.86: -value_at_risk(r, 1, confidence)
)
def test_parametric_figures_are_those_of_quantstats(confidence, var):
    moments = moments_of(fat_tailed()[0])

    assert normal(moments.mean, moments.deviation, confidence).var == EXACT(var, rel=1e-9)


@pytest.mark.parametrize("confidence", LEVELS)
def test_parametric_figures_are_those_of_scipys_normal(confidence):
    mean, deviation, horizon = 0.001, 0.02, 10.0
    law = scipy.stats.norm(mean * horizon, deviation * math.sqrt(horizon))
    edge = law.ppf(1 - confidence)

    found = normal(mean, deviation, confidence, horizon)

    assert found.var == EXACT(-edge, rel=1e-9)
    tail = law.expect(lambda x: x, lb=-np.inf, ub=edge, epsabs=1e-13, epsrel=1e-11) / (1 - confidence)
    assert found.es == EXACT(-tail, rel=1e-9)


@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_the_corrected_shortfall_is_the_mean_of_the_corrected_quantiles(confidence):
    moments = Moments(0.001, 0.02, -0.4, 1.5)

    def quantile(alpha: float) -> float:
        z = scipy.stats.norm.ppf(alpha)
        s, k = moments.skew, moments.excess
        corrected = z + (z**2 - 1) * s / 6 + (z**3 - 3 * z) * k / 24 - (2 * z**3 - 5 * z) * s**2 / 36
        return float(moments.mean + moments.deviation * corrected)

    found = cornish_fisher(moments, confidence)

    assert found.var == EXACT(-quantile(1 - confidence), rel=1e-9)
    area = scipy.integrate.quad(quantile, 0, 1 - confidence, epsabs=1e-14, epsrel=1e-12)[0]
    assert found.es == EXACT(-area / (1 - confidence), rel=1e-9)


def test_without_skew_and_fat_tails_the_correction_is_nothing():
    for confidence in LEVELS:
        plain, corrected = normal(0.01, 0.2, confidence, 5.0), cornish_fisher(Moments(0.01, 0.2, 0, 0), confidence, 5.0)
        assert corrected == EXACT(plain, rel=1e-12)


def test_moments_are_scipys():
    sample = fat_tailed()[0]

    found = moments_of(sample)

    assert found.mean == EXACT(np.mean(sample), rel=1e-9)
    assert found.deviation == EXACT(np.std(sample, ddof=1), rel=1e-9)
    assert found.skew == EXACT(scipy.stats.skew(sample), rel=1e-9)
    assert found.excess == EXACT(scipy.stats.kurtosis(sample), rel=1e-9)


@given(st.floats(-1.5, 1.5), st.floats(-1, 12), st.sampled_from((0.95, 0.99)), st.sampled_from((1.0, 10.0)))
def test_the_correction_says_where_its_tail_is_none(skew, excess, confidence, horizon):
    moments = Moments(0.0, 1.0, skew, excess)
    s, k = skew / math.sqrt(horizon), excess / horizon
    z = np.linspace(-60, scipy.stats.norm.ppf(1 - confidence), 2001)
    slope = 1 + z * s / 3 + (z**2 - 1) * k / 8 - (6 * z**2 - 5) * s**2 / 36

    if cornish_fisher_holds(moments, confidence, horizon):
        assert slope.min() >= -1e-9
        found = cornish_fisher(moments, confidence, horizon)
        assert found.es >= found.var - 1e-9
    elif slope.min() > 1e-6:  # it falls further out, or between two points of the grid
        assert k / 8 - s**2 / 6 < 1e-3


def test_fat_tails_hold_and_thin_ones_do_not():
    assert cornish_fisher_holds(Moments(0, 1, 0, 10), 0.99)
    assert cornish_fisher_holds(Moments(0, 1, 0, 0), 0.99)
    assert not cornish_fisher_holds(Moments(0, 1, 0, -0.5), 0.99)
    assert not cornish_fisher_holds(Moments(0, 1, 1.0, 0), 0.99)


samples = st.lists(st.integers(-10_000, 10_000), min_size=2, max_size=60).map(lambda x: np.array(x, float))
levels = st.sampled_from(LEVELS)
rules = st.sampled_from(RULES)


@few
@given(samples, levels, rules)
def test_a_shortfall_is_never_below_its_var(sample, confidence, rule):
    found = historical(sample, confidence, rule)

    assert found.es >= found.var - 1e-9


@few
@given(st.floats(-1, 1), st.floats(0, 5), levels)
def test_nor_is_the_normal_one(mean, deviation, confidence):
    found = normal(mean, deviation, confidence)

    assert found.es >= found.var - 1e-12


@few
@given(samples, levels, rules, st.integers(-1_000, 1_000))
def test_cash_beside_a_portfolio_lowers_its_risk_by_as_much(sample, confidence, rule, cash):
    alone, beside = historical(sample, confidence, rule), historical(sample + cash, confidence, rule)

    assert beside.var == EXACT(alone.var - cash, abs=1e-6)
    assert beside.es == EXACT(alone.es - cash, abs=1e-6)


@few
@given(samples, levels, rules, st.integers(1, 100))
def test_twice_the_portfolio_is_twice_the_risk(sample, confidence, rule, times):
    once, more = historical(sample, confidence, rule), historical(sample * times, confidence, rule)

    assert more.var == EXACT(once.var * times, abs=1e-6)
    assert more.es == EXACT(once.es * times, abs=1e-6)


@few
@given(samples, levels, rules, st.data())
def test_who_always_earns_at_least_as_much_risks_at_most_as_much(sample, confidence, rule, data):
    more = st.lists(st.integers(0, 5_000), min_size=len(sample), max_size=len(sample))
    better = sample + np.array(data.draw(more), float)

    ours, theirs = historical(better, confidence, rule), historical(sample, confidence, rule)

    assert ours.var <= theirs.var + 1e-6
    assert ours.es <= theirs.es + 1e-6


@few
@given(samples, levels, st.data())
def test_two_portfolios_together_have_no_more_shortfall_than_apart(first, confidence, data):
    other = st.lists(st.integers(-10_000, 10_000), min_size=len(first), max_size=len(first))
    second = np.array(data.draw(other), float)

    apart = historical(first, confidence).es + historical(second, confidence).es

    assert historical(first + second, confidence).es <= apart + 1e-6


@few
@given(samples)
def test_more_confidence_is_more_loss(sample):
    figures = [historical(sample, level) for level in LEVELS]

    assert all(a.var <= b.var + 1e-9 and a.es <= b.es + 1e-9 for a, b in pairwise(figures))


def test_a_horizon_scales_by_its_root():
    sample = fat_tailed()[0]

    assert historical(sample, 0.99, horizon=4.0) == EXACT(tuple(2 * x for x in historical(sample, 0.99)), rel=1e-12)


def test_a_constant_has_no_shape():
    assert moments_of(np.full(10, 0.1))[2:] == (0.0, 0.0)


def test_what_carries_no_figure_is_refused_in_words():
    with pytest.raises(TooFewObservations, match="at least 2"):
        moments_of(np.array([1.0]))
    with pytest.raises(PortfolioError, match=r"0\.95"):
        historical(np.zeros(5), 95)
