"""When frames are sent: playback starts, keeps its pace, waits where it must, and ends.

One playback for all: every connection gets what is sent while it is subscribed, as on a venue. So that a client can
have every recorded frame from the first to the last, each once and in order:

- playback starts when all recorded streams are subscribed, or no further subscription came for a while;
- it waits while nobody is subscribed to anything;
- it waits for the slowest reader instead of dropping anything;
- at a recorded depth snapshot it waits (for a while) until the depth of that symbol was asked for, so that the client
  can have the recorded book and not one of a later time. Whoever asks earlier gets that same snapshot.
"""

import asyncio
import enum
import math
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Protocol

from connectors.embedded.faults import FaultTable
from connectors.embedded.frames import Clock, Frame, FrameSource
from connectors.embedded.hub import Hub
from connectors.embedded.market import Market, StreamKind
from connectors.embedded.settings import AtEnd, Settings, Start
from connectors.embedded.view import MarketView

_BATCH_BYTES = 128 * 1024
_BATCH_FRAMES = 2_000
_SLEEP_MAX_S = 0.25  # how late playback notices that everybody has left

ViewKey = tuple[Market, str]
Note = Callable[[StreamKind, Frame], None]


class PlayState(enum.StrEnum):
    """What playback is doing."""

    WAITING = "waiting"
    PLAYING = "playing"
    HELD = "held"
    FINISHED = "finished"


class Outlet(Protocol):
    """Where queued frames leave the process."""

    def flush(self) -> Awaitable[None]:
        """Write what is queued and return when all readers have room for more."""

    def close_all(self) -> Awaitable[None]:
        """End every connection with a close frame."""


class Pace:
    """Maps the wall clock to the position that playback should have reached."""

    def __init__(self, speed: float | None, first_at_ns: int) -> None:
        """Start now at the first frame's time."""
        self._speed = speed
        self._origin_at_ns = first_at_ns
        self._origin_ns = time.monotonic_ns()

    def reached_ns(self) -> float:
        """Return the time of the latest frame that is due."""
        if self._speed is None:
            return math.inf
        return self._origin_at_ns + (time.monotonic_ns() - self._origin_ns) * self._speed

    def delay_s(self, at_ns: int) -> float:
        """Return the seconds until a frame is due."""
        if self._speed is None:
            return 0.0
        due_ns = self._origin_ns + (at_ns - self._origin_at_ns) / self._speed
        return max(0.0, (due_ns - time.monotonic_ns()) / 1e9)

    def skip(self, waited_ns: int) -> None:
        """Leave out a time in which playback waited, so that it goes on at its pace and not in a burst."""
        self._origin_ns += waited_ns


