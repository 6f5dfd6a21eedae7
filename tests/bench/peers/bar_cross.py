"""The EMA cross of bars as a Python strategy of ours, as long as the peers' ones."""

from core.bars import Bar
from strategies import Strategy, StrategyParams


class BarCross(Strategy):
    """Trades the crossing of two averages of the close of the venue's bars with market orders."""

    class Params(StrategyParams, frozen=True):
        """`fast` and `slow` are spans in bars; `quantity` is decimal text."""

        fast: int = 20
        slow: int = 100
        quantity: str = "0.01"

    params: Params

    def on_start(self) -> None:
        """Follow the market."""
        self._quantity = self.markets[0].instrument.quantity(self.params.quantity)
        self._fast_alpha, self._slow_alpha = 2 / (self.params.fast + 1), 2 / (self.params.slow + 1)
        self._fast = self._slow = 0.0
        self._seen = 0
        self._long = False
        self.subscribe_venue_bars(self.markets[0])

    def on_bar(self, bar: Bar) -> None:
        """Move both averages; order when they have crossed."""
        value = bar.close
        if not self._seen:
            self._fast = self._slow = float(value)
        else:
            self._fast += self._fast_alpha * (value - self._fast)
            self._slow += self._slow_alpha * (value - self._slow)
        if self._seen >= self.params.slow and (self._fast > self._slow) is not self._long:
            self._long = not self._long
            if self._long:
                self.buy(self.markets[0], self._quantity)
            else:
                self.sell(self.markets[0], self._quantity)
        self._seen += 1
