# mypy: ignore-errors
# Runs in the peer's environment; its packages are unknown to ours.
"""freqtrade: bars with an EMA cross, by its backtesting of a frame in memory, offline. Scenario: `bars-ema`."""

import logging
from pathlib import Path

import freqtrade
import numpy as np
import pandas as pd
import scenario as given
from freqtrade.configuration import TimeRange
from freqtrade.enums import RunMode
from freqtrade.exchange import Exchange
from freqtrade.optimize.backtesting import Backtesting

PAIR = "BTC/USDT"
MARKET = {
    "id": "BTCUSDT",
    "symbol": PAIR,
    "base": "BTC",
    "quote": "USDT",
    "active": True,
    "spot": True,
    "swap": False,
    "linear": None,
    "type": "spot",
    "contractSize": None,
    "precision": {"amount": 1 / given.QUANTITY_UNITS, "price": 1 / given.PRICE_UNITS},
    "limits": {
        "amount": {"min": 1 / given.QUANTITY_UNITS, "max": None},
        "cost": {"min": None, "max": None},
        "price": {"min": None, "max": None},
        "leverage": {"min": None, "max": None},
    },
    "maker": given.FEE,
    "taker": given.FEE,
}


class Offline(Exchange):
    """An exchange that knows one market and is never asked over the net."""

    def reload_markets(self, force: bool = False, *, load_leverage_tiers: bool = True) -> None:
        """Know the one market."""
        self._markets = {PAIR: MARKET}

    def validate_config(self, config) -> None:
        """There is nothing to compare the settings with."""


def settings(folder: Path) -> dict:
    """Return the settings of a dry run on one pair, entries and exits at the market."""
    side = {"price_side": "other", "use_order_book": False, "order_book_top": 1}
    return {
        "strategy": "Cross",
        "strategy_path": str(Path(__file__).with_name("freqtrade_strategies")),
        "user_data_dir": folder,
        "datadir": folder,
        "runmode": RunMode.BACKTEST,
        "timeframe": "1m",
        "stake_currency": "USDT",
        "stake_amount": 600,
        "dry_run_wallet": given.CASH,
        "max_open_trades": 1,
        "tradable_balance_ratio": 0.99,
        "fee": given.FEE,
        "dry_run": True,
        "exchange": {"name": "binance", "pair_whitelist": [PAIR], "skip_open_order_update": True},
        "pairlists": [{"method": "StaticPairList"}],
        "entry_pricing": side,
        "exit_pricing": side,
        "export": "none",
        "dataformat_ohlcv": "feather",
    }


def frame(folder: Path) -> pd.DataFrame:
    """Return the bars as its history gives them."""
    rows = np.load(folder / "bars.npy")
    columns = {"date": pd.to_datetime(rows["ts_ns"], utc=True)}
    columns |= {name: rows[name] / given.PRICE_UNITS for name in ("open", "high", "low", "close")}
    return pd.DataFrame(columns | {"volume": rows["volume"] / given.QUANTITY_UNITS})


def main() -> None:
    """Build the backtest, then time signals and trades."""
    _, folder = given.arguments()
    logging.disable(logging.CRITICAL)
    config = settings(Path.cwd())
    backtesting = Backtesting(config, Offline(config, validate=False))
    bars = frame(folder)
    [strategy] = backtesting.strategylist
    with given.Timed() as took:
        backtesting.backtest_one_strategy(strategy, {PAIR: bars}, TimeRange())
    trades = backtesting.all_bt_content[strategy.get_strategy_name()]["results"]
    given.report(events=len(bars), orders=2 * len(trades), took=took, version=freqtrade.__version__)


if __name__ == "__main__":
    main()
