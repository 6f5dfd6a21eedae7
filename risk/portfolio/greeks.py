"""European options: price, Greeks and implied volatility by Black, Scholes and Merton, and by Black's 1976 formula.

One formula with a cost of carry b serves both (Haug, The Complete Guide to Option Pricing Formulas, 2nd ed., ch. 1
and 2): b = rate - yield for a spot that pays a continuous yield, b = 0 for a future. Times are in years, rates and
volatilities are per year and continuous, all as plain shares: 0.2 is 20 %.
"""

import math
from typing import NamedTuple

from risk.portfolio.errors import NotPriced
from risk.portfolio.special import normal_cdf, normal_pdf

VOLATILITY_MAX = 100.0
_STEPS_MAX = 200
_PRECISION = 1e-14


class Option(NamedTuple):
    """One European option on one unit; `futures`: on a future (Black 1976), `dividend` is not used then."""

    call: bool
    strike: float
    years: float
    rate: float = 0.0
    dividend: float = 0.0
    futures: bool = False


class Greeks(NamedTuple):
    """Of one long option on one unit, in the unit of its price.

    delta per 1 of the underlying, gamma of delta per 1, vega per 1.00 of volatility (a point is a hundredth), theta per
    year that passes, rho per 1.00 of the rate; for a future, whose price is kept while the rate moves, rho is -T price.
    """

    price: float
    delta: float
    gamma: float
    vega: float
    theta: float
    rho: float


def greeks(option: Option, underlying: float, volatility: float) -> Greeks:
    """Return price and Greeks. Raises NotPriced for a price or strike at or below nought, or a volatility below it.

    At expiry or without volatility the option is its discounted intrinsic value, and its gamma and vega are nought.
    """
    if underlying <= 0.0 or option.strike <= 0.0 or volatility < 0.0:
        raise NotPriced(f"underlying {underlying:g}, strike {option.strike:g}, volatility {volatility:g}: need above 0")
    years, rate = max(option.years, 0.0), option.rate
    carry = 0.0 if option.futures else rate - option.dividend
    sign = 1.0 if option.call else -1.0
    grown, discount = math.exp((carry - rate) * years), math.exp(-rate * years)
    spread = volatility * math.sqrt(years)
    if spread <= 0.0:
        return _without_spread(option, underlying, carry, sign)
    d_1 = (math.log(underlying / option.strike) + carry * years) / spread + 0.5 * spread
    d_2 = d_1 - spread
    n_1, n_2, density = normal_cdf(sign * d_1), normal_cdf(sign * d_2), normal_pdf(d_1)
    held, paid = underlying * grown * n_1, option.strike * discount * n_2
    price = sign * (held - paid)
    decay = underlying * grown * density * volatility / (2.0 * math.sqrt(years))
    return Greeks(
        price=price,
        delta=sign * grown * n_1,
        gamma=grown * density / (underlying * spread),
        vega=underlying * grown * density * math.sqrt(years),
        theta=-decay - sign * ((carry - rate) * held + rate * paid),
        rho=-years * price if option.futures else sign * years * paid,
    )


def implied_volatility(option: Option, underlying: float, price: float) -> float:
    """Return the volatility at which the formula gives `price`: Newton's steps, halved where they leave the bracket.

    Raises NotPriced where no volatility up to VOLATILITY_MAX does: below what the option is worth without any, or
    above what it can be worth.
    """
    low, high = 0.0, 1.0
    least = greeks(option, underlying, 0.0).price
    while greeks(option, underlying, high).price < price and high < VOLATILITY_MAX:
        high = min(high * 2.0, VOLATILITY_MAX)
    most = greeks(option, underlying, high).price
    if not least <= price <= most or option.years <= 0.0:
        raise NotPriced(
            f"a price of {price:g} is not within {least:g} and {most:g}, what the option can be worth with any "
            "volatility: is the quote stale, or of another contract?"
        )
    volatility = 0.5 * (low + high)
    for _ in range(_STEPS_MAX):
        now = greeks(option, underlying, volatility)
        low, high = (volatility, high) if now.price < price else (low, volatility)
        step = (now.price - price) / now.vega if now.vega > 0.0 else math.inf
        following = volatility - step
        if not low < following < high:
            following = 0.5 * (low + high)
        if abs(following - volatility) <= _PRECISION * max(1.0, volatility):
            return following
        volatility = following
    return volatility


def _without_spread(option: Option, underlying: float, carry: float, sign: float) -> Greeks:
    """Return an option whose outcome is certain: it is worth its discounted forward less its strike, or nothing."""
    years, rate = max(option.years, 0.0), option.rate
    grown, discount = math.exp((carry - rate) * years), math.exp(-rate * years)
    price = sign * (underlying * grown - option.strike * discount)
    if price <= 0.0:
        return Greeks(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    theta = -sign * ((carry - rate) * underlying * grown + rate * option.strike * discount)
    rho = -years * price if option.futures else sign * years * option.strike * discount
    return Greeks(price, sign * grown, 0.0, 0.0, theta, rho)
