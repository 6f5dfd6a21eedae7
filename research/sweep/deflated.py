"""What luck alone brings: the best Sharpe ratio to expect of so many trials without skill, and the deflated ratio.

D. H. Bailey and M. Lopez de Prado, "The Deflated Sharpe Ratio: Correcting for Selection Bias, Backtest Overfitting, and
Non-Normality", The Journal of Portfolio Management 40 (2014) 5, 94-107. The trials are taken as independent; parameters
that lie close to each other are not, so that the ratio that luck brings is rather told too high than too low.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist, variance

import msgspec

from research.backtest.account import YEAR_S
from research.sweep.figures import Figures

_EULER_MASCHERONI = 0.5772156649015329
_NORMAL = NormalDist()


class Luck(msgspec.Struct, frozen=True):
    """`best` and `by_luck` are annualised; `probability` that the best one's true ratio is above 0 all the same."""

    trials: int
    best: float
    by_luck: float
    probability: float | None  # None where the returns do not tell it


def luck_of(sharpes: Sequence[float], best: Figures, step_ns: int) -> Luck:
    """Return the luck in annualised ratios of returns sampled every `step_ns`, `best` being the figures of the best."""
    year = math.sqrt(YEAR_S * 1e9 / step_ns)
    by_luck = expected_best([each / year for each in sharpes])
    sharpe = (best.sharpe or 0.0) / year
    probability = deflated(sharpe, by_luck, best.returns, best.skewness, best.kurtosis)
    return Luck(len(sharpes), best.sharpe or 0.0, by_luck * year, probability)


def expected_best(sharpes: Sequence[float]) -> float:
    """Return the best ratio to expect of as many trials whose true ratios are 0 and that scatter as these do."""
    count = len(sharpes)
    if count < 2:
        return 0.0
    share = (1 - _EULER_MASCHERONI) * _NORMAL.inv_cdf(1 - 1 / count)
    share += _EULER_MASCHERONI * _NORMAL.inv_cdf(1 - 1 / (count * math.e))
    return math.sqrt(variance(sharpes)) * share


def deflated(sharpe: float, by_luck: float, returns: int, skewness: float, kurtosis: float) -> float | None:
    """Return the probability that the true ratio is above 0, given the best of many; ratios are of one return each.

    `kurtosis` is 3 of a normal distribution. None where so few returns of such a shape tell none.
    """
    spread = 1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe * sharpe
    if returns < 2 or spread <= 0:
        return None
    return _NORMAL.cdf((sharpe - by_luck) * math.sqrt(returns - 1) / math.sqrt(spread))
