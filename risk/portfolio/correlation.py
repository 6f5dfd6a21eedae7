"""Correlations, and whether they broke: which pairs, and whether the matrix as a whole is another one."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from risk.portfolio.covariance import sample_covariance
from risk.portfolio.errors import NotComparable, TooFewObservations
from risk.portfolio.returns import Floats
from risk.portfolio.special import chi_squared_tail, normal_cdf

_FISHER_LEAST = 4  # the variance of Fisher's z is 1 / (n - 3)
_ATANH_MOST = 1.0 - 1e-15


class PairBreak(NamedTuple):
    """One pair's correlation in two windows, and how likely such a change is by chance.

    `z` is Fisher's statistic, standard normal where nothing changed; `p_value` is two-sided, `adjusted` what Holm's
    method makes of it for having looked at all pairs.
    """

    first: str
    second: str
    before: float
    after: float
    z: float
    p_value: float
    adjusted: float


class MatrixBreak(NamedTuple):
    """Jennrich's test that two correlation matrices are one: chi-squared, its degrees of freedom, the chance."""

    statistic: float
    degrees: int
    p_value: float


def correlation_of(covariance: Floats) -> Floats:
    """Return the correlation matrix of a covariance (N, N); one with a variance of nought correlates with nothing."""
    deviations = np.sqrt(np.diag(covariance))
    outer = np.outer(deviations, deviations)
    matrix: Floats = np.divide(covariance, outer, out=np.zeros_like(outer), where=outer > 0.0)
    np.clip(matrix, -1.0, 1.0, out=matrix)
    np.fill_diagonal(matrix, 1.0)
    return matrix


def correlation_matrix(returns: Floats) -> Floats:
    """Return Pearson's correlations (N, N) of returns (T, N)."""
    return correlation_of(sample_covariance(returns))


def pair_breaks(names: Sequence[str], before: Floats, after: Floats) -> list[PairBreak]:
    """Return every pair of names, the least likely change first; `before` and `after` are returns of two windows.

    Fisher (1921): atanh r is about normal with a variance of 1 / (T - 3), so the difference of two windows' is tested
    against the root of both variances. Adjusted by Holm (1979): a pair below a level there has broken at that level.
    """
    _check(names, before, after, _FISHER_LEAST)
    old, new = correlation_matrix(before), correlation_matrix(after)
    spread = math.sqrt(1.0 / (len(before) - 3) + 1.0 / (len(after) - 3))
    found = []
    for i, first in enumerate(names):
        for j in range(i + 1, len(names)):
            z = (_fisher(new[i, j]) - _fisher(old[i, j])) / spread
            p_value = 2.0 * normal_cdf(-abs(z))
            found.append(PairBreak(first, names[j], float(old[i, j]), float(new[i, j]), z, p_value, p_value))
    found.sort(key=lambda each: (each.p_value, each.first, each.second))
    adjusted, running = [], 0.0
    for rank, each in enumerate(found):
        running = max(running, min(1.0, (len(found) - rank) * each.p_value))
        adjusted.append(each._replace(adjusted=running))
    return adjusted


def matrix_break(before: Floats, after: Floats) -> MatrixBreak:
    """Return whether the correlations of two windows, returns (T, N) each, can be the same.

    Jennrich (1970): with R the mean matrix, c = T1 T2 / (T1 + T2) and Z = sqrt(c) R^-1 (R2 - R1), the statistic is
    tr(Z^2) / 2 - dg(Z)' S^-1 dg(Z), where S = I + R o R^-1. Raises NotComparable where R has no inverse.
    """
    _check(range(before.shape[1]), before, after, 2)
    n_1, n_2, size = len(before), len(after), before.shape[1]
    r_1, r_2 = correlation_matrix(before), correlation_matrix(after)
    mean = (n_1 * r_1 + n_2 * r_2) / (n_1 + n_2)
    try:
        inverse = np.linalg.inv(mean)
        z = math.sqrt(n_1 * n_2 / (n_1 + n_2)) * inverse @ (r_2 - r_1)
        diagonal = np.diag(z)
        s = np.eye(size) + mean * inverse
        statistic = 0.5 * float(np.trace(z @ z)) - float(diagonal @ np.linalg.solve(s, diagonal))
    except np.linalg.LinAlgError as error:
        raise NotComparable("two names move as one, so their correlations have no inverse: leave one out") from error
    degrees = size * (size - 1) // 2
    return MatrixBreak(statistic, degrees, chi_squared_tail(statistic, degrees) if degrees else 1.0)


def _fisher(correlation: float) -> float:
    """Return atanh of a correlation; one of exactly 1 counts as the largest below it."""
    return math.atanh(max(-_ATANH_MOST, min(_ATANH_MOST, correlation)))


def _check(names: Sequence[object], before: Floats, after: Floats, least: int) -> None:
    """Raise where two windows do not belong to the same names, or are too short."""
    if before.ndim != 2 or after.ndim != 2 or not len(names) == before.shape[1] == after.shape[1]:
        raise NotComparable(f"returns of shapes {before.shape} and {after.shape} for {len(names)} names")
    if min(len(before), len(after)) < least:
        raise TooFewObservations(f"windows of {len(before)} and {len(after)} bars: at least {least} each are needed")