class Player:
    """Takes frames from the source, notes them in the views and hands them to the hub."""

    def __init__(
        self,
        source: FrameSource,
        hub: Hub,
        views: Mapping[ViewKey, MarketView],
        outlet: Outlet,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self.state = PlayState.WAITING
        self.passed = 0
        self.faults = FaultTable()
        self.finished = asyncio.Event()
        self._source = source
        self._hub = hub
        self._views = views
        self._outlet = outlet
        self._settings = settings
        self._clock = clock
        self._changed = asyncio.Event()
        self._fetched: set[ViewKey] = set()
        self._noting = self._notes()
        self._snapshots = frozenset(
            number
            for number, stream in enumerate(hub.catalogue.streams)
            if stream.kind is StreamKind.SNAPSHOT and not source.synthetic
        )

    def subscriptions_changed(self) -> None:
        """Look anew at who is subscribed."""
        self._changed.set()

    def tap(self, stream: int, note: Note) -> None:
        """Hand the frames of a stream that no view notes to `note` as they pass."""
        self._noting[stream] = (note, StreamKind.OTHER)

    def depth_fetched(self, key: ViewKey) -> None:
        """Note that a client asked for a symbol's depth: what waits for it goes on.

        Only while its depth stream is subscribed: whoever looks earlier is not building a book.
        """
        if not self._hub.subscribed().isdisjoint(self._hub.catalogue.depth_of(*key)):
            self._fetched.add(key)
            self._changed.set()

    async def run(self) -> None:
        """Play, and do at the end what the settings say; returns when there is nothing left to do."""
        while True:
            await self._wait_to_start()
            await self._play()
            at_end = self._settings.at_end
            if at_end in (AtEnd.CLOSE, AtEnd.EXIT):
                await self._outlet.close_all()
            if at_end not in (AtEnd.LOOP, AtEnd.REWIND):
                self.state = PlayState.FINISHED
                self.finished.set()
                return
            if at_end is AtEnd.REWIND:
                self.state = PlayState.FINISHED
                await self._wait_until(lambda: not self._hub.subscribed())
            self._rewind()

    def _rewind(self) -> None:
        self.state = PlayState.WAITING
        self.passed = 0
        self._fetched.clear()
        for view in self._views.values():
            view.rewind()

    async def _wait_to_start(self) -> None:
        begins = self._settings.begins
        wanted = self._hub.catalogue.public
        while begins is not Start.NOW:
            subscribed = self._hub.subscribed()
            if subscribed and (begins is Start.FIRST or subscribed >= wanted):
                return
            grace_s = self._settings.start_grace_s if subscribed else None
            if not await self._wait_until(self._hub_changes(), grace_s):
                return

    def _hub_changes(self) -> Callable[[], bool]:
        seen = self._hub.changes
        return lambda: self._hub.changes != seen

    async def _play(self) -> None:
        frames = self._source.open(self._clock())
        frame = next(frames, None)
        pace = Pace(self._settings.speed, frame.at_ns if frame else 0)
        self.state = PlayState.PLAYING
        while frame is not None:
            if self._deserted():
                pace.skip(await self._held(self._wait_until(lambda: not self._deserted())))
            frame = self._pass_due(frame, frames, pace.reached_ns())
            await self._outlet.flush()
            if frame is None:
                return
            if self._must_hold(frame):
                pace.skip(await self._held(self._wait_fetched(frame)))
                self._fetched.add(self._key(frame))  # asked for or not: the recording goes on
            delay_s = pace.delay_s(frame.at_ns)
            if delay_s > 0:
                for view in self._views.values():
                    view.catch_up()  # there is time for it now, and less to do when a client asks
            await asyncio.sleep(min(delay_s, _SLEEP_MAX_S))

    def _pass_due(self, frame: Frame | None, frames: Iterator[Frame], reached_ns: float) -> Frame | None:
        """Pass the frames that are due, a batch at most; returns the first that is not passed."""
        size = count = 0
        noting, snapshots = self._noting, self._snapshots
        publish = self._publish_with_faults if self.faults.active else self._hub.publish
        while frame is not None and frame.at_ns <= reached_ns and size < _BATCH_BYTES and count < _BATCH_FRAMES:
            stream = frame.stream
            if stream in snapshots:
                if self._must_hold(frame):
                    break
                self._fetched.discard(self._key(frame))
            noted = noting[stream]
            if noted is not None:
                noted[0](noted[1], frame)
            size += publish(frame)
            count += 1
            frame = next(frames, None)
        self.passed += count
        return frame

    def _publish_with_faults(self, frame: Frame) -> int:
        return sum(self._hub.publish(sent) for sent in self.faults.apply(frame, time.monotonic_ns()))

    def _notes(self) -> list[tuple[Note, StreamKind] | None]:
        """Return for each stream number who notes its frames, and as what."""
        catalogue = self._hub.catalogue
        notes: list[tuple[Note, StreamKind] | None] = []
        for number, stream in enumerate(catalogue.streams):
            view = self._views.get((stream.market, stream.symbol))
            told = stream.kind not in (StreamKind.OTHER, StreamKind.UNATTRIBUTED)
            # Where several speeds of a depth stream are recorded, one of them is the whole story.
            second = stream.kind is StreamKind.DEPTH and number != catalogue.depth_of(stream.market, stream.symbol)[0]
            notes.append((view.note, stream.kind) if view is not None and told and not second else None)
        return notes

    def _deserted(self) -> bool:
        # A live market goes on without listeners; a recording, or anything at full speed, would only run out.
        lasting = self._source.synthetic or self._settings.begins is Start.NOW
        return not (lasting and self._settings.speed is not None) and not self._hub.subscribed()

    def _must_hold(self, frame: Frame) -> bool:
        if frame.stream not in self._snapshots or not self._settings.wait_snapshot:
            return False
        key = self._key(frame)
        if key in self._fetched or self._views[key].book_known():
            return False
        return not self._hub.subscribed().isdisjoint(self._hub.catalogue.depth_of(*key))

    async def _wait_fetched(self, frame: Frame) -> None:
        key = self._key(frame)
        await self._wait_until(
            lambda: key in self._fetched or not self._must_hold(frame), self._settings.snapshot_grace_s
        )

    def _key(self, frame: Frame) -> ViewKey:
        stream = self._hub.catalogue.streams[frame.stream]
        return stream.market, stream.symbol

    async def _held(self, wait: Awaitable[object]) -> int:
        """Wait, show it in the state, and return how long it took."""
        began_ns = time.monotonic_ns()
        self.state = PlayState.HELD
        await wait
        self.state = PlayState.PLAYING
        return time.monotonic_ns() - began_ns

    async def _wait_until(self, condition: Callable[[], bool], timeout_s: float | None = None) -> bool:
        """Wait until a change makes the condition true; returns whether it did before the time was up."""
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True
