# mypy: ignore-errors
# Runs in the peer's environment; its packages are unknown to ours.
"""The EMA cross as freqtrade wants it: in a folder of its own, which it searches for strategies by name."""

import scenario as given
from freqtrade.strategy import IStrategy


class Cross(IStrategy):
    """Trades the crossing of two averages of the close with market orders, filled at the next bar's open."""

    INTERFACE_VERSION = 3
    timeframe = "1m"
    minimal_roi = {"0": 1_000}  # noqa: RUF012 - as its strategies are written
    stoploss = -0.99
    startup_candle_count = 0
    process_only_new_candles = True
    use_exit_signal = True
    order_types = {"entry": "market", "exit": "market", "stoploss": "market", "stoploss_on_exchange": False}  # noqa: RUF012

    def populate_indicators(self, dataframe, metadata):
        """Compute both averages over all bars at once."""
        dataframe["fast"] = dataframe["close"].ewm(span=given.BARS_FAST, adjust=False).mean()
        dataframe["slow"] = dataframe["close"].ewm(span=given.BARS_SLOW, adjust=False).mean()
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        """Enter while the fast average is above, after the warm-up."""
        warm = dataframe.index >= given.BARS_SLOW
        dataframe.loc[warm & (dataframe["fast"] > dataframe["slow"]), "enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        """Leave while the fast average is below."""
        dataframe.loc[dataframe["fast"] <= dataframe["slow"], "exit_long"] = 1
        return dataframe
