"""Hypothetical orders of one unit in the true line: where they stand, and when they would have been filled.

A ghost joins last at its level and changes nothing. Its place is exact, by the venue's rule of first in, first out:
only who came before stands ahead, and leaves by trading or cancelling. It is filled at the first of: a trade with
somebody who came later, a trade at a worse price, an order of the other side that rests at its price or better, for
that order would have traded with it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from connectors.sim.queues import leave_fifo, reaches_fifo
from research.l3.believers import Believer
from research.l3.book import OrderBook, Outcome


@dataclass(slots=True, eq=False)
class Ghost:
    """One hypothetical order; `ahead` is true, `believers` guess."""

    side: int
    price: int
    depth: int  # how many levels behind the best it joined
    rank: int
    ahead: int
    ahead_at_join: int
    joined_ns: int
    until_ns: int
    believers: list[Believer]
    filled_ns: int = 0
    sampled: dict[str, tuple[int, list[float]]] = field(default_factory=dict)  # moment -> truth, what each believed


def join(book: OrderBook, side: int, depth: int, now_ns: int, life_ns: int) -> Ghost | None:
    """Return a ghost at the end of the line `depth` levels behind the best, or None if there is no such level."""
    half = book.half(side)
    price = half.behind(depth)
    if not price:
        return None
    total = half.total(price)
    return Ghost(side, price, depth, book.take_rank(), total, total, now_ns, now_ns + life_ns, [])


class Line:
    """The ghosts that are alive, by level."""

    __slots__ = ("_at",)

    def __init__(self) -> None:
        self._at: dict[tuple[int, int], list[Ghost]] = {}

    def __iter__(self) -> Iterator[Ghost]:
        for ghosts in self._at.values():
            yield from ghosts

    def at(self, side: int, price: int) -> list[Ghost]:
        """The ghosts at one level."""
        return self._at.get((side, price), [])

    def add(self, ghost: Ghost) -> None:
        """Let a ghost stand in line."""
        self._at.setdefault((ghost.side, ghost.price), []).append(ghost)

    def remove(self, ghost: Ghost) -> None:
        """Forget a ghost whose life is over."""
        ghosts = self._at[ghost.side, ghost.price]
        ghosts.remove(ghost)
        if not ghosts:
            del self._at[ghost.side, ghost.price]

    def levels(self) -> list[tuple[int, int, list[Ghost]]]:
        """All levels with ghosts: side, price, ghosts."""
        return [(side, price, ghosts) for (side, price), ghosts in self._at.items()]

    def on_event(self, book: OrderBook, outcome: Outcome) -> list[Ghost]:
        """Let an event that the book has taken in act on the true line; return whom it filled."""
        filled: list[Ghost] = []
        for side, price, rank, _ in outcome.served:
            for ghost in self.at(side, price):
                if reaches_fifo(ghost.rank, rank):
                    _fill(ghost, outcome.ns, filled)
        for side, price, rank, quantity in outcome.left:
            for ghost in self.at(side, price):
                ghost.ahead = leave_fifo(ghost.ahead, ghost.rank, rank, quantity)
        bid, ask = book.bids.best(), book.asks.best()
        for side, price, ghosts in self.levels():
            opposite = ask if side > 0 else bid
            through = any(-side == aggressor and (price - at) * side > 0 for at, _, aggressor in outcome.trades)
            if through or (opposite and (price - opposite) * side >= 0):
                for ghost in ghosts:
                    _fill(ghost, outcome.ns, filled)
        return filled


def _fill(ghost: Ghost, now_ns: int, filled: list[Ghost]) -> None:
    """Note the first reason to be filled."""
    if not ghost.filled_ns:
        ghost.filled_ns = now_ns
        filled.append(ghost)
