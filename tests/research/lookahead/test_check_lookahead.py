"""Cheating strategies are named, honest ones pass."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from research.backtest.data import Data, Folder, Run
from research.lookahead.check import check_lookahead
from research.lookahead.errors import NothingToCheck
from research.lookahead.report import report_text
from tests.daemon.sessions import config as session_config
from tests.daemon.sessions import record_session
from tests.research.backtest.made import bars, history
from tests.research.lookahead.cheats import bids, checked, leak, settings, strategy, walk

FAST = '{ fast = 3, slow = 9, quantity = "0.01" }'
COUNT = 800

BY_TABLE = """
def on_start(self):
    self.seen = 0
    self.subscribe_quotes(self.markets[0])

def on_quote(self, quote):
    self.seen += 1
    ahead = self.seen + 15
    if self.seen % 20 == 0 and ahead < len(FUTURE):
        (self.buy if FUTURE[ahead] > FUTURE[self.seen] else self.sell)(self.markets[0], 1_000_000)
"""


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history of quotes that wander, only to be read."""
    return history(tmp_path_factory.mktemp("histories") / "walk", walk(COUNT))


@pytest.mark.parametrize(
    ("name", "params"), [("ema-cross", FAST), ("ema-cross-kernel", FAST), ("two-sided-quoter", "{}")]
)
def test_an_honest_strategy_passes(prices, name, params):
    report = checked(settings(name, params), prices, cuts=3)

    assert report.verdict == "clean", report
    assert report.exit_code == 0
    assert report.decisions > 50
    assert len(report.cuts) == 3
    assert report.reruns == 7
    assert not report.data


def test_honest_strategies_pass_on_bars_whose_opens_are_known_before_they_close(tmp_path):
    closes = bids(walk(300))
    folder = history(tmp_path / "bars", bars(closes))

    report = checked(settings("ema-cross-kernel", FAST), folder, cuts=9)

    assert report.verdict == "clean", report
    assert report.responses[0].orders > report.responses[0].again


@pytest.mark.slow
def test_limit_orders_on_bars_and_every_cut_inside_a_bar_are_no_cause_to_suspect(tmp_path):
    rests = strategy(
        tmp_path / "rests.py",
        """
def on_start(self):
    self.subscribe_venue_bars(self.markets[0])

def on_bar(self, bar):
    self.cancel_all()
    side = self.buy if self.position(self.markets[0]) <= 0 else self.sell
    side(self.markets[0], 1_000_000, bar.close)

def on_fill(self, fill):
    self.set_timer("soon", 7_000_000_000)

def on_timer(self, timer):
    self.buy(self.markets[0], 2_000_000)
""",
    )
    folder = history(tmp_path / "bars", bars(bids(walk(200))))

    report = checked(settings(rests), folder, cuts=8)

    assert report.verdict == "clean", report
    assert report.decisions > 250


@pytest.mark.slow
def test_a_recorded_session_is_cut_only_while_its_strategies_live(tmp_path):
    report = checked(session_config(), record_session(tmp_path), cuts=9)

    assert report.verdict == "clean", report
    assert report.decisions > 100


@pytest.mark.slow
def test_a_strategy_that_reads_records_ahead_through_a_global_is_named_with_its_first_moved_decision(prices, tmp_path):
    peek = strategy(
        tmp_path / "peek.py",
        """
def on_start(self):
    self.seen = 0
    self.subscribe_quotes(self.markets[0])

def on_quote(self, quote):
    self.seen += 1
    coming = leak.COMING
    later = coming[self.seen + 9] if self.seen + 9 < len(coming) else None
    if self.seen % 20 == 0:
        rises = later is None or later > quote.bid_price
        (self.buy if rises else self.sell)(self.markets[0], 1_000_000)
""",
        head="from tests.research.lookahead import cheats as leak\n",
    )

    with LeakyData([Folder(prices)]) as data:
        report = check_lookahead(settings(peek), data, cuts=6)

    first = report.moved[0]
    assert report.verdict == "moved"
    assert report.exit_code == 3
    assert (first.strategy, first.check) == ("it", "truncated")
    assert first.time_ns < first.cut_ns
    assert {first.was.split()[0], first.became.split()[0]} == {"buy", "sell"}
    assert first.was.split()[1:4] == ["0.01", "BTCUSDT.BINANCE", "market"]
    assert first.input > 20
    assert "FOUND" in report_text(report)
    assert first.was in report_text(report)


class LeakyData(Data):
    """A hacked feed: whatever will be fed can be read from a global before it is."""

    def runs(self, from_ns: int, until_ns: int) -> Iterator[Run]:
        leak.clear()
        for run in super().runs(from_ns, until_ns):
            events = list(run.events)
            leak.extend(bids(events) if run.plain else [])
            yield run._replace(events=events, slots=None)


