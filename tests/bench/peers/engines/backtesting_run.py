# mypy: ignore-errors
# Runs in the peer's environment; its packages are unknown to ours.
"""backtesting.py: bars with an EMA cross. Scenario: `bars-ema`.

Its sizes are whole units, so that a unit is QUANTITY of a coin and prices are those of a unit.
"""

import backtesting
import numpy as np
import pandas as pd
import scenario as given
from backtesting import Backtest, Strategy


class Cross(Strategy):
    """Trades the crossing of two averages of the close with market orders, filled at the next bar's open."""

    def init(self) -> None:
        """Start the averages at nothing."""
        self.fast_alpha, self.slow_alpha = 2 / (given.BARS_FAST + 1), 2 / (given.BARS_SLOW + 1)
        self.fast = self.slow = 0.0
        self.seen = self.orders_sent = 0
        self.long = False

    def next(self) -> None:
        """Move both averages; order when they have crossed."""
        value = float(self.data.Close[-1])
        if not self.seen:
            self.fast = self.slow = value
        else:
            self.fast += self.fast_alpha * (value - self.fast)
            self.slow += self.slow_alpha * (value - self.slow)
        if self.seen >= given.BARS_SLOW and (self.fast > self.slow) is not self.long:
            self.long = not self.long
            self.orders_sent += 1
            if self.long:
                self.buy(size=1)
            else:
                self.position.close()
        self.seen += 1


def main() -> None:
    """Build the frame, then time the run."""
    _, folder = given.arguments()
    rows = np.load(folder / "bars.npy")
    columns = {
        name.title(): rows[name] / given.PRICE_UNITS * given.QUANTITY for name in ("open", "high", "low", "close")
    }
    columns["Volume"] = rows["volume"] / given.QUANTITY_UNITS
    frame = pd.DataFrame(columns, index=pd.DatetimeIndex(rows["ts_ns"]))
    test = Backtest(frame, Cross, cash=given.CASH, commission=given.FEE, finalize_trades=True)
    with given.Timed() as took:
        result = test.run()
    version = backtesting.__version__
    given.report(events=len(rows), orders=result["_strategy"].orders_sent, took=took, version=version)


if __name__ == "__main__":
    main()
