"""Options against the textbook's formula by scipy, against slopes of their own price, and back from the price."""

import math

import pytest
import scipy  # type: ignore[import-untyped]
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from risk.portfolio.errors import NotPriced
from risk.portfolio.greeks import Greeks, Option, greeks, implied_volatility

UNDERLYING = 100.0
CASES = [
    Option(call, strike, years, rate, dividend, futures)
    for call in (True, False)
    for strike in (60.0, 95.0, 100.0, 140.0)
    for years in (0.02, 0.5, 3.0)
    for rate, dividend, futures in ((0.05, 0.0, False), (0.03, 0.06, False), (-0.01, 0.0, False), (0.04, 0.0, True))
]


def by_scipy(option: Option, s: float, v: float) -> Greeks:
    """Black, Scholes, Merton, or Black 1976, as written in Hull, Options, Futures and Other Derivatives."""
    k, t, r = option.strike, option.years, option.rate
    q = r if option.futures else option.dividend  # a future is a stock that yields the rate
    d_1 = (math.log(s / k) + (r - q + v * v / 2) * t) / (v * math.sqrt(t))
    d_2 = d_1 - v * math.sqrt(t)
    norm = scipy.stats.norm
    e_q, e_r, density = math.exp(-q * t), math.exp(-r * t), norm.pdf(d_1)
    sign = 1 if option.call else -1
    price = sign * (s * e_q * norm.cdf(sign * d_1) - k * e_r * norm.cdf(sign * d_2))
    return Greeks(
        price=price,
        delta=sign * e_q * norm.cdf(sign * d_1),
        gamma=e_q * density / (s * v * math.sqrt(t)),
        vega=s * e_q * density * math.sqrt(t),
        theta=-s * e_q * density * v / (2 * math.sqrt(t))
        - sign * r * k * e_r * norm.cdf(sign * d_2)
        + sign * q * s * e_q * norm.cdf(sign * d_1),
        rho=-t * price if option.futures else sign * k * t * e_r * norm.cdf(sign * d_2),
    )


@pytest.mark.parametrize("option", CASES, ids=str)
def test_price_and_greeks_are_the_textbooks(option):
    for volatility in (0.05, 0.3, 1.2):
        expected = by_scipy(option, UNDERLYING, volatility)
        assert greeks(option, UNDERLYING, volatility) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("option", CASES[::5], ids=str)
def test_greeks_are_the_slopes_of_the_price(option):
    def price(s=UNDERLYING, v=0.3, **other):
        return greeks(option._replace(**other), s, v).price

    found, h = greeks(option, UNDERLYING, 0.3), 1e-4

    assert found.delta == pytest.approx((price(s=100 + h) - price(s=100 - h)) / (2 * h), abs=1e-6)
    assert found.gamma == pytest.approx((price(s=100.01) - 2 * price() + price(s=99.99)) / 1e-4, abs=1e-5)
    assert found.vega == pytest.approx((price(v=0.3 + h) - price(v=0.3 - h)) / (2 * h), abs=1e-4)
    t, r, step = option.years, option.rate, 1e-5
    assert found.theta == pytest.approx((price(years=t - step) - price(years=t + step)) / (2 * step), abs=1e-3)
    assert found.rho == pytest.approx((price(rate=r + h) - price(rate=r - h)) / (2 * h), abs=1e-3)


def test_the_example_of_hulls_book_comes_out():
    # Hull, 9th ed., example 15.6: S 42, K 40, r 10 %, volatility 20 %, half a year: call 4.76, put 0.81
    call, put = Option(True, 40, 0.5, 0.1), Option(False, 40, 0.5, 0.1)

    assert greeks(call, 42, 0.2).price == pytest.approx(4.7594, abs=1e-4)
    assert greeks(put, 42, 0.2).price == pytest.approx(0.8086, abs=1e-4)


numbers = st.floats(0.2, 5.0)


@settings(max_examples=50)
@given(numbers, numbers, st.floats(0.01, 5), st.floats(-0.1, 0.2), st.floats(0.01, 3), st.booleans())
def test_a_call_less_a_put_is_a_forward(moneyness, scale, years, rate, volatility, futures):
    spot, strike = 100 * scale, 100 * scale * moneyness
    call = greeks(Option(True, strike, years, rate, 0.01, futures), spot, volatility).price
    put = greeks(Option(False, strike, years, rate, 0.01, futures), spot, volatility).price
    carry = 0.0 if futures else rate - 0.01

    forward = spot * math.exp((carry - rate) * years) - strike * math.exp(-rate * years)

    assert call - put == pytest.approx(forward, rel=1e-9, abs=1e-9 * spot)


@settings(max_examples=50)
@given(st.booleans(), st.floats(0.5, 2), st.floats(0.05, 3), st.floats(-0.05, 0.1), st.floats(0.05, 3), st.booleans())
def test_implied_volatility_gives_the_price_back(call, moneyness, years, rate, volatility, futures):
    option = Option(call, 100 * moneyness, years, rate, 0.0, futures)
    wanted = greeks(option, 100.0, volatility)
    assume(wanted.vega > 1e-3)

    found = implied_volatility(option, 100.0, wanted.price)

    assert greeks(option, 100.0, found).price == pytest.approx(wanted.price, rel=1e-9, abs=1e-9)
    assert found == pytest.approx(volatility, rel=1e-6)


def test_at_expiry_an_option_is_what_it_pays():
    assert greeks(Option(True, 90, 0.0), 100, 0.5) == Greeks(10.0, 1.0, 0.0, 0.0, 0.0, 0.0)
    assert greeks(Option(False, 90, 0.0), 100, 0.5).price == 0.0
    assert greeks(Option(False, 110, 1.0, 0.05), 100, 0.0).price == pytest.approx(110 * math.exp(-0.05) - 100)


def test_prices_that_no_volatility_gives_are_refused():
    for price in (1.0, 101.0):  # below what it is worth at once, above the underlying itself
        with pytest.raises(NotPriced, match="is the quote stale"):
            implied_volatility(Option(True, 90, 1.0), 100, price)
    with pytest.raises(NotPriced, match="above 0"):
        greeks(Option(True, 90, 1.0), -3.0, 0.2)
