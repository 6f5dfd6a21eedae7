"""What every connector offers the daemon, whatever the venue: market data, and trading."""

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from core.events import LinkState
from core.evidence import EvidenceWanted
from core.instruments import Instrument
from core.orders import ApprovedCommand
from core.records import Event

ClockNs = Callable[[], int]
"""The wall clock in ns since 1970; handed in, so that tests own it."""

Blocked = Callable[[], bool]
"""Whether nothing but cancels may leave, asked before each command does: what stops us while the loop is stuck."""

Sink = Callable[[list[Event]], None]
"""Takes the events of one chunk of bytes, in order, at once; must not keep the connector waiting."""

CHANNELS = ("quotes", "trades", "book", "bars", "marks")
"""The channels that settings may name, the same for every venue."""


def never() -> bool:
    """Return that nothing blocks."""
    return False


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

    def assign(self, indexes: Mapping[str, int], rules: Mapping[str, Instrument] | None = None) -> None:
        """Take the index of each symbol: the `instrument` of every event from now on.

        `rules` are the symbols' own in the units that events are to be told in, as fine as the venue's or finer.
        """
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


class TradingStats(msgspec.Struct, frozen=True, kw_only=True):
    """What a trading connector counted since it started, and how much of the venue's allowances it has used."""

    sent: int  # commands that left, by any way
    fallbacks: int  # of them those that went by REST because the order-entry socket was down
    unknown: int  # requests whose outcome nobody told
    throttled: int  # commands that waited for their budget
    queued: int  # commands that wait now
    reconnects: int
    requests: int
    weight_used: int  # in the venue's current minute, as its headers say
    weight_limit: int
    orders_used: int
    orders_limit: int
    clock_offset_ns: int
    last_error: str
    clock_uncertainty_ns: int = 0  # half the round trip of the measure that was believed
    link: LinkState | None = None  # as it was last told by LinkChanged, None before
    link_reason: str = ""
    orders_up: bool = False  # the socket of order entry is logged on; without it orders go by REST
    private_up: bool = False  # the private stream is heard
    silent_until_ns: int = 0  # the venue asked for silence until then, 0 where it did not
    clock_doubt: str = ""  # why nothing opens by what is known of the venue's clock, empty where that is believed
    dead_man_until_ns: int | None = 0  # the venue cancels all then; 0: not armed, None: it has no such timer


class TradingConnector(Protocol):
    """Order entry, private stream and account queries of one venue.

    `send` and `ask` return at once and never raise: what goes wrong becomes an event. Every submit, replace and cancel
    that was handed over is answered in the end by the private stream, by the request's own answer, or by an
    OUTCOME_UNKNOWN report; a command is never sent twice under another id. Every `EvidenceWanted` is answered by one
    `EvidenceGiven` of its number. Each connection that comes up is told by LinkChanged before the first of its reports,
    and its private stream is subscribed to before the daemon may ask for evidence.
    """

    @property
    def venue(self) -> str:
        """The venue's name, the part after the dot in `BTCUSDT.BINANCE`."""
        ...

    @property
    def stats(self) -> TradingStats:
        """Counters and allowances, for the screen and the metrics."""
        ...

    async def check(self) -> None:
        """Look at the key, the account and its modes, before anything else. Raises ConnectorError saying what to do."""
        ...

    @property
    def native(self) -> Mapping[str, tuple[str, ...]]:
        """Words for `Instrument.native` by symbol: what the venue keeps itself. Known after `check`."""
        ...

    def assign(self, instruments: Mapping[int, Instrument]) -> None:
        """Take the rules of the instruments by index, before `run`."""
        ...

    async def run(self) -> None:
        """Log on, follow the private stream, send what is handed over; until cancelled."""
        ...

    def send(self, command: ApprovedCommand, now_ns: int) -> None:
        """Send an approved command: cancels before reducing orders before opening ones, each within its budget."""
        ...

    def ask(self, wanted: EvidenceWanted, now_ns: int) -> None:
        """Ask the venue for evidence."""
        ...

    async def close(self, grace_s: float) -> None:
        """Let cancels that wait go out, then end; arm no dead-man timer anew, so that the venue's own runs out."""
        ...
