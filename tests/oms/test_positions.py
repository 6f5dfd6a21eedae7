"""Positions against an independent reference in fractions, and the conservation that division must not break."""

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.money import money
from oms.positions import Position, apply_fill, book_fee, fee_value, share_in_chunks
from oms.terms import Terms
from tests.oms.making import PERPETUAL, SPOT

fills = st.lists(st.tuples(st.sampled_from([1, -1]), st.integers(1, 10**9), st.integers(1, 10**9)), max_size=40)


class Reference:
    """Average cost as the textbook has it, in fractions."""

    def __init__(self):
        self.quantity, self.average, self.realised = 0, Fraction(0), Fraction(0)

    def fill(self, side, quantity, price):
        before = self.quantity
        self.quantity += side * quantity
        if before * side >= 0:
            self.average = (self.average * abs(before) + quantity * price) / abs(self.quantity)
            return
        closed = min(quantity, abs(before))
        self.realised += closed * (price - self.average) * -side
        if quantity > closed:
            self.average = Fraction(price)
        elif not self.quantity:
            self.average = Fraction(0)

    @property
    def cost(self):
        return self.average * self.quantity


@given(fills)
@example([(1, 3, 10), (-1, 1, 11), (-1, 1, 11), (-1, 1, 11)])
@example([(-1, 3, 10), (1, 5, 9), (-1, 2, 12)])
def test_positions_follow_average_cost_within_a_unit_for_each_division(trades):
    reference = Reference()
    quantity = cost = realised = 0
    for side, size, price in trades:
        quantity, cost, gain = apply_fill(quantity, cost, side, size, price)
        realised += gain
        reference.fill(side, size, price)
    assert quantity == reference.quantity
    assert abs(cost - reference.cost) <= len(trades)
    assert abs(realised - reference.realised) <= len(trades)


@given(fills)
def test_cost_less_realised_is_exactly_what_was_paid(trades):
    quantity = cost = realised = 0
    for side, size, price in trades:
        quantity, cost, gain = apply_fill(quantity, cost, side, size, price)
        realised += gain
    assert cost - realised == sum(side * size * price for side, size, price in trades)
    assert quantity == sum(side * size for side, size, _ in trades)


@given(fills)
def test_a_flat_position_costs_nothing_and_a_cost_has_the_positions_sign(trades):
    quantity = cost = 0
    for side, size, price in trades:
        quantity, cost, _ = apply_fill(quantity, cost, side, size, price)
        assert (cost == 0) if quantity == 0 else (cost * quantity > 0)


@given(fills)
def test_what_is_bought_and_sold_at_one_price_realises_nothing(trades):
    quantity = cost = realised = 0
    for side, size, _ in trades:
        quantity, cost, gain = apply_fill(quantity, cost, side, size, 777)
        realised += gain
    assert realised == 0
    assert cost == quantity * 777


@pytest.mark.parametrize(
    ("start", "fill", "end"),
    [
        ((0, 0), (1, 3, 10), (3, 30, 0)),
        ((3, 30), (1, 1, 20), (4, 50, 0)),
        ((4, 50), (-1, 1, 20), (3, 38, 8)),  # 50 / 4 is 12.5: the closed share is 12, the half stays in the position
        ((4, 50), (-1, 4, 20), (0, 0, 30)),
        ((4, 50), (-1, 6, 20), (-2, -40, 30)),  # flips
        ((-4, -50), (-1, 1, 20), (-5, -70, 0)),
        ((-4, -50), (1, 1, 20), (-3, -38, -8)),
        ((-4, -50), (1, 4, 10), (0, 0, 10)),
        ((-4, -50), (1, 6, 10), (2, 20, 10)),
    ],
)
def test_fills_in_figures(start, fill, end):
    assert end == apply_fill(*start, *fill)


@given(st.integers(1, 2**50), st.data())
@example(2**50, None)
def test_a_share_in_chunks_is_the_share(whole, data):
    amount = data.draw(st.integers(0, whole - 1)) if data else whole - 1
    part = data.draw(st.integers(0, whole)) if data else whole
    assert share_in_chunks(amount, part, whole) == amount * part // whole


def test_a_position_tells_money():
    position = Position(1, PERPETUAL.notional_factor)
    position.fill(1, 2_000, 3_000_0)  # 2 ETH at 3,000
    assert position.fill(-1, 500, 3_100_0) == 500 * 100_0
    assert position.cost_money == money("4500")
    assert position.realised_money == money("50")
    assert position.average_price == 3_000_0
    assert position.unrealised(2_990_0) == money("-15")
    assert position.fills == 2


def test_a_short_position_gains_when_the_mark_falls():
    position = Position(1, PERPETUAL.notional_factor)
    position.fill(-1, 1_000, 3_000_0)
    assert position.cost_money == money("-3000")
    assert position.unrealised(2_990_0) == money("10")
    assert position.average_price == 3_000_0


def test_a_flat_position_has_no_average_price():
    position = Position(1, 1)
    assert position.average_price == 0.0
    assert position.unrealised(100) == 0


def valued(fee, currency, price, fee_unit=1):
    """A fee booked to a flat position, as money."""
    position = Position(0, 1)
    book_fee(position, *fee_value(fee, *Terms(SPOT).fee_price(currency, price), fee_unit), fee_unit)
    assert 0 <= position.fees_rest < fee_unit
    return position.fees * fee_unit + position.fees_rest


@pytest.mark.parametrize(
    ("currency", "fee", "expected"),
    [
        ("USDT", money("0.5"), money("0.5")),
        ("BTC", money("0.00001"), money("0.6")),
        ("BNB", money("0.01"), 0),
        ("BTC", 1, 60_000),
    ],
)
def test_fees_are_valued_where_the_fill_can_value_them(currency, fee, expected):
    assert valued(fee, currency, 60_000_00) == expected


def test_a_fee_in_the_base_currency_is_never_valued_too_low():
    assert valued(1, "BTC", 150) == 2  # 1.5 money units
    assert valued(-1, "BTC", 150) == -1  # a rebate of 1.5 counts as 1


@given(
    st.lists(
        st.tuples(st.integers(-(10**9), 10**9), st.sampled_from(["USDT", "BTC", "BNB"]), st.integers(1, 10**9)),
        max_size=20,
    ),
    st.integers(0, 18),
)
def test_fees_counted_in_a_coarser_unit_come_to_the_same_money(fees, decimals):
    """What keeps fees inside 64 bits when compiled: units of the venue's commission decimals, and a rest below one."""
    fee_unit, terms = 10 ** (18 - decimals), Terms(SPOT)
    live, coarse = Position(0, 1), Position(0, 1)
    for fee, currency, price in fees:
        for position, amount, unit in ((live, fee * fee_unit, 1), (coarse, fee, fee_unit)):
            book_fee(position, *fee_value(amount, *terms.fee_price(currency, price), unit), unit)
    assert live.fees_rest == 0
    assert coarse.fees * fee_unit + coarse.fees_rest == live.fees
