"""The client's end of a websocket without I/O, fed by websockets' own server end."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from connectors.stream.frames import ClientFrames

URL = "ws://venue.example/stream?streams=a@trade/b@trade"


def handshaken() -> tuple[ClientFrames, ServerProtocol]:
    """Return both ends of an open connection."""
    frames, server = ClientFrames(URL), ServerProtocol()
    server.receive_data(b"".join(frames.output()))
    (request,) = server.events_received()
    assert isinstance(request, Request)
    server.send_response(server.accept(request))
    assert frames.feed(b"".join(server.data_to_send())) == []
    assert frames.is_open
    return frames, server


def test_the_handshake_asks_for_the_streams_and_offers_no_compression():
    request = b"".join(ClientFrames(URL).output())
    assert request.startswith(b"GET /stream?streams=a@trade/b@trade HTTP/1.1\r\n")
    assert b"Extensions" not in request


def test_frames_behind_the_handshake_in_the_same_bytes_are_read():
    frames, server = ClientFrames(URL), ServerProtocol()
    server.receive_data(b"".join(frames.output()))
    (request,) = server.events_received()
    assert isinstance(request, Request)
    server.send_response(server.accept(request))
    server.send_text(b"first")
    assert frames.feed(b"".join(server.data_to_send())) == [b"first"]


@given(
    sizes=st.lists(st.sampled_from([0, 1, 125, 126, 300, 65_535, 65_536, 200_000]), max_size=6),
    seed=st.integers(0, 10**9),
)
def test_messages_come_out_whole_however_the_network_cuts_the_bytes(sizes, seed):
    rng = random.Random(seed)
    frames, server = handshaken()
    expected = []
    for size in sizes:
        message = rng.randbytes(size)
        expected.append(message)
        match rng.randrange(4):
            case 0:
                server.send_text(message)
            case 1:
                server.send_binary(message)
            case 2:  # in fragments, with a ping between them
                half = size // 2
                server.send_binary(message[:half], fin=False)
                server.send_ping(b"?")
                server.send_continuation(message[half:], fin=True)
            case 3:
                server.send_ping(b"!")
                server.send_text(message)
    data = b"".join(server.data_to_send())
    got = []
    while data:
        cut = rng.choice([1, 2, 3, 7, 100, 5_000, 65_536, 1_000_000])
        got += frames.feed(data[:cut])
        data = data[cut:]
    assert got == expected
    assert not frames.is_closing


def test_a_ping_is_answered_with_its_payload():
    frames, server = handshaken()
    server.send_ping(b"1795257022")
    assert frames.feed(b"".join(server.data_to_send())) == []
    server.receive_data(b"".join(frames.output()))
    (pong,) = server.events_received()
    assert isinstance(pong, Frame)
    assert (pong.opcode, bytes(pong.data)) == (Opcode.PONG, b"1795257022")


def test_our_ping_and_closing_frames_reach_the_venue():
    frames, server = handshaken()
    frames.ping()
    frames.close()
    server.receive_data(b"".join(frames.output()))
    opcodes = [event.opcode for event in server.events_received() if isinstance(event, Frame)]
    assert opcodes == [Opcode.PING, Opcode.CLOSE]


def test_a_frame_beyond_the_limit_is_refused_with_its_first_bytes_kept():
    frames, server = handshaken()
    frames.message_bytes_max = 1_000
    frames._protocol.max_message_size = 1_000
    server.send_text(b"ok")
    server.send_text(b"x" * 5_000)
    assert frames.feed(b"".join(server.data_to_send())[:3_000]) == [b"ok"]
    assert frames.oversized is not None
    kept, size = frames.oversized
    assert size == 5_000
    assert kept.startswith(b"xxx")
    assert frames.is_closing
    assert frames.feed(b"more") == []


@pytest.mark.parametrize(
    "data",
    [
        b"\x81\x85abcdhello",
        b"\x83\x00",
        b"\xc1\x05hello",
        b"\x80\x05hello",
        b"\x01\x01a\x81\x01b",
        b"\x89\x7e\x01\x00" + b"p" * 256,
    ],
    ids=["masked", "unknown opcode", "reserved bit", "stray continuation", "text within a message", "long ping"],
)
def test_what_breaks_the_protocol_ends_the_connection_with_a_reason(data):
    frames, _ = handshaken()
    assert frames.feed(data) == []
    assert frames.is_closing
    assert frames.close_reason
    assert b"".join(frames.output())  # a closing frame says why


def test_the_venues_closing_frame_is_answered_and_named():
    frames, server = handshaken()
    server.send_text(b"last")
    server.send_close(1001, "maintenance")
    assert frames.feed(b"".join(server.data_to_send())) == [b"last"]
    assert frames.is_closing
    assert "maintenance" in frames.close_reason
    assert b"".join(frames.output())


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_refusal_keeps_status_body_and_retry_after(size):
    frames = ClientFrames(URL)
    body = b"<html>Too many requests</html>"
    head = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: %d\r\n\r\n" % len(body)
    data = head + body
    for start in range(0, len(data), size):
        assert frames.feed(data[start : start + size]) == []
    frames.end()
    assert not frames.is_open
    assert (frames.refusal_status, frames.refusal_body, frames.retry_after) == (429, body, "7")


@pytest.mark.parametrize(
    "data", [b"", b"HTTP/1.1 101 Swi", b"<html>\r\n\r\n</html>", b"\x00" * 100_000, b"SSH-2.0-x\r\n"]
)
def test_an_answer_that_is_no_handshake_is_a_refusal(data):
    frames = ClientFrames(URL)
    assert frames.feed(data) == []
    frames.end()
    assert not frames.is_open
    assert frames.refusal is not None


def test_an_end_in_the_middle_of_a_frame_is_an_end():
    frames, server = handshaken()
    server.send_text(b"x" * 1_000)
    assert frames.feed(b"".join(server.data_to_send())[:500]) == []
    frames.end()
    assert frames.is_closing


@given(data=st.binary(max_size=400))
def test_arbitrary_bytes_on_an_open_connection_never_raise(data):
    frames, _ = handshaken()
    frames.feed(data)
    frames.feed(data)
    frames.output()
    frames.end()
    assert isinstance(frames.close_reason, str)


@given(data=st.binary(max_size=200))
def test_arbitrary_bytes_for_a_handshake_never_raise(data):
    frames = ClientFrames(URL)
    frames.feed(data)
    frames.output()
    frames.end()
    assert not frames.is_open


@given(data=st.binary(max_size=300) | st.sampled_from([65_535, 65_536, 70_000]).map(lambda size: b"o" * size))
def test_what_we_send_is_read_by_the_venue_as_it_was(data):
    frames, server = handshaken()
    server.receive_data(frames.text(data))
    (frame,) = server.events_received()
    assert isinstance(frame, Frame)
    assert (frame.opcode, bytes(frame.data), frame.fin) == (Opcode.TEXT, data, True)


def test_nothing_is_sent_after_the_closing_frame():
    frames, _ = handshaken()
    frames.close()
    assert frames.text(b"an order") == b""
