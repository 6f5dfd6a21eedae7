"""What luck brings: the numbers of the paper, and of draws without skill."""

import math

import numpy as np
import pytest

from research.sweep.deflated import deflated, expected_best


def test_the_example_of_the_paper_comes_out():
    # Bailey and Lopez de Prado (2014), p. 12: 100 trials whose annualised ratios vary by 1/2, 1,250 daily returns,
    # the best an annualised 2.5, skewness -3, kurtosis 10.
    by_luck = 0.1132

    assert deflated(2.5 / math.sqrt(250), by_luck, 1_250, -3, 10) == pytest.approx(0.9004, abs=2e-4)


def test_the_ratio_that_luck_brings_is_the_mean_of_the_best_of_as_many_draws():
    rng = np.random.default_rng(3)
    draws = rng.normal(0, 0.05, (4_000, 100))

    assert expected_best(draws[0].tolist()) == pytest.approx(draws.max(axis=1).mean(), rel=0.15)
    assert expected_best([0.3]) == 0.0


def test_without_enough_returns_there_is_no_probability():
    assert deflated(0.1, 0.0, 1, 0.0, 3.0) is None
    assert deflated(3.0, 0.0, 100, 5.0, 1.0) is None
