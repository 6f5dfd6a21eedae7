"""What is at risk now and what was earned, exact, from the core's books: for people, at every look."""

from collections.abc import Sequence

from core.market import Market, mark_price_of
from core.money import MONEY_DECIMALS, money_text
from daemon.status import ExposureStatus
from daemon.worth import SHOWN_DECIMALS, common_currency
from oms.manager import OrderManager
from oms.rates import Rate
from oms.valuation import converted, profit_in


def exposure_status(manager: OrderManager, markets: Sequence[Market], base_currency: str = "") -> ExposureStatus | None:
    """Return exposure and profit in `base_currency`, else in the one in which all instruments are priced."""
    base = base_currency or common_currency(markets)
    if not base:
        return None
    held, unpriced = _spot(base, manager)
    rates: dict[str, Rate | None] = {}  # found once for all contracts of a currency: this runs on the event loop
    for market in markets:
        notional = _contract(manager, market)
        if not notional:
            if notional is None:
                unpriced.append(market.instrument.id)
            continue
        currency = market.instrument.quote
        if currency not in rates:
            rates[currency] = manager.books.rates.find(currency, base)
        rate = rates[currency]
        if rate is None:
            unpriced.append(market.instrument.id)
        else:
            worth = abs(notional) * rate.numerator // rate.denominator  # cut towards zero, as `oms.valuation` does
            held[market.instrument.id] = worth if notional > 0 else -worth
    profit = profit_in(base, manager)
    long = sum(value for value in held.values() if value > 0)
    short = -sum(value for value in held.values() if value < 0)
    largest_first = sorted(held.items(), key=lambda each: (-abs(each[1]), each[0]))
    return ExposureStatus(
        base_currency=base,
        profit=_text(profit.total),
        gross=_text(long + short),
        net=_text(long - short),
        long=_text(long),
        short=_text(short),
        by_name={name: _text(value) for name, value in largest_first},
        unpriced=sorted({*unpriced, *profit.unknown, *profit.unmarked}),
    )


def _spot(base: str, manager: OrderManager) -> tuple[dict[str, int], list[str]]:
    """Return what is held beside the base currency, less what is owed, in it; and what no market values."""
    amounts = manager.balances()
    for currency, owed in manager.books.ledger.books.liabilities().items():
        amounts[currency] = amounts.get(currency, 0) - owed
    amounts.pop(base, None)
    found = converted(base, manager, amounts, ())
    return {part.currency: part.value for part in found.parts if part.value}, list(found.unknown)


def _contract(manager: OrderManager, market: Market) -> int | None:
    """Return a contract position's notional as money of its quote currency, None where nothing marks it; 0 for spot."""
    instrument = market.instrument
    if instrument.holds_base:
        return 0
    quantity = manager.position(market.index).quantity
    if not quantity:
        return 0
    if instrument.inverse:  # worth its face, whatever the price
        return quantity * int(10 ** (MONEY_DECIMALS - instrument.size_precision)) * instrument.multiplier
    mark = mark_price_of(market)
    return quantity * mark * instrument.notional_factor if mark > 0 else None


def _text(amount: int) -> str:
    return money_text(amount, SHOWN_DECIMALS)
