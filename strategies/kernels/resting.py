"""What maker kernels share: post-only orders at numbered places, one to a place from its asking to its end.

The rules are those of `strategies/resting.py`. A kernel keeps a `Resting` in its state, names `*resting.HOT` among its
`HELPERS`, and hands on what it is told: `order_moved`, `order_refused`, `pause_over`.
"""

from dataclasses import dataclass

from core.hot import Ints, ints
from core.market import MarketNumbers
from oms.codes import STATE_PARTIALLY_FILLED, STATE_REJECTED, STATE_UNKNOWN
from strategies.desk import POST_ONLY, KernelDesk, ask_order, cancel, wake_at

PLACES_MAX = 32


@dataclass(slots=True)
class Resting:
    """Orders by place, at most `PLACES_MAX`; order number 0 is an empty place, `cancelling` is 0 or 1."""

    places: int
    pause_ns: int
    stale: bool = True  # the next quote is worth a look
    paused: bool = False
    orders: Ints = ints(PLACES_MAX)
    prices: Ints = ints(PLACES_MAX)
    cancelling: Ints = ints(PLACES_MAX)


def put(
    resting: Resting, place: int, market: MarketNumbers, side: int, quantity: int, price: int, desk: KernelDesk
) -> None:
    """Ask for an order at an empty place."""
    resting.orders[place] = ask_order(desk, market.index, side, quantity, price, POST_ONLY)
    resting.prices[place] = price


def pull(resting: Resting, place: int, desk: KernelDesk) -> None:
    """Ask to cancel the order of a place, once."""
    if resting.cancelling[place] == 0:
        resting.cancelling[place] = 1
        cancel(desk, resting.orders[place])


def pause(resting: Resting, desk: KernelDesk) -> None:
    """Stop quoting for a while."""
    if not resting.paused:
        resting.paused = True
        wake_at(desk, desk.now_ns + resting.pause_ns)


def place_of(resting: Resting, number: int) -> int:
    """Return the place of an order, -1 where it has none."""
    for place in range(resting.places):
        if resting.orders[place] == number:
            return place
    return -1


def empty(resting: Resting, place: int) -> None:
    """Forget the order of a place."""
    resting.orders[place] = 0
    resting.cancelling[place] = 0
    resting.stale = True


def order_moved(resting: Resting, number: int, order_state: int, desk: KernelDesk) -> None:
    """Empty the place of an order that has ended; pause where the venue would not have it, or not cancel it."""
    place = place_of(resting, number)
    if place < 0:
        return
    if order_state > STATE_UNKNOWN:
        empty(resting, place)
        if order_state >= STATE_REJECTED:  # or never arrived, the last code
            pause(resting, desk)
    elif resting.cancelling[place] == 1 and order_state <= STATE_PARTIALLY_FILLED:
        resting.cancelling[place] = 0
        resting.stale = True
        pause(resting, desk)


def order_refused(resting: Resting, number: int, desk: KernelDesk) -> None:
    """Pause: what the gate refused once it will refuse again at once."""
    place = place_of(resting, number)
    if place >= 0:
        empty(resting, place)
        pause(resting, desk)


def pause_over(resting: Resting) -> None:
    """Go on."""
    resting.paused = False
    resting.stale = True


HOT = (put, pull, pause, place_of, empty, order_moved, order_refused, pause_over)
