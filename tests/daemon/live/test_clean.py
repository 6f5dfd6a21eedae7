"""Which settings may trade live."""

import subprocess

import pytest

from config.errors import LiveUnready
from config.load import load
from daemon.live.clean import refuse_dirty, refuse_half_live

LIVE = """
[session]
mode = "live"
[venues.binance]
connector = "binance-spot"
instruments = ["BTCUSDT"]
[venues.binance.trading]
key = "binance"
[[strategies]]
id = "mine"
use = "mine.py:Mine"
instruments = ["BTCUSDT.BINANCE"]
"""
STRATEGY = "from strategies.base import Strategy\n\n\nclass Mine(Strategy):\n    pass\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "live.toml").write_text(LIVE)
    (tmp_path / "mine.py").write_text(STRATEGY)
    return tmp_path


def _git(folder, *words):
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def _check(folder, environ=None):
    refuse_dirty(load(folder / "live.toml", environ=environ or {}))


def test_settings_outside_of_any_repository_may_trade(folder):
    _check(folder)


def test_an_override_that_decides_is_refused_and_one_that_does_not_is_not(folder):
    with pytest.raises(LiveUnready, match="no override of a setting that decides"):
        _check(folder, {"TICKERD__RISK__MAX_ORDER_NOTIONAL": "1"})
    _check(folder, {"TICKERD__LOG__LEVEL": "debug"})


@pytest.mark.parametrize("name", ["live.toml", "mine.py"])
def test_a_file_with_uncommitted_changes_is_refused_until_they_are_committed(folder, name):
    _git(folder, "init", "-q")
    _git(folder, "add", ".")
    _git(folder, "commit", "-qm", "all")
    _check(folder)
    with (folder / name).open("a") as file:
        file.write("\n# changed\n")
    with pytest.raises(LiveUnready, match=f"{name}.*in no commit"):
        _check(folder)
    _git(folder, "commit", "-qam", "changed")
    _check(folder)


def test_live_must_be_said_in_the_settings_and_on_the_command_line(folder):
    live = load(folder / "live.toml", environ={})
    refuse_half_live(live, live=True)
    with pytest.raises(LiveUnready, match="--live on the command line"):
        refuse_half_live(live, live=False)
    (folder / "live.toml").write_text(LIVE.replace('"live"', '"paper"'))
    paper = load(folder / "live.toml", environ={})
    refuse_half_live(paper, live=False)
    with pytest.raises(LiveUnready, match='found mode = "paper"'):
        refuse_half_live(paper, live=True)
