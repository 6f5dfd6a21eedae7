"""The book of one instrument: Binance's documented synchronisation, and what is told of it.

Spot, https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams ("How to manage a local order book
correctly"):

 1. "Open a WebSocket connection to [...]@depth."
 2. "Buffer the events received from the stream. Note the `U` of the first event you received."
 3. "Get a depth snapshot from [...]/api/v3/depth".
 4. "If the `lastUpdateId` from the snapshot is strictly less than the `U` from step 2, go back to step 3."
 5. "In the buffered events, discard any event where `u` is <= `lastUpdateId` of the snapshot. The first buffered event
    should now have `lastUpdateId` within its `[U;u]` range."
 6. "Set your local order book to the snapshot. Its update ID is `lastUpdateId`."
 7. "Apply the update procedure below to all buffered events, and then to all subsequent events received": an event
    with `u` "less than the update ID of your local order book" is ignored; with `U` "greater than the update ID of
    your local order book + 1, you have missed some events. Discard your local order book and restart".

USDⓈ-M, https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams:

 5. "The first processed event should have U <= lastUpdateId AND u >= lastUpdateId."
 6. "While listening to the stream, each new event's pu should be equal to the previous event's u, otherwise initialize
    the process from step 3."

Both are one rule here, on the id `prev` that an event follows (spot: U - 1, as its ids are contiguous; USDⓈ-M: `pu`,
as its are not): nothing between `prev` and U concerns this symbol, so an event may follow a snapshot when
`prev <= lastUpdateId < u`, and another event when `prev` is that event's `u`.

Every delta becomes records, also those that are not applied: they carry PENDING when they arrive before the book is in
sync, and come again as REAPPLIED after the snapshot that they extend.
"""

from collections.abc import Callable

from connectors.binance.counters import Counters
from connectors.binance.parse import MALFORMED, with_flags
from connectors.binance.topics import Topic, TopicSpec, feed_event, raw_event
from connectors.stream.actions import Action, FetchSnapshot
from core.events import FeedState
from core.records import PENDING, REAPPLIED, Event

BUFFERED_MAX = 5_000
"""Deltas kept while the snapshot is awaited; one more, and the wait starts over."""

_NS = 1_000_000_000
_RETRY_FIRST_NS = _NS // 2
_RETRY_MAX_NS = 10 * _NS
_SETTLED_NS = 10 * _NS  # in sync for so long, the next resync starts without delay
_FETCH_LOST_NS = 600 * _NS  # every fetch is answered, if only by its deadline; this is for the one that was not
_FIRST_DELTA_WAIT_NS = 2 * _NS


