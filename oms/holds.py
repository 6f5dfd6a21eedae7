"""What open spot orders hold of the balances, in the worst case, and what is free beside it.

A buy holds what it still may spend at its price, with the worst fee on top; a sell what it still may deliver. A market
buy is counted at what the market asks now, a stop that waits at its trigger if that is more. Counted anew from the open
orders each time, so it can never drift from them; it costs what there are open orders, and is asked for by the gate
only where `accounting.check_balances` says so. Contracts hold margin, which is the venue's to count.
"""

from collections.abc import Sequence

from core.market import Market, touch_of
from core.orders import OrderIntent
from oms.manager import OrderManager
from oms.terms import Terms

PPM = 1_000_000


def wanted(terms: Terms, side: int, quantity: int, price: int, fee_ppm: int) -> tuple[str, int]:
    """Return (currency, money) that an order of this size at this price needs in the worst case."""
    if side < 0:
        return terms.base, quantity * terms.base_factor
    value = quantity * price * terms.value_factor
    return terms.quote, value - (-value * fee_ppm // PPM)


def held(manager: OrderManager, markets: Sequence[Market], currency: str) -> int:
    """Return what open spot orders hold of a currency, as money."""
    total, fee_ppm = 0, manager.books.rules.fee_reserve_ppm
    for order in manager.open_orders():
        terms = manager.terms(order.instrument)
        if terms.holds_base and order.leaves:
            price = worst_price(order.intent, order.price, markets[order.instrument])
            needed, amount = wanted(terms, order.side, order.leaves, price, fee_ppm)
            if needed == currency:
                total += amount
    return total


def available(manager: OrderManager, markets: Sequence[Market], currency: str) -> int:
    """Return what of a currency no open order holds; below zero where they hold more than there is."""
    return manager.books.ledger.balance(currency) - held(manager, markets, currency)


def worst_price(intent: OrderIntent, price: int, market: Market) -> int:
    """Return the price at which a buy may spend the most: its limit, else the ask, else its trigger above that."""
    if price:
        return price
    trigger = intent.terms.trigger_price if intent.terms is not None else 0
    return max(touch_of(market)[2], market.last_price, trigger)
