"""Stress tables, rotations and simulated paths."""

import numpy as np
import pytest

from risk.portfolio.covariance import sample_covariance
from risk.portfolio.errors import NotComparable, PortfolioError
from risk.portfolio.paths import path_risk, simulate, simulate_paths
from risk.portfolio.scenarios import HISTORICAL
from risk.portfolio.stress import EVERYTHING, Holding, Shock, custom, rotations, shock_of, stress, worst_of
from risk.portfolio.var import historical, normal

BTC = Holding("BTCUSDT.BINANCE", 1000.0, "BTC", asset_class="crypto")
SOL = Holding("SOLUSDT.BINANCE", -200.0, "SOL", asset_class="crypto")
BANK = Holding("JPM.NYSE", 500.0, "JPM", "financials", "equity")
OIL = Holding("XOM.NYSE", 300.0, "XOM", "energy", "equity")

MEAN = np.array([0.001, -0.0005, 0.0])
COVARIANCE = np.array([[4e-4, 1e-4, 0], [1e-4, 9e-4, -2e-4], [0, -2e-4, 1e-4]])


def scenario(name):
    return next(each for each in HISTORICAL if each.name == name)


def test_the_most_particular_shock_counts():
    ftx = scenario("2022-ftx")

    found = stress([BTC, SOL, BANK], ftx)

    assert found.by_name == pytest.approx({BTC.name: -254.0, SOL.name: 122.0})
    assert found.uncovered == (BANK.name,)
    assert stress([OIL], scenario("2020-covid")).pnl == pytest.approx(-168.0)


def test_options_lose_and_win_by_their_curvature_and_volatility_too():
    option = Holding("C", 1000.0, "SPX", asset_class="equity", gamma=5000.0, vega=200.0)

    found = stress([option], custom("down", {"class:equity": -0.2}, volatility=0.3))

    assert found.pnl == pytest.approx(-200 + 100 + 60)


def test_every_replay_has_a_source_and_shocks_that_can_be():
    assert len({each.name for each in HISTORICAL}) == len(HISTORICAL) >= 10
    for each in HISTORICAL:
        assert each.source
        assert each.title
        assert len({shock.scope for shock in each.shocks}) == len(each.shocks)
        for shock in each.shocks:
            assert -1.0 <= shock.move <= 0.5
            assert custom(each.name, {shock.scope: shock.move})


def test_rotations_go_both_ways_between_what_is_held():
    found = {each.name: stress([BANK, OIL, BTC], each).pnl for each in rotations([BANK, OIL, BTC], 0.1)}

    assert found == pytest.approx({"rotation-energy-financials": 20.0, "rotation-financials-energy": -20.0})


def test_the_worst_is_the_one_that_loses_most():
    results = [stress([BTC], each) for each in HISTORICAL]

    worst = worst_of(results)

    assert worst is not None
    assert worst.scenario == "2021-05-crypto"
    assert worst_of([]) is None


def test_a_persons_own_shocks_are_checked():
    assert shock_of(custom("all", {EVERYTHING: -0.1}), BTC) == Shock(EVERYTHING, -0.1)
    with pytest.raises(PortfolioError, match="no scope"):
        custom("x", {"BTC": -0.1})
    with pytest.raises(PortfolioError, match="-1 is all of it"):
        custom("x", {"*": -30})


def test_one_seed_is_one_simulation_and_another_is_another():
    first, again, other = (simulate(MEAN, COVARIANCE, 50, seed) for seed in (1, 1, 2))

    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_the_first_draws_of_a_seed_stay_what_they_are():
    # numpy's stream of PCG64 and its normal draws: a change of it would change every journaled figure from then on
    assert simulate(np.zeros(1), np.eye(1), 3, 42)[:, 0].tolist() == pytest.approx(
        [0.30471707975443135, -1.0399841062404955, 0.7504511958064572], rel=1e-12
    )


@pytest.mark.parametrize("degrees", [None, 6.0])
def test_simulated_returns_have_the_mean_and_covariance_asked_for(degrees):
    draws = simulate(MEAN, COVARIANCE, 200_000, 11, horizon=4.0, degrees=degrees)

    assert draws.mean(axis=0) == pytest.approx(4 * MEAN, abs=4e-4)
    assert sample_covariance(draws) == pytest.approx(4 * COVARIANCE, rel=0.03, abs=2e-5)


def test_normal_simulation_tends_to_the_parametric_figure_and_fat_tails_lie_beyond():
    values = np.array([100.0, -50.0, 20.0])
    mean, deviation = float(MEAN @ values), float(np.sqrt(values @ COVARIANCE @ values))
    plain = historical(simulate(MEAN, COVARIANCE, 200_000, 3) @ values, 0.99)
    fat = historical(simulate(MEAN, COVARIANCE, 200_000, 3, degrees=3.0) @ values, 0.99)

    assert tuple(plain) == pytest.approx(tuple(normal(mean, deviation, 0.99)), rel=0.02)
    assert fat.es > plain.es * 1.2


def test_names_that_move_as_one_can_be_simulated():
    draws = simulate(np.zeros(2), np.full((2, 2), 1e-4), 100, 5)

    assert draws[:, 0] == pytest.approx(draws[:, 1], rel=1e-6)


def test_paths_never_lose_more_than_there_is_and_drawdowns_are_at_least_the_end():
    values = np.array([100.0, 50.0, 20.0])
    paths = simulate_paths(MEAN, COVARIANCE * 100, 30, 500, 9, degrees=4.0)

    found = path_risk(values, paths, 0.95)

    assert paths.shape == (500, 30, 3)
    assert paths.min() > -1.0
    assert found.worst <= 170.0
    assert found.drawdown_var >= found.var
    assert 0.0 < found.lost < 1.0


def test_what_is_no_covariance_is_refused():
    with pytest.raises(NotComparable, match="negative eigenvalue"):
        simulate(np.zeros(2), np.array([[1.0, 2.0], [2.0, 1.0]]), 5, 1)
    with pytest.raises(NotComparable, match="2 means"):
        simulate(np.zeros(2), np.eye(3), 5, 1)
    with pytest.raises(PortfolioError, match="degrees of freedom"):
        simulate(np.zeros(1), np.eye(1), 5, 1, degrees=2.0)
