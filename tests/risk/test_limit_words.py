"""Limits by name: what each is, what it would become, whether that is stricter."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.control_settings import OF_ALL, ControlSettings, ScopeLimits
from risk.errors import LimitsError
from risk.limit_words import is_stricter, names_of, read_value, scopes_of, value_of, value_text, with_value
from risk.limits import InstrumentRisk, RiskLimits, limits_version, resolve
from tests.risk.room import INSTRUMENT

LIMITS = RiskLimits(
    max_order_notional=500,
    instruments={"BTCUSDT.BINANCE": InstrumentRisk(max_position="0.5")},
    controls=ControlSettings(limits={"strategy:ema": ScopeLimits(max_leverage="1.5", no_short=True)}),
)
PLACES = [
    (scope, name) for scope in ("all", "symbol:BTCUSDT.BINANCE", "strategy:ema") for name in names_of(LIMITS, scope)
]


@pytest.mark.parametrize(
    ("name", "value", "before", "stricter"),
    [
        ("max_position", "2", "2.0", True),
        ("max_position", "2.000000000000000000000001", "2", False),
        ("max_position", "1.999999999999999999999999", "2", True),
        ("max_position", 2, None, True),
        ("max_position", None, 2, False),
        ("max_position", None, None, True),
        ("min_cash", "2", "2", True),
        ("min_cash", "1.9", "2", False),
        ("min_cash", "2.1", "2", True),
        ("duplicate_window_ms", 99, 100, False),
        ("duplicate_window_ms", 101, 100, True),
        ("no_short", True, False, True),
        ("no_short", False, True, False),
        ("no_short", False, False, True),
        ("no_short", True, True, True),
    ],
)
def test_a_limit_is_stricter_where_it_allows_no_more(name, value, before, stricter):
    assert is_stricter(name, value, before) is stricter


@given(st.decimals(0, 10**6, places=6), st.decimals(0, 10**6, places=6))
def test_of_two_values_one_is_at_least_as_strict_and_both_only_where_they_are_equal(one, other):
    there, back = is_stricter("max_position", str(one), str(other)), is_stricter("max_position", str(other), str(one))
    assert there or back
    assert (there and back) == (one == other)


@pytest.mark.parametrize(("scope", "name"), PLACES)
def test_what_is_set_is_what_is_read_and_only_that_changes(scope, name):
    before = value_of(LIMITS, scope, name)
    text = {bool: "true", int: "7"}.get(type(before), "7")
    if name in {"no_short", "restricted"}:
        text = "false" if before else "true"
    elif name == "max_price_deviation":
        text = "0.07"
    if name in OF_ALL and scope != "all":
        with pytest.raises(LimitsError, match=name):
            with_value(LIMITS, scope, name, read_value(LIMITS, scope, name, text))
        return
    changed = with_value(LIMITS, scope, name, read_value(LIMITS, scope, name, text))
    assert value_text(value_of(changed, scope, name)) == text
    for other_scope, other in PLACES:
        if (other_scope, other) != (scope, name):
            assert value_of(changed, other_scope, other) == value_of(LIMITS, other_scope, other)
    assert limits_version(changed) != limits_version(LIMITS)
    back = with_value(changed, scope, name, before)
    assert limits_version(back) == limits_version(LIMITS)


def test_a_limit_of_an_instrument_reaches_what_the_gate_compares():
    changed = with_value(LIMITS, "symbol:BTCUSDT.BINANCE", "max_position", "0.25")
    assert resolve(changed, INSTRUMENT).max_position == 2_500


def test_none_takes_a_limit_off_where_one_may_be_left_out():
    assert value_of(with_value(LIMITS, "strategy:ema", "max_leverage", None), "strategy:ema", "max_leverage") is None
    assert read_value(LIMITS, "strategy:ema", "max_leverage", "none") is None
    with pytest.raises(LimitsError, match="this limit cannot be left out"):
        with_value(LIMITS, "all", "max_order_notional", None)


def test_a_count_has_no_more_digits_than_the_journal_has_room_for():
    assert read_value(LIMITS, "all", "max_open_orders", "9" * 18) == 10**18 - 1
    with pytest.raises(LimitsError, match="a whole number, 0 or more"):
        read_value(LIMITS, "all", "max_open_orders", "9" * 19)


def test_the_scopes_of_limits_are_those_that_any_of_them_speak_of():
    plain = msgspec.structs.replace(LIMITS, controls=None)
    assert "strategy:ema" not in scopes_of(plain)
    assert {"all", "symbol:BTCUSDT.BINANCE", "strategy:ema"} <= set(scopes_of(plain, LIMITS))


def test_without_controls_only_the_settings_own_limits_have_names():
    plain = msgspec.structs.replace(LIMITS, controls=None)
    assert "max_leverage" not in names_of(plain, "all")
    assert names_of(plain, "strategy:ema") == ()
    assert value_of(plain, "strategy:ema", "max_leverage") is None
    with pytest.raises(LimitsError, match=r"none here; \[risk.controls\] is not in the settings"):
        with_value(plain, "strategy:ema", "max_leverage", "1")


def test_the_lists_of_a_scope_are_no_limits_with_a_name():
    assert "instruments" not in names_of(LIMITS, "strategy:ema")
    assert "controls" not in names_of(LIMITS, "all")
