"""One side of the simulated venue: our orders there, and what we took of the quantity that is displayed there.

The public data never shows our own trades, so a displayed level stays as large as it was before we took of it. What we
took is remembered until the level is gone; where less is displayed than that, only so much can be ours. With
`refill_ns` above 0 others refill a level that long after our last trade there.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.sim.matching import is_deeper, left_of
from connectors.sim.orders import Order
from core.hot import Ints, delete_at, growing, insert_at

ORDERS_MAX = 4096  # resting orders a side in the compiled form; live there is no bound
TAKEN_MAX = 256  # levels of which we remember what we took; beyond it the oldest is forgotten


@dataclass(slots=True)
class Ladder:
    """Our bids (`sign` 1) or asks (-1), best price first and then first come; taken levels in the order of taking."""

    sign: int
    refill_ns: int = 0  # 0: never before the level changes
    count: int = 0
    reducing: int = 0  # how many of them are reduce-only
    cursor: int = 0  # where a walk over the orders stands; orders that leave before it move it back
    rows: Ints = growing(ORDERS_MAX)
    ranks: Ints = growing(ORDERS_MAX)
    taken_count: int = 0
    taken_prices: Ints = growing(TAKEN_MAX)
    taken_quantities: Ints = growing(TAKEN_MAX)
    taken_ns: Ints = growing(TAKEN_MAX)


def join_ladder(ladder: Ladder, order: Order, row: int) -> None:
    """Let an order join behind ours of the same price."""
    place = bisect_left(ladder.ranks, order.rank + 1, 0, ladder.count)
    insert_at(ladder.ranks, ladder.count, place, order.rank)
    insert_at(ladder.rows, ladder.count, place, row)
    ladder.count += 1
    if order.reduce_only:
        ladder.reducing += 1
    order.resting = True


def leave_ladder(ladder: Ladder, order: Order, row: int) -> None:
    """Take a resting order out."""
    place = bisect_left(ladder.ranks, order.rank, 0, ladder.count)
    while ladder.rows[place] != row:
        place += 1
    delete_at(ladder.ranks, ladder.count, place)
    delete_at(ladder.rows, ladder.count, place)
    ladder.count -= 1
    if place <= ladder.cursor:
        ladder.cursor -= 1
    if order.reduce_only:
        ladder.reducing -= 1
    order.resting = False


def taken_place(ladder: Ladder, price: int) -> int:
    """Return where a level stands among the taken ones, -1 if we took nothing of it."""
    for place in range(ladder.taken_count):
        if ladder.taken_prices[place] == price:
            return place
    return -1


def is_refilled(ladder: Ladder, place: int, now_ns: int) -> bool:
    """Whether others have refilled a taken level meanwhile."""
    return ladder.refill_ns > 0 and now_ns - ladder.taken_ns[place] >= ladder.refill_ns


def left_at(ladder: Ladder, price: int, displayed: int, now_ns: int) -> int:
    """Return what is still to be had of a displayed level."""
    if ladder.taken_count == 0:
        return displayed
    place = taken_place(ladder, price)
    if place < 0 or is_refilled(ladder, place, now_ns):
        return displayed
    return left_of(displayed, ladder.taken_quantities[place])


def forget_taken(ladder: Ladder, place: int) -> None:
    """Let a level be whole again."""
    delete_at(ladder.taken_prices, ladder.taken_count, place)
    delete_at(ladder.taken_quantities, ladder.taken_count, place)
    delete_at(ladder.taken_ns, ladder.taken_count, place)
    ladder.taken_count -= 1


def take_at(ladder: Ladder, price: int, quantity: int, now_ns: int) -> None:
    """Remember that we took of a displayed level: it is not there a second time."""
    place = taken_place(ladder, price)
    if place >= 0:
        if is_refilled(ladder, place, now_ns):
            ladder.taken_quantities[place] = 0
        ladder.taken_quantities[place] += quantity
        ladder.taken_ns[place] = now_ns
        return
    if ladder.taken_count == TAKEN_MAX:
        forget_taken(ladder, 0)
    count = ladder.taken_count
    insert_at(ladder.taken_prices, count, count, price)
    insert_at(ladder.taken_quantities, count, count, quantity)
    insert_at(ladder.taken_ns, count, count, now_ns)
    ladder.taken_count += 1


def show_taken(ladder: Ladder, place: int, displayed: int) -> bool:
    """Correct a taken level by what is displayed now; what comes on top of it later is new. True if it is gone."""
    if displayed == 0:
        forget_taken(ladder, place)
        return True
    ladder.taken_quantities[place] = min(ladder.taken_quantities[place], displayed)
    return False


def show_touch(ladder: Ladder, touch: int, displayed: int) -> None:
    """Correct the taken levels by this side's touch: those before it are gone."""
    place = 0
    while place < ladder.taken_count:
        price = ladder.taken_prices[place]
        gone = False
        if price == touch:
            gone = show_taken(ladder, place, displayed)
        elif not is_deeper(ladder.sign, price, touch):
            forget_taken(ladder, place)
            gone = True
        if not gone:
            place += 1


HOT = (
    join_ladder,
    leave_ladder,
    taken_place,
    is_refilled,
    left_at,
    forget_taken,
    take_at,
    show_taken,
    show_touch,
)


def resting(ladder: Ladder, orders: Sequence[Order]) -> list[Order]:
    """Return the resting orders, best first."""
    return [orders[row] for row in ladder.rows[: ladder.count]]


def taken_levels(ladder: Ladder) -> list[tuple[int, int]]:
    """Return what we took by price, ascending."""
    count = ladder.taken_count
    return sorted(zip(ladder.taken_prices[:count], ladder.taken_quantities[:count], strict=True))
