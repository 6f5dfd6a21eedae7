"""Fractional Kelly from a strategy's own closed trades, shrunk by the error of the estimate.

win-loss: of n trades a share p won w on average of what they had at stake in value, q lost l. Kelly's stake is
(p * b - q) / b with b = w / l, of which l is lost of each unit of value: so the value is stake / l of the equity.
mean-variance: the value is mean / variance of the returns. Before that p, or the mean, is lowered by `errors` standard
errors: sqrt(p * q / n), deviation / sqrt(n). Sources: J. L. Kelly, "A New Interpretation of Information Rate" (1956);
E. O. Thorp, "The Kelly Criterion in Blackjack, Sports Betting, and the Stock Market" (2006), (2.3) and section 7.
"""

import math
from collections.abc import Sequence

from core.money import money_text
from risk.controls.worth import Worth
from risk.sizing.bound import Bound, floor_of, text_of, unproven

RULE = "kelly"


def win_loss(returns: Sequence[float], errors: float) -> float | None:
    """Return the value over the equity that Kelly holds, 0.0 for nothing; None where nobody won, or nobody lost."""
    wins, losses = [each for each in returns if each > 0.0], [-each for each in returns if each < 0.0]
    if not wins or not losses:
        return None
    count = len(wins) + len(losses)  # who came out even tells nothing
    share = len(wins) / count
    share -= errors * math.sqrt(share * (1.0 - share) / count)
    won, lost = math.fsum(wins) / len(wins), math.fsum(losses) / len(losses)
    ratio = won / lost
    return max((share * ratio - (1.0 - share)) / ratio / lost, 0.0)


def mean_variance(returns: Sequence[float], errors: float) -> float | None:
    """Return the value over the equity that Kelly holds, 0.0 for nothing; None where returns do not differ."""
    count = len(returns)
    mean = math.fsum(returns) / count
    variance = math.fsum((each - mean) * (each - mean) for each in returns) / (count - 1) if count > 1 else 0.0
    if variance <= 0.0:
        return None
    return max((mean - errors * math.sqrt(variance / count)) / variance, 0.0)


METHODS = {"win-loss": win_loss, "mean-variance": mean_variance}


def by_kelly(
    equity: int, returns: Sequence[float], fraction: float, method: str, errors: float, worth: Worth, least: int
) -> Bound:
    """Return what a fraction of Kelly allows; `least` where the returns do not tell."""
    value = METHODS[method](returns, errors)
    if value is None:
        return unproven(RULE, least, "trades that won and trades that lost")
    quantity = floor_of(equity * worth.denominator / worth.numerator * (value * fraction))
    figures = {"equity": money_text(equity, 2), "kelly": text_of(value), "trades": str(len(returns))}
    return Bound(RULE, quantity, figures)
