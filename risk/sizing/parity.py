"""Risk parity: strategies share a value so that each adds as much risk as its budget says.

Where correlations are not known the shares go by budget over volatility. Where they are, they are those of equal risk
contributions: x_i * (C x)_i is in proportion to the budgets, found by damped Newton steps on the convex function whose
lowest point they are. Sources: S. Maillard, T. Roncalli, J. Teiletche, "The Properties of Equally Weighted Risk
Contribution Portfolios" (2010); F. Spinu, "An Algorithm for Computing Risk Parity Weights" (2013).

A strategy that trades n instruments takes part with each of them, with the n-th part of its budget b: then its own
contribution, the sum over them of x_i * (C x)_i, is b whatever their correlations, for budgets of risk add up
(B. Bruder, T. Roncalli, "Managing Risk Exposures using the Risk Budgeting Approach", 2012). With its whole budget in
each it could add n times its part.
"""

import math
from collections.abc import Sequence

from core.money import money_text
from risk.controls.worth import Worth
from risk.sizing.bound import Bound, floor_of, text_of

RULE = "parity"
ROUNDS_MAX = 200
_SMALL = 1e-12  # of a share, the last step: the error after it is of its square
_NEAR = 0.35  # steps are whole once the decrement is below

Matrix = Sequence[Sequence[float]]


def inverse_volatility(volatilities: Sequence[float], budgets: Sequence[float]) -> list[float]:
    """Return shares that sum to 1, by budget over volatility; volatilities are above 0."""
    raw = [budget / volatility for budget, volatility in zip(budgets, volatilities, strict=True)]
    total = math.fsum(raw)
    return [each / total for each in raw]


def covariance(series: Matrix) -> list[list[float]]:
    """Return the covariances of series of returns of the same times, about a mean of 0."""
    count = len(series[0])
    return [[math.fsum(a * b for a, b in zip(one, other, strict=True)) / count for other in series] for one in series]


def equal_risk(matrix: Matrix, budgets: Sequence[float]) -> list[float] | None:
    """Return shares that sum to 1 and add risk by their budgets; None where that is not found."""
    places = range(len(matrix))
    if any(matrix[place][place] <= 0.0 for place in places):
        return None
    scales = [math.sqrt(matrix[place][place]) for place in places]
    alike = [[matrix[one][other] / (scales[one] * scales[other]) for other in places] for one in places]
    shares = [math.sqrt(budget) for budget in budgets]
    narrow = math.sqrt(min(budgets))
    for _ in range(ROUNDS_MAX):
        slope = [
            math.fsum(alike[one][other] * shares[other] for other in places) - budgets[one] / shares[one]
            for one in places
        ]
        bend = [[alike[one][other] for other in places] for one in places]
        for place in places:
            bend[place][place] += budgets[place] / (shares[place] * shares[place])
        step = solved(bend, slope)
        if step is None:
            return None
        decrement = math.sqrt(max(math.fsum(a * b for a, b in zip(slope, step, strict=True)), 0.0)) / narrow
        damping = 1.0 + decrement if decrement > _NEAR else 1.0
        moved = max(abs(step[place]) / shares[place] for place in places)
        shares = [share - each / damping for share, each in zip(shares, step, strict=True)]
        if min(shares) <= 0.0:
            return None
        if moved <= _SMALL:
            raw = [share / scale for share, scale in zip(shares, scales, strict=True)]
            total = math.fsum(raw)
            return [each / total for each in raw]
    return None


def solved(matrix: Matrix, right: Sequence[float]) -> list[float] | None:
    """Return x of `matrix` x = `right` by Cholesky's factors; None where the matrix has none."""
    places = range(len(right))
    factor = [[0.0 for _ in places] for _ in places]
    for one in places:
        for other in range(one + 1):
            rest = matrix[one][other] - math.fsum(factor[one][k] * factor[other][k] for k in range(other))
            if one == other:
                if rest <= 0.0:
                    return None
                factor[one][one] = math.sqrt(rest)
            else:
                factor[one][other] = rest / factor[other][other]
    found = list(right)
    for one in places:
        found[one] = (found[one] - math.fsum(factor[one][k] * found[k] for k in range(one))) / factor[one][one]
    for one in reversed(places):
        beyond = range(one + 1, len(right))
        found[one] = (found[one] - math.fsum(factor[k][one] * found[k] for k in beyond)) / factor[one][one]
    return found


def by_parity(equity: int, leverage: float, share: float, worth: Worth) -> Bound:
    """Return what a strategy's share of the value allows."""
    quantity = floor_of(equity * worth.denominator / worth.numerator * (leverage * share))
    return Bound(RULE, quantity, {"equity": money_text(equity, 2), "parity_share": text_of(share)})
