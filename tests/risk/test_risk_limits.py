"""Limits as a person writes them, and as the checks see them."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import MONEY_UNIT, money
from risk.errors import LimitsError, RiskError
from risk.limits import NO_LIMIT, InstrumentRisk, RiskLimits, limits_version, resolve
from tests.risk.room import INSTRUMENT

NAME = "BTCUSDT.BINANCE"


def test_the_settings_file_sets_limits_by_their_names():
    text = """
    max_order_notional = 50_000
    max_price_deviation = 0.1
    max_order_quantity = "0.5"
    [instruments."BTCUSDT.BINANCE"]
    max_open_orders = 3
    """
    limits = msgspec.toml.decode(text, type=RiskLimits)
    resolved = resolve(limits, INSTRUMENT)
    assert resolved.max_order_value * INSTRUMENT.notional_factor == money("50000")
    assert resolved.max_deviation == 100_000_000
    assert resolved.max_order_quantity == 5_000
    assert resolved.max_open_orders == 3


def test_the_defaults_are_limits_in_themselves():
    resolved = resolve(RiskLimits(), INSTRUMENT)
    assert resolved.max_order_value * INSTRUMENT.notional_factor == money("10000")
    assert resolved.max_position_value * INSTRUMENT.notional_factor == money("100000")
    assert (resolved.max_order_quantity, resolved.max_position) == (NO_LIMIT, NO_LIMIT)
    assert (resolved.max_open_orders, resolved.max_open_orders_total) == (20, 100)
    assert resolved.max_deviation == 50_000_000
    assert resolved.max_data_age_ns == 5_000_000_000
    assert (RiskLimits().max_orders_per_second, RiskLimits().max_orders_per_minute) == (10, 300)


def test_an_instruments_own_limits_come_first():
    own = InstrumentRisk(
        max_order_quantity=1,
        max_order_notional=2,
        max_position=3,
        max_position_notional=4,
        max_open_orders=5,
        max_price_deviation="0.006",
        max_data_age_ms=7,
    )
    resolved = resolve(RiskLimits(max_order_quantity=90, max_position=91, instruments={NAME: own}), INSTRUMENT)
    assert resolved.max_order_quantity == 1_0000
    assert resolved.max_order_value * INSTRUMENT.notional_factor == 2 * MONEY_UNIT
    assert resolved.max_position == 3_0000
    assert resolved.max_position_value * INSTRUMENT.notional_factor == 4 * MONEY_UNIT
    assert resolved.max_open_orders == 5
    assert resolved.max_deviation == 6_000_000
    assert resolved.max_data_age_ns == 7_000_000


def test_another_instruments_limits_do_not_apply():
    limits = RiskLimits(max_position=2, instruments={"ETHUSDT.BINANCE": InstrumentRisk(max_position=1)})
    assert resolve(limits, INSTRUMENT).max_position == 2_0000


def test_a_limit_of_zero_allows_nothing_and_is_not_no_limit():
    own = InstrumentRisk(max_position=0, max_open_orders=0, max_data_age_ms=0, max_order_notional=0)
    resolved = resolve(RiskLimits(max_position=5, instruments={NAME: own}), INSTRUMENT)
    assert (resolved.max_position, resolved.max_open_orders, resolved.max_data_age_ns) == (0, 0, 0)
    assert resolved.max_order_value == 0


@pytest.mark.parametrize(
    ("written", "units"), [("0.00019", 1), ("0.0001", 1), (0.00009, 0), (1e-4, 1), ("1e-4", 1), (2, 20_000)]
)
def test_a_limit_finer_than_the_instruments_units_is_cut_to_the_safer_side(written, units):
    assert resolve(RiskLimits(max_position=written), INSTRUMENT).max_position == units


def test_a_limit_that_is_set_never_reads_as_none():
    limits = RiskLimits(max_position=f"{NO_LIMIT // 10**4}.{NO_LIMIT % 10**4:04}")
    assert resolve(limits, INSTRUMENT).max_position == NO_LIMIT - 1


def test_the_smallest_notional_is_rounded_up_to_units():
    instrument = msgspec.structs.replace(INSTRUMENT, min_notional=1)
    assert resolve(RiskLimits(), instrument).min_value == 1


@given(st.decimals(min_value=0, max_value=10**12, places=9))
def test_an_order_within_the_resolved_notional_is_within_the_written_one(notional):
    limit = resolve(RiskLimits(max_order_notional=str(notional)), INSTRUMENT).max_order_value
    exact = int(notional * MONEY_UNIT)
    assert limit * INSTRUMENT.notional_factor <= exact < (limit + 1) * INSTRUMENT.notional_factor


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"max_order_notional": -1}, "max_order_notional"),
        ({"max_order_quantity": "-0"}, "max_order_quantity"),
        ({"max_position": "many"}, "max_position"),
        ({"max_position_notional": float("nan")}, "max_position_notional"),
        ({"max_position_notional": float("inf")}, "max_position_notional"),
        ({"max_price_deviation": 1}, "max_price_deviation"),
        ({"max_price_deviation": "5"}, "max_price_deviation"),
        ({"max_open_orders": -1}, "max_open_orders"),
        ({"max_open_orders_total": 1.5}, "max_open_orders_total"),
        ({"max_orders_per_second": True}, "max_orders_per_second"),
        ({"max_orders_per_minute": "10"}, "max_orders_per_minute"),
        ({"max_data_age_ms": -5}, "max_data_age_ms"),
        ({"max_order_notional": True}, "max_order_notional"),
    ],
)
def test_what_cannot_be_a_limit_is_refused_with_key_expected_and_found(fields, key):
    with pytest.raises(LimitsError) as caught:
        RiskLimits(**fields)
    assert caught.value.key == key
    assert caught.value.found is fields[key]
    assert f"risk.{key}: expected {caught.value.expected}, found" in str(caught.value)
    assert isinstance(caught.value, RiskError)


def test_the_expected_kind_of_number_is_told():
    with pytest.raises(LimitsError, match=r"risk.max_price_deviation: expected a fraction .* such as 0.05, found 2"):
        RiskLimits(max_price_deviation=2)
    with pytest.raises(LimitsError, match=r"risk.max_position: expected a number, 0 or more, found -2"):
        RiskLimits(max_position=-2)


def test_the_largest_deviation_is_just_below_the_whole_price():
    assert resolve(RiskLimits(max_price_deviation="0.999999999"), INSTRUMENT).max_deviation == 999_999_999


def test_an_instruments_limits_are_checked_too():
    with pytest.raises(LimitsError, match="max_position"):
        InstrumentRisk(max_position=-3)
    with pytest.raises(msgspec.ValidationError, match=r"max_open_orders.*\$\.instruments"):
        msgspec.convert({"instruments": {NAME: {"max_open_orders": -1}}}, RiskLimits)


def test_an_unknown_key_is_refused():
    with pytest.raises(msgspec.ValidationError, match="max_order_notionals"):
        msgspec.convert({"max_order_notionals": 5}, RiskLimits)
    with pytest.raises(msgspec.ValidationError, match="max_order_rate"):
        msgspec.convert({"max_order_rate": 5}, InstrumentRisk)


def test_equal_limits_have_an_equal_version_however_they_are_written():
    one = limits_version(RiskLimits(max_order_notional=50_000, max_price_deviation=0.05))
    assert one == limits_version(RiskLimits(max_order_notional="50000.00", max_price_deviation="0.05"))
    assert one == limits_version(RiskLimits(max_order_notional=50_000.0, max_price_deviation=0.0500))
    assert 0 <= one < 2**32


def test_different_limits_have_different_versions():
    versions = [
        limits_version(limits)
        for limits in (
            RiskLimits(),
            RiskLimits(max_order_notional=10_001),
            RiskLimits(max_position=0),
            RiskLimits(instruments={NAME: InstrumentRisk()}),
            RiskLimits(instruments={NAME: InstrumentRisk(max_position=1)}),
            RiskLimits(instruments={NAME: InstrumentRisk(max_order_quantity=1)}),
            RiskLimits(max_orders_per_second=300, max_orders_per_minute=10),
        )
    ]
    assert len(set(versions)) == len(versions)
