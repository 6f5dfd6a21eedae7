"""What is measured of a peer and of ours, as it is written into bench.json."""

import msgspec

BUSY = 1.1  # wall clock over processor time: above it something else had the core


class Run(msgspec.Struct, frozen=True):
    """What a script printed: the engine's run alone, the process's peak memory."""

    events: int
    orders: int
    seconds: float
    cpu_seconds: float
    peak_rss_mb: float
    version: str


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a row: medians, or why there are none."""

    rate: float = 0.0
    orders: int = 0
    peak_rss_mb: float = 0.0
    version: str = ""
    waited: float = 1.0  # the median of wall clock over processor time
    missing: str = ""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A row as measured; `ratio` is ours over the peer's, 0 where one of them is missing."""

    name: str
    title: str
    peer: str
    unit: str
    goal: float
    ratio: float
    theirs: Side
    ours: Side

    @property
    def reached(self) -> bool | None:
        """Whether the goal was reached, None without one or without a ratio."""
        return self.ratio >= self.goal if self.goal and self.ratio else None


class Peers(msgspec.Struct, frozen=True):
    """What `make bench-peers` writes into bench.json under `peers`."""

    machine: dict[str, str]
    runs: int
    scale: float
    rows: list[Compared]

    @property
    def keys(self) -> set[tuple[str, str]]:
        """Name and peer of every row."""
        return {(row.name, row.peer) for row in self.rows}
