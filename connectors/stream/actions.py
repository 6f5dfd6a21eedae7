"""What a session wants its transport to do, as values."""

import msgspec


class FetchSnapshot(msgspec.Struct, frozen=True, gc=False):
    """Fetch the book of an instrument by REST after `delay_ns`; answer with `on_snapshot` or `on_snapshot_failed`."""

    index: int
    symbol: str
    delay_ns: int


class SendPing(msgspec.Struct, frozen=True, gc=False):
    """Ping the venue: nothing was heard for a while, and a half-open connection must not pass for a quiet market."""


class Reconnect(msgspec.Struct, frozen=True, gc=False):
    """Give up the connection at once and make another."""

    reason: str


class Rotate(msgspec.Struct, frozen=True, gc=False):
    """Make another connection beside this one, and leave this one when nothing can be lost (make before break)."""

    reason: str


Action = FetchSnapshot | SendPing | Reconnect | Rotate
