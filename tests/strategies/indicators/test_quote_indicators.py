"""Imbalance and microprice of quotes and books."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.book import Levels, set_level
from strategies import indicators as ti

quantities = st.integers(0, 2**50)
prices = st.integers(1, 2**40)


def side(sign: int, levels: list[tuple[int, int]]) -> Levels:
    made = Levels(sign)
    for price, quantity in levels:
        set_level(made, price, quantity)
    return made


@given(quantities, quantities)
def test_imbalance_is_the_difference_over_the_sum(bid: int, ask: int) -> None:
    found = ti.imbalance()
    ti.imbalance_update(found, bid, ask)

    assert found.ready == (bid + ask > 0)
    if found.ready:
        assert found.value == pytest.approx(float(Fraction(bid - ask, bid + ask)), rel=1e-15)


@given(prices, quantities, prices, quantities)
def test_the_microprice_lies_between_bid_and_ask_nearer_to_the_thinner_side(
    bid_price: int, bid: int, spread: int, ask: int
) -> None:
    found = ti.microprice()
    ti.microprice_update(found, bid_price, bid, bid_price + spread, ask)

    assert found.ready == (bid > 0 and ask > 0)
    if found.ready:
        exact = Fraction(bid_price * ask + (bid_price + spread) * bid, bid + ask)
        assert found.value == pytest.approx(float(exact), rel=1e-14)


def test_an_empty_side_makes_the_microprice_unready_and_keeps_its_value() -> None:
    found = ti.microprice()
    ti.microprice_update(found, 100, 1, 102, 3)
    ti.microprice_update(found, 100, 1, 0, 0)

    assert (found.value, found.ready) == (100.5, False)


def test_depth_imbalance_sums_the_best_levels_of_each_side() -> None:
    bids = side(1, [(100, 5), (99, 7), (98, 1_000)])
    asks = side(-1, [(101, 4), (102, 2), (103, 1_000)])
    found = ti.imbalance()

    ti.depth_imbalance_update(found, bids, asks, 2)

    assert found.value == (12 - 6) / 18


def test_depth_imbalance_of_a_side_with_fewer_levels_takes_what_there_is() -> None:
    found = ti.imbalance()
    ti.depth_imbalance_update(found, side(1, [(100, 5)]), side(-1, []), 10)

    assert (found.value, found.ready) == (1.0, True)


def test_depth_imbalance_of_an_empty_book_is_not_ready() -> None:
    found = ti.imbalance()
    ti.depth_imbalance_update(found, side(1, []), side(-1, []), 10)

    assert not found.ready
