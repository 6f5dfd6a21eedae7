"""Sums over the last so many seconds of event time."""

from collections import deque

SECOND_NS = 1_000_000_000


class Tally:
    """Sums of a few columns; what is counted within one second of the clock leaves together, when it is that old."""

    __slots__ = ("_rows", "_window", "sums")

    def __init__(self, window_s: int, columns: int) -> None:
        """Count nothing yet."""
        self._window = window_s
        self._rows: deque[list[int]] = deque()  # second, then the columns
        self.sums = [0] * columns

    def add(self, now_ns: int, *amounts: int) -> None:
        """Add one amount to each column."""
        self.roll(now_ns)
        second = now_ns // SECOND_NS
        if not self._rows or self._rows[-1][0] < second:  # should time step back, it counts with the newest
            self._rows.append([second, *(0 for _ in amounts)])
        row = self._rows[-1]
        for column, amount in enumerate(amounts):
            row[column + 1] += amount
            self.sums[column] += amount

    def roll(self, now_ns: int) -> None:
        """Forget what is as old as the window."""
        oldest = now_ns // SECOND_NS - self._window
        rows, sums = self._rows, self.sums
        while rows and rows[0][0] <= oldest:
            for column, amount in enumerate(rows.popleft()[1:]):
                sums[column] -= amount

    def change(self, window_s: int) -> None:
        """Count over another window from now on; a longer one fills as time goes."""
        self._window = window_s

    def clear(self) -> None:
        """Count from nothing again."""
        self._rows.clear()
        self.sums = [0] * len(self.sums)

    def state(self) -> list[object]:
        """Return everything that a digest must cover; sums of money leave 64 bits, so as text."""
        return [[str(amount) for amount in row] for row in self._rows]
