# mypy: ignore-errors
# Runs in the peer's environment; its packages are unknown to ours.
"""jesse: bars with an EMA cross, by `research.backtest`. Scenario: `bars-ema`."""

import importlib.metadata

import numpy as np
import scenario as given
from jesse import research
from jesse.strategies import Strategy

EXCHANGE, SYMBOL = "Sandbox", "BTC-USDT"
CONFIG = {
    "starting_balance": given.CASH,
    "fee": given.FEE,
    "type": "futures",
    "futures_leverage": 1,
    "futures_leverage_mode": "cross",
    "exchange": EXCHANGE,
    "warm_up_candles": 0,
}


class Cross(Strategy):
    """Trades the crossing of two averages of the close with market orders, filled at the close."""

    sent = 0

    def before(self) -> None:
        """Move both averages."""
        value = float(self.close)
        if not self.index:
            self.fast = self.slow = value
            return
        self.fast += 2 / (given.BARS_FAST + 1) * (value - self.fast)
        self.slow += 2 / (given.BARS_SLOW + 1) * (value - self.slow)

    def should_long(self) -> bool:
        """Enter when the fast average is above."""
        return self.index >= given.BARS_SLOW and self.fast > self.slow

    def go_long(self) -> None:
        """Buy at the market."""
        Cross.sent += 1
        self.buy = given.QUANTITY, self.price

    def update_position(self) -> None:
        """Leave when the fast average is below."""
        if self.fast <= self.slow:
            Cross.sent += 1
            self.liquidate()

    def should_short(self) -> bool:
        """Never."""
        return False

    def go_short(self) -> None:
        """Never asked for."""

    def should_cancel_entry(self) -> bool:
        """Market orders never wait."""
        return False


def main() -> None:
    """Make the candles, run a few to compile, then time the run."""
    _, folder = given.arguments()
    rows = np.load(folder / "bars.npy")
    prices = [rows[name] / given.PRICE_UNITS for name in ("open", "close", "high", "low")]
    candles = np.column_stack([rows["ts_ns"] // 1_000_000, *prices, rows["volume"] / given.QUANTITY_UNITS])
    run(candles[:1_440])
    Cross.sent = 0
    with given.Timed() as took:
        run(candles)
    version = importlib.metadata.version("jesse")
    given.report(events=len(rows), orders=Cross.sent, took=took, version=version)


def run(candles: np.ndarray) -> None:
    """Run the strategy over the candles in the faster of its two modes."""
    routes = [{"exchange": EXCHANGE, "strategy": Cross, "symbol": SYMBOL, "timeframe": "1m"}]
    key = f"{EXCHANGE}-{SYMBOL}"
    market = {key: {"exchange": EXCHANGE, "symbol": SYMBOL, "candles": candles}}
    research.backtest(CONFIG, routes, [], market, fast_mode=True)


if __name__ == "__main__":
    main()
