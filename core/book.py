"""An L2 order book in integers: a snapshot plus deltas, with gap and cross detection.

A book is never repaired by guessing. A delta that does not link to the last update, or a level that leaves the best
bid at or above the best ask, makes the book INVALID; it stays so until the next snapshot.
"""

import enum
from bisect import bisect_left, insort
from itertools import islice

from core.records import ASK, EMPTY, FIRST, LAST, PENDING, SNAPSHOT


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


class L2Book:
    """Price levels of one instrument; prices and quantities in its units, `last_update_id` the venue's."""

    __slots__ = (
        "_ask_prices",
        "_bid_prices",
        "_linked",
        "_skipping",
        "asks",
        "bids",
        "last_update_id",
        "state",
    )

    def __init__(self) -> None:
        """Start empty: nothing is believed before a snapshot."""
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self._bid_prices: list[int] = []  # ascending, the best last
        self._ask_prices: list[int] = []  # ascending, the best first
        self.state = BookState.EMPTY
        self.last_update_id = 0
        self._linked = False  # whether a delta has followed the snapshot yet
        self._skipping = False  # inside a message that must not be applied

    def apply(
        self, flags: int, price: int, quantity: int, last_update_id: int, prev_update_id: int
    ) -> BookFault | None:
        """Apply one BOOK record (`core.records`); return a fault where this level reveals one.

        The linking rule is the venue-neutral form of Binance's: after a snapshot the first delta must satisfy
        `prev <= book.last <= last`, each later one `prev == book.last`; one that ends at or before it is old.
        """
        if flags & PENDING:
            return None
        if flags & FIRST:
            if flags & SNAPSHOT:
                self._begin_snapshot()
            else:
                fault = self._link(last_update_id, prev_update_id)
                if fault is not None:
                    return fault
        if self._skipping:
            return None
        if not flags & EMPTY:
            self.set_level(flags & ASK, price, quantity)
        if flags & LAST:
            return self._finish(last_update_id, flags & SNAPSHOT)
        return None

    def set_level(self, is_ask: int, price: int, quantity: int) -> None:
        """Set one level's quantity; 0 removes it, and removing an unknown one is normal: the snapshot has an end."""
        levels, prices = (self.asks, self._ask_prices) if is_ask else (self.bids, self._bid_prices)
        if quantity:
            if price not in levels:
                insort(prices, price)
            levels[price] = quantity
        elif price in levels:
            del levels[price]
            del prices[bisect_left(prices, price)]

    def invalidate(self) -> None:
        """Withhold the book until the next snapshot."""
        self.state = BookState.INVALID

    @property
    def best_bid(self) -> int:
        """The highest bid price, 0 without one."""
        return self._bid_prices[-1] if self._bid_prices else 0

    @property
    def best_ask(self) -> int:
        """The lowest ask price, 0 without one."""
        return self._ask_prices[0] if self._ask_prices else 0

    def bid_levels(self, depth: int) -> list[tuple[int, int]]:
        """Return the best `depth` bids as (price, quantity), best first."""
        return [(price, self.bids[price]) for price in islice(reversed(self._bid_prices), depth)]

    def ask_levels(self, depth: int) -> list[tuple[int, int]]:
        """Return the best `depth` asks as (price, quantity), best first."""
        return [(price, self.asks[price]) for price in islice(self._ask_prices, depth)]

    def prices(self) -> tuple[list[int], list[int]]:
        """Return all bid and ask prices, ascending: the canonical order for a digest. Do not change them."""
        return self._bid_prices, self._ask_prices

    def _begin_snapshot(self) -> None:
        """Forget every level: a snapshot replaces the book."""
        self.bids.clear()
        self.asks.clear()
        self._bid_prices.clear()
        self._ask_prices.clear()
        self.state = BookState.LOADING
        self._linked = False
        self._skipping = False

    def _link(self, last_update_id: int, prev_update_id: int) -> BookFault | None:
        """Decide at the first level of a delta whether the message applies."""
        self._skipping = True
        if self.state is not BookState.LIVE or last_update_id < self.last_update_id:
            return None
        if last_update_id == self.last_update_id and self._linked:
            return None
        if prev_update_id == self.last_update_id or (not self._linked and prev_update_id <= self.last_update_id):
            self._skipping = False
            self._linked = True
            return None
        self.state = BookState.INVALID
        return BookFault.GAP

    def _finish(self, last_update_id: int, is_snapshot: int) -> BookFault | None:
        """Close a message: move on to its id and look for a cross."""
        self.last_update_id = last_update_id
        bids, asks = self._bid_prices, self._ask_prices
        if bids and asks and bids[-1] >= asks[0]:
            self.state = BookState.INVALID
            return BookFault.CROSSED
        if is_snapshot:
            self.state = BookState.LIVE
        return None
