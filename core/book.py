"""An L2 order book in integers: a snapshot plus deltas, with gap and cross detection.

It is told level by level (BOOK records), or order by order (MBO records), which sum to the same levels.

A book is never repaired by guessing. A delta that does not link to the last update, or a level that leaves the best
bid at or above the best ask, makes the book INVALID; it stays so until the next snapshot.

Both sides have one form: levels in ascending *rank*, which is the price times the side's sign, so that the best level
is the last on either side and most changes happen near the end. The functions are hot (`core/hot.py`).
"""

import enum
from bisect import bisect_left
from dataclasses import dataclass, field

from core.hot import Ints, delete_at, growing, insert_at
from core.records import ASK, EMPTY, FIRST, LAST, PENDING, SNAPSHOT

LEVELS_MAX = 16_384  # a side's levels in the compiled form; live there is no bound


class BookState(enum.IntEnum):
    """Whether the levels can be believed."""

    EMPTY = 0
    LOADING = 1  # inside a snapshot
    LIVE = 2
    INVALID = 3


class BookFault(enum.StrEnum):
    """Why a book became invalid."""

    GAP = "gap"
    CROSSED = "crossed"


# The same as plain integers, for hot functions.
LOADING, LIVE, INVALID = 1, 2, 3
NO_FAULT, GAP, CROSSED = 0, 1, 2

FAULTS = (None, BookFault.GAP, BookFault.CROSSED)
"""What a fault's number stands for."""


@dataclass(slots=True)
class Levels:
    """One side of a book: `sign` is 1 for bids, -1 for asks; `count` levels by ascending rank (sign times price)."""

    sign: int
    count: int = 0
    ranks: Ints = growing(LEVELS_MAX)
    quantities: Ints = growing(LEVELS_MAX)

    def __len__(self) -> int:
        return self.count

    def __contains__(self, price: int) -> bool:
        return quantity_at(self, price) > 0

    def __getitem__(self, price: int) -> int:
        if price not in self:
            raise KeyError(price)
        return quantity_at(self, price)

    def best(self, depth: int) -> list[tuple[int, int]]:
        """Return the best `depth` levels as (price, quantity), best first."""
        last = self.count - 1
        places = range(last, max(last - depth, -1), -1)
        return [(self.sign * self.ranks[place], self.quantities[place]) for place in places]

    def as_dict(self) -> dict[int, int]:
        """Return quantity by price."""
        return dict(self.best(self.count))

    def prices(self) -> list[int]:
        """Return all prices, ascending."""
        return [self.sign * rank for rank in self.ranks][:: self.sign]


def best_of(levels: Levels) -> int:
    """Return the best price of a side, 0 without one."""
    return levels.sign * levels.ranks[levels.count - 1] if levels.count else 0


def quantity_at(levels: Levels, price: int) -> int:
    """Return what a side shows at a price, 0 for no level."""
    rank = levels.sign * price
    place = bisect_left(levels.ranks, rank, 0, levels.count)
    return levels.quantities[place] if place < levels.count and levels.ranks[place] == rank else 0


def set_level(levels: Levels, price: int, quantity: int) -> None:
    """Set one level's quantity; 0 removes it, and removing an unknown one is normal: the snapshot has an end."""
    rank = levels.sign * price
    count = levels.count
    place = bisect_left(levels.ranks, rank, 0, count)
    if place < count and levels.ranks[place] == rank:
        if quantity:
            levels.quantities[place] = quantity
        else:
            delete_at(levels.ranks, count, place)
            delete_at(levels.quantities, count, place)
            levels.count = count - 1
    elif quantity:
        insert_at(levels.ranks, count, place, rank)
        insert_at(levels.quantities, count, place, quantity)
        levels.count = count + 1


def change_level(levels: Levels, price: int, change: int) -> int:
    """Add to one level's quantity and return what it is then; below 0 nothing is changed: more leaves than is there."""
    rank = levels.sign * price
    count = levels.count
    place = bisect_left(levels.ranks, rank, 0, count)
    is_there = place < count and levels.ranks[place] == rank
    quantity = change
    if is_there:
        quantity += levels.quantities[place]
    if quantity < 0:
        return quantity
    if not is_there:
        if quantity > 0:
            insert_at(levels.ranks, count, place, rank)
            insert_at(levels.quantities, count, place, quantity)
            levels.count = count + 1
    elif quantity > 0:
        levels.quantities[place] = quantity
    else:
        delete_at(levels.ranks, count, place)
        delete_at(levels.quantities, count, place)
        levels.count = count - 1
    return quantity


def clear_levels(levels: Levels) -> None:
    """Forget every level of a side."""
    for count in range(levels.count, 0, -1):
        delete_at(levels.ranks, count, count - 1)
        delete_at(levels.quantities, count, count - 1)
    levels.count = 0


def is_crossed(book: "L2Book") -> bool:
    """Whether the best bid is at or above the best ask."""
    bids, asks = book.bids, book.asks
    return bids.count > 0 and asks.count > 0 and bids.ranks[bids.count - 1] >= -asks.ranks[asks.count - 1]


