"""Dust: what is left of a position that the venue takes no order for, told as such and never ordered again and again.

A partial fill that expires, or a fee taken from what was bought, leaves less than the venue's smallest order (fault
F12). The gate refuses an order of it (MIN_QUANTITY, LOT_SIZE, MIN_NOTIONAL) and nothing in tickerd asks again by
itself. A person sweeps it: Binance's "Convert Small Balance" (POST /sapi/v1/asset/dust) makes BNB of it. In the books
that is the venue's own execution, `AccountTraded` with the reason "sweep" at the rate it gave, and where it paid in
another currency two `AccountMoved` "convert"; or the next buy carries the dust along until it makes a whole lot.
"""

from typing import NamedTuple

from core.instruments import Instrument
from core.market import mark_price_of
from core.money import money_text
from oms.manager import OrderManager


class Dust(NamedTuple):
    """What of an instrument cannot be ordered: signed units, their value as money (0: no price), and why."""

    instrument: int
    quantity: int
    value: int
    why: str


def dust_of(index: int, instrument: Instrument, quantity: int, price: int) -> Dust | None:
    """Return what of a position (signed units) no order can close at this price (0: unknown), None where all can be."""
    size, sign = abs(quantity), 1 if quantity > 0 else -1
    orderable = size - size % instrument.lot
    if instrument.inverse:
        value = orderable * int(10**instrument.price_precision) * instrument.notional_factor
    else:
        value = orderable * price * instrument.notional_factor
    if orderable and orderable < instrument.min_quantity:
        left = size
        why = f"the smallest order is {instrument.quantity_text(instrument.min_quantity)} {instrument.base}"
    elif orderable and price and value < instrument.min_notional:
        left = size
        why = f"the smallest order is worth {money_text(instrument.min_notional)} {instrument.quote}"
    elif size != orderable:
        left = size - orderable
        why = f"orders are multiples of {instrument.quantity_text(instrument.lot)} {instrument.base}"
    else:
        return None
    worth = 0 if instrument.inverse else left * price * instrument.notional_factor
    return Dust(index, sign * left, worth, why)


def is_flat(index: int, instrument: Instrument, quantity: int, price: int) -> bool:
    """Whether no order could close what is left of a position (signed units) at this price (0: unknown)."""
    dust = dust_of(index, instrument, quantity, price) if quantity else None
    return not quantity or (dust is not None and dust.quantity == quantity)


def dusts(manager: OrderManager) -> list[Dust]:
    """Return the dust in the account's positions, by instrument, at what the markets say now."""
    found = []
    for index in manager.instruments():
        quantity = manager.position(index).quantity
        if quantity:
            market = manager.books.rates.markets[index]
            dust = dust_of(index, market.instrument, quantity, mark_price_of(market))
            if dust is not None:
                found.append(dust)
    return found
