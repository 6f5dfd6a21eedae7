"""A made-up recording in whole ticks and lots, for tests of what the comparison is made of."""

from pathlib import Path

import numpy as np

from core.instruments import AssetClass, Instrument
from core.records import ASK, FIRST, LAST, SELL_AGGRESSOR, SNAPSHOT, Event, Kind
from research.fidelity.plan import ENTRY_NS, SCRIPT_DTYPE, Recording, Script
from research.fidelity.recording import Recorded

START_NS = 1_723_161_255_000_000_000
MS = 1_000_000
PLAIN = Instrument(
    symbol="ABCUSD",
    venue="SIM",
    asset_class=AssetClass.CRYPTO_SPOT,
    base="ABC",
    quote="USD",
    price_precision=0,
    size_precision=0,
    tick=1,
    lot=1,
)


class Tape:
    """Writes events, each a millisecond after the last unless a test says otherwise."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.now_ns = START_NS
        self.update_id = 0
        self._book_id = 0

    def wait(self, ms: float) -> "Tape":
        self.now_ns += int(ms * MS)
        return self

    def quote(self, bid: int, bid_quantity: int, ask: int, ask_quantity: int) -> "Tape":
        self.update_id += 1
        self.events.append((Kind.QUOTE, 0, 0, self._next(), 0, bid, bid_quantity, ask, ask_quantity, self.update_id))
        return self

    def trade(self, side: int, price: int, quantity: int, venue_ns: int = 0) -> "Tape":
        flags = SELL_AGGRESSOR if side < 0 else 0
        self.events.append((Kind.TRADE, flags, 0, self._next(), venue_ns, price, quantity, 1, 0, 0))
        return self

    def depth(self, *levels: tuple[int, int, int], snapshot: bool = False) -> "Tape":
        """Levels as (side, price, quantity)."""
        self.update_id += 1
        before, self._book_id = self._book_id, self.update_id
        now_ns = self._next()
        for place, (side, price, quantity) in enumerate(levels):
            flags = (ASK if side < 0 else 0) | (SNAPSHOT if snapshot else 0)
            flags |= (FIRST if place == 0 else 0) | (LAST if place == len(levels) - 1 else 0)
            self.events.append(
                (Kind.BOOK, flags, 0, now_ns, 0, price, quantity, self.update_id, self.update_id, before)
            )
        return self

    def recorded(self) -> Recorded:
        rows = [(event[3], event[5], event[7], event[9], event[4]) for event in self.events if event[0] == Kind.QUOTE]
        touches = np.array(rows or [(START_NS, 0, 0, 0, 0)], np.int64)
        return Recorded(Recording("made", "made.gz", "1", "10"), Path(), PLAIN, self.events, touches)

    def _next(self) -> int:
        self.now_ns += MS
        return self.now_ns


def book_tape() -> Tape:
    """Bids 100 and 99, asks 101 and 102, ten lots each."""
    levels = ((1, 100, 10), (1, 99, 10), (-1, 101, 10), (-1, 102, 10))
    return Tape().depth(*levels, snapshot=True)


def single(arrives_ns: int, ends_ns: int, side: int, tick: int, quantity: int = 1, *, post_only: bool = True) -> Script:
    """A script of one order by when it and its cancel reach the venue."""
    script = np.zeros(1, SCRIPT_DTYPE)
    script[0] = (arrives_ns - ENTRY_NS, ends_ns - ENTRY_NS, side, tick, quantity, post_only, 0)
    return script
