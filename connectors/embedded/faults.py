"""Faults on demand: what a venue does to its clients on a bad day. `POST /emulator/faults` takes one as JSON.

Each is one struct below, told apart by `fault`: `{"fault": "drop", "stream": "btcusdt@trade", "count": 3}`. Faults
touch only what is sent; the venue's own book and tape go on undisturbed, so that a resynchronisation finds the truth.
"""

import msgspec

from connectors.embedded.frames import Frame
from connectors.embedded.market import Market


class Drop(msgspec.Struct, frozen=True, tag_field="fault", tag="drop", forbid_unknown_fields=True):
    """Leave out the next `count` frames of a stream."""

    stream: str
    count: int = 1
    market: Market | None = None


class Duplicate(msgspec.Struct, frozen=True, tag_field="fault", tag="duplicate", forbid_unknown_fields=True):
    """Send the next `count` frames of a stream twice."""

    stream: str
    count: int = 1
    market: Market | None = None


class Corrupt(msgspec.Struct, frozen=True, tag_field="fault", tag="corrupt", forbid_unknown_fields=True):
    """Cut the next `count` frames of a stream in the middle, so that their JSON does not end."""

    stream: str
    count: int = 1
    market: Market | None = None


class Stall(msgspec.Struct, frozen=True, tag_field="fault", tag="stall", forbid_unknown_fields=True):
    """Send nothing of a stream for some seconds while connections and pings stay healthy."""

    stream: str
    seconds: float
    market: Market | None = None


class Inject(msgspec.Struct, frozen=True, tag_field="fault", tag="inject", forbid_unknown_fields=True):
    """Send `text`, `repeat` times over in one frame, to a stream's subscribers, or to all where none is named."""

    text: str
    stream: str = ""
    repeat: int = 1
    market: Market | None = None


class Cut(msgspec.Struct, frozen=True, tag_field="fault", tag="cut", forbid_unknown_fields=True):
    """End every websocket: with a close frame of `code`, or without a word (1006)."""

    code: int = 1006


class Http(msgspec.Struct, frozen=True, tag_field="fault", tag="http", forbid_unknown_fields=True):
    """Answer the next `count` REST requests whose path ends in `path` so, after `delay_s`.

    Without a status the request is answered as ever, but late.
    """

    path: str
    status: int = 0
    body: str = '{"code":-1001,"msg":"Internal error; unable to process your request. Please try again."}'
    content_type: str = "application/json"
    count: int = 1
    delay_s: float = 0.0


class Clear(msgspec.Struct, frozen=True, tag_field="fault", tag="clear", forbid_unknown_fields=True):
    """End all faults that are still to come."""


StreamFault = Drop | Duplicate | Corrupt | Stall
Fault = StreamFault | Inject | Cut | Http | Clear

decode_fault = msgspec.json.Decoder(Fault).decode


class FaultTable:
    """The faults waiting to happen; `active` is False on every good day, and costs the player one look."""

    def __init__(self) -> None:
        """Start without faults."""
        self._streams: dict[int, list[StreamFault]] = {}
        self._stalled_until_ns: dict[int, int] = {}
        self._http: list[Http] = []

    @property
    def active(self) -> bool:
        """Whether some stream has a fault coming."""
        return bool(self._streams)

    def add(self, fault: StreamFault, stream: int, now_ns: int) -> None:
        """Let a fault happen to the frames of a stream from now on."""
        if isinstance(fault, Stall):
            self._stalled_until_ns[stream] = now_ns + int(fault.seconds * 1e9)
            self._streams.setdefault(stream, [])
        else:
            self._streams.setdefault(stream, []).extend([fault] * fault.count)

    def add_http(self, fault: Http) -> None:
        """Let a fault happen to the next requests of its path."""
        self._http.extend([fault] * fault.count)

    def clear(self) -> None:
        """End all faults."""
        self._streams.clear()
        self._stalled_until_ns.clear()
        self._http.clear()

    def take_http(self, path: str) -> Http | None:
        """Return and use up the fault of a request to `path`, if there is one."""
        for index, fault in enumerate(self._http):
            if path.endswith(fault.path):
                del self._http[index]
                return fault
        return None

    def apply(self, frame: Frame, now_ns: int) -> tuple[Frame, ...]:
        """Return what is sent in the place of a frame."""
        waiting = self._streams.get(frame.stream)
        if waiting is None:
            return (frame,)
        until_ns = self._stalled_until_ns.get(frame.stream)
        if until_ns is not None:
            if now_ns < until_ns:
                return ()
            del self._stalled_until_ns[frame.stream]
        fault = waiting.pop(0) if waiting else None
        if not waiting:
            del self._streams[frame.stream]
        return _suffer(frame, fault)


def _suffer(frame: Frame, fault: StreamFault | None) -> tuple[Frame, ...]:
    if isinstance(fault, Drop):
        return ()
    if isinstance(fault, Duplicate):
        return (frame, frame)
    if isinstance(fault, Corrupt):
        half = max(frame.data_start + (frame.data_end - frame.data_start) // 2, 1)
        return (Frame(frame.at_ns, frame.stream, frame.text[:half], frame.data_start, half),)
    return (frame,)
