"""A line, and what its supervisor needs of the venue: a session that decides, and a way to fetch a book."""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from connectors.base import ClockNs, Sink
from connectors.pacing import Backoff, TokenBucket
from connectors.stream.actions import Action
from core.records import Event

FetchBook = Callable[[str], Awaitable[bytes]]
"""Fetches the book of a symbol; raises ConnectorError."""


class Quiet(Protocol):
    """What a venue asked of the address that lines connect from: to be left alone for a while."""

    def wait_ns(self, now_ns: int) -> int:
        """Return for how long the venue still wants silence."""
        ...

    def close(self, until_ns: int) -> None:
        """Be silent until a time."""
        ...


class LineSession(Protocol):
    """A venue's pure session, over all connections of one line. Every call returns the events that follow from it."""

    opens: int
    last_bytes_ns: int

    def receive(self, frames: Sequence[bytes], recv_ns: int) -> list[Event]:
        """Take the frames of one chunk of the connection in charge. Never raises."""
        ...

    def receive_joining(self, frames: Sequence[bytes], recv_ns: int) -> list[Event]:
        """Take the frames of one chunk of the connection that is to take over. Never raises."""
        ...

    def on_open(self, now_ns: int) -> list[Event]:
        """Begin on a new connection."""
        ...

    def on_close(self, now_ns: int, reason: str) -> list[Event]:
        """End with the connection."""
        ...

    def on_joining_open(self, now_ns: int) -> None:
        """Begin to take from two connections."""
        ...

    def on_joining_lost(self, now_ns: int) -> None:
        """Go on with the old connection."""
        ...

    def may_switch(self, now_ns: int) -> bool:
        """Whether the old connection can be left."""
        ...

    def on_switched(self, now_ns: int) -> None:
        """Go on with the joining connection."""
        ...

    def on_snapshot(self, index: int, body: bytes, now_ns: int) -> list[Event]:
        """Take a book."""
        ...

    def on_snapshot_failed(self, index: int, now_ns: int, reason: str, body: bytes) -> list[Event]:
        """Take note that a book could not be had; `body` is what came instead, if anything."""
        ...

    def on_resync_needed(self, index: int, now_ns: int, reason: str) -> list[Event]:
        """Withhold a book that the core found wrong."""
        ...

    def on_oversized(self, data: bytes, total_bytes: int, now_ns: int) -> list[Event]:
        """Keep the beginning of a frame that is too large."""
        ...

    def on_time(self, now_ns: int) -> list[Event]:
        """See time pass."""
        ...

    def take_actions(self) -> list[Action]:
        """Return what is to be done, each action once."""
        ...


class LineSetup(msgspec.Struct, frozen=True, kw_only=True):
    """What a supervisor works with. `bucket` and `quiet` are shared by all who connect to a venue from here."""

    url: str
    connect_timeout_s: float
    clock_ns: ClockNs
    wall_ns: ClockNs = time.time_ns
    sink: Sink
    fetch_book: FetchBook
    bucket: TokenBucket
    quiet: Quiet
    backoff: Backoff
