"""Frames on their way to subscribers, and the bytes that carry them in a websocket."""

import re
from collections.abc import Callable, Iterator
from typing import Protocol

import msgspec

from connectors.embedded.market import Catalogue, Listing, Market

_COMBINED = re.compile(rb'\{\s*"stream"\s*:\s*"([^"]*)"\s*,\s*"data"\s*:\s*')


class Frame(msgspec.Struct, gc=False):
    """One frame as a combined stream carries it.

    `text[data_start:data_end]` is what a raw stream carries. `at_ns` orders frames and paces them: ns since the Unix
    epoch, the recorder's receive time or the synthetic market's event time.
    """

    at_ns: int
    stream: int
    text: bytes
    data_start: int
    data_end: int

    @property
    def data(self) -> bytes:
        """The event alone, as a raw stream carries it."""
        return self.text[self.data_start : self.data_end]


class FrameSource(Protocol):
    """Where frames come from: recordings, or the synthetic market."""

    catalogue: Catalogue
    listings: tuple[Listing, ...]
    synthetic: bool

    def snapshots(self, market: Market, symbol: str) -> tuple[bytes, ...]:
        """Return the depth snapshots among this symbol's frames, in their order."""

    def open(self, now_ns: int) -> Iterator[Frame]:
        """Begin at the first frame; a source that makes its own times starts them at `now_ns`."""


def split_combined(text: bytes) -> tuple[str, int, int] | None:
    """Return the stream's name and where its data lies in a combined frame, or None if `text` is none.

    A frame that is cut short, as a fault, still names its stream; its data ends where the text does.
    """
    match = _COMBINED.match(text)
    if match is None:
        return None
    end = len(text) if text.endswith(b"}") else len(text.rstrip())
    if text[end - 1 : end] == b"}":
        end -= 1
    return match[1].decode("ascii", "replace"), match.end(), max(end, match.end())


def combine(name: str, data: bytes) -> tuple[bytes, int, int]:
    """Wrap an event for a combined stream; returns the text and where the data lies in it."""
    prefix = combined_prefix(name)
    text = prefix + data + b"}"
    return text, len(prefix), len(text) - 1


def combined_prefix(name: str) -> bytes:
    """Return the beginning of a combined frame, up to its data."""
    return b'{"stream":"' + name.encode() + b'","data":'


def text_header(length: int) -> bytes:
    """Return the websocket header of a text message of `length` bytes, unmasked and in one frame."""
    # RFC 6455, 5.2: FIN and opcode 1 (text), no mask from a server; 126 and 127 announce a longer length.
    if length < 126:
        return bytes((0x81, length))
    if length < 65536:
        return b"\x81\x7e" + length.to_bytes(2, "big")
    return b"\x81\x7f" + length.to_bytes(8, "big")


SHORT_HEADERS = tuple(text_header(length) for length in range(2048))  # nearly every frame's, ready made


Clock = Callable[[], int]  # ns since the Unix epoch