@pytest.mark.slow
def test_a_strategy_that_reads_the_data_file_is_suspected_and_the_file_named(prices, tmp_path):
    file = next(prices.glob("*.tkj"))
    reader = strategy(
        tmp_path / "reader.py",
        f"""
def on_start(self):
    self.seen = 0
    with open({str(file)!r}, 'rb') as data:
        self.future = data.read()
    self.subscribe_quotes(self.markets[0])

def on_quote(self, quote):
    self.seen += 1
    at = 64 * (self.seen + 15)
    if self.seen % 20 == 0 and at + 64 < len(self.future):
        later = int.from_bytes(self.future[at + 24:at + 32], 'little')
        (self.buy if later > quote.bid_price else self.sell)(self.markets[0], 1_000_000)
""",
    )

    report = checked(settings(reader), prices, cuts=3)

    opened = next(each for each in report.suspicions if each.kind == "opens-file")
    assert (report.verdict, report.exit_code) == ("suspect", 3)
    assert str(file) in opened.message
    assert opened.strategy == "reader.py:8"
    assert "SUSPECTED, not proven" in report_text(report)


@pytest.mark.slow
def test_a_strategy_that_decides_by_a_table_of_future_prices_is_suspected_twice(prices, tmp_path):
    table = bids(walk(COUNT))
    cheat = strategy(tmp_path / "cheat.py", BY_TABLE, head=f"FUTURE = {table}\n")

    report = checked(settings(cheat), prices, cuts=3)

    found = {each.kind: each.message for each in report.suspicions}
    assert report.verdict == "suspect"
    assert "do not depend on the data fed" in found["ignores-data"]
    assert f"{COUNT} numbers in cheat.FUTURE" in found["holds-data"]
    assert report.responses[0].again == report.responses[0].orders >= 10


@pytest.mark.slow
def test_a_table_in_a_module_that_the_strategy_imports_is_found(prices, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    table = tmp_path / "signals.csv"
    table.write_text("\n".join(map(str, bids(walk(COUNT)))))
    (tmp_path / "its_signals.py").write_text(
        f"with open({str(table)!r}) as file:\n    FUTURE = [int(line) for line in file]\n"
    )
    cheat = strategy(tmp_path / "cheat.py", BY_TABLE, head="from its_signals import FUTURE\n")

    report = checked(settings(cheat), prices, cuts=3)

    monkeypatch.delitem(sys.modules, "its_signals")
    kinds = {each.kind for each in report.suspicions}
    assert kinds == {"ignores-data", "holds-data", "opens-file"}
    assert any(str(table) in each.message for each in report.suspicions)


def test_a_strategy_that_remembers_its_last_run_is_not_repeatable(prices, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "its_memory.py").write_text("SEEN = []\n")
    cheat = strategy(
        tmp_path / "cheat.py",
        """
def on_start(self):
    self.seen = 0
    self.known = list(SEEN)
    SEEN.clear()
    self.subscribe_quotes(self.markets[0])

def on_quote(self, quote):
    self.seen += 1
    SEEN.append(quote.bid_price)
    if self.seen % 20 == 0:
        ahead = self.known[self.seen + 10] if self.seen + 10 < len(self.known) else 0
        (self.buy if ahead > quote.bid_price else self.sell)(self.markets[0], 1_000_000)
""",
        head="from its_memory import SEEN\n",
    )

    report = checked(settings(cheat), prices, cuts=3)

    monkeypatch.delitem(sys.modules, "its_memory")
    assert (report.verdict, report.exit_code) == ("unrepeatable", 3)
    assert report.moved[0].check == "repeat"
    assert report.cuts == []


@pytest.mark.slow
def test_a_strategy_that_trades_by_the_clock_alone_is_suspected_in_words_that_allow_for_it(prices, tmp_path):
    by_clock = strategy(
        tmp_path / "clock.py",
        """
def on_start(self):
    self.set_timer("next", 1_000_000_000)

def on_timer(self, timer):
    self.buy(self.markets[0], 1_000_000)
    self.set_timer("next", 1_000_000_000)
""",
    )

    report = checked(settings(by_clock), prices, cuts=3)

    assert [each.kind for each in report.suspicions] == ["ignores-data"]
    assert "trade by the clock alone" in report.suspicions[0].message


def test_only_a_strategy_that_decides_something_can_be_checked(prices, tmp_path):
    broken = strategy(tmp_path / "broken.py", "def on_start(self):\n    raise ValueError('as it must')")

    with pytest.raises(NothingToCheck, match=r"ValueError in broken\.py"):
        checked(settings(broken), prices)


def test_the_same_check_twice_says_the_same(prices):
    first, second = (checked(settings("ema-cross", FAST), prices, cuts=2) for _ in range(2))

    assert first.cuts == second.cuts
    assert first.responses == second.responses
