"""What a backtest came to: equity at even steps of the data's time, and statistics that need no memory of the past.

Money is exact (integers of 10^-18) until a ratio is taken of it. Equity in a currency is its starting balance and, of
every instrument whose profit is counted in it, realised and unrealised profit less fees; positions are marked at the
middle of the touch (the last trade where there is none). A fee paid in a currency that is neither its instrument's
quote nor its base is in the balances only.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from core.effects import PositionChanged
from core.market import mark_price_of
from core.money import money_text
from engine.engine import Engine

YEAR_S = 365 * 86_400
DAY_NS = 86_400_000_000_000
_SHOWN = 8  # decimals of money in summaries; tables have all


@dataclass(slots=True)
class Curve:
    """One currency's equity: the last sample, its peak, and the moments of the returns from sample to sample."""

    start: int
    last: int
    peak: int
    drawdown: int = 0
    drawdown_share: float = 0.0
    returns: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, equity: int) -> None:
        """Take one sample (Welford's update: one pass, no cancellation)."""
        if self.last > 0:
            value = (equity - self.last) / self.last
            self.returns += 1
            delta = value - self.mean
            self.mean += delta / self.returns
            self.squares += delta * (value - self.mean)
        self.last = equity
        if equity > self.peak:
            self.peak = equity
        elif self.peak - equity > self.drawdown:
            self.drawdown = self.peak - equity
            self.drawdown_share = self.drawdown / self.peak if self.peak > 0 else 0.0

    def sharpe(self, step_ns: int) -> float | None:
        """The annualised ratio of mean to standard deviation of the sampled returns.

        None where it would say nothing: less than a day of samples, or an equity that never moved.
        """
        if self.returns < 2 or self.returns * step_ns < DAY_NS or self.squares <= 0.0:
            return None
        deviation = math.sqrt(self.squares / (self.returns - 1))
        return self.mean / deviation * math.sqrt(YEAR_S * 1e9 / step_ns)


class CurrencyResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one currency came to; money is text. `sharpe` is None where the samples do not tell one."""

    start: str
    end: str
    profit: str
    realised: str
    unrealised: str
    fees: str
    turnover: str
    max_drawdown: str
    max_drawdown_share: float
    sharpe: float | None


class Account:
    """Follows fills and positions of one engine, and samples its equity."""

    def __init__(self, engine: Engine, balances: Mapping[str, int], step_ns: int) -> None:
        """Begin with `balances`, money by currency; samples will come every `step_ns`."""
        self._engine = engine
        self._curves = {currency: Curve(amount, amount, amount) for currency, amount in sorted(balances.items())}
        self._turnover: dict[str, int] = {}
        self._step_ns = step_ns
        self._open: dict[int, bool] = {}  # instruments with a position
        self._since_ns = 0
        self._exposed_ns = 0
        self.samples = 0

    def turn_over(self, currency: str, notional: int) -> None:
        """Count the notional of one fill, as money."""
        self._turnover[currency] = self._turnover.get(currency, 0) + notional

    def position(self, change: PositionChanged, now_ns: int) -> None:
        """Note whether there is exposure from now on."""
        before = bool(self._open)
        if change.quantity:
            self._open[change.instrument] = True
        else:
            self._open.pop(change.instrument, None)
        if before and not self._open:
            self._exposed_ns += now_ns - self._since_ns
        elif self._open and not before:
            self._since_ns = now_ns

    def exposed_ns(self, now_ns: int) -> int:
        """For how long there was a position, up to now."""
        return self._exposed_ns + (now_ns - self._since_ns if self._open else 0)

    def sample(self) -> list[tuple[str, int, int, int, int]]:
        """Take a sample; return (currency, equity, realised, unrealised, fees) of each currency."""
        self.samples += 1
        rows = self._now()
        for currency, equity, *_ in rows:
            self._curve(currency).add(equity)
        return rows

    def results(self) -> dict[str, CurrencyResult]:
        """Return what each currency came to."""
        return {currency: self._result(currency, *parts) for currency, _, *parts in self._now()}

    def _result(self, currency: str, realised: int, unrealised: int, fees: int) -> CurrencyResult:
        curve = self._curve(currency)
        profit = realised + unrealised - fees
        return CurrencyResult(
            start=money_text(curve.start, _SHOWN),
            end=money_text(curve.start + profit, _SHOWN),
            profit=money_text(profit, _SHOWN),
            realised=money_text(realised, _SHOWN),
            unrealised=money_text(unrealised, _SHOWN),
            fees=money_text(fees, _SHOWN),
            turnover=money_text(self._turnover.get(currency, 0), _SHOWN),
            max_drawdown=money_text(curve.drawdown, _SHOWN),
            max_drawdown_share=curve.drawdown_share,
            sharpe=curve.sharpe(self._step_ns),
        )

    def _now(self) -> list[tuple[str, int, int, int, int]]:
        """Return (currency, equity, realised, unrealised, fees) as of now."""
        totals = {currency: [0, 0, 0] for currency in self._curves}
        for market in self._engine.markets:
            position = self._engine.manager.position(market.index)
            if position.fills:
                total = totals.setdefault(market.instrument.currency, [0, 0, 0])
                total[0] += position.realised_money
                total[1] += position.unrealised(mark_price_of(market))
                total[2] += position.fees
        return [
            (currency, self._curve(currency).start + realised + unrealised - fees, realised, unrealised, fees)
            for currency, (realised, unrealised, fees) in totals.items()
        ]

    def _curve(self, currency: str) -> Curve:
        """Return a currency's curve, of nothing where the account began without it."""
        curve = self._curves.get(currency)
        if curve is None:
            curve = self._curves[currency] = Curve(0, 0, 0)
        return curve
