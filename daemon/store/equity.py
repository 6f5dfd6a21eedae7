"""What the account is worth, per currency: cash and, at the prices last seen, positions."""

from core.money import money_text
from daemon.store.known import Known, Traded
from daemon.store.rows import Row, Rows

MINUTE_NS = 60_000_000_000


def sample(known: Known, time_ns: int, rows: Rows) -> None:
    """Add the rows of one moment, one for each currency that the account has to do with."""
    for row in equity_rows(known, time_ns):
        rows.add("equity", row)


def equity_rows(known: Known, time_ns: int) -> list[Row]:
    """Return (time, currency, balance, positions, equity, realised, unrealised, fees), by currency.

    A position without any price as yet is worth what it cost.
    """
    sums: dict[str, list[int]] = {currency: [0, 0, 0, 0] for currency in known.balances}
    for index in sorted(known.instruments):
        traded = known.instruments[index]
        if not (traded.quantity or traded.realised or traded.fees):
            continue
        terms, unrealised = traded.terms, _unrealised(traded)
        worth = sums.setdefault(terms.currency, [0, 0, 0, 0])
        # Bought assets and options were paid for, so they are worth their price; a contract its open profit alone.
        worth[0] += traded.cost + unrealised if terms.holds_base or terms.is_option else unrealised
        worth[1] += traded.realised
        worth[2] += unrealised
        worth[3] += traded.fees
        if terms.holds_base:
            sums.setdefault(terms.base, [0, 0, 0, 0])[0] -= traded.quantity * terms.base_factor
    found: list[Row] = []
    for currency in sorted(sums):
        balance, (positions, realised, unrealised, fees) = known.balances.get(currency, 0), sums[currency]
        money = (balance, positions, balance + positions, realised, unrealised, fees)
        found.append((time_ns, currency, *map(money_text, money)))
    return found


def _unrealised(traded: Traded) -> int:
    """Return a position's open profit as money."""
    mark_price = traded.mark_price
    if not traded.quantity or not mark_price:
        return 0
    return traded.terms.open_profit(traded.quantity, traded.cost, mark_price)
