"""Every error that a connector raises to its caller.

What goes wrong on a running connection is not raised: it becomes an event (FeedChanged, RawReceived).

ConnectorError
├── VenueUnreachable    no answer from the venue within the time allowed
├── VenueRefused        the venue answered, and refused: status, code, message
├── MalformedMessage    bytes that are not what the venue documents
└── UnknownSymbol       a symbol that the venue does not list, with the nearest that it does
"""


class ConnectorError(Exception):
    """Root of this package's errors."""


class VenueUnreachable(ConnectorError):
    """No usable answer within the time allowed: network, DNS, TLS, overload. `body`: what came instead."""

    def __init__(self, message: str, *, body: bytes = b"") -> None:
        """Keep what was answered in place of an answer."""
        super().__init__(message)
        self.body = body


class VenueRefused(ConnectorError):
    """The venue understood the request and refused it. `retry_after_s` is 0 where it named no time."""

    def __init__(self, message: str, *, status: int, retry_after_s: float = 0.0, body: bytes = b"") -> None:
        """Keep the HTTP `status`, how long the venue wants to be left alone, and its words."""
        super().__init__(message)
        self.status = status
        self.retry_after_s = retry_after_s
        self.body = body


class MalformedMessage(ConnectorError, ValueError):
    """Bytes that are not what the venue documents: kept raw, counted, never applied."""


class UnknownSymbol(ConnectorError, KeyError):
    """A symbol that the venue does not list."""

    def __init__(self, symbol: str, venue: str, nearest: list[str]) -> None:
        """Name the symbol and what the venue lists that looks most like it."""
        hint = f"; nearest: {', '.join(nearest)}" if nearest else ""
        super().__init__(f"{venue} lists no symbol {symbol!r}{hint}; correct `instruments` in the settings")
        self.symbol = symbol
        self.nearest = nearest

    def __str__(self) -> str:
        """Say the sentence without the quotes that KeyError adds."""
        return str(self.args[0])
