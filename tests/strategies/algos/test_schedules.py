"""Schedules against naive references and closed forms."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.algos.schedules import ScheduleError, almgren_chriss, even, weighted

scipy = pytest.importorskip("scipy", reason="scipy is not installed; the dev extra has it")


@given(st.integers(0, 10**9), st.integers(1, 50), st.integers(1, 1000))
def test_an_even_schedule_is_the_naive_one(quantity, intervals, lot):
    lots = quantity // lot
    naive = [math.floor(lots * number / intervals + 0.5) * lot for number in range(1, intervals + 1)]
    assert even(quantity, intervals, lot) == naive


@given(st.integers(0, 10**9), st.lists(st.floats(0, 1e6), min_size=1, max_size=40), st.integers(1, 1000))
def test_a_schedule_never_falls_and_ends_with_all_of_it(quantity, weights, lot):
    if sum(weights) <= 0:
        with pytest.raises(ScheduleError):
            weighted(quantity, weights, lot)
        return
    schedule = weighted(quantity, weights, lot)
    assert schedule == sorted(schedule)
    assert schedule[-1] == quantity // lot * lot
    assert all(done % lot == 0 for done in schedule)


def test_a_weighted_schedule_follows_the_cumulative_weights():
    weights = [3.0, 1.0, 0.0, 4.0, 2.0]
    expected = np.floor(10_000 * np.cumsum(weights) / np.sum(weights) + 0.5).astype(int)
    assert weighted(10_000, weights, 1) == expected.tolist()


@pytest.mark.parametrize("risk_aversion", [1e-9, 1e-6, 1e-4, 1e-2])
def test_almgren_and_chriss_s_schedule_is_their_closed_form(risk_aversion):
    quantity, intervals, tau, sigma, eta, gamma = 1_000_000, 20, 30.0, 0.95, 2.5e-3, 2.5e-6
    eta_tilde = eta - gamma * tau / 2
    kappa_tilde_squared = risk_aversion * sigma**2 / eta_tilde
    kappa = np.arccosh(kappa_tilde_squared * tau**2 / 2 + 1) / tau
    times = tau * np.arange(1, intervals + 1)
    held = quantity * np.sinh(kappa * (tau * intervals - times)) / np.sinh(kappa * tau * intervals)
    found = almgren_chriss(
        quantity,
        intervals,
        1,
        interval_s=tau,
        risk_aversion=risk_aversion,
        volatility=sigma,
        temporary_impact=eta,
        permanent_impact=gamma,
    )
    assert np.abs(np.array(found) - (quantity - held)).max() <= 0.5 + 1e-3


def test_almgren_and_chriss_s_schedule_is_what_a_solver_finds():
    """The least of E + lambda V over all schedules, which a solver knows nothing of but its value."""
    quantity, intervals, tau, sigma, eta, gamma, aversion = 1_000.0, 8, 1.0, 0.5, 0.01, 0.001, 2e-3

    def cost(left: np.ndarray) -> float:
        held = np.concatenate([[quantity], left, [0.0]])
        sold = -np.diff(held)
        expected = gamma * quantity**2 / 2 + (eta - gamma * tau / 2) / tau * (sold**2).sum()
        return float(expected + aversion * sigma**2 * tau * (held[1:] ** 2).sum())

    start = quantity * (1 - np.arange(1, intervals) / intervals)
    best = scipy.optimize.minimize(cost, start, method="BFGS", options={"gtol": 1e-6})
    found = almgren_chriss(
        1_000_000,
        intervals,
        1,
        interval_s=tau,
        risk_aversion=aversion,
        volatility=sigma,
        temporary_impact=eta,
        permanent_impact=gamma,
    )
    assert np.abs(1_000 - np.array(found[:-1]) / 1_000 - best.x).max() < 0.05


def test_without_risk_aversion_it_is_even():
    settings = {"interval_s": 60.0, "volatility": 1.0, "temporary_impact": 0.1}
    assert almgren_chriss(777_000, 7, 10, risk_aversion=0.0, **settings) == even(777_000, 7, 10)


@given(st.integers(1, 30), st.floats(0, 1e3), st.floats(1e-6, 1e3), st.floats(1e-6, 1e3), st.integers(1, 10**9))
def test_whatever_the_parameters_it_never_falls_and_ends_with_all(intervals, aversion, sigma, eta, quantity):
    schedule = almgren_chriss(
        quantity, intervals, 1, interval_s=1.0, risk_aversion=aversion, volatility=sigma, temporary_impact=eta
    )
    assert schedule == sorted(schedule)
    assert (len(schedule), schedule[-1]) == (intervals, quantity)


def test_an_impact_that_is_none_is_refused():
    with pytest.raises(ScheduleError):
        almgren_chriss(
            1, 1, 1, interval_s=1.0, risk_aversion=1.0, volatility=1.0, temporary_impact=1.0, permanent_impact=2.0
        )
