"""What one trial came to: its counts, and statistics of its equity sampled at even steps of the data's time.

The same figures as `tickerd backtest` gives (`research.backtest.account`), from all samples at once. Equity is exact:
whole numbers of a unit that the caller chooses, 64 bits wide where they fit and Python's own where not.
"""

import math
from typing import Any

import msgspec
import numpy as np

from core.money import money_text
from research.backtest.account import DAY_NS, YEAR_S

SHOWN_DECIMALS = 8  # of money, as in a backtest's summary
Equities = np.ndarray[Any, Any]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """One trial in the currency of the sweep; money is text, shares are of 1, `returns` counts those sampled.

    `sharpe` is annualised, None where the samples do not tell one; skewness and kurtosis (3 of a normal distribution)
    are those of the sampled returns, 0 where nothing moved.
    """

    orders: int
    fills: int
    refusals: int
    end: str
    profit: str
    gain: float | None  # profit over what the account began with, None where it began with nothing
    fees: str
    max_drawdown: str
    max_drawdown_share: float
    sharpe: float | None
    returns: int
    skewness: float
    kurtosis: float


class Counts(msgspec.Struct, frozen=True):
    """What happened in a trial."""

    orders: int
    fills: int
    refusals: int


class Money(msgspec.Struct, frozen=True):
    """What a trial came to, as money: what it began with, its profit after fees, its fees."""

    start: int
    profit: int
    fees: int


def figures_of(counts: Counts, money: Money, equities: Equities, unit: int, step_ns: int) -> Figures:
    """Return the figures of a trial whose sampled equity is `equities` times `unit` of money; the first is the start.

    `step_ns` is the time between samples.
    """
    drawdown, share = max_drawdown(equities)
    returns = _returns(equities)
    count = len(returns)
    mean = float(returns.mean()) if count else 0.0
    away = returns - mean
    squares = float((away * away).sum())
    return Figures(
        orders=counts.orders,
        fills=counts.fills,
        refusals=counts.refusals,
        end=money_text(money.start + money.profit, SHOWN_DECIMALS),
        profit=money_text(money.profit, SHOWN_DECIMALS),
        gain=money.profit / money.start if money.start > 0 else None,
        fees=money_text(money.fees, SHOWN_DECIMALS),
        max_drawdown=money_text(drawdown * unit, SHOWN_DECIMALS),
        max_drawdown_share=share,
        sharpe=_sharpe(mean, squares, count, step_ns),
        returns=count,
        skewness=_moment(away, squares, 3),
        kurtosis=_moment(away, squares, 4),
    )


def max_drawdown(equities: Equities) -> tuple[int, float]:
    """Return the deepest fall below a peak, and its share of that peak (0.0 where the peak is not above 0)."""
    peaks = np.maximum.accumulate(equities)
    falls = peaks - equities
    deepest = int(falls.argmax())
    fall, peak = int(falls[deepest]), int(peaks[deepest])
    return fall, fall / peak if fall and peak > 0 else 0.0


def _returns(equities: Equities) -> Equities:
    """Return what each sample gained over the one before, where that was above 0."""
    before = equities[:-1]
    up = before > 0
    if up.all():
        return np.asarray((equities[1:] - before) / before, np.float64)
    return np.asarray((equities[1:] - before)[up] / before[up], np.float64)


def _sharpe(mean: float, squares: float, count: int, step_ns: int) -> float | None:
    """Return the annualised Sharpe ratio under the rules of `research.backtest.account.Curve`."""
    if count < 2 or count * step_ns < DAY_NS or squares <= 0.0:
        return None
    return mean / math.sqrt(squares / (count - 1)) * math.sqrt(YEAR_S * 1e9 / step_ns)


def _moment(away: Equities, squares: float, power: int) -> float:
    """Return a standardised moment, of the sample as it is (no correction for its size)."""
    if squares <= 0.0:
        return 0.0
    deviation = math.sqrt(squares / len(away))
    scaled = away / deviation
    square = scaled * scaled
    return float((square * (scaled if power == 3 else square)).mean())
