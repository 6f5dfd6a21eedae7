"""What stands between a daemon and the exchange in the wire benchmark, in a process of its own:

    python -m tests.bench.wire_venue CYCLES WS_API_HOST WS_API_PORT

It sends the ticks, passes the order-entry connection on to the exchange and notes when each order and each cancel comes
by, and echoes frames for the bare round trip to compare with; one process, so that all times are of one clock.

A cycle is one tick alone, at which the strategy orders; then, all at once, 200 ticks and one more, at which it cancels.
In every other cycle it does not, but behind the ticks leaves, on a connection of its own, what an operator would say.
Prints its two ports, and at the end of the last cycle one line of JSON: times in ns.
"""

import asyncio
import json
import sys
import time
from typing import cast

import uvloop
from websockets.asyncio.server import ServerConnection, serve

from tests.bench.market import prices

AHEAD = 200
CYCLE = AHEAD + 2
PAUSE_S = 0.02
PLACE, CANCEL = b"order.place", b"order.cancel"


def by_operator(cycle: int) -> bool:
    """Whether the operator cancels in a cycle, and not the strategy."""
    return cycle % 2 == 0


class Wire:
    """The times at which ticks left and requests came by."""

    def __init__(self) -> None:
        """Have seen nothing."""
        self.tick_ns: list[int] = []
        self.burst_ns: list[int] = []
        self.told_ns: list[int] = []  # bursts behind which the operator spoke
        self.placed_ns: list[int] = []
        self.cancelled_ns: list[int] = []

    def saw(self, data: bytes, now_ns: int) -> None:
        """Note what a chunk of the daemon's holds: one masked frame, as `send` writes them."""
        text = unmasked(data)
        if PLACE in text:
            self.placed_ns.append(now_ns)
        elif CANCEL in text:
            self.cancelled_ns.append(now_ns)


def unmasked(data: bytes) -> bytes:
    """Return the payload of the first frame of a chunk (RFC 6455, 5.2), empty where it has none."""
    if len(data) < 8 or not data[1] & 0x80:
        return b""
    size, at = data[1] & 0x7F, 2
    if size == 126:
        size, at = int.from_bytes(data[2:4], "big"), 4
    mask, payload = data[at : at + 4], data[at + 4 : at + 4 + size]
    whole = int.from_bytes(payload, "big") ^ int.from_bytes((mask * (size // 4 + 1))[: len(payload)], "big")
    return whole.to_bytes(len(payload), "big")


class Passing(asyncio.Protocol):
    """One side of a connection that is passed on; `seen` is told of each chunk before it goes on."""

    def __init__(self, wire: Wire | None) -> None:
        """Pass on to `other`, which is set once both sides stand."""
        self.wire = wire
        self.other: asyncio.WriteTransport | None = None
        self.held = b""
        self.transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self.transport = cast("asyncio.WriteTransport", transport)  # uvloop's is one without saying so

    def data_received(self, data: bytes) -> None:
        """Take the time, then pass on."""
        now_ns = time.perf_counter_ns()
        if self.wire is not None:
            self.wire.saw(data, now_ns)
        if self.other is None:
            self.held += data
        else:
            self.other.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the other side too."""
        if self.other is not None:
            self.other.close()


async def main(cycles: int, host: str, port: int) -> None:
    """Serve until every cycle has been sent and the daemon has left."""
    wire, loop, done = Wire(), asyncio.get_running_loop(), asyncio.Event()
    operator: list[ServerConnection] = []

    async def ticks(connection: ServerConnection) -> None:
        path = connection.request.path if connection.request else ""
        if path.startswith("/echo"):
            async for frame in connection:
                await connection.send(frame)
            return
        if path.startswith("/operator"):
            operator.append(connection)
            await connection.wait_closed()
            return
        frames = [_frame(CYCLE + index, price) for index, price in enumerate(prices(cycles * CYCLE, 10), start=1)]
        await connection.send(_frame(CYCLE, prices(1, 1)[0]))  # without a quote it is never in sync
        await asyncio.sleep(5.0)  # the daemon has reconciled by then, or the run fails and says so
        number = 0
        for cycle in range(1, cycles + 1):
            await asyncio.sleep(PAUSE_S)
            wire.tick_ns.append(time.perf_counter_ns())
            await connection.send(frames[number])
            await asyncio.sleep(PAUSE_S)
            burst = b"".join(map(_framed, frames[number + 1 : number + CYCLE]))
            told = wire.told_ns if by_operator(cycle) else wire.burst_ns
            told.append(time.perf_counter_ns())
            connection.transport.write(burst)  # at once: they wait for the daemon, not for the sender
            if by_operator(cycle):
                operator[0].transport.write(_framed("cancel".ljust(126)))
            number += CYCLE
        await asyncio.sleep(0.2)
        done.set()
        await connection.wait_closed()

    def outer() -> Passing:
        near = Passing(wire)
        loop.create_task(_join(near, host, port))
        return near

    server = await loop.create_server(outer, "127.0.0.1", 0)
    async with server, serve(ticks, "127.0.0.1", 0, compression=None) as feed:
        ports = [next(iter(each.sockets)).getsockname()[1] for each in (feed, server)]
        _say(ports)
        await done.wait()
        feed.close()  # which ends the echo, and with it the run
        _say([wire.tick_ns, wire.burst_ns, wire.told_ns, wire.placed_ns, wire.cancelled_ns])
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # until the benchmark has measured


async def _join(near: Passing, host: str, port: int) -> None:
    """Connect to the exchange for one connection of the daemon's."""
    far = Passing(None)
    transport, _ = await asyncio.get_running_loop().create_connection(lambda: far, host, port)
    assert near.transport is not None
    far.other = near.transport
    near.other = transport
    transport.write(near.held)


def _frame(number: int, price: int) -> str:
    return (
        f'{{"stream":"btcusdt@bookTicker","data":{{"u":{number},"s":"BTCUSDT","b":"{price / 100:.2f}000000",'
        f'"B":"3.78826000","a":"{(price + 1) / 100:.2f}000000","A":"1.54698000"}}}}'
    )


def _framed(text: str) -> bytes:
    """Return a text frame of a server (RFC 6455, 5.2): final, unmasked, of 126 bytes or more."""
    payload = text.encode()
    assert 126 <= len(payload) < 1 << 16
    return b"\x81\x7e" + len(payload).to_bytes(2, "big") + payload


def _say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
