"""What is added to a running daemon is read from a settings file, and held to what a start is held to."""

import asyncio
from pathlib import Path

import pytest

from config.compose import StrategyLoading
from config.load import load
from config.settings import Mode
from core.roster import read_definition
from daemon.errors import UsageError
from daemon.operator.adding import Adding
from daemon.operator.client import request
from risk.control_settings import ControlSettings, ScopeLimits
from risk.limits import RiskLimits

FILE = """
[venues.binance]
connector = "binance-spot"
instruments = ["BTCUSDT"]

[[strategies]]
id = "ema"
use = "ema-cross"
instruments = ["BTCUSDT.BINANCE"]
params = { fast = 2, slow = 5, quantity = "0.001" }
"""
CONTROLS = """
[risk.controls]
base_currency = "USDT"
[risk.controls.limits."strategy:ema"]
max_open_orders = 4
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text(FILE)
    return path


def adding(limits: RiskLimits | None = None, mode: Mode = Mode.PAPER) -> Adding:
    return Adding(mode, StrategyLoading(), lambda: limits or RiskLimits())


def read(file: Path, strategy: str = "ema", by: Adding | None = None):
    wanted = request("add", strategy=strategy, reason="calm", config=str(file))
    return asyncio.run((by or adding()).command(wanted, "socket:uid=1"))


def test_the_command_holds_all_that_the_strategy_is_built_from(file):
    loading = StrategyLoading()
    command = read(file, by=Adding(Mode.PAPER, loading, RiskLimits))
    definition = read_definition(command.args["definition"])
    assert (command.name, command.strategy_id, command.source, command.reason) == (
        "add", "ema", "socket:uid=1", "calm",
    )  # fmt: skip
    assert (definition.use, definition.instruments, definition.file) == ("ema-cross", ("BTCUSDT.BINANCE",), str(file))
    assert definition.params["fast"] == 2
    assert "class EmaCross" in definition.source
    prepared, again = loading(definition), loading(definition)
    assert not isinstance(prepared, str)
    assert prepared == again, "what was prepared, and what a replay builds"


def test_a_strategy_in_a_file_is_built_from_its_text_alone(file, tmp_path):
    (tmp_path / "mine.py").write_text("from strategies import Strategy\nclass Mine(Strategy):\n    pass\n")
    file.write_text(FILE.replace("ema-cross", "mine.py:Mine").replace("params", "# params"))
    definition = read_definition(read(file).args["definition"])
    (tmp_path / "mine.py").unlink()
    built = StrategyLoading()(definition)
    assert not isinstance(built, str)
    assert built.strategy.__name__ == "Mine"


@pytest.mark.parametrize(
    ("change", "strategy", "why"),
    [
        (("", ""), "emma", "has no strategy 'emma'; it has ema"),
        (("ema-cross", "ema-cros"), "ema", "did you mean ema-cross"),
        (("fast = 2", "fast = 0.5"), "ema", "params.fast"),
        (("BTCUSDT.BINANCE", "ETHUSDT.BINANCE"), "ema", "an instrument of [venues]"),
        (("[venues.binance]", '[session]\nmode = "live"\n[venues.binance]'), "ema", "mode"),
        (("[[strategies]]", CONTROLS + "[[strategies]]"), "ema", "has no [risk.controls]: start it with one"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(file, change, strategy, why):
    file.write_text(FILE.replace(*change))
    with pytest.raises(UsageError) as raised:
        read(file, strategy)
    assert why in str(raised.value)


def test_limits_of_its_own_have_to_hold_already(file):
    file.write_text(FILE.replace("[[strategies]]", CONTROLS + "[[strategies]]"))
    with pytest.raises(UsageError, match=r"strategy:ema has other limits in the file than here \(max_open_orders\)"):
        read(file, by=adding(RiskLimits(controls=ControlSettings())))
    held = RiskLimits(controls=ControlSettings(limits={"strategy:ema": ScopeLimits(max_open_orders=4)}))
    assert read(file, by=adding(held)).name == "add"


def test_permissions_are_read_when_a_daemon_starts(file):
    file.write_text(FILE.replace("[[strategies]]", CONTROLS + 'instruments = ["BTCUSDT.BINANCE"]\n' + "[[strategies]]"))
    with pytest.raises(UsageError, match="permissions in the file"):
        read(file, by=adding(RiskLimits(controls=ControlSettings())))


@pytest.mark.parametrize("args", [{}, {"config": "settings.toml"}, {"config": "/a", "more": "b"}])
def test_the_file_is_named_by_its_whole_path(args):
    with pytest.raises(UsageError, match="the absolute path of a settings file"):
        asyncio.run(adding().command(request("add", strategy="ema", **args), "x"))


def test_live_it_is_held_to_what_a_start_is(file, monkeypatch):
    live = '[session]\nmode = "live"\n[live]\naccount = "x"\n[venues.binance]'
    file.write_text(FILE.replace("[venues.binance]", live) + '[venues.binance.trading]\nkey = "demo"\n')
    assert read(file, by=adding(mode=Mode.LIVE)).name == "add"
    monkeypatch.setenv("TICKERD__RISK__MAX_ORDER_NOTIONAL", "7")
    with pytest.raises(UsageError, match="no override of a setting that decides what is traded"):
        read(file, by=adding(mode=Mode.LIVE))


def test_the_rules_of_its_sizes_and_the_exits_of_its_positions_come_with_it(file):
    beside = '[strategies.sizing]\nlargest = 0.5\n[strategies.exits]\nstop_loss = "1%"\n'
    file.write_text(FILE + beside)
    definition = read_definition(read(file).args["definition"])
    assert set(definition.beside) == {"sizing", "exits"}
    built = StrategyLoading()(definition)
    [chosen] = load(file).settings.strategies
    assert not isinstance(built, str)
    assert (built.sizing, built.exits) == (chosen.sizing, chosen.exits)
    assert built.sizing is not None
