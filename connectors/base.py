"""What every market-data connector offers the daemon, whatever the venue."""

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from core.instruments import Instrument
from core.records import Event

ClockNs = Callable[[], int]
"""The wall clock in ns since 1970; handed in, so that tests own it."""

Sink = Callable[[list[Event]], None]
"""Takes the events of one chunk of bytes, in order, at once; must not keep the connector waiting."""

CHANNELS = ("quotes", "trades", "book", "bars")
"""The channels that settings may name, the same for every venue."""


class TopicStats(msgspec.Struct, frozen=True, kw_only=True):
    """One stream of one instrument. `age_ns` is the time since its last frame, -1 before the first."""

    stream: str
    channel: str
    frames: int
    age_ns: int
    fresh: bool


class ConnectorStats(msgspec.Struct, frozen=True, kw_only=True):
    """What a connector counted since it started. `raw` counts frames kept raw, by reason."""

    frames: int
    bytes: int
    raw: dict[str, int]
    duplicates: int  # repeated updates, kept raw
    overlaps: int  # repeats expected while two connections overlap, counted only
    gaps: int
    resyncs: int  # times that a book came back in sync
    connects: int
    reconnects: int
    rotations: int  # planned changes of connection without a break
    requests: int  # REST requests
    last_error: str  # why the last attempt to connect or to ask failed, empty since the last success
    topics: tuple[TopicStats, ...]


class MarketDataConnector(Protocol):
    """Market data of one venue, from its settings to a sink of events.

    The daemon calls `load_instruments`, gives each instrument its index, calls `assign`, then awaits `run` until it
    cancels it. A connector ends its own tasks and sockets when cancelled.
    """

    @property
    def venue(self) -> str:
        """The venue's name, the part after the dot in `BTCUSDT.BINANCE`."""
        ...

    @property
    def stats(self) -> ConnectorStats:
        """Counters and ages, for the screen and the metrics."""
        ...

    async def load_instruments(self) -> list[Instrument]:
        """Return the rules of the configured instruments.

        Raises UnknownSymbol, VenueUnreachable or VenueRefused.
        """
        ...

    def assign(self, indexes: Mapping[str, int]) -> None:
        """Take the index of each symbol: the `instrument` of every event from now on."""
        ...

    async def run(self) -> None:
        """Connect, stay connected, send events to the sink; until cancelled."""
        ...

    def request_snapshot(self, index: int, reason: str) -> None:
        """Withhold the book of instrument `index` and fetch it again: the core found it wrong."""
        ...

    def pause(self) -> None:
        """Stop reading from the sockets: whoever takes the events is behind."""
        ...

    def resume(self) -> None:
        """Read again."""
        ...
