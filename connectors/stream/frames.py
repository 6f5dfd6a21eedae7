"""The client's end of a websocket, without I/O: bytes in, whole messages and bytes to send out.

`websockets` does the protocol: handshake, ping and pong, closing, fragments, every violation. One case is taken from
it, since it is nearly all of a market-data stream and the library's general parser takes ten times as long: a whole,
unfragmented, unmasked data frame is cut out of the bytes here (RFC 6455, 5.2: FIN, opcode, payload length in 7, 16 or
64 bits). Every other frame goes to the library as it came. So it is with what leaves: whole text messages are laid
out here, all else by the library.
"""

import os

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode, apply_mask  # type: ignore[attr-defined]  # in C where there is one
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

MESSAGE_BYTES_MAX = 16 * 1024 * 1024
_HANDSHAKE_BYTES_MAX = 64 * 1024
_WHOLE_TEXT = 0x81  # FIN and opcode 1
_WHOLE_BINARY = 0x82  # FIN and opcode 2
_MASKED = 0x80  # in the byte of the length
_HEAD_END = b"\r\n\r\n"


def masked_text(data: bytes) -> bytes:
    """Return a whole text message as a client sends it (RFC 6455, 5.2 and 5.3).

    "The masking key needs to be unpredictable". Orders leave by it: the library's own way takes a dozen calls.
    """
    size, key = len(data), os.urandom(4)
    body = apply_mask(data, key)
    if size < 126:
        return bytes((_WHOLE_TEXT, _MASKED | size)) + key + body
    if size < 1 << 16:
        return bytes((_WHOLE_TEXT, _MASKED | 126)) + size.to_bytes(2) + key + body
    return bytes((_WHOLE_TEXT, _MASKED | 127)) + size.to_bytes(8) + key + body


