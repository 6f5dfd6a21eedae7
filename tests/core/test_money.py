from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import PrecisionError
from core.money import MONEY_UNIT, money, money_text, round_up


@given(st.integers(-(10**40), 10**40))
def test_money_written_as_text_and_read_back_is_the_same(amount):
    assert money(money_text(amount)) == amount


@given(st.integers(-(10**30), 10**30), st.integers(0, 18))
def test_text_is_cut_towards_zero_never_rounded_up(amount, decimals):
    shown = Decimal(money_text(amount, decimals))
    assert abs(shown) <= abs(Decimal(amount) / MONEY_UNIT)


@given(st.integers(-(10**30), 10**30), st.integers(0, 18))
def test_rounding_up_moves_away_from_zero_by_less_than_one_step(amount, decimals):
    rounded, step = round_up(amount, decimals), 10 ** (18 - decimals)
    assert rounded % step == 0
    assert 0 <= abs(rounded) - abs(amount) < step
    assert rounded == 0 or (rounded > 0) == (amount > 0)


def test_the_sign_of_an_amount_below_one_is_kept():
    assert money("-0.5") == -MONEY_UNIT // 2
    assert money_text(money("-0.5")) == "-0.5"


def test_money_finer_than_eighteen_decimals_is_refused():
    with pytest.raises(PrecisionError):
        money("0." + "0" * 18 + "1")
