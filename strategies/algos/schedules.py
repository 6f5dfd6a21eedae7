"""When how much of a parent order shall be done: cumulative quantities, whole lots, at the end of each interval.

Each function is pure. The last entry is the whole quantity (in whole lots), none is below the one before it.
"""

import math
from collections.abc import Sequence

from core.errors import CoreError


class ScheduleError(CoreError):
    """A schedule was asked for that cannot be: no interval, a weight below 0, an impact that is none."""


def even(quantity: int, intervals: int, lot: int) -> list[int]:
    """Return the schedule that does the same in every interval (TWAP)."""
    return weighted(quantity, (1,) * intervals, lot)


def weighted(quantity: int, weights: Sequence[float], lot: int) -> list[int]:
    """Return the schedule that follows a curve of volume: `weights` by interval, in any unit (VWAP)."""
    total = math.fsum(weights)
    if not weights or total <= 0 or min(weights) < 0:
        raise ScheduleError(f"weights must be 0 or more and not all 0, found {list(weights)}")
    done, shares = 0.0, []
    for weight in weights:
        done += weight
        shares.append(done / total)
    return _in_lots(quantity, shares, lot)


def almgren_chriss(
    quantity: int,
    intervals: int,
    lot: int,
    *,
    interval_s: float,
    risk_aversion: float,
    volatility: float,
    temporary_impact: float,
    permanent_impact: float = 0.0,
) -> list[int]:
    """Return Almgren and Chriss's schedule: the least of expected cost plus `risk_aversion` times its variance.

    "Optimal Execution of Portfolio Transactions" (2000), equations 15 to 18: what is left after interval j of N is
    X sinh(kappa (T - t_j)) / sinh(kappa T), with
    2 (cosh(kappa tau) - 1) / tau^2 = lambda sigma^2 / (eta - gamma tau / 2). `volatility` in price per square root of a
    second, `temporary_impact` (eta) in price per unit of quantity per second, `permanent_impact` (gamma) in price per
    unit of quantity. Without risk aversion it is `even`.
    """
    eta = temporary_impact - permanent_impact * interval_s / 2
    if intervals < 1 or interval_s <= 0 or eta <= 0 or risk_aversion < 0:
        raise ScheduleError(
            f"{intervals} intervals of {interval_s} s, risk aversion {risk_aversion}, temporary impact less half the "
            f"permanent one of an interval {eta}: all must be above 0, risk aversion may be 0"
        )
    step = math.acosh(1 + risk_aversion * volatility**2 * interval_s**2 / (2 * eta))
    if step * intervals < 1e-6:  # the limit of no curvature
        return even(quantity, intervals, lot)
    shares = [1 - _sinh_ratio(step, intervals - number, intervals) for number in range(1, intervals + 1)]
    return _in_lots(quantity, shares, lot)


def _sinh_ratio(step: float, some: int, whole: int) -> float:
    """Return sinh(step * some) / sinh(step * whole) without overflow."""
    return math.exp(step * (some - whole)) * (1 - math.exp(-2 * step * some)) / (1 - math.exp(-2 * step * whole))


def _in_lots(quantity: int, shares: Sequence[float], lot: int) -> list[int]:
    """Return cumulative shares of a quantity as whole lots, rounded to the nearest; the last is all of it."""
    lots = quantity // lot
    schedule, done = [], 0
    for share in shares:
        done = min(max(done, math.floor(lots * share + 0.5)), lots)
        schedule.append(done * lot)
    schedule[-1] = lots * lot
    return schedule
