"""Whatever stands in the settings, the answer is settings or a ConfigError, never another exception."""

import copy
import datetime as dt
import tomllib
from typing import Any

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from config.digest import config_digest, decision_config, settings_from_decisions
from config.errors import ConfigError
from config.explain import container, field_types
from config.load import parse, settings_of
from config.settings import Settings
from config.show import show_toml

GOOD: dict[str, Any] = {
    "session": {"mode": "paper", "keep": {"max_gib": 1.5}},
    "venues": {"binance": {"connector": "binance-spot", "instruments": ["BTCUSDT", "ETHUSDT"], "channels": ["book"]}},
    "strategies": [
        {"id": "a", "use": "ema-cross", "instruments": ["BTCUSDT.BINANCE"], "params": {"fast": 3, "quantity": "0.1"}}
    ],
    "risk": {"max_order_notional": 5, "instruments": {"BTCUSDT.BINANCE": {"max_position": "0.5"}}},
    "paper": {"balances": {"USDT": 10}, "sim": {"maker_fee_ppm": 5}},
    "log": {"level": "info"},
    "metrics": {"port": 0},
    "screen": {"enabled": True},
    "store": {"enabled": True, "batch": 5},
}


def all_keys(struct: type[msgspec.Struct]) -> set[str]:
    names: set[str] = set()
    for key, wanted in field_types(struct).items():
        names.add(key)
        inner = container(wanted)
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            names |= all_keys(inner)
    return names


KEYS = st.sampled_from(sorted(all_keys(Settings) | {"binance", "BTCUSDT.BINANCE", "USDT", "api_key"})) | st.text(
    max_size=8
)
SCALARS = (
    st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(
        [
            "paper",
            "live",
            "os",
            "binance-spot",
            "BTCUSDT",
            "BTCUSDT.BINANCE",
            "1e5",
            "-0",
            "1e999999999",
            "ws://x",
            "http://[::",
        ]
    )
    | st.datetimes()
    | st.dates()
    | st.times()
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=6)


def told(error: ConfigError) -> None:
    assert all(each.file and each.expected and each.found and str(each) for each in error.all)


def answered(document: dict[str, object], environ: dict[str, str] | None = None) -> None:
    try:
        settings = settings_of(document, environ=environ).settings
    except ConfigError as error:
        told(error)
        return
    decisions = decision_config(settings)
    again = msgspec.json.decode(msgspec.json.encode(decisions))
    assert decision_config(settings_from_decisions(again)) == decisions
    assert config_digest(parse(show_toml(settings)).settings) == config_digest(settings)


@given(DOCUMENTS)
def test_any_document_is_answered(document):
    answered(document)


@given(st.data())
def test_any_good_document_with_one_value_changed_is_answered(data):
    document = copy.deepcopy(GOOD)
    node: Any = document
    key: Any = data.draw(st.sampled_from(sorted(node)))
    while isinstance(node[key], dict | list) and node[key] and data.draw(st.booleans()):
        node = node[key]
        key = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
    if isinstance(node, dict) and data.draw(st.booleans()):
        node[data.draw(KEYS)] = node.pop(key)
    else:
        node[key] = data.draw(VALUES)
    answered(document)


SEGMENTS = st.sampled_from(
    [
        *sorted(key.upper() for key in all_keys(Settings)),
        "BINANCE",
        "0",
        "1",
        "9",
        "USDT",
        "BTCUSDT_BINANCE",
        "FAST",
        "",
    ]
)
VARIABLES = st.lists(SEGMENTS, min_size=1, max_size=6).map(lambda parts: "TICKERD__" + "__".join(parts))
TEXTS = st.text(max_size=10) | st.sampled_from(
    ["1", "0.5", "true", "[]", "{}", "[1]", "{a = 1}", "nan", "\udcff", "1\na=2"]
)


@given(st.dictionaries(VARIABLES, TEXTS, max_size=4))
def test_any_override_is_answered(environ):
    answered(copy.deepcopy(GOOD), environ)


@given(st.text())
@example("a = 1 \r\n[b]\r\n")
@example("venues = {x = {connector = 'binance-spot', instruments = ['A'], channels = [\n'book'\n]}}")
def test_any_text_is_answered(text):
    try:
        parse(text)
    except ConfigError as error:
        told(error)


@given(st.dictionaries(KEYS, VALUES, max_size=3))
def test_shown_parameters_load_again_as_they_were(params):
    document = copy.deepcopy(GOOD)
    document["strategies"][0]["params"] = params
    try:
        settings = settings_of(document).settings
    except ConfigError:
        return
    shown = tomllib.loads(show_toml(settings))
    assert shown["strategies"][0]["params"] == settings.strategies[0].params
    assert not any(isinstance(value, dt.date) for value in settings.strategies[0].params.values())
