"""How much of a P&L is its benchmark's: ordinary least squares on one variable."""

import math
from typing import NamedTuple

import numpy as np

from risk.portfolio.errors import NotComparable, TooFewObservations
from risk.portfolio.returns import Floats


class Beta(NamedTuple):
    """y = alpha + beta x. `error` is beta's standard error; `alpha` is of one bar, in the unit of y."""

    beta: float
    alpha: float
    correlation: float
    error: float


def beta_of(own: Floats, benchmark: Floats) -> Beta:
    """Return the beta of returns or P&L (T,) to a benchmark's returns (T,). Raises where it has none.

    Of a P&L in money the beta is the money that moves when the benchmark moves by 100 %.
    """
    if own.shape != benchmark.shape or own.ndim != 1:
        raise NotComparable(f"{own.shape} returns of ours for {benchmark.shape} of the benchmark")
    if len(own) < 3:
        raise TooFewObservations(f"{len(own)} bars: a beta needs at least 3")
    x, y = benchmark - benchmark.mean(), own - own.mean()
    sxx, sxy, syy = float(x @ x), float(x @ y), float(y @ y)
    if sxx <= 0.0:
        raise NotComparable("the benchmark did not move: choose another one, or a longer history")
    beta = sxy / sxx
    correlation = max(-1.0, min(1.0, sxy / math.sqrt(sxx * syy))) if syy > 0.0 else 0.0
    left = max(0.0, syy - beta * sxy)
    error = math.sqrt(left / (len(own) - 2) / sxx)
    return Beta(beta, float(np.mean(own)) - beta * float(np.mean(benchmark)), correlation, error)
