"""The checks on real recorded frames, books included."""

import gzip
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from core.book import L2Book
from core.records import LAST, Kind
from research.backtest.data import Data, Folder
from research.history.frames import FramesSource
from research.history.reader import open_history
from research.history.sources import import_history
from research.lookahead.altering import Alteration
from research.lookahead.check import check_lookahead
from research.lookahead.warmup import check_warmup
from tests.research.backtest.made import config

SETTINGS = """
[venues.binance]
connector = "binance-spot"
instruments = ["BTCUSDT"]

[[strategies]]
id = "ema"
use = "ema-cross"
instruments = ["BTCUSDT.BINANCE"]
params = { fast = 20, slow = 60, quantity = "0.01" }

[[strategies]]
id = "kernel"
use = "ema-cross-kernel"
instruments = ["BTCUSDT.BINANCE"]
params = { fast = 10, slow = 40, quantity = "0.01" }

[[strategies]]
id = "quoter"
use = "two-sided-quoter"
instruments = ["BTCUSDT.BINANCE"]

[risk]
max_order_notional = 50_000
max_position_notional = 500_000
max_orders_per_second = 100
max_orders_per_minute = 5_000
"""


@pytest.fixture(scope="module")
def recorded(recorded_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history of some thousand recorded frames."""
    found = sorted((recorded_dir / "binance").glob("spot-btcusdt*.gz"))
    if not found:
        pytest.skip(f"no spot-btcusdt*.gz in {recorded_dir / 'binance'}")
    folder = tmp_path_factory.mktemp("recorded")
    with gzip.open(found[0], "rb") as lines, gzip.open(folder / "frames.gz", "wb", compresslevel=1) as some:
        some.writelines(islice(lines, 6_000))
    import_history(FramesSource(files=(str(folder / "frames.gz"),)), folder / "history")
    return folder / "history"


@pytest.mark.slow
def test_honest_strategies_pass_on_recorded_frames(recorded):
    with Data([Folder(recorded)]) as data:
        report = check_lookahead(config(SETTINGS), data, cuts=3)

    assert report.verdict == "clean", report
    assert {each.strategy for each in report.responses} == {"ema", "kernel", "quoter"}


def test_the_warm_up_of_averages_is_measured_on_recorded_frames(recorded):
    settings = config(SETTINGS.partition('[[strategies]]\nid = "quoter"')[0])
    with Data([Folder(recorded)]) as data:
        report = check_warmup(settings, data)

    assert report.verdict == "agree", report
    assert {field.kind for field in report.fields} <= {"counter", "fading"}


def test_recorded_books_stay_linked_and_uncrossed_when_altered(recorded):
    with open_history(recorded) as reader:
        events: list[Any] = list(reader.events())
    prices = [event[5] for event in events if event[0] == Kind.QUOTE]
    cut_ns = events[len(events) // 3][3]
    alteration = Alteration(7, cut_ns, {0: (min(prices), max(prices))})
    was, became = L2Book(), L2Book()

    moved = 0
    for old in events:
        new: Any = alteration.take(old)
        if old[0] != Kind.BOOK:
            continue
        assert was.apply(old[1], old[5], old[6], old[8], old[9]) == became.apply(new[1], new[5], new[6], new[8], new[9])
        if old[1] & LAST and was.is_live:
            assert became.best_bid <= was.best_bid < was.best_ask <= became.best_ask
            moved += became.best_bid < was.best_bid
    assert moved > 50
