"""Backtests on market by order: true queues, a journal that replays, and what is refused."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from config.errors import ConfigError
from config.load import parse
from core.records import FIRST, LAST, SNAPSHOT, Kind
from daemon.cli import main
from daemon.replay import replay_session
from research.backtest.data import Data, Folder
from research.backtest.errors import DataProblem
from research.history.mbo import MboSource
from research.history.sources import import_history
from tests.research.backtest.made import SETTINGS, START_NS, backtest, config, history, kept, quotes
from tests.research.history.test_history_mbo import ES

JOINER = f"{Path(__file__).with_name('joiner.py')}:Joiner"
FUTURES = f"""
[venues.cme]
connector = "history"
instruments = ["ESH4"]

[[strategies]]
id = "joiner"
use = "{JOINER}"
instruments = ["ESH4.CME"]

[risk]
max_order_notional = 10_000_000
max_position_notional = 1_000_000_000
max_orders_per_second = 1_000
max_orders_per_minute = 50_000

[paper.sim]
maker_fee_ppm = 1
taker_fee_ppm = 1
queue_model = "%s"
"""
UNTIL = "2023-12-25T23:20:00Z"


def of_orders(folder: Path) -> Path:
    """A history of one order at each side, and one that joins."""
    snapshot = [
        (Kind.MBO, SNAPSHOT | FIRST, 0, START_NS, 0, 99, 5, 1, 1, 1),
        (Kind.MBO, SNAPSHOT | LAST | 1, 0, START_NS, 0, 101, 5, 2, 2, 2),
    ]
    return history(folder, [*snapshot, (Kind.MBO, FIRST | LAST, 0, START_NS + 1, 0, 99, 1, 3, 3, 3)])


@pytest.fixture(scope="module")
def file(recorded_dir: Path) -> Path:
    pytest.importorskip("databento_dbn")
    (path,) = (recorded_dir / "l3").glob("*.mbo.dbn.zst")
    return path


@pytest.fixture(scope="module")
def orders(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mbo") / "orders"
    import_history(MboSource(file=str(file), instrument=ES), folder)
    return folder


def test_true_queues_need_data_that_tells_single_orders(tmp_path):
    folder = history(tmp_path / "wave", quotes(100))
    settings = config(SETTINGS.replace('"binance-spot"', '"history"') + '[paper.sim]\nqueue_model = "fifo"\n')
    said = r"fifo.* needs market by order, and .*wave tells of BTCUSDT\.BINANCE by quotes alone: import such data"
    with pytest.raises(DataProblem, match=said):
        backtest(settings, folder)
    assert backtest(settings, of_orders(tmp_path / "orders"), folder).inputs  # one tells it by order


def test_true_queues_are_asked_for_at_the_venue_that_shows_them(tmp_path):
    two = SETTINGS + '[venues.cme]\nconnector = "history"\ninstruments = ["ESH4"]\n'
    chosen = config(two + '[paper.sim.venues.CME]\nqueue_model = "fifo"\n')
    assert backtest(chosen, history(tmp_path / "wave", quotes(100))).inputs


def test_live_market_data_shows_no_single_orders():
    with pytest.raises(
        ConfigError, match=r"my\.toml:\d+: paper\.sim\.queue_model: expected .* BINANCE tells depth by price"
    ):
        parse(SETTINGS + '[paper.sim]\nqueue_model = "fifo"\n', file="my.toml")
    with pytest.raises(ConfigError, match=r"paper\.sim\.venues\.BINANCE\.queue_model"):
        parse(SETTINGS + '[paper.sim.venues.BINANCE]\nqueue_model = "fifo"\n', file="my.toml")


def test_what_data_tells_is_known_by_instrument(tmp_path):
    wave, by_order = history(tmp_path / "wave", quotes(10), ("ETHUSDT",)), of_orders(tmp_path / "orders")
    with Data([Folder(wave), Folder(by_order)]) as data:
        assert data.told() == {"ETHUSDT.BINANCE": {Kind.QUOTE}, "BTCUSDT.BINANCE": {Kind.MBO}}


def test_a_journal_shows_orders_in_words_and_their_book(tmp_path, capsys):
    folder = of_orders(tmp_path / "orders")
    assert main(["journal", "show", str(folder), "--kind", "mbo"]) == 0
    told = capsys.readouterr().out
    assert "bid 0.00000005 at 0.99  order 1 of rank 1  #1  [first snapshot]" in told
    assert "bid 0.00000001 at 0.99  order 3 of rank 3  #3  [first last]" in told
    assert main(["journal", "book", str(folder)]) == 0
    assert "LIVE, update 3" in (told := capsys.readouterr().out)
    assert "0.00000006" in told
    assert main(["journal", "verify", str(folder)]) == 0


@pytest.mark.slow
def test_a_journal_of_a_backtest_on_true_queues_replays(orders, tmp_path, capsys):
    settings = tmp_path / "my.toml"
    settings.write_text(FUTURES % "fifo" + f'[backtest]\nuntil = "{UNTIL}"\n')
    words = ["backtest", "-c", settings, "--data", orders, "--out", tmp_path / "run", "--journal", "--json"]
    assert main([str(word) for word in words]) == 0
    assert main(["replay", str(tmp_path / "run" / "journal"), "--verify"]) == 0
    fills = pq.read_table(tmp_path / "run" / "fills.parquet").to_pylist()
    assert len(fills) > 20
    assert {fill["liquidity"] for fill in fills} == {"maker"}
    result = replay_session(tmp_path / "run" / "journal")
    assert result.ok, result.text()
    capsys.readouterr()


@pytest.mark.slow
def test_models_that_estimate_do_the_same_on_orders_and_on_their_levels(orders, file, tmp_path):
    levels = tmp_path / "levels"
    import_history(MboSource(file=str(file), instrument=ES, book="levels"), levels)
    chosen = config(FUTURES % "risk-averse", until=UNTIL)
    by_order, by_level = (backtest(chosen, folder, out=tmp_path / folder.name / "run") for folder in (orders, levels))
    assert by_order.virtual.fills == by_level.virtual.fills > 20
    assert kept(by_order).digest() == kept(by_level).digest()
