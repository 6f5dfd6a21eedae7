"""Data and settings for tests of backtests: a wave of quotes, minute bars, and what trades on them."""

from collections.abc import Iterable
from pathlib import Path

from config.load import Config, parse
from core.bars import VENUE_INTERVALS
from core.instruments import AssetClass, Instrument
from core.records import Event, Kind
from research.backtest.data import Data, Folder
from research.backtest.driver import Backtest
from research.backtest.folder import RunFolder, create_run_folder
from research.history.head import Origin
from research.history.writing import HistoryWriter

START_NS = 1_723_118_400_000_000_000  # 2024-08-08 12:00 UTC
SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS

SETTINGS = """
[venues.binance]
connector = "binance-spot"
instruments = ["BTCUSDT", "ETHUSDT"]

[[strategies]]
id = "ema"
use = "ema-cross"
instruments = ["BTCUSDT.BINANCE"]
params = { fast = 3, slow = 9, quantity = "0.01" }

[risk]
max_order_notional = 5_000
max_orders_per_second = 100
max_orders_per_minute = 5_000
"""


def instrument(symbol: str) -> Instrument:
    return Instrument(
        symbol=symbol,
        venue="BINANCE",
        asset_class=AssetClass.CRYPTO_SPOT,
        base=symbol.removesuffix("USDT"),
        quote="USDT",
        price_precision=2,
        size_precision=8,
        tick=1,
        lot=1_000,
    )


def quotes(count: int, step_ns: int = SECOND_NS, index: int = 0, first_ns: int = START_NS) -> list[Event]:
    """A triangle wave of 40 quotes, one cent wide."""
    events: list[Event] = []
    for number in range(count):
        price = 6_000_000 + 100 * abs(number % 40 - 20)
        events.append(
            (Kind.QUOTE, 0, index, first_ns + number * step_ns, 0, price, 10**8, price + 1, 10**8, number + 1)
        )
    return events


def bars(closes: Iterable[int], index: int = 0, interval: str = "1m") -> list[Event]:
    """Minute bars that open ten cents above the close before."""
    events: list[Event] = []
    for number, close in enumerate(closes):
        opens_ns = START_NS + number * MINUTE_NS
        opened = close + 10
        place = VENUE_INTERVALS.index(interval)
        low, high = min(opened, close), max(opened, close)
        event: Event = (
            Kind.BAR, place, index, opens_ns + MINUTE_NS, opens_ns, opened, high, low, close, 10**10,
        )  # fmt: skip
        events.append(event)
    return events


def history(folder: Path, events: list[Event], symbols: tuple[str, ...] = ("BTCUSDT",)) -> Path:
    """Write a history of some market events."""
    with HistoryWriter(folder, Origin(kind="made up")) as writer:
        writer.begin([instrument(symbol) for symbol in symbols], events[0][3])
        writer.extend(events)
    return folder


def config(text: str = SETTINGS, **backtest: object) -> Config:
    """Settings, with some of [backtest]."""
    lines = "".join(f"{name} = {_toml(value)}\n" for name, value in backtest.items())
    return parse(f"{text}\n[backtest]\n{lines}")


def backtest(chosen: Config, *folders: Path, out: Path | None = None) -> Backtest:
    """Run a backtest over folders, into `out` where given."""
    with Data([Folder(folder) for folder in folders]) as data:
        made = create_run_folder(out, Path("unused")) if out is not None else None
        return Backtest(chosen, data, made).run()


def kept(done: Backtest) -> RunFolder:
    """The tables of a backtest that wrote some."""
    assert done.folder is not None
    return done.folder


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)
