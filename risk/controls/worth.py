"""What a quantity of an instrument is worth in the base currency, from what the markets say now."""

from core.market import mark_price_of
from oms.manager import OrderManager


class Worth:
    """`quantity * numerator // denominator` is money of the base currency."""

    __slots__ = ("denominator", "numerator")

    def __init__(self, numerator: int, denominator: int) -> None:
        """Keep the fraction."""
        self.numerator = numerator
        self.denominator = denominator

    def of(self, quantity: int) -> int:
        """Return what a quantity is worth, away from zero: what a cautious limit counts; below zero towards it."""
        if self.denominator == 1:
            return quantity * self.numerator
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
    if not terms.inverse_scale:
        if terms.currency == base:
            return Worth(price * terms.value_factor, 1)
        rate = rates.find(terms.currency, base)
        return None if rate is None else Worth(price * terms.value_factor * rate.numerator, rate.denominator)
    rate = rates.find(terms.quote, base)
    if rate is not None:
        return Worth(terms.base_factor * rate.numerator, rate.denominator)
    rate = rates.find(terms.currency, base)
    return None if rate is None else Worth(terms.inverse_scale * rate.numerator, price * rate.denominator)
