"""What a quantity of an instrument is worth in the base currency, from what the markets say now."""

from typing import NamedTuple

from core.market import mark_price_of
from oms.manager import OrderManager
from oms.terms import Terms


class Worth(NamedTuple):
    """`quantity * numerator // denominator` is money of the base currency."""

    numerator: int
    denominator: int

    def of(self, quantity: int) -> int:
        """Return what a quantity, 0 or more, is worth, rounded up: what a cautious limit counts."""
        return -(-quantity * self.numerator // self.denominator)


def worth_of(index: int, manager: OrderManager, base: str, price: int = 0) -> Worth | None:
    """Return what a quantity unit of an instrument is worth at a price, 0: at its mark; None where nothing tells.

    The mark is the middle of the touch, else the last trade. An inverse contract is worth its face in the quote
    currency where that has a rate, else its coins.
    """
    rates, terms = manager.books.rates, manager.terms(index)
    price = price or mark_price_of(rates.markets[index])
    if price <= 0:
        return None
    if terms.inverse_scale:
        rate = rates.find(terms.quote, base)
        if rate is not None:
            return Worth(terms.base_factor * rate.numerator, rate.denominator)
    rate = rates.find(terms.currency, base)
    if rate is None:
        return None
    numerator, denominator = _native(terms, price)
    return Worth(numerator * rate.numerator, denominator * rate.denominator)


def _native(terms: Terms, price: int) -> tuple[int, int]:
    """Return a quantity unit's worth in the instrument's own currency."""
    return (terms.inverse_scale, price) if terms.inverse_scale else (price * terms.value_factor, 1)
