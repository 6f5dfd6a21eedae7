"""The arithmetic of the checks: whole numbers in, whole numbers out.

Nothing here can leave 64 bits while prices of the market stay below 2**59 and deviations below 10^9: a product is
taken of quotient and remainder by `DEVIATION_UNIT` apart, and a limit is divided rather than a figure multiplied. The
price and the quantity that an order asks for are only compared, divided and added, so they may be any number.
`bounds.py` has the rest.
"""

from risk.limits import DEVIATION_UNIT

PRODUCT_FITS = 2**33  # this times DEVIATION_UNIT is below 2**63


def reference_twice_of(bid: int, ask: int) -> int:
    """Return bid plus ask, twice the middle, which may fall between two price units; 0 where they are no market."""
    return bid + ask if 0 < bid <= ask else 0


def outside_collar(price: int, reference_twice: int, deviation: int) -> bool:
    """Whether a price, 0 or more, is further than `deviation` (10^-9, below 1) from half of `reference_twice`; exact.

    The allowed distance, doubled, is `reference_twice * deviation / DEVIATION_UNIT`; cutting it to a whole number
    changes no answer, since twice the price is whole too.
    """
    if price > reference_twice:  # further than the reference itself, and too large to be doubled perhaps
        return True
    if reference_twice < PRODUCT_FITS:
        allowed_twice = reference_twice * deviation // DEVIATION_UNIT
    else:
        whole = reference_twice // DEVIATION_UNIT * deviation
        allowed_twice = whole + reference_twice % DEVIATION_UNIT * deviation // DEVIATION_UNIT
    return 2 * price > reference_twice + allowed_twice or 2 * price < reference_twice - allowed_twice


def collar_ceiling(reference_twice: int, deviation: int) -> int:
    """Return the highest price in the collar, rounded up: what a market order is valued at."""
    factor = DEVIATION_UNIT + deviation
    whole = reference_twice // DEVIATION_UNIT * factor
    part = reference_twice % DEVIATION_UNIT * factor
    ceiling_twice = whole - (-part // DEVIATION_UNIT)
    return (ceiling_twice + 1) // 2


def worth_more(quantity: int, price: int, value: int) -> bool:
    """Whether `quantity * price > value`, for a price above 0 and a value of 0 or more."""
    return quantity > value // price


def worth_less(quantity: int, price: int, value: int) -> bool:
    """Whether `quantity * price < value`, for a price above 0."""
    return quantity < -(-value // price)


def worst_position(side_sign: int, position: int, open_same_side: int, quantity: int) -> int:
    """Return how far the position reaches on the order's side if everything open there fills; negative: not across."""
    return side_sign * position + open_same_side + quantity


def valuation_price(is_market: bool, side_sign: int, price: int, bid: int, reference_twice: int, deviation: int) -> int:
    """Return the highest price at which an order may trade, short of the book's surprises.

    A limit sell below the bid trades at the bid or better, so it is valued there; a market order at the ceiling.
    """
    if is_market:
        return collar_ceiling(reference_twice, deviation)
    return bid if side_sign < 0 and bid > price else price


HOT = (
    reference_twice_of,
    outside_collar,
    collar_ceiling,
    worth_more,
    worth_less,
    worst_position,
    valuation_price,
)
