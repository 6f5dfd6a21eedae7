"""`tickerd config`, `tickerd strategies` and `tickerd version`."""

import tomllib

import pytest

from config import __version__
from config.digest import config_digest
from config.load import parse, ready_made
from core.records import SCHEMA_VERSION
from daemon.errors import ExitCode
from strategies import BUILTIN
from tests.daemon.sessions import SETTINGS

MISTAKEN = """
[session]
mode = "papper"

[venues.binance]
connector = "binance-spot"
instruments = ["BTCUSDT"]

[[strategies]]
id = "ema"
use = "ema-cross"
instruments = ["BTCUSDT.BINANCE"]

[risk]
max_order_notionl = 5_000
"""


@pytest.fixture(autouse=True)
def no_overrides(monkeypatch):
    monkeypatch.delenv("TICKERD__RISK__MAX_ORDER_NOTIONAL", raising=False)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "my.toml"
    path.write_text(SETTINGS)
    return path


def test_check_says_ok_in_a_line_with_the_digest(tickerd, file):
    words = tickerd("config", "check", file)
    report = tickerd("config", "check", file, "--json").json()

    assert words.code == 0
    assert words.out.startswith(f"{file}: ok; paper;")
    assert "ema-btc, quoter-eth" in words.out
    assert report["ok"] is True
    assert report["digest"] in words.out
    assert len(report["digest"]) == 64


@pytest.mark.parametrize("name", ready_made())
def test_every_ready_made_file_passes_the_check(tickerd, name):
    assert tickerd("config", "check", name).code == 0


def test_check_tells_every_mistake_with_file_line_key_expected_and_found(tickerd, tmp_path):
    path = tmp_path / "my.toml"
    path.write_text(MISTAKEN)

    words = tickerd("config", "check", path)
    report = tickerd("config", "check", path, "--json")

    assert words.code == report.code == ExitCode.USAGE
    assert words.out == ""
    assert f"{path}:3: session.mode: expected" in words.err
    assert "max_order_notional" in words.err
    assert "2 mistakes" in words.err
    assert [mistake["key"] for mistake in report.json()["mistakes"]] == ["session.mode", "risk.max_order_notionl"]
    assert [mistake["line"] for mistake in report.json()["mistakes"]] == [3, 15]


def test_check_finds_mistakes_in_a_strategys_parameters(tickerd, tmp_path):
    path = tmp_path / "my.toml"
    path.write_text(SETTINGS.replace("fast = 3", "fsat = 3"))

    report = tickerd("config", "check", path, "--json")

    assert report.code == ExitCode.USAGE
    assert "did you mean fast?" in report.json()["mistakes"][0]["hint"]


def test_check_heeds_the_environment(tickerd, file, monkeypatch):
    monkeypatch.setenv("TICKERD__RISK__MAX_ORDER_NOTIONAL", "much")

    answer = tickerd("config", "check", file)

    assert answer.code == ExitCode.USAGE
    assert "TICKERD__RISK__MAX_ORDER_NOTIONAL" in answer.err


def test_a_missing_file_or_unknown_ready_made_name_is_a_usage_error(tickerd, tmp_path):
    missing = tickerd("config", "check", tmp_path / "none.toml")
    unknown = tickerd("config", "show", "binance-spot-papper")

    assert missing.code == unknown.code == ExitCode.USAGE
    assert "nothing there" in missing.err
    assert "did you mean binance-spot-paper?" in unknown.err


def test_show_prints_toml_that_loads_to_the_same_settings(tickerd, file):
    toml = tickerd("config", "show", file).out

    assert tomllib.loads(toml)["risk"]["max_order_notional"] == "5000"
    assert config_digest(parse(toml).settings) == config_digest(parse(SETTINGS).settings)


def test_show_json_is_the_same_as_toml(tickerd, file):
    assert tickerd("config", "show", file, "--json").json() == tomllib.loads(tickerd("config", "show", file).out)


def test_a_secret_in_the_settings_is_refused_and_never_shown(tickerd, tmp_path):
    path = tmp_path / "my.toml"
    path.write_text(SETTINGS + '\n[venues.other]\nconnector = "binance-spot"\napi_secret = "hunter2"\n')

    for word in ("check", "show"):
        answer = tickerd("config", word, path)
        assert answer.code == ExitCode.USAGE
        assert "***" in answer.err
        assert "hunter2" not in answer.out + answer.err


def test_ready_made_lists_every_file_with_a_sentence(tickerd):
    words = tickerd("config", "ready-made")
    rows = tickerd("config", "ready-made", "--json").lines()

    assert [row["name"] for row in rows] == list(ready_made())
    assert all(row["about"] and row["name"] in words.out for row in rows)
    assert max(map(len, words.out.splitlines())) <= 80


def test_strategies_lists_the_built_in_ones_with_parameters(tickerd):
    words = tickerd("strategies")
    infos = tickerd("strategies", "--json").lines()

    assert [info["use"] for info in infos][: len(BUILTIN)] == sorted(BUILTIN)
    ema = next(info for info in infos if info["use"] == "ema-cross")
    assert ema["summary"]
    assert {"name": "fast", "takes": "a whole number", "default": "20"} in ema["params"]
    assert 'use = "ema-cross"' in words.out
    assert max(map(len, words.out.splitlines())) <= 80


def test_version_names_build_python_libraries_and_schema(tickerd):
    words = tickerd("version")
    info = tickerd("version", "--json").json()

    assert words.code == 0
    assert words.out.startswith(f"tickerd {__version__}\n")
    assert info["source_digest"] in words.out
    assert info["schema_version"] == SCHEMA_VERSION
    assert info["python"].startswith("CPython 3.")
    assert {"msgspec", "uvloop", "websockets"} <= info["libraries"].keys()
