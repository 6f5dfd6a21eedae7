"""The volatility target: the more an instrument moves, the less of it is held.

quantity = equity * target / (volatility of a year * what a unit is worth). The volatility is the root mean square of
the newest returns (their mean is taken to be 0, which of short steps it nearly is), times the square root of the steps
in a year. Source: J.P. Morgan, "RiskMetrics Technical Document" (1996), 5.3, for the zero mean and the root of time.
"""

import math
from collections.abc import Sequence

from core.money import money_text
from risk.controls.worth import Worth
from risk.sizing.bound import Bound, floor_of, text_of, unproven

RULE = "volatility"


def volatility(returns: Sequence[float], steps_a_year: float) -> float:
    """Return the volatility of a year from returns of a step; of no return at all it is 0."""
    if not returns:
        return 0.0
    mean_square = math.fsum(each * each for each in returns) / len(returns)
    return math.sqrt(mean_square * steps_a_year)


def by_volatility(equity: int, target: float, yearly: float, worth: Worth, least: int) -> Bound:
    """Return what the target allows; `least` where nothing moved, since a target over nothing is everything."""
    if yearly <= 0.0:
        return unproven(RULE, least, "a market that moves")
    quantity = floor_of(equity * worth.denominator / worth.numerator * (target / yearly))
    return Bound(RULE, quantity, {"equity": money_text(equity, 2), "volatility_year": text_of(yearly)})
