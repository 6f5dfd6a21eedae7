"""Who gets which frame: the routes from numbered streams to the connections that subscribed to them."""

from typing import Protocol

from connectors.embedded.frames import SHORT_HEADERS, Frame, combined_prefix, text_header
from connectors.embedded.market import Catalogue, Market, StreamKind


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
    """One subscription of one connection to one stream; `prefix` rewraps a stream served under another name."""

    __slots__ = ("out", "prefix", "raw", "subscriber")

    def __init__(self, subscriber: Subscriber, prefix: bytes | None) -> None:
        self.subscriber = subscriber
        self.out = subscriber.out
        self.raw = not subscriber.combined
        self.prefix = prefix


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
                    stream = self.catalogue.streams[number]
                    prefix = None if stream.name == name else combined_prefix(name)
                    self._routes[number].append(_Route(connection, prefix))
                    subscribed = True
            if subscribed:
                self._route_unattributed(connection)

    def _route_unattributed(self, connection: Subscriber) -> None:
        for number, stream in enumerate(self.catalogue.streams):
            if stream.kind is StreamKind.UNATTRIBUTED and stream.market is connection.market:
                self._routes[number].append(_Route(connection, None))

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
            if route.raw:
                payload = frame.text[frame.data_start : frame.data_end]
            elif route.prefix is None:
                payload = frame.text
            else:
                payload = b"%b%b}" % (route.prefix, frame.data)
            length = len(payload)
            route.out.append(SHORT_HEADERS[length] if length < 2048 else text_header(length))
            route.out.append(payload)
            size += length
            self.sent += 1
        return size
