"""`[risk.rules]`: read from a file and from Python, refused with file, rule, key, expected and found."""

import json

import msgspec
import pytest

from config.compose import engine_settings
from config.digest import config_digest, decision_config, settings_from_decisions
from config.errors import ConfigError
from config.load import load
from config.rule_functions import load_functions
from risk.limits import limits_version
from risk.rules import Pass

SETTINGS = """
[venues.binance]
connector = "binance-usdm"
instruments = ["BTCUSDT", "ETHUSDT"]

[[strategies]]
id = "ema"
use = "ema-cross"
instruments = ["BTCUSDT.BINANCE"]

[risk.rules]
"""
RULES = """
[[rule]]
name = "whales"
when = { strategy = "ema", notional = { above = 1000 } }
then = "reject"
message = "ask the desk"

[[rule]]
name = "thin"
when = { instrument = ["ETHUSDT.BINANCE"], spread_bps = { above = "2.5" }, time = { from = "22:00", until = "06:00" } }
then = "shrink"
to = { notional = 500 }
"""
FUNCTION = '''"""Rules of the desk."""

from risk.rules import BookView, MarketView, OrderView, Pass, Reject


def no_fridays(order: OrderView, market: MarketView, book: BookView) -> Pass | Reject:
    """Open nothing on Fridays."""
    return Reject("FRIDAY", message="come back on Monday") if market.weekday == 4 else Pass()
'''


@pytest.fixture
def read(tmp_path):
    def read(rules=RULES, table='file = "rules.toml"', name="rules.toml", function=FUNCTION):
        (tmp_path / name).write_text(rules)
        (tmp_path / "desk.py").write_text(function)
        (tmp_path / "settings.toml").write_text(SETTINGS + table)
        return load(tmp_path / "settings.toml", {}).settings

    return read


def refused(read, **given):
    with pytest.raises(ConfigError) as error:
        read(**given)
    return str(error.value)


def test_rules_of_a_file_are_in_the_settings_and_decide_wherever_they_were_written(read):
    settings = read(table='file = "rules.toml"')
    assert [each.name for each in settings.risk.rules.rule] == ["whales", "thin"]
    as_json = {"rule": msgspec.to_builtins(settings.risk.rules.rule)}
    again = read(json.dumps(as_json), 'file = "other.json"', "other.json")
    inline = read(table=RULES.replace("[[rule]]", "[[risk.rules.rule]]"))
    for other in (again, inline):
        assert other.risk.rules.rule == settings.risk.rules.rule
        assert config_digest(other) == config_digest(settings)
        assert limits_version(other.risk) == limits_version(settings.risk)
    assert config_digest(read(RULES.replace("1000", "1001"))) != config_digest(settings)
    assert config_digest(read(RULES.replace("1000", '"1000.0"'))) == config_digest(settings)


def test_a_session_s_head_has_the_rules_and_the_source_of_functions(read):
    settings = read(table='file = "rules.toml"\nfunctions = ["desk.py:no_fridays"]')
    told = settings_from_decisions(json.loads(json.dumps(decision_config(settings))))
    assert limits_version(told.risk) == limits_version(settings.risk)
    (function,) = load_functions(told.risk.rules)
    assert function.name == "no_fridays"
    assert engine_settings(told, {}, 1) if not told.strategies else True
    changed = read(table='functions = ["desk.py:no_fridays"]', function=FUNCTION + "\n")
    same = read(table='functions = ["desk.py:no_fridays"]')
    assert limits_version(changed.risk) != limits_version(same.risk)


