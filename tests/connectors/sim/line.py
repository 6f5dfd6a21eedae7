"""A market that is told order by order, and beside it the naive truth: one list of orders for each price."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from connectors.sim import QueueModel, SimSettings
from core.book import apply_order
from core.instruments import Instrument
from core.records import ASK, EXECUTED, FIRST, LAST, SNAPSHOT, Event, Kind
from tests.connectors.sim.world import NO_LATENCY, PLAIN, World

EXACT = msgspec.structs.replace(NO_LATENCY, queue_model=QueueModel.FIFO)
BID, OFFER = 1, -1
Change = tuple[int, int, int, int, int, bool]
"""(side, price, change, order id, rank, executed); a rank of 0 asks for the sequence number of the change."""


@dataclass(slots=True)
class Order:
    """An order of somebody's, of ours where it has a name."""

    side: int
    price: int
    left: int
    rank: int = 0
    name: str = ""


@dataclass(slots=True)
class Lines:
    """The naive truth: by side and price, orders first come first, ours among them."""

    at: dict[tuple[int, int], list[Order]] = field(default_factory=dict)

    def join(self, order: Order) -> None:
        self.at.setdefault((order.side, order.price), []).append(order)

    def leave(self, order: Order, quantity: int) -> None:
        order.left -= quantity
        if not order.left:
            self.at[order.side, order.price].remove(order)

    def ours(self) -> list[Order]:
        return [order for line in self.at.values() for order in line if order.name]

    def ahead(self, name: str) -> int:
        """What of others stands before ours."""
        ahead = 0
        (mine,) = [order for order in self.ours() if order.name == name]
        for order in self.at[mine.side, mine.price]:
            if order is mine:
                break
            ahead += order.left if not order.name else 0
        return ahead

    def executed(self, victim: Order, quantity: int) -> list[tuple[str, int]]:
        """Who of ours has what was traded with `victim`, had he stood in the line himself."""
        line = self.at[victim.side, victim.price]
        before = line[: next(place for place, order in enumerate(line) if order is victim)]
        through = [order for order in self.ours() if order.side == victim.side]
        through = [order for order in through if (order.price - victim.price) * victim.side > 0]
        through.sort(key=lambda order: -order.price * victim.side)  # stable: first come first at a price
        given = []
        for order in [*through, *(order for order in before if order.name)]:
            got = min(order.left, quantity)
            if got:
                quantity -= got
                given.append((order.name, got))
                self.leave(order, got)
        return given


class LineWorld(World):
    """A `World` whose book is told order by order, from an empty snapshot on."""

    def __init__(self, settings: SimSettings = EXACT, instrument: Instrument = PLAIN) -> None:
        super().__init__(settings, instrument)
        self.sequence = 0

    def show(self, *orders: tuple[int, int, int]) -> list[int]:
        """Show a snapshot of (side, price, quantity) in the order of their priority; return their ranks."""
        rows = [(side, price, quantity, number, 0, False) for number, (side, price, quantity) in enumerate(orders)]
        return self.message(*(rows or [(BID, 0, 0, 0, 0, False)]), flags=SNAPSHOT)

    def message(self, *changes: Change, flags: int = 0) -> list[int]:
        """Tell one message of the venue; return the sequence number of each change."""
        self._next()
        numbers = []
        for place, (side, price, change, order_id, rank, executed) in enumerate(changes):
            self.sequence += 1
            numbers.append(self.sequence)
            marks = flags | (ASK if side < 0 else 0) | (EXECUTED if executed else 0)
            marks |= (0 if place else FIRST) | (LAST if place == len(changes) - 1 else 0)
            event: Event = (
                Kind.MBO, marks, 0, self.now_ns, 0, price, change, order_id, self.sequence, rank or self.sequence,
            )  # fmt: skip
            apply_order(self.market.book, marks, price, change, self.sequence)
            self.venue.on_event(event)
        return numbers

    def queues(self) -> dict[str, tuple[int, int]]:
        """Return (ahead, left) of our resting orders by name."""
        state: Any = self.venue.state()
        (_, (_, bids, asks)) = state[2][0]
        return {order[0]: (order[6], order[4]) for orders, _ in (bids, asks) for order in orders}
