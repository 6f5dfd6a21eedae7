"""What an account is worth, and what it earned, in one currency: each amount with the rate that counted it.

Nothing is guessed: an amount whose currency no market prices, or a position that no market marks, is named and left
out of the total. A converted amount is cut towards zero at 10^-18, each once.
"""

from collections.abc import Mapping
from typing import NamedTuple

from core.market import mark_price_of
from oms.manager import OrderManager
from oms.rates import Rate


class Part(NamedTuple):
    """One currency's amount, money; its value in the report's currency and the rate, None where none is known."""

    currency: str
    amount: int
    value: int | None
    rate: Rate | None


class Valuation(NamedTuple):
    """A report in one currency. `total` counts what is known; `unknown` names currencies, `unmarked` instruments."""

    base: str
    total: int
    parts: tuple[Part, ...]
    unknown: tuple[str, ...]
    unmarked: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether the total is the whole."""
        return not self.unknown and not self.unmarked


def equity_in(base: str, manager: OrderManager) -> Valuation:
    """Return what the account is worth: balances less what is owed, and the open profit of contracts.

    What is held of a spot instrument is a balance; an option is worth its mark.
    """
    amounts = manager.balances()
    for currency, owed in manager.books.ledger.books.liabilities().items():
        amounts[currency] = amounts.get(currency, 0) - owed
    return _valued(base, manager, amounts, ())


def profit_in(base: str, manager: OrderManager) -> Valuation:
    """Return what all positions earned since they began: realised and open profit less fees, spot ones too."""
    amounts: dict[str, int] = {}
    for index in manager.instruments():
        position, terms = manager.position(index), manager.terms(index)
        if position.fills:
            earned = position.realised_money - position.fees
            amounts[terms.currency] = amounts.get(terms.currency, 0) + earned
    return _valued(base, manager, amounts, tuple(manager.instruments()))


def _valued(base: str, manager: OrderManager, amounts: dict[str, int], spot: tuple[int, ...]) -> Valuation:
    """Add the open profit of contracts, and of the `spot` instruments, to the amounts; convert them."""
    unmarked = []
    for index in manager.instruments():
        position, terms = manager.position(index), manager.terms(index)
        if not position.quantity or (terms.holds_base and index not in spot):
            continue
        market = manager.books.rates.markets[index]
        mark = mark_price_of(market)
        if mark <= 0:
            unmarked.append(market.instrument.id)
        else:
            worth = position.unrealised(mark)
            if terms.is_option and not spot:  # the premium has left the balance: the option is worth its mark
                worth += position.cost_money
            amounts[terms.currency] = amounts.get(terms.currency, 0) + worth
    return converted(base, manager, amounts, tuple(unmarked))


def converted(base: str, manager: OrderManager, amounts: Mapping[str, int], unmarked: tuple[str, ...]) -> Valuation:
    """Return amounts per currency in `base`, at what the markets say now."""
    parts: list[Part] = []
    for currency in sorted(amounts):
        amount = amounts[currency]
        if not amount:
            continue
        rate = manager.books.rates.find(currency, base)
        value = None
        if rate is not None:
            value = abs(amount) * rate.numerator // rate.denominator
            value = value if amount > 0 else -value
        parts.append(Part(currency, amount, value, rate))
    return Valuation(
        base,
        sum(part.value for part in parts if part.value is not None),
        tuple(parts),
        tuple(part.currency for part in parts if part.value is None),
        unmarked,
    )
