"""The gate's hot functions: compiled beside plain, exact where products would leave 64 bits."""

import dataclasses
from fractions import Fraction

import msgspec
import numba
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core import book as core_book
from core import market as core_market
from core.market import MarketNumbers, touch_of
from core.money import money
from oms.moves import Exposure
from research.compiled.layout import copy_back, row_of
from research.compiled.registry import register
from risk import checks, codes, figures, limit_checks, market_checks, order_checks, rate
from risk.bounds import fits_64_bits
from risk.checks import CHECKS, first_breach
from risk.figures import collar_ceiling, outside_collar, valuation_price, worth_less, worth_more
from risk.limits import DEVIATION_UNIT, NO_LIMIT, InstrumentLimits, RiskLimits, resolve
from risk.rate import Rates, rate_advance, rate_note, times_of
from risk.records import Asked, Rules, rules_of
from tests.risk.room import INSTRUMENT, SECOND_NS, WIDE

register(core_book, core_market, figures, rate, order_checks, market_checks, limit_checks, checks)

LARGEST = 2**63 - 1
PRICE_MAX = 2**59 - 1  # of the market; see risk/bounds.py
NOW_NS = 1_000 * SECOND_NS

any_number = st.one_of(st.integers(-LARGEST, LARGEST), st.integers(-5, 5), st.integers(0, 3_000))
market_price = st.one_of(st.integers(0, PRICE_MAX), st.integers(0, 3_000))
limit = st.one_of(st.integers(0, NO_LIMIT - 1), st.integers(0, 3_000), st.just(NO_LIMIT - 1))
deviation = st.integers(0, DEVIATION_UNIT - 1)
age_ns = st.integers(0, 20)


@numba.njit
def compiled_breach(order, rules, limits, market, exposure, open_orders, position, rates, ready, id_known, now_ns):
    touch = touch_of(market[0])
    return first_breach(
        order[0],
        rules[0],
        limits[0],
        market[0],
        touch,
        exposure[0],
        open_orders,
        position,
        rates[0],
        ready,
        id_known,
        now_ns,
    )


@numba.njit
def compiled_figures(price, quantity, twice, deviation, value):
    return (
        outside_collar(price, twice, deviation),
        collar_ceiling(twice, deviation),
        worth_more(quantity, price, value),
        worth_less(quantity, price, value),
    )


@numba.njit
def compiled_rate(rates, times, moments, passes):
    for index in range(len(moments)):
        rate_advance(rates[0].second, times, moments[index])
        rate_advance(rates[0].minute, times, moments[index])
        full = rates[0].second.count >= rates[0].second.limit or rates[0].minute.count >= rates[0].minute.limit
        passes[index] = not full
        if not full:
            rate_note(rates[0], times, moments[index])


# ------------------------------------------------------------------------------------------------ the figures


