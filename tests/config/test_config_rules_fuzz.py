"""Whatever stands in a file of rules, the answer is settings or a ConfigError, never another exception."""

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from config.errors import ConfigError
from config.load import parse
from risk.rule_settings import Range, Rule, Span, Target, When

SETTINGS = """
[venues.binance]
connector = "binance-usdm"
instruments = ["BTCUSDT"]
[risk.controls]
[risk.rules]
file = "{file}"
"""
STRUCTS = (When, Range, Target, Rule, Span)
NAMES = {name for struct in STRUCTS for name in struct.__struct_fields__} | {"from", "rule"}
KEYS = st.sampled_from(sorted(NAMES)) | st.text(max_size=5)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["reject", "shrink", "buy", "market", "fri", "22:00", "BTCUSDT.BINANCE", "1e999999999", "0.5"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
RULES = st.lists(
    st.fixed_dictionaries(
        {}, optional={"name": VALUES, "when": VALUES, "then": VALUES, "to": VALUES, "message": VALUES}
    ),
    max_size=3,
)


def told(error: ConfigError) -> None:
    assert all(each.file and each.expected and each.found and str(each) for each in error.all)


def answered(text: str | bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        (Path(folder) / name).write_bytes(content)
        try:
            parse(SETTINGS.format(file=name), folder=Path(folder), environ={})
        except ConfigError as error:
            told(error)


@settings(max_examples=20)
@given(RULES)
def test_any_rules_in_json_are_answered(rules):
    answered(json.dumps({"rule": rules}), "rules.json")


@settings(max_examples=15)
@given(VALUES)
@example({"rule": {"0": {}}})
@example([1])
@example({"rule": [{"name": "a", "when": {"notional": {"above": 1e300}}, "then": "reject"}] * 201})
def test_any_json_is_answered(value: Any):
    answered(json.dumps(value), "rules.json")


@settings(max_examples=15)
@given(st.text() | st.binary(max_size=40))
@example("[" * 5_000)
@example("9" * 5_000)
@example('{"rule": NaN}')
@example("rule = [{name = 'a', when = {notional = {above = 1979-05-27}}, then = 'reject'}]")
def test_any_text_is_answered(text):
    answered(text, "rules.toml")
    answered(text, "rules.json")


@given(st.text(max_size=12).map(lambda text: text + ".toml") | st.sampled_from(["~nobody/x.toml", "\x00.toml", "."]))
def test_any_name_of_a_file_is_answered(name):
    try:
        parse(SETTINGS.format(file="X").replace('"X"', json.dumps(name)), folder=Path("nowhere"), environ={})
    except ConfigError as error:
        told(error)
