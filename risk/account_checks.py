"""Checks that only some accounts ask for: which leg an order works on in hedge mode, and whether the balance covers it.

They run in Python alone and only where `[accounting]` asks, beside the hot checks of `risk.checks`: the leg before
them, since they look at its position, the balance after them, since it needs the price that they allow.
"""

from collections.abc import Sequence

from core.instruments import Instrument
from core.market import Market, touch_of
from core.money import money_text
from core.orders import OrderIntent
from oms.holds import available, wanted, worst_price
from oms.manager import OrderManager
from oms.moves import Exposure, reserve
from oms.order import Order
from risk.facts import Why
from risk.figures import reference_twice_of, valuation_price
from risk.limits import InstrumentLimits

HEDGE_SIDE = "HEDGE_SIDE"
INSUFFICIENT_BALANCE = "INSUFFICIENT_BALANCE"


def hedge_side(intent: OrderIntent) -> int:
    """Return the side of the leg that an order names, 0 where it names none."""
    return int(intent.terms.hedge) if intent.terms is not None and intent.terms.hedge is not None else 0


def why_not_leg(intent: OrderIntent, instrument: Instrument, hedging: bool) -> Why | None:
    """Return why the leg that the order names, or that it names none, does not fit the account; None where it does."""
    named, has_legs = hedge_side(intent) != 0, hedging and not instrument.holds_base
    if named == has_legs:
        return None
    if has_legs:
        why = f"{instrument.id} has a long and a short position (accounting.hedging): name one of them in terms.hedge"
    else:
        why = f"{instrument.id} has one net position: leave terms.hedge out, or set accounting.hedging for contracts"
    return Why("", "", why)


def leg_exposure(manager: OrderManager, instrument: int, hedge: int) -> Exposure:
    """Return what the open orders on one leg reserve, counted anew."""
    exposure = Exposure()
    for order in manager.open_orders():
        if order.instrument == instrument and hedge_side(order.intent) == hedge:
            exposure.open_orders += 1
            reserve(exposure, order.side, order.leaves)
    return exposure


def why_not_covered(
    intent: OrderIntent,
    market: Market,
    limits: InstrumentLimits,
    manager: OrderManager,
    markets: Sequence[Market],
    replaced: Order | None = None,
) -> Why | None:
    """Return why the balance does not cover a spot order in the worst case; None where it does.

    An order that replaces another, `replaced`, has what that one holds, and needs only what is left to fill.
    """
    terms = manager.terms(intent.instrument)
    if not terms.holds_base:
        return None
    side, fee_ppm = int(intent.side), manager.books.rules.fee_reserve_ppm
    bid, _, ask, _, _ = touch_of(market)
    price = intent.price or valuation_price(True, side, 0, bid, reference_twice_of(bid, ask), limits.max_deviation)
    quantity = intent.quantity - (0 if replaced is None else replaced.filled)
    currency, needed = wanted(terms, side, quantity, price, fee_ppm)
    free = available(manager, markets, currency)
    if replaced is not None:
        held_at = worst_price(replaced.intent, replaced.price, market)
        free += wanted(terms, side, replaced.leaves, held_at, fee_ppm)[1]
    if needed <= free:
        return None
    limit, figure = money_text(max(free, 0)), money_text(needed)
    why = f"the order needs up to {figure} {currency} and {limit} is free of open orders"
    return Why(limit, figure, f"{why}: make it smaller, cancel another, or add {currency}")
