"""Who gets which frame: the routes from numbered streams to the connections that subscribed to them."""

from collections.abc import Callable
from typing import Protocol

from connectors.embedded.derived import aggregate_of
from connectors.embedded.frames import SHORT_HEADERS, Frame, combined_prefix, text_header
from connectors.embedded.market import AGGREGATE_TRADE, Catalogue, Market, Stream, StreamKind


class Subscriber(Protocol):
    """A connection as the hub needs it: frames are appended to `out` as pieces of websocket bytes."""

    market: Market
    out: list[bytes]

    @property
    def streams(self) -> tuple[str, ...]:
        """The names subscribed to."""

    @property
    def combined(self) -> bool:
        """Whether frames are wrapped with their stream's name."""


class _Route:
    """One subscription of one connection to one stream.

    A stream served under another name is wrapped anew (`prefix`), and rewritten where that name promises another event
    (`convert`).
    """

    __slots__ = ("convert", "out", "prefix", "raw")

    def __init__(self, subscriber: Subscriber, stream: Stream, name: str) -> None:
        self.out = subscriber.out
        self.raw = not subscriber.combined
        self.prefix: bytes | None = None
        self.convert: Callable[[bytes], bytes] | None = None
        if stream.public and stream.name != name:
            self.prefix = combined_prefix(name)
            if name.endswith(AGGREGATE_TRADE):
                self.convert = aggregate_of


class Hub:
    """The routes, rebuilt whenever a subscription changes; `changes` counts those changes, `sent` the frames queued."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Start without connections."""
        self.catalogue = catalogue
        self.connections: list[Subscriber] = []
        self.changes = 0
        self.sent = 0
        self._routes: list[list[_Route]] = []
        self.rebuild()

    def add(self, subscriber: Subscriber) -> None:
        """Let a connection's subscriptions count from the next frame on."""
        self.connections.append(subscriber)
        self.rebuild()

    def remove(self, subscriber: Subscriber) -> None:
        """Forget a connection."""
        self.connections.remove(subscriber)
        self.rebuild()

    def rebuild(self) -> None:
        """Read all subscriptions anew."""
        self.changes += 1
        self._routes = [[] for _ in self.catalogue.streams]
        for connection in self.connections:
            subscribed = False
            for name in connection.streams:
                for number in self.catalogue.resolve(connection.market, name):
                    self._routes[number].append(_Route(connection, self.catalogue.streams[number], name))
                    subscribed = True
            if subscribed:
                self._route_unattributed(connection)

    def _route_unattributed(self, connection: Subscriber) -> None:
        for number, stream in enumerate(self.catalogue.streams):
            if stream.kind is StreamKind.UNATTRIBUTED and stream.market is connection.market:
                self._routes[number].append(_Route(connection, stream, stream.name))

    def subscribed(self) -> frozenset[int]:
        """Return the numbers of the public streams that somebody gets."""
        return frozenset(
            number for number, routes in enumerate(self._routes) if routes and self.catalogue.streams[number].public
        )

    def publish(self, frame: Frame) -> int:
        """Queue a frame to all who get it, as it is in a combined stream, its data alone in a raw one.

        Returns the bytes queued.
        """
        size = 0
        for route in self._routes[frame.stream]:
            if route.prefix is not None:
                payload = _under_another_name(frame, route, route.prefix)
            elif route.raw:
                payload = frame.text[frame.data_start : frame.data_end]
            else:
                payload = frame.text
            length = len(payload)
            route.out.append(SHORT_HEADERS[length] if length < 2048 else text_header(length))
            route.out.append(payload)
            size += length
            self.sent += 1
        return size

    def unnumbered(self, market: Market) -> list[str]:
        """Return the names subscribed to in a market that no source serves, each once."""
        names = [name for connection in self.connections if connection.market is market for name in connection.streams]
        return [name for name in dict.fromkeys(names) if not self.catalogue.resolve(market, name)]

    def publish_named(self, market: Market, name: str, data: bytes) -> None:
        """Queue an event of a stream that no source has a number for: the venue made it itself."""
        text = combined_prefix(name) + data + b"}"
        for connection in self.connections:
            if connection.market is market and name in connection.streams:
                payload = text if connection.combined else data
                connection.out += (text_header(len(payload)), payload)
                self.sent += 1


def _under_another_name(frame: Frame, route: _Route, prefix: bytes) -> bytes:
    data = frame.data if route.convert is None else route.convert(frame.data)
    return data if route.raw else b"%b%b}" % (prefix, data)
