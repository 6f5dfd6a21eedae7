"""Strategies in files, honest and cheating, and the settings that run them."""

from pathlib import Path

from config.load import Config
from core.records import Event, Kind
from core.rng import Rng
from research.backtest.data import Data, Folder
from research.lookahead.check import check_lookahead
from research.lookahead.report import LookaheadReport
from tests.research.backtest.made import SECOND_NS, START_NS, config

SETTINGS = """
[venues.binance]
connector = "binance-spot"
instruments = ["BTCUSDT", "ETHUSDT"]

[[strategies]]
id = "it"
use = {use}
instruments = ["BTCUSDT.BINANCE"]
params = {params}

[risk]
max_order_notional = 500_000
max_position_notional = 50_000_000
max_orders_per_second = 1_000
max_orders_per_minute = 50_000
"""

COMING: list[int] = []
"""What a hacked feed tells ahead of time."""

leak = COMING

HEAD = """
from strategies import Strategy

class It(Strategy):
    '''Buys before it rises.'''
"""


def settings(use: object, params: str = "{}", **backtest: object) -> Config:
    """Settings of one strategy, a name or a file."""
    named = f'"{use}:It"' if isinstance(use, Path) else f'"{use}"'
    return config(SETTINGS.replace("{use}", named).replace("{params}", params), **backtest)


def strategy(file: Path, body: str, head: str = "") -> Path:
    """Write a strategy `It` whose class body is `body`."""
    lines = "".join(f"    {line}\n" if line else "\n" for line in body.strip("\n").split("\n"))
    file.write_text(head + HEAD + lines)
    return file


def walk(count: int, seed: int = 5, step_ns: int = SECOND_NS // 10) -> list[Event]:
    """Quotes whose mid wanders by up to ten ticks a step."""
    rng, price, events = Rng(seed), 6_000_000, list[Event]()
    for number in range(count):
        price += 100 * (rng.below(21) - 10)
        bid_quantity, ask_quantity = 10**6 * (1 + rng.below(90)), 10**6 * (1 + rng.below(90))
        events.append(
            (
                Kind.QUOTE, 0, 0, START_NS + number * step_ns, 0,
                price, bid_quantity, price + 1 + rng.below(50), ask_quantity, number + 1,
            )
        )  # fmt: skip
    return events


def checked(chosen: Config, *folders: Path, cuts: int = 6) -> LookaheadReport:
    """Check over folders."""
    with Data([Folder(folder) for folder in folders]) as data:
        return check_lookahead(chosen, data, cuts=cuts)


def bids(events: list[Event]) -> list[int]:
    """The first field of market events: of quotes the bid."""
    return [event[5] for event in events if isinstance(event[5], int)]