def begin_snapshot(book: "L2Book") -> None:
    """Forget every level: a snapshot replaces the book."""
    clear_levels(book.bids)
    clear_levels(book.asks)
    book.state = LOADING
    book.linked = False
    book.skipping = False


def link(book: "L2Book", last_update_id: int, prev_update_id: int) -> int:
    """Decide at the first level of a delta whether the message applies; return a fault's number.

    The rule is the venue-neutral form of Binance's: after a snapshot the first delta must satisfy
    `prev <= book.last <= last`, each later one `prev == book.last`; one that ends at or before it is old.
    """
    book.skipping = True
    if book.state != LIVE or last_update_id < book.last_update_id:
        return NO_FAULT
    if last_update_id == book.last_update_id and book.linked:
        return NO_FAULT
    if prev_update_id == book.last_update_id or (not book.linked and prev_update_id <= book.last_update_id):
        book.skipping = False
        book.linked = True
        return NO_FAULT
    book.state = INVALID
    return GAP


def apply_level(book: "L2Book", flags: int, price: int, quantity: int, last_update_id: int, prev_update_id: int) -> int:
    """Apply one BOOK record (`core.records`); return the number of the fault that this level reveals, mostly 0."""
    if flags & PENDING:
        return NO_FAULT
    if flags & FIRST:
        if flags & SNAPSHOT:
            begin_snapshot(book)
        else:
            fault = link(book, last_update_id, prev_update_id)
            if fault != NO_FAULT:
                return fault
    if book.skipping:
        return NO_FAULT
    if not flags & EMPTY:
        set_level(book.asks if flags & ASK else book.bids, price, quantity)
    if flags & LAST:
        book.last_update_id = last_update_id
        if is_crossed(book):
            book.state = INVALID
            return CROSSED
        if flags & SNAPSHOT:
            book.state = LIVE
    return NO_FAULT


def apply_order(book: "L2Book", flags: int, price: int, change: int, sequence: int) -> int:
    """Apply one MBO record (`core.records`) to the level it changes; return the number of the fault it reveals.

    Sequence numbers count one instrument's records without a hole; one that was told before changes nothing. More
    leaving a level than is there means that something was not told: a gap. `skipping` says whether the record, if it
    is no fault, was passed over.
    """
    book.skipping = True
    wanted = LOADING if flags & SNAPSHOT else LIVE
    if flags & SNAPSHOT and flags & FIRST:
        begin_snapshot(book)
    elif book.state != wanted or sequence <= book.last_update_id:
        return NO_FAULT
    elif sequence != book.last_update_id + 1:
        book.state = INVALID
        return GAP
    book.last_update_id = sequence
    if change_level(book.asks if flags & ASK else book.bids, price, change) < 0:
        book.state = INVALID
        return GAP
    book.skipping = False
    if flags & LAST:
        if is_crossed(book):
            book.state = INVALID
            return CROSSED
        book.state = LIVE
    return NO_FAULT


HOT = (
    best_of,
    quantity_at,
    set_level,
    change_level,
    clear_levels,
    is_crossed,
    begin_snapshot,
    link,
    apply_level,
    apply_order,
)


@dataclass(slots=True)
class L2Book:
    """Price levels of one instrument; prices and quantities in its units, `last_update_id` the venue's."""

    state: int = 0  # a BookState's number
    last_update_id: int = 0
    linked: bool = False  # whether a delta has followed the snapshot yet
    skipping: bool = False  # inside a message that must not be applied
    bids: Levels = field(default_factory=lambda: Levels(1))
    asks: Levels = field(default_factory=lambda: Levels(-1))

    def apply(
        self, flags: int, price: int, quantity: int, last_update_id: int, prev_update_id: int
    ) -> BookFault | None:
        """Apply one BOOK record; return a fault where this level reveals one."""
        return FAULTS[apply_level(self, flags, price, quantity, last_update_id, prev_update_id)]

    def set_level(self, is_ask: int, price: int, quantity: int) -> None:
        """Set one level's quantity; 0 removes it."""
        set_level(self.asks if is_ask else self.bids, price, quantity)

    def invalidate(self) -> None:
        """Withhold the book until the next snapshot."""
        self.state = INVALID

    @property
    def is_live(self) -> bool:
        """Whether the levels can be believed."""
        return self.state == LIVE

    @property
    def best_bid(self) -> int:
        """The highest bid price, 0 without one."""
        return best_of(self.bids)

    @property
    def best_ask(self) -> int:
        """The lowest ask price, 0 without one."""
        return best_of(self.asks)

    def bid_levels(self, depth: int) -> list[tuple[int, int]]:
        """Return the best `depth` bids as (price, quantity), best first."""
        return self.bids.best(depth)

    def ask_levels(self, depth: int) -> list[tuple[int, int]]:
        """Return the best `depth` asks as (price, quantity), best first."""
        return self.asks.best(depth)

    def prices(self) -> tuple[list[int], list[int]]:
        """Return all bid and ask prices, ascending: the canonical order for a digest."""
        return self.bids.prices(), self.asks.prices()
