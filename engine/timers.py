"""Timers in event time: a heap of due times, ordered by time and then by when they were set."""

import heapq
from collections.abc import Sequence

from core.clock import NEVER


class Timers:
    """What falls due when. A key is (owner, name): a strategy's id and timer, or a bar's."""

    __slots__ = ("_count", "_heap", "next_ns")

    def __init__(self) -> None:
        """Start with nothing due."""
        self._heap: list[tuple[int, int, str, str]] = []
        self._count = 0
        self.next_ns = NEVER
        """The earliest due time, NEVER without one."""

    def set(self, owner: str, name: str, due_ns: int) -> None:
        """Add one timer."""
        self._count += 1
        heapq.heappush(self._heap, (due_ns, self._count, owner, name))
        self._look_up()

    def pop_due(self, now_ns: int) -> tuple[int, str, str] | None:
        """Remove and return the earliest timer due at or before `now_ns` as (due_ns, owner, name)."""
        if not self._heap or self._heap[0][0] > now_ns:
            return None
        due_ns, _, owner, name = heapq.heappop(self._heap)
        self._look_up()
        return due_ns, owner, name

    def drop(self, owner: str) -> None:
        """Forget every timer of one owner."""
        self._heap = [entry for entry in self._heap if entry[2] != owner]
        heapq.heapify(self._heap)
        self._look_up()

    def restore(self, owner: str, name: str, entries: Sequence[tuple[int, int]], count: int) -> None:
        """Take the (due time, number) of timers set elsewhere, of which there were `count` in all."""
        self._heap.extend((due_ns, number, owner, name) for due_ns, number in entries)
        heapq.heapify(self._heap)
        self._count = count
        self._look_up()

    def state(self) -> list[tuple[int, int, str, str]]:
        """Return everything that a digest must cover, in due order."""
        return sorted(self._heap)

    def _look_up(self) -> None:
        self.next_ns = self._heap[0][0] if self._heap else NEVER
