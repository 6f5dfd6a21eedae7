"""One line: a connection in charge, beside it now and then the one that takes over, and the supervisor of both."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from connectors.awake import Awake
from connectors.base import ClockNs
from connectors.errors import ConnectorError, VenueRefused, VenueUnreachable
from connectors.pacing import Backoff, TokenBucket
from connectors.stream.connection import StreamConnection
from connectors.stream.lines import Quiet
from connectors.stream.transport import may_connect, open_stream

_NS = 1_000_000_000
_TICK_S = 0.25
_STABLE_S = 10.0  # a connection that lived so long was a good one: the next attempt starts at the first delay
_RETIRE_NS = 10 * _NS  # answers to what was sent on the old connection have arrived by then
_RETRY_JOIN_NS = 15 * _NS


class Owner(Protocol):
    """Who decides. Called from the loop; must not block."""

    def next_connection(self) -> int:
        """Return a number that no connection had."""
        ...

    def on_open(self, line: "DuplexLine", connection: int) -> None:
        """A connection is open."""
        ...

    def on_messages(self, line: "DuplexLine", connection: int, messages: Sequence[bytes]) -> None:
        """Messages arrived, in order."""
        ...

    def on_lost(self, line: "DuplexLine", connection: int, reason: str) -> None:
        """Nothing more comes from a connection. Told once."""
        ...

    def on_refused(self, line: "DuplexLine", status: int, reason: str) -> None:
        """The venue refused to open a connection; status 0: there was no answer."""
        ...

    def in_charge(self, connection: int) -> bool:
        """Whether a connection has taken over."""
        ...


class DuplexSetup(msgspec.Struct, frozen=True, kw_only=True):
    """What a line works with. `url` is asked for before each connection: it may hold a key that changes."""

    url: Callable[[], Awaitable[str]]
    clock_ns: ClockNs
    wall_ns: ClockNs = time.time_ns
    bucket: TokenBucket
    quiet: Quiet
    backoff: Backoff
    connect_timeout_s: float
    ping_after_s: float
    rotate_after_s: float


class _Member:
    """One connection of a line, told of by its number."""

    def __init__(self, line: "DuplexLine", number: int, now_ns: int) -> None:
        self.number = number
        self.connection: StreamConnection | None = None
        self.opened_ns = self.heard_ns = now_ns
        self.pinged_ns = 0
        self.charge_ns = 0  # since when it is in charge
        self._line = line

    def on_open(self, connection: StreamConnection) -> None:
        self.connection = connection
        self._line.joined(self)

    def on_messages(self, connection: StreamConnection, messages: list[bytes], wire_bytes: int) -> None:
        self._line.heard(self, messages)

    def on_lost(self, connection: StreamConnection, reason: str) -> None:
        self._line.lost(self, reason)


class DuplexLine:
    """Keeps a line connected. There is one supervisor of it: whoever awaits `run`."""

    def __init__(self, setup: DuplexSetup, owner: Owner) -> None:
        """Prepare; `run` opens."""
        self.attempts = 0
        self.last_error = ""
        self._setup = setup
        self._owner = owner
        self._members: dict[int, _Member] = {}
        self._rotate_wanted = False
        self._join_from_ns = 0
        self._awake = Awake(setup.clock_ns, setup.wall_ns)
        self._down = asyncio.Event()

    async def run(self) -> None:
        """Connect, follow, and connect again, until cancelled."""
        loop = asyncio.get_running_loop()
        backoff = self._setup.backoff
        try:
            while True:
                wait_s = 0.0
                opened_s = loop.time()
                try:
                    await self._open()
                    opened_s = loop.time()
                    await self._follow()
                except VenueRefused as error:
                    wait_s = error.retry_after_s
                    self._refused(error.status, str(error))
                except ConnectorError as error:
                    self._refused(0, str(error))
                if loop.time() - opened_s > _STABLE_S:
                    backoff.reset()
                await asyncio.sleep(max(wait_s, backoff.next_s()))
        finally:
            for member in list(self._members.values()):
                self._retire(member, "the line ends")

    def write(self, connection: int, data: bytes) -> bool:
        """Write a message now; return False where the connection is gone."""
        member = self._members.get(connection)
        return member is not None and member.connection is not None and member.connection.send(data)

    def abort(self, connection: int, reason: str) -> None:
        """End a connection at once; another follows."""
        member = self._members.get(connection)
        if member is not None and member.connection is not None:
            member.connection.abort(reason)

    def rotate(self) -> None:
        """Make another connection beside this one soon, and leave this one when that is in charge."""
        self._rotate_wanted = True

    def joined(self, member: _Member) -> None:
        """Take in a connection that opened."""
        self._members[member.number] = member
        self.last_error = ""
        self._owner.on_open(self, member.number)

    def heard(self, member: _Member, messages: list[bytes]) -> None:
        """Pass messages on; bytes without any are a sign of life."""
        member.heard_ns = self._setup.clock_ns()
        member.pinged_ns = 0
        if messages:
            self._owner.on_messages(self, member.number, messages)

    def lost(self, member: _Member, reason: str) -> None:
        """Forget a connection that ended."""
        if self._members.pop(member.number, None) is not None:
            self.last_error = reason
            self._owner.on_lost(self, member.number, reason)
        self._down.set()

    async def _open(self) -> None:
        """Open one more connection as soon as the bucket allows. Raises VenueUnreachable or VenueRefused."""
        setup = self._setup
        await may_connect(setup.bucket, setup.quiet, setup.clock_ns)
        self.attempts += 1
        url = await setup.url()
        member = _Member(self, self._owner.next_connection(), setup.clock_ns())
        try:
            await open_stream(url, member, setup.connect_timeout_s)
        except VenueUnreachable as error:
            raise VenueUnreachable(_without_key(str(error), url)) from None
        except VenueRefused as error:
            setup.quiet.close(setup.clock_ns() + int(error.retry_after_s * _NS))
            shown = _without_key(str(error), url)
            raise VenueRefused(shown, status=error.status, retry_after_s=error.retry_after_s) from None

    async def _follow(self) -> None:
        """Watch the connections for as long as there is one."""
        while self._members:
            self._down.clear()
            self._awake.note()
            try:
                async with asyncio.timeout(_TICK_S):
                    await self._down.wait()
            except TimeoutError:
                if why := self._awake.doubt():
                    # What was sent or told meanwhile may be lost: with new connections the books are compared.
                    for number in list(self._members):
                        self.abort(number, why)
                await self._tick()

    async def _tick(self) -> None:
        """Ping the silent, leave the dead, replace the old."""
        now_ns = self._setup.clock_ns()
        ping_ns = int(self._setup.ping_after_s * _NS)
        for member in list(self._members.values()):
            member.heard_ns = min(member.heard_ns, now_ns)  # the clock was set back
            if now_ns - member.heard_ns < ping_ns or member.connection is None:
                continue
            if not member.pinged_ns:
                member.pinged_ns = now_ns
                member.connection.ping()
            elif now_ns - member.pinged_ns > ping_ns:
                member.connection.abort(f"no byte for {(now_ns - member.heard_ns) / _NS:.0f} s, ping unanswered")
        self._retire_old(now_ns)
        newest = max(self._members, default=0)
        if not newest:
            return
        age_ns = now_ns - self._members[newest].opened_ns
        due = self._rotate_wanted or age_ns > int(self._setup.rotate_after_s * _NS)
        if due and len(self._members) == 1 and now_ns >= self._join_from_ns:
            self._rotate_wanted = False
            self._join_from_ns = now_ns + _RETRY_JOIN_NS
            try:
                await self._open()
            except ConnectorError as error:
                self.last_error = str(error)

    def _retire_old(self, now_ns: int) -> None:
        """Leave the connections that another has taken over from."""
        newest = max(self._members, default=0)
        if not newest or not self._owner.in_charge(newest):
            return
        member = self._members[newest]
        member.charge_ns = member.charge_ns or now_ns
        if now_ns - member.charge_ns > _RETIRE_NS:
            for old in [each for each in self._members.values() if each.number != newest]:
                self._retire(old, "another connection has taken over")

    def _retire(self, member: _Member, reason: str) -> None:
        """Leave a connection politely."""
        if self._members.pop(member.number, None) is None:
            return
        if member.connection is not None:
            member.connection.close()
        self._owner.on_lost(self, member.number, reason)

    def _refused(self, status: int, reason: str) -> None:
        """Note why there is no connection."""
        self.last_error = reason
        self._owner.on_refused(self, status, reason)


def _without_key(message: str, url: str) -> str:
    """Return an error's words without what follows `/ws/` in an address: a listen key reads the account."""
    return message.replace(url, url.partition("/ws/")[0])
