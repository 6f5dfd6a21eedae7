"""Which settings may trade live."""

import subprocess

import pytest

from config.compose import session_head
from config.errors import LiveUnready
from config.load import load
from config.strategies import load_strategies
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


def _committed(folder):
    _git(folder, "init", "-q")
    _git(folder, "add", ".")
    _git(folder, "commit", "-qm", "all")


def test_a_file_that_git_ignores_is_in_no_commit(folder):
    (folder / ".gitignore").write_text("live.toml\n")
    _committed(folder)
    with pytest.raises(LiveUnready, match="a file that git ignores"):
        _check(folder)


def test_a_work_tree_of_which_git_cannot_tell_is_refused(folder):
    (folder / ".git").write_text("gitdir: nowhere\n")
    with pytest.raises(LiveUnready, match=r"git cannot tell: .*make `git status` work"):
        _check(folder)


def test_a_work_tree_without_git_to_ask_is_refused(folder, monkeypatch):
    _committed(folder)
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(LiveUnready, match="no git to ask"):
        _check(folder)


def test_a_work_tree_of_another_user_is_asked_all_the_same(folder, monkeypatch):
    _committed(folder)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    _check(folder)
    with (folder / "live.toml").open("a") as file:
        file.write("\n# changed\n")
    with pytest.raises(LiveUnready, match="in no commit"):
        _check(folder)


def test_what_a_strategy_imports_from_beside_it_must_be_committed_and_is_named_in_the_head(folder, monkeypatch):
    (folder / "helping_mine.py").write_text("FAST = 5\n")
    (folder / "mine.py").write_text("import helping_mine\n" + STRATEGY)
    monkeypatch.syspath_prepend(str(folder))
    _committed(folder)
    _check(folder)
    config = load(folder / "live.toml", environ={})
    (source,) = session_head(config.settings, load_strategies(config), 1, "s", ()).strategies
    assert [each.file for each in source.imported] == [str(folder / "helping_mine.py")]
    (folder / "helping_mine.py").write_text("FAST = 6\n")
    with pytest.raises(LiveUnready, match=r"helping_mine\.py.*in no commit"):
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
