"""Cash per currency, exact: a spot trade exchanges two assets, a contract pays its profit, fees go where they fall."""

from collections.abc import Mapping

from core.effects import BalanceChanged, Effect
from oms.books import CASH, OPEN, Books, Row
from oms.terms import Terms


class Ledger:
    """Balances per currency as money. A balance may go below zero: the venue's word counts, the ledger only adds.

    A balance is the `CASH` account of its currency in `books`; whoever changes it posts the other side.
    """

    __slots__ = ("_rows", "books")

    def __init__(self, balances: Mapping[str, int], liabilities: Mapping[str, int] | None = None) -> None:
        """Start from `balances`, money per currency, and what is owed of them."""
        self.books = Books(balances, liabilities)
        self._rows: dict[str, Row] = {currency: self.books.row(currency) for currency in balances}

    def balances(self) -> dict[str, int]:
        """Return a copy, currencies in alphabetical order."""
        return {currency: self._rows[currency][CASH] for currency in sorted(self._rows)}

    def balance(self, currency: str) -> int:
        """Return one currency's balance, 0 for a currency never seen."""
        row = self._rows.get(currency)
        return 0 if row is None else row[CASH]

    def book_trade(
        self, terms: Terms, side: int, quantity: int, price: int, realised: int, effects: list[Effect]
    ) -> None:
        """Book what a fill moves, fees apart. `realised` is the account's, in price units times quantity units.

        Spot: base first, then quote. An option exchanges its premium. Other contracts move only realised profit.
        """
        base, value = trade_flow(terms.holds_base, terms.is_option, side, quantity, price, realised)
        if terms.holds_base:
            self.add(terms.base, base * terms.base_factor, "trade", effects)
            self.add(terms.quote, value * terms.value_factor, "trade", effects)
        else:
            self.add(terms.currency, value * terms.value_factor, "premium" if terms.is_option else "realised", effects)

    def add(self, currency: str, delta: int, reason: str, effects: list[Effect]) -> None:
        """Change one balance and say so; a change of nothing is silent."""
        if not delta:
            return
        row = self._rows.get(currency)
        if row is None:
            row = self._rows[currency] = self.books.row(currency)
        row[OPEN] += delta
        balance = row[CASH] = row[CASH] + delta
        effects.append(BalanceChanged(currency=currency, delta=str(delta), balance=str(balance), reason=reason))

    def canonical(self) -> list[tuple[str, str]]:
        """Return the balances in plain values, sorted."""
        return [(currency, str(self._rows[currency][CASH])) for currency in sorted(self._rows)]


def trade_flow(
    holds_base: bool, is_option: bool, side: int, quantity: int, price: int, realised: int
) -> tuple[int, int]:
    """Return what a fill moves, fees apart: (quantity units of the base, price units times quantity units of the cash).

    The cash is the quote where the base itself is exchanged, else the currency in which profit is counted. As money:
    the base times `Terms.base_factor`, the cash times `Terms.value_factor`. Inside 64 bits while price times quantity
    of one fill is below 2**63.
    """
    value = realised
    if holds_base or is_option:
        value = -side * quantity * price
    base = 0
    if holds_base:
        base = side * quantity
    return base, value


HOT = (trade_flow,)