@given(st.integers(1, LARGEST), any_number, market_price, deviation, limit)
@settings(deadline=None)
def test_compiled_figures_are_exact_where_a_product_would_wrap(price, quantity, twice, share, value):
    outside = abs(price - Fraction(twice, 2)) > Fraction(twice, 2) * Fraction(share, DEVIATION_UNIT)
    exact_ceiling = -(-twice * (DEVIATION_UNIT + share) // (2 * DEVIATION_UNIT))
    expected = (outside, exact_ceiling, quantity * price > value, quantity * price < value)

    assert compiled_figures(price, quantity, twice, share, value) == expected
    assert outside_collar(price, twice, share) == outside
    assert collar_ceiling(twice, share) == exact_ceiling


@given(market_price, deviation, st.integers(-2, 2))
@settings(deadline=None)
def test_the_collars_two_edges_are_exact_for_small_and_large_prices(twice, share, beside):
    allowed = twice * share // DEVIATION_UNIT
    for price in ((twice + allowed) // 2 + beside, (twice - allowed + 1) // 2 + beside):
        assume(price > 0)
        outside = abs(2 * price - twice) * DEVIATION_UNIT > twice * share
        assert outside_collar(price, twice, share) == outside
        assert compiled_figures(price, 1, twice, share, 1)[0] == outside


@given(st.integers(1, 2**40), limit, st.integers(-1, 1))
def test_a_value_is_compared_to_the_unit_without_the_product(price, value, beside):
    quantity = value // price + beside
    assert worth_more(quantity, price, value) == (quantity * price > value)
    assert worth_less(quantity, price, value) == (quantity * price < value)


# ------------------------------------------------------------------------------------------------- the checks

asked = st.builds(
    Asked,
    side=st.sampled_from([1, -1]),
    quantity=any_number,
    price=any_number,
    is_market=st.booleans(),
    rests=st.booleans(),
    post_only=st.booleans(),
    reduce_only=st.booleans(),
)
rules = st.builds(
    Rules,
    tick=st.integers(1, 3),
    lot=st.integers(1, 3),
    min_quantity=st.integers(0, 3),
    max_quantity=st.sampled_from([0, 2_000, 2**50]),
    expiry_ns=st.sampled_from([0, NOW_NS, NOW_NS + 1]),
    tradable=st.just(value=True),
    inverse=st.just(value=False),
)
limits = st.builds(
    InstrumentLimits,
    max_order_quantity=st.one_of(st.just(NO_LIMIT), limit),
    max_order_value=limit,
    max_position=st.one_of(st.just(NO_LIMIT), limit),
    max_position_value=limit,
    min_value=st.integers(0, 3_000),
    max_open_orders=st.integers(0, 9),
    max_open_orders_total=st.integers(0, 9),
    max_deviation=deviation,
    max_data_age_ns=age_ns,
)


@st.composite
def markets(draw):
    """A market of any touch; the order's price is mostly drawn near it."""
    price = draw(market_price)
    numbers = MarketNumbers(
        bid_price=price,
        ask_price=price + draw(st.integers(-1, 50)),
        quote_ns=NOW_NS - draw(age_ns),
        last_price=price + draw(st.integers(-50, 50)),
        trade_ns=NOW_NS - draw(age_ns),
        bar_price=price,
        bar_ns=NOW_NS - draw(age_ns),
        connected=draw(st.integers(0, 9)) > 0,
        stale=draw(st.sampled_from([0, 0, 0, 1, 2, 4, 8, 15])),
    )
    if draw(st.booleans()):
        numbers.quote_ns = 0
    return numbers


@given(
    asked,
    rules,
    limits,
    markets(),
    st.sampled_from([None, -40, -1, 0, 1, 40]),
    st.builds(Exposure, *[st.integers(0, 9)] * 3),
    st.integers(-9, 9),
    st.tuples(st.booleans(), st.booleans()),
)
@settings(deadline=None, max_examples=500)
def test_compiled_and_plain_gate_stop_an_order_at_the_same_check(
    order, rules, limits, market, near, exposure, position, doors
):
    if near is not None:  # let it come through the first checks
        order.quantity = abs(order.quantity) // 6 * 6
        order.price = 0 if order.is_market else (market.bid_price + near) // rules.tick * rules.tick
    rates = Rates()
    rates.second.limit, rates.second.count, rates.minute.limit, rates.minute.count = 5, position % 7, 9, position % 10
    ready, id_known = doors[0] or near is not None, doors[1] and near is None
    plain = first_breach(
        order,
        rules,
        limits,
        market,
        touch_of(market),
        exposure,
        exposure.open_orders,
        position,
        rates,
        ready,
        id_known,
        NOW_NS,
    )
    compiled = compiled_breach(
        *[row_of(record) for record in (order, rules, limits, market, exposure)],
        exposure.open_orders,
        position,
        row_of(rates),
        ready,
        id_known,
        NOW_NS,
    )
    assert compiled == plain


def test_every_number_has_its_check_in_order_and_each_its_own_explanation():
    numbers = {name: number for name, number in vars(codes).items() if name.isupper() and name != "PASSES"}
    assert list(CHECKS) == sorted(numbers.values()) == list(range(1, len(CHECKS) + 1))
    assert len({explain for _, explain in CHECKS.values()}) == len(CHECKS)
    assert codes.PASSES == 0


# --------------------------------------------------------------------------------------------------- the rate


@given(st.lists(st.integers(-SECOND_NS, 20 * SECOND_NS), max_size=60), st.integers(0, 4), st.integers(1, 8))
@settings(deadline=None)
def test_compiled_and_plain_windows_pass_the_same_orders_and_remember_the_same_times(waits, second, minute):
    rates, other, times = Rates(), Rates(), [0] * minute
    rates.second.limit, rates.minute.limit = second, minute
    row, ring = row_of(rates), np.zeros(minute, np.int64)
    moments = (NOW_NS + np.cumsum(np.array([0, *waits]))).astype(np.int64)
    compiled_passes = np.zeros(len(moments), np.bool_)
    compiled_rate(row, ring, moments, compiled_passes)

    passes = []
    kept: dict[str, list[int]] = {"second": [], "minute": []}  # the windows as they are defined: queues
    for now_ns in moments.tolist():
        for name, window in (("second", rates.second), ("minute", rates.minute)):
            while kept[name] and now_ns - kept[name][0] >= window.window_ns:
                del kept[name][0]
            rate_advance(window, times, now_ns)
            assert times_of(window, times) == kept[name]
        passes.append(rates.second.count < second and rates.minute.count < minute)
        if passes[-1]:
            rate_note(rates, times, now_ns)
            kept["second"].append(now_ns)
            kept["minute"].append(now_ns)

    copy_back(row[0], other)
    assert compiled_passes.tolist() == passes
    assert times_of(other.second, ring.tolist()) == times_of(rates.second, times)
    assert times_of(other.minute, ring.tolist()) == times_of(rates.minute, times)


@pytest.mark.parametrize("limit", [0, 1, 63, 64, 65, 200])
def test_a_ring_that_grows_keeps_every_time_up_to_the_limit(limit):
    rates, times, noted = Rates(), list[int](), list[int]()
    rates.second.limit = rates.minute.limit = limit
    for step in range(3 * limit):
        now_ns = NOW_NS + step * SECOND_NS // 2
        rate_advance(rates.second, times, now_ns)
        rate_advance(rates.minute, times, now_ns)
        if rates.minute.count == limit:
            continue
        if rates.minute.count == len(times):
            rate.make_room(rates, times)
        rate_note(rates, times, now_ns)
        noted.append(now_ns)
        assert times_of(rates.minute, times) == [each for each in noted if now_ns - each < 60 * SECOND_NS]
        assert times_of(rates.second, times) == [each for each in noted if now_ns - each < SECOND_NS]
        assert len(times) <= limit


# ------------------------------------------------------------------------------------------------- the bounds


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


def test_an_order_of_any_size_is_valued_without_a_product():
    assert valuation_price(False, 1, LARGEST, 5, 10, 0) == LARGEST
    assert not compiled_figures(1, -LARGEST, 2, 0, 0)[2]
