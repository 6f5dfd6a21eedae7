"""How wild a market is: its newest volatility over that of the whole window, and the factor that goes with it."""

from collections.abc import Sequence

from risk.sizing.settings import RegimeSettings
from risk.sizing.volatility import volatility

CALM, NORMAL, WILD, UNKNOWN = "calm", "normal", "wild", "unknown"


def regime_of(returns: Sequence[float], least: int, settings: RegimeSettings) -> str:
    """Return the regime that returns tell; unknown before there are `least`, or where nothing moved."""
    if len(returns) < max(least, settings.short):
        return UNKNOWN
    whole = volatility(returns, 1.0)
    if whole <= 0.0:
        return UNKNOWN
    ratio = volatility(returns[-settings.short :], 1.0) / whole
    if ratio > settings.wild_above:
        return WILD
    return CALM if ratio < settings.calm_below else NORMAL


def factor_of(regime: str, settings: RegimeSettings) -> float:
    """Return the factor on sizes; what is not known counts as wild, or as the smallest factor there is."""
    factors = {CALM: settings.calm, NORMAL: settings.normal, WILD: settings.wild}
    return factors.get(regime, min(factors.values()))
