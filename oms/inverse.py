"""Inverse contracts: sized in the quote currency, settled in the base. Exact once a fill's value is cut, see ADR 14.

A fill of `quantity` contracts at `price` is worth `quantity * multiplier / price` of the base, which no decimal holds.
It is cut to money, 10^-18 of the base, when the fill is booked, ten decimals below what any venue pays out; from there
on there are only whole numbers: cost is money, `cost + realised` is the signed sum of the values of all fills, and not
a unit is gained or lost by closing in parts.
"""

from oms.positions import PositionNumbers


def fill_inverse(position: PositionNumbers, side: int, quantity: int, value: int) -> int:
    """Book a fill that is worth `value`, money of the base; return the profit that it realised, likewise.

    Average cost: a closing takes its share of the cost, cut towards zero; what the cut leaves stays with the position.
    A long gains where the price rises, that is where the closed contracts are worth less of the base than they were.
    """
    held, cost = position.quantity, position.cost
    position.fills += 1
    if held * side >= 0:
        position.quantity, position.cost = held + side * quantity, cost + side * value
        return 0
    open_quantity, open_cost = abs(held), abs(cost)
    closed = min(open_quantity, quantity)
    share = open_cost if closed == open_quantity else open_cost * closed // open_quantity
    closed_value = value if closed == quantity else value * closed // quantity
    realised = -side * (share - closed_value)
    opened = quantity - closed
    position.quantity = held + side * quantity
    position.cost = side * (value - closed_value) if opened else cost + side * share
    position.realised += realised
    return realised
