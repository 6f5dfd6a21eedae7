"""Double entry: every change of money or of an asset has its other side, and each currency's sum is zero.

One row of accounts a currency, and assets that are traded (BTC, a share) are currencies too. What we own is positive,
what others own of us negative, so the sum over a row is zero whenever nothing is half done. The sum is kept with each
posting, not counted anew: `CASH` is posted where a balance changes (`oms.ledger`), the other side where the event
that explains it is read, from the event's own numbers, and there (`close`) the sum must be zero again. Where it is not,
this program is at fault, and InvariantError stops it with the row.

The accounts live as long as the process: a restored manager opens them anew from its balances, as a bookkeeper does
each year. Liabilities alone are carried over, since they are owed whatever the year.
"""

from collections.abc import Mapping
from typing import NamedTuple

from core.errors import InvariantError

# Accounts of a row. OPEN is the running sum over the others.
OPEN, CASH, MARKET, FEES, FUNDING, INTEREST, LOANS, TRANSFERS, DIVIDENDS, CONVERSIONS, OTHER, OPENING = range(12)
ACCOUNTS = (
    "open",
    "cash",
    "market",
    "fees",
    "funding",
    "interest",
    "loans",
    "transfers",
    "dividends",
    "conversions",
    "other",
    "opening",
)
_WIDTH = len(ACCOUNTS)

REASONS = {
    "funding": FUNDING,
    "borrow": INTEREST,
    "interest": INTEREST,
    "loan": LOANS,
    "repay": LOANS,
    "transfer": TRANSFERS,
    "dividend": DIVIDENDS,
    "sweep": CONVERSIONS,
    "convert": CONVERSIONS,
    "fee": FEES,
    "rebate": FEES,
}
"""The account on the other side of money that a venue moved, by its reason; any other reason is OTHER."""

Row = list[int]


class Line(NamedTuple):
    """One account of one currency, as a report shows it: what it received of us is positive."""

    currency: str
    account: str
    amount: int


class Books:
    """The accounts of every currency."""

    __slots__ = ("_rows",)

    def __init__(self, balances: Mapping[str, int], liabilities: Mapping[str, int] | None = None) -> None:
        """Open with balances, and with what is owed (positive) in them."""
        self._rows: dict[str, Row] = {}
        for currency, amount in balances.items():
            row = self.row(currency)
            row[CASH], row[OPENING] = amount, -amount
        self.owe(liabilities or {})

    def row(self, currency: str) -> Row:
        """Return a currency's accounts: live, and the same list for ever."""
        row = self._rows.get(currency)
        if row is None:
            row = self._rows[currency] = [0] * _WIDTH
        return row

    def owe(self, liabilities: Mapping[str, int]) -> None:
        """Open with what is owed of the balances."""
        for currency, owed in liabilities.items():
            row = self.row(currency)
            row[LOANS] -= owed
            row[OPENING] += owed

    def close(self, currency: str, account: int, amount: int, what: object) -> None:
        """Post the other side of what moved a balance, and assert that the currency sums to zero again.

        Raises InvariantError with the facts.
        """
        row = self._rows.get(currency) or self.row(currency)
        row[account] += amount
        row[OPEN] = left = row[OPEN] + amount
        if left:
            raise InvariantError(unbalanced(currency, row, what))

    def check(self) -> None:
        """Assert that every currency sums to zero, counted anew. Raises InvariantError with the facts."""
        for currency, row in self._rows.items():
            if row[OPEN] or sum(row[CASH:]):
                raise InvariantError(unbalanced(currency, row, "the whole row"))

    def loan(self, currency: str) -> int:
        """Return what is owed of a currency, 0 or more."""
        row = self._rows.get(currency)
        return -row[LOANS] if row is not None else 0

    def liabilities(self) -> dict[str, int]:
        """Return what is owed per currency, alphabetical, where anything is."""
        owed = {currency: -self._rows[currency][LOANS] for currency in sorted(self._rows)}
        return {currency: amount for currency, amount in owed.items() if amount}

    def lines(self) -> list[Line]:
        """Return every account that holds anything, by currency: a trial balance whose sum is zero per currency."""
        return [
            Line(currency, ACCOUNTS[account], amount)
            for currency, row in sorted(self._rows.items())
            for account, amount in enumerate(row)
            if amount and account != OPEN
        ]


def unbalanced(currency: str, row: Row, what: object) -> str:
    """Return what a person needs who must find out why a row does not sum to zero."""
    facts = ", ".join(f"{name} {amount}" for name, amount in zip(ACCOUNTS, row, strict=True) if amount)
    return f"the books of {currency} do not balance after {what!r}: {facts or 'nothing'}"
