"""Where decisions hang on where the history starts, and which figures do."""

from pathlib import Path

import pytest

from research.backtest.data import Data, Folder
from research.lookahead.errors import NothingToCheck
from research.lookahead.warmup import check_warmup
from research.lookahead.warmup_report import report_text
from tests.daemon.sessions import config as session_config
from tests.daemon.sessions import record_session
from tests.research.backtest.made import history, quotes
from tests.research.lookahead.cheats import settings, strategy, walk

FAST = '{ fast = 3, slow = 9, quantity = "0.01" }'

SINCE_THE_START = """
def on_start(self):
    self.sum = self.seen = 0
    self.subscribe_quotes(self.markets[0])

def on_quote(self, quote):
    self.seen += 1
    self.sum += quote.bid_price
    if quote.bid_price % 20 == 0:
        above = quote.bid_price * self.seen > self.sum
        (self.buy if above else self.sell)(self.markets[0], 1_000_000)

def save(self):
    return {"mean": self.sum / max(1, self.seen), "seen": self.seen, "levels": [1, self.seen]}
"""


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history of quotes that wander, only to be read."""
    return history(tmp_path_factory.mktemp("histories") / "walk", walk(1_500))


def warmup(chosen, folder, claim=None):
    with Data([Folder(folder)]) as data:
        return check_warmup(chosen, data, claim=claim)


@pytest.mark.parametrize("name", ["ema-cross", "ema-cross-kernel"])
def test_an_average_that_forgets_agrees_after_its_warm_up(prices, name):
    report = warmup(settings(name, FAST), prices, claim=200)

    assert (report.verdict, report.exit_code) == ("agree", 0), report
    assert len(report.starts) == 3
    assert all(start.agrees_after is not None and start.agreeing > 20 for start in report.starts)
    kinds = {field.field: field.kind for field in report.fields}
    assert kinds["seen"] == "counter"
    assert all(kind != "staying" for kind in kinds.values())


def test_a_claim_that_is_too_small_is_refused_with_the_first_decision_that_differs(prices):
    report = warmup(settings("ema-cross", '{ fast = 20, slow = 100, quantity = "0.01" }'), prices, claim=50)

    late = [start for start in report.starts if not start.keeps_claim]
    assert (report.verdict, report.exit_code) == ("differ", 3)
    assert late[0].agrees_after is None or late[0].agrees_after > 50
    assert late[0].was != late[0].became
    assert late[0].time_ns >= late[0].start_ns


@pytest.mark.slow
def test_a_figure_since_the_start_is_named_with_how_far_it_is_off(prices, tmp_path):
    chosen = settings(strategy(tmp_path / "since.py", SINCE_THE_START))

    report = warmup(chosen, prices)

    fields = {field.field: field for field in report.fields}
    assert fields["mean"].kind == "staying"
    assert len(fields["mean"].differences) == len(report.marks) == 4
    assert 1e-9 < fields["mean"].differences[-1] < 0.1
    assert fields["seen"].kind == fields["levels[1]"].kind == "counter"
    assert "levels[0]" not in fields
    assert report.fields[0].field == "mean"
    assert "it.mean" in report_text(report)
    assert any(start.was for start in report.starts)


@pytest.mark.slow
def test_quantities_that_never_agree_are_told_as_never(prices, tmp_path):
    grows = SINCE_THE_START.replace("1_000_000", "1_000 * self.seen")
    report = warmup(settings(strategy(tmp_path / "grows.py", grows)), prices)

    assert (report.verdict, report.exit_code) == ("differ", 3)
    assert {start.agrees_after for start in report.starts} == {None}
    assert "never agrees" in report_text(report)
    assert "(from the whole history)" in report_text(report)


def test_a_recorded_session_can_be_started_anywhere(tmp_path):
    report = warmup(session_config(), record_session(tmp_path))

    assert report.decisions > 20
    assert len(report.starts) % 3 == 0


def test_data_too_short_is_refused(tmp_path):
    with pytest.raises(NothingToCheck, match="too short"):
        warmup(settings("ema-cross", FAST), history(tmp_path / "short", quotes(3, step_ns=1)))


def test_a_strategy_that_decides_nothing_is_refused(tmp_path):
    with pytest.raises(NothingToCheck, match="decided anything"):
        warmup(settings("ema-cross", FAST), history(tmp_path / "few", quotes(8)))
