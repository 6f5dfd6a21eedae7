"""Triggers of kept orders, held to a naive reference in exact fractions."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.market import MarketNumbers
from core.orders import OrderType, Side, TriggerBy
from oms.held.expiry import DAY_NS, end_of_day
from oms.held.triggers import (
    PPM,
    activated,
    followed,
    limit_beyond,
    pulled,
    reference_range,
    trail_distance,
    waits_for_rise,
)

FEW = settings(max_examples=50)
prices = st.integers(1, 10_000)
sides = st.sampled_from(Side)
BUY, SELL = Side.BUY, Side.SELL


@pytest.mark.parametrize(
    ("type_", "side", "rise"),
    [
        (OrderType.STOP, BUY, True),
        (OrderType.STOP, SELL, False),
        (OrderType.STOP_LIMIT, BUY, True),
        (OrderType.TRAILING_STOP, SELL, False),
        (OrderType.TRAILING_STOP_LIMIT, BUY, True),
        (OrderType.MARKET_IF_TOUCHED, BUY, False),
        (OrderType.LIMIT_IF_TOUCHED, SELL, True),
        (OrderType.LIMIT, BUY, False),
        (OrderType.LIMIT, SELL, True),
    ],
)
def test_a_stop_waits_for_the_market_to_run_away_and_a_touch_for_it_to_come(type_, side, rise):
    assert waits_for_rise(type_, side) is rise


@FEW
@given(st.booleans(), prices, prices)
def test_a_trigger_is_pulled_at_its_price_and_beyond(rise, trigger, price):
    assert pulled(rise, trigger, price, price) == (price >= trigger if rise else price <= trigger)


@FEW
@given(st.booleans(), st.integers(0, 10_000))
def test_without_a_price_or_a_trigger_nothing_is_pulled(rise, price):
    assert not pulled(rise, 0, price, price)
    assert not pulled(rise, price, 0, 0)


def trail_naively(side, path, first, trail, ppm):
    """Where a trailing trigger stands after a path of prices, in fractions: behind the best price seen."""
    stands = [Fraction(first)] if first else []
    for price in path:
        away = Fraction(trail) if trail else Fraction(price * ppm, PPM)
        stands.append(price - away if side is SELL else price + away)
    return max(stands) if side is SELL else min(stands)


@FEW
@given(
    sides,
    st.lists(prices, min_size=1, max_size=30),
    st.integers(0, 10_000),
    st.integers(1, 500),
    st.integers(1, 200_000),
    st.booleans(),
    st.sampled_from([1, 5, 25]),
)
def test_a_trailing_trigger_stands_behind_the_best_price_seen_within_a_tick(
    side, path, first, amount, ppm, by_ppm, tick
):
    trail, share = (0, ppm) if by_ppm else (amount, 0)
    trigger, before = first, first
    for price in path:
        trigger = followed(side, trigger, price, price, trail, share, tick)
        if before:
            assert trigger >= before if side is SELL else trigger <= before, "never away from the market"
        before = trigger
    exact = trail_naively(side, path, first, trail, share)
    if side is SELL:
        assert max(exact - tick - 1, 0) <= max(trigger, 0) <= max(exact, 0)
    else:
        assert exact <= trigger <= exact + tick + 1


@FEW
@given(sides, prices, prices, st.integers(1, 500))
def test_a_trailing_stop_is_not_pulled_by_the_price_that_moves_it(side, trigger, price, trail):
    moved = followed(side, trigger, price, price, trail, 0, 1)
    if moved != trigger:
        assert not pulled(side is BUY, moved, price, price)


@FEW
@given(prices, st.integers(1, PPM - 1))
def test_a_share_of_the_price_is_rounded_away_from_the_market(price, ppm):
    assert 0 <= trail_distance(price, 0, ppm) - Fraction(price * ppm, PPM) < 1


@FEW
@given(sides, prices, st.integers(0, 500), st.sampled_from([1, 5, 25]))
def test_the_limit_beyond_a_trigger_is_a_whole_tick_that_fills_sooner(side, trigger, offset, tick):
    limit = limit_beyond(side, trigger, offset, tick)
    assert limit % tick == 0
    if side is BUY:
        assert trigger + offset <= limit < trigger + offset + tick
    else:
        assert max(trigger - offset - tick, -1) < limit <= max(trigger - offset, 0)


@pytest.mark.parametrize(
    ("side", "price", "there"), [(SELL, 99, False), (SELL, 100, True), (BUY, 101, False), (BUY, 100, True)]
)
def test_a_trailing_stop_follows_from_its_activation_on(side, price, there):
    assert activated(side, 100, price, price) is there
    assert activated(side, 0, price, price)


def market(**known):
    numbers = MarketNumbers()
    for name, value in known.items():
        setattr(numbers, name, value)
    return numbers


QUOTED = {"bid_price": 100, "ask_price": 103, "quote_ns": 1, "last_price": 90, "trade_ns": 1}


@pytest.mark.parametrize(
    ("by", "side", "span"),
    [
        (TriggerBy.LAST, BUY, (90, 90)),
        (TriggerBy.TOUCH, BUY, (103, 103)),
        (TriggerBy.TOUCH, SELL, (100, 100)),
        (TriggerBy.MID, BUY, (102, 101)),
        (TriggerBy.MARK, BUY, (95, 95)),
    ],
)
def test_each_reference_is_what_its_name_says(by, side, span):
    assert reference_range(market(**QUOTED), 95, by, side, 0, 0) == span


@FEW
@given(st.booleans(), prices, prices, st.integers(0, 100))
def test_a_middle_between_two_units_pulls_nothing_early(rise, trigger, bid, spread):
    low, high = reference_range(market(bid_price=bid, ask_price=bid + spread, quote_ns=1), 0, TriggerBy.MID, BUY, 0, 0)
    middle = Fraction(2 * bid + spread, 2)
    assert pulled(rise, trigger, low, high) == (middle >= trigger if rise else middle <= trigger)


def test_a_bar_counts_with_all_that_it_spanned_where_there_are_only_bars():
    only_bars = market(bar_price=100, bar_ns=1)
    for by in (TriggerBy.LAST, TriggerBy.TOUCH, TriggerBy.MID):
        assert reference_range(only_bars, 0, by, BUY, 95, 105) == (95, 105)
        assert reference_range(only_bars, 0, by, BUY, 0, 0) == (100, 100)
    assert reference_range(market(**QUOTED), 0, TriggerBy.LAST, BUY, 95, 105) == (90, 90)
    assert reference_range(market(**QUOTED), 0, TriggerBy.TOUCH, BUY, 95, 105) == (103, 103)


def test_a_crossed_or_missing_touch_is_no_reference():
    assert reference_range(market(bid_price=104, ask_price=103, quote_ns=1), 0, TriggerBy.MID, BUY, 0, 0) == (0, 0)
    assert reference_range(market(), 0, TriggerBy.LAST, BUY, 0, 0) == (0, 0)


@FEW
@given(st.integers(0, 2**60))
def test_a_day_ends_at_the_next_midnight(now_ns):
    end = end_of_day(now_ns)
    assert end % DAY_NS == 0
    assert 0 < end - now_ns <= DAY_NS
