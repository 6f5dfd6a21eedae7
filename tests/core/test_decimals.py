from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.decimals import INT64_MAX, decimals_of, plain, shifted, to_text, to_units, whole
from core.errors import PrecisionError

precisions = st.integers(0, 8)


@given(st.integers(-(10**15), 10**15), precisions)
def test_units_written_as_text_and_read_back_are_the_same(units, precision):
    assert to_units(to_text(units, precision), precision) == units


@given(st.integers(-(10**15), 10**15), precisions)
def test_text_equals_the_number_that_decimal_makes(units, precision):
    assert Decimal(to_text(units, precision)) == Decimal(units).scaleb(-precision)


@given(st.integers(-(10**27), 10**27), st.integers(1, 18))
def test_the_point_of_a_whole_number_is_moved_without_loss(number, places):
    text = shifted(str(number), places)
    assert (Decimal(text), "." in text) == (Decimal(number).scaleb(-places), number % 10**places != 0)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=8, allow_nan=False))
def test_reading_agrees_with_decimal(number):
    assert to_units(format(number, "f"), 8) == int(number.scaleb(8))


def test_trailing_zeros_beyond_the_precision_are_no_loss():
    assert to_units("61737.63000000", 2) == 6173763


def test_a_number_finer_than_the_precision_is_refused_not_rounded():
    with pytest.raises(PrecisionError, match="finer than 2 decimals"):
        to_units("0.001", 2)


@pytest.mark.parametrize(
    "text", ["", "-", ".", ".5", "1e5", "NaN", "Infinity", "1,5", " 1", "1 ", "+1", "--1", "1.-5", "٣"]
)
def test_what_is_not_a_plain_decimal_is_refused(text):
    with pytest.raises(PrecisionError):
        to_units(text, 8)


def test_a_number_beyond_64_bits_is_refused():
    assert to_units(str(INT64_MAX), 0) == INT64_MAX
    with pytest.raises(PrecisionError, match="64 bits"):
        to_units(str(INT64_MAX + 1), 0)


def test_decimals_are_counted_without_trailing_zeros():
    assert [decimals_of(text) for text in ("0.01000000", "5", "5.", "0.10", "93.75658700")] == [2, 0, 0, 1, 6]


def test_a_float_from_a_settings_file_is_read_as_it_was_typed():
    assert plain(0.1) == "0.1"
    assert plain(1e-5) == "0.00001"
    assert plain(50_000) == "50000"
    assert len(plain("1e999")) == 1_000


@pytest.mark.parametrize("number", ["many", float("nan"), float("inf"), "1e1000", "1e-1001", "9" * 1001])
def test_what_is_no_finite_number_is_refused(number):
    with pytest.raises(PrecisionError):
        plain(number)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("7", 7),
        ("10", 10),
        ("11", None),
        ("-1", None),
        ("1.0", None),
        ("", None),
        ("\u0661", None),
        ("1" * 9999, None),
    ],
)
def test_a_whole_number_is_read_up_to_its_most_and_nothing_else_however_long(text, number):
    assert whole(text, 10) == number