class ClientFrames:
    """One connection's protocol state. Compression is not offered: it costs more time than it saves."""

    def __init__(self, url: str, message_bytes_max: int = MESSAGE_BYTES_MAX) -> None:
        """Prepare a handshake for `url`. Raises websockets' InvalidURI."""
        self.message_bytes_max = message_bytes_max
        self.is_open = False
        self.refusal: Exception | None = None  # why the handshake failed
        self.refusal_status = 0
        self.refusal_body = b""
        self.retry_after = ""
        self.oversized: tuple[bytes, int] | None = None  # the first bytes of a frame too large, and its length
        self._protocol = ClientProtocol(parse_uri(url), max_size=message_bytes_max)
        self._tail = b""  # the beginning of a frame whose rest has not come
        self._parts: list[bytearray] = []  # of a message that arrives at length or in fragments
        self._missing = 0  # bytes until a long frame is whole, 0 outside of one
        self._fragments: list[bytes] = []
        self._head_seen = False  # of a response that is a refusal; what follows is its body
        self._ended = False
        self._protocol.send_request(self._protocol.connect())

    def output(self) -> list[bytes]:
        """Return what is to be sent, each part once; b"" stands for the end of the stream."""
        return self._protocol.data_to_send()

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes from the network; return the data messages that they complete, in order."""
        if self._ended:
            return []
        if not self.is_open:
            data = self._shake(data)
            if not self.is_open:
                return []
        if self._missing:
            return self._fill(data)
        return self._cut(self._tail + data if self._tail else data)

    def end(self) -> None:
        """Take the end of the network's stream."""
        if not self.is_open and not self._ended:
            self._protocol.receive_data(self._tail)
        self._ended = True
        if self._protocol.state is not State.CLOSED:
            self._protocol.receive_eof()
        if not self.is_open:
            self._note_refusal()

    def ping(self) -> None:
        """Queue a ping."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_ping(b"")

    def text(self, data: bytes) -> bytes:
        """Return a text message as one masked frame, to be written at once; empty where the connection is not open."""
        return masked_text(data) if self._protocol.state is State.OPEN else b""

    def close(self) -> None:
        """Queue a closing handshake."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(1000)

    @property
    def is_closing(self) -> bool:
        """Whether nothing more will come: closed, closing or failed."""
        return self._ended or self._protocol.state in {State.CLOSING, State.CLOSED}

    @property
    def close_reason(self) -> str:
        """Why the connection ended, as far as the protocol knows; empty while it has not."""
        if self._protocol.parser_exc is not None and not isinstance(self._protocol.parser_exc, EOFError):
            return str(self._protocol.parser_exc)
        received = self._protocol.close_rcvd
        return f"closed by the venue: {received}" if received is not None else ""

    def _shake(self, data: bytes) -> bytes:
        """Feed the handshake's response to the library; return the bytes after it."""
        data = self._tail + data
        self._tail = b""
        head_end = data.find(_HEAD_END)
        if head_end < 0 and not self._head_seen and len(data) <= _HANDSHAKE_BYTES_MAX:
            self._tail = data
            return b""
        self._head_seen = True
        # Frames may follow an acceptance in the same bytes; a refusal has a body, which is the library's to read.
        accepted = data.startswith(b"HTTP/1.1 101 ")
        cut = head_end + len(_HEAD_END) if accepted and head_end >= 0 else len(data)
        self._protocol.receive_data(data[:cut])
        if any(isinstance(event, Response) for event in self._protocol.events_received()):
            self.is_open = self._protocol.state is State.OPEN
        self._note_refusal()
        return data[cut:]

    def _note_refusal(self) -> None:
        """Keep why the handshake failed, if it did."""
        error = self._protocol.handshake_exc
        if error is None or self.is_open:
            return
        self._ended = True
        self.refusal = error
        if isinstance(error, InvalidStatus):
            self.refusal_status = error.response.status_code
            self.refusal_body = bytes(error.response.body or b"")
            self.retry_after = error.response.headers.get("Retry-After", "")

    def _cut(self, data: bytes) -> list[bytes]:
        """Cut whole frames off the front of `data` and keep the rest."""
        messages: list[bytes] = []
        position, size = 0, len(data)
        while size - position >= 2:
            length = data[position + 1]
            start = position + 2
            if length == 126:
                if size - position < 4:
                    break
                length = data[position + 2] << 8 | data[position + 3]
                start = position + 4
            elif length == 127:
                if size - position < 10:
                    break
                length = int.from_bytes(data[position + 2 : position + 10])
                start = position + 10
            if length > self.message_bytes_max or data[position + 1] > 127:
                return messages + self._give_up(data[position:], length, start - position)
            end = start + length
            if end > size:
                self._missing = end - size
                self._parts = [bytearray(data[position:])]
                self._tail = b""
                return messages
            if data[position] in (_WHOLE_TEXT, _WHOLE_BINARY) and not self._fragments:
                messages.append(data[start:end])
            else:
                messages += self._delegate(data[position:end])
                if self._ended:
                    return messages
            position = end
        self._tail = data[position:]
        return messages

    def _fill(self, data: bytes) -> list[bytes]:
        """Add to a frame that came in parts; a long frame is joined once, not once a part."""
        if len(data) < self._missing:
            self._missing -= len(data)
            self._parts.append(bytearray(data))
            return []
        self._parts.append(bytearray(data))
        whole = b"".join(self._parts)
        self._parts = []
        self._missing = 0
        return self._cut(whole)

    def _give_up(self, data: bytes, length: int, head_bytes: int) -> list[bytes]:
        """Let the library refuse a frame that is too large or against the protocol."""
        if length > self.message_bytes_max:
            self.oversized = (data[head_bytes:], length)
        self._protocol.receive_data(data)
        self._ended = True
        return []

    def _delegate(self, frame: bytes) -> list[bytes]:
        """Give a control frame, a fragment or an unlawful frame to the library; return a message it completes."""
        self._protocol.receive_data(frame)
        messages: list[bytes] = []
        for event in self._protocol.events_received():
            assert isinstance(event, Frame)
            if event.opcode in {Opcode.TEXT, Opcode.BINARY, Opcode.CONT}:
                self._fragments.append(bytes(event.data))
                if event.fin:
                    messages.append(b"".join(self._fragments))
                    self._fragments = []
        if self._protocol.parser_exc is not None or self._protocol.state is not State.OPEN:
            self._ended = True
        return messages