def test_a_function_of_an_installed_module_is_found_by_its_dotted_name(read, tmp_path, monkeypatch):
    package = tmp_path / "mydesk_of_tests"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "rules.py").write_text(FUNCTION)
    monkeypatch.syspath_prepend(str(tmp_path))
    (function,) = load_functions(read(table='functions = ["mydesk_of_tests.rules:no_fridays"]').risk.rules)
    assert isinstance(function.ask(None, type("M", (), {"weekday": 3})(), None), Pass)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "new", "where", "said"),
    [
        ("notional", "notionl", "rules.toml:4: rule[0].when.notionl", "did you mean notional?"),
        ("above = 1000", "above = 'lots'", "rules.toml:4: rule[0].when.notional.above", "expected a number"),
        ("above = 1000", "over = 1000", "rules.toml:4: rule[0].when.notional.over", "in rule 'whales'"),
        ('"ema"', '"emma"', "rules.toml:4: rule[0].when.strategy", "did you mean ema?"),
        ("ETHUSDT", "ETHUSD", "rules.toml:10: rule[1].when.instrument", "did you mean ETHUSDT.BINANCE?"),
        ('"reject"', '"rejct"', "rules.toml:5: rule[0].then", 'did you mean "reject"?'),
        ("to = { notional = 500 }", "", "rules.toml:8: rule[1].to", "expected a table such as { notional = 1000 }"),
        ('name = "whales"', 'name = "W"', "rules.toml:3: rule[0].name", "a letter first"),
        ('name = "thin"', 'name = "whales"', "rules.toml", "expected each name once"),
        ("22:00", "25:00", "rules.toml:10: rule[1].when.time.from", "a time of day"),
        ("[[rule]]", "[[rules]]", "rules.toml", "did you mean rule?"),
        ("[[rule]]", "[[rule", "rules.toml:2", "expected TOML"),
        ("strategy =", "leverage = { above = 2 }, strategy =", "rules.toml", "[risk.controls], which counts leverage"),
    ],
)
def test_a_mistake_in_the_file_of_rules_names_file_rule_key_and_what_was_expected(read, old, new, where, said):
    text = refused(read, rules=RULES.replace(old, new))
    assert where in text
    assert said in text


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('file = "ruls.toml"', "did you mean rules.toml?"),
        ('file = "rules.yaml"', "a file that ends in .toml or .json"),
        ("sources = []\nfile = 3", "risk.rules.file: expected a string"),
        ('[[risk.rules.sources]]\nuse = "a"\nsha256 = "b"\nsource = "c"', "risk.rules.sources: expected nothing"),
        ('functions = ["desk.py"]', "expected FILE.py:function or package.module:function"),
        ('functions = ["desk.py:no_friday"]', "did you mean no_fridays?"),
        ('functions = ["dsk.py:no_fridays"]', "did you mean desk.py?"),
        ('functions = ["no.such.module:no_fridays"]', "expected an installed module"),
        ('functions = ["desk.py:Pass"]', "FILE.py:function"),
    ],
)
def test_a_mistake_in_the_table_says_what_was_meant(read, table, said):
    assert said in refused(read, table=table)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        *((f"import {name}", f"import {name} in line") for name in ("time", "random", "os", "io", "socket", "asyncio")),
        ("from datetime import datetime", "from datetime import"),
        ("from . import other", "from . import"),
        ("from oms.manager import OrderManager", "from oms.manager import"),
        ("x = open('f')", "open in line"),
        ("x = __import__('time')", "__import__ in line"),
        ("x = ().__class__", ".__class__ in line"),
        ("def f():\n    global x\n    x = 1", "global x, a memory between orders, in line"),
        ("x = eval('1')", "eval in line"),
    ],
)
def test_a_module_of_rules_that_is_not_pure_is_refused_by_name_and_line(read, line, what):
    text = refused(read, table='functions = ["desk.py:no_fridays"]', function=f"{FUNCTION}\n{line}\n")
    assert "risk.rules.functions[0]: expected a pure module, which imports only" in text
    assert what in text


def test_a_module_of_rules_that_raises_says_where(read):
    text = refused(read, table='functions = ["desk.py:no_fridays"]', function=FUNCTION + "x = 1 / 0\n")
    assert "ZeroDivisionError" in text
    assert "x = 1 / 0" in text


def test_another_source_than_the_recorded_one_is_refused_by_its_hash(read):
    rules = read(table='functions = ["desk.py:no_fridays"]').risk.rules
    other = msgspec.structs.replace(rules.sources[0], source=FUNCTION + "\n")
    with pytest.raises(ConfigError, match="not the source with which the session was recorded"):
        load_functions(msgspec.structs.replace(rules, sources=(other,)))