class BookTopic(Topic):
    """`@depth`: absolute quantities of levels, linked by update ids."""

    __slots__ = (
        "_actions", "_attempts", "_buffer", "_fetching_ns", "_parse", "_parse_snapshot", "_snapshot_id",
        "_symbol", "_synced_ns", "synced",
    )  # fmt: skip

    def __init__(
        self,
        spec: TopicSpec,
        counters: Counters,
        parse: Callable[[bytes, int], list[Event]],
        parse_snapshot: Callable[[bytes, int], list[Event]],
        actions: list[Action],
    ) -> None:
        """Start out of sync; `actions` is the session's list of what it wants done."""
        super().__init__(spec, counters)
        self.synced = False
        self._symbol = spec.symbol
        self._parse = parse
        self._parse_snapshot = parse_snapshot
        self._actions = actions
        self._buffer: list[list[Event]] = []
        self._snapshot_id = -1
        self._synced_ns = 0
        self._fetching_ns = 0  # when the snapshot under way was asked for, 0 without one
        self._attempts = 0

    def receive(self, frame: bytes, recv_ns: int, out: list[Event]) -> None:
        events = self._parse(frame, recv_ns)
        _, _, _, _, _, _, _, _, last, prev = events[0]
        if self.synced and prev == self.last_id != last:
            self.last_id = last
        else:
            taken = self._take_unlinked(events, recv_ns)
            if taken is None:
                self.repeated(frame, recv_ns, f"depthUpdate {events[0][7]}..{last}", out)
                return
            events = taken
        self.last_ns = recv_ns
        self.frames += 1
        if not self.fresh:
            out.append(self.freshen(recv_ns))
        out += events

    def last_id_of(self, frame: bytes) -> tuple[int, bool]:
        event = self._parse(frame, 0)[0]
        return event[8], event[9] <= self.last_id < event[8]

    def open(self, now_ns: int) -> None:
        """Steps 1 and 2: a new connection, an empty buffer."""
        super().open(now_ns)
        self._start_over()
        self._fetching_ns = 0
        self._attempts = 0

    def close(self, now_ns: int, reason: str) -> list[Event]:
        """Withhold the book: what the connection would have brought is missing."""
        return self._withhold(now_ns, reason) + super().close(now_ns, reason)

    def malformed(self, now_ns: int) -> list[Event]:
        """Withhold the book: an update of it could not be read."""
        return self.resync(now_ns, "an update could not be read")

    def resync(self, now_ns: int, reason: str) -> list[Event]:
        """Withhold the book and build it anew."""
        events = self._withhold(now_ns, reason)
        self._start_over()
        self._fetch(now_ns)
        return events

    def snapshot(self, body: bytes, now_ns: int) -> list[Event]:
        """Steps 4 to 7, on the body of a snapshot."""
        self._fetching_ns = 0
        try:
            events = self._parse_snapshot(body, now_ns)
        except MALFORMED as error:
            self.counters.count_raw("snapshot")
            self._retry(now_ns)
            return [raw_event(self.venue, self.index, now_ns, f"malformed snapshot: {error}", body)]
        if self.synced:
            return []
        snapshot_id = events[0][8]
        newer = [delta for delta in self._buffer if delta[0][8] > snapshot_id]  # step 5
        if newer and newer[0][0][9] > snapshot_id:  # step 4: older than the buffer, which is kept for the next one
            self.counters.stale_snapshots += 1
            self._retry(now_ns)
            return []
        self._snapshot_id = self.last_id = snapshot_id  # step 6
        for delta in newer:  # step 7
            events += [_at(with_flags(event, REAPPLIED, PENDING), now_ns) for event in delta]
            self.last_id = delta[0][8]
        self._buffer = []
        self.synced = True
        self._synced_ns = now_ns
        self.counters.resyncs += 1
        events.append(feed_event(self.venue, self.index, now_ns, self.channel, FeedState.SYNCED))
        return events

    def snapshot_failed(self, now_ns: int) -> None:
        """Try again, later each time."""
        self._fetching_ns = 0
        if not self.synced:
            self._retry(now_ns)

    def tend(self, now_ns: int) -> None:
        """Ask for a snapshot where a quiet market sent no delta that would, or where an answer never came."""
        if self.synced:
            return
        if self._fetching_ns and now_ns - self._fetching_ns > _FETCH_LOST_NS:
            self._fetching_ns = 0
        if not self._fetching_ns and now_ns - self.opened_ns > _FIRST_DELTA_WAIT_NS:
            self._fetch(now_ns)

    def _take_unlinked(self, events: list[Event], recv_ns: int) -> list[Event] | None:
        """Return a delta's events where it does not simply follow the last; None where it was there before."""
        _, _, _, _, _, _, _, _, last, prev = events[0]
        if not self.synced:
            return self._hold(events, recv_ns)
        if last <= self.last_id:
            # Step 7 ignores what the snapshot already holds; it is recorded, being no repeat.
            return _pending(events) if self.last_id == self._snapshot_id else None
        if prev < self.last_id and (self.last_id == self._snapshot_id or self.forgiving):
            # The first delta after a snapshot may begin before it. So may the first of a joining connection whose
            # messages are cut at other ids: quantities are absolute, so it is applied, linked to what it extends.
            is_first = self.last_id == self._snapshot_id
            linked = events if is_first else [(*event[:9], self.last_id) for event in events]
            self.last_id = last
            return linked
        self.counters.gaps += 1
        withheld = self._withhold(recv_ns, f"gap: an update after {self.last_id} expected, one after {prev} came")
        self._start_over()
        held = self._hold(events, recv_ns)
        return withheld + (held or [])

    def _hold(self, events: list[Event], recv_ns: int) -> list[Event] | None:
        """Step 2: buffer a delta, and return it as PENDING; None where it was there before."""
        _, _, _, _, _, _, _, _, last, prev = events[0]
        if self._buffer:
            if last <= self.last_id:
                return None
            if prev != self.last_id and not (self.forgiving and prev < self.last_id):
                self.counters.gaps += 1
                self._start_over()
            elif prev != self.last_id:
                events = [(*event[:9], self.last_id) for event in events]
        if len(self._buffer) >= BUFFERED_MAX:
            self._start_over()
        held = _pending(events)
        self._buffer.append(held)
        self.last_id = last
        self._fetch(recv_ns)
        return held

    def _withhold(self, now_ns: int, reason: str) -> list[Event]:
        """Leave the state of being in sync, and say so."""
        if not self.synced:
            return []
        self.synced = False
        if now_ns - self._synced_ns > _SETTLED_NS:
            self._attempts = 0
        return [feed_event(self.venue, self.index, now_ns, self.channel, FeedState.OUT_OF_SYNC, reason)]

    def _start_over(self) -> None:
        """Forget the buffer: the next delta begins another."""
        self._buffer = []
        self.last_id = 0
        self._snapshot_id = -1

    def _retry(self, now_ns: int) -> None:
        """Ask for another snapshot, later each time."""
        self._fetch(now_ns)

    def _fetch(self, now_ns: int) -> None:
        """Step 3, once at a time: at once at first, then with a delay that doubles up to a cap."""
        if self._fetching_ns:
            return
        delay_ns = min(_RETRY_FIRST_NS << (self._attempts - 1), _RETRY_MAX_NS) if self._attempts else 0
        self._attempts = min(self._attempts + 1, 8)
        self._fetching_ns = max(now_ns, 1)
        self._actions.append(FetchSnapshot(self.index, self._symbol, delay_ns))


def _pending(events: list[Event]) -> list[Event]:
    """Return the events of a delta flagged as recorded, not applied."""
    return [with_flags(event, PENDING) for event in events]


def _at(event: Event, now_ns: int) -> Event:
    """Return the event as received at `now_ns`: a delta is applied again when its snapshot comes."""
    return (event[0], event[1], event[2], now_ns, *event[4:])
