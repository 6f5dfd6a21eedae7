"""One side of the simulated venue: our orders there, and what we took of the quantity that is displayed there."""

from bisect import insort
from operator import attrgetter

from connectors.sim.matching import is_deeper, left_of
from connectors.sim.orders import WorkingOrder
from core.orders import Side

TAKEN_MAX = 256  # levels of which we remember what we took; beyond it the oldest is forgotten

_rank = attrgetter("rank")


class Ladder:
    """Our bids or our asks, best price first and then first come, with the taken quantities of that side's levels.

    The public data never shows our own trades, so a displayed level stays as large as it was before we took of it.
    What we took is remembered until the level is gone; where less is displayed than that, only so much can be ours.
    """

    __slots__ = ("orders", "side", "sign", "taken")

    def __init__(self, side: Side) -> None:
        """Start without orders and with every level whole."""
        self.side = side
        self.sign = int(side)
        self.orders: list[WorkingOrder] = []
        self.taken: dict[int, int] = {}

    def add(self, order: WorkingOrder) -> None:
        """Let an order join behind ours of the same price."""
        insort(self.orders, order, key=_rank)

    def discard(self, order: WorkingOrder) -> None:
        """Take an order out, if it is there."""
        if order in self.orders:
            self.orders.remove(order)

    def left(self, price: int, displayed: int) -> int:
        """What is still to be had of a displayed level."""
        return left_of(displayed, self.taken.get(price, 0)) if self.taken else displayed

    def take(self, price: int, quantity: int) -> None:
        """Remember that we took of a displayed level: it is not there a second time."""
        self.taken[price] = self.taken.get(price, 0) + quantity
        if len(self.taken) > TAKEN_MAX:
            del self.taken[next(iter(self.taken))]

    def show(self, price: int, displayed: int) -> None:
        """Correct a taken level by what is displayed now; what comes on top of it later is new."""
        if not displayed:
            del self.taken[price]
        elif displayed < self.taken[price]:
            self.taken[price] = displayed

    def show_touch(self, touch: int, displayed: int) -> None:
        """Correct the taken levels by this side's touch: those before it are gone."""
        for price in tuple(self.taken):
            if price == touch:
                self.show(price, displayed)
            elif not is_deeper(self.sign, price, touch):
                del self.taken[price]

    def state(self) -> list[object]:
        """Return what a digest covers."""
        return [[order.state() for order in self.orders], sorted(self.taken.items())]
