# mypy: ignore-errors
# Runs in the peer's environment; its packages are unknown to ours.
"""Backtrader: bars with an EMA cross. Scenario: `bars-ema`."""

import backtrader as bt
import numpy as np
import scenario as given


class Bars(bt.feed.DataBase):
    """The bars from arrays in memory, handed over line by line as its own feeds do."""

    params = (("rows", None),)

    def start(self) -> None:
        """Take the columns as lists of floats."""
        super().start()
        rows = self.p.rows
        seconds = (rows["ts_ns"] + 60_000_000_000) / 1e9
        columns = [rows[name] / given.PRICE_UNITS for name in ("open", "high", "low", "close")]
        days = seconds / 86_400 + 719_163  # from 0001-01-01, as its date numbers count
        self.rows = zip(days.tolist(), *(column.tolist() for column in columns), rows["volume"].tolist(), strict=True)

    def _load(self) -> bool:
        row = next(self.rows, None)
        if row is None:
            return False
        lines = self.lines
        lines.datetime[0], lines.open[0], lines.high[0], lines.low[0], lines.close[0], lines.volume[0] = row
        return True


class Cross(bt.Strategy):
    """Trades the crossing of two averages of the close with market orders, filled at the next bar's open."""

    def __init__(self) -> None:
        self.fast_alpha, self.slow_alpha = 2 / (given.BARS_FAST + 1), 2 / (given.BARS_SLOW + 1)
        self.fast = self.slow = 0.0
        self.seen = self.orders = 0
        self.long = False

    def next(self) -> None:
        """Move both averages; order when they have crossed."""
        value = self.data.close[0]
        if not self.seen:
            self.fast = self.slow = value
        else:
            self.fast += self.fast_alpha * (value - self.fast)
            self.slow += self.slow_alpha * (value - self.slow)
        if self.seen >= given.BARS_SLOW and (self.fast > self.slow) is not self.long:
            self.long = not self.long
            self.orders += 1
            if self.long:
                self.buy(size=given.QUANTITY)
            else:
                self.sell(size=given.QUANTITY)
        self.seen += 1


def main() -> None:
    """Build the engine, then time the run."""
    _, folder = given.arguments()
    rows = np.load(folder / "bars.npy")
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker.setcash(given.CASH)
    cerebro.broker.setcommission(commission=given.FEE)
    cerebro.adddata(Bars(rows=rows, timeframe=bt.TimeFrame.Minutes))
    cerebro.addstrategy(Cross)
    with given.Timed() as took:
        [strategy] = cerebro.run()
    given.report(events=strategy.seen, orders=strategy.orders, took=took, version=bt.__version__)


if __name__ == "__main__":
    main()
