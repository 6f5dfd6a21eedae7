"""The doctor on the machine: processors, files, clocks, sockets on loopback."""

import asyncio
import errno
import os
import resource
import socket
import time
from collections.abc import Iterator

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import WebSocketException

from daemon.commands.doctor_finding import Finding, fail, ok, warn

LOOPBACK = "127.0.0.1"
OPEN_FILES_MIN, OPEN_FILES_GOOD = 64, 1024
RESOLUTION_S_MAX = 1e-6
_2026_NS, _2100_NS = 1_767_225_600_000_000_000, 4_102_444_800_000_000_000
_ANSWER_S = 5.0


def findings() -> Iterator[Finding]:
    """Yield what is found of the machine."""
    yield processors()
    yield open_files(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    yield clocks(time.time_ns(), time.get_clock_info("monotonic").resolution)
    yield websocket()


def processors() -> Finding:
    """Judge the number of processors: screen and embedded venue are processes of their own."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if count < 2:
        return warn("processors", str(count), "with one processor the screen takes time from trading: run --plain")
    return ok("processors", str(count))


def open_files(limit: int) -> Finding:
    """Judge how many files and sockets the process may have open."""
    advice = "raise it: ulimit -n 4096, or LimitNOFILE= in the service file"
    if limit == resource.RLIM_INFINITY:
        return ok("open files", "no limit")
    if limit < OPEN_FILES_MIN:
        return fail("open files", f"at most {limit}", advice)
    if limit < OPEN_FILES_GOOD:
        return warn("open files", f"at most {limit}", advice)
    return ok("open files", f"at most {limit}")


def clocks(wall_ns: int, resolution_s: float) -> Finding:
    """Judge the wall clock's sanity and the monotonic clock's resolution."""
    today = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(wall_ns / 1e9))
    if not _2026_NS <= wall_ns < _2100_NS:
        return fail("clocks", f"the wall clock says {today}", "set the clock: sessions are named and ordered by it")
    found = f"{today}; monotonic in steps of {resolution_s * 1e9:.0f} ns"
    if resolution_s > RESOLUTION_S_MAX:
        return warn("clocks", found, "latencies will be measured coarsely; the kernel's clock source decides")
    return ok("clocks", found)


def websocket() -> Finding:
    """Judge whether a websocket can be served and reached on loopback, as the demo does."""
    started = time.perf_counter()
    try:
        asyncio.run(asyncio.wait_for(_echo_once(), _ANSWER_S))
    except (OSError, TimeoutError, WebSocketException) as error:
        return fail("loopback", f"no websocket on {LOOPBACK}: {str(error) or 'no answer'}", "allow sockets on loopback")
    return ok("loopback", f"websocket served and answered in {(time.perf_counter() - started) * 1e3:.0f} ms")


async def _echo_once() -> None:
    """Serve a websocket on a free port, and have one message come back."""

    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async with serve(echo, LOOPBACK, 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with connect(f"ws://{LOOPBACK}:{port}", proxy=None) as client:
            await client.send("ping")
            await client.recv()


def metrics_port(host: str, port: int) -> Finding:
    """Judge whether the metrics can be served; a session goes on without them."""
    if not port:
        return ok("metrics", "turned off")
    advice = "another session may have it; choose another [metrics] port, or 0 for none"
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        taken = "taken" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
        return warn("metrics", f"{host}:{port} is {taken}" if taken == "taken" else f"{host}:{port}: {taken}", advice)
    return ok("metrics", f"{host}:{port} is free")
