"""Value at risk and expected shortfall: what is lost at most, and on average beyond that, at a confidence.

Historical: of P&L that was. Parametric: of a normal P&L, or one corrected for skew and fat tails (Cornish and Fisher).
Simulated P&L (`risk.portfolio.paths`) is measured like historical. Jorion, Value at Risk, 3rd ed.
"""

import math
from typing import Literal, NamedTuple

import numpy as np

from risk.portfolio.errors import PortfolioError, TooFewObservations
from risk.portfolio.returns import Floats
from risk.portfolio.special import normal_pdf, normal_quantile

QuantileRule = Literal["linear", "lower", "higher"]


class TailRisk(NamedTuple):
    """A loss that is not exceeded with the confidence, and the mean loss where it is; positive is money lost."""

    var: float
    es: float


class Moments(NamedTuple):
    """Of one sample: mean, standard deviation (ddof 1), skew and excess kurtosis (both biased, as scipy's default)."""

    mean: float
    deviation: float
    skew: float
    excess: float


def historical(pnl: Floats, confidence: float, rule: QuantileRule = "linear", horizon: float = 1.0) -> TailRisk:
    """Return what the P&L of the past, shape (T,), says.

    VaR is the quantile at 1 - confidence by `rule`, in the words of `numpy.quantile`: "linear" is Hyndman and Fan's
    type 7. The shortfall is the mean of the floor((T - 1) (1 - confidence)) + 1 worst, whatever the rule: coherent
    (Acerbi and Tasche 2002) and never below VaR. `horizon` in bars scales both by its root, which is right for
    independent bars without drift and an approximation else.
    """
    alpha = _alpha(confidence)
    sample = _sample(pnl, 1)
    var = -float(np.quantile(sample, alpha, method=rule))
    worst = int((len(sample) - 1) * alpha)
    es = -float(np.mean(np.partition(sample, worst)[: worst + 1]))
    root = math.sqrt(horizon)
    return TailRisk(var * root, es * root)


def normal(mean: float, deviation: float, confidence: float, horizon: float = 1.0) -> TailRisk:
    """Return what a normal P&L says: VaR = -(m h + z s sqrt h), ES = -m h + s sqrt h phi(z) / (1 - confidence).

    `mean` and `deviation` are of one bar; `horizon` h is in bars.
    """
    alpha = _alpha(confidence)
    z = normal_quantile(alpha)
    drift, spread = mean * horizon, deviation * math.sqrt(horizon)
    return TailRisk(-(drift + z * spread), -drift + spread * normal_pdf(z) / alpha)


def cornish_fisher(moments: Moments, confidence: float, horizon: float = 1.0) -> TailRisk:
    """Return what a P&L says whose quantiles are the normal's, corrected for skew S and excess kurtosis K.

    z' = z + (z^2 - 1) S / 6 + (z^3 - 3 z) K / 24 - (2 z^3 - 5 z) S^2 / 36; the shortfall is the mean of those
    quantiles over the tail, in closed form. Over a horizon h the skew falls as 1 / sqrt h and the kurtosis as 1 / h.
    Only where `cornish_fisher_holds` are these the quantiles of a distribution.
    """
    alpha = _alpha(confidence)
    z = normal_quantile(alpha)
    skew, excess = moments.skew / math.sqrt(horizon), moments.excess / horizon
    drift, spread = moments.mean * horizon, moments.deviation * math.sqrt(horizon)
    corrected = z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * excess / 24 - (2 * z**3 - 5 * z) * skew**2 / 36
    tail = normal_pdf(z) * (1 + z * skew / 6 - (1 - z**2) * excess / 24 + (1 - 2 * z**2) * skew**2 / 36)
    return TailRisk(-(drift + corrected * spread), -drift + spread * tail / alpha)


def cornish_fisher_holds(moments: Moments, confidence: float, horizon: float = 1.0) -> bool:
    """Whether the corrected quantile rises all over the tail (Maillard 2012), so that its figures are of one.

    Where it does not, as with tails much thinner than the normal's or a skew that is large for the kurtosis, the
    shortfall could be below the VaR.
    """
    edge = normal_quantile(_alpha(confidence))
    skew, excess = moments.skew / math.sqrt(horizon), moments.excess / horizon
    a, b, c = excess / 8 - skew**2 / 6, skew / 3, 1 - excess / 8 + 5 * skew**2 / 36  # the slope is a z^2 + b z + c
    if a < 0 or (a == 0 and b > 0):
        return False
    lowest = edge if a == 0 else min(edge, -b / (2 * a))
    return a * lowest**2 + b * lowest + c >= 0


def moments_of(pnl: Floats) -> Moments:
    """Return the moments of a P&L, shape (T,). Raises TooFewObservations below two."""
    sample = _sample(pnl, 2)
    mean = float(np.mean(sample))
    apart = sample - mean
    second = float(np.mean(apart**2))
    deviation = math.sqrt(second * len(sample) / (len(sample) - 1))
    if second <= (4 * np.finfo(np.float64).eps * abs(mean)) ** 2:
        return Moments(mean, deviation, 0.0, 0.0)  # as good as constant: its shape is only rounding
    return Moments(mean, deviation, float(np.mean(apart**3)) / second**1.5, float(np.mean(apart**4)) / second**2 - 3.0)


def _alpha(confidence: float) -> float:
    """Return the chance of the tail. Raises PortfolioError."""
    if not 0.5 <= confidence < 1.0:
        raise PortfolioError(f"a confidence of {confidence:g}: give a share such as 0.95 or 0.99")
    return 1.0 - confidence


def _sample(pnl: Floats, least: int) -> Floats:
    """Return a sample of at least so many. Raises TooFewObservations."""
    sample = np.asarray(pnl, np.float64)
    if sample.ndim != 1 or len(sample) < least:
        raise TooFewObservations(f"{sample.shape} observations of P&L: at least {least} in one row are needed")
    return sample
