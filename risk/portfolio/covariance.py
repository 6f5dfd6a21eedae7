"""How returns vary together: the sample's covariance, one that forgets, and one that is shrunk against noise."""

from typing import NamedTuple

import numpy as np

from risk.portfolio.errors import PortfolioError, TooFewObservations
from risk.portfolio.returns import Floats

RISK_METRICS_DECAY = 0.94  # of daily returns, RiskMetrics Technical Document (1996)


class Shrunk(NamedTuple):
    """A covariance (N, N) and how much of it is the target, 0 to 1."""

    covariance: Floats
    shrinkage: float


def sample_covariance(returns: Floats) -> Floats:
    """Return the unbiased covariance (N, N) of returns (T, N)."""
    centred = _centred(returns)
    return np.asarray(centred.T @ centred / (len(centred) - 1))


def ewma_covariance(returns: Floats, decay: float = RISK_METRICS_DECAY) -> Floats:
    """Return the covariance (N, N) of returns (T, N) about zero, each bar weighing `decay` times the one after it.

    As RiskMetrics, with weights that sum to one over the T bars there are.
    """
    if not 0.0 < decay < 1.0:
        raise PortfolioError(f"a decay of {decay:g}: give a share such as 0.94")
    table = _table(returns, 1)
    weights = decay ** np.arange(len(table) - 1, -1, -1, dtype=np.float64)
    weights /= weights.sum()
    return np.asarray((table * weights[:, None]).T @ table)


def ledoit_wolf(returns: Floats) -> Shrunk:
    """Return the biased covariance (N, N) of returns (T, N), shrunk towards a multiple of the identity.

    Ledoit and Wolf, A well-conditioned estimator for large-dimensional covariance matrices (2004): the share that
    makes the expected squared error smallest. Invertible even where there are more names than bars.
    """
    centred = _centred(returns)
    count, names = centred.shape
    covariance = centred.T @ centred / count
    squares = centred**2
    mean_variance = float(np.trace(covariance)) / names
    squared = float(np.sum(covariance**2))
    noise = (float(np.sum(squares.T @ squares)) / count - squared) / (names * count)
    distance = (squared - names * mean_variance**2) / names
    noise = min(noise, distance)
    shrinkage = 0.0 if noise <= 0.0 else noise / distance
    shrunk = (1.0 - shrinkage) * covariance
    shrunk[np.diag_indices(names)] += shrinkage * mean_variance
    return Shrunk(shrunk, shrinkage)


def deviation_of(values: Floats, covariance: Floats) -> float:
    """Return the standard deviation of the P&L of `values` (N,) held, in their unit."""
    return float(np.sqrt(max(0.0, float(values @ covariance @ values))))


def component_shares(values: Floats, covariance: Floats) -> Floats:
    """Return each holding's share of the variance (N,): they sum to one, and one that hedges is negative."""
    part = values * (covariance @ values)
    total = float(part.sum())
    return np.asarray(part / total) if total > 0.0 else np.zeros(len(values))


def _table(returns: Floats, least: int) -> Floats:
    table = np.asarray(returns, np.float64)
    if table.ndim != 2 or len(table) < least:
        raise TooFewObservations(f"returns of shape {table.shape}: at least {least} bars by names are needed")
    return table


def _centred(returns: Floats) -> Floats:
    table = _table(returns, 2)
    return np.asarray(table - table.mean(axis=0))
