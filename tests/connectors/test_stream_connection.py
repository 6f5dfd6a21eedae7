"""Websocket connections over real sockets: how much is handled in a row, and when what is written leaves."""

import asyncio
import contextlib
import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.server import ServerProtocol
from websockets.sync.server import ServerConnection, serve

from connectors.stream import transport
from connectors.stream.connection import TURN_MESSAGES, StreamConnection
from connectors.stream.transport import open_stream

LOOPS = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}
WAIT_S = 10.0


class Heard:
    """A listener that keeps what it hears; `on_turn` is called after each."""

    def __init__(self) -> None:
        self.turns: list[list[bytes]] = []
        self.lost: list[str] = []
        self.done = asyncio.Event()

    def on_open(self, connection: StreamConnection) -> None:
        pass

    def on_messages(self, connection: StreamConnection, messages: list[bytes], wire_bytes: int) -> None:
        if messages:
            self.turns.append(messages)

    def on_lost(self, connection: StreamConnection, reason: str) -> None:
        self.lost.append(reason)
        self.done.set()

    @property
    def messages(self) -> list[bytes]:
        return [message for turn in self.turns for message in turn]


def _certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate of its own making, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - dt.timedelta(1)).not_valid_after(now + dt.timedelta(1))
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    signed = made.add_extension(x509.SubjectAlternativeName([address]), critical=False).sign(key, hashes.SHA256())
    pem = signed.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "both.pem").write_bytes(secret + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "both.pem")
    return server, ssl.create_default_context(cadata=pem.decode())


@pytest.mark.parametrize("loop_name", LOOPS)
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "TLS"])
def test_what_is_written_leaves_before_the_callback_that_wrote_it_ends(loop_name, secure, tmp_path, monkeypatch):
    arrived = threading.Event()

    def handle(connection: ServerConnection) -> None:
        if connection.recv(timeout=WAIT_S) == "an order":
            arrived.set()

    server_side, client_side = _certificate(tmp_path)
    monkeypatch.setattr(transport, "_tls", lambda: client_side)

    async def order(url: str) -> bool:
        connection = await open_stream(url, Heard(), WAIT_S)
        assert connection.send(b"an order")
        seen = arrived.wait(WAIT_S)  # without giving the loop a chance to write
        connection.abort("the test is over")
        await asyncio.sleep(0)  # in which the loop lets go of the socket
        return seen

    with (
        _serving(handle, server_side if secure else None) as url,
        asyncio.Runner(loop_factory=LOOPS[loop_name]) as runner,
    ):
        assert runner.run(order(url))


@contextlib.contextmanager
def _serving(handle: Callable[[ServerConnection], None], tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve in a thread while the block runs; gives the address."""
    with serve(handle, "127.0.0.1", 0, ssl=tls, compression=None) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"{'wss' if tls else 'ws'}://127.0.0.1:{server.socket.getsockname()[1]}/"
        server.shutdown()
        thread.join(WAIT_S)


def _burst(count: int) -> tuple[list[bytes], bytes]:
    """Messages, and the frames of a server that hold them."""
    server = ServerProtocol()
    server.state = server.state.OPEN
    sent = [b"%d" % number for number in range(count)]
    for message in sent:
        server.send_text(message)
    return sent, b"".join(server.data_to_send())


@pytest.mark.parametrize("loop_name", LOOPS)
def test_a_long_chunk_is_handled_in_turns_between_which_others_have_theirs(loop_name):
    sent, burst = _burst(5 * TURN_MESSAGES + 3)
    between: list[int] = []

    def handle(connection: ServerConnection) -> None:
        connection.socket.sendall(burst)
        connection.recv(timeout=WAIT_S)

    async def follow(url: str) -> Heard:
        loop, heard = asyncio.get_running_loop(), Heard()

        def other() -> None:
            between.append(len(heard.messages))
            if len(heard.messages) < len(sent):
                loop.call_soon(other)
            else:
                heard.done.set()

        loop.call_soon(other)
        connection = await open_stream(url, heard, WAIT_S)
        async with asyncio.timeout(WAIT_S):
            await heard.done.wait()
        connection.close()
        return heard

    with _serving(handle) as url, asyncio.Runner(loop_factory=LOOPS[loop_name]) as runner:
        heard = runner.run(follow(url))
    assert heard.messages == sent
    assert max(map(len, heard.turns)) <= TURN_MESSAGES
    assert len(set(between)) >= 5, "somebody else ran between the turns"


def test_what_came_before_the_end_is_told_before_the_end():
    sent, burst = _burst(3 * TURN_MESSAGES)

    def handle(connection: ServerConnection) -> None:
        connection.socket.sendall(burst)
        connection.socket.close()  # without a closing frame

    async def follow(url: str) -> Heard:
        heard = Heard()
        await open_stream(url, heard, WAIT_S)
        async with asyncio.timeout(WAIT_S):
            await heard.done.wait()
        return heard

    with _serving(handle) as url:
        heard = asyncio.run(follow(url))
    assert heard.messages == sent
    assert len(heard.lost) == 1


def test_a_pause_holds_what_waits_for_its_turn_and_resuming_hands_it_on():
    sent, burst = _burst(4 * TURN_MESSAGES)

    def handle(connection: ServerConnection) -> None:
        connection.socket.sendall(burst)
        connection.recv(timeout=WAIT_S)

    async def follow(url: str) -> tuple[int, Heard]:
        loop, heard = asyncio.get_running_loop(), Heard()
        connection = await open_stream(url, heard, WAIT_S)
        while not heard.turns:
            await asyncio.sleep(0)
        connection.pause()
        held = len(heard.messages)
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(heard.messages) == held
        connection.resume()
        until_s = loop.time() + WAIT_S
        while len(heard.messages) < len(sent) and loop.time() < until_s:
            await asyncio.sleep(0)
        connection.close()
        return held, heard

    with _serving(handle) as url:
        held, heard = asyncio.run(follow(url))
    assert held < len(sent)
    assert heard.messages == sent


def test_a_pause_asked_for_while_a_turn_is_handled_holds():
    sent, burst = _burst(4 * TURN_MESSAGES)

    def handle(connection: ServerConnection) -> None:
        connection.socket.sendall(burst)
        connection.recv(timeout=WAIT_S)

    class Pausing(Heard):
        def on_messages(self, connection: StreamConnection, messages: list[bytes], wire_bytes: int) -> None:
            super().on_messages(connection, messages, wire_bytes)
            if len(self.turns) == 2:
                connection.pause()

    async def follow(url: str) -> Heard:
        heard = Pausing()
        connection = await open_stream(url, heard, WAIT_S)
        until_s = asyncio.get_running_loop().time() + WAIT_S
        while len(heard.turns) < 2 and asyncio.get_running_loop().time() < until_s:
            await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0)
        connection.close()
        return heard

    with _serving(handle) as url:
        heard = asyncio.run(follow(url))
    assert heard.messages == sent[: len(heard.messages)]
    assert len(heard.turns) == 2
