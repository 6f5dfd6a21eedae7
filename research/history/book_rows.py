"""Rows of book levels to messages: which rows belong together, and what they follow."""

from collections.abc import Iterable, Iterator

import numpy as np

from core.events import FeedState
from core.instruments import Instrument
from core.records import ASK, FIRST, LAST, SNAPSHOT, Event, Kind
from research.history.columns import Block, Ints
from research.history.errors import BadInput
from research.history.writing import feed

_BOOK = int(Kind.BOOK)
_Level = tuple[int, int, int, int, int, int, int]


class BookRows:
    """The book of one instrument: `is_ask`, `price`, `quantity` by row, rows of one message next to one another."""

    def __init__(self, index: int, rules: Instrument) -> None:
        """Begin before the first message."""
        self._index = index
        self._rules = rules
        self._last_id = 0
        self._synced = False

    def events(self, blocks: Iterable[Block]) -> Iterator[Event]:
        """Yield the levels' events; a message may reach over blocks. Raises BadInput."""
        held: list[_Level] = []
        key: tuple[int, ...] = ()
        last_ns = first_row = 0
        path: object = None
        for block in blocks:
            path = block.path
            recv_ns = block.times("recv_ns")
            last_ns = block.in_order("recv_ns", recv_ns, last_ns)
            for row, level in enumerate(self._levels(block, recv_ns), block.first_row):
                this = (level[0], level[5], level[6])
                if this != key:
                    if held:
                        yield from self._message(held, path, first_row)
                    held, key, first_row = [], this, row
                held.append(level)
        if held:
            yield from self._message(held, path, first_row)

    def _levels(self, block: Block, recv_ns: Ints) -> Iterator[_Level]:
        """Yield (recv_ns, venue_ns, is ask, price, quantity, is snapshot, update id or -1) of each row."""
        return zip(
            recv_ns.tolist(),
            block.times("venue_ns", np.zeros(block.rows, np.int64)).tolist(),
            (block.flags("is_ask", needed=True) * ASK).tolist(),
            block.units("price", self._rules.price_precision, 1).tolist(),
            block.units("quantity", self._rules.size_precision, 0).tolist(),
            (block.flags("is_snapshot") * SNAPSHOT).tolist(),
            block.ints("update_id", lambda _, rows: np.full(rows, -1, np.int64)).tolist(),
            strict=True,
        )

    def _message(self, levels: list[_Level], path: object, row: int) -> Iterator[Event]:
        """Yield one message, and after the first snapshot that the book is in sync."""
        recv_ns, _, _, _, _, snapshot, number = levels[0]
        if not snapshot and not self._synced:
            raise BadInput(path, row, expected="a book that begins with a snapshot", found="an update")
        if number < 0:
            number = self._last_id + 1
        if number <= self._last_id and not snapshot:
            raise BadInput(path, row, expected=f"an update_id above {self._last_id}", found=str(number))
        first, previous = (number, 0) if snapshot else (self._last_id + 1, self._last_id)
        end = len(levels) - 1
        for place, (_, venue_ns, side, price, quantity, _, _) in enumerate(levels):
            flags = side | snapshot | (0 if place else FIRST) | (LAST if place == end else 0)
            yield (_BOOK, flags, self._index, recv_ns, venue_ns, price, quantity, first, number, previous)
        self._last_id = number
        if not self._synced:
            self._synced = True
            yield feed(self._rules.venue, self._index, recv_ns, FeedState.SYNCED, "book")
