"""The order book by orders: who stands in line at each price, first come first served.

CME's rules of priority (CME Globex, order modification): an order goes to the end of its level when its price changes
or its quantity grows; a smaller quantity keeps its place. An iceberg's next part is shown as a larger quantity than its
fill left, so it goes to the end too. Databento's records: a fill (F) leaves the book as it is, the cancel (C) or modify
(M) after it says what is left.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from research.l3 import records
from research.l3.errors import BookBroken
from research.l3.records import Change, Event


@dataclass(slots=True)
class Resting:
    """One order. `rank` is the number of the step by which it joined: who has the lower one at a level is first."""

    order_id: int
    side: int
    price: int
    size: int
    rank: int


@dataclass(slots=True)
class Level:
    """One price: its orders in line, and their total."""

    orders: dict[int, Resting] = field(default_factory=dict)
    total: int = 0


class HalfBook:
    """One side's levels. `sign` is +1 for bids; best last, as `core.book` has it."""

    __slots__ = ("levels", "ranked", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.levels: dict[int, Level] = {}
        self.ranked: list[int] = []  # sign * price, ascending

    def best(self) -> int:
        """The best price, 0 if nobody is there."""
        return self.sign * self.ranked[-1] if self.ranked else 0

    def behind(self, depth: int) -> int:
        """The price of the level `depth` places behind the best, 0 if there is none."""
        return self.sign * self.ranked[-1 - depth] if depth < len(self.ranked) else 0

    def total(self, price: int) -> int:
        """What is displayed at a price."""
        level = self.levels.get(price)
        return level.total if level else 0

    def at(self, price: int) -> Level:
        """The level at a price, made if it is new."""
        level = self.levels.get(price)
        if level is None:
            level = self.levels[price] = Level()
            insort(self.ranked, self.sign * price)
        return level

    def drop(self, price: int) -> None:
        """Forget an empty level."""
        del self.levels[price]
        del self.ranked[bisect_left(self.ranked, self.sign * price)]


class Step(NamedTuple):
    """One change of one order at one price, numbered; all of them in order make the lines anew (an MBO record).

    `rank` is the order's, by a joining its `number`. A hidden quantity that trades is a step in and a step out.
    """

    number: int
    side: int
    price: int
    change: int
    order_id: int
    rank: int
    executed: bool


@dataclass(slots=True)
class Outcome:
    """What one event did to lines, in the order of its records."""

    ns: int
    steps: list[Step] = field(default_factory=list)
    trades: list[tuple[int, int, int]] = field(default_factory=list)  # price, quantity, aggressor's side
    served: list[tuple[int, int, int, int]] = field(default_factory=list)  # side, price, rank, quantity
    left: list[tuple[int, int, int, int]] = field(default_factory=list)  # likewise: traded or cancelled
    before: dict[tuple[int, int], int] = field(default_factory=dict)  # (side, price) of changed levels: total before
    cancels: list[tuple[int, int, int]] = field(default_factory=list)  # quantity cancelled, ahead of it, behind it


class OrderBook:
    """All resting orders. `served_in_line` and `served_out_of_line` count fills by whether they kept to the line."""

    __slots__ = ("_pending", "asks", "bids", "next_rank", "orders", "served_in_line", "served_out_of_line")

    def __init__(self) -> None:
        self.orders: dict[int, Resting] = {}
        self.bids = HalfBook(1)
        self.asks = HalfBook(-1)
        self.next_rank = 1
        self.served_in_line = 0
        self.served_out_of_line = 0
        self._pending: dict[int, int] = {}  # filled within this event, not yet taken off the book

    def half(self, side: int) -> HalfBook:
        """One side of the book."""
        return self.bids if side > 0 else self.asks

    def apply(self, event: Event) -> Outcome:
        """Take in one event. Raises BookBroken for an order that is not there."""
        outcome = Outcome(event[-1].recv_ns)
        for change in event:
            action = change.action
            if action == records.ADD:
                self._join(change, outcome)
            elif action == records.CANCEL:
                self._cancel(change, outcome)
            elif action == records.MODIFY:
                self._modify(change, outcome)
            elif action == records.FILL:
                self._serve(change, outcome)
            elif action == records.TRADE:
                outcome.trades.append((change.price, change.size, change.side))
            elif action == records.CLEAR:
                self._clear(outcome)
        for order_id, filled in self._pending.items():
            order = self.orders[order_id]
            self._put_back(order, min(filled, order.size), outcome)  # told, and not carried out
        self._pending.clear()
        self._tell_hidden(outcome)
        self._judge_line(outcome)
        return outcome

    def check(self) -> None:
        """Hold the book to what must be true of it between events. Raises BookBroken."""
        counted = 0
        for half in (self.bids, self.asks):
            if half.ranked != sorted(half.sign * price for price in half.levels):
                raise BookBroken(f"side {half.sign}: the sorted prices are not the levels' prices")
            for price, level in half.levels.items():
                line = list(level.orders.values())
                counted += len(line)
                if not line or level.total != sum(order.size for order in line):
                    raise BookBroken(f"the level at {price} shows {level.total}, its {len(line)} orders sum otherwise")
                if any(order.size <= 0 or self.orders.get(order.order_id) is not order for order in line):
                    raise BookBroken(f"the level at {price} holds an order that is empty or forgotten")
                if any(first.rank >= then.rank for first, then in pairwise(line)):
                    raise BookBroken(f"the line at {price} is out of order")
        if counted != len(self.orders):
            raise BookBroken(f"{len(self.orders)} orders are known, {counted} stand in line")

    @property
    def crossed(self) -> bool:
        """Whether a bid could trade with an ask: so before an auction, never in continuous trading."""
        bid, ask = self.bids.best(), self.asks.best()
        return bid != 0 and ask != 0 and bid >= ask

    def take_rank(self) -> int:
        """Give out the next rank: all that join from now on come later."""
        self.next_rank += 1
        return self.next_rank - 1

    def ahead_of(self, side: int, price: int, rank: int) -> int:
        """Count what stands before a rank at a level, order by order."""
        level = self.half(side).levels.get(price)
        return sum(order.size for order in level.orders.values() if order.rank < rank) if level else 0

    def _judge_line(self, outcome: Outcome) -> None:
        """Count the fills that left somebody standing who came before.

        Passed over is nobody who left in the same event: the venue cancels an order that would trade with its own
        owner's, and an iceberg that was served goes to the end with its next part.
        """
        for side, price, rank, _ in outcome.served:
            level = self.half(side).levels.get(price)
            if level and next(iter(level.orders.values())).rank < rank:
                self.served_out_of_line += 1
            else:
                self.served_in_line += 1

    # -- the actions -----------------------------------------------------------------------------------------------

    def _join(self, change: Change, outcome: Outcome) -> None:
        if change.order_id in self.orders:
            raise BookBroken(f"order {change.order_id} is added twice: the recording repeats or lacks records")
        order = Resting(change.order_id, change.side, change.price, change.size, 0)
        self.orders[order.order_id] = order
        self._enter(order, outcome)

    def _cancel(self, change: Change, outcome: Outcome) -> None:
        order = self._known(change)
        filled = self._pending.pop(order.order_id, 0)
        cancelled = min(change.size, order.size)
        if not filled:
            self._note_cancel(order, cancelled, outcome)
        if cancelled == order.size:
            self._leave(order, filled, outcome)
            del self.orders[order.order_id]
        else:
            self._shrink(order, order.size - cancelled, filled, outcome)

    def _modify(self, change: Change, outcome: Outcome) -> None:
        order = self._known(change)
        filled = self._pending.pop(order.order_id, 0)
        if change.price == order.price and change.size <= order.size - filled:
            if not filled and change.size < order.size:
                self._note_cancel(order, order.size - change.size, outcome)
            self._shrink(order, change.size, filled, outcome)
            return
        if not filled:
            self._note_cancel(order, order.size, outcome)
        self._leave(order, filled, outcome)
        order.price, order.size = change.price, change.size
        self._enter(order, outcome)

    def _serve(self, change: Change, outcome: Outcome) -> None:
        """Note a fill of a resting order; a fill at another price than it rests at is the aggressor's own."""
        order = self.orders.get(change.order_id)
        if order is None or order.price != change.price or order.side != change.side:
            return
        before = self._pending.get(order.order_id, 0)
        self._pending[order.order_id] = before + change.size
        shown = min(change.size, max(order.size - before, 0))
        if shown:
            outcome.served.append((order.side, order.price, order.rank, shown))
            self._tell(outcome, order.side, order.price, -shown, order.order_id, order.rank, executed=True)
        if shown < change.size:
            # An iceberg's next parts, told in one fill with the first: they came after everybody who was displayed.
            outcome.served.append((order.side, order.price, self.next_rank, change.size - shown))
            self._tell_unseen(outcome, order.side, order.price, change.size - shown, order.order_id)

    def _clear(self, outcome: Outcome) -> None:
        for order in list(self.orders.values()):
            self._leave(order, self._pending.pop(order.order_id, 0), outcome)
        self.orders.clear()

    # -- lines -----------------------------------------------------------------------------------------------------

    def _known(self, change: Change) -> Resting:
        order = self.orders.get(change.order_id)
        if order is None:
            raise BookBroken(
                f"order {change.order_id} is not in the book at {change.recv_ns}: "
                "the recording must begin with a snapshot and lack nothing"
            )
        return order

    def _enter(self, order: Resting, outcome: Outcome) -> None:
        level = self.half(order.side).at(order.price)
        outcome.before.setdefault((order.side, order.price), level.total)
        order.rank = self.next_rank
        self._tell(outcome, order.side, order.price, order.size, order.order_id, order.rank)
        level.orders[order.order_id] = order
        level.total += order.size

    def _leave(self, order: Resting, filled: int, outcome: Outcome) -> None:
        """Take an order out; of what it showed `filled` has been told already."""
        half = self.half(order.side)
        level = half.at(order.price)
        outcome.before.setdefault((order.side, order.price), level.total)
        outcome.left.append((order.side, order.price, order.rank, order.size))
        self._put_back(order, min(filled, order.size) - order.size, outcome)
        level.total -= order.size
        del level.orders[order.order_id]
        if not level.orders:
            half.drop(order.price)

    def _shrink(self, order: Resting, size: int, filled: int, outcome: Outcome) -> None:
        """Let an order be smaller where it stands; of what it showed `filled` has been told already."""
        level = self.half(order.side).at(order.price)
        outcome.before.setdefault((order.side, order.price), level.total)
        outcome.left.append((order.side, order.price, order.rank, order.size - size))
        self._put_back(order, min(filled, order.size) - (order.size - size), outcome)
        level.total -= order.size - size
        order.size = size

    # -- steps -----------------------------------------------------------------------------------------------------

    def _tell(
        self, outcome: Outcome, side: int, price: int, change: int, order_id: int, rank: int, *, executed: bool = False
    ) -> None:
        """Number one step."""
        outcome.steps.append(Step(self.take_rank(), side, price, change, order_id, rank, executed))

    def _put_back(self, order: Resting, change: int, outcome: Outcome) -> None:
        """Tell what an order lost or kept beyond the fills told, at its place in line."""
        if change:
            self._tell(outcome, order.side, order.price, change, order.order_id, order.rank)

    def _tell_unseen(self, outcome: Outcome, side: int, price: int, quantity: int, order_id: int) -> None:
        """Tell what traded without having been displayed: it joined last, and left."""
        rank = self.next_rank
        self._tell(outcome, side, price, quantity, order_id, rank)
        self._tell(outcome, side, price, -quantity, order_id, rank, executed=True)

    def _tell_hidden(self, outcome: Outcome) -> None:
        """Tell of trades with nobody who was displayed; an auction's have no aggressor, and serve no line."""
        if not outcome.trades:
            return
        unserved: Counter[tuple[int, int]] = Counter()
        for price, quantity, aggressor in outcome.trades:
            unserved[-aggressor, price] += quantity
        for side, price, _, quantity in outcome.served:
            unserved[side, price] -= quantity
        for (side, price), quantity in unserved.items():
            if side and quantity > 0:
                self._tell_unseen(outcome, side, price, quantity, 0)

    def _note_cancel(self, order: Resting, quantity: int, outcome: Outcome) -> None:
        """Note where in its line a cancellation stood: the very question that queue models guess at."""
        level = self.half(order.side).at(order.price)
        ahead = self.ahead_of(order.side, order.price, order.rank)
        outcome.cancels.append((quantity, ahead, level.total - ahead - order.size))


def rebuild(events: Iterator[Event]) -> Iterator[tuple[OrderBook, Outcome]]:
    """Yield the book after each event, with what the event did."""
    book = OrderBook()
    for event in events:
        yield book, book.apply(event)
