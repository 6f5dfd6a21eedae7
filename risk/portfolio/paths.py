"""Simulated returns: one bar of many scenarios, or whole paths, normal or with fat tails. The seed is handed in.

numpy's PCG64 and its `standard_normal` are the same on every Python for one numpy, which the lock fixes.
"""

from typing import NamedTuple

import numpy as np

from risk.portfolio.errors import NotComparable, PortfolioError
from risk.portfolio.returns import Floats

DEGREES_LEAST = 2.0  # below that Student's t has no variance to fit


class PathRisk(NamedTuple):
    """What paths of a portfolio's P&L came to, all as money lost: means and a quantile at the confidence.

    `lost`: the share of paths that end below where they began. `drawdown`: from the peak of the P&L, within a path.
    """

    worst: float
    var: float
    drawdown_mean: float
    drawdown_var: float
    lost: float


def simulate(
    mean: Floats, covariance: Floats, count: int, seed: int, *, horizon: float = 1.0, degrees: float | None = None
) -> Floats:
    """Return `count` scenarios of N returns, shape (count, N), of mean h m and covariance h C for h bars ahead.

    Normal, or where `degrees` is given (above 2) Student's t with the same covariance: names fall together there.
    """
    _check(mean, covariance, degrees)
    draws = _draw(np.random.Generator(np.random.PCG64(seed)), (count, 1), covariance, degrees)[:, 0, :]
    return np.asarray(mean * horizon + draws * np.sqrt(horizon))


def simulate_paths(
    mean: Floats, covariance: Floats, steps: int, count: int, seed: int, *, degrees: float | None = None
) -> Floats:
    """Return `count` paths of N cumulative simple returns over `steps` bars, shape (count, steps, N).

    A bar's return is taken as a logarithm's, so that no price falls below nought.
    """
    _check(mean, covariance, degrees)
    draws = _draw(np.random.Generator(np.random.PCG64(seed)), (count, steps), covariance, degrees)
    return np.asarray(np.expm1(np.cumsum(mean + draws, axis=1)))


def path_risk(values: Floats, paths: Floats, confidence: float) -> PathRisk:
    """Return what paths (count, steps, N) of returns mean for `values` (N,) held all the way, in their unit."""
    pnl = paths @ values
    ends = pnl[:, -1]
    peaks = np.maximum(np.maximum.accumulate(pnl, axis=1), 0.0)  # a path begins at a P&L of nought
    drawdowns = np.max(peaks - pnl, axis=1)
    return PathRisk(
        worst=-float(ends.min()),
        var=-float(np.quantile(ends, 1.0 - confidence)),
        drawdown_mean=float(drawdowns.mean()),
        drawdown_var=float(np.quantile(drawdowns, confidence)),
        lost=float(np.mean(ends < 0.0)),
    )


def _draw(generator: np.random.Generator, shape: tuple[int, int], covariance: Floats, degrees: float | None) -> Floats:
    """Return draws (*shape, N) about nought with that covariance."""
    draws = generator.standard_normal((*shape, len(covariance))) @ _root(covariance).T
    if degrees is not None:
        # One divisor for all names of a bar. (degrees - 2) / degrees makes its variance that of the normal draw.
        mixing = generator.chisquare(degrees, (*shape, 1)) / (degrees - 2.0)
        draws /= np.sqrt(mixing)
    return np.asarray(draws)


def _root(covariance: Floats) -> Floats:
    """Return L with L L' = C, also where C is only semi-definite: names that move as one, or do not move."""
    values, vectors = np.linalg.eigh(covariance)
    if values.min(initial=0.0) < -1e-8 * max(1e-300, float(values.max(initial=0.0))):
        raise NotComparable("the covariance is none: it has a negative eigenvalue")
    return np.asarray(vectors * np.sqrt(np.clip(values, 0.0, None)))


def _check(mean: Floats, covariance: Floats, degrees: float | None) -> None:
    if covariance.shape != (len(mean), len(mean)):
        raise NotComparable(f"{len(mean)} means for a covariance of shape {covariance.shape}")
    if degrees is not None and degrees <= DEGREES_LEAST:
        raise PortfolioError(f"{degrees:g} degrees of freedom: Student's t has a variance above {DEGREES_LEAST:g} only")
