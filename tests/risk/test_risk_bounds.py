"""What compiled checks can count: rules, limits and rates that fit 64 bits, and which one is named that does not."""

import dataclasses

import msgspec
import pytest

from core.money import money
from risk.bounds import fits_64_bits
from risk.limits import NO_LIMIT, InstrumentLimits, RiskLimits, resolve
from risk.rate import Rates
from risk.records import Rules, rules_of
from tests.risk.room import INSTRUMENT, WIDE


def test_ordinary_rules_and_limits_fit_64_bits():
    assert fits_64_bits(rules_of(INSTRUMENT), resolve(RiskLimits(), INSTRUMENT), Rates()) == ""


def test_a_limit_too_large_for_compiled_code_is_named():
    fine = msgspec.structs.replace(INSTRUMENT, price_precision=8, size_precision=8, min_notional=money("1"))
    told = fits_64_bits(rules_of(fine), resolve(WIDE, fine), Rates())
    assert told.startswith("max_order_value is 10000000000000000000000000 in the instrument's units")
    assert "set it lower" in told


@pytest.mark.parametrize("name", [each.name for each in dataclasses.fields(InstrumentLimits)])
def test_every_limit_is_looked_at(name):
    resolved = resolve(RiskLimits(max_order_quantity=1, max_position=1), INSTRUMENT)
    last = NO_LIMIT if name in {"max_order_quantity", "max_position"} else NO_LIMIT - 1
    assert fits_64_bits(Rules(), dataclasses.replace(resolved, **{name: last}), Rates()) == ""
    assert name in fits_64_bits(Rules(), dataclasses.replace(resolved, **{name: last + 1}), Rates())


def test_rules_and_rates_are_looked_at_too():
    resolved, rates = resolve(RiskLimits(), INSTRUMENT), Rates()
    assert "min_quantity" in fits_64_bits(Rules(min_quantity=NO_LIMIT), resolved, rates)
    rates.minute.limit = NO_LIMIT
    assert "max_orders_per_minute" in fits_64_bits(Rules(), resolved, rates)
