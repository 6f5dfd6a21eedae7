"""The arithmetic of the checks: whole numbers in, whole numbers out, so that numba can compile it as it stands."""

from risk.limits import DEVIATION_UNIT


def outside_collar(price: int, reference_twice: int, deviation: int) -> bool:
    """Whether a price is further than `deviation` (10^-9) from half of `reference_twice`; exact.

    The reference comes doubled because the middle of bid and ask may fall between two price units.
    """
    return abs(2 * price - reference_twice) * DEVIATION_UNIT > reference_twice * deviation


def collar_ceiling(reference_twice: int, deviation: int) -> int:
    """Return the highest price in the collar, rounded up: what a market order is valued at."""
    return -(-reference_twice * (DEVIATION_UNIT + deviation) // (2 * DEVIATION_UNIT))


def worst_position(side_sign: int, position: int, open_same_side: int, quantity: int) -> int:
    """Return how far the position reaches on the order's side if everything open there fills; negative: not across."""
    return side_sign * position + open_same_side + quantity


def valuation_price(is_market: bool, side_sign: int, price: int, bid: int, ceiling: int) -> int:
    """Return the highest price at which an order may trade, short of the book's surprises.

    A limit sell below the bid trades at the bid or better, so it is valued there; a market order at the ceiling.
    """
    if is_market:
        return ceiling
    return max(price, bid) if side_sign < 0 else price
