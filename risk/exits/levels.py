"""Where the triggers of a position stand, in whole price units: small functions of its average price and rules."""

from oms.held.triggers import trail_distance
from oms.positions import Position
from risk.exits.settings import PPM, Reach


def average_of(position: Position) -> int:
    """Return the average price of what is held, in whole price units towards zero; 0 of nothing."""
    if not position.quantity or not position.cost:
        return 0
    if position.inverse_scale:
        return abs(position.quantity * position.inverse_scale // position.cost)
    return position.cost // position.quantity


def in_ranges(reach: Reach, atr: int) -> tuple[int, int]:
    """Return (price units, 10^-6 of the price) of a distance; (0, 0) where the average true range is not known."""
    units, ppm, ranges = reach
    return (-(-atr * ranges // PPM), 0) if ranges else (units, ppm)


def below(average: int, sign: int, distance: tuple[int, int]) -> int:
    """Return the price that is so far on the losing side of the average; 0 for no distance, or none above 0."""
    units, ppm = distance
    if not units and not ppm:
        return 0
    return max(average - sign * trail_distance(average, units, ppm), 0)


def beyond(average: int, sign: int, distance: tuple[int, int]) -> int:
    """Return the price that is so far on the winning side of the average; 0 for no distance, or none above 0."""
    return below(average, -sign, distance)
