"""The Python driver: recorded and made-up data through the engine in virtual time, the same every time."""

from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from core.orders import ApprovedSubmit
from core.records import Kind
from daemon.replay import replay_session
from journal.reader import open_session
from research.backtest.data import Data, Folder
from research.backtest.driver import Backtest
from research.backtest.errors import DataProblem
from research.backtest.folder import create_run_folder
from tests.daemon.sessions import config as session_config
from tests.daemon.sessions import record_session
from tests.research.backtest.made import SECOND_NS, SETTINGS, START_NS, backtest, config, history, kept, quotes


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A paper session, only to be read."""
    return record_session(tmp_path_factory.mktemp("sessions"))


@pytest.fixture(scope="module")
def wave(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history of 2,000 quotes, only to be read."""
    return history(tmp_path_factory.mktemp("histories") / "wave", quotes(2_000))


def test_a_recorded_session_gives_the_orders_and_fills_that_it_recorded(recorded, tmp_path):
    done = backtest(session_config(), recorded, out=tmp_path / "run")

    with open_session(recorded) as reader:
        effects = [event[5] for _, event in reader.events() if event[0] in {Kind.SUBMIT, Kind.FILL}]
    recorded_orders = sum(isinstance(effect, ApprovedSubmit) for effect in effects)
    assert done.virtual.orders == recorded_orders > 50
    assert done.virtual.fills == len(effects) - recorded_orders > 20


def test_the_same_backtest_twice_comes_to_the_same_digests(wave, tmp_path):
    first, second = (backtest(config(), wave, out=tmp_path / name) for name in ("a", "b"))

    assert first.virtual.fills > 10
    assert kept(first).digest() == kept(second).digest()
    assert first.engine.digest() == second.engine.digest()


def test_a_run_folder_changes_nothing_of_the_outcome(wave, tmp_path):
    told, untold = backtest(config(), wave, out=tmp_path / "run"), backtest(config(), wave)

    assert told.engine.digest() == untold.engine.digest()
    assert told.account.results()["USDT"].profit == untold.account.results()["USDT"].profit


@pytest.mark.parametrize("data", ["recorded", "wave"])
def test_a_journal_of_a_backtest_replays_bit_for_bit_and_changes_nothing(data, tmp_path, request):
    folder = request.getfixturevalue(data)
    settings = session_config().settings if data == "recorded" else None
    plain = config(journal=False) if settings is None else session_config()
    journaled = config(journal=True) if settings is None else _with_journal(session_config())

    done = backtest(journaled, folder, out=tmp_path / "run")
    result = replay_session(tmp_path / "run" / "journal")

    assert result.ok, result.text()
    assert result.state == "ended"
    assert result.digests_compared >= 1
    assert result.digest == done.engine.digest().hex()
    assert kept(done).digest() == kept(backtest(plain, folder, out=tmp_path / "plain")).digest()


def _with_journal(chosen):
    with_journal = msgspec.structs.replace(chosen.settings.backtest, journal=True)
    return msgspec.structs.replace(chosen, settings=msgspec.structs.replace(chosen.settings, backtest=with_journal))


def test_strategies_start_at_from_and_the_data_ends_before_until(wave, tmp_path):
    done = backtest(
        config(**{"from": "2024-08-08T12:10:00Z", "until": "2024-08-08 12:20:00"}), wave, out=tmp_path / "run"
    )

    assert done.started_ns == START_NS + 600 * SECOND_NS
    assert done.inputs == 1_200 + 2  # up to 12:20, with a definition and a feed
    assert 0 < done.virtual.orders < backtest(config(), wave).virtual.orders


def test_nothing_between_from_and_until_is_said(wave):
    with pytest.raises(DataProblem, match="no market data"):
        backtest(config(**{"from": "2030-01-01"}), wave)


def test_several_folders_are_merged_into_what_one_would_have_held(tmp_path):
    btc, eth = quotes(400), quotes(400, index=1, first_ns=START_NS + SECOND_NS // 2)
    both = sorted([*btc, *eth], key=lambda event: event[3])
    one = history(tmp_path / "one", both, ("BTCUSDT", "ETHUSDT"))
    first = history(tmp_path / "first", btc)
    second = history(tmp_path / "second", [(*event[:2], 0, *event[3:]) for event in eth], ("ETHUSDT",))
    settings = config(SETTINGS.replace('["BTCUSDT.BINANCE"]', '["ETHUSDT.BINANCE"]'))

    together, apart = backtest(settings, one), backtest(settings, first, second)

    assert together.virtual.fills > 3
    assert apart.engine.digest() == together.engine.digest()


def test_orders_that_work_at_the_end_are_cancelled_and_positions_stay(tmp_path):
    quoter = SETTINGS.replace('use = "ema-cross"', 'use = "two-sided-quoter"').replace(
        'params = { fast = 3, slow = 9, quantity = "0.01" }', ""
    )
    done = backtest(config(quoter), history(tmp_path / "wave", quotes(100)))

    assert done.virtual.orders > 0
    assert done.engine.manager.open_count == 0
    assert done.engine.lifecycle.value == "STOPPED"


def test_a_run_that_is_stopped_is_marked_and_keeps_whole_tables(wave, tmp_path):
    with Data([Folder(wave)]) as data:
        stopped = Backtest(_with_journal(config()), data, create_run_folder(tmp_path / "run", tmp_path))
        stopped.stop()
        stopped.run()

    assert stopped.state == "interrupted"
    assert pq.read_table(tmp_path / "run" / "fills.parquet").num_rows == stopped.virtual.fills
    assert replay_session(tmp_path / "run" / "journal").state == "crashed"


def test_a_strategy_that_fails_is_paused_and_the_run_goes_on(wave, tmp_path):
    file = tmp_path / "broken.py"
    file.write_text(
        "from strategies import Strategy\n"
        "class Broken(Strategy):\n"
        "    '''Fails.'''\n"
        "    def on_start(self):\n"
        "        raise ValueError('as it must')\n"
    )
    text = SETTINGS.replace('"ema-cross"', f'"{file}:Broken"').replace(
        'params = { fast = 3, slow = 9, quantity = "0.01" }', ""
    )

    done = backtest(config(text), wave, out=tmp_path / "run")

    assert done.state == "ended"
    assert "ValueError" in kept(done).paused["ema"]


def test_a_strategy_in_python_is_refused_by_the_compiled_driver(wave):
    with pytest.raises(Exception, match="python"):
        backtest(config(driver="compiled"), wave)


@pytest.mark.parametrize("driver", ["python", pytest.param("compiled", marks=pytest.mark.slow)])  # it compiles first
def test_what_a_venue_is_given_for_its_own_holds_in_both_drivers(wave, driver, tmp_path):
    text = SETTINGS.replace('"ema-cross"', '"ema-cross-kernel"')
    free = "\n[paper.sim.venues.BINANCE]\nmaker_fee_ppm = 0\ntaker_fee_ppm = 0\n"

    paid = backtest(config(text, driver=driver), wave, out=tmp_path / "paid")
    done = backtest(config(text + free, driver=driver), wave, out=tmp_path / "free")

    assert paid.virtual.fills == done.virtual.fills > 0
    assert paid.engine.manager.position(0).fees > 0
    assert done.engine.manager.position(0).fees == 0
