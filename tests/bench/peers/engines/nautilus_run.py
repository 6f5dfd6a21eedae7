# mypy: ignore-errors
# Runs in the peer's environment; its packages are unknown to ours.
"""NautilusTrader: quotes without a strategy, quotes and bars with an EMA cross, by its BacktestEngine.

Scenarios: `quotes`, `quotes-ema`, `bars-ema`.
"""

from decimal import Decimal
from pathlib import Path

import nautilus_trader
import numpy as np
import pandas as pd
import scenario as given
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import BacktestEngineConfig, LoggingConfig, RiskEngineConfig, StrategyConfig
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler, QuoteTickDataWrangler
from nautilus_trader.trading.strategy import Strategy

VENUE = Venue("SIM")
INSTRUMENT = CurrencyPair(
    instrument_id=InstrumentId(Symbol("BTCUSDT"), VENUE),
    raw_symbol=Symbol("BTCUSDT"),
    base_currency=BTC,
    quote_currency=USDT,
    price_precision=2,
    size_precision=3,
    price_increment=Price.from_str("0.01"),
    size_increment=Quantity.from_str("0.001"),
    maker_fee=Decimal(str(given.FEE)),
    taker_fee=Decimal(str(given.FEE)),
    ts_event=0,
    ts_init=0,
)
BAR_TYPE = BarType.from_str("BTCUSDT.SIM-1-MINUTE-LAST-EXTERNAL")


class CrossConfig(StrategyConfig, frozen=True):
    """Spans in values."""

    fast: int
    slow: int
    bars: bool


class Cross(Strategy):
    """Trades the crossing of two averages of the mid, or of the close, with market orders."""

    def on_start(self) -> None:
        """Follow the market."""
        self.fast_alpha, self.slow_alpha = 2 / (self.config.fast + 1), 2 / (self.config.slow + 1)
        self.fast = self.slow = 0.0
        self.warm_up = self.config.slow
        self.seen = 0
        self.long = False
        self.size = INSTRUMENT.make_qty(given.QUANTITY)
        if self.config.bars:
            self.subscribe_bars(BAR_TYPE)
        else:
            self.subscribe_quote_ticks(INSTRUMENT.id)

    def on_quote_tick(self, tick) -> None:
        """Look at the mid."""
        self.look((tick.bid_price.as_double() + tick.ask_price.as_double()) / 2)

    def on_bar(self, bar) -> None:
        """Look at the close."""
        self.look(bar.close.as_double())

    def look(self, value: float) -> None:
        """Move both averages; order when they have crossed."""
        if not self.seen:
            self.fast = self.slow = value
        else:
            self.fast += self.fast_alpha * (value - self.fast)
            self.slow += self.slow_alpha * (value - self.slow)
        if self.seen >= self.warm_up and (self.fast > self.slow) is not self.long:
            self.long = not self.long
            side = OrderSide.BUY if self.long else OrderSide.SELL
            self.submit_order(self.order_factory.market(INSTRUMENT.id, side, self.size))
        self.seen += 1


def quotes(folder: Path) -> list:
    """Return the quotes as its objects."""
    rows = np.load(folder / "quotes.npy")
    columns = {
        "bid_price": rows["bid"] / given.PRICE_UNITS,
        "ask_price": rows["ask"] / given.PRICE_UNITS,
        "bid_size": rows["bid_quantity"] / given.QUANTITY_UNITS,
        "ask_size": rows["ask_quantity"] / given.QUANTITY_UNITS,
    }
    frame = pd.DataFrame(columns, index=pd.DatetimeIndex(rows["ts_ns"], tz="UTC"))
    return QuoteTickDataWrangler(INSTRUMENT).process(frame)


def bars(folder: Path) -> list:
    """Return the bars as its objects, known when they close."""
    rows = np.load(folder / "bars.npy")
    columns = {name: rows[name] / given.PRICE_UNITS for name in ("open", "high", "low", "close")}
    columns["volume"] = rows["volume"] / given.QUANTITY_UNITS
    frame = pd.DataFrame(columns, index=pd.DatetimeIndex(rows["ts_ns"] + 60_000_000_000, tz="UTC"))
    return BarDataWrangler(BAR_TYPE, INSTRUMENT).process(frame)


def main() -> None:
    """Build the engine and its data, then time the run."""
    name, folder = given.arguments()
    data = bars(folder) if name == "bars-ema" else quotes(folder)
    logging, risk = LoggingConfig(bypass_logging=True), RiskEngineConfig(max_order_submit_rate="1000000/00:00:01")
    engine = BacktestEngine(BacktestEngineConfig(logging=logging, risk_engine=risk))
    engine.add_venue(VENUE, OmsType.NETTING, AccountType.MARGIN, [Money(given.CASH, USDT)], base_currency=None)
    engine.add_instrument(INSTRUMENT)
    engine.add_data(data)
    if name == "quotes-ema":
        engine.add_strategy(Cross(CrossConfig(fast=given.QUOTES_FAST, slow=given.QUOTES_SLOW, bars=False)))
    elif name == "bars-ema":
        engine.add_strategy(Cross(CrossConfig(fast=given.BARS_FAST, slow=given.BARS_SLOW, bars=True)))
    with given.Timed() as took:
        engine.run()
    given.report(
        events=len(data),
        orders=engine.cache.orders_total_count(),
        took=took,
        version=nautilus_trader.__version__,
        fills=engine.cache.orders_closed_count(),
    )


if __name__ == "__main__":
    main()
