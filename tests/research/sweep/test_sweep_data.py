"""Sweeps over every kind of data: merged histories, recorded sessions with a life of their own, makers that rest."""

from pathlib import Path

import pytest

from research.sweep.grid import Values
from research.sweep.plan import Plan, plan_of
from research.sweep.runner import Runner
from tests.daemon.sessions import record_session
from tests.research.backtest.made import START_NS, backtest, config, history, quotes
from tests.research.compiled import script_kernel
from tests.research.sweep.swept import KERNEL, same, with_data

SCRIPT = KERNEL.replace("ema-cross-kernel", f"{script_kernel.__file__}:ScriptKernel").replace(
    'fast = 3, slow = 9, quantity = "0.01"', "pace = 3"
)
# Of the script's kernel the loop is there already, from the tests of both drivers; the other one compiles first.
TRADING = pytest.mark.parametrize(
    ("text", "vary"),
    [
        pytest.param(SCRIPT, ["pace=4,7"], id="script"),
        pytest.param(KERNEL, ["fast=2,3", "slow=8"], id="averages", marks=pytest.mark.slow),
    ],
)

MAKER = """
[venues.binance]
connector = "binance-spot"
instruments = ["BTCUSDT"]

[[strategies]]
id = "maker"
use = "grid-maker-kernel"
instruments = ["BTCUSDT.BINANCE"]
params = { quantity = "0.01", interval_bps = 0.5 }

[risk]
max_order_notional = 5_000
max_orders_per_second = 1_000
max_orders_per_minute = 50_000
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A paper session, only to be read."""
    return record_session(tmp_path_factory.mktemp("sessions"))


def as_alone(swept: Plan, folders: list[Path], combinations: list[Values], tmp_path: Path) -> int:
    """Hold trials of the compiled driver, run in this order, to backtests of their own; return how many fills."""
    fills = 0
    with Runner(swept) as runner:
        for number, values in enumerate(combinations):
            trial = runner.trial(number, values)
            done = backtest(swept.configured(values), *folders, out=tmp_path / str(number))

            assert trial.figures is not None, trial.problem
            assert same(trial.figures, done)
            assert trial.figures.orders > 4
            fills += trial.figures.fills
    return fills


@TRADING
def test_histories_that_are_merged_come_to_what_a_backtest_of_them_comes_to(tmp_path, text, vary):
    first = history(tmp_path / "btc", quotes(1_500))
    second = history(tmp_path / "eth", quotes(1_500, first_ns=START_NS + 500), ("ETHUSDT",))
    chosen = with_data(config(text), first, second)
    swept = plan_of(chosen, vary, strategy="", driver=None, currency="")
    assert swept.driver == "compiled"
    tried = list(swept.grid.combinations())

    assert as_alone(swept, [first, second], [*tried, tried[0]], tmp_path) > 20


@TRADING
def test_a_recorded_session_starts_and_stops_when_it_did(recorded, tmp_path, text, vary):
    chosen = with_data(config(text), recorded)
    swept = plan_of(chosen, vary, strategy="", driver=None, currency="")
    tried = list(swept.grid.combinations())

    assert as_alone(swept, [recorded], [*tried, tried[0]], tmp_path) > 20


@pytest.mark.slow
def test_makers_whose_orders_rest_and_are_cancelled_begin_again_too(recorded, tmp_path):
    wave = history(tmp_path / "wave", quotes(3_000))
    fills = 0
    for folder in (recorded, wave):
        chosen = with_data(config(MAKER), folder)
        swept = plan_of(
            chosen, ["half_spread_bps=0.1,0.5,2", "levels=1,3"], strategy="maker", driver="compiled", currency="USDT"
        )
        out = tmp_path / f"out-{folder.name}"
        out.mkdir()

        fills += as_alone(swept, [folder], [*swept.grid.combinations(), *swept.grid.combinations()], out)
    assert fills > 20
