"""Keeping a websocket line up: connect, follow, replace without a break, reconnect. Every decision is the session's."""

import asyncio
import functools
import ssl
from collections.abc import Coroutine

from websockets.exceptions import InvalidURI
from websockets.uri import WebSocketURI, parse_uri

from connectors.awake import Awake
from connectors.base import ClockNs
from connectors.errors import ConnectorError, VenueRefused, VenueUnreachable
from connectors.pacing import TokenBucket, asked_wait_s
from connectors.stream.actions import FetchSnapshot, Reconnect, Rotate, SendPing
from connectors.stream.connection import Listener, StreamConnection
from connectors.stream.frames import ClientFrames
from connectors.stream.lines import LineSession, LineSetup, Quiet
from core.records import Event

_NS = 1_000_000_000
_TICK_S = 0.25
_STABLE_S = 10.0  # a connection that lived so long was a good one: the next attempt starts at the first delay


class LineSupervisor:
    """Keeps one line connected: opens, replaces and reopens its connection as its session decides."""

    def __init__(self, setup: LineSetup, session: LineSession) -> None:
        """Prepare; `run` opens."""
        self._setup = setup
        self._session = session
        self._clock_ns = setup.clock_ns
        self._awake = Awake(setup.clock_ns, setup.wall_ns)
        self.frames = 0
        self.wire_bytes = 0
        self.attempts = 0
        self.last_error = ""
        self._connection: StreamConnection | None = None  # the one in charge
        self._joining: StreamConnection | None = None  # the one that is to take over
        self._join_task: asyncio.Task[None] | None = None
        self._group: asyncio.TaskGroup | None = None
        self._down = asyncio.Event()
        self._failure: Exception | None = None  # what the sink raised
        self._paused = False

    async def run(self, group: asyncio.TaskGroup) -> None:
        """Connect, follow, and connect again, until cancelled or until the sink raises; its tasks go into `group`."""
        self._group = group
        loop = asyncio.get_running_loop()
        try:
            while True:
                wait_s = 0.0
                try:
                    if self._connection is None:
                        await self._open()
                    opened_s = loop.time()
                    await self._follow()
                    if loop.time() - opened_s > _STABLE_S:
                        self._setup.backoff.reset()
                except VenueRefused as error:
                    self.last_error, wait_s = str(error), error.retry_after_s
                except VenueUnreachable as error:
                    self.last_error = str(error)
                if self._failure is not None:
                    raise self._failure
                await asyncio.sleep(max(wait_s, self._setup.backoff.next_s()))
        finally:
            self._leave()

    def request_snapshot(self, index: int, reason: str) -> None:
        """Have the session build a book anew, soon: whoever asks may be inside the sink."""
        asyncio.get_running_loop().call_soon(self._resync, index, reason)

    def pause(self) -> None:
        """Stop reading."""
        self._paused = True
        for connection in (self._connection, self._joining):
            if connection is not None:
                connection.pause()

    def resume(self) -> None:
        """Read again."""
        self._paused = False
        self._session.last_bytes_ns = self._clock_ns()
        for connection in (self._connection, self._joining):
            if connection is not None:
                connection.resume()

    def on_open(self, connection: StreamConnection) -> None:
        """Begin, with the first connection or beside it."""
        if self._paused:
            connection.pause()
        if self._connection is None:
            self._awake.note()
            self._connection = connection
            self.last_error = ""
            self._emit(self._session.on_open(self._clock_ns()))
        else:
            self._joining = connection
            self._session.on_joining_open(self._clock_ns())

    def on_messages(self, connection: StreamConnection, messages: list[bytes], wire_bytes: int) -> None:
        """Turn the messages of a chunk into events; the time is taken once for all of them."""
        session = self._session
        now_ns = self._clock_ns()
        if why := self._awake.overslept(now_ns):
            connection.abort(why)
            return
        receive = session.receive
        if connection is self._connection:
            session.last_bytes_ns = now_ns
        elif connection is self._joining:
            receive = session.receive_joining
        else:
            return
        self.wire_bytes += wire_bytes
        self.frames += len(messages)
        self._emit(receive(messages, now_ns))
        self._act()

    def on_lost(self, connection: StreamConnection, reason: str) -> None:
        """Go on with the other connection where there is one, else reconnect."""
        now_ns = self._clock_ns()
        if connection.frames.oversized is not None:
            self._emit(self._session.on_oversized(*connection.frames.oversized, now_ns))
        if connection is self._joining:
            self._joining = None
            self._session.on_joining_lost(now_ns)
        elif connection is self._connection:
            self._connection, self._joining = self._joining, None
            if self._connection is not None:
                self._session.on_switched(now_ns)
                return
            self.last_error = reason
            if self._join_task is not None:
                self._join_task.cancel()
            self._emit(self._session.on_close(now_ns, reason))
            self._down.set()

    def _resync(self, index: int, reason: str) -> None:
        """Have the session build a book anew."""
        self._emit(self._session.on_resync_needed(index, self._clock_ns(), reason))
        self._act()

    async def _open(self) -> None:
        """Open a connection as soon as the bucket allows. Raises VenueUnreachable or VenueRefused."""
        setup = self._setup
        await may_connect(setup.bucket, setup.quiet, self._clock_ns)
        self.attempts += 1
        try:
            await open_stream(setup.url, self, setup.connect_timeout_s)
        except VenueRefused as error:
            setup.quiet.close(self._clock_ns() + int(error.retry_after_s * _NS))
            raise

    async def _follow(self) -> None:
        """Let the session see time pass while there is a connection."""
        while self._connection is not None and self._failure is None:
            self._down.clear()
            try:
                async with asyncio.timeout(_TICK_S):
                    await self._down.wait()
            except TimeoutError:
                self._tick()

    def _tick(self) -> None:
        """Show the session the time; begin anew where the process slept."""
        now_ns = self._clock_ns()
        if why := self._awake.doubt():
            for connection in (self._joining, self._connection):
                if connection is not None:
                    connection.abort(why)
            return
        if self._paused:
            return  # silence is ours then
        self._emit(self._session.on_time(now_ns))
        self._act()
        if self._joining is not None and self._session.may_switch(now_ns):
            old, self._connection, self._joining = self._connection, self._joining, None
            self._session.on_switched(now_ns)
            if old is not None:
                old.close()

    def _emit(self, events: list[Event]) -> None:
        """Hand events on; what the sink raises ends `run`, not the callback."""
        if not events or self._failure is not None:
            return
        try:
            self._setup.sink(events)
        except Exception as error:  # noqa: BLE001  # raised again by `run`
            self._failure = error
            self._down.set()

    def _act(self) -> None:
        """Do what the session wants done."""
        for action in self._session.take_actions():
            match action:
                case FetchSnapshot():
                    self._spawn(self._fetch(action))
                case SendPing():
                    if self._connection is not None:
                        self._connection.ping()
                case Reconnect(reason):
                    if self._connection is not None:
                        self._connection.abort(reason)
                case Rotate():
                    self._join_task = self._spawn(self._join())

    async def _join(self) -> None:
        """Open the connection that is to take over; the old one goes on if that fails."""
        try:
            await self._open()
        except ConnectorError as error:
            self.last_error = str(error)
            self._session.on_joining_lost(self._clock_ns())

    async def _fetch(self, action: FetchSnapshot) -> None:
        """Fetch a book and hand it to the session."""
        opens = self._session.opens
        await asyncio.sleep(action.delay_ns / _NS)
        body = refusal = None
        try:
            body = await self._setup.fetch_book(action.symbol)
        except (VenueRefused, VenueUnreachable) as error:
            self.last_error, refusal = str(error), error
        if opens != self._session.opens:
            return  # asked for on a connection that is gone; the next one asked anew
        now_ns = self._clock_ns()
        if body is not None:
            self._emit(self._session.on_snapshot(action.index, body, now_ns))
        elif refusal is not None:
            self._emit(self._session.on_snapshot_failed(action.index, now_ns, str(refusal), refusal.body))
        self._act()

    def _spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Start a task that ends with `run`."""
        assert self._group is not None
        return self._group.create_task(work)

    def _leave(self) -> None:
        """Close what is open."""
        for connection in (self._connection, self._joining):
            if connection is not None:
                connection.close()
        self._connection = self._joining = None


async def may_connect(bucket: TokenBucket, quiet: Quiet, clock_ns: ClockNs) -> None:
    """Wait until a connection may be attempted: not in a silence, and not more often than the venue allows.

    Connecting is asking, too: a stream's subscription is in its URL, and a banned address is to stay away.
    """
    now_ns = clock_ns()
    while wait_ns := quiet.wait_ns(now_ns):
        await asyncio.sleep(wait_ns / _NS)
        now_ns = clock_ns()
    await asyncio.sleep(bucket.take(now_ns) / _NS)


async def open_stream(url: str, listener: Listener, timeout_s: float) -> StreamConnection:
    """Open a websocket whose events go to `listener`, which is told `on_open` before this returns.

    Raises VenueUnreachable, or VenueRefused where the venue answered the handshake with another status.
    """
    try:
        frames = ClientFrames(url)
        address = parse_uri(url)
    except InvalidURI as error:
        raise VenueUnreachable(f"{url} is no websocket address: {error}") from error
    watch = _Watch(listener)
    connection = StreamConnection(frames, watch)
    try:
        async with asyncio.timeout(timeout_s):
            await _connect(connection, address)
            await watch.opened.wait()
    except (OSError, TimeoutError) as error:
        watch.mute()
        connection.abort("not opened in time")
        raise VenueUnreachable(f"{url}: {str(error) or f'no handshake within {timeout_s:g} s'}") from error
    except asyncio.CancelledError:
        watch.mute()
        connection.abort("cancelled")
        raise
    if not watch.lost_early:
        return connection
    if frames.refusal_status:
        wait_s = asked_wait_s(frames.refusal_status, frames.retry_after)
        message = f"{url} answered HTTP {frames.refusal_status}: {frames.refusal_body[:200]!r}"
        raise VenueRefused(message, status=frames.refusal_status, retry_after_s=wait_s)
    raise VenueUnreachable(f"{url}: no websocket handshake: {frames.refusal or 'the connection was closed'}")


async def _connect(connection: StreamConnection, address: WebSocketURI) -> None:
    """Connect, and begin TLS where the address asks for it. Raises OSError.

    What is written shall leave at once. uvloop keeps it until the end of the callback that wrote it, which may be a
    whole chunk of ticks later, unless the buffer is above its high-water mark: so that is 0. Under TLS it is the inner
    transport that keeps it, hence the two steps.
    """
    loop = asyncio.get_running_loop()
    if not address.secure:
        transport, _ = await loop.create_connection(lambda: connection, address.host, address.port)
        transport.set_write_buffer_limits(high=0)
        return
    inner, _ = await loop.create_connection(asyncio.Protocol, address.host, address.port)
    inner.set_write_buffer_limits(high=0)
    try:
        outer = await loop.start_tls(inner, connection, _tls(), server_hostname=address.host)
    except BaseException:
        inner.abort()
        raise
    assert outer is not None
    connection.connection_made(outer)


@functools.cache
def _tls() -> ssl.SSLContext:
    """Return the one context that checks certificates and names; reading the system's roots takes a while."""
    return ssl.create_default_context()


class _Watch:
    """Lets `open_stream` wait for the handshake while every event goes on to the listener."""

    def __init__(self, listener: Listener) -> None:
        self.opened = asyncio.Event()
        self.lost_early = False
        self._told_open = False
        self._muted = False
        self._listener = listener

    def on_open(self, connection: StreamConnection) -> None:
        if self._muted:
            return
        self._told_open = True
        self._listener.on_open(connection)
        self.opened.set()

    def on_messages(self, connection: StreamConnection, messages: list[bytes], wire_bytes: int) -> None:
        if not self._muted:
            self._listener.on_messages(connection, messages, wire_bytes)

    def on_lost(self, connection: StreamConnection, reason: str) -> None:
        if self._told_open:
            self._listener.on_lost(connection, reason)
        else:
            self.lost_early = True
        self.opened.set()

    def mute(self) -> None:
        self._muted = True
