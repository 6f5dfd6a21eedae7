"""What the account is worth, currency by currency, with the rates that count it: for people, from the core's books."""

from collections import Counter
from collections.abc import Sequence

from core.decimals import to_text
from core.market import Market
from core.money import money_text
from daemon.status import AccountStatus, DustStatus, WorthStatus
from oms.dust import dusts
from oms.holds import wanted, worst_price
from oms.manager import OrderManager
from oms.rates import Rate
from oms.valuation import Part, equity_in

SHOWN_DECIMALS = 8


def account_status(manager: OrderManager, markets: Sequence[Market], base_currency: str = "") -> AccountStatus:
    """Return the account as it is now, in `base_currency`, else in the one in which all instruments are priced."""
    base = base_currency or common_currency(markets)
    valuation = equity_in(base, manager)
    held = held_by_currency(manager, markets)
    return AccountStatus(
        base_currency=base,
        equity=money_text(valuation.total, SHOWN_DECIMALS) if base else "",
        worth=[_worth(part, held[part.currency]) for part in valuation.parts],
        unpriced=[*valuation.unknown, *valuation.unmarked] if base else [],
        dust=[
            DustStatus(
                instrument=markets[each.instrument].instrument.id,
                quantity=markets[each.instrument].instrument.quantity_text(each.quantity),
                why=each.why,
            )
            for each in dusts(manager)
        ],
    )


def held_by_currency(manager: OrderManager, markets: Sequence[Market]) -> Counter[str]:
    """Return what open spot orders hold, by currency, as money: `oms.holds.held` of all currencies in one pass."""
    sums: Counter[str] = Counter()
    fee_ppm = manager.books.rules.fee_reserve_ppm
    for order in manager.open_orders():
        terms = manager.terms(order.instrument)
        if terms.holds_base and order.leaves:
            price = worst_price(order.intent, order.price, markets[order.instrument])
            currency, amount = wanted(terms, order.side, order.leaves, price, fee_ppm)
            sums[currency] += amount
    return sums


def common_currency(markets: Sequence[Market]) -> str:
    """Return the currency in which every instrument is priced, "" where there are several."""
    currencies = {market.instrument.currency for market in markets}
    return currencies.pop() if len(currencies) == 1 else ""


def _worth(part: Part, held: int) -> WorthStatus:
    """Return one currency's line."""
    return WorthStatus(
        currency=part.currency,
        amount=money_text(part.amount, SHOWN_DECIMALS),
        held=money_text(held, SHOWN_DECIMALS),
        value="" if part.value is None else money_text(part.value, SHOWN_DECIMALS),
        rate="" if part.rate is None else _rate_text(part.rate),
        path="" if part.rate is None else part.rate.path,
    )


def _rate_text(rate: Rate) -> str:
    """Return a rate as decimal text, cut at eight decimals."""
    return to_text(rate.numerator * 10**SHOWN_DECIMALS // rate.denominator, SHOWN_DECIMALS)
