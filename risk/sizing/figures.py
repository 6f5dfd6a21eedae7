"""What is measured for sizes: volatilities, ranges, closed trades, shares of risk; None where it is not known yet."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from core.instruments import Instrument
from core.market import Market
from oms.manager import OrderManager
from risk.sizing.atr import Wilder
from risk.sizing.parity import covariance, equal_risk, inverse_volatility
from risk.sizing.regime import factor_of, regime_of
from risk.sizing.samples import Samples
from risk.sizing.settings import SizingSettings
from risk.sizing.trades import Trades
from risk.sizing.volatility import volatility

WHOLE_PPM = 1_000_000
Member = TypeVar("Member", str, tuple[str, int])


class Figures:
    """The measures of every market, and of the strategies that have rules."""

    __slots__ = ("_manager", "_markets", "_ranges", "_samples", "settings", "trades")

    def __init__(self, settings: SizingSettings, manager: OrderManager, markets: Sequence[Market]) -> None:
        """Have measured nothing."""
        self.settings = settings
        self.trades = Trades()
        self._manager = manager
        self._markets = markets
        self._samples: dict[int, Samples] = {}
        self._ranges: dict[int, Wilder] = {}

    def sample(self, now_ns: int) -> None:
        """Look at every market once."""
        settings = self.settings
        most = max(settings.window, -(-settings.volume_s // settings.sample_s)) + 1
        for market in self._markets:
            samples = self._samples.get(market.index)
            if samples is None:
                samples = self._samples[market.index] = Samples(settings.sample_ns, most)
            samples.take(now_ns, market)

    def take_bar(self, index: int, high: int, low: int, close: int, *, complete: bool) -> None:
        """Take a bar of a market's trades."""
        ranges = self._ranges.get(index)
        if ranges is None:
            ranges = self._ranges[index] = Wilder(self.settings.atr_period)
        ranges.take(high, low, close, complete=complete)

    @property
    def measured(self) -> bool:
        """Whether anything was measured at all."""
        return bool(self._samples or self._ranges)

    def returns(self, index: int) -> list[float]:
        """Return the newest returns of a market, oldest first."""
        samples = self._samples.get(index)
        return [] if samples is None else samples.returns(self.settings.window)

    def yearly(self, index: int) -> float | None:
        """Return the volatility of a year."""
        returns = self.returns(index)
        return volatility(returns, self.settings.samples_a_year) if len(returns) >= self.settings.least else None

    def volume(self, now_ns: int, market: Market) -> int:
        """Return what was traded lately."""
        samples = self._samples.get(market.index)
        return 0 if samples is None else samples.volume(now_ns, self.settings.volume_s * 1_000_000_000, market)

    def atr(self, index: int) -> float | None:
        """Return the average true range in price units."""
        ranges = self._ranges.get(index)
        return ranges.value if ranges is not None and ranges.value > 0.0 else None

    def regime(self, index: int) -> tuple[str, int]:
        """Return how wild a market is and the factor on its sizes in 10^-6; ("", 10^6) where nobody asks for it."""
        settings = self.settings.regime
        if settings is None:
            return "", WHOLE_PPM
        regime = regime_of(self.returns(index), self.settings.least, settings)
        return regime, int(factor_of(regime, settings) * WHOLE_PPM)

    def trade_returns(self, strategy_id: str, instrument: Instrument, index: int) -> list[float] | None:
        """Return what a strategy's closed trades returned; None where not all of its position was counted."""
        if not self.trades.counting:
            return None
        trade = self.trades.open.get((strategy_id, index))
        followed = 0 if trade is None else trade.quantity
        if abs(self._manager.strategy_position(strategy_id, index).quantity - followed) >= instrument.lot:
            return None
        return list(self.trades.returns.get(strategy_id, ()))

    def shares(self, members: Mapping[Member, tuple[int, float]]) -> dict[Member, float] | None:
        """Return the share of each member, from its instrument and its budget."""
        names = sorted(members)
        budgets = [members[name][1] for name in names]
        volatilities = [self.yearly(members[name][0]) for name in names]
        known = [each for each in volatilities if each is not None and each > 0.0]
        if len(known) < len(names):
            return None
        found = None
        series = self._common([members[name][0] for name in names])
        if len(series[0]) >= self.settings.least:
            found = equal_risk(covariance(series), budgets)
        return dict(zip(names, found or inverse_volatility(known, budgets), strict=True))

    def _common(self, indexes: Sequence[int]) -> list[list[float]]:
        """Return the returns of several markets at the times that all of them have."""
        by_time = [self._samples[index].returns_by_time() for index in indexes]
        times = [at_ns for at_ns in by_time[0] if all(at_ns in each for each in by_time)][-self.settings.window :]
        return [[each[at_ns] for at_ns in times] for each in by_time]

    def state(self) -> list[object]:
        """Return everything that a digest must cover."""
        return [
            [(index, each.state()) for index, each in sorted(self._samples.items())],
            *(
                [["ranges", [(index, each.state()) for index, each in sorted(self._ranges.items())]]]
                if self._ranges
                else []
            ),
            *([["trades", *self.trades.state()]] if self.trades.counting else []),
        ]
